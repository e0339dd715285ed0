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

@test "an address that is not in lower case is refused, whoever writes it" {
	worker_applies Ada "$(version -1000)"
	refused contacts_email_lower_case sql_as service_role "update contacts set email = 'Ada@example.com'"
	refused contacts_email_lower_case sql "insert into contacts (business_id, name, email) values ('$BUSINESS', 'B', 'B@example.com')"
	equal 'Ada||active' "$(contact)"
	equal 0 "$(sql "select count(*) from intake.deletions")"
}
