#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load support/browser

setup() {
	browser_case
	worker_start 1
}

teardown() {
	case_end
}

@test "from the link to a contact's row, and from one key to the next" {
	browser_walk an_owner_connects
}
