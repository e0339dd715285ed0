#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

teardown() {
	database_drop
}

@test "an owner who may make no roles is told what to ask for, and deploys once it is done" {
	local hint
	template empty-migrated # the roles are there, made by another database of the cluster
	server_sql "revoke intake_gateway, intake_worker from plain_owner"
	database_from empty plain_owner
	run ! sqitch_run deploy
	hint=$(grep -o 'create role intake_gateway nologin;.*' <<<"$output" | head -n 1)
	equal "create role intake_gateway nologin; create role intake_worker nologin; grant intake_gateway, intake_worker to plain_owner;" "$hint"
	equal 0 "$(sql "select count(*) from pg_namespace where nspname = 'intake'")"

	server_sql "${hint#*; *; }"
	sqitch_run deploy
	sqitch_run verify
	business_make
	worker_applies Ada "$(version -1000)"
	sql_as plain_owner "update contacts set name = 'Countess'" "delete from contacts"
	equal 1 "$(sql "select count(*) from intake.deletions")"
}
