#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/settings

setup() {
	settings_database
}

teardown() {
	database_drop
}

@test "a link opens one session, once, within its ten minutes" {
	equal unknown "$(gateway "select intake.sign_in_by_link(sha256('no'), sha256('s'), null, '')")"
	equal opened "$(sign_in s)"
	equal used "$(sign_in t)"
	sql "insert into intake.sign_in_links (digest, business_id, expires_at) values (sha256('old'), '$BUSINESS', now())"
	equal expired "$(gateway "select intake.sign_in_by_link(sha256('old'), sha256('u'), null, '')")"
	equal 1 "$(sql "select count(*) from intake.sessions")"
	equal Mine "$(gateway "select name from intake.settings_state(sha256('s'))")"
	gateway "select intake.sign_out(sha256('s'))"
	equal '' "$(gateway "select name from intake.settings_state(sha256('s'))")"
}
