#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keep-alive, Expect, keys in any place, traces, a proxy before us, sockets of all kinds.

load support/intake

setup() {
	case_begin
	business_make --limit 100000
	CONTACT=$(contact_json Ada ada@example.com)
}

teardown() {
	case_end
}

raw() {
	python3 "$SUPPORT/raw.py" "$(<"$CASE/gateway1.listen")" "$@"
}

# request [HEADER_LINE...]: a whole POST of $CONTACT, with escapes as raw reads them.
request() {
	printf '%s' 'POST /api/webhooks/contacts HTTP/1.1\r\nHost: x\r\n'
	printf '%s\\r\\n' "Content-Length: ${#CONTACT}" "$@"
	printf '%s' "\\r\\n$CONTACT"
}

answers() {
	grep -o "HTTP/1.1 $1 " "$CASE/raw" | wc -l
}

@test "100 Continue comes once the key was checked, and never before a refusal" {
	local head='POST /api/webhooks/contacts HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: '
	gateway_start 1
	raw "$head${#CONTACT}\r\nx-api-key: sk_$(printf '%064d' 1)\r\n\r\n" >"$CASE/raw"
	expect "answers 100" "$(answers 100)" 0
	expect "answers 401" "$(answers 401)" 1
	raw "$head${#CONTACT}\r\nx-api-key: $KEY\r\n\r\n" >"$CASE/raw"
	expect "the only answer" "$(head -n 1 "$CASE/raw")" "HTTP/1.1 100 Continue"
	expect "answers" "$(grep -c '^HTTP/1.1' "$CASE/raw")" 1
	raw "${head}200000\r\nx-api-key: $KEY\r\n\r\n" >"$CASE/raw"
	expect "answers 100" "$(answers 100)" 0
	expect "answers 413" "$(answers 413)" 1
	post 1 "$KEY" "$CONTACT" -H 'Expect: 100-continue'
	expect_accepted
	post 1 "$KEY" "$CONTACT" -H 'Expect: the-unexpected'
	expect_accepted
}

@test "one connection takes many requests, in any case of letters, also by HTTP/1.0 and an absolute target" {
	local one
	gateway_start 1
	one=$(request "X-API-KEY: $KEY")
	raw "$one$one" "$one" >"$CASE/raw"
	expect accepted "$(answers 202)" 3
	tail -n 1 "$CASE/raw" | grep -qx '<open>'
	raw "$(request "x-api-key: $KEY" 'Connection: close')" >"$CASE/raw"
	expect accepted "$(answers 202)" 1
	tail -n 1 "$CASE/raw" | grep -qx '<closed>'
	raw "POST http://x/api/webhooks/contacts/ HTTP/1.0\r\nx-api-key: $KEY\r\nContent-Length: ${#CONTACT}\r\n\r\n$CONTACT" >"$CASE/raw"
	expect accepted "$(answers 202)" 1
	tail -n 1 "$CASE/raw" | grep -qx '<closed>'
	raw "POST /api%2Fwebhooks/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" >"$CASE/raw"
	expect "a path that is not decoded" "$(answers 404)" 1
}

@test "a key is found in each of its places; the same one twice is one, two are a conflict" {
	local other=sk_0000000000000000000000000000000000000000000000000000000000000001 basic status headers
	gateway_start 1
	basic=$(printf '%s:' "$KEY" | base64 -w 0)
	while IFS='|' read -r status headers; do
		IFS=';' read -ra headers <<<"$headers"
		raw "$(request "${headers[@]}")" >"$CASE/raw"
		expect "status for ${headers[*]%%:*}" "$(answers "$status")" 1
	done <<-CASES
		202|Authorization: Bearer $KEY
		202|authorization: bearer $KEY
		202|Authorization: Basic $basic
		202|x-api-key: $KEY;x-api-key: $KEY
		202|x-api-key: $KEY;Authorization: Bearer $KEY
		400|x-api-key: $KEY;x-api-key: $other
		400|x-api-key: $KEY;Authorization: Bearer $other
		400|Authorization: Bearer $KEY;Authorization: Bearer $other
	CASES
}

