#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load support/page

setup() {
	case_begin
	business_make
	gateway_start 1
}

teardown() {
	case_end
}

key_count() {
	sql "select count(*) from intake.audit where action like 'key%'"
}

@test "without a session nothing is shown, and no form does anything" {
	visit nobody 1 /settings
	expect page "$STATUS $(header location)" '303 /settings/sign-in'
	visit nobody 1 /settings/
	expect slash "$STATUS $(header location)" '303 /settings'
	visit nobody 1 /settings -b "intake_session=$(printf '0%.0s' {1..64})"
	expect invented "$STATUS $(header location)" '303 /settings/sign-in?over'
	local path
	for path in /key /key/end-old /test /sign-out /business; do
		submit nobody 1 "/settings$path" -d 'form_token=x&turn=0'
		expect "$path" "$STATUS $(header location)" '303 /settings/sign-in?over'
	done
	expect 'keys made' "$(key_count)" 0
}

@test "a form from elsewhere, or of another session, changes nothing" {
	sign_in ada 1 "$BUSINESS"
	visit ada 1 /settings
	local form here
	form=$(key_form)
	here=$(page_url 1)
	visit ada 1 /settings/key -d "$form"
	expect 'no origin' "$STATUS" 403
	visit ada 1 /settings/key -d "$form" -H 'Origin: https://evil.example'
	expect 'other origin' "$STATUS" 403
	visit ada 1 /settings/key -d "$form" -H 'Origin: null'
	expect 'null origin' "$STATUS" 403
	visit ada 1 /settings/key -d "$form" -H "Origin: $here" -H 'Sec-Fetch-Site: same-site'
	expect 'same site' "$STATUS" 403
	visit ada 1 /settings/key -d "$form" -H "Origin: $here.evil.example"
	expect 'origin that begins alike' "$STATUS" 403
	submit ada 1 /settings/key -d "$form" -H 'Content-Type: text/plain'
	submit ada 1 /settings/key -d "turn=0&form_token=$(printf '0%.0s' {1..64})"
	expect 'other token' "$STATUS" 403
	sign_in bob 1 "$BUSINESS"
	submit bob 1 /settings/key -d "$form"
	expect "another session's token" "$STATUS" 403
	visit ada 1 /settings/sign-in -d "code=x" -H 'Origin: https://evil.example'
	expect 'sign-in from elsewhere' "$STATUS" 403
	expect 'keys made' "$(key_count)" 0
}

@test "an owner sees and changes his own business only" {
	local mine=$BUSINESS other
	other=$(owner gateway business create --name Other --json | jq -r .business_id)
	sign_in ada 1 "$mine"
	visit ada 1 /settings
	submit ada 1 /settings/key -d "$(key_form)&business=$other&business_id=$other"
	expect status "$STATUS" 200
	expect "other's keys" "$(sql "select count(*) from intake.api_keys where business_id = '$other'")" 0
	visit ada 1 /settings
	submit ada 1 /settings/business -d "form_token=$(field form_token)&business=$other"
	visit ada 1 /settings
	[[ $BODY != *Other* ]]
	submit ada 1 /settings/test -d "form_token=$(field form_token)"
	local test
	test=$(sql "select id from intake.test_requests")
	sign_in bob 1 "$other"
	visit bob 1 "/settings?test=$test"
	[[ $STATUS == 200 && $BODY != *'class="steps"'* ]]
}

@test "the session's cookie is new at each sign-in, and flagged" {
	submit ada 1 /settings/sign-in -d "code=$(link_make 1 "$BUSINESS")" \
		-b "intake_session=$(printf 'a%.0s' {1..64})"
	[[ $(header set-cookie) =~ ^intake_session=[0-9a-f]{64}\;\ Path=/\;\ HttpOnly\;\ SameSite=Strict$ ]]
	[[ $(header set-cookie) != *aaaaaaaa* ]]
	local first
	first=$(header set-cookie)
	sign_in ada 1 "$BUSINESS"
	[[ $(header set-cookie) != "$first" ]]
	expect sessions "$(sql "select count(*) from intake.sessions")" 1
	visit ada 1 /settings
	submit ada 1 /settings/sign-out -d "form_token=$(field form_token)"
	[[ $(header set-cookie) == *Max-Age=0* ]]
	expect sessions "$(sql "select count(*) from intake.sessions")" 0
	expect stored "$(sql "select count(*) from intake.sessions s where s.digest::text like '%' || '${first:15:64}' || '%'")" 0
}

