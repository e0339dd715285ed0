#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What Postgres has to do: nothing for an event that was applied, one HOT update for a newer one.

load support/intake

readonly CONTACTS=4000

setup() {
	case_begin
	business_make
}

teardown() {
	case_end
}

# write ID [CONTACTS]: one event of each contact, with the same values each time; versions begin with ID (12
# digits).
write() {
	seq "${2:-$CONTACTS}" | awk -v b="$BUSINESS" -v id="$1" '{
		email = "c" $1 "@example.com"
		printf "%s-%s-7000-8000-%012x\t", substr(id, 1, 8), substr(id, 9), $1
		printf "%s:%s\t{\"business_id\":\"%s\",\"name\":\"N\",\"email\":\"%s\",\"phone\":\"1\"}\n", b, email, b, email
	}' | produce
}

# apply NUMBER GROUP: by a worker that is stopped then, so that its statistics are there.
apply() {
	worker_start "$1" "WORKER_GROUP=$2" WORKER_BATCH_ROWS=200
	await_applied "$2"
	program_stop "worker$1"
}

wal_bytes() {
	sql "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"
}

updates() {
	sql "select n_tup_upd || ' ' || n_tup_hot_upd from pg_stat_user_tables where relname = 'contacts'"
}

# States of rows: who wrote them, where they are, and who has locked them.
rows() {
	sql "select id, xmin, xmax, ctid from contacts order by id"
}

@test "replayed events lock no row and write no WAL; newer ones with the same values are HOT updates" {
	write 019000000000
	apply 1 first
	expect contacts "$(sql 'select count(*) from contacts')" "$CONTACTS"
	rows >"$CASE/before"
	before=$(wal_bytes)
	apply 2 replay
	replayed=$(($(wal_bytes) - before))
	rows >"$CASE/after"
	cmp "$CASE/before" "$CASE/after"
	echo "WAL of $CONTACTS events that were applied: $replayed bytes"
	((replayed < CONTACTS * 4))

	touched=$(sql "select max(updated_at) from contacts")
	for round in 1 2 3; do
		write "01900000000$round"
		apply "$((round + 2))" first
	done
	read -r all hot <<<"$(updates)"
	echo "of $all updates, each round of every row, $hot were HOT"
	expect updates "$all" $((3 * CONTACTS))
	((hot * 100 >= all * 40))

	sql "vacuum contacts"
	write 019000000009 1
	apply 6 first
	expect "updates, and HOT ones, of one event more" "$(updates)" "$((all + 1)) $((hot + 1))"
	expect "newest updated_at" "$(sql "select max(updated_at) from contacts")" "$touched"
}
