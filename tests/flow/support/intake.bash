# SPDX-License-Identifier: Apache-2.0
# intake - what a flow test says: start programs, post, look at tables and topics.
# shellcheck shell=bash
#
# A case gets a database, a topic and a consumer group of its own (case_begin) and leaves no process
# (case_end, which shows the programs' logs when the case failed). Every wait has a bound.

# shellcheck source=deploy/local/common.bash
source "${BASH_SOURCE[0]%/*}/../../../deploy/local/common.bash"

readonly READY_SECONDS=30 STOP_SECONDS=30 APPLY_SECONDS=60 ANSWER_SECONDS=30
SUPPORT=$PROJECT/tests/flow/support

# ---- a case

# For a file whose cases compare times: machines have other things to do, so what fails in one is tried
# once more before it counts, and that is told.
measures_time() {
	# shellcheck disable=SC2034 # for bats
	BATS_TEST_RETRIES=1
}

case_begin() {
	((${BATS_TEST_TRY_NUMBER:-1} == 1)) || echo "# once more, because times are a matter of the machine too: $BATS_TEST_DESCRIPTION" >&3
	CASE=$(mktemp -d "$FLOW_DIR/case.XXXXXX")
	local name=case_${CASE##*.}
	CASE_DATABASE=${name,,}
	export CASE CASE_DATABASE
	export CONTACTS_TOPIC=$name WORKER_GROUP=$name
	psql -X -q "postgresql://$FLOW_SERVER/postgres" \
		-c "create database $CASE_DATABASE template template_intake"
	DATABASE=postgresql://$FLOW_SERVER/$CASE_DATABASE
	owner worker topics create --partitions 6 >"$CASE/topics.log" 2>&1 || { cat "$CASE/topics.log"; return 1; }
	: >"$CASE/programs"
	: >"$CASE/keys"
}

# What a case that failed has left in the background would hold the suite up until its own limit.
end_jobs() {
	local job
	for job in $(jobs -p); do
		# shellcheck disable=SC2046 # children, or none
		kill $(cat "/proc/$job/task/$job/children") "$job" 2>/dev/null || true
		kill -s CONT "$job" 2>/dev/null || true
	done
}

case_end() {
	local program log
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || end_jobs
	while read -r program; do
		end "$CASE" "$program" TERM "$STOP_SECONDS"
	done <"$CASE/programs"
	if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
		for log in "$CASE"/*.log; do
			echo "--- the end of ${log##*/}"
			tail -n 15 "$log"
		done
		echo "--- (the case's folder: $CASE)"
	fi
	psql -X -q "postgresql://$FLOW_SERVER/postgres" \
		-c "drop database if exists $CASE_DATABASE with (force)" || true
	[[ -z ${BATS_TEST_COMPLETED:-} ]] || rm -rf "$CASE"
}

# ---- the programs

program_path() {
	echo "$FLOW_BUILD/$1/intake-$1"
}

login_url() {
	echo "postgresql://flow_$1:$FLOW_PROGRAM_PASSWORD@$FLOW_SERVER/$CASE_DATABASE"
}

# owner gateway|worker COMMAND...: run by the tables' owner, as the contract says of administration.
owner() {
	local program=$1
	shift
	DATABASE_URL=$DATABASE timeout 60 "$(program_path "$program")" "$@"
}

admin_address() {
	cat "$CASE/$1.admin"
}

is_ready() {
	server_gone "$CASE" "$1" ||
		curl -s -f -m 2 -o /dev/null "http://$(admin_address "$1")/readyz"
}

await_ready() {
	if ! wait_until "$READY_SECONDS" is_ready "$1" || server_gone "$CASE" "$1"; then
		echo "$1 did not become ready"
		return 1
	fi
}

# program_launch gateway|worker NUMBER COMMAND NAME=value...
program_launch() {
	local program=$1 name=$1$2 command=$3
	shift 3
	grep -qsx "$name" "$CASE/programs" || echo "$name" >>"$CASE/programs"
	launch "$CASE" "$name" env "DATABASE_URL=$(login_url "$program")" "$@" \
		"$(program_path "$program")" "$command"
}

