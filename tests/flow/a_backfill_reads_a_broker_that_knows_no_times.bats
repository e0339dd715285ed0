#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The in-memory broker answers no question for a time: its partitions are read until the first record of then.

load support/intake

setup() {
	case_begin
	load support/backfill
	business_make
	export FLOW_BROKER=$CASE/broker
	"$PROJECT/deploy/local/broker" start "$FLOW_BROKER" --build "$FLOW_BUILD" --topic "$CONTACTS_TOPIC:3" >/dev/null
	set -a
	# shellcheck disable=SC1091 # the broker has written it
	source "$FLOW_BROKER/env"
	set +a
}

teardown() {
	"$PROJECT/deploy/local/broker" stop "$FLOW_BROKER"
	case_end
}

@test "a range of time is found by reading" {
	local between
	events 1 300 100 "$BUSINESS" | produce
	sleep 1
	between=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
	sleep 1
	events 301 500 100 "$BUSINESS" | produce
	backfill --from beginning --to "$between" --json >"$CASE/before"
	expect "read before" "$(backfill_figure "$CASE/before" read)" 300
	backfill --from "$between" --to now --json >"$CASE/after"
	expect "read after" "$(backfill_figure "$CASE/after" read)" 200
	expect names "$(sql "select min(substr(name, 2)::int) from contacts")" 401
	backfill --from -1m --to -30s --json >"$CASE/none"
	expect "read of a time with none" "$(backfill_figure "$CASE/none" offsets)" 0
}
