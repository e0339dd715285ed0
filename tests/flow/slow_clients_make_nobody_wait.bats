#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# slowhttptest: 1,000 connections with slow headers, slow bodies, slow reading; a sender is served.

load support/intake
measures_time

readonly CONNECTIONS=1000 SECONDS_EACH=8

setup() {
	command -v slowhttptest >/dev/null || skip "there is no slowhttptest here"
	case_begin
	business_make --limit 1000000
	gateway_start 1 GATEWAY_HEAD_TIMEOUT_MS=3000 GATEWAY_BODY_TIMEOUT_MS=3000 \
		GATEWAY_WRITE_TIMEOUT_MS=3000 GATEWAY_MAX_CONNECTIONS_PER_ADDRESS=2000
}

teardown() {
	[[ -z ${SLOW:-} ]] || kill "$SLOW" 2>/dev/null || true
	[[ -z ${CASE:-} ]] || case_end
}

# attack OPTION...: while a sender posts 100 a second, whose waits must stay short.
attack() {
	local before p99
	before=$(memory_kb gateway1)
	timeout 30 slowhttptest -c "$CONNECTIONS" -r 500 -l "$SECONDS_EACH" -p 2 -u "$(webhook 1)" "$@" \
		>"$CASE/slow" 2>&1 </dev/null 3>&- &
	SLOW=$!
	sleep 2
	load_run --target "$(<"$CASE/gateway1.listen")" --connections 16 --rate 100 \
		--requests $(((SECONDS_EACH - 3) * 100))
	p99=$(load_figure p99_us)
	echo "# $1: $(metric gateway1 http_connections_open) connections, p99 of the sender" \
		"$((p99 / 1000)) ms, $(metric gateway1 http_timeouts_total) timed out," \
		"memory +$(($(memory_kb gateway1) - before)) kB" >&3
	expect accepted "$(load_figure accepted)" "$(load_figure requests)"
	# The machine may have other things to do: the middle one tells of us, the slowest bounds it all.
	(($(load_figure p50_us) < 50000 && p99 < 1000000))
	(($(memory_kb gateway1) - before < 30000))
	wait "$SLOW" || true
}

@test "slow headers" {
	attack -H -i 1 -x 24
	(($(metric gateway1 http_timeouts_total) > 0))
}

@test "slow bodies" {
	# slowhttptest has no option for a header of ours: one more line in the content type's value.
	attack -B -i 1 -s 8192 -x 10 -t POST -f "application/json"$'\r\n'"x-api-key: $KEY"
	(($(metric gateway1 http_timeouts_total) > 0))
}

@test "slow reading" {
	attack -X -w 512 -y 1024 -n 1 -z 32 -k 3
}
