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

updated_at() {
	sql "select updated_at from contacts"
}

# Each step, and whether updated_at moves with it.
moves() { # yes|no COMMAND...
	local wanted=$1 before moved=no
	shift
	before=$(updated_at)
	"$@"
	[[ $(updated_at) == "$before" ]] || moved=yes
	[[ $moved == "$wanted" ]] || { echo "moved: $moved, by $*"; return 1; }
}

steps() {
	local event
	event=$(version 2000)
	worker_applies Ada "$(version -1000)" '+44 20'
	moves no worker_applies Ada "$(version 1000)" '+44 20'
	moves yes worker_applies Lovelace "$event" '+44 20'
	moves no worker_applies Lovelace "$event" '+44 20'
	moves no worker_applies Ada "$(version -1000)" '+44 20'
	moves yes worker_applies Lovelace "$(version 3000)" '+44 21'
	moves yes sql "update contacts set status = 'archived'"
	moves yes worker_applies Lovelace "$(version 4000)"
}

@test "updated_at moves when a value does, also where the application's trigger moves it with every update" {
	steps
	database_drop
	database_from empty-migrated
	business_make
	steps
	moves no sql "update contacts set status = status"
}
