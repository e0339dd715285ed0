#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Unknown keys: no slow hash where none is left to try, a bounded number of them where some are.

load support/intake

setup() {
	case_begin
	business_make
	body=$(contact_json Ada ada@example.com)
}

teardown() {
	case_end
}

# legacy_make COUNT: businesses as the web application leaves them, of keys that nobody has.
legacy_make() {
	sql "insert into businesses (id, name, api_key_hash)
		select gen_random_uuid(), 'Legacy', md5(n::text) || ':' || repeat(md5(n::text), 4)
		from generate_series(1, $1) n"
}

# When notices come, what was known before is looked up again: count from then on.
gateway_start_and_hear() {
	gateway_start 1 "$@"
	wait_until 10 hears
}

hears() {
	[[ $(metric gateway1 gateway_key_notices_heard) == 1 ]]
}

# invented NUMBER...: a line each with its status.
invented() {
	local number
	for number; do
		curl -s -m 30 -o "$CASE/invented" -w '%{http_code}\n' -d "$body" \
			-H "x-api-key: sk_$(printf '%064d' "$number")" "$(webhook 1)"
	done
}

@test "without legacy keys an invented key costs no slow hash, and repeated no query" {
	gateway_start_and_hear
	expect statuses "$(invented 1 2 3 | sort | uniq -c | tr -s ' ')" " 3 401"
	queries=$(metric gateway1 gateway_key_queries_total)
	expect statuses "$(invented 1 2 3 1 2 3 | sort | uniq -c | tr -s ' ')" " 6 401"
	expect queries "$(metric gateway1 gateway_key_queries_total)" "$queries"
	expect "slow hashes" "$(metric gateway1 gateway_key_legacy_hashes_total)" 0
}

@test "with legacy keys an address has a budget, and a known key does not notice" {
	legacy_make 3
	gateway_start_and_hear
	expect left "$(metric gateway1 gateway_key_legacy_left)" 3
	expect statuses "$(invented {1..15} | sort | uniq -c | tr -s '\n ' ' ')" " 10 401 5 503 "
	expect "slow hashes" "$(metric gateway1 gateway_key_legacy_hashes_total)" 30
	expect "told again" "$(invented 1)" 401
	expect "slow hashes" "$(metric gateway1 gateway_key_legacy_hashes_total)" 30
	post 1 "$KEY" "$body"
	expect_accepted
}

@test "more legacy keys than allowed stop the start with a sentence, 0 leaves them out" {
	legacy_make 3
	code=0
	GATEWAY_LEGACY_KEYS_MAX=2 GATEWAY_LISTEN=127.0.0.1:0 GATEWAY_ADMIN_LISTEN=127.0.0.1:0 \
		owner gateway serve 2>"$CASE/err" || code=$?
	expect "exit code" "$code" 2
	grep -q '3 businesses .* GATEWAY_LEGACY_KEYS_MAX=2' "$CASE/err"
	gateway_start_and_hear GATEWAY_LEGACY_KEYS_MAX=0
	expect statuses "$(invented 1)" 401
	expect "slow hashes" "$(metric gateway1 gateway_key_legacy_hashes_total)" 0
}

@test "legacy keys that come later are found, also where they are too many" {
	gateway_start_and_hear GATEWAY_LEGACY_KEYS_MAX=3
	expect statuses "$(invented 1)" 401
	legacy_make 3
	wait_until 5 unknown_is 401
	expect "slow hashes" "$(metric gateway1 gateway_key_legacy_hashes_total)" 3
	legacy_make 1
	wait_until 5 unknown_is 503 # it may be the fourth's
	grep -q event=keys.legacy_too_many "$CASE/gateway1.log"
	post 1 "$KEY" "$body"
	expect_accepted
}

unknown_is() {
	[[ $(invented 2) == "$1" ]]
}
