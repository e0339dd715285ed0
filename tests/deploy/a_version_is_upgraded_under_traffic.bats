#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The version before the newest migration runs and takes contacts; the migration is deployed under it, the programs are
# replaced one at a time by this version's, by the old ones again, and by this version's: every request is answered, who
# comes through a proxy notices nothing, and the table is the fold of the topic.

load ../flow/support/intake
load support/fill_in
load support/nginx

readonly RATE=100 BUILD_SECONDS=900

# bats runs this once for the file.
setup_file() {
	OLD_COMMIT=$(version_before) || skip "the history here does not reach back to the newest migration (shallow clone?)"
	export OLD_COMMIT OLD=$PROJECT/build/previous/$OLD_COMMIT
	[[ -e $OLD/complete ]] || old_build
}

# The commit before the one that added the newest migration.
version_before() {
	local newest
	newest=$(git -C "$PROJECT" log -1 --format=%H -- migrations/sqitch.plan) && [[ $newest ]] &&
		git -C "$PROJECT" rev-parse --verify --quiet "$newest^"
}

old_build() {
	rm -rf "$PROJECT/build/previous"
	mkdir -p "$OLD/source"
	git -C "$PROJECT" archive "$OLD_COMMIT" | tar -x -C "$OLD/source"
	(cd "$OLD/source" && timeout "$BUILD_SECONDS" cmake --preset release -D INTAKE_TESTS=OFF &&
		timeout "$BUILD_SECONDS" cmake --build --preset release) >"$OLD/build.log" 2>&1 ||
		{ tail -n 20 "$OLD/build.log"; return 1; }
	touch "$OLD/complete"
}

setup() {
	case_begin
	load ../flow/support/procedure
	NEW_BUILD=$FLOW_BUILD OLD_BUILD=$OLD/source/build/release
	psql -X -q "postgresql://$FLOW_SERVER/postgres" -c "drop database $CASE_DATABASE" -c "create database $CASE_DATABASE"
	(cd "$OLD/source/migrations" && SQITCH_FULLNAME=flow SQITCH_EMAIL=flow@localhost sqitch deploy --quiet "db:$DATABASE")
	business_make --limit 1000000
	version_is old
	gateway_start 1 GATEWAY_DRAIN_DELAY_MS=200
	gateway_start 2 GATEWAY_DRAIN_DELAY_MS=200
	worker_start 1
	worker_start 2
	proxy_start
}

teardown() {
	FLOW_BUILD=$NEW_BUILD
	end "$CASE" proxy TERM "$STOP_SECONDS"
	case_end
}

# version_is old|new: of what is started from now on.
version_is() {
	[[ $1 == old ]] && FLOW_BUILD=$OLD_BUILD || FLOW_BUILD=$NEW_BUILD
}

proxy_start() {
	make_certificate "$CASE"
	PROXY_PORT=$(free_port)
	nginx_configure "$CASE" "$PROXY_PORT" "$(<"$CASE/gateway1.listen")" "$(<"$CASE/gateway2.listen")"
	launch "$CASE" proxy "${PROXY_COMMAND[@]}"
	wait_until 10 curl -s -o /dev/null --cacert "$CASE/fullchain.pem" "https://localhost:$PROXY_PORT/openapi.json"
}

# load_start REQUESTS: so many to the gateways themselves, and as many through the proxy.
load_start() {
	timeout 150 python3 "$PROJECT/tests/deploy/support/tls_load.py" --ca "$CASE/fullchain.pem" --keys "$CASE/keys" \
		--url "https://localhost:$PROXY_PORT/api/webhooks/contacts" --requests "$1" --rate "$RATE" \
		--out "$CASE/proxied" >"$CASE/proxied.load" 2>&1 3>&- &
	PROXIED_PID=$!
	timeout 150 "$NEW_BUILD/tests/load/intake-load" --keys "$CASE/keys" --out "$CASE/answers" \
		--target "$(<"$CASE/gateway1.listen")" --target "$(<"$CASE/gateway2.listen")" --connections 8 \
		--requests "$1" --contacts 300 --rate "$RATE" --marker direct 3>&- >"$CASE/load" &
	LOAD_PID=$!
}

load_goes_on() {
	local pid
	for pid in "$LOAD_PID" "$PROXIED_PID"; do
		kill -0 "$pid" 2>/dev/null || { echo "the load ended before the upgrade did"; return 1; }
	done
}

# roll KIND: its two processes, one after the other.
roll() {
	local number
	for number in 1 2; do
		program_stop "$1$number"
		"$1_start" "$number"
		load_goes_on
	done
}

changes() {
	sql "select count(*) from sqitch.changes"
}

@test "the programs of two versions are replaced by each other with a migration between and traffic on" {
	local requests=$((RATE * 60)) before lost
	load_start "$requests"
	before=$(changes)
	FLOW_BUILD=$NEW_BUILD procedure migrate >"$CASE/migrate.log"
	(($(changes) > before)) || { echo "there was nothing to migrate"; return 1; }
	version_is new && roll worker && roll gateway
	version_is old && roll gateway && roll worker
	version_is new && roll worker && roll gateway
	wait "$LOAD_PID"
	wait "$PROXIED_PID"
	sed 's/^/# /' "$CASE/load" "$CASE/proxied.load" >&3
	expect "accepted through the proxy" "$(<"$CASE/proxied.load")" "accepted=$requests"
	# A connection that the gateway closes while a request is on its way to it: such a sender sends again.
	lost=$(awk '$3 == "no_answer"' "$CASE/answers" | wc -l)
	expect "accepted, or to be sent again by the sender" $(($(load_figure accepted) + lost)) "$requests"
	((lost <= 8))
	FLOW_BUILD=$NEW_BUILD await_applied
	FLOW_BUILD=$NEW_BUILD expect_fold --answers "direct=$CASE/answers" --answers "load=$CASE/proxied"
}
