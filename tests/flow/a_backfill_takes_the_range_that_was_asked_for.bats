#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Partitions, offsets, businesses and topics can be chosen; the bounds are fixed when the job is made.

load support/intake

readonly EVENTS=3000 CONTACTS=600

setup() {
	case_begin
	load support/backfill
	business_make
}

teardown() {
	case_end
}

# refused WANTED OPTION...: exit code 2 and a sentence.
refused() {
	local wanted=$1 code=0
	shift
	backfill "$@" 2>"$CASE/refused" || code=$?
	expect "exit code of $*" "$code" 2
	grep -qF -- "$wanted" "$CASE/refused" || { cat "$CASE/refused"; return 1; }
}

# ranges FILE: "partition from to" of the job's events.
ranges() {
	jq -r 'select(.event == "range") | "\(.partition) \(.from) \(.to)"' "$1"
}

@test "partitions and offsets are taken as they are said" {
	local end3
	events 1 "$EVENTS" "$CONTACTS" "$BUSINESS" | produce
	backfill --from beginning --to now --partitions 1,3-4 --job some --json >"$CASE/some"
	expect partitions "$(ranges "$CASE/some" | cut -d ' ' -f 1 | xargs)" '1 3 4'
	expect read "$(backfill_figure "$CASE/some" read)" "$(ranges "$CASE/some" | awk '{ n += $3 - $2 } END { print n }')"

	end3=$(ranges "$CASE/some" | sed -n 's/^3 0 //p')
	printf '# what was left\n\n3 %d\n1 10 # of partition 1\n' $((end3 - 5)) >"$CASE/offsets"
	backfill --from-offsets "$CASE/offsets" --to now --partitions 1,3 --job left --json >"$CASE/left"
	expect "range of 3" "$(ranges "$CASE/left" | grep '^3')" "3 $((end3 - 5)) $end3"
	expect "start of 1" "$(ranges "$CASE/left" | grep -o '^1 [0-9]*')" '1 10'
	printf '{"3": %d, "1": 10}' $((end3 - 5)) >"$CASE/json"
	backfill --from-offsets "$CASE/json" --to now --partitions 1,3 --job left 2>"$CASE/same"
	grep -q 'was finished before' "$CASE/same"

	refused 'made with another --from-offsets' --from-offsets <(echo '3 1') --to now --job left
	refused 'made with another --partitions (1,3)' --job left --partitions 1
	refused 'line 2: ' --from-offsets <(printf '0 1\n1 x\n') --to now
	refused 'names no offset for partition 0' --from-offsets "$CASE/offsets" --to now
	refused 'names partition 1, which is not replayed' --from-offsets "$CASE/offsets" --to now --partitions 3
	refused 'ends at offset' --from-offsets <(echo '3 999999') --to now --partitions 3
	refused 'has no partition 7; its last is 5' --from beginning --to now --partitions 5-7
	refused '--to is before --from' --from -1h --to -2h
	refused '--to is before --from' --from now --to 2020-01-01T00:00:00Z
	refused '--to is before --from' --from -1h --to beginning

	backfill --from 2020-01-01T00:00:00Z --to 2020-01-02T00:00:00Z 2>"$CASE/empty"
	grep -q 'has no records in its range: nothing to do' "$CASE/empty"
}

@test "some of a thousand businesses are replayed" {
	local first=$BUSINESS
	business_make
	seq 0 999 | awk -v a="$first" -v b="$BUSINESS" '
		$1 == 500 { print a; next }
		$1 == 700 { print b; next }
		{ printf "00000000-0000-4000-9000-%012d\n", $1 }' >"$CASE/businesses"
	# An event each, four times.
	for turn in 0 1 2 3; do
		awk -v turn="$turn" '{
			n = turn * 1000 + NR
			printf "01900000-%04x-7%03x-8000-%012x\t", n / 4096, n % 4096, n
			printf "%s:c@example.com\t{\"business_id\":\"%s\",\"name\":\"N%d\",\"email\":\"c@example.com\"}\n",
				$1, $1, n }' "$CASE/businesses"
	done | produce
	backfill --from beginning --to now --business "$first" --json >"$CASE/one"
	expect "of one" "$(backfill_figure "$CASE/one" '| "\(.read) \(.others) \(.inserted) \(.gone)"')" '4000 3996 1 0'
	backfill --from beginning --to now --business "$first" --business "$BUSINESS" --json >"$CASE/two"
	expect "of two" "$(backfill_figure "$CASE/two" '| "\(.others) \(.inserted)"')" '3992 1'
	expect names "$(sql "select string_agg(name, ' ' order by name) from contacts")" 'N3501 N3701'
}