# choose_address FILE: made up the first time, the same when the program is started again.
choose_address() {
	[[ -e $CASE/$1 ]] || echo "127.0.0.1:$(free_port)" >"$CASE/$1"
}

# gateway_start NUMBER [NAME=value]...: at the same addresses when it is started again.
gateway_start() {
	local name=gateway$1 number=$1
	shift
	choose_address "$name.listen"
	choose_address "$name.admin"
	program_launch gateway "$number" serve "GATEWAY_LISTEN=$(<"$CASE/$name.listen")" \
		"GATEWAY_ADMIN_LISTEN=$(<"$CASE/$name.admin")" "$@"
	await_ready "$name"
}

worker_launch() {
	local name=worker$1 number=$1
	shift
	choose_address "$name.admin"
	program_launch worker "$number" run "WORKER_ADMIN_LISTEN=$(<"$CASE/$name.admin")" "$@"
}

worker_start() {
	worker_launch "$@"
	await_ready "worker$1"
}

# program_stop NAME: SIGTERM; it must exit 0 by itself. Only in the process that started it.
program_stop() {
	local pid code=0
	pid=$(server_pid "$CASE" "$1")
	kill -s TERM "$pid"
	if ! wait_until "$STOP_SECONDS" server_gone "$CASE" "$1"; then
		echo "$1 did not stop within $STOP_SECONDS s"
		return 1
	fi
	wait "$pid" || code=$?
	rm -f "$CASE/$1.pid"
	((code == 0)) || { echo "$1 exited $code"; return 1; }
}

program_kill() {
	end "$CASE" "$1" KILL 5
}

program_pid() {
	server_pid "$CASE" "$1"
}

metrics() {
	curl -s -m 5 "http://$(admin_address "$1")/metrics"
}

# metric PROGRAM NAME: the sum over its labels.
metric() {
	metrics "$1" | awk -v name="$2" '
		$1 == name || index($1, name "{") == 1 { sum += $NF; found = 1 }
		END { if (found) printf "%.0f\n", sum; else print "none" }'
}

memory_kb() {
	awk '/^VmRSS/ { print $2 }' "/proc/$(program_pid "$1")/status"
}

# ---- senders

webhook() {
	echo "http://$(<"$CASE/gateway$1.listen")/api/webhooks/contacts"
}

# business_make [OPTION...]: sets BUSINESS and KEY; the key is also added to $CASE/keys.
business_make() {
	BUSINESS=$(owner gateway business create --name "Case" --json "$@" | jq -r .business_id)
	key_make "$BUSINESS"
	echo "$KEY" >>"$CASE/keys"
}

# key_make BUSINESS [OPTION...]: sets KEY.
key_make() {
	KEY=$(owner gateway key regenerate --business "$@" --json | jq -r .api_key)
	[[ $KEY =~ ^sk_[0-9a-f]{64}$ ]]
}

# post GATEWAY KEY BODY [CURL_OPTION...]: sets STATUS, BODY and $CASE/head. JSON unless an option says.
post() {
	local gateway=$1 key=$2 body=$3
	shift 3
	[[ "$*" == *content-type:* ]] || set -- -H 'content-type: application/json' "$@"
	STATUS=$(curl -sS -m "$ANSWER_SECONDS" -o "$CASE/answer" -D "$CASE/head" -w '%{http_code}' \
		-H @<(printf 'x-api-key: %s\n' "$key") \
		--data-binary "$body" "$@" "$(webhook "$gateway")")
	BODY=$(<"$CASE/answer")
}

contact_json() {
	jq -nc --arg name "$1" --arg email "$2" --arg phone "${3:-}" \
		'{$name, $email} + if $phone == "" then {} else {$phone} end'
}

# header NAME: of the last answer.
header() {
	tr -d '\r' <"$CASE/head" | awk -v name="${1,,}" '
		BEGIN { FS = ": " } tolower($1) == name { sub(/^[^:]*: /, ""); print }'
}

# expect WHAT GOT WANTED
expect() {
	[[ $2 == "$3" ]] || {
		echo "$1 is '$2', not '$3'"
		return 1
	}
}

