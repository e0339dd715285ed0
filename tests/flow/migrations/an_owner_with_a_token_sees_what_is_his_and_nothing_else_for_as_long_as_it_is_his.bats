#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/settings

setup() {
	settings_database
}

teardown() {
	database_drop
}

@test "an owner with a token sees what is his and nothing else, for as long as it is his" {
	equal unknown "$(gateway "select intake.sign_in_as_user('$OTHER', sha256('s'), null, '')")"
	equal opened "$(gateway "select intake.sign_in_as_user('$OWNER_ID', sha256('s'), null, '')")"
	equal "Mine|f" "$(gateway "select name, several from intake.settings_state(sha256('s'))")"
	equal f "$(gateway "select intake.choose_business(sha256('s'), '$OTHER', '')")"
	equal Mine "$(gateway "select name from intake.settings_state(sha256('s'))")"
	sql "update businesses set user_id = '$OWNER_ID' where id = '$OTHER'"
	equal $'Mine\nOther' "$(gateway "select name from intake.session_businesses(sha256('s'))")"
	equal t "$(gateway "select intake.choose_business(sha256('s'), '$OTHER', '')")"
	equal Other "$(gateway "select name from intake.settings_state(sha256('s'))")"
	sql "update businesses set user_id = null where id = '$OTHER'"
	equal '' "$(gateway "select name from intake.settings_state(sha256('s'))")"
	equal signed_out "$(set_key s 1 1 null)"
}