@test "a mirror and the dead letters can be replayed too" {
	events 1 "$EVENTS" "$CONTACTS" "$BUSINESS" >"$CASE/events"
	CONTACTS_TOPIC=$CONTACTS_TOPIC.mirror owner worker topics create --partitions 2 >"$CASE/mirror.log" 2>&1
	CONTACTS_TOPIC=$CONTACTS_TOPIC.mirror produce <"$CASE/events"
	backfill --topic "$CONTACTS_TOPIC.mirror" --from beginning --to now --json >"$CASE/mirror"
	expect inserted "$(backfill_figure "$CASE/mirror" inserted)" "$CONTACTS"

	load support/dead_letters
	dead_letter "$BUSINESS" "$(event_id 1)" refused ada@example.com Ada
	dead_letter "$BUSINESS" "$(event_id 2)" refused bob@example.com Bob
	dead_letter_write "" "" "dead_letter.redriven=0"
	backfill --topic "$DEAD_LETTER_TOPIC" --from beginning --to now --json >"$CASE/dead"
	expect "of the dead letters" "$(backfill_figure "$CASE/dead" '| "\(.read) \(.inserted)"')" '3 2'
	expect "the topic's own job" "$(backfill --from beginning --to now --json | tail -n 1 | jq .read)" 0
}

