#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Postgres fails in every way that passes, or that somebody mends, under load: the worker waits, goes on by itself,
# and no event is lost, applied backwards, or taken for a dead letter.

load support/under_load

setup() {
	matrix_setup
}

teardown() {
	matrix_teardown
	"$PROJECT/deploy/local/postgres" start "$PG_DIR" >/dev/null 2>&1
}

# Nothing but waiting: the end of all cases here.
passes() {
	load_end
	expect_no_dead
}

# ---- outages

@test "a restart of Postgres" {
	load_begin
	"$PROJECT/deploy/local/postgres" stop "$PG_DIR"
	sleep "$FAULT_SECONDS"
	"$PROJECT/deploy/local/postgres" start "$PG_DIR" >/dev/null
	passes
	expect_retried outage
}

# bats test_tags=quick
@test "a crash of Postgres" {
	load_begin
	kill -QUIT "$(head -n 1 "$PG_DIR/data/postmaster.pid")"
	sleep "$FAULT_SECONDS"
	"$PROJECT/deploy/local/postgres" start "$PG_DIR" >/dev/null
	passes
	expect_retried outage
	expect_log 'level=info event=lane.goes_on .*waited_for=postgres'
}

@test "57P01: pg_terminate_backend, again and again" {
	load_begin
	while_loaded end_backends
	passes
	expect_retried outage
}

@test "a backend that is killed takes the others with it" {
	load_begin
	kill -KILL "$(worker_backends | head -n 1)"
	passes
	expect_retried outage
}

@test "25006: the server takes no writes" {
	case_mend() { super "alter database $CASE_DATABASE reset default_transaction_read_only"; }
	load_begin
	super "alter database $CASE_DATABASE set default_transaction_read_only = on"
	end_backends
	wait_until 10 expect_log 'level=warn event=lane.waiting .*for=postgres .*reason="25006' >/dev/null
	case_mend
	passes
}

@test "53300: too many connections" {
	case_mend() { super "alter role flow_worker connection limit -1"; }
	load_begin
	super "alter role flow_worker connection limit 0"
	end_backends
	wait_until 10 is_unready_for 'Postgres: 2 of 2 lanes have no connection'
	wait_until 10 expect_log 'for=postgres .*too many connections' >/dev/null
	case_mend
	passes
}

@test "22023: a login that is refused for what it asks for makes no event bad" {
	case_mend() { super "create role shift in role intake_worker role flow_worker"; }
	local url
	case_mend
	url=$(login_url worker)
	load_begin "DATABASE_URL=$url$([[ $url == *\?* ]] && echo '&' || echo '?')options=-c%20role%3Dshift"
	super "drop role shift"
	end_backends
	wait_until 10 expect_log 'level=error event=lane.waiting .*for=configuration .*role' >/dev/null
	case_mend
	passes
	unset -f case_mend
	program_stop worker1
	super "drop role shift"
}

@test "53100: a disk that is full" {
	local disk=$PG_DIR/disk
	mkdir -p "$disk"
	if ! mount -t tmpfs -o size=8m tmpfs "$disk" 2>"$CASE/mount.log"; then
		rmdir "$disk"
		skip "no tmpfs can be mounted here: $(<"$CASE/mount.log")"
	fi
	case_mend() {
		sql "drop table if exists filler; alter table contacts set tablespace pg_default" || true
		super "drop tablespace if exists small"
		umount "$PG_DIR/disk" && rmdir "$PG_DIR/disk"
	}
	chown --reference="$PG_DIR/data" "$disk"
	super "create tablespace small location '$disk'"
	operator "alter table contacts set tablespace small"
	stream_option --contacts 1000000 # nearly all rows are new
	load_begin
	operator "create table filler (text text) tablespace small" \
		"alter table filler alter text set storage external"
	# What a statement that failed has added to the file stays there.
	run -1 operator "insert into filler select repeat(md5(n::text), 100) from generate_series(1, 100000) n"
	wait_until 15 expect_log 'for=postgres error=E_POSTGRES_AWAY reason="53100' >/dev/null
	sleep 1
	operator "drop table filler"
	passes
	expect_retried outage
}

