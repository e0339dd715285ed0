#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

setup() {
	database_from bare
	business_make
	sql "insert into contacts (id, business_id, name, email, phone, created_at, updated_at)
		values ('$BUSINESS', '$BUSINESS', 'A', 'ada@example.com', '', now(), now())"
}

teardown() {
	database_drop
}

# stopped WORDS CHANGE BACK: the deploy stops after CHANGE, with these words, and changed nothing; BACK undoes CHANGE.
stopped() {
	local before
	sql "$2"
	before=$(dump)
	refused "$1" sqitch_run deploy
	equal "$before" "$(dump)"
	sql "$3"
}

@test "tables and rows that do not fit stop the deploy with a sentence, and nothing changes" {
	stopped 'the column email of public.contacts should be a text that takes every value, and is character varying(100)' \
		"alter table contacts alter email type varchar(100)" "alter table contacts alter email type varchar(254)"
	stopped 'the column business_id of public.contacts should be a uuid that takes every value, and is not there' \
		"alter table contacts rename business_id to company" "alter table contacts rename company to business_id"
	stopped 'public.contacts should be a plain table with the primary key id' \
		"alter table contacts drop constraint contacts_pkey" "alter table contacts add primary key (id)"
	stopped 'select * from public.contacts where status is null' \
		"update contacts set status = null" "update contacts set status = 'new'"
	stopped 'public.businesses has rows without name' \
		"update businesses set name = null" "update businesses set name = 'B'"
	stopped 'contacts of businesses that are not there' \
		"alter table contacts drop constraint contacts_business_id_fkey; update contacts set business_id = gen_random_uuid()" \
		"update contacts set business_id = '$BUSINESS'"
	sqitch_run deploy
	equal 'A||new' "$(contact)"
}
