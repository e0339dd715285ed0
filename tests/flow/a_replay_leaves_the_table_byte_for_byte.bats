#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Applying every event once more changes nothing, updated_at included.

load support/intake

setup() {
	case_begin
	business_make --limit 1000000
	business_make --limit 1000000
	gateway_start 1
	worker_start 1
}

teardown() {
	case_end
}

@test "a fresh consumer group replays the topic and the table stays as it is, byte for byte" {
	load_run --target "$(<"$CASE/gateway1.listen")" --connections 32 --requests 20000 --contacts 3000
	expect accepted "$(load_figure accepted)" 20000
	await_applied
	program_stop worker1
	contacts_copy >"$CASE/before"
	versions_of_rows >"$CASE/before.rows"
	worker_start 2 "WORKER_GROUP=$WORKER_GROUP-replay"
	await_applied "$WORKER_GROUP-replay"
	program_stop worker2
	contacts_copy >"$CASE/after"
	versions_of_rows >"$CASE/after.rows"
	cmp "$CASE/before" "$CASE/after"
	# Not even written again: no lock, no dead tuple, no WAL.
	cmp "$CASE/before.rows" "$CASE/after.rows"
}

versions_of_rows() {
	sql "select id, xmin, ctid from contacts order by id"
}
