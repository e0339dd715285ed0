# SPDX-License-Identifier: Apache-2.0
# proxy - two gateways behind a proxy of deploy/: the file that is shipped, with this case's addresses in it.
# shellcheck shell=bash

# shellcheck source=tests/flow/support/page.bash
source "${BASH_SOURCE[0]%/*}/../../flow/support/page.bash"

# shellcheck source=tests/deploy/support/fill_in.bash
source "${BASH_SOURCE[0]%/*}/fill_in.bash"

DEPLOY_SUPPORT=$PROJECT/tests/deploy/support
readonly REQUESTS=4000 RATE=300

# A gateway that knows what it is behind.
proxied_gateway() {
	gateway_start "$1" GATEWAY_TRUSTED_PROXIES=127.0.0.0/8 "GATEWAY_PUBLIC_URL=https://localhost:$PROXY_PORT" \
		"${PROXIED_SETTINGS[@]}"
}

# proxied_begin [NAME=value]...: certificate, two gateways with these settings, a worker; then proxy_start, which
# is the case's.
proxied_begin() {
	PROXIED_SETTINGS=("$@")
	case_begin
	make_certificate "$CASE"
	PROXY_PORT=$(free_port)
	business_make --limit 1000000
	proxied_gateway 1
	proxied_gateway 2
	worker_start 1
	proxy_start
	wait_until 10 proxy_answers
}

proxied_end() {
	end "$CASE" proxy TERM "$STOP_SECONDS"
	[[ -n ${BATS_TEST_COMPLETED:-} || ! -e $CASE/intake.log ]] || grep -E " 503 | 502 " "$CASE/intake.log" | head -n 20
	case_end
}

proxy_answers() {
	curl -s -o /dev/null -m 2 "https://localhost:$PROXY_PORT/openapi.json"
}

# What the helpers of intake.bash and page.bash call a gateway's address is the proxy's from here on.
webhook() {
	echo "https://localhost:$PROXY_PORT/api/webhooks/contacts"
}

page_url() {
	echo "https://localhost:$PROXY_PORT"
}

curl() {
	command curl --cacert "$CASE/fullchain.pem" "$@"
}

# load_begin: sends go on until load_end; what senders are told is in $CASE/answers.
load_begin() {
	python3 "$DEPLOY_SUPPORT/tls_load.py" --url "https://localhost:$PROXY_PORT/api/webhooks/contacts" \
		--ca "$CASE/fullchain.pem" --keys "$CASE/keys" --requests "$REQUESTS" --rate "$RATE" \
		--out "$CASE/answers" >"$CASE/load" 2>&1 3>&- &
	LOAD_PID=$!
}

load_end() {
	wait "$LOAD_PID"
	sed 's/^/# /' "$CASE/load" >&3
}

# answers_are PATTERN: no request was told anything else but that it was accepted.
answers_are() {
	local others
	others=$(grep -cvE "^[0-9]+ (202 - [0-9a-f-]{36}|$1)\$" "$CASE/answers") || true
	expect "answers of other kinds" "$others" 0
}

# restart_gateway NUMBER: as a supervisor would, once the other one is ready.
restart_gateway() {
	program_stop "gateway$1"
	proxied_gateway "$1"
}

# everything_applied: what senders were told is true of the topic, and the table is the topic's fold.
everything_applied() {
	await_applied "$WORKER_GROUP"
	expect_fold --answers "load=$CASE/answers"
}

# ---- what holds behind every proxy

# logs_say_nothing_of PATTERN: neither the proxy's nor the programs'.
logs_say_nothing_of() {
	local found
	found=$(grep -rlE "$1" "$CASE" --include='*.log') || return 0
	echo "it is in $found"
	return 1
}

a_request_comes_through() {
	local trap_key
	trap_key=sk_$(printf '%064d' 7)
	post 1 "$KEY" "$(contact_json Ada ada@example.com)" -H 'X-Forwarded-For: 203.0.113.9'
	expect_accepted
	[[ -n $(header x-request-id) && -n $(header x-ratelimit-limit) ]]
	# A refusal tells the client's address in the log, which is what proxy and gateway made of it.
	post 1 "$trap_key" '{}' -H 'X-Forwarded-For: 203.0.113.9' --interface 127.0.0.5
	expect_refused 401 invalid_api_key
	grep -h "request_id=$(header x-request-id) " "$CASE"/gateway?.log | grep -q ' peer=127.0.0.5 '
	curl -s -o /dev/null -d '{}' "$(webhook)?key=$trap_key&email=ada@example.com"
	logs_say_nothing_of "$trap_key|$KEY|ada@example"
}

