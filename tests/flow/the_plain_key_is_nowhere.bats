#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A key is shown once: afterwards no database, topic, log, metric or core file has it.

load support/intake

setup() {
	case_begin
	business_make
	gateway_start 1 LOG_LEVEL=debug
	worker_start 1 LOG_LEVEL=debug
}

teardown() {
	case_end
}

@test "the plain key is in no database, topic, log or metric" {
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	post 1 "$KEY" '{"name":"","email":"x"}'
	expect_refused 400 validation_failed
	post 1 "$KEY" "not json"
	expect_refused 400 invalid_json
	curl -s -o "$CASE/answer" "$(webhook 1)?key=$KEY" -d '{}'
	curl -s -o "$CASE/answer" "$(webhook 1)?key=$KEY" -H "x-api-key: $KEY" -d '{}'
	curl -s -o /dev/null "http://$(<"$CASE/gateway1.listen")/$KEY" || true
	await_sql "select count(*) from contacts" 1
	hex=${KEY#sk_}
	pg_dump "$DATABASE" >"$CASE/dump.sql"
	grep -q ada@example.com "$CASE/dump.sql"
	topic_dump >"$CASE/topic.json"
	metrics gateway1 >"$CASE/gateway.metrics"
	metrics worker1 >"$CASE/worker.metrics"
	[[ -s $CASE/gateway.metrics && -s $CASE/worker.metrics && -s $CASE/gateway1.log ]]
	run -1 grep -l "$hex" "$CASE/dump.sql" "$CASE/topic.json" "$CASE/gateway.metrics" \
		"$CASE/worker.metrics" "$CASE/gateway1.log" "$CASE/worker1.log" "$FLOW_DIR/postgres/log"
}

@test "no e-mail, name or phone is in a log or a metric, whatever becomes of the request" {
	business_make --limit 100
	post 1 "$KEY" "$(contact_json Zebedee zebedee@example.com '+44 777 888')"
	expect_accepted
	post 1 "$KEY" '[{"fullname":"Zebedee","mail":"zebedee@example.com","email":"Zebedee@other.example"}]'
	expect_accepted
	for body in '{"name":"Zebedee","email":"zebedee@@example"}' '[{"name":"Zebedee"},"zebedee@example.com"]' \
		'{"name":"Zebedee","email":"zebedee@example.com","phone":777888.5}' \
		'{"name":"Zebedee","email":zebedee@example.com}' '"zebedee@example.com"' 'zebedee@example.com' \
		'name=Zebedee&email=zebedee@@example' 'zebedee@example.com=1' '<name>Zebedee</name>' \
		"{\"name\":\"Zebedee$(printf '%0200d' 0)\",\"email\":\"zebedee@example.com\"}"; do
		post 1 "$KEY" "$body"
		[[ $STATUS == 4?? ]]
		sleep 1.1 # a log line for each
	done
	post 1 "" "$(contact_json Zebedee zebedee@example.com)"
	expect_refused 401 missing_api_key
	curl -s -o /dev/null "$(webhook 1)?email=zebedee@example.com" -H 'X-Forwarded-For: zebedee'
	await_sql "select count(*) from contacts" 2
	metrics gateway1 >"$CASE/gateway.metrics"
	metrics worker1 >"$CASE/worker.metrics"
	run -0 grep -c event=request.refused "$CASE/gateway1.log"
	((output >= 10))
	run -1 grep -iE 'zebedee|777.?888' "$CASE/gateway.metrics" "$CASE/worker.metrics" \
		"$CASE/gateway1.log" "$CASE/worker1.log"
}

@test "a gateway that aborts leaves no core file" {
	case $(</proc/sys/kernel/core_pattern) in
	'|'* | /*) skip "core files go elsewhere on this machine" ;;
	esac
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	pid=$(program_pid gateway1)
	grep -qE '^Max core file size +0 +0' "/proc/$pid/limits"
	directory=$(readlink "/proc/$pid/cwd")
	kill -s ABRT "$pid"
	wait_until 5 server_gone "$CASE" gateway1
	[[ -z $(find "$directory" -maxdepth 1 -name 'core*' -type f -newer "$CASE/gateway1.listen") ]]
}

@test "nobody but root may look into the gateway's memory" {
	((EUID == 0)) || skip "only root can be somebody else"
	pid=$(program_pid gateway1)
	expect "owner of its memory" "$(stat -c %U "/proc/$pid/mem")" root
	if command -v gcore >/dev/null; then
		run -1 setpriv --reuid=nobody --clear-groups gcore -o "$CASE/core" "$pid"
	fi
}
