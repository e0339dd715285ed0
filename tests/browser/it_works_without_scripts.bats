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

@test "without JavaScript everything works but copying" {
	browser_walk it_works_without_scripts
}
