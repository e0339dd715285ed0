#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Live workers come first: a backfill slows down while they are behind, keeps its rate, and shows both.

load support/intake

readonly RATE=1000 SECONDS_AT_RATE=10

setup() {
	case_begin
	load support/backfill
	business_make
}

teardown() {
	case_end
}

# replay NAME OPTION...: beside whatever else there is; progress as JSON in $CASE/NAME.log.
replay() {
	local name=$1
	shift
	echo "127.0.0.1:$(free_port)" >"$CASE/$name.admin"
	echo "$name" >>"$CASE/programs"
	launch "$CASE" "$name" env "DATABASE_URL=$(login_url worker)" \
		"WORKER_BACKFILL_ADMIN_LISTEN=$(admin_address "$name")" \
		"$(program_path worker)" backfill --from beginning --to now --job "$name" --json "$@"
}

# share_is NAME TEST: what the throttle leaves, as jq compares it.
share_is() {
	metrics "$1" | awk '$1 == "worker_backfill_throttle_share" { print $2 }' | jq -e ". $2" >/dev/null 2>&1
}

has_speed() {
	(($(metric "$1" worker_backfill_offsets_per_second) > 0))
}

held_by_rate() {
	metrics held | grep -q '^worker_backfill_held{by="rate"} 1'
}

# progress NAME: its events, without what it has logged.
progress() {
	grep '"event":"progress"' "$CASE/$1.log"
}

@test "the rate holds within 5 percent, and /metrics tells how far it is" {
	local began took
	events 1 $((RATE * SECONDS_AT_RATE)) 2000 "$BUSINESS" | produce
	began=${EPOCHREALTIME/[.,]/}
	replay held --rate "$RATE"
	wait_until 20 is_ready held
	curl -sf "http://$(admin_address held)/healthz"
	wait_until 20 share_is held '== 1'
	wait_until 20 has_speed held
	expect offsets "$(metric held worker_backfill_offsets)" $((RATE * SECONDS_AT_RATE))
	wait_until 20 held_by_rate
	expect "records, read and applied" "$(($(metric held worker_backfill_records) > 0))" 1
	wait_until 30 server_gone "$CASE" held
	# By the server's clock, without the start and the end of the process.
	took=$(sql "select extract(epoch from max(p.moved_at) - j.created_at) * 1000
		from intake.backfill_jobs j join intake.backfill_partitions p on p.job = j.name group by j.created_at")
	echo "$RATE/s for $SECONDS_AT_RATE s took $took ms, the process $(((${EPOCHREALTIME/[.,]/} - began) / 1000)) ms"
	expect "the rate" "$(jq -n "$took / $SECONDS_AT_RATE / 1000 | . > 0.95 and . < 1.05")" true
}

@test "it yields while live workers are behind, and comes back" {
	events 1 60000 2000 "$BUSINESS" | produce
	worker_start 1
	await_applied
	replay polite --rate 3000 --max-live-lag 2s
	wait_until 20 share_is polite '== 1'
	# The live worker's events wait for rows that somebody holds, and its group for them; the backfill finds its
	# own applied, and needs no lock.
	psql -X -q "$DATABASE" >"$CASE/lock.log" \
		-c "begin; select count(*) from (select from contacts for update) as held; select pg_sleep(9); commit" &
	local lock=$!
	wait_until 10 sql_is "select count(*) from pg_stat_activity where query like '%pg_sleep(9)%' and datname =
		current_database() and pid <> pg_backend_pid()" 1
	events 60001 60200 200 "$BUSINESS" | produce
	wait_until 20 share_is polite '< 1'
	expect "records behind" "$(($(metric polite worker_backfill_live_lag_records) > 0))" 1
	wait "$lock"
	wait_until 40 share_is polite '== 1'
	wait_until 60 server_gone "$CASE" polite
	jq -es 'any(.live_behind and .throttle < 1)' <(progress polite)
	await_applied
	expect_fold
}
