# SPDX-License-Identifier: Apache-2.0
# setup_suite - one Postgres and one Kafka for a whole run of flow tests; a database to copy from.
# shellcheck shell=bash

# shellcheck source=deploy/local/common.bash
source "${BASH_SOURCE[0]%/*}/../../deploy/local/common.bash"

# What Intake's own operator would do: migrate, and make a login for each program.
make_template() {
	local login=${DATABASE_URL#*://}
	login=${login%%@*}
	export PGUSER=${login%%:*} PGPASSWORD=${login#*:} FLOW_SERVER=${DATABASE_URL#*@}
	FLOW_SERVER=${FLOW_SERVER%/*}
	export FLOW_PROGRAM_PASSWORD=flow-$RANDOM$RANDOM$RANDOM
	psql -X -q -v ON_ERROR_STOP=1 "postgresql://$FLOW_SERVER/postgres" \
		-c 'create database template_intake' >/dev/null
	(cd "$PROJECT/migrations" && SQITCH_FULLNAME=flow SQITCH_EMAIL=flow@localhost \
		sqitch deploy --quiet --target "db:pg://$PGUSER@$FLOW_SERVER/template_intake") >&2
	psql -X -q -v ON_ERROR_STOP=1 "postgresql://$FLOW_SERVER/postgres" <<-SQL
		create role flow_gateway login password '$FLOW_PROGRAM_PASSWORD' in role intake_gateway;
		create role flow_worker login password '$FLOW_PROGRAM_PASSWORD' in role intake_worker;
	SQL
}

setup_suite() {
	bats_require_minimum_version 1.5.0
	FLOW_DIR=$(mktemp -d "${TMPDIR:-/tmp}/intake-flow.XXXXXX")
	chmod 711 "$FLOW_DIR"
	export FLOW_DIR FLOW_BUILD=${FLOW_BUILD:-$PROJECT/build/release}
	local program
	for program in gateway/intake-gateway worker/intake-worker tests/load/intake-load; do
		[[ -x $FLOW_BUILD/$program ]] || fail "$FLOW_BUILD/$program is not built"
	done
	set -a
	# shellcheck disable=SC1090
	source <("$PROJECT/deploy/local/postgres" start "$FLOW_DIR/postgres")
	# shellcheck disable=SC1090
	source <("$PROJECT/deploy/local/kafka" start "$FLOW_DIR/kafka")
	set +a
	make_template
}

teardown_suite() {
	[[ -n ${FLOW_DIR:-} ]] || return 0
	"$PROJECT/deploy/local/kafka" kill "$FLOW_DIR/kafka"
	"$PROJECT/deploy/local/postgres" stop "$FLOW_DIR/postgres"
	rm -rf "$FLOW_DIR"
}