expect_accepted() {
	[[ $STATUS == 202 && $(jq -r .status <<<"$BODY") == accepted ]] || {
		echo "not accepted: $STATUS $BODY"
		return 1
	}
}

# expect_refused STATUS ERROR: with the members and headers that every refusal has.
expect_refused() {
	if [[ $STATUS != "$1" ]] || ! jq -e --arg error "$2" --argjson status "$1" \
		'.success == false and .error == $error and .status == $status
			and (.message | length > 0) and (.request_id | length > 0)' <<<"$BODY" >/dev/null; then
		echo "wanted $1 $2, got $STATUS $BODY"
		return 1
	fi
}

# ---- tables and topics

sql() {
	psql -X -A -t -q -v ON_ERROR_STOP=1 "$DATABASE" -c "$1"
}

sql_is() {
	[[ $(sql "$1") == "$2" ]]
}

# await_sql QUERY WANTED: within the time that applying may take.
await_sql() {
	wait_until "$APPLY_SECONDS" sql_is "$1" "$2" || {
		echo "$1: '$(sql "$1")', not '$2'"
		return 1
	}
}

# The topic as JSON lines, headers included.
topic_dump() {
	kcat -C -q -J -e -o beginning -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC" 2>"$CASE/kcat.log"
}

# How many records it has: what a group that never read it has not committed.
topic_count() {
	group_lag nobody
}

topic_has() {
	(($(topic_count) >= $1))
}

# Records that the group has not committed yet.
group_lag() {
	timeout 20 "$FLOW_BUILD/tests/load/intake-lag" "$KAFKA_BROKERS" "${1:-$WORKER_GROUP}" "$CONTACTS_TOPIC"
}

contacts_dump() {
	sql "select row_to_json(c) from contacts c order by business_id, email"
}

# The table byte for byte, in the order of its keys.
contacts_copy() {
	sql "copy (select * from contacts order by business_id, email) to stdout"
}

# all_applied [GROUP]: the group has committed every record of the topic.
all_applied() {
	[[ $(group_lag "$@") == 0 ]]
}

await_applied() {
	wait_until "$APPLY_SECONDS" all_applied "$@" || {
		echo "lag after $APPLY_SECONDS s: $(group_lag "$@")"
		return 1
	}
}

# expect_fold [--repeats] [--grown] [--answers MARKER=FILE]...: the table is what the topic says.
expect_fold() {
	topic_dump >"$CASE/topic.json"
	contacts_dump >"$CASE/contacts.json"
	python3 "$SUPPORT/check_fold.py" "$CASE/topic.json" "$CASE/contacts.json" "$@" | tee -a "$CASE/fold.log"
	return "${PIPESTATUS[0]}"
}

# The dead letters as JSON lines, headers included.
dead_dump() {
	kcat -C -q -J -e -o beginning -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC.dead-letter" 2>"$CASE/kcat.log"
}

# expect_fold_but_dead [--gone BUSINESS]...: the table is what the topic says, without the dead letters,
# and those are records of the topic.
expect_fold_but_dead() {
	dead_dump >"$CASE/dead.json"
	expect_fold --dead "$CASE/dead.json" "$@"
}

# expect_dead REASON=COUNT...: exactly these; none without. After expect_fold_but_dead.
expect_dead() {
	expect "dead letters" "$(tail -n 1 "$CASE/fold.log" |
		grep -oE '(tombstone|unknown_type|undecodable|invalid|business_gone|refused)=[0-9]+' | xargs)" "$*"
}

# produce < events: as tests/load/produce.c reads them.
produce() {
	"$FLOW_BUILD/tests/load/intake-produce" "$KAFKA_BROKERS" "$CONTACTS_TOPIC"
}

# load OPTION...: keys from $CASE/keys, every answer in $CASE/answers, the summary in $CASE/load.
load_run() {
	"$FLOW_BUILD/tests/load/intake-load" --keys "$CASE/keys" --out "$CASE/answers" "$@" >"$CASE/load"
}

load_figure() {
	sed -n "s/^$1=//p" "$CASE/load"
}
