# SPDX-License-Identifier: Apache-2.0
# rows.bash - events that become rows, and one statement in the server that makes the same: the floor.
# shellcheck shell=bash
#
# EVENTS is how many.

readonly BUSINESSES=20

# Fixed ids, so that the events can be kept for the next run.
business_id() {
	printf '00000000-0000-4000-8000-%012d' "$1"
}

# make_events FILE [OPTION]: of histories.py.
make_events() {
	local n file=$1 businesses=()
	shift
	[[ ! -e $file ]] || return 0
	for ((n = 1; n <= BUSINESSES; n++)); do
		businesses+=(--business "$(business_id "$n")")
	done
	mkdir -p "${file%/*}"
	python3 "$SUPPORT/histories.py" "${businesses[@]}" --contacts "$EVENTS" --flat "$@" >"$file.new"
	mv "$file.new" "$file"
}

# topic_fill NAME PARTITIONS FILE [EVENTS]
topic_fill() {
	local count=${4:-$EVENTS}
	CONTACTS_TOPIC=$1 owner worker topics create --partitions "$2" &>>"$CASE/topics.log"
	expect produced "$(head -n "$count" "$3" | CONTACTS_TOPIC=$1 produce)" "produced=$count"
}

make_businesses() {
	sql "insert into businesses (id, name)
		select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Bench'
		from generate_series(1, $BUSINESSES) n"
}

empty_table() {
	sql "truncate contacts"
	sql "vacuum analyze contacts"
	sql "checkpoint"
}

# floor FILE: the same rows by one statement in the server; sets FLOOR_RATE and FLOOR_US.
floor() {
	sql "set client_min_messages = warning;
		create unlogged table if not exists bench_events
		(id uuid, business_id uuid, email text, name text, phone text)"
	sql "truncate bench_events"
	awk -F'\t' '{ print $1 "\t" $3 }' "$1" | python3 -c '
import json, sys
for line in sys.stdin:
    event_id, text = line.rstrip("\n").split("\t", 1)
    value = json.loads(text)
    print(event_id, value["business_id"], value["email"], value["name"], value.get("phone", "\\N"), sep="\t")
' | psql -X -q "$DATABASE" -c "copy bench_events from stdin"
	sql "analyze bench_events"
	psql -X -A -t -q -v ON_ERROR_STOP=1 "$DATABASE" >"$CASE/floor" <<-'SQL'
		grant select on bench_events to intake_worker;
		set role intake_worker;
		select pg_backend_pid() as pid \gset
		\setenv BENCH_PID :pid
		\! cut -d' ' -f1 /proc/$BENCH_PID/schedstat
		select extract(epoch from clock_timestamp());
		insert into contacts as c (id, business_id, email, name, phone, status, name_event_id, phone_event_id, status_event_id)
		select id, business_id, email, name, phone, 'active', id, case when phone is not null then id end, id
		from bench_events
		on conflict (business_id, email) do update set
			name = excluded.name, name_event_id = excluded.name_event_id,
			phone = coalesce(excluded.phone, c.phone),
			phone_event_id = coalesce(excluded.phone_event_id, c.phone_event_id),
			status = excluded.status, status_event_id = excluded.status_event_id
		where excluded.name_event_id > c.name_event_id;
		select extract(epoch from clock_timestamp());
		\! cut -d' ' -f1 /proc/$BENCH_PID/schedstat
	SQL
	FLOOR_RATE=$(awk -v n="$EVENTS" 'NR == 2 { began = $1 } NR == 3 { printf "%.0f", n / ($1 - began) }' "$CASE/floor")
	FLOOR_US=$(awk -v n="$EVENTS" 'NR == 1 { began = $1 } NR == 4 { printf "%.2f", ($1 - began) / 1000 / n }' "$CASE/floor")
}

report_floor() {
	row '%-26s %7d rows/s  Postgres %s us a row' "$1" "$FLOOR_RATE" "$FLOOR_US"
}

# What reading alone costs, which nobody who reads by this library is spared.
kafka_alone() {
	local only=$FLOW_BUILD/tests/bench/intake-bench-consume-only plain headers
	plain=$("$only" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" "$EVENTS")
	headers=$("$only" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" "$EVENTS" headers)
	row 'the Kafka client alone: %s us a record, with its headers %s (bar of all the worker: 1.5)' "$plain" "$headers"
}

# The backends of the worker.
backend_pids() {
	sql "select pid from pg_stat_activity where usename = 'flow_worker' and datname = '$CASE_DATABASE'"
}

backends_us() {
	local pid sum=0
	for pid in $(backend_pids); do
		sum=$((sum + $(cpu_us "$pid")))
	done
	echo "$sum"
}
