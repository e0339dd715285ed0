# SPDX-License-Identifier: Apache-2.0
# postgres - a fresh database for each test of the migrations, copied from a template that was made once.
# shellcheck shell=bash
#
# Templates: `empty`, and the web application's database with all that it may have (`full`) or as little as it may have
# (`bare`); with -migrated after the name for one that Intake's migrations went over.
# The server is the one in INTAKE_TEST_PG_DIR, or that of the flow tests, or one that server_start starts.

# shellcheck source=deploy/local/common.bash
source "${BASH_SOURCE[0]%/*}/../../../deploy/local/common.bash"

bats_require_minimum_version 1.5.0

readonly REACTION_SECONDS=10
SUPPORT=$PROJECT/tests/flow/support
INTAKE_TEST_PG_DIR=${INTAKE_TEST_PG_DIR:-${FLOW_DIR:+$FLOW_DIR/postgres}}

# ---- the server

# In a new folder, whatever there was before.
server_start() {
	INTAKE_TEST_PG_DIR=$(mktemp -d "${TMPDIR:-/tmp}/intake-pg.XXXXXX")
	chmod 711 "$INTAKE_TEST_PG_DIR"
	export INTAKE_TEST_PG_DIR
	"$PROJECT/deploy/local/postgres" start "$INTAKE_TEST_PG_DIR" --fast >/dev/null
}

server_stop() {
	"$PROJECT/deploy/local/postgres" stop "$INTAKE_TEST_PG_DIR"
	rm -rf "$INTAKE_TEST_PG_DIR"
}

# psql_env DATABASE: so that psql and its kin find it, as the superuser, with no password on their command lines.
psql_env() {
	local url
	url=$(<"$INTAKE_TEST_PG_DIR/env")
	[[ $url =~ ://(.+):(.+)@(.+):(.+)/ ]]
	export PGUSER=${BASH_REMATCH[1]} PGPASSWORD=${BASH_REMATCH[2]} PGHOST=${BASH_REMATCH[3]} PGPORT=${BASH_REMATCH[4]} PGDATABASE=$1
}

# url_as USER: of the database, for Sqitch; every user of the tests has the superuser's password.
url_as() {
	echo "postgresql://$1:$PGPASSWORD@$PGHOST:$PGPORT/$PGDATABASE"
}

# server_sql STATEMENT...: outside of any test's database.
server_sql() (
	psql_env postgres
	sql "$@"
)

# ---- templates

# Roles are the cluster's: the web application's, and an owner that may make none.
make_roles() {
	server_sql "create role anon nologin" "create role authenticated nologin" \
		"create role service_role nologin bypassrls" \
		"create role web_owner login createrole password '$(<"$INTAKE_TEST_PG_DIR/password")'" \
		"create role plain_owner login password '$(<"$INTAKE_TEST_PG_DIR/password")'" \
		"do 'begin grant intake_gateway, intake_worker to web_owner; exception when undefined_object then null; end'"
}

owner_of() {
	case $1 in
	empty*) echo intake ;;
	*) echo web_owner ;;
	esac
}

# make_template NAME DATABASE
make_template() {
	local shape=${1%-migrated} owner new=$2_new
	owner=$(owner_of "$1")
	server_sql "create database $new owner $owner"
	psql_env "$new"
	[[ $shape == empty ]] || psql -Xq -v ON_ERROR_STOP=1 -f "$SUPPORT/web_application_$shape.sql"
	[[ $shape == "$1" ]] || OWNER=$owner sqitch_run deploy
	server_sql "alter database $new rename to $2"
}

