#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load support/tokens

setup() {
	case_begin
	tokens_begin
}

teardown() {
	case_end
}

@test "a token of the issuer signs its user in, at his business" {
	gateway_start 1 "${SETTINGS[@]}"
	hand_over "$(signed)"
	expect_in 'a good token'
	[[ $BODY == *Flowers* && $BODY != *Switch* ]]
	hand_over "$(signed '"aud":["x","authenticated"]')"
	expect_in 'one audience of several'
	hand_over "$(signed '' '"kid":null')"
	expect_in 'the only key, not named'
	expect audit "$(sql "select distinct actor, action from intake.audit")" "user $ADA|signed in"
}

@test "any other token does not" {
	gateway_start 1 "${SETTINGS[@]}" GATEWAY_TRUSTED_PROXIES=127.0.0.1
	local now=$EPOCHSECONDS own
	tokens keys "$CASE" evil=rsa
	own=$(jq -c '.keys[0] | del(.kid)' "$CASE/keys.json")
	cp "$CASE/evil.pem" "$ISSUER/evil.pem"
	hand_over "$(signed '"iss":"https://evil.example"')"
	expect_out 'another issuer'
	refused_because 'it has another issuer'
	hand_over "$(signed '"aud":"anon"')"
	expect_out 'another audience'
	hand_over "$(signed "\"exp\":$((now - 60))")"
	expect_out expired
	refused_because 'it has expired'
	hand_over "$(signed '"exp":null')"
	expect_out 'without an end'
	hand_over "$(signed "\"nbf\":$((now + 120))")"
	expect_out 'not yet'
	hand_over "$(signed '"sub":"ada"')"
	expect_out 'no id'
	hand_over "$(signed '"sub":"00000000-0000-4000-8000-0000000000bb"')"
	expect_out 'a user without a business'
	hand_over "$(signed '' '' first none)" -H 'X-Forwarded-For: 192.0.2.1'
	expect_out 'alg none'
	hand_over "$(signed '' '' first.pub HS256)" -H 'X-Forwarded-For: 192.0.2.1'
	expect_out 'the public key as a secret'
	hand_over "$(signed '' '"kid":"first"' first.pub HS256)" -H 'X-Forwarded-For: 192.0.2.1'
	expect_out 'the public key as a secret, named'
	hand_over "$(signed '' '"kid":"first"' evil)" -H 'X-Forwarded-For: 192.0.2.2'
	expect_out "another's signature"
	refused_because 'its signature is wrong'
	hand_over "$(signed '' "\"jwk\":$own,\"kid\":null" evil)" -H 'X-Forwarded-For: 192.0.2.2'
	expect_out 'its own key'
	hand_over "$(signed '' "\"jwk\":$own,\"kid\":\"first\"" evil)" -H 'X-Forwarded-For: 192.0.2.2'
	expect_out 'its own key, under a name of ours'
	hand_over "$(signed '' "\"jku\":\"$(page_url 1)/keys.json\"" evil)" -H 'X-Forwarded-For: 192.0.2.2'
	expect_out 'a key of its own address'
	hand_over "$(signed '' '"crit":["exp"]')" -H 'X-Forwarded-For: 192.0.2.2'
	expect_out 'an extension'
	hand_over "$(signed '' '' first RS512)" -H 'X-Forwarded-For: 192.0.2.3'
	expect_out 'another algorithm of the same key'
	refused_because 'it is signed by another algorithm'
	hand_over 'a.b.c' -H 'X-Forwarded-For: 192.0.2.3'
	expect_out 'no token'
	expect sessions "$(sql 'select count(*) from intake.sessions')" 0
	expect 'tokens in the log' "$(grep -c "$(signed | cut -d. -f1)" "$CASE/gateway1.log")" 0
}

most_memory_kb() {
	awk '/VmHWM/ { print $2 }' "/proc/$(program_pid gateway1)/status"
}

@test "a small token that would inflate to a large one is not inflated" {
	gateway_start 1 "${SETTINGS[@]}"
	local i before
	before=$(most_memory_kb)
	for i in 1 2 3; do
		hand_over "$(tokens bomb)"
		expect_out "bomb $i"
	done
	refused_because 'it has extensions that are not known here'
	(($(most_memory_kb) - before < 50000)) # one inflated is 450 MB
}