# ---- contention

# hold SECONDS STATEMENT: in a transaction that stays open so long.
hold() {
	psql -X -q "$DATABASE" -c 'begin' -c "$2" -c "select pg_sleep($1)" -c 'commit' >>"$CASE/operator.log" 2>&1 3>&- &
}

@test "55P03: somebody holds a row, the others are written" {
	only_the_held_differ() {
		expect_fold >"$CASE/fold.held" ||
			(($(grep -oE "^\('[^)]*\)" "$CASE/fold.held" | sort -u | wc -l) <= 3))
	}
	load_begin WORKER_LANES=1
	hold 25 "select * from contacts order by business_id limit 3 for update"
	wait_until 10 expect_log 'level=warn event=lane.holding .*55P03' >/dev/null
	stream_end
	# With one lane, and while they are held still.
	wait_until 8 only_the_held_differ
	(($(metric worker1 worker_held_events) > 0))
	is_ready worker1
	passes
	expect_log 'level=info event=lane.holds_none'
	expect_retried contention
	expect "events held" "$(metric worker1 worker_held_events)" 0
}

@test "55P03: somebody holds the table" {
	load_begin "WORKER_STATEMENT_TIMEOUT_MS=$SHORT_TIMEOUT_MS"
	hold 4 "lock table contacts in share row exclusive mode"
	wait_until 4 expect_log 'level=warn event=lane.holding .*55P03' >/dev/null
	passes
	expect_retried contention
}

@test "57014: statements that take too long" {
	load_begin "WORKER_STATEMENT_TIMEOUT_MS=$SHORT_TIMEOUT_MS"
	operator "create function slow() returns trigger language plpgsql as \$\$ begin
		perform pg_sleep(0.02); return new; end \$\$" \
		"create trigger slow before update on contacts for each row execute function slow()"
	sleep "$FAULT_SECONDS"
	operator "drop trigger slow on contacts"
	passes
	expect_retried contention
}

@test "57014: one row that always takes too long is an outage, not bad data" {
	load_begin "WORKER_STATEMENT_TIMEOUT_MS=$SHORT_TIMEOUT_MS"
	operator "create function stuck() returns trigger language plpgsql as \$\$ begin
		if new.email = 'contact7@example.com' then perform pg_sleep(3); end if; return new; end \$\$" \
		"create trigger stuck before insert or update on contacts for each row execute function stuck()"
	wait_until 20 expect_log 'level=warn event=lane.holding .*57014' >/dev/null
	operator "drop trigger stuck on contacts"
	passes
}

@test "57014: pg_cancel_backend, again and again" {
	cancel() {
		super "select pg_cancel_backend(pid) from pg_stat_activity
			where datname = '$CASE_DATABASE' and application_name like 'intake-worker%'" >/dev/null
	}
	load_begin
	while_loaded cancel
	passes
}

@test "40P01: a second writer that locks rows the other way round" {
	hostile() {
		operator "set deadlock_timeout = '100ms'; begin;
			update contacts set created_at = created_at where ctid = any (array(
				select ctid from contacts order by business_id desc, email desc limit 200));
			select pg_sleep(0.05);
			update contacts set created_at = created_at where ctid = any (array(
				select ctid from contacts order by business_id, email limit 200));
			commit"
	}
	super "alter database $CASE_DATABASE set deadlock_timeout = '50ms'"
	load_begin
	while_loaded hostile
	passes
}

@test "40001: sessions that are serializable, and a second writer" {
	super "alter role flow_worker set default_transaction_isolation = 'serializable'"
	case_mend() { super "alter role flow_worker reset default_transaction_isolation"; }
	touch_rows() {
		operator "set default_transaction_isolation = 'serializable'; begin; select count(*) from contacts;
			update contacts set created_at = created_at where email like 'contact1%'; commit"
	}
	load_begin
	while_loaded touch_rows
	passes
	expect_retried contention
}

