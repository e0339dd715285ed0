#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A table that was set back to an older copy catches up; rows that are as the log says are not touched.

load support/intake

readonly CONTACTS=1500 CHANGED=900 EVENTS_BEFORE=3000

setup() {
	case_begin
	load support/backfill
	business_make
	events 1 "$EVENTS_BEFORE" "$CONTACTS" "$BUSINESS" | produce
	backfill --from beginning --to now --job before >/dev/null
	sql "create table older_copy as table contacts"
	# Numbers that go on where they were: so the first contacts again.
	events $((EVENTS_BEFORE + 1)) $((EVENTS_BEFORE + CHANGED)) "$CONTACTS" "$BUSINESS" | produce
	# Nothing has changed in these but the version of name and status.
	events $((EVENTS_BEFORE + CHANGED + 1)) $((EVENTS_BEFORE + CHANGED + 100)) "$CONTACTS" "$BUSINESS" |
		sed -E 's/"name":"N([0-9]+)"/"name":"Same"/; s/,"phone":"[0-9]*"//' | produce
	backfill --from beginning --to now --job after >/dev/null
}

teardown() {
	case_end
}

# What a restore does: no trigger takes note of it.
set_back() {
	sql "set session_replication_role = replica; truncate contacts; insert into contacts table older_copy;
		update contacts set name = 'Same' where split_part(email, '@', 1)
			in (select 'c' || n from generate_series($CHANGED + 1, $CHANGED + 100) n)"
}

# rows CONDITION: where and when they were written.
rows() {
	sql "select id, xmin, ctid, updated_at from contacts where $1 order by id"
}

@test "a table set back to an older copy catches up, and rows that lack nothing keep updated_at and their place" {
	local lacks="substr(split_part(email, '@', 1), 2)::int"
	set_back
	rows "$lacks > $CHANGED + 100 or $lacks = 0" >"$CASE/untouched"
	expect "rows that lack nothing" "$(wc -l <"$CASE/untouched")" $((CONTACTS - CHANGED - 100))
	sql "select id, updated_at from contacts where $lacks between $CHANGED + 1 and $CHANGED + 100 order by id" \
		>"$CASE/same_values"

	backfill --from beginning --to now --job catch_up --json >"$CASE/catch_up"
	expect "what it came to" \
		"$(backfill_figure "$CASE/catch_up" '| "\(.inserted) \(.updated) \(.unchanged) \(.stale)"')" \
		"0 $CHANGED 100 $EVENTS_BEFORE"
	rows "$lacks > $CHANGED + 100 or $lacks = 0" | diff "$CASE/untouched" -
	sql "select id, updated_at from contacts where $lacks between $CHANGED + 1 and $CHANGED + 100 order by id" |
		diff "$CASE/same_values" -
	expect "rows that caught up" "$(sql "select count(*) from contacts c join older_copy o using (id)
		where substr(split_part(c.email, '@', 1), 2)::int between 1 and $CHANGED and c.updated_at > o.updated_at and c.name <> o.name")" "$CHANGED"
	expect_fold
}
