#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load support/page

setup() {
	case_begin
	BUSINESS=$(owner gateway business create --name "Ada's <b>Flowers</b> & \"Co\"" --json | jq -r .business_id)
	gateway_start 1
}

teardown() {
	case_end
}

@test "a key made on the page works, is shown once and is nowhere else" {
	sign_in ada 1 "$BUSINESS"
	visit ada 1 /settings
	expect status "$STATUS" 200
	[[ $BODY == *'Ada&#39;s &lt;b&gt;Flowers&lt;/b&gt; &amp; &quot;Co&quot;'* && $BODY != *'<b>Flowers'* ]]
	local form key
	form=$(key_form)
	submit ada 1 /settings/key -d "$form"
	expect status "$STATUS" 200
	key=$(shown_key)
	post 1 "$key" "$(contact_json Ada ada@example.com)"
	expect_accepted
	visit ada 1 /settings
	expect 'key after reload' "$(shown_key)" ''
	[[ $BODY == *"${key:0:11}…"* ]]

	# The form sent again makes no second key, nor does it show the first.
	submit ada 1 /settings/key -d "$form"
	expect status "$STATUS" 409
	expect 'key sent again' "$(shown_key)" ''
	post 1 "$key" "$(contact_json Ada ada@example.com)"
	expect_accepted
	expect 'key in the log' "$(grep -c "${key:3}" "$CASE/gateway1.log")" 0
	pg_dump "$DATABASE" >"$CASE/dump"
	expect 'key in the database' "$(grep -ci "${key:3}" "$CASE/dump")" 0
	expect audit "$(sql "select actor, action, address from intake.audit where action like 'key%'")" \
		'link|key made|127.0.0.1'
	grep -q "event=settings.key_made business_id=$BUSINESS" "$CASE/gateway1.log"
}

@test "a page that has not seen the present key replaces it by none" {
	local key form
	sign_in ada 1 "$BUSINESS"
	sign_in bob 1 "$BUSINESS"
	visit bob 1 /settings
	form=$(key_form)
	visit ada 1 /settings
	submit ada 1 /settings/key -d "$(key_form)"
	key=$(shown_key)
	submit bob 1 /settings/key -d "$form"
	expect 'a form from before the key' "$STATUS $(shown_key)" '409 '
	form=$(key_form)
	post 1 "$key" "$(contact_json Ada ada@example.com)"
	expect_accepted
	submit bob 1 /settings/key -d "$form"
	expect 'a form that has seen it' "$STATUS" 200
	[[ -n $(shown_key) && $(shown_key) != "$key" ]]
}

@test "nobody is told that nothing changed where nobody knows" {
	sign_in ada 1 "$BUSINESS"
	visit ada 1 /settings
	sql "create function slow() returns trigger language plpgsql as \$\$ begin perform pg_sleep(6); return null; end \$\$"
	sql "create constraint trigger slow after insert on intake.api_keys initially deferred
		for each row execute function slow()"
	submit ada 1 /settings/key -d "$(key_form)"
	expect status "$STATUS $(shown_key)" '503 '
	[[ $BODY == *'A new key may have been made'* ]]
	await_sql "select count(*) from intake.api_keys" 1
}

@test "a name of any length costs the page no more than its beginning" {
	sql "update businesses set name = repeat('&', 20000000)"
	sign_in ada 1 "$BUSINESS"
	visit ada 1 /settings
	expect status "$STATUS" 200
	((${#BODY} < 30000)) || { echo "the page has ${#BODY} characters"; return 1; }
}

@test "with grace both keys work, until the old one is ended" {
	local key old
	old=$(owner gateway key regenerate --business "$BUSINESS")
	sign_in ada 1 "$BUSINESS"
	visit ada 1 /settings
	submit ada 1 /settings/key -d "$(key_form 24h)"
	key=$(shown_key)
	post 1 "$old" "$(contact_json Ada ada@example.com)"
	expect_accepted
	post 1 "$key" "$(contact_json Ada ada@example.com)"
	expect_accepted
	visit ada 1 /settings
	submit ada 1 /settings/key/end-old -d "$(key_form)"
	expect end "$STATUS" 303
	sleep 1
	post 1 "$old" "$(contact_json Ada ada@example.com)"
	expect_refused 401 invalid_api_key
	post 1 "$key" "$(contact_json Ada ada@example.com)"
	expect_accepted
}

@test "keys are made ten times an hour at most" {
	local key
	sign_in ada 1 "$BUSINESS"
	for _ in {1..10}; do
		visit ada 1 /settings
		submit ada 1 /settings/key -d "$(key_form)"
		expect status "$STATUS" 200
	done
	key=$(shown_key)
	visit ada 1 /settings
	submit ada 1 /settings/key -d "$(key_form)"
	expect status "$STATUS" 429
	post 1 "$key" "$(contact_json Ada ada@example.com)"
	expect_accepted
}

@test "the limit and this minute's use of it are told" {
	owner gateway business set --business "$BUSINESS" --limit 7
	local key
	key=$(owner gateway key regenerate --business "$BUSINESS")
	post 1 "$key" "$(contact_json Ada ada@example.com)"
	post 1 "$key" '{}'
	sign_in ada 1 "$BUSINESS"
	visit ada 1 /settings
	[[ $BODY == *'<b>2</b> of 7 requests'* ]]
}
