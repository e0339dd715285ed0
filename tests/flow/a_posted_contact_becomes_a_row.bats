#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The main line: a sender posts, the event is in Kafka as the contract says, the row is in Postgres.

load support/intake

setup() {
	case_begin
	business_make
	gateway_start 1
	worker_start 1
}

teardown() {
	case_end
}

@test "a posted contact is answered 202, stored as an event and becomes a row" {
	post 1 "$KEY" '{"name":" Ada  Lovelace ","email":"Ada@Example.com","phone":"+44 20 7946"}'
	expect_accepted
	expect content-type "$(header content-type | cut -d';' -f1)" application/json
	expect cache-control "$(header cache-control)" no-store
	expect nosniff "$(header x-content-type-options)" nosniff
	[[ -n $(header x-request-id) && -n $(header x-ratelimit-limit) && -n $(header ratelimit) ]]
	expect contact "$(jq -c .contact <<<"$BODY")" \
		'{"name":"Ada  Lovelace","email":"ada@example.com","phone":"+44 20 7946"}'
	expect warnings "$(jq -c .warnings <<<"$BODY")" '[]'
	id=$(jq -r .id <<<"$BODY")

	topic_dump >"$CASE/topic.json"
	expect records "$(wc -l <"$CASE/topic.json")" 1
	expect key "$(jq -r .key "$CASE/topic.json")" "$BUSINESS:ada@example.com"
	expect value "$(jq -c '.payload | fromjson' "$CASE/topic.json")" \
		"{\"business_id\":\"$BUSINESS\",\"name\":\"Ada  Lovelace\",\"email\":\"ada@example.com\",\"phone\":\"+44 20 7946\"}"
	jq -r '.headers | _nwise(2) | join("=")' "$CASE/topic.json" | sort >"$CASE/record"
	grep -qx "ce_id=$id" "$CASE/record"
	grep -qx 'ce_source=/api/webhooks/contacts' "$CASE/record"
	grep -qx 'ce_specversion=1.0' "$CASE/record"
	grep -qx 'ce_type=contact.received.v1' "$CASE/record"
	grep -qx 'content-type=application/json' "$CASE/record"
	grep -qxE 'ce_time=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z' "$CASE/record"

	await_sql "select id, name, phone, status, name_event_id, phone_event_id, status_event_id
		from contacts where business_id = '$BUSINESS' and email = 'ada@example.com'" \
		"$id|Ada  Lovelace|+44 20 7946|active|$id|$id|$id"
	expect_fold
}

@test "a second post updates the row, and a missing phone keeps the old one" {
	post 1 "$KEY" "$(contact_json Ada ada@example.com '+44 1')"
	expect_accepted
	first=$(jq -r .id <<<"$BODY")
	post 1 "$KEY" "$(contact_json 'Ada King' ADA@example.com)"
	expect_accepted
	second=$(jq -r .id <<<"$BODY")
	await_sql "select name, phone, status, name_event_id, phone_event_id, status_event_id from contacts" \
		"Ada King|+44 1|active|$second|$first|$second"
	expect_fold
}

@test "a row is visible soon after its 202 when there is little to do" {
	# The first one waits for what every first one waits for.
	post 1 "$KEY" "$(contact_json Warm warm@example.com)"
	await_sql "select count(*) from contacts" 1
	{ time -p wait_for_one; } 2>"$CASE/time"
	cat "$CASE/time"
	awk '/^real/ { exit !($2 <= 1.0) }' "$CASE/time"
}

# Post and wait; also counts curl's and psql's own start, so the bound above is looser.
wait_for_one() {
	post 1 "$KEY" "$(contact_json Cold cold@example.com)"
	await_sql "select count(*) from contacts" 2
}

@test "a traceparent of the sender goes along as a header" {
	parent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
	post 1 "$KEY" "$(contact_json Ada ada@example.com)" -H "traceparent: $parent"
	expect_accepted
	topic_dump | jq -r '.headers | _nwise(2) | join("=")' | grep -qx "traceparent=$parent"
}

@test "the path works with and without a trailing slash, and the key in each of its places" {
	body=$(contact_json Ada ada@example.com)
	post 1 "$KEY" "$body"
	expect_accepted
	STATUS=$(curl -s -o /dev/null -w '%{http_code}' -H "x-api-key: $KEY" -d "$body" "$(webhook 1)/")
	expect status "$STATUS" 202
	STATUS=$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $KEY" -d "$body" "$(webhook 1)")
	expect status "$STATUS" 202
	STATUS=$(curl -s -o /dev/null -w '%{http_code}' -u "$KEY:" -d "$body" "$(webhook 1)")
	expect status "$STATUS" 202
	STATUS=$(curl -s -o /dev/null -w '%{http_code}' -u "zapier:$KEY" -d "$body" "$(webhook 1)")
	expect status "$STATUS" 202
}
