#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A login of Kafka's that may describe a topic and not read it: whoever reads by hand is told so, and does not wait.

load support/intake
load support/mock_broker

readonly FETCH=1

setup() {
	case_begin
	business_make
	mock_start
	gateway_start 1 GATEWAY_THREADS=1 KAFKA_EMBEDDED=true
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	mock error "$FETCH" TOPIC_AUTHORIZATION_FAILED 1000
}

teardown() {
	case_end
}

# reads COMMAND...: as a worker's login; with what there is in the place of dead letters.
reads() {
	run -1 --separate-stderr env "DATABASE_URL=$(login_url worker)" "CONTACTS_DEAD_LETTER_TOPIC=$CONTACTS_TOPIC" \
		timeout 10 "$(program_path worker)" "$@"
	grep -F 'Topic authorization failed' <<<"${stderr?}"
}

@test "dead letters" {
	reads dead-letters list
}

@test "a backfill" {
	reads backfill --from beginning --to now
}
