#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A broker 200 ms away that takes only so much: at three times that, what is accepted stays as much and
# as quick, the rest is told so at once, memory stays flat, and two seconds later all is as before.

load ../flow/support/intake
measures_time

readonly DELAY_MS=200 BYTES_PER_S=50000 SHED_MS=1500
readonly BEST_CONNECTIONS=800 OVER_CONNECTIONS=6000 SETTLE_S=4 MEASURE_S=6

setup() {
	SLOW=$(mktemp -d "$FLOW_DIR/slow.XXXXXX")
	local port direct
	port=$(free_port)
	direct=$("$PROJECT/deploy/local/kafka" start "$SLOW" --advertise "$port" | sed -n 's/^KAFKA_BROKERS=.*://p')
	launch "$SLOW" proxy python3 "$SUPPORT/slow_proxy.py" "$port" "$direct" \
		--delay-ms "$DELAY_MS" --bytes-per-s "$BYTES_PER_S"
	wait_until 10 grep -qs '^ready' "$SLOW/proxy.log"
	export KAFKA_BROKERS=127.0.0.1:$port
	case_begin
	business_make --limit 10000000
	gateway_start 1 GATEWAY_SHED_MS=$SHED_MS GATEWAY_MAX_CONNECTIONS_PER_ADDRESS=0
}

teardown() {
	[[ -z ${LOAD:-} ]] || kill "$LOAD" 2>/dev/null || true
	case_end
	end "$SLOW" proxy TERM 5
	"$PROJECT/deploy/local/kafka" kill "$SLOW"
	rm -rf "$SLOW"
}

accepted() {
	metrics gateway1 | sed -n 's/^gateway_requests_total{outcome="accepted"} //p'
}

# accepted_per_s SECONDS: over that time from now.
accepted_per_s() {
	local before began
	before=$(accepted)
	began=${EPOCHREALTIME/./}
	sleep "$1"
	echo $((($(accepted) - before) * 1000000 / (${EPOCHREALTIME/./} - began)))
}

# load_begin OPTION...: returns when it has settled.
load_begin() {
	"$FLOW_BUILD/tests/load/intake-load" --target "$(<"$CASE/gateway1.listen")" --keys "$CASE/keys" \
		--contacts 20000 "$@" >"$CASE/load" 3>&- &
	LOAD=$!
	LOAD_BEGAN=${EPOCHREALTIME/./}
	sleep "$SETTLE_S"
}

# probe FILE: how a single request fares: status and seconds.
probe() {
	curl -s -m 8 -o /dev/null -w '%{http_code} %{time_total}\n' -H "x-api-key: $KEY" \
		-d '{"name":"Ada","email":"ada@example.com"}' "$(webhook 1)" >"$1"
}

is_quick() {
	probe "$CASE/probe" && grep -q '^202 0\.[0-6]' "$CASE/probe"
}

# recovery_ms: when the first request was sent from which on all are accepted within 0.7 s. One is sent
# every 100 ms, whatever became of those before.
recovery_ms() {
	local i pids=() slow=0
	for ((i = 1; i <= 40; i++)); do
		probe "$CASE/probe.$i" 3>&- &
		pids+=($!)
		sleep 0.1
	done
	wait "${pids[@]}"
	for ((i = 1; i <= 40; i++)); do
		grep -q '^202 0\.[0-6]' "$CASE/probe.$i" || slow=$i
	done
	echo $((slow * 100))
}

@test "at 3 x the load that a slow broker takes, goodput, waits and memory stay, and it recovers in 2 s" {
	local best over memory_before memory_over p99 ended recovered_ms
	load_begin --connections "$BEST_CONNECTIONS" --requests 100000 --deadline-s $((SETTLE_S + MEASURE_S))
	best=$(accepted_per_s $((MEASURE_S - 1)))
	wait "$LOAD" || true
	wait_until 10 is_quick

	load_begin --connections "$OVER_CONNECTIONS" --rate $((3 * best)) \
		--requests $((3 * best * (SETTLE_S + MEASURE_S)))
	memory_before=$(memory_kb gateway1)
	over=$(accepted_per_s $((MEASURE_S - 1)))
	memory_over=$(memory_kb gateway1)
	ended=$((LOAD_BEGAN + (SETTLE_S + MEASURE_S) * 1000000))
	while ((${EPOCHREALTIME/./} < ended)); do sleep 0.01; done
	recovered_ms=$(recovery_ms)
	wait "$LOAD" || true
	p99=$(load_figure accepted_p99_us)
	{
		echo "# best $best/s; at 3 x: $over/s accepted, p99 $((p99 / 1000)) ms, refused" \
			"$(load_figure refused), memory $memory_before -> $memory_over kB;" \
			"recovered $recovered_ms ms after the last request was due"
		sed 's/^/# /' "$CASE/load"
		metrics gateway1 | grep '^gateway_shed' | sed 's/^/# /'
	} >&3
	((over * 100 >= best * 90))
	((p99 <= (SHED_MS + DELAY_MS) * 2 * 1000))
	((memory_over - memory_before < 8000))
	((recovered_ms <= 2000))
	expect "without an answer" "$(load_figure no_answer)" 0
	(($(metric gateway1 gateway_shed_total) > 0))
}
