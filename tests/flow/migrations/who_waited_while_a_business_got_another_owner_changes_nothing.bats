#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/settings

setup() {
	settings_database
}

teardown() {
	database_drop
}

# while_given_away STATEMENT: run by the gateway; it waits for the transaction that gives the business to another.
while_given_away() {
	session_begin giver
	session_tell giver "begin; update businesses set user_id = '$OTHER' where id = '$BUSINESS';"
	session_idle giver
	session_begin owner intake_gateway
	session_tell owner "$1"
	session_waits owner
	session_tell giver 'commit;'
	session_idle owner
	equal signed_out "$(<"$BATS_TEST_TMPDIR/owner")"
}

@test "who waited while a business got another owner makes no key" {
	gateway "select intake.sign_in_as_user('$OWNER_ID', sha256('s'), null, '')"
	while_given_away "select intake.settings_set_key(sha256('s'), 0, 'a:1', sha256('1'), 'sk_1', null, '');"
	equal 0 "$(sql "select count(*) from intake.api_keys")"
}

@test "who waited while a business got another owner ends no key" {
	gateway "select intake.sign_in_as_user('$OWNER_ID', sha256('s'), null, '')"
	set_key s 0 1 null
	set_key s 1 2 "interval '1 hour'"
	while_given_away "select intake.settings_end_old_key(sha256('s'), 2, '');"
	equal 2 "$(sql "select count(*) from intake.api_keys")"
}
