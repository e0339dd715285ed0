#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Secrets that come by file are in no environment and on no command line; who has the same user cannot look into either
# program, and a crash leaves no core file.

load support/intake

readonly KAFKA_PASSWORD=a-password-for-kafka

setup() {
	((EUID == 0)) || skip "only root can be another user"
	case_begin
	business_make
	chmod 711 "$CASE"
	install -d -o nobody "$CASE/nobody"
	login_url gateway >"$CASE/nobody/gateway.url"
	login_url worker >"$CASE/nobody/worker.url"
	echo "$KAFKA_PASSWORD" >"$CASE/nobody/kafka"
	chown nobody "$CASE"/nobody/*
}

teardown() {
	[[ -z ${BYSTANDER:-} ]] || kill "$BYSTANDER"
	case_end
}

as_nobody() {
	setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
}

# start PROGRAM COMMAND NAME=value...: as nobody, where cores would be written, with secrets by file alone.
start() {
	local program=$1 name=${1}1 command=$2
	shift 2
	echo "$name" >>"$CASE/programs"
	echo "127.0.0.1:$(free_port)" >"$CASE/$name.admin"
	# shellcheck disable=SC2016 # that shell's
	launch "$CASE" "$name" setpriv --reuid=nobody --regid=nogroup --clear-groups \
		sh -c 'cd "$0" && ulimit -c unlimited && exec env -i "$@"' "$CASE/nobody" \
		KAFKA_BROKERS="$KAFKA_BROKERS" CONTACTS_TOPIC="$CONTACTS_TOPIC" \
		DATABASE_URL_FILE="$CASE/nobody/$program.url" KAFKA_PROPERTY_SASL_PASSWORD_FILE="$CASE/nobody/kafka" \
		"${program^^}_ADMIN_LISTEN=$(admin_address "$name")" "$@" "$(program_path "$program")" "$command"
	await_ready "$name"
}

start_both() {
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.listen"
	start gateway serve "GATEWAY_LISTEN=$(<"$CASE/gateway1.listen")"
	start worker run WORKER_GROUP="$WORKER_GROUP"
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	await_sql "select count(*) from contacts" 1
}

# bystander: a process of the same user that does not protect itself. Sets BYSTANDER.
bystander() {
	setpriv --reuid=nobody --regid=nogroup --clear-groups sleep 600 3>&- &
	BYSTANDER=$!
	wait_until 5 as_nobody head -c 0 "/proc/$BYSTANDER/maps"
}

@test "what other processes can see of them holds no secret" {
	start_both
	for name in gateway1 worker1; do
		cat "/proc/$(program_pid $name)/environ" "/proc/$(program_pid $name)/cmdline" >"$CASE/seen"
		grep -aq DATABASE_URL_FILE= "$CASE/seen"
		run -1 grep -aF -e "$FLOW_PROGRAM_PASSWORD" -e "$KAFKA_PASSWORD" "$CASE/seen"
		run -1 pgrep -P "$(program_pid $name)"
	done
}

@test "who has the same user cannot look into them" {
	bystander
	start_both
	for file in environ maps mem auxv; do
		as_nobody head -c 0 "/proc/$BYSTANDER/$file"
		run -1 as_nobody head -c 0 "/proc/$(program_pid gateway1)/$file"
		run -1 as_nobody head -c 0 "/proc/$(program_pid worker1)/$file"
	done
	run -1 as_nobody "$PROJECT/tests/deploy/support/freeze.py" "$(program_pid worker1)" 0
	grep -q 'Operation not permitted' <<<"$output"
	as_nobody "$PROJECT/tests/deploy/support/freeze.py" "$BYSTANDER" 0
}

@test "a crash leaves no core file" {
	case $(</proc/sys/kernel/core_pattern) in
	'|'* | /*) skip "core files go elsewhere on this machine" ;;
	esac
	(ulimit -c unlimited) || skip "this machine allows no core files"
	run as_nobody sh -c "cd '$CASE/nobody' && ulimit -c unlimited && kill -ABRT \$\$"
	[[ -n $(find "$CASE/nobody" -name 'core*') ]]
	rm "$CASE"/nobody/core*
	start_both
	for name in gateway1 worker1; do
		kill -s ABRT "$(program_pid $name)"
		wait_until 5 server_gone "$CASE" $name
	done
	[[ -z $(find "$CASE/nobody" -name 'core*') ]]
}
