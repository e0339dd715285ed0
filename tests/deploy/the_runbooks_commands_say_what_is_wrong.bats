#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each command of deploy/runbook.md, taken from there, is run in the state that its section is about, and tells it. (Those
# of systemd: the_package_works_on_debian_12. That of Prometheus: prometheus_has_an_answer_to_all_that_is_asked.)

load ../flow/support/intake
load support/runbook

readonly NOBODY_THERE=127.0.0.1:1

setup_file() {
	KAFKA_SCRIPTS=$("$PROJECT/tests/tool" kafka-scripts)
	export KAFKA_SCRIPTS
}

setup() {
	case_begin
	business_make
}

teardown() {
	[[ ! -e $CASE/redis ]] || "$PROJECT/deploy/local/redis" stop "$CASE/redis"
	case_end
}

# What the runbook's shell has, but for the group and the topic, which are the case's own.
as_operator() {
	env "PATH=$FLOW_BUILD/gateway:$FLOW_BUILD/worker:$KAFKA_SCRIPTS:$PATH" \
		"DATABASE_URL=$(login_url worker)" "$@"
}

# try SECTION BEGINNING [TEXT=REPLACEMENT]...: that command; sets output. EXIT=N: it ends with N.
try() {
	local command
	command=$(runbook_command "$1" "$2")
	command=$(fill_in <(echo "$command") "${@:3}")
	cd "$PROJECT" || return
	run "-${EXIT:-0}" as_operator timeout 60 bash -euo pipefail -c "$command"
}

# try_sql SECTION BEGINNING [TEXT=REPLACEMENT]...: as the superuser that owns this Postgres.
try_sql() {
	local command
	command=$(runbook_command "$1" "$2")
	command=$(fill_in <(echo "$command") "${@:3}")
	run -0 psql -X -A -F ' ' -v ON_ERROR_STOP=1 "$DATABASE" -c "$command"
}

# says TEXT...: each of them is in what the last command said.
says() {
	local text
	for text in "$@"; do
		[[ $output == *"$text"* ]] || { printf 'it does not say "%s", but:\n%s\n' "$text" "$output"; return 1; }
	done
}

# said PATTERN: the same, as a regular expression of a line.
said() {
	grep -qE "$1" <<<"$output" || { printf 'no line is as %s in:\n%s\n' "$1" "$output"; return 1; }
}

@test "while all is well, the runbook's commands answer and say so" {
	# shellcheck disable=SC1090
	source <("$PROJECT/deploy/local/redis" start "$CASE/redis")
	export GATEWAY_REDIS_URL
	gateway_start 1 "GATEWAY_REDIS_URL=$GATEWAY_REDIS_URL"
	worker_start 1
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	await_applied
	try Where "curl -s http://127.0.0.1:9090" "127.0.0.1:9090=$(admin_address gateway1)"
	expect "the gateway" "$output" ready
	try Where "curl -s http://127.0.0.1:9091" "127.0.0.1:9091=$(admin_address worker1)"
	expect "the worker" "$output" ready
	try IntakeTargetDown "curl" "ADDRESS=$(admin_address gateway1)"
	expect health "$output" ok
	try Where "intake-worker dead-letters list --summary"
	try Where "kafka-consumer-groups.sh" "intake-worker=$WORKER_GROUP"
	said "^$WORKER_GROUP +$CONTACTS_TOPIC +[0-5] .* 0 +intake-worker"
	try IntakeOffsetsJumped "kafka-configs.sh" "contacts=$CONTACTS_TOPIC"
	says "retention.ms=1209600000" "min.insync.replicas=1"
	try IntakeKafkaAway "kcat" "contacts=$CONTACTS_TOPIC"
	said "partition 5, leader 1, replicas: 1, isrs: 1"
	try IntakeNotStored "kafka-topics.sh"
	[[ $output != *"$CONTACTS_TOPIC"* ]]
	try IntakeKafkaRefuses "intake-worker topics create"
	says "$CONTACTS_TOPIC"
	try IntakeLagGrowing "psql"
	said "idle .*Client"
	try IntakeKeysUnavailable "psql"
	try IntakePostgresAway "psql"
	said "^ f$"
	try IntakeLimiterFellBack "redis-cli"
	expect Redis "$output" PONG
	try IntakeWorkerWaits "DATABASE_URL=" "OWNER_URL=postgresql://$PGUSER:$PGPASSWORD@$FLOW_SERVER/$CASE_DATABASE"
	says "Nothing to deploy"
	try IntakeBackfillStalled "intake-worker backfill status"
	says "No backfill is open"
}

