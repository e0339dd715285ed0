#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Invented keys by the thousand, from many addresses: senders whose keys are known notice nothing, all
# others get in within a bounded time.

load support/intake
measures_time

readonly FLOOD_RATE=20000 FLOOD_SECONDS=12 ADDRESSES=64
# As the README says: a legacy sender's first request is told to come back within 5 s, its second takes
# no more slow hashes than there are legacy keys (and what each thread was at), two at a time. How long
# that is beside flood, broker and Postgres, and all else that this machine does, is not the gateway's.
# Hashes of the flood's keys go on while curl starts and while the metric is read: half as many again
# are allowed for that; were the second request to share its turns with one other key, it were twice.
readonly LEGACY_KEYS=100 LEGACY_TRIES=2 LEGACY_HASHES=150
readonly NEW_KEY_MS=2000 QUERIES_A_SECOND=500

setup() {
	case_begin
	business_make
	body=$(contact_json Ada ada@example.com)
	FLOOD=
}

teardown() {
	[[ -z $FLOOD ]] || kill "$FLOOD" 2>/dev/null || true
	case_end
}

flood_begin() {
	"$FLOW_BUILD/tests/load/intake-load" --invented-keys --target "$(<"$CASE/gateway1.listen")" \
		--connections "$ADDRESSES" --addresses "$ADDRESSES" --rate "$FLOOD_RATE" \
		--requests $((FLOOD_RATE * FLOOD_SECONDS)) --deadline-s "$FLOOD_SECONDS" \
		--out "$CASE/flood.answers" >"$CASE/flood" 3>&- &
	FLOOD=$!
	sleep 1
}

# Sets ANSWERS: what the flood was told, all that was asked for in time.
flood_end() {
	wait "$FLOOD" || true
	FLOOD=
	ANSWERS=$(cut -d' ' -f2,3 "$CASE/flood.answers" | grep -v '^0 ' | sort | uniq -c | tr -s ' ')
	echo "the flood: $(sed -n 's/^rate=//p' "$CASE/flood")/s, $ANSWERS"
}

hears() {
	[[ $(metric gateway1 gateway_key_notices_heard) == 1 ]]
}

now_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

expect_within() {
	(($2 <= $3)) || {
		echo "$1 is $2, more than $3"
		return 1
	}
}

hashes() {
	metric gateway1 gateway_key_legacy_hashes_total
}

# post_until_accepted KEY: comes back as Retry-After says; sets TRIES and the last one's HASHES.
post_until_accepted() {
	for ((TRIES = 1; TRIES <= 10; TRIES++)); do
		HASHES=$(hashes)
		post 1 "$1" "$body"
		HASHES=$(($(hashes) - HASHES))
		[[ $STATUS != 202 ]] || break
		expect_refused 503 keys_unavailable
		sleep "$(header retry-after)"
	done
	expect_accepted
}

@test "without legacy keys a flood costs no slow hash and few queries, and a key made meanwhile gets in" {
	gateway_start 1
	wait_until 10 hears
	queries=$(metric gateway1 gateway_key_queries_total)
	flood_begin
	business_make
	began=$(now_ms)
	post 1 "$KEY" "$body"
	expect_accepted
	expect_within "ms to get in" $(($(now_ms) - began)) "$NEW_KEY_MS"
	flood_end
	grep -q '^ [0-9]* 401 invalid_api_key$' <<<"$ANSWERS"
	expect "kinds of answers" "$(wc -l <<<"$ANSWERS")" 1
	expect_within queries $(($(metric gateway1 gateway_key_queries_total) - queries)) \
		$((QUERIES_A_SECOND * (FLOOD_SECONDS + 1)))
	expect "slow hashes" "$(metric gateway1 gateway_key_legacy_hashes_total)" 0
}

@test "with 100 legacy keys a legacy sender gets in at its second request, and known keys at once" {
	local vectors=$PROJECT/tests/vectors/scrypt-vectors.json
	sql "insert into businesses (id, name, api_key_hash)
		select gen_random_uuid(), 'Legacy', md5(n::text) || ':' || repeat(md5(n::text), 4)
		from generate_series(2, $LEGACY_KEYS) n"
	# The oldest is tried last.
	sql "insert into businesses (id, name, api_key_hash, created_at) values (gen_random_uuid(), 'Legacy',
		'$(jq -r '.vectors[0].stored' "$vectors")', '2001-01-01')"
	gateway_start 1
	wait_until 10 hears
	expect left "$(metric gateway1 gateway_key_legacy_left)" "$LEGACY_KEYS"
	flood_begin
	post 1 "$KEY" "$body"
	expect_accepted
	post_until_accepted "$(jq -r '.vectors[0].key' "$vectors")"
	expect_within tries "$TRIES" "$LEGACY_TRIES"
	expect_within "slow hashes" "$HASHES" "$LEGACY_HASHES"
	flood_end
	wait_until 5 left_are $((LEGACY_KEYS - 1))
	grep -q "event=keys.legacy_left left=$LEGACY_KEYS .*regenerate" "$CASE/gateway1.log"
}

left_are() {
	[[ $(metric gateway1 gateway_key_legacy_left) == "$1" ]]
}
