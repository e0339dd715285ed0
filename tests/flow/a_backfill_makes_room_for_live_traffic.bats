#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Live workers come first: a backfill slows down while they are behind, keeps its rate, and shows both.

load support/intake
measures_time

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
	# A machine that is busy with other things is no matter of the rate, but of the throttle.
	WORKER_STATEMENT_MS=30000 replay held --rate "$RATE"
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
	replay polite --rate 1000 --max-live-lag 2s # for a minute, at least
	wait_until 20 share_is polite '== 1'
	# The live worker's events wait for rows that somebody holds, and its group for them; the backfill finds its
	# own applied, and needs no lock.
	psql -X -q "$DATABASE" >"$CASE/lock.log" \
		-c "begin; select count(*) from (select from contacts for update) as held; select pg_sleep(7); commit" &
	local lock=$!
	wait_until 10 sql_is "select count(*) from pg_stat_activity where query like '%pg_sleep(7)%' and datname =
		current_database() and pid <> pg_backend_pid()" 1
	events 60001 60200 200 "$BUSINESS" | produce
	wait_until 20 share_is polite '< 1'
	expect "records behind" "$(($(metric polite worker_backfill_live_lag_records) > 0))" 1
	wait "$lock"
	wait_until 50 share_is polite '== 1' # from 1/16 or so, by a quarter every two seconds
	end "$CASE" polite TERM "$STOP_SECONDS"
	jq -es 'any(.live_behind and .throttle < 1)' <(progress polite)
	await_applied
	expect_fold
}

# live_p99 PHASE: in ms, from the acceptance of an event to its row, of live traffic of 8 s.
live_p99() {
	load_run --target "$(<"$CASE/gateway1.listen")" --connections 16 --rate 150 --requests 1200 --contacts 1200 \
		--marker "$1"
	await_applied
	sql "select ceil(percentile_cont(0.99) within group (order by extract(epoch from updated_at) * 1000
			- ('x' || substr(replace(name_event_id::text, '-', ''), 1, 12))::bit(48)::bigint))
		from contacts where name like '$1 %'"
}

is_past() {
	(($(sql "select coalesce(sum(read), 0) from intake.backfill_partitions") > $1))
}

@test "live traffic keeps its p99 within twice that of a time without backfill" {
	local before during after longer mirror=$CONTACTS_TOPIC.mirror
	CONTACTS_TOPIC=$mirror owner worker topics create --partitions 4 >"$CASE/mirror.log" 2>&1
	events 1 600000 200000 "$BUSINESS" | CONTACTS_TOPIC=$mirror produce
	business_make --limit 1000000
	echo "$KEY" >"$CASE/keys"
	gateway_start 1
	worker_start 1
	before=$(live_p99 before)
	replay fresh --topic "$mirror"
	wait_until 20 is_past 0
	during=$(live_p99 during)
	kill -s INT "$(program_pid fresh)"
	wait_until 20 server_gone "$CASE" fresh
	after=$(live_p99 after)
	echo "p99 before, during, after: $before, $during, $after ms; replayed: $(progress fresh | tail -n 1)"
	# What the machine does beside shows in the two that should be alike.
	longer=$((before > after ? before : after))
	((during <= 2 * longer))
}
