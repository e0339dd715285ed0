#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/settings

setup() {
	settings_database
}

teardown() {
	database_drop
}

# gateway_says: what it is told line by line, each in a transaction; says how often it heard what.
gateway_says() {
	PGOPTIONS='-c role=intake_gateway' psql -XAtq | uniq -c | xargs
}

# sign_in_by_token FIRST LAST: the sessions of these numbers.
sign_in_by_token() {
	local n
	for ((n = $1; n <= $2; n++)); do
		echo "select intake.sign_in_as_user('$OWNER_ID', sha256('s$n'), null, '');"
	done | gateway_says
}

@test "an owner has twenty sessions at most, and signs in as often as people do" {
	equal '300 opened' "$(sign_in_by_token 1 300)"
	equal 20 "$(sql "select count(*) from intake.sessions")"
	equal '' "$(gateway "select name from intake.settings_state(sha256('s1'))")"
	equal Mine "$(gateway "select name from intake.settings_state(sha256('s300'))")"
	equal '1 too_many' "$(sign_in_by_token 301 301)"
	equal 300 "$(sql "select count(*) from intake.audit")"
	sql "update intake.audit set at = at - interval '1 hour'"
	equal '1 opened' "$(sign_in_by_token 301 301)"
}

@test "an owner of several businesses chooses as often as people do, and what changes nothing is not noted" {
	sql "update businesses set user_id = '$OWNER_ID' where id = '$OTHER'"
	sign_in_by_token 1 1
	equal '300 t 10 f' "$(for ((i = 0; i < 310; i++)); do
		echo "select intake.choose_business(sha256('s1'), '$OTHER', '');"
	done | gateway_says)"
	equal "done" "$(gateway "select intake.settings_end_old_key(sha256('s1'), 300, '')")"
	equal 'chosen|300' "$(sql "select action, count(*) from intake.audit group by 1")"
}
