#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Requests as Zapier, Make, n8n, PowerShell and their kin document them: each is taken for the contact
# that was meant, or refused with a message from which a person knows what to change.

load support/intake

setup() {
	case_begin
	business_make --limit 100000
	gateway_start 1
	worker_start 1
}

teardown() {
	case_end
}

@test "documented requests of senders become rows, or are refused with what to change" {
	timeout 60 python3 "$SUPPORT/senders.py" "$(<"$CASE/gateway1.listen")" "$KEY" \
		"$PROJECT"/tests/vectors/senders/*.http >"$CASE/rows"
	(($(wc -l <"$CASE/rows") >= 15))
	await_sql "select email, name, coalesce(phone, '') from contacts order by email collate \"C\"" \
		"$(LC_ALL=C sort "$CASE/rows")"
	expect_fold
}
