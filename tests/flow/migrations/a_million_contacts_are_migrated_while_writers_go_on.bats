#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

ROWS=${INTAKE_TEST_CONTACTS:-1000000}
WRITERS=4

setup() {
	database_from bare
	sql "insert into businesses (id, name, created_at, updated_at) select gen_random_uuid(), 'B', now(), now() from generate_series(1, 100)" \
		"set session_replication_role = replica; insert into contacts (id, business_id, name, email, phone, created_at, updated_at)
		select gen_random_uuid(), b.ids[1 + n % 100], 'Contact ' || n, 'contact' || n || '@example.com', '+44 20 ' || n, now(), now()
		from generate_series(1, $ROWS) as n, (select array_agg(id) as ids from businesses) as b" \
		"create index contacts_email on contacts (email)" "vacuum analyze contacts"
}

teardown() {
	database_drop
}

# What pgbench's writers do: edits, and inserts of their own, for as long as the deploy takes.
write_on() {
	cat >"$BATS_TEST_TMPDIR/writes" <<-END
		\\set n random(1, $ROWS)
		update contacts set phone = phone || '1' where email = 'contact' || :n || '@example.com';
		insert into contacts (id, business_id, name, email, phone, created_at, updated_at)
		select gen_random_uuid(), business_id, 'New', gen_random_uuid() || '@example.com', '', now(), now()
		from contacts where email = 'contact' || :n || '@example.com';
	END
	pgbench --no-vacuum --client="$WRITERS" --time=600 --rate=200 --log --log-prefix="$BATS_TEST_TMPDIR/write" \
		--file="$BATS_TEST_TMPDIR/writes" >"$BATS_TEST_TMPDIR/pgbench" 2>&1 3>&- &
}

# slowest BEGUN ENDED: of the transactions that ended between these seconds, in milliseconds, and their number.
# (pgbench notes the end, the time since the transaction was due, and how late it began.)
slowest() {
	cat "$BATS_TEST_TMPDIR"/write.* | awk -v begun="$1" -v ended="$2" '
		$5 >= begun && $5 <= ended { count++; took = ($3 - $7) / 1000; if (took > most) most = took }
		END { printf "%d %d\n", most, count }'
}

@test "a million contacts are migrated while writers go on: none waits for a second" {
	local begun ended most count
	write_on
	await_sql "select count(*) > 100 from contacts where name = 'New'"
	begun=$EPOCHSECONDS
	sqitch_run deploy
	ended=$EPOCHSECONDS
	kill $!
	wait $! || true
	read -r most count < <(slowest "$begun" "$ended")
	echo "# deployed in $((ended - begun)) s; of $count transactions meanwhile the slowest took $most ms" >&3
	((count > 100 && most < 1000))
	equal 0 "$(grep -ci error "$BATS_TEST_TMPDIR/pgbench")"
	sqitch_run verify
}
