#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

teardown() {
	database_drop
}

@test "a second deploy changes nothing" {
	local before shape
	for shape in empty full bare; do
		database_from "$shape-migrated"
		before=$(dump)
		run -0 sqitch_run deploy
		[[ $output == *"Nothing to deploy"* ]]
		equal "$before" "$(dump)"
		database_drop
	done
}
