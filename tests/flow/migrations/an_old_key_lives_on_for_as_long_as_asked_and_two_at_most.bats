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

keys() {
	sql "select prefix, round(extract(epoch from expires_at - now()) / 3600) from intake.api_keys order by prefix"
}

set_key() { # N [KEEP_OLD]
	sql_as intake_gateway "select intake.set_api_key('$BUSINESS', 'a:$1', sha256('$1'), 'sk_$1', ${2:-null}) is not null"
}

@test "an old key lives on for as long as asked, and at most two keys live" {
	equal f "$(set_key 1 "'1 hour'")"
	equal t "$(set_key 2 "'24 hours'")"
	equal $'sk_1|24\nsk_2|' "$(keys)"
	equal t "$(set_key 3 "'7 days'")"
	equal $'sk_2|168\nsk_3|' "$(keys)"
	refused 'up to 7 days' set_key 4 "'8 days'"
	refused 'up to 7 days' set_key 4 "'-1 hours'"
	equal $'sk_2|168\nsk_3|' "$(keys)"
	set_key 5
	equal 'sk_5|' "$(keys)"
}
