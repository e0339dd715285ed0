#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Values that a worker wrote wrongly have the version of their event; what forgets the versions lets a replay
# write them again (README, Backfill).

load support/intake

setup() {
	case_begin
	load support/backfill
	business_make
	events 1 3000 600 "$BUSINESS" | produce
}

teardown() {
	case_end
}

@test "rows whose versions are forgotten get the log's values, and others keep theirs" {
	backfill --from beginning --to now --job first
	sql "update contacts set name = 'By hand' where email = 'c9@example.com'"
	sql "set role intake_worker; update contacts set name = upper(name) || '?', name_event_id = name_event_id
		where email like 'c1%'"
	backfill --from beginning --to now --job without
	expect "what a replay alone mends" "$(sql "select count(*) from contacts where name like '%?'")" \
		"$(sql "select count(*) from contacts where email like 'c1%'")"

	sql "set role intake_worker; update contacts set name_event_id = null, phone_event_id = null,
		status_event_id = null where email like 'c1%'"
	backfill --from beginning --to now --job with
	expect "names of the bug" "$(sql "select count(*) from contacts where name like '%?'")" 0
	expect "by hand" "$(sql "select name from contacts where email = 'c9@example.com'")" 'By hand'
	sql "delete from contacts where email = 'c9@example.com'; truncate intake.deletions"
	backfill --from beginning --to now --job whole
	expect_fold
}
