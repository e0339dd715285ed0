#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

teardown() {
	database_drop
}

# shape_after TEMPLATE: what the public tables are promised to be, and all of schema intake but the note of what was before.
shape_after() {
	database_from "$1-migrated"
	psql -XAtq -f "$SUPPORT/shape.sql"
	pg_dump --schema=intake --schema-only --no-owner | grep -v '^\\\(un\)\?restrict '
	database_drop
}

@test "an empty database and the web application's end alike" {
	cd "$BATS_TEST_TMPDIR"
	shape_after empty >shape.empty
	grep -qx 'column contacts phone_event_id uuid YES -' shape.empty
	grep -qx 'storage contacts fillfactor=80' shape.empty
	shape_after full >shape.full
	shape_after bare >shape.bare
	diff shape.empty shape.full
	diff shape.empty shape.bare
}