# ---- what somebody has to mend

# bats test_tags=quick
@test "42P01: the table is gone, and comes back" {
	load_begin
	operator "alter table contacts rename to gone"
	wait_until 10 is_unready_for 'lanes wait: Postgres refuses login or statement'
	expect_log 'level=error event=lane.waiting .*for=configuration .*42P01: a table is missing, run .sqitch deploy.'
	sleep "$FAULT_SECONDS"
	operator "alter table gone rename to contacts"
	passes
	expect_retried configuration
	expect_log 'event=lane.goes_on .*waited_for=configuration'
}

@test "a table that is dropped and restored" {
	load_begin
	operator "begin; create table kept as select * from contacts; drop table contacts cascade; commit"
	wait_until 10 expect_log 42P01 >/dev/null
	pg_dump --schema-only --table=public.contacts "postgresql://$FLOW_SERVER/template_intake" >"$CASE/table.sql"
	psql -X -q -v ON_ERROR_STOP=1 "$DATABASE" -f "$CASE/table.sql" \
		-c "set session_replication_role = replica" \
		-c "insert into public.contacts select * from public.kept" >"$CASE/operator.log" 2>&1
	passes
}

@test "42703: a column is missing" {
	load_begin
	operator "alter table contacts rename phone_event_id to other"
	wait_until 10 expect_log '42703: a column is missing, run .sqitch deploy.' >/dev/null
	operator "alter table contacts rename other to phone_event_id"
	passes
}

@test "42883: a function is missing" {
	load_begin
	operator "insert into intake.deletions (business_id, email_digest, event_id)
		select id, sha256('x'), 'ffffffff-ffff-7fff-bfff-ffffffffffff' from businesses limit 1" \
		"alter function intake.email_digest(text) rename to other"
	wait_until 10 expect_log '42883: a function is missing' >/dev/null
	operator "alter function intake.other(text) rename to email_digest"
	passes
}

@test "42501: the worker may not write" {
	load_begin
	operator "revoke insert on contacts from intake_worker"
	wait_until 10 expect_log 'for=configuration .*42501' >/dev/null
	operator "grant insert on contacts to intake_worker"
	passes
}

@test "the worker's login is no member of its role any more" {
	case_mend() { super "grant intake_worker to flow_worker"; }
	load_begin
	super "revoke intake_worker from flow_worker"
	end_backends
	wait_until 10 expect_log 'grant intake_worker to it' >/dev/null
	case_mend
	passes
}

@test "28000: the worker may not log in" {
	case_mend() { super "alter role flow_worker login"; }
	load_begin
	super "alter role flow_worker nologin"
	end_backends
	wait_until 10 expect_log 'for=configuration .*not permitted to log in' >/dev/null
	case_mend
	passes
}

@test "28P01: the password was changed" {
	case_mend() { super "alter role flow_worker password '$FLOW_PROGRAM_PASSWORD'"; }
	load_begin
	super "alter role flow_worker password 'another'"
	end_backends
	wait_until 10 expect_log 'for=configuration .*authentication failed' >/dev/null
	run -1 grep "$FLOW_PROGRAM_PASSWORD" "$CASE/worker1.log"
	case_mend
	passes
}

@test "3D000: the database has another name for a while" {
	case_mend() { super "alter database ${CASE_DATABASE}_away rename to $CASE_DATABASE"; }
	load_begin
	super "alter database $CASE_DATABASE allow_connections false"
	end_backends
	wait_until 10 super "alter database $CASE_DATABASE rename to ${CASE_DATABASE}_away" 2>/dev/null
	wait_until 10 expect_log 'for=configuration .*does not exist' >/dev/null
	case_mend
	super "alter database $CASE_DATABASE allow_connections true"
	passes
}

