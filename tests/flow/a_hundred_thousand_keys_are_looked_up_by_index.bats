#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# 100,000 businesses: each key is one indexed look-up, then the cache's; what it holds is bounded.

load support/intake
measures_time

readonly BUSINESSES=100000 INVENTED=80000
# What 100,000 keys in use may take, their cache entries and rate limits; and what invented ones may.
readonly KNOWN_KB=49152 INVENTED_KB=16384 UNKNOWN_MOST=65536

setup() {
	case_begin
	businesses_fill
}

teardown() {
	case_end
}

# As Intake's own functions would leave them, but quickly; their keys in $CASE/keys.
businesses_fill() {
	sql "set session_replication_role = replica;
		create temp table made as
			select gen_random_uuid() id, encode(sha256(('key ' || n)::bytea), 'hex') hex
			from generate_series(1, $BUSINESSES) n;
		insert into businesses (id, name, api_key_hash)
			select id, 'Many', left(hex, 32) || ':' || hex || hex from made;
		insert into intake.api_keys (digest, business_id, prefix)
			select sha256(hex::bytea), id, 'sk_' || left(hex, 8) from made;
		copy (select 'sk_' || hex from made) to stdout;" >"$CASE/keys"
	sql "analyze businesses; analyze intake.api_keys"
}

# entries TABLE: of the key cache.
entries() {
	metrics gateway1 | sed -n "s/^gateway_key_cache_entries{table=\"$1\"} //p"
}

# load_all REQUESTS OPTION...: a key a request.
load_all() {
	load_run --target "$(<"$CASE/gateway1.listen")" --connections 256 --requests "$1" \
		--contacts "$1" "${@:2}"
}

queries() {
	metric gateway1 gateway_key_queries_total
}

expect_within() {
	(($2 <= $3)) || {
		echo "$1 is $2, more than $3"
		return 1
	}
}

@test "each of 100,000 keys is looked up by an index, in bounded memory, and invented ones push none out" {
	gateway_start 1 GATEWAY_LEGACY_KEYS_MAX=0
	wait_until 10 hears
	load_all 1000
	asked=$(queries)
	load_all 1000
	expect accepted "$(load_figure accepted)" 1000
	expect "queries for cached keys" "$(queries)" "$asked"

	idle=$(memory_kb gateway1)
	load_all "$BUSINESSES"
	expect accepted "$(load_figure accepted)" "$BUSINESSES"
	expect known "$(entries known)" "$BUSINESSES"
	used=$(memory_kb gateway1)
	expect_within "memory for known keys" $((used - idle)) "$KNOWN_KB"

	load_all "$INVENTED" --invented-keys
	expect refused "$(load_figure refused)" "$INVENTED"
	expect known "$(entries known)" "$BUSINESSES"
	expect_within unknown "$(entries unknown)" "$UNKNOWN_MOST"
	expect_within "memory for invented keys" $(($(memory_kb gateway1) - used)) "$INVENTED_KB"

	program_stop gateway1 # its sessions tell what they did when they end
	expect "scans of the whole table" "$(sql "select seq_scan from pg_stat_user_tables
		where schemaname = 'intake' and relname = 'api_keys'")" 0
}

hears() {
	[[ $(metric gateway1 gateway_key_notices_heard) == 1 ]]
}

@test "to look for legacy keys among 100,000 takes no longer than a start may" {
	began=$SECONDS
	gateway_start 1
	expect_within "seconds to start" $((SECONDS - began)) 5
	expect left "$(metric gateway1 gateway_key_legacy_left)" 0
	post 1 "$(shuf -n 1 "$CASE/keys")" "$(contact_json Ada ada@example.com)"
	expect_accepted
}
