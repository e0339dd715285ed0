#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

setup() {
	database_from full-migrated
	business_make
}

teardown() {
	database_drop
}

# Functions that ran for rows; contacts_inserted runs once for each of the worker's statements.
calls() {
	sql "select count(*) from pg_stat_user_functions where schemaname = 'intake' and calls > 0 and funcname <> 'contacts_inserted'"
}

@test "an update by the worker runs none of Intake's row triggers" {
	sql "alter database $TEST_DATABASE set track_functions = 'all'"
	worker_applies Ada "$(version -1000)" '+44 20'
	sql "drop trigger set_updated_at on contacts" "select pg_stat_reset()"
	worker_applies Lovelace "$(version 1000)" '+44 21'
	worker_applies Lovelace "$(version 2000)" '+44 21'
	equal 'Lovelace|+44 21|active' "$(contact)"
	await_sql "select n_tup_upd = 2 from pg_stat_user_tables where relname = 'contacts'"
	equal 0 "$(calls)"
	sql "update contacts set name = 'Countess'"
	await_sql "select calls = 1 from pg_stat_user_functions where funcname = 'contact_edited'"
}