@test "only a page of the web application hands over, as a page" {
	gateway_start 1 "${SETTINGS[@]}"
	local token
	token=$(signed)
	visit bob 1 /settings/hand-over --data-urlencode "token=$token" -H "Origin: $APPLICATION.evil.example"
	expect 'an origin that begins alike' "$STATUS" 403
	visit bob 1 /settings/hand-over --data-urlencode "token=$token" -H 'Origin: https://evil.example'
	expect 'another origin' "$STATUS" 403
	visit bob 1 /settings/hand-over --data-urlencode "token=$token"
	expect 'no origin' "$STATUS" 403
	visit bob 1 /settings/hand-over --data-urlencode "token=$token" -H "Origin: $APPLICATION" -H 'Sec-Fetch-Dest: iframe'
	expect 'in a frame' "$STATUS" 403
	visit bob 1 "/settings/hand-over?token=$token"
	expect 'in an address' "$STATUS" 405
}

@test "a key that the issuer has taken back signs nobody in, and its new one does" {
	gateway_start 1 "${SETTINGS[@]}"
	local old
	old=$(signed)
	hand_over "$old"
	expect_in 'the first key'
	tokens keys "$ISSUER" second=rsa
	hand_over "$old"
	expect_out 'the first key, taken back'
	hand_over "$(signed '' '' second)"
	expect_in 'the second key'
}

@test "keys are fetched from a URL, not anew for each name that is invented, and outlive its absence" {
	local port pid
	port=$(free_port)
	python3 -m http.server "$port" --bind 127.0.0.1 --directory "$ISSUER" >"$CASE/issuer.log" 2>&1 3>&- &
	pid=$!
	wait_until 10 curl -s -o /dev/null "http://127.0.0.1:$port/keys.json"
	: >"$CASE/issuer.log"
	gateway_start 1 "${SETTINGS[@]}" "GATEWAY_JWT_KEYS=http://127.0.0.1:$port/keys.json"
	hand_over "$(signed)"
	expect_in 'the first key'
	for i in 1 2 3; do
		hand_over "$(signed '' "\"kid\":\"invented $i\"")"
		expect_out 'an invented name'
	done
	kill "$pid"
	wait "$pid" || true
	expect fetched "$(grep -c 'GET /keys.json' "$CASE/issuer.log")" 1
	hand_over "$(signed)"
	expect_in 'while the issuer is away'
}

@test "other algorithms, and a shared secret" {
	tokens keys "$ISSUER" ec=ec ed=ed25519 rsa=rsa
	gateway_start 1 "${SETTINGS[@]}" GATEWAY_JWT_ALGORITHM=ES256
	hand_over "$(signed '' '' ec ES256)"
	expect_in ES256
	hand_over "$(signed '' '' rsa)"
	expect_out 'RS256 where ES256 is wanted'
	program_stop gateway1
	gateway_start 1 "${SETTINGS[@]}" GATEWAY_JWT_ALGORITHM=EdDSA
	hand_over "$(signed '' '' ed EdDSA)"
	expect_in EdDSA
	program_stop gateway1
	printf %s 'a secret that is long enough to be one' >"$ISSUER/shared"
	gateway_start 1 "${SETTINGS[@]}" GATEWAY_JWT_ALGORITHM=HS256 GATEWAY_JWT_KEYS= \
		"GATEWAY_JWT_SECRET_FILE=$ISSUER/shared"
	hand_over "$(signed '' '' shared HS256)"
	expect_in HS256
	hand_over "$(signed '' '' rsa)"
	expect_out 'RS256 where HS256 is wanted'
}

@test "an owner of several businesses chooses, and sees no other" {
	owner gateway business create --name Bakery --owner "$ADA" --json >"$CASE/second"
	gateway_start 1 "${SETTINGS[@]}"
	hand_over "$(signed)"
	visit ada 1 /settings
	expect choose "$STATUS $(header location)" '303 /settings/business'
	visit ada 1 /settings/business
	[[ $BODY == *Bakery*Flowers* ]]
	submit ada 1 /settings/business -d "form_token=$(field form_token)&business=$(jq -r .business_id "$CASE/second")"
	visit ada 1 /settings
	[[ $BODY == *Bakery* && $BODY == *Switch* ]]
	sql "update businesses set user_id = null where name = 'Bakery'"
	visit ada 1 /settings
	expect 'no longer his' "$STATUS $(header location)" '303 /settings/sign-in?over'
}
