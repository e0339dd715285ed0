#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The limit over real HTTP, with the headers of the contract.

load support/intake
measures_time

setup() {
	case_begin
	business_make
	gateway_start 1
	body=$(contact_json Ada ada@example.com)
}

teardown() {
	case_end
}

# Sixty requests must fit into one window: begin early in a minute.
await_early_minute() {
	wait_until 62 is_early
}

is_early() {
	((10#$(date +%S) < 40))
}

@test "60 pass, the 61st is 429 with its headers, and after Retry-After seconds the next one passes" {
	await_early_minute
	for ((i = 1; i <= 60; i++)); do
		post 1 "$KEY" "$body"
		expect_accepted
		expect limit "$(header x-ratelimit-limit)" 60
		expect remaining "$(header x-ratelimit-remaining)" $((60 - i))
		expect policy "$(header ratelimit-policy)" '"per-key";q=60;w=60'
		[[ $(header ratelimit) =~ ^\"per-key\"\;r=$((60 - i))\;t=[0-9]+$ ]]
	done
	reset=$(header x-ratelimit-reset)
	((reset > $(date +%s) && reset <= $(date +%s) + 60 && reset % 60 == 0))
	post 1 "$KEY" "$body"
	expect_refused 429 rate_limited
	after=$(header retry-after)
	expect "retry_after" "$(jq -r .retry_after <<<"$BODY")" "$after"
	expect remaining "$(header x-ratelimit-remaining)" 0
	((after >= 1 && after <= 62))
	# A second earlier is too early, then it is time: Retry-After is exact.
	began=${EPOCHREALTIME/[.,]/}
	post 1 "$KEY" "$body"
	expect_refused 429 rate_limited
	sleep_until $((began + (after - 1) * 1000000 - 300000))
	post 1 "$KEY" "$body"
	expect_refused 429 rate_limited
	sleep_until $((began + after * 1000000))
	post 1 "$KEY" "$body"
	expect_accepted
}

sleep_until() {
	local us=$(($1 - ${EPOCHREALTIME/[.,]/}))
	((us <= 0)) || sleep "$((us / 1000000)).$(printf '%06d' $((us % 1000000)))"
}

@test "a request that is refused 400 counts, one with an unknown key counts for nobody" {
	await_early_minute
	post 1 "$KEY" '{}'
	expect_refused 400 validation_failed
	expect remaining "$(header x-ratelimit-remaining)" 59
	post 1 "sk_$(printf '%064d' 1)" "$body"
	expect_refused 401 invalid_api_key
	expect "limit of a stranger" "$(header x-ratelimit-limit)" ""
	post 1 "$KEY" "$body"
	expect remaining "$(header x-ratelimit-remaining)" 58
}

@test "a business can have another limit" {
	business_make --limit 3
	await_early_minute
	for _ in 1 2 3; do
		post 1 "$KEY" "$body"
		expect_accepted
		expect limit "$(header x-ratelimit-limit)" 3
	done
	post 1 "$KEY" "$body"
	expect_refused 429 rate_limited
}
