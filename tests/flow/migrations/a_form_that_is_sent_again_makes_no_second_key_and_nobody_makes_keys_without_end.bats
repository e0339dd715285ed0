#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/settings

setup() {
	settings_database
}

teardown() {
	database_drop
}

@test "a form that is sent again makes no second key, and nobody makes keys without end" {
	sign_in s
	equal "done" "$(set_key s 0 1 null)"
	equal stale "$(set_key s 0 2 null)"
	equal "sk_1|" "$(gateway "select key_prefix, old_prefix from intake.settings_state(sha256('s'))")"
	equal "done" "$(set_key s 1 2 "interval '1 hour'")"
	equal "sk_2|sk_1" "$(gateway "select key_prefix, old_prefix from intake.settings_state(sha256('s'))")"
	equal "done" "$(gateway "select intake.settings_end_old_key(sha256('s'), 2, '')")"
	equal "sk_2|" "$(gateway "select key_prefix, old_prefix from intake.settings_state(sha256('s'))")"
	for i in 3 4 5 6 7 8 9 10; do
		equal "done" "$(set_key s "$i" "$i" null)"
	done
	equal too_many "$(set_key s 11 11 null)"
	equal "link" "$(sql "select distinct actor from intake.audit where business_id = '$BUSINESS'")"
	equal 10 "$(sql "select count(*) from intake.audit where action like 'key made%'")"
}
