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

# told STATEMENT: whether the channel hears of the business.
told() {
	run -0 sql "listen intake_api_keys" "$1"
	[[ $output == *"\"intake_api_keys\" with payload \"$BUSINESS\""* ]] && echo told
}

@test "every change of a key or a limit is told, and its use is not" {
	equal told "$(told "select intake.set_api_key('$BUSINESS', 'a:1', sha256('1'), 'sk_1')")"
	equal '' "$(told "update intake.api_keys set last_used_at = now()")"
	equal told "$(told "update intake.api_keys set expires_at = now()")"
	equal told "$(told "delete from intake.api_keys")"
	equal told "$(told "select intake.remember_digest('$BUSINESS', 'a:1', sha256('1'), 'sk_1')")"
	equal told "$(told "select intake.revoke_api_key('$BUSINESS')")"
	equal '' "$(told "update businesses set name = 'B2'")"
	equal told "$(told "insert into intake.limits values ('$BUSINESS', 600)")"
	equal told "$(told "update intake.limits set requests_per_minute = 60")"
	equal told "$(told "delete from intake.limits")"
	equal told "$(told "update businesses set api_key_hash = 'a:2'")"
	equal told "$(told "delete from businesses")"
	equal told "$(told "insert into businesses (id, user_id, name, api_key_hash) values ('$BUSINESS', '$BUSINESS', 'B', 'a:3')")"
}
