# SPDX-License-Identifier: Apache-2.0
# setup_suite - one server for all tests of this folder, unless the caller brought one.
# shellcheck shell=bash

# shellcheck source=tests/flow/support/postgres.bash
source "${BASH_SOURCE[0]%/*}/../support/postgres.bash"

setup_suite() {
	[[ -z $INTAKE_TEST_PG_DIR ]] || return 0
	server_start
	SERVER_IS_OURS=yes
}

teardown_suite() {
	[[ -z ${SERVER_IS_OURS-} ]] || server_stop
}