@test "senders are counted by address" {
	gateway_start 1
	local port
	port=$(sed 's/.*://' "$CASE/gateway1.listen")
	exec 5<>"/dev/tcp/127.0.0.1/$port" 6<>"/dev/tcp/127.0.0.1/$port"
	try IntakeConnectionsRefused "ss" ":8080=:$port"
	expect "connections" "$(xargs <<<"$output")" "2 127.0.0.1"
	exec 5>&- 6>&-
}

@test "who cannot reach Kafka or Postgres says which, and the runbook's commands find it too" {
	choose_address gateway1.admin
	program_launch gateway 1 serve "GATEWAY_LISTEN=127.0.0.1:$(free_port)" \
		"GATEWAY_ADMIN_LISTEN=$(<"$CASE/gateway1.admin")" "KAFKA_BROKERS=$NOBODY_THERE"
	worker_launch 1 "DATABASE_URL=postgresql://nobody@$NOBODY_THERE/intake"
	wait_until 20 grep -q 'level=warn' "$CASE/worker1.log"
	try Where "curl -s http://127.0.0.1:9090" "127.0.0.1:9090=$(admin_address gateway1)"
	says "Kafka"
	try Where "curl -s http://127.0.0.1:9091" "127.0.0.1:9091=$(admin_address worker1)"
	says "Postgres"
	EXIT=1 try IntakeKafkaAway "kcat" "contacts=$CONTACTS_TOPIC" "\$KAFKA_BROKERS=$NOBODY_THERE"
	said "Failed to acquire metadata"
	EXIT=2 try IntakeKeysUnavailable "psql" "\$DATABASE_URL=postgresql://nobody@$NOBODY_THERE/intake"
	said "Connection refused"
	EXIT=1 try IntakeLimiterFellBack "redis-cli" "\$GATEWAY_REDIS_URL=redis://$NOBODY_THERE"
	said "Connection refused"
}

@test "a session that holds rows is found and ended, and the contact that waited is written" {
	local holder
	gateway_start 1
	worker_start 1
	sql "insert into contacts (id, business_id, name, email) values (gen_random_uuid(), '$BUSINESS', 'Old', 'ada@example.com')"
	coproc psql -X -A -t -q "$DATABASE"
	# shellcheck disable=SC2153 # bash sets it
	echo "begin; select pg_backend_pid(); update contacts set name = name;" >&"${COPROC[1]}"
	read -r -t 10 holder <&"${COPROC[0]}"
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	wait_until 20 holds_an_event
	try_sql IntakeLocked "select pid"
	said "^$holder $PGUSER idle in transaction .* update contacts"
	try_sql IntakeLocked "select pg_terminate_backend" "PID=$holder"
	await_sql "select name from contacts where email = 'ada@example.com'" Ada
}

holds_an_event() {
	(($(metric worker1 worker_held_events) > 0))
}

@test "dead letters are listed with their reason, and redriven once it is gone" {
	worker_start 1 WORKER_MAX_DEAD_SHARE=100
	sql "alter table contacts add constraint no_ada check (name <> 'Ada')"
	gateway_start 1
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	await_applied
	try IntakeDeadLetters "intake-worker dead-letters list --since 24h"
	says "refused" "no_ada"
	try Where "intake-worker dead-letters list --summary"
	said "^refused +1"
	sql "alter table contacts drop constraint no_ada"
	try IntakeDeadLetters "intake-worker dead-letters redrive" "REASON=refused"
	said "1 +would be redriven"
	try IntakeDeadLetters "intake-worker dead-letters redrive" "REASON=refused" " --dry-run="
	await_sql "select name from contacts where email = 'ada@example.com'" Ada
}