# compacted: a contact's records have become one, but for what is still in the active segment.
compacted() {
	(($(kcat -C -q -e -o beginning -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC" -f '.\n' | wc -l) < EVENTS / 2))
}

@test "a compacted topic is replayed to its end" {
	"$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" cleanup.policy=compact \
		message.timestamp.type=LogAppendTime segment.ms=500 min.cleanable.dirty.ratio=0.01
	events 1 "$EVENTS" 20 "$BUSINESS" | produce
	sleep 1
	events $((EVENTS + 1)) $((EVENTS + 20)) 20 "$BUSINESS" | produce
	wait_until 90 compacted
	backfill --from beginning --to now --job all --json >"$CASE/all"
	expect "done" "$(backfill_figure "$CASE/all" '| .done == .offsets')" true
	expect contacts "$(sql "select count(*) from contacts")" 20
	# Its last offsets hold no record any more.
	backfill --from beginning --to now --job all 2>"$CASE/again"
	grep -q 'was finished before' "$CASE/again"
}

# produce_transaction commit|abort < events: which ends so.
produce_transaction() {
	"$FLOW_BUILD/tests/load/intake-produce" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" "$1"
}

# has_offsets NUMBER: the topic does, up to the first transaction that Kafka has yet to mark as ended.
has_offsets() {
	[[ $(backfill --from beginning --to now --dry-run --json | tail -n 1 | jq .offsets) == "$1" ]]
}

@test "of transactions what was committed is replayed, and a range may end at their marks" {
	local half=$((EVENTS / 2))
	events 1 "$half" "$CONTACTS" "$BUSINESS" | produce_transaction commit
	# A mark is the last offset of each partition now.
	wait_until 20 has_offsets $((half + 6))
	backfill --from beginning --to now --job committed --json >"$CASE/committed"
	expect "read, and the marks" "$(backfill_figure "$CASE/committed" '| "\(.event) \(.read) \(.done - .read) \(.missing)"')" \
		"finished $half 6 0"
	events $((half + 1)) "$EVENTS" "$CONTACTS" "$BUSINESS" | produce_transaction abort
	wait_until 20 has_offsets $((EVENTS + 12))
	backfill --from beginning --to now --job aborted --json >"$CASE/aborted"
	expect "read of one that was aborted" \
		"$(backfill_figure "$CASE/aborted" '| "\(.event) \(.read) \(.done == .offsets)"')" "finished $half true"
	backfill --job aborted --verify --json >"$CASE/verified"
	expect "read by a verification" "$(backfill_figure "$CASE/verified" '| "\(.read) \(.behind)"')" "$half 0"
	events 1 "$half" "$CONTACTS" "$BUSINESS" | sed 's/"N/"M/; s/^0190/0191/' | produce
	backfill --from beginning --to now --job behind --json >"$CASE/behind"
	expect "read behind it" "$(backfill_figure "$CASE/behind" read)" $((2 * half))
	expect names "$(sql "select count(*) from contacts where name like 'M%'")" "$CONTACTS"
}

@test "a topic that gets more partitions changes no job that was made before" {
	local code=0
	events 1 "$EVENTS" "$CONTACTS" "$BUSINESS" | produce
	backfill --from beginning --to now --job before --rate 500 --json >"$CASE/part" &
	wait_until 30 sql_is "select count(*) > 0 from intake.backfill_partitions where next_offset > 0" t
	kill -s INT "$(pgrep -P $! -f 'backfill.*--job before')" && { wait $! || code=$?; }
	expect "exit code of Ctrl-C" "$code" 1
	"$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" --partitions 9
	sleep 1
	events $((EVENTS + 1)) $((EVENTS + 900)) 900 "$BUSINESS" | produce
	backfill --job before --json >"$CASE/rest"
	expect read "$(backfill_figure "$CASE/rest" read)" "$EVENTS"
	backfill --from beginning --to now --job after --json >"$CASE/after"
	expect "read after" "$(backfill_figure "$CASE/after" read)" $((EVENTS + 900))
	expect partitions "$(ranges "$CASE/after" | wc -l)" 9
	# A contact's events are in two partitions now, and the newest counts all the same.
	expect names "$(sql "select count(*) filter (where substr(name, 2)::int > $EVENTS) from contacts")" 900
}

@test "what retention has taken is an error that names it, until it is accepted, and counted" {
	local code=0 part
	events 1 "$EVENTS" "$CONTACTS" "$BUSINESS" | produce
	backfill --from beginning --to now --job made --rate 300 --json >"$CASE/made" &
	wait_until 30 sql_is "select count(*) > 0 from intake.backfill_partitions where next_offset > 0" t
	kill -s INT "$(pgrep -P $! -f 'backfill.*--job made')" && { wait $! || code=$?; }
	part=$(sql "select max(partition) from intake.backfill_partitions where next_offset = 0")
	"$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" --cut "$part:100"

	code=0
	backfill --job made 2>"$CASE/gap" || code=$?
	expect "exit code over a gap" "$code" 1
	grep -q "retention has taken offsets 0 to 99 of partition $part" "$CASE/gap"
	backfill --job made --accept-gaps --json >"$CASE/accepted"
	expect missing "$(backfill_figure "$CASE/accepted" '| "\(.read) \(.missing)"')" "$((EVENTS - 100)) 100"

	code=0
	backfill --from -1h --to now --job new 2>"$CASE/new" || code=$?
	expect "exit code of a new one" "$code" 1
	grep -qE "^partition $part: offsets before 100 are gone; the first that is left came at 20" "$CASE/new"
	code=0
	backfill --from-offsets <(printf '%d 40\n' "$part") --partitions "$part" --to now --job exact \
		2>"$CASE/exact" || code=$?
	expect "exit code of exact offsets" "$code" 1
	grep -q "^partition $part: offsets 40 to 99 are gone" "$CASE/exact"
	backfill --from-offsets <(printf '%d 40\n' "$part") --partitions "$part" --to now --job exact --accept-gaps \
		--json >"$CASE/exact"
	expect "missing of exact offsets" "$(backfill_figure "$CASE/exact" missing)" 60
	backfill --from beginning --to now --job whole --json >"$CASE/whole"
	expect "missing from the beginning" "$(backfill_figure "$CASE/whole" '| "\(.read) \(.missing)"')" "$((EVENTS - 100)) 0"
}

# Of which the producer makes several batches, and so many in partition 0 as END says.
several_batches() {
	for turn in 1 2 3 4 5 6; do
		events $((turn * 1000 + 1)) $((turn * 1000 + 1000)) "$CONTACTS" "$BUSINESS" | produce
	done
	END=$(topic_dump | jq -s 'map(select(.partition == 0)) | length')
}

# slowly NAME OPTION...: a backfill of partition 0 that has fetched little of what it has yet to apply.
slowly() {
	local name=$1
	shift
	KAFKA_PROPERTY_QUEUED_MIN_MESSAGES=1 KAFKA_PROPERTY_QUEUED_MAX_MESSAGES_KBYTES=1 \
		KAFKA_PROPERTY_FETCH_MESSAGE_MAX_BYTES=1 WORKER_BATCH_ROWS=40 \
		backfill --from-offsets <(echo '0 0') --partitions 0 --to now --job "$name" --lanes 1 --rate 200 --json "$@"
}

# cut_while_it_runs NAME OFFSET: once it has begun.
cut_while_it_runs() {
	wait_until 30 sql_is "select sum(read) > 0 from intake.backfill_partitions where job = '$1'" t
	"$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" --cut "0:$2"
}

@test "what retention takes while it is read is a gap as well" {
	several_batches
	slowly accepted --accept-gaps >"$CASE/accepted" &
	cut_while_it_runs accepted $((END - 100))
	wait $!
	expect "all but what is missing" "$(backfill_figure "$CASE/accepted" '| "\(.event) \(.read + .missing)"')" "finished $END"
	expect "some is missing, and what is left is read" \
		"$(backfill_figure "$CASE/accepted" '| .missing > 100 and .read >= 100')" true
	expect "not counted as read" "$(sql "select sum(missing) > 0 and sum(read) < $END from intake.backfill_partitions")" t
}

@test "what retention takes while it is read is an error that names it" {
	local code=0
	several_batches
	slowly named >"$CASE/named" 2>"$CASE/named.log" &
	cut_while_it_runs named $((END - 100))
	wait $! || code=$?
	expect "exit code" "$code" 1
	grep -qE "^retention has taken offsets [0-9]+ to $((END - 101)) of partition 0: --accept-gaps goes on" "$CASE/named.log"
	expect "done so far" "$(sql "select next_offset = read and read > 0 from intake.backfill_partitions")" t
}

@test "a topic that was cut or made anew is told, whether its next offset or only the range's end is gone" {
	local code=0 turn
	events 1 "$EVENTS" "$CONTACTS" "$BUSINESS" | produce
	for turn in begun untouched; do
		printf '0 %d\n' "$([[ $turn == begun ]] && echo 300 || echo 0)" >"$CASE/$turn"
		backfill --from-offsets "$CASE/$turn" --partitions 0 --to now --job "$turn" --rate 20 --lanes 1 \
			>"$CASE/$turn.log" 2>&1 &
		wait_until 30 sql_is "select count(*) from intake.backfill_partitions where job = '$turn'" 1
		kill -s INT "$(pgrep -P $! -f "backfill.*--job $turn")" && { wait $! || code=$?; }
		expect "exit code of Ctrl-C" "$code" 1
	done
	"$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" --delete
	sleep 1
	owner worker topics create --partitions 6 >"$CASE/topics.log" 2>&1
	events 1 600 600 "$BUSINESS" | produce
	for turn in begun untouched; do
		code=0
		backfill --job "$turn" >"$CASE/$turn.log" 2>&1 || code=$?
		expect "exit code of $turn" "$code" 1
		grep -q 'was cut or made anew' "$CASE/$turn.log" || { cat "$CASE/$turn.log"; return 1; }
	done
}
