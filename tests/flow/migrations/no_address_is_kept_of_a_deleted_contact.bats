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

@test "of a deleted contact its address is not kept, only a digest" {
	worker_applies Ada "$(version -1000)" '+44 20'
	sql_as service_role "delete from contacts"
	equal "$BUSINESS|$(printf %s "$ADDRESS" | sha256sum | cut -d' ' -f1)" \
		"$(sql "select business_id, encode(email_digest, 'hex') from intake.deletions")"
	[[ $(dump --data-only) != *"$ADDRESS"* ]]
}
