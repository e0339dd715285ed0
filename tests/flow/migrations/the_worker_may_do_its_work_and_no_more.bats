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

@test "under row-level security the worker writes contacts, and reads neither a key nor a business" {
	equal '1|0' "$(worker_applies Ada "$(version -1000)" '+44 20')"
	equal '0|1' "$(worker_applies Lovelace "$(version 1000)")"
	equal 'Lovelace|+44 20' "$(sql_as intake_worker "select name, phone from contacts")"
	sql_as intake_worker "select from intake.deletions"
	refused 'permission denied' sql_as intake_worker "select id from businesses"
	refused 'permission denied' sql_as intake_worker "select api_key_hash from businesses"
	refused 'permission denied' sql_as intake_worker "select from intake.api_keys"
	refused 'permission denied' sql_as intake_worker "select intake.revoke_api_key('$BUSINESS')"
	refused 'permission denied' sql_as intake_worker "delete from contacts"
}
