#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

setup() {
	database_from full
	business_make
}

teardown() {
	database_drop
}

contact_make() { # ADDRESS
	sql "insert into contacts (business_id, name, email) values ('$BUSINESS', 'A', '$1')"
}

@test "doubled or mixed-case addresses stop the deploy with the query that finds them, and nothing changes" {
	local before query
	sql "alter table contacts drop constraint one_address_per_business"
	contact_make ada@example.com
	contact_make ada@example.com
	contact_make Bob@example.com
	contact_make eve@example.com
	before=$(dump)
	run ! sqitch_run deploy
	[[ $output == *"public.contacts has 2 e-mail address(es) that are doubled within a business or not in lower case"* ]]
	[[ $output != *"+ intake "* ]]
	equal "$before" "$(dump)"
	query=$(grep -o 'select business_id.*' <<<"$output" | head -n 1)
	equal $'ada@example.com|2\nbob@example.com|1' "$(sql "select address, cardinality(written) from (${query%;}) as found order by 1")"

	sql "delete from contacts where email in ('ada@example.com', 'Bob@example.com')"
	sqitch_run deploy
	equal 'eve@example.com' "$(sql "select email from contacts")"
}