@test "behind https the cookie is a __Host- one, and browsers are told to stay there" {
	program_stop gateway1
	gateway_start 1 GATEWAY_PUBLIC_URL=https://hooks.example.com
	visit ada 1 /settings/sign-in -d "code=$(link_make 1 "$BUSINESS")" -H 'Origin: https://hooks.example.com' \
		-H 'Host: evil.example' -H 'X-Forwarded-Host: evil.example'
	[[ $(header set-cookie) =~ ^__Host-intake_session=[0-9a-f]{64}\;\ Path=/\;\ HttpOnly\;\ SameSite=Strict\;\ Secure$ ]]
	expect location "$(header location)" /settings
	expect hsts "$(header strict-transport-security)" max-age=31536000
	local cookie
	cookie=$(header set-cookie)
	visit bob 1 /settings -b "${cookie%%;*}" -H 'Host: evil.example'
	[[ $BODY == *https://hooks.example.com/api/webhooks/contacts* && $BODY != *evil* ]]
}

@test "no page can be framed, kept, or made to run or load what is another's" {
	sign_in ada 1 "$BUSINESS"
	local path
	for path in /settings /settings/sign-in /settings/nothing '/settings/sign-in?%0d%0aX-Evil:%20yes'; do
		visit ada 1 "$path"
		expect "$path caching" "$(header cache-control)" no-store
		expect "$path framing" "$(header x-frame-options)" DENY
		[[ $(header content-security-policy) == *"default-src 'none'"*"frame-ancestors 'none'"* ]]
		[[ $(header content-security-policy) != *unsafe* ]]
		expect "$path referrer" "$(header referrer-policy)" same-origin
		[[ -n $(header permissions-policy) && -z $(header x-evil) ]]
		expect "$path scripts" "$(grep -cE ' on[a-z]+=|style=|<script>|(src|href)="https?:' <<<"$BODY")" 0
	done
}

@test "who tries twenty codes waits, and others do not" {
	program_stop gateway1
	gateway_start 1 GATEWAY_TRUSTED_PROXIES=127.0.0.1
	local code
	sign_in bob 1 "$BUSINESS"
	visit bob 1 /settings -H 'X-Forwarded-For: 192.0.2.1'
	code=$(link_make 1 "$BUSINESS")
	for i in {1..20}; do
		submit ada 1 /settings/sign-in -d "code=$(printf '%040x' "$i")" -H 'X-Forwarded-For: 192.0.2.1'
		[[ $STATUS == 200 && $BODY == *'not known here'* ]]
	done
	submit ada 1 /settings/sign-in -d "code=$code" -H 'X-Forwarded-For: 192.0.2.1'
	expect tired "$STATUS" 429
	submit ada 1 /settings/sign-in -d "code=$code" -H 'X-Forwarded-For: 192.0.2.2'
	expect other "$STATUS" 303
	visit bob 1 /settings -H 'X-Forwarded-For: 192.0.2.1'
	expect 'signed in before, behind the same address' "$STATUS" 200
	visit carol 1 /settings -H 'X-Forwarded-For: 192.0.2.1' -b "intake_session=$(printf '0%.0s' {1..64})"
	expect 'an invented session, behind the same address' "$STATUS" 429
	sql "delete from intake.sessions"
	cp "$CASE/jar.bob" "$CASE/jar.carol"
	visit bob 1 /settings -H 'X-Forwarded-For: 192.0.2.1'
	expect 'a session that is over' "$STATUS" 303
	visit carol 1 /settings -H 'X-Forwarded-For: 192.0.2.1'
	expect 'and is known to be' "$STATUS" 429
}

@test "old lines of the audit go by themselves" {
	program_stop gateway1
	sql "insert into intake.audit (at, business_id, actor, action)
		select now() - interval '1 day' * n, '$BUSINESS', 'link', 'signed in' from generate_series(95, 104) as n"
	gateway_start 1 GATEWAY_AUDIT_DAYS=100
	await_sql "select count(*) from intake.audit" 5
	dropped() { expect dropped "$(metric gateway1 gateway_settings_audit_dropped_total)" 5; }
	wait_until 5 dropped
}

@test "the page's files are read, and nothing else is done with them" {
	visit ada 1 /settings/sign-in
	local file method
	file=$(grep -oE '/settings/script\.[^"]*' <<<"$BODY")
	visit ada 1 "$file"
	expect GET "$STATUS" 200
	for method in POST PUT DELETE OPTIONS TRACE; do
		visit ada 1 "$file" -X "$method"
		expect "$method" "$STATUS" 405
	done
}

@test "two gateways know each other's sessions" {
	gateway_start 2
	sign_in ada 1 "$BUSINESS"
	visit ada 2 /settings
	expect status "$STATUS" 200
}

@test "GATEWAY_SETTINGS=off removes all of it" {
	program_stop gateway1
	gateway_start 1 GATEWAY_SETTINGS=off
	visit ada 1 /settings
	expect_refused 404 not_found
	visit ada 1 /settings/sign-in
	expect_refused 404 not_found
	expect connections "$(sql "select count(*) from pg_stat_activity where application_name = 'intake-gateway settings'")" 0
}

@test "plain http to the world has no page" {
	program_stop gateway1
	gateway_start 1 GATEWAY_PUBLIC_URL=http://hooks.example.com
	visit ada 1 /settings
	expect_refused 404 not_found
	grep -q 'event=settings.off' "$CASE/gateway1.log"
}
