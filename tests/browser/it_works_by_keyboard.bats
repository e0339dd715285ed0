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

@test "everything can be done by keyboard, and the focus is seen" {
	browser_walk it_works_by_keyboard
}
