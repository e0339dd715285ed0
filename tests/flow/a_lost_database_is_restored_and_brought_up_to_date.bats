#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The database's server is lost with its disk. Yesterday's backup and a replay of today's events, as
# deploy/README.md says it, make the table that the topic says; the gateway answered 202 throughout.

load support/intake

readonly RATE=200

setup() {
	case_begin
	load support/procedure
	chmod 711 "$CASE"
	server_start
	(cd "$PROJECT" && procedure migrate)
	sql "create role flow_gateway login password '$FLOW_PROGRAM_PASSWORD' in role intake_gateway"
	sql "create role flow_worker login password '$FLOW_PROGRAM_PASSWORD' in role intake_worker"
	mkdir "$CASE/backup"
	for marker in during today; do
		business_make --limit 1000000
		echo "$KEY" >"$CASE/keys.$marker"
	done
	gateway_start 1
	worker_start 1
}

teardown() {
	PGUSER=$SHARED_USER PGPASSWORD=$SHARED_PASSWORD FLOW_SERVER=$SHARED_SERVER
	"$PROJECT/deploy/local/postgres" stop "$CASE/server" || true
	case_end
}

# A server of the case's own, at the same address when it is made anew.
server_start() {
	local url
	: "${SHARED_SERVER:=$FLOW_SERVER}" "${SHARED_USER:=$PGUSER}" "${SHARED_PASSWORD:=$PGPASSWORD}"
	: "${SERVER_PORT:=$(free_port)}"
	url=$("$PROJECT/deploy/local/postgres" start "$CASE/server" --fast --port "$SERVER_PORT")
	[[ $url =~ ://(.+):(.+)@(.+)/ ]]
	export PGUSER=${BASH_REMATCH[1]} PGPASSWORD=${BASH_REMATCH[2]} FLOW_SERVER=${BASH_REMATCH[3]}
	export DATABASE=postgresql://$FLOW_SERVER/$CASE_DATABASE SUPERUSER_URL=postgresql://$FLOW_SERVER/postgres
	if [[ -z ${FIRST_PASSWORD:-} ]]; then
		psql -X -q "$SUPERUSER_URL" -c "create database $CASE_DATABASE"
		FIRST_PASSWORD=$PGPASSWORD
	else
		# The backup's roles bring the old one.
		psql -X -q "$SUPERUSER_URL" -c "alter role $PGUSER password '$FIRST_PASSWORD'"
		PGPASSWORD=$FIRST_PASSWORD
	fi
}

server_lose() {
	"$PROJECT/deploy/local/postgres" stop "$CASE/server"
	rm -rf "$CASE/server"
}

# run_procedure NAME
run_procedure() {
	procedure "$1" "SUPERUSER_URL=$SUPERUSER_URL" "BACKUP=$CASE/backup" "DATABASE_URL=$(login_url worker)"
}

# load_for SECONDS MARKER: traffic that goes on beside, of a business of its own; load_wait ends it.
load_for() {
	REQUESTS=$(($1 * RATE)) MARKER=$2
	timeout 120 "$FLOW_BUILD/tests/load/intake-load" --keys "$CASE/keys.$2" --out "$CASE/answers.$2" --marker "$2" \
		--target "$(<"$CASE/gateway1.listen")" --connections 8 --requests "$REQUESTS" --contacts 300 \
		--rate "$RATE" 3>&- >"$CASE/load" &
	LOAD_PID=$!
}

# backup_fails NAME: with no database there. Typed in at a terminal: no shell stops there at a command that fails.
backup_fails() {
	local text
	text=$(procedure_text "$1")
	run ! env OWNER_URL=postgresql://127.0.0.1:1/none SUPERUSER_URL=postgresql://127.0.0.1:1/none \
		"BACKUP=$CASE/backup" bash -c "$text"
}

backup_sums() {
	(cd "$CASE/backup" && sha256sum began roles.sql intake.dump deletions)
}

load_wait() {
	wait "$LOAD_PID"
	expect "accepted of $MARKER" "$(load_figure accepted)" "$REQUESTS"
	ANSWERS+=(--answers "$MARKER=$CASE/answers.$MARKER")
}

row_of() {
	sql "select name, phone from contacts where email = '$1'"
}

@test "a lost database is restored from yesterday's backup and today's events, and nothing accepted is missing" {
	local erased=erased@example.com edited=edited@example.com
	post 1 "$KEY" "$(contact_json "To be erased" "$erased" "+1")"
	post 1 "$KEY" "$(contact_json "To be edited" "$edited" "+2")"
	await_applied
	sql "update contacts set name = 'Edited yesterday' where email = '$edited'"

	# The backup is taken while contacts come in, and more come after it.
	load_for 8 during
	sleep 2
	run_procedure "back up"
	load_wait
	sql "delete from contacts where email = '$erased'"
	run_procedure "back up deletions"
	backup_sums >"$CASE/sums"
	expect "files that others may read" "$(find "$CASE/backup" -type f -perm /077)" ''
	await_applied

	load_for 25 today
	server_lose
	backup_fails "back up"
	backup_fails "back up deletions"
	expect "the backup, after one that failed" "$(backup_sums)" "$(<"$CASE/sums")"
	program_stop worker1
	server_start
	run_procedure restore
	run_procedure migrate
	run_procedure "restore deletions"
	run_procedure replay >"$CASE/replay"
	worker_start 1
	load_wait
	await_applied

	expect "what was erased today" "$(row_of "$erased")" ""
	expect "what was edited yesterday" "$(row_of "$edited")" "Edited yesterday|+2"
	sql "delete from contacts where email in ('$edited')"
	topic_dump | grep -vE "$erased|$edited" >"$CASE/topic.json"
	contacts_dump >"$CASE/contacts.json"
	python3 "$SUPPORT/check_fold.py" "$CASE/topic.json" "$CASE/contacts.json" "${ANSWERS[@]}" | sed 's/^/# /' >&3
	((PIPESTATUS[0] == 0))
	post 1 "$KEY" "$(contact_json "All is well" well@example.com)"
	expect_accepted
	await_sql "select name from contacts where email = 'well@example.com'" "All is well"
}
