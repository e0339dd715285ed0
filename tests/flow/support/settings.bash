# SPDX-License-Identifier: Apache-2.0
# settings - the settings page's side of the database: two businesses, a link to one of them, the gateway's calls.
# shellcheck shell=bash

# shellcheck source=tests/flow/support/postgres.bash
source "${BASH_SOURCE[0]%/*}/postgres.bash"

readonly OTHER=00000000-0000-4000-8000-00000000000c OWNER_ID=00000000-0000-4000-8000-0000000000aa

settings_database() {
	database_from empty-migrated
	sql "insert into businesses (id, user_id, name) values ('$BUSINESS', '$OWNER_ID', 'Mine'), ('$OTHER', null, 'Other')" \
		"insert into intake.sign_in_links (digest, business_id) values (sha256('link'), '$BUSINESS')"
}

gateway() {
	sql_as intake_gateway "$@"
}

# sign_in SESSION: by the link.
sign_in() {
	gateway "select intake.sign_in_by_link(sha256('link'), sha256('$1'), null, '192.0.2.1')"
}

# set_key SESSION TURN KEY KEEP_OLD
set_key() {
	gateway "select intake.settings_set_key(sha256('$1'), $2, 'a:1', sha256('$3'), 'sk_$3', $4, '192.0.2.1')"
}
