#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# 100,000 posts over 64 connections, 20,000 contacts in 5 businesses: every one is answered 202, and
# the table is what an independent program makes of the topic.

load support/intake

setup() {
	case_begin
	for _ in 1 2 3 4 5; do
		business_make --limit 1000000
	done
	gateway_start 1
	gateway_start 2
	worker_start 1
	worker_start 2
}

teardown() {
	case_end
}

@test "100,000 posts to two gateways and two workers: all 202, and the table is the fold of the topic" {
	load_run --target "$(<"$CASE/gateway1.listen")" --target "$(<"$CASE/gateway2.listen")" \
		--connections 64 --requests 100000 --contacts 20000
	sed 's/^/# /' "$CASE/load" >&3
	expect accepted "$(load_figure accepted)" 100000
	await_applied
	expect rows "$(sql 'select count(*) from contacts')" 20000
	expect events "$(topic_count)" 100000
	expect_fold --answers "load=$CASE/answers"
}
