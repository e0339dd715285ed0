#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What stands between a bad record and the dead letters: their topic, Kafka, the worker's own death, and the circuit.

load support/under_load

setup() {
	matrix_setup
}

teardown() {
	"$PROJECT/deploy/local/kafka" start "$FLOW_DIR/kafka" >/dev/null
	matrix_teardown
}

polite() {
	operator "alter table contacts add constraint polite check (name !~ '^Refuse' and phone !~ '^Refuse')"
}

dead_topic() {
	"$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC.dead-letter" "$@"
}

# bats test_tags=quick
@test "the dead letters' topic takes nothing: nothing is committed past them, and all is there in the end" {
	polite
	dead_topic max.message.bytes=10
	load_begin
	wait_until 20 is_unready_for 'the topic for dead letters does not take them'
	expect_log 'level=error event=lane.waiting .*for=dead_letters .*raise its max.message.bytes'
	(($(group_lag) > 0))
	dead_topic max.message.bytes=2097152
	load_end
	expect_dead_are refused Refuse
	expect_retried dead_letters
}

@test "Kafka goes away while dead letters are written" {
	polite
	load_begin
	"$PROJECT/deploy/local/kafka" kill "$FLOW_DIR/kafka"
	sleep "$FAULT_SECONDS"
	"$PROJECT/deploy/local/kafka" start "$FLOW_DIR/kafka" >/dev/null
	load_end --repeats --reread
	expect_dead_are refused Refuse
}

@test "a worker that is killed while it writes dead letters loses none" {
	polite
	worker_start 1 WORKER_BATCH_ROWS=50
	stream_start
	for _ in 1 2 3 4; do
		sleep 1
		program_kill worker1
		worker_launch 1 WORKER_BATCH_ROWS=50
	done
	load_expects_worker
	load_end --reread
	expect_dead_are refused Refuse
}

@test "a rule that refuses all opens the circuit: no dead letter is written, and mended, all is applied" {
	operator "alter table contacts add constraint absurd check (name is null)"
	worker_start 1 WORKER_DEAD_LEAST=20
	load_expects_worker
	stream_start
	wait_until 20 is_unready_for 'too many records are bad .WORKER_MAX_DEAD_SHARE.'
	expect_log 'level=error event=lane.parking .*constraint absurd'
	# What is mended while a batch is tried leaves those dead that were refused before.
	all_are_parked() { [[ $(metric worker1 worker_partitions_paused) == 6 ]]; }
	wait_until 8 all_are_parked
	operator "alter table contacts drop constraint absurd"
	load_end
	# Each of the two lanes may write fewer than WORKER_DEAD_LEAST in small batches before.
	(($(wc -l <"$CASE/dead.json") < 40))
}

@test "a partition full of another producer's records stops no other, and nothing of it is lost" {
	worker_start 1 WORKER_LANES=1
	load_expects_worker
	seq 60000 | kcat -P -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC" -p 0
	stream_start
	wait_until 20 is_unready_for 'too many records are bad .WORKER_MAX_DEAD_SHARE.'
	stream_end
	others_are_applied() {
		[[ $("$FLOW_BUILD/tests/load/intake-lag" "$KAFKA_BROKERS" "$WORKER_GROUP" "$CONTACTS_TOPIC" 0) == 0 ]]
	}
	wait_until 15 others_are_applied
	expect "partitions that stand still" "$(metric worker1 worker_partitions_paused)" 1
	(($(metric worker1 worker_parked_events) > 0))
	(($(dead_dump | wc -l) < 200))
	# What comes to a partition that is not read from is counted all the same.
	seq 1000 | kcat -P -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC" -p 0
	lag_is_told() { [[ $(metric worker1 worker_lag_records) == "$(group_lag)" ]]; }
	wait_until 10 lag_is_told
	# Somebody has looked, and they are to go.
	program_stop worker1
	worker_start 1 WORKER_MAX_DEAD_SHARE=100
	load_expects_worker
	load_end
	expect_dead unknown_type=61000
}
