#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

setup() {
	database_from full-migrated
	business_make
}

teardown() {
	database_drop
}

@test "events in any order between edits, inserts and deletions by others end as the newest versions say" {
	local seed=${INTAKE_TEST_SEED:-$RANDOM}
	echo "INTAKE_TEST_SEED=$seed"
	python3 "$SUPPORT/edit_histories.py" "$PROJECT/worker/upsert.sql" "$seed" 300
}
