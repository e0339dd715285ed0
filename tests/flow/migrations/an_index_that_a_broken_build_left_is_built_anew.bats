#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

setup() {
	database_from bare
	business_make
}

teardown() {
	database_drop
}

@test "an index that a broken build left is built anew" {
	sqitch_run deploy --to contacts_validate
	sql "insert into contacts (id, business_id, name, email, phone, created_at, updated_at)
		select gen_random_uuid(), '$BUSINESS', 'A', 'ada@example.com', '', now(), now() from generate_series(1, 2)"
	run ! sql "create unique index concurrently contacts_business_id_email_key on contacts (business_id, email)"
	equal f "$(sql "select indisvalid from pg_index where indexrelid = 'contacts_business_id_email_key'::regclass")"
	sql "delete from contacts"
	sqitch_run deploy
	equal t "$(sql "select i.indisvalid from pg_index i join pg_constraint c on c.conindid = i.indexrelid
		where i.indexrelid = 'contacts_business_id_email_key'::regclass and c.contype = 'u'")"
}