# The largest that is taken; one that is larger, with its length told before and without.
bodies_are_bounded() {
	local most
	most=$(awk -F '|' '/GATEWAY_MAX_BODY_BYTES/ { print $3 + 0; exit }' < <("$(program_path gateway)" describe --settings))
	printf '{"name":"Ada","email":"ada@example.com","x":"%*s"}' $((most - 47)) '' >"$CASE/body"
	expect "bytes of the body" "$(wc -c <"$CASE/body")" "$most"
	post 1 "$KEY" "@$CASE/body"
	expect_accepted
	echo ' ' >>"$CASE/body"
	post 1 "$KEY" "@$CASE/body"
	expect_refused 413 body_too_large
	post 1 "$KEY" "@$CASE/body" -H 'Transfer-Encoding: chunked'
	expect_refused 413 body_too_large
}

headers_are_bounded() {
	printf 'X-Long: %s\n' "$(head -c 20000 /dev/zero | tr '\0' x)" >"$CASE/long"
	post 1 "$KEY" "$(contact_json Ada ada@example.com)" -H "@$CASE/long"
	expect_refused 431 headers_too_large
}

what_is_no_request_is_told_so() {
	STATUS=$(printf 'NONSENSE\r\n\r\n' | timeout 5 openssl s_client -quiet -connect "127.0.0.1:$PROXY_PORT" 2>/dev/null |
		tr -d '\r' | tee "$CASE/raw" | awk 'NR == 1 { print $2 }') || true
	BODY=$(tail -n 1 "$CASE/raw")
	expect status "$STATUS" 400
}

the_settings_page_works() {
	local form
	sign_in ada 1 "$BUSINESS"
	visit ada 1 /settings
	expect page "$STATUS" 200
	grep -qF "https://localhost:$PROXY_PORT/api/webhooks/contacts" <<<"$BODY"
	grep -q '__Host-' "$CASE/jar.ada"
	form=$(key_form now)
	submit ada 1 /settings/key -d "$form"
	KEY=$(shown_key)
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
}

without_a_gateway_nothing_is_stored() {
	program_kill gateway1
	program_kill gateway2
	sleep 3 # the time that a proxy's checks need to notice
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_refused 503 not_stored
	[[ $(header retry-after) =~ ^[1-5]$ ]]
	expect "records in the topic" "$(topic_count)" 0
	curl -s -o /dev/null -d '{}' "$(webhook)?key=$KEY"
	logs_say_nothing_of "$KEY|ada@example"
}

# post_aside NUMBER: its status and answer go to $CASE/told.NUMBER.
post_aside() {
	curl -sS -m "$ANSWER_SECONDS" -w '\n%{http_code}\n' -H @<(printf 'x-api-key: %s\n' "$KEY") \
		--data-binary "$(contact_json "Ada $1" "ada$1@example.com")" "$(webhook)" >"$CASE/told.$1" 2>&1 3>&- &
}

# A gateway takes requests and is gone before its answers: nobody knows, and the other one must not get them too.
an_answer_that_is_lost_may_be_stored() {
	local i lost
	kill -s STOP "$(program_pid gateway1)"
	for i in 1 2 3 4; do
		post_aside "$i"
	done
	sleep 1.5 # what the other one got is answered
	program_kill gateway1
	wait_until "$ANSWER_SECONDS" all_told 4
	lost=$(cat "$CASE"/told.? | grep -c '"error":"maybe_stored".*"status":503') || true
	((lost > 0)) || { echo "none is told maybe_stored: $(cat "$CASE"/told.?)"; return 1; }
	expect "requests answered 202" "$(cat "$CASE"/told.? | grep -cx 202)" $((4 - lost))
	expect "records in the topic" "$(topic_count)" $((4 - lost))
}

all_told() {
	(($(cat "$CASE"/told.? | grep -cxE '[0-9]{3}') == $1))
}

a_rolling_restart_fails_no_request() {
	load_begin
	sleep 2
	restart_gateway 1
	sleep 1
	restart_gateway 2
	sleep 1
	load_end
	expect accepted "$(load_figure accepted)" "$REQUESTS"
	expect "records in the topic" "$(topic_count)" "$REQUESTS"
	everything_applied
}

# a_killed_gateway_makes_only_honest_errors [PATTERN]: of further lines of $CASE/answers that are honest.
a_killed_gateway_makes_only_honest_errors() {
	load_begin
	sleep 3
	program_kill gateway1
	sleep 3
	proxied_gateway 1
	load_end
	answers_are "503 (maybe_stored|not_stored) -${1:+|$1}"
	# Each thread of the load has one request on its way.
	(($(load_figure accepted) >= REQUESTS - 12))
	everything_applied
}
