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

as_owner_of_the_business() {
	PGOPTIONS="-c request.jwt.claim.sub=$BUSINESS" sql_as authenticated "$@"
}

@test "nobody but the worker sets a version: the events to come still apply" {
	local future role
	future=$(version 999999999)
	worker_applies Ada "$(version -1000)" '+44 20'
	for role in as_owner_of_the_business "sql_as service_role"; do
		$role "update contacts set name_event_id = '$future', phone_event_id = '$future', status_event_id = '$future'"
		$role "update contacts set name = name || '!', name_event_id = '$future', phone_event_id = null"
		$role "insert into contacts (business_id, name, email, name_event_id, phone_event_id, status_event_id)
			values ('$BUSINESS', 'B', 'b@example.com', '$future', '$future', '$future')
			on conflict (business_id, email) do update set name_event_id = excluded.name_event_id"
	done
	equal 0 "$(sql "select count(*) from contacts where '$(version 60000)' < any (array[name_event_id, phone_event_id, status_event_id])")"
	equal 'Ada!!|+44 20|active' "$(contact)"
	equal '0|1' "$(worker_applies Lovelace "$(version 60000)" '+44 21')"
	equal '0|1' "$(worker_applies Bob "$(version 60000)" '' '' '' b@example.com)"
	equal 'Lovelace|+44 21|active' "$(contact)"
}