@test "a worker whose login has no right says so, and goes on when it has" {
	local login=login_${CASE_DATABASE}
	sql "create role $login login password 'x'"
	worker_launch 1 "DATABASE_URL=postgresql://$login:x@$FLOW_SERVER/$CASE_DATABASE"
	gateway_start 1
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	wait_until 30 grep -q 'event=lane.waiting' "$CASE/worker1.log"
	try Where "curl -s http://127.0.0.1:9091" "127.0.0.1:9091=$(admin_address worker1)"
	says "Postgres refuses login or statement"
	try_sql IntakeWorkerWaits "grant" "LOGIN=$login"
	await_sql "select name from contacts where email = 'ada@example.com'" Ada
	program_stop worker1
	sql "drop role $login"
}

@test "without a worker the group's lag tells what waits; a gap in the topic is told, and filled from a mirror" {
	local mirror=$CONTACTS_TOPIC.mirror before
	worker_start 1
	python3 "$SUPPORT/histories.py" --business "$BUSINESS" --contacts 20 --seed 1 | produce >/dev/null
	await_applied
	program_stop worker1
	CONTACTS_TOPIC=$mirror owner worker topics create --partitions 6 >"$CASE/mirror.log" 2>&1
	python3 "$SUPPORT/histories.py" --business "$BUSINESS" --contacts 50 --seed 2 >"$CASE/events"
	produce <"$CASE/events" >/dev/null
	CONTACTS_TOPIC=$mirror produce <"$CASE/events" >/dev/null
	try Where "kafka-consumer-groups.sh" "intake-worker=$WORKER_GROUP"
	says "has no active members"
	said "^$WORKER_GROUP +$CONTACTS_TOPIC +[0-5] +[0-9]+ +[0-9]+ +[1-9][0-9]* +- "
	cut_all
	worker_start 1
	python3 "$SUPPORT/histories.py" --business "$BUSINESS" --contacts 20 --seed 1 | produce >/dev/null
	wait_until 20 grep -q 'event=consume.offset_jump' "$CASE/worker1.log"
	before=$(sql "select count(*) from contacts")
	try IntakeOffsetsJumped "intake-worker backfill" "--topic THAT=--topic $mirror" "--from ...=--from beginning" "--to ...=--to now"
	says "finished"
	(($(sql "select count(*) from contacts") > before))
}

# All of its records, as deploy/README.md says it is done sooner than by retention.
cut_all() {
	jq -nc --arg topic "$CONTACTS_TOPIC" '{version: 1, partitions: [range(6) | {topic: $topic, partition: ., offset: -1}]}' \
		>"$CASE/cut.json"
	as_operator kafka-delete-records.sh --bootstrap-server "$KAFKA_BROKERS" --offset-json-file "$CASE/cut.json" >"$CASE/cut.log"
}

@test "a backfill that was killed is found, resumed by its name, and cancelled" {
	load ../flow/support/backfill
	events 1 600 100 "$BUSINESS" | produce
	launch "$CASE" part env "DATABASE_URL=$(login_url worker)" "$(program_path worker)" backfill --job "$WORKER_GROUP" \
		--from beginning --to now --rate 20
	echo part >>"$CASE/programs"
	wait_until 20 sql_is "select count(*) > 0 from intake.backfill_partitions where read > 0" t
	program_kill part
	try IntakeBackfillStalled "intake-worker backfill status"
	said "^job +$WORKER_GROUP"
	says "of 600 offsets"
	try IntakeBackfillStalled "intake-worker backfill --job NAME" "NAME=$WORKER_GROUP"
	says "finished"
	try IntakeBackfillStalled "intake-worker backfill cancel" "NAME=$WORKER_GROUP"
	says "$WORKER_GROUP"
}

@test "no command of the runbook is left untried" {
	all_were_tried stack
}
