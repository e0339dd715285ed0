#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

teardown() {
	database_drop
}

@test "a revert takes away only what a deploy added" {
	local before shape
	for shape in empty full bare; do
		database_from "$shape"
		before=$(dump)
		sqitch_run deploy
		sqitch_run revert
		equal "$before" "$(dump)"
		database_drop
	done
}
