#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load support/browser

setup() {
	browser_case
}

teardown() {
	case_end
}

@test "every state, in both themes, from 320 px to 200 %, breaks no rule that axe knows" {
	browser_walk every_state_looks_as_it_should
}
