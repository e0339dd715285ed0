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

upsert() { # NAME
	sql_as service_role "insert into contacts (business_id, name, email, status) values ('$BUSINESS', '$1', '$ADDRESS', 'active')
		on conflict (business_id, email) do update
		set name = excluded.name, status = 'active', updated_at = now()"
}

@test "the web application's own upsert counts as an edit of what it changes" {
	local event before
	event=$(version -1000)
	worker_applies Ada "$event" '+44 20'
	before=$(versions)
	upsert Ada
	equal "$before" "$(versions)"
	upsert Countess
	worker_applies Ada "$event" '+44 20'
	equal 'Countess|+44 20|active' "$(contact)"
	sql_as service_role "delete from contacts"
	upsert Again
	worker_applies Ada "$event" '+44 20'
	equal 'Again||active' "$(contact)"
}
