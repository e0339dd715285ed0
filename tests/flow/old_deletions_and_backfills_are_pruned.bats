#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What no log can bring back any more is forgotten; what one can, only by force.

load support/intake

setup() {
	case_begin
	load support/backfill
	business_make
}

teardown() {
	case_end
}

prune() {
	DATABASE_URL=$(login_url worker) timeout 60 "$(program_path worker)" prune "$@"
}

# deletion_of DAYS NUMBER: so many, so old.
deletions_of() {
	sql "insert into intake.deletions (business_id, email_digest, event_id)
		select '$BUSINESS', sha256(convert_to('$1-' || n, 'UTF8')),
			(lpad(to_hex((extract(epoch from now() - interval '$1 days') * 1000)::bigint), 12, '0')
				|| '7000800000000000' || lpad(to_hex(n), 4, '0'))::uuid
		from generate_series(1, $2) as n"
}

refused() {
	local code=0
	prune "$@" 2>"$CASE/refused" || code=$?
	expect "exit code of $*" "$code" 2
	[[ -s $CASE/refused ]]
}

@test "deletions and jobs go once they are older than every log" {
	deletions_of 120 12001
	deletions_of 30 7
	sql "insert into contacts (id, business_id, email, name) values (gen_random_uuid(), '$BUSINESS', 'a@example.com', 'A')"
	sql "delete from contacts"
	for job in old young busy; do
		backfill --from beginning --to now --job "$job"
	done
	sql "update intake.backfill_jobs set created_at = now() - interval '100 days' where name <> 'young'"
	sql "update intake.backfill_partitions set moved_at = now() - interval '100 days' where job <> 'young'"
	sql "update intake.backfill_partitions set leased_until = now() + interval '1 hour' where job = 'busy'"

	# Dead letters are kept for 90 days, and for as long as a segment of theirs lives beyond.
	refused --older-than 91d
	grep -q "topic $CONTACTS_TOPIC.dead-letter keeps records for up to 97 d 00 h" "$CASE/refused"
	refused
	refused --older-than soon
	refused --older-than 97d --now
	expect "what a dry run says" "$(prune --older-than 97d --dry-run --json | jq -c 'del(.before)')" \
		'{"deletions":12001,"jobs":1,"dry_run":true}'
	expect "deletions after it" "$(sql "select count(*) from intake.deletions")" 12009
	prune --older-than 97d >"$CASE/pruned"
	grep -qE '^ +12001  deletions from before 20.*Z pruned$' "$CASE/pruned"
	expect "deletions that are left" "$(sql "select count(*) from intake.deletions")" 8
	expect jobs "$(sql "select string_agg(name, ' ' order by name) from intake.backfill_jobs")" 'busy young'
	expect "what it does again" "$(prune --older-than 97d --json | jq -c '[.deletions, .jobs]')" '[0,0]'
}

@test "a topic that keeps records for ever, or does not say, is pruned for by force only" {
	deletions_of 30 7
	"$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" retention.ms=-1
	refused --older-than 3650d
	grep -q "topic $CONTACTS_TOPIC keeps records for ever" "$CASE/refused"
	"$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" cleanup.policy=compact
	refused --older-than 3650d
	expect "by force" "$(prune --older-than 29d --force --json | jq .deletions)" 7
}
