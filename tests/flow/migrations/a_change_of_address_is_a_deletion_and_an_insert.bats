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

@test "a change of address is a deletion at the old one and an insert at the new one" {
	local older
	older=$(version -1000)
	worker_applies Ada "$older" '+44 20'
	sql_as service_role "update contacts set email = 'countess@example.com'"
	equal '0|0' "$(worker_applies Ada "$older" '+44 20')"
	equal '0|0' "$(worker_applies Early "$(version -500)" '+44 21' '' '' countess@example.com)"
	equal '' "$(contact)"
	equal 'Ada|+44 20|active' "$(contact countess@example.com)"
	equal '1|0' "$(worker_applies Lovelace "$(version 1000)")"
	equal '0|1' "$(worker_applies Late "$(version 1000)" '+44 22' '' '' countess@example.com)"
	equal 'Lovelace||active' "$(contact)"
	equal 'Late|+44 22|active' "$(contact countess@example.com)"
}
