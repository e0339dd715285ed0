#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

setup() {
	database_from bare
	business_make
	sql "insert into contacts (id, business_id, name, email, phone, created_at, updated_at)
		values ('$BUSINESS', '$BUSINESS', 'A', 'ada@example.com', '', now(), now())"
}

teardown() {
	database_drop
}

@test "while another transaction keeps contacts, the deploy waits and writers go on" {
	local count=0 begun slowest=0 took
	session_begin reader
	session_tell reader "begin; select from contacts;"
	session_idle reader
	sqitch_run deploy >"$BATS_TEST_TMPDIR/deploy" 2>&1 3>&- &
	await_sql "select exists (select from pg_stat_activity where query like '%lock_soon%' and wait_event_type in ('Lock', 'Timeout'))"
	while ((count < 30)); do
		begun=${EPOCHREALTIME/[.,]/}
		sql "update contacts set name = 'B' || $count"
		took=$(((${EPOCHREALTIME/[.,]/} - begun) / 1000))
		((took <= slowest)) || slowest=$took
		count=$((count + 1))
	done
	kill -0 $!
	session_tell reader "commit;"
	wait $!
	echo "slowest write: $slowest ms"
	((slowest < 1000))
	equal 'B29||new' "$(contact)"
}
