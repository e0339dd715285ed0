#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A real Prometheus with the rules of deploy/prometheus watches a stack and a backfill: the dashboard and the
# alerts have data, none fires while all is well, and a dead worker is told.

load ../flow/support/intake

readonly WELL_SECONDS=70 FIRING_SECONDS=60 LOAD_RATE=100

setup() {
	case_begin
	business_make --limit 1000000
	# shellcheck disable=SC1090
	source <("$PROJECT/deploy/local/redis" start "$CASE/redis")
	gateway_start 1 "GATEWAY_REDIS_URL=$GATEWAY_REDIS_URL"
	gateway_start 2 "GATEWAY_REDIS_URL=$GATEWAY_REDIS_URL"
	worker_start 1
	PROMETHEUS=127.0.0.1:$(free_port)
	PYTHON=$("$PROJECT/tests/tool" python)
	write_configuration
	launch "$CASE" prometheus "$("$PROJECT/tests/tool" prometheus)" --web.listen-address="$PROMETHEUS" \
		--config.file="$CASE/prometheus/prometheus.yaml" --storage.tsdb.path="$CASE/prometheus/data"
	wait_until 20 curl -s -f -o /dev/null "http://$PROMETHEUS/-/ready"
}

teardown() {
	end "$CASE" prometheus TERM "$STOP_SECONDS"
	"$PROJECT/deploy/local/redis" stop "$CASE/redis"
	case_end
}

# The files that are shipped, with this case's addresses, and seconds where they have minutes to wait.
write_configuration() {
	cp -r "$PROJECT/deploy/prometheus" "$CASE/prometheus"
	BACKFILL=127.0.0.1:$(free_port)
	sed -i -e "s/127.0.0.1:9095/$BACKFILL/" -e "s/127.0.0.1:9090/$(admin_address gateway1)\", \"$(admin_address gateway2)/" \
		-e "s/127.0.0.1:9091/$(admin_address worker1)/" -e 's/_interval: 15s/_interval: 2s/' \
		"$CASE/prometheus/prometheus.yaml"
	sed -i -E 's/^( *)interval: 30s/\1interval: 2s/; s/^( *)for: [0-9]+m/\1for: 20s/' "$CASE"/prometheus/intake.*.yaml
}

ask() {
	"$PYTHON" "$PROJECT/tests/prometheus/ask" "http://$PROMETHEUS" "$@"
}

# load_for SECONDS: posts, and what senders get wrong.
load_for() {
	post 1 "$KEY" '{"name":"late"}'
	post 1 "sk_$(printf '%064d' 7)" '{}'
	load_run --target "$(<"$CASE/gateway1.listen")" --target "$(<"$CASE/gateway2.listen")" --connections 8 \
		--requests $(($1 * LOAD_RATE)) --rate "$LOAD_RATE"
}

# One that has more to do than there is time.
backfill_start() {
	echo backfill >>"$CASE/programs"
	launch "$CASE" backfill env "DATABASE_URL=$(login_url worker)" "WORKER_BACKFILL_ADMIN_LISTEN=$BACKFILL" \
		"$(program_path worker)" backfill --from -1h --to now --job "$WORKER_GROUP" --rate 2
}

fires() {
	grep -qx "$1" < <(ask --firing)
}

fires_not() {
	! fires "$1"
}

@test "every query of the dashboard and the rules has a value, and nothing fires for a minute while all is well" {
	load_for 5
	backfill_start
	load_for "$WELL_SECONDS"
	expect accepted "$(load_figure accepted)" $((WELL_SECONDS * LOAD_RATE))
	run -0 ask
	echo "# $output" >&3
	ever=$(curl -sS -G "http://$PROMETHEUS/api/v1/query" --data-urlencode \
		'query=group by (alertname, sign) (last_over_time(ALERTS{alertstate="firing"}[10m]))')
	expect "alerts that ever fired" "$(jq -c '.data.result' <<<"$ever")" '[]'
}

@test "a dead worker is told as one, and as a promise at risk, until there is one again" {
	load_for 10
	program_kill worker1
	load_for 10
	for alert in IntakePromiseAtRisk/no_worker IntakeTargetDown; do
		wait_until "$FIRING_SECONDS" fires "$alert" || { echo "$alert does not fire: $(ask --firing)"; return 1; }
	done
	worker_launch 1
	for alert in IntakePromiseAtRisk/no_worker IntakeTargetDown; do
		wait_until "$FIRING_SECONDS" fires_not "$alert" || { echo "$alert still fires"; return 1; }
	done
}
