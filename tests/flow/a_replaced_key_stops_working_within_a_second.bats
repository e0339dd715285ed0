#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Regenerating and revoking reach every gateway at once; a digest does not outlive its key.

load support/intake
measures_time

setup() {
	case_begin
	business_make
	gateway_start 1
	gateway_start 2
	body=$(contact_json Ada ada@example.com)
	for gateway in 1 2; do
		post "$gateway" "$KEY" "$body"
		expect_accepted
	done
}

teardown() {
	case_end
}

refused_by() {
	post "$1" "$2" "$body" && [[ $STATUS == 401 ]]
}

@test "a regenerated key refuses the old one within a second on both gateways" {
	old=$KEY
	key_make "$BUSINESS"
	wait_until 1 refused_by 1 "$old"
	wait_until 1 refused_by 2 "$old"
	expect_refused 401 invalid_api_key
	for gateway in 1 2; do
		post "$gateway" "$KEY" "$body"
		expect_accepted
	done
}

@test "with --keep-old both keys work, and answers to the old one carry a warning" {
	old=$KEY
	key_make "$BUSINESS" --keep-old 1h
	post 1 "$KEY" "$body"
	expect_accepted
	post 2 "$old" "$body"
	expect_accepted
	(($(jq '.warnings | length' <<<"$BODY") > 0)) || { echo "$BODY"; return 1; }
	sql_is "select count(*) from intake.api_keys where business_id = '$BUSINESS'" 2
	# At most two live: the next one ends the first.
	older=$old
	key_make "$BUSINESS" --keep-old 1h
	wait_until 1 refused_by 1 "$older"
}

@test "a revoked key is refused within a second on both gateways" {
	owner gateway key revoke --business "$BUSINESS"
	wait_until 1 refused_by 1 "$KEY"
	wait_until 1 refused_by 2 "$KEY"
}

@test "a hash that the web application changes ends our digests and keys at once" {
	sql "update businesses set api_key_hash = repeat('a', 32) || ':' || repeat('b', 128) where id = '$BUSINESS'"
	sql_is "select count(*) from intake.api_keys where business_id = '$BUSINESS'" 0
	wait_until 1 refused_by 1 "$KEY"
	wait_until 1 refused_by 2 "$KEY"
}

@test "a key that was refused works as soon as it is made known" {
	hex=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
	post 1 "sk_$hex" "$body"
	expect_refused 401 invalid_api_key
	sql "insert into intake.api_keys (digest, business_id, prefix)
		values (decode('$(printf '%s' "$hex" | sha256sum | cut -d' ' -f1)', 'hex'), '$BUSINESS', 'sk_${hex:0:4}')"
	wait_until 35 accepted_by 1 "sk_$hex"
}

accepted_by() {
	post "$1" "$2" "$body" && [[ $STATUS == 202 ]]
}