@test "a trace is passed on when it is one; X-Request-Id is ours, a sender's is logged when it is harmless" {
	local trace=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ours
	gateway_start 1
	post 1 "$KEY" "$CONTACT" -H "traceparent: $trace"
	expect_accepted
	post 1 "$KEY" "$CONTACT" -H "traceparent: $trace" -H "traceparent: ${trace/-01/-00}"
	expect_accepted
	post 1 "$KEY" "$CONTACT" -H 'traceparent: 00-nonsense'
	expect_accepted
	topic_dump >"$CASE/topic.json"
	expect "traces" "$(jq -c 'select(.headers | index("traceparent")) | .headers | .[index("traceparent") + 1]' "$CASE/topic.json")" "\"$trace\""
	post 1 '' "$CONTACT" -H 'X-Request-Id: theirs-4711'
	ours=$(header x-request-id)
	[[ $ours =~ ^[0-9a-f-]{36}$ ]]
	grep -q "request_id=$ours sender_request_id=theirs-4711 " "$CASE/gateway1.log"
	sleep 1.1 # a refusal a second is logged
	post 1 '' "$CONTACT" -H 'X-Request-Id: evil" level=error'
	expect "lines with it" "$(grep -c evil "$CASE/gateway1.log" || true)" 0
}

@test "the client's address comes from a proxy that is trusted, and from nobody else" {
	gateway_start 1 'GATEWAY_TRUSTED_PROXIES=10.0.0.0/8, 127.0.0.1'
	post 1 '' "$CONTACT" -H 'X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.1.2.3'
	grep -q ' peer=203.0.113.7 ' "$CASE/gateway1.log"
	program_stop gateway1
	gateway_start 1
	post 1 '' "$CONTACT" -H 'X-Forwarded-For: 203.0.113.9'
	grep -q ' peer=127.0.0.1 ' "$CASE/gateway1.log"
	expect "lines with what anybody may write" "$(grep -c 203.0.113.9 "$CASE/gateway1.log" || true)" 0
}

@test "one address has its share of the connections, and is told so" {
	gateway_start 1 GATEWAY_MAX_CONNECTIONS_PER_ADDRESS=20
	python3 "$SUPPORT/hostile.py" "$(<"$CASE/gateway1.listen")" --connections 20 >"$CASE/hostile" 2>&1 3>&- &
	HOSTILE=$!
	wait_until 10 grep -qs '^ready' "$CASE/hostile"
	post 1 "$KEY" "$CONTACT" || true
	expect_refused 503 overloaded
	[[ -n $(header retry-after) ]]
	post 1 "$KEY" "$CONTACT" --interface 127.0.0.2
	expect_accepted
	expect refused "$(metric gateway1 http_connections_refused_total)" 1
	kill "$HOSTILE"
	wait "$HOSTILE" || true
	post 1 "$KEY" "$CONTACT"
	expect_accepted
}

@test "a unix socket serves, its proxy can be trusted, and a stop takes its file away" {
	local socket=$CASE/gateway.sock
	echo "unix:$socket" >"$CASE/gateway1.listen"
	gateway_start 1 GATEWAY_TRUSTED_PROXIES=unix
	post() { STATUS=$(curl -sS -m 10 --unix-socket "$socket" -o "$CASE/answer" -w '%{http_code}' "$@" http://x/api/webhooks/contacts); }
	post -H "x-api-key: $KEY" -d "$CONTACT"
	expect status "$STATUS" 202
	post -H 'X-Forwarded-For: 203.0.113.7' -d "$CONTACT"
	expect status "$STATUS" 401
	grep -q ' peer=203.0.113.7 ' "$CASE/gateway1.log"
	program_stop gateway1
	[[ ! -e $socket ]]
}

@test "sockets that systemd opened are served, each by its name" {
	local port admin
	command -v systemd-socket-activate >/dev/null || skip "there is no systemd-socket-activate here"
	port=$(free_port)
	admin=$(free_port)
	echo "127.0.0.1:$port" >"$CASE/gateway1.listen"
	echo "127.0.0.1:$admin" >"$CASE/gateway1.admin"
	echo gateway1 >>"$CASE/programs"
	launch "$CASE" gateway1 systemd-socket-activate -l "127.0.0.1:$port" -l "127.0.0.1:$admin" \
		--fdname=webhooks:admin -E KAFKA_BROKERS -E CONTACTS_TOPIC \
		-E "DATABASE_URL=$(login_url gateway)" -E GATEWAY_LISTEN=systemd:webhooks \
		-E GATEWAY_ADMIN_LISTEN=systemd:admin "$(program_path gateway)" serve
	wait_until 10 grep -qs Listening "$CASE/gateway1.log"
	await_ready gateway1
	post 1 "$KEY" "$CONTACT"
	expect_accepted
	program_stop gateway1
}