@test "XX000: what nobody foresaw is for somebody to look at, never a dead letter" {
	load_begin
	operator "create function odd() returns trigger language plpgsql as \$\$ begin
		raise exception 'secret of %', new.email using errcode = 'XX000'; end \$\$" \
		"create trigger odd before insert or update on contacts for each row execute function odd()"
	wait_until 10 expect_log 'level=error event=lane.waiting .*for=configuration .*XX000' >/dev/null
	sleep "$FAULT_SECONDS"
	operator "drop trigger odd on contacts"
	passes
	run -1 grep secret "$CASE/worker1.log"
}

# ---- silence

# stop PID...: SIGSTOP, and SIGCONT in the end, whatever happens.
stop() {
	STOPPED=("$@")
	case_mend() { kill -s CONT "${STOPPED[@]}"; }
	kill -s STOP "${STOPPED[@]}"
}

@test "a backend that falls silent is given up within statement time-out and 10 s" {
	load_begin "WORKER_STATEMENT_TIMEOUT_MS=$SHORT_TIMEOUT_MS"
	local began
	# shellcheck disable=SC2046 # a word a process
	stop $(worker_backends)
	began=${EPOCHREALTIME%[.,]*}
	wait_until 20 expect_log 'event=lane.waiting .*for=postgres .*no connection to Postgres' >/dev/null
	echo "# found after $((${EPOCHREALTIME%[.,]*} - began)) s" >&3
	((${EPOCHREALTIME%[.,]*} - began <= 12))
	case_mend
	passes
}

@test "a Postgres that falls silent as a whole" {
	load_begin "WORKER_STATEMENT_TIMEOUT_MS=$SHORT_TIMEOUT_MS"
	local main
	main=$(head -n 1 "$PG_DIR/data/postmaster.pid")
	# shellcheck disable=SC2046 # a word a process
	stop "$main" $(pgrep -P "$main")
	wait_until 20 expect_log 'event=lane.waiting .*for=postgres' >/dev/null
	sleep "$FAULT_SECONDS"
	case_mend
	passes
}

# swallow -I|-D: drop all packets of the worker's connections, or no more.
swallow() {
	local port
	for port in "${PORTS[@]}"; do
		iptables "$1" INPUT -i lo -p tcp --sport "$port" --dport "${FLOW_SERVER##*:}" -j DROP
		iptables "$1" INPUT -i lo -p tcp --dport "$port" --sport "${FLOW_SERVER##*:}" -j DROP
	done
}

# bats test_tags=long
@test "a network that swallows all is found by TCP, before a statement's time-out would" {
	iptables -L INPUT -n >/dev/null 2>&1 || skip "iptables may not be used here"
	load_begin
	local began
	mapfile -t PORTS < <(super "select client_port from pg_stat_activity
		where datname = '$CASE_DATABASE' and application_name like 'intake-worker%'")
	((${#PORTS[@]} == 2))
	case_mend() { swallow -D; }
	swallow -I
	began=${EPOCHREALTIME%[.,]*}
	wait_until 30 expect_log 'event=lane.waiting .*for=postgres .*no connection to Postgres' >/dev/null
	echo "# found after $((${EPOCHREALTIME%[.,]*} - began)) s" >&3
	((${EPOCHREALTIME%[.,]*} - began <= 25))
	case_mend
	unset -f case_mend
	passes
}

# ---- commits

@test "commits wait for the disk, whatever the login's own setting is" {
	case_mend() {
		super "alter role flow_worker in database $CASE_DATABASE reset synchronous_commit" \
			"alter system reset fsync" "select pg_reload_conf()" >/dev/null
	}
	super "alter role flow_worker in database $CASE_DATABASE set synchronous_commit = off" \
		"alter system set fsync = off" "select pg_reload_conf()" >/dev/null
	operator "create function durable() returns trigger language plpgsql as \$\$ begin
		if current_setting('synchronous_commit') <> 'on' then raise 'it is %', current_setting('synchronous_commit'); end if;
		return new; end \$\$" \
		"create trigger durable before insert or update on contacts for each row execute function durable()"
	load_begin
	passes
	expect_log 'level=warn event=postgres.not_durable .*fsync is off'
}