# The template's database: it belongs to the migrations as they are now.
template_database() {
	local version
	version=$(cat "$PROJECT"/migrations/sqitch.plan "$PROJECT"/migrations/*/*.sql "$SUPPORT"/web_*.sql | sha1sum)
	echo "template_${1//-/_}_${version:0:10}"
}

template_provide() {
	local database
	database=$(template_database "$1")
	[[ ! -e $INTAKE_TEST_PG_DIR/$database ]] || return 0
	make_template "$1" "$database"
	: >"$INTAKE_TEST_PG_DIR/$database"
}

# template NAME: says its database, made if need be. The first deploy makes Intake's roles: one without a superuser.
template() {
	(
		set -e
		flock 9
		if [[ ! -e $INTAKE_TEST_PG_DIR/roles ]]; then
			make_roles
			: >"$INTAKE_TEST_PG_DIR/roles"
			template_provide full-migrated
		fi
		template_provide "$1"
	) 9>"$INTAKE_TEST_PG_DIR/templates.lock" >&2
	template_database "$1"
}

# ---- a test's database

# database_from TEMPLATE [OWNER]: makes it; psql finds it.
database_from() {
	local source owner=${2:-$(owner_of "$1")}
	source=$(template "$1")
	TEST_DATABASE=test_${BASHPID}_$RANDOM
	server_sql "create database $TEST_DATABASE template $source owner $owner"
	OWNER=$owner
	psql_env "$TEST_DATABASE"
}

database_drop() {
	server_sql "drop database if exists $TEST_DATABASE with (force)"
}

# sqitch_run deploy|revert|verify [OPTION...]: as the database's owner.
sqitch_run() {
	local command=$1
	shift
	[[ $command != revert ]] || set -- -y "$@"
	(cd "$PROJECT/migrations" && sqitch "$command" "$@" "db:$(url_as "$OWNER")")
}

# Everything in the database but Sqitch's own notes.
dump() {
	pg_dump --exclude-schema=sqitch "$@" | grep -v '^\\\(un\)\?restrict '
}

# sql STATEMENT...: each in a transaction of its own.
sql() {
	local -a commands=()
	local statement
	for statement; do commands+=(-c "$statement"); done
	psql -XAtq -v ON_ERROR_STOP=1 "${commands[@]}"
}

# sql_as ROLE STATEMENT...
sql_as() {
	local role=$1
	shift
	PGOPTIONS="${PGOPTIONS-} -c role=$role" sql "$@"
}

# refused WORDS COMMAND...: it fails, and its words are among what it says.
# shellcheck disable=SC2154 # run sets status and output
refused() {
	local words=$1
	shift
	run "$@"
	[[ $status -ne 0 ]] || { echo "was not refused: $*"; return 1; }
	[[ $output == *"$words"* ]] || { echo "not refused with '$words': $output"; return 1; }
}

# equal WANTED FOUND
equal() {
	[[ $1 == "$2" ]] || { diff <(echo "$1") <(echo "$2"); return 1; }
}

# ---- what the worker does, and somebody else

BUSINESS=00000000-0000-4000-8000-00000000000b
ADDRESS=ada@example.com

# version OFFSET_MS: a UUIDv7 of now and so many milliseconds.
version() {
	local ms
	ms=$(printf '%012x' $((${EPOCHREALTIME/[.,]/} / 1000 + $1)))
	printf '%s-%s-7%03x-8%03x-%06x%06x\n' "${ms:0:8}" "${ms:8}" $((RANDOM % 4096)) $((RANDOM % 4096)) \
		$((RANDOM * 512 + RANDOM % 512)) $((RANDOM * 512 + RANDOM % 512))
}

business_make() {
	sql "insert into auth.users (id) values ('$BUSINESS')" 2>/dev/null || true
	sql "insert into businesses (id, user_id, name, created_at, updated_at) values ('$BUSINESS', '$BUSINESS', 'B', now(), now())"
}

# worker_statement NAME EVENT [PHONE [PHONE_EVENT [ID [ADDRESS]]]]: the worker's statement for one folded row, as SQL.
# Whether it looks first must make no difference: chance says.
worker_statement() {
	local look_first=$((RANDOM % 2))
	local name=$1 event=$2 phone=${3-} phone_event=${4-} id=${5:-$2} address=${6:-$ADDRESS}
	[[ -z $phone ]] || phone_event=${phone_event:-$event}
	echo "prepare upsert as"
	cat "$PROJECT/worker/upsert.sql"
	echo "; execute upsert ('{$id}', '{$BUSINESS}', '{$address}', array['$name'], '{$event}',"
	echo "array[nullif('$phone', '')], '{${phone_event:-null}}', '$look_first');"
}

# worker_applies, as worker_statement: applies it, says "inserted|updated".
worker_applies() {
	worker_statement "$@" | PGOPTIONS="-c role=intake_worker" psql -XAtq -v ON_ERROR_STOP=1
}

# contact [ADDRESS]: its values.
contact() {
	sql "select name, phone, status from contacts where business_id = '$BUSINESS' and email = '${1:-$ADDRESS}'"
}

# versions [ADDRESS]: of name, phone and status.
versions() {
	sql "select name_event_id, phone_event_id, status_event_id from contacts
		where business_id = '$BUSINESS' and email = '${1:-$ADDRESS}'"
}

# ---- two sessions at once

declare -gA SESSION

# session_begin NAME [ROLE]: a psql that session_tell talks to; what it says is in $BATS_TEST_TMPDIR/NAME.
session_begin() {
	local descriptor
	mkfifo "$BATS_TEST_TMPDIR/$1.in"
	PGOPTIONS="-c role=${2:-none}" PGAPPNAME=$1 \
		psql -XAtq <"$BATS_TEST_TMPDIR/$1.in" >"$BATS_TEST_TMPDIR/$1" 2>&1 3>&- &
	exec {descriptor}>"$BATS_TEST_TMPDIR/$1.in"
	SESSION[$1]=$descriptor
}

# session_tell NAME SQL
session_tell() {
	echo "$2" >&"${SESSION[$1]}"
}

sql_true() {
	[[ $(sql "$1") == t ]]
}

await_sql() {
	wait_until "$REACTION_SECONDS" sql_true "$1" || { echo "never came: $1"; return 1; }
}

# session_waits NAME: until that session waits for a lock.
session_waits() {
	await_sql "select exists (select from pg_stat_activity where application_name = '$1' and wait_event_type = 'Lock')"
}

# session_idle NAME: until it has done all that it was told.
session_idle() {
	await_sql "select state like 'idle%' from pg_stat_activity where application_name = '$1'"
}
