#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load support/browser

setup() {
	browser_case
}

teardown() {
	case_end
}

@test "where there is no clipboard API, copying goes by selection" {
	browser_walk copying_works_on_plain_http
}
