#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Large bodies, half requests, silent connections: memory stays flat and a sender meanwhile is served.

load support/intake
measures_time

setup() {
	case_begin
	business_make --limit 100000
	gateway_start 1 GATEWAY_HEAD_TIMEOUT_MS=2000 GATEWAY_BODY_TIMEOUT_MS=2000 \
		GATEWAY_IDLE_TIMEOUT_MS=10000 GATEWAY_MAX_CONNECTIONS_PER_ADDRESS=10000
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	BEFORE_KB=$(memory_kb gateway1)
}

teardown() {
	[[ -z ${HOSTILE:-} ]] || kill "$HOSTILE" 2>/dev/null || true
	case_end
}

# grown_less_than KB
grown_less_than() {
	local now
	now=$(memory_kb gateway1)
	echo "# memory: $BEFORE_KB kB before, $now kB now" >&3
	((now - BEFORE_KB < $1))
}

# A valid request is answered within 100 ms, by curl's own clock: the middle one of nine, because this
# machine has other things to do than ours.
served_quickly() {
	local ms
	for _ in 1 2 3 4 5 6 7 8 9; do
		curl -s -o "$CASE/answer" -w '%{http_code} %{time_total}\n' -H "x-api-key: $KEY" \
			-d "$(contact_json Ada ada@example.com)" "$(webhook 1)"
	done >"$CASE/times"
	expect answers "$(cut -d' ' -f1 "$CASE/times" | sort -u)" 202
	ms=$(sort -k2 -n "$CASE/times" | awk 'NR == 5 { print int($2 * 1000) }')
	((ms < 100)) || { echo "a valid request takes $ms ms"; return 1; }
}

hostile() {
	python3 "$SUPPORT/hostile.py" "$(<"$CASE/gateway1.listen")" "$@" >"$CASE/hostile" 2>&1 3>&- &
	HOSTILE=$!
	wait_until 30 grep -qs '^ready' "$CASE/hostile" || { cat "$CASE/hostile"; return 1; }
}

@test "a body of 10 MB, with and without Content-Length, is refused and not kept" {
	head -c 10000000 /dev/zero | tr '\0' ' ' >"$CASE/large"
	for _ in 1 2 3 4 5; do
		# The answer comes before the body is through: curl may see the close first.
		post 1 "$KEY" "@$CASE/large" || true
		expect_refused 413 body_too_large
		post 1 "$KEY" "@$CASE/large" -H 'Transfer-Encoding: chunked' || true
		expect_refused 413 body_too_large
	done
	grown_less_than 2000
	served_quickly
}

@test "5,000 connections that send nothing cost little and are closed in time" {
	(($(ulimit -n -H) > 6000)) || skip "only $(ulimit -n -H) open files are allowed here"
	hostile --connections 5000
	grown_less_than $((5000 * 16))
	served_quickly
	wait_until 30 grep -qs '^closed 5000' "$CASE/hostile" || { cat "$CASE/hostile"; return 1; }
	served_quickly
}

@test "1,000 requests that stop half-way, in the head or in the body, end as 408 or a close" {
	hostile --connections 500 --send 'POST /api/webhooks/contacts HTTP/1.1\r\nHost: x\r\nX-Ha'
	served_quickly
	wait_until 15 grep -qs '^closed 500' "$CASE/hostile" || { cat "$CASE/hostile"; return 1; }
	hostile --connections 500 --send \
		"POST /api/webhooks/contacts HTTP/1.1\r\nHost: x\r\nx-api-key: $KEY\r\nContent-Length: 1000\r\n\r\n{\"name\":"
	served_quickly
	wait_until 15 grep -qs '^closed 500' "$CASE/hostile" || { cat "$CASE/hostile"; return 1; }
	grep -q '408' "$CASE/hostile"
	grown_less_than 12000
}

@test "a sender that drips a byte a second does not hold its connection beyond the deadline" {
	hostile --connections 100 --drip --send \
		"POST /api/webhooks/contacts HTTP/1.1\r\nHost: x\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	served_quickly
	wait_until 20 grep -qs '^closed 100' "$CASE/hostile" || { cat "$CASE/hostile"; return 1; }
}

@test "10,000 requests with invented keys need neither memory nor scrypt" {
	python3 -c 'import secrets
for _ in range(1000): print("sk_" + secrets.token_hex(32))' >"$CASE/invented"
	KEYS=$CASE/invented
	"$FLOW_BUILD/tests/load/intake-load" --target "$(<"$CASE/gateway1.listen")" --keys "$KEYS" \
		--requests 10000 --contacts 1000 --out "$CASE/answers" >"$CASE/load"
	awk '{ print $2, $3 }' "$CASE/answers" | sort | uniq -c | sed 's/^/# /' >&3
	# Few may be asked to come back, where more are new at once than may wait to be looked up.
	run -1 grep -vE '^[0-9]+ (401 invalid_api_key|503 keys_unavailable) ' "$CASE/answers"
	(($(grep -c ' 401 ' "$CASE/answers") >= 8000))
	served_quickly
	grown_less_than 8000
}
