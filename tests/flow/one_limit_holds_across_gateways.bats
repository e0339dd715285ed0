#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Several gateways share one window in Redis; and what senders see while Redis is not there.

load support/page
measures_time

setup() {
	case_begin
	business_make
	body=$(contact_json Ada ada@example.com)
	free_port >"$CASE/redis.port"
	PASSWORD=flow-$RANDOM$RANDOM
	printf 'redis://:%s@localhost:%s/3' "$PASSWORD" "$(<"$CASE/redis.port")" >"$CASE/redis.url"
}

teardown() {
	[[ ! -e $CASE/redis.pid ]] || kill -s CONT "$(server_pid "$CASE" redis)" || true
	end "$CASE" redis KILL 5
	case_end
}

redis_start() {
	(umask 077 && printf 'requirepass %s\n' "$PASSWORD" >"$CASE/redis.conf")
	launch "$CASE" redis redis-server "$CASE/redis.conf" --bind 127.0.0.1 --port "$(<"$CASE/redis.port")" \
		--dir "$CASE" --save '' --appendonly no
	wait_until 10 redis_command PING
}

redis_command() {
	REDISCLI_AUTH=$PASSWORD redis-cli -p "$(<"$CASE/redis.port")" -n 3 "$@" 2>/dev/null | grep -v '^(error)\|^[A-Z]*ERR\|^Could not'
}

redis_signal() {
	kill -s "$1" "$(server_pid "$CASE" redis)"
}

gateways_start() {
	local number
	for number in "$@"; do
		gateway_start "$number" "GATEWAY_REDIS_URL_FILE=$CASE/redis.url" GATEWAY_THREADS=2
	done
}

redis_decides() {
	[[ $(metric "$1" gateway_limit_redis_up) == 1 ]]
}

redis_is_away() {
	[[ $(metric "$1" gateway_limit_redis_up) == 0 ]]
}

# log_says EVENT COUNT: lines of the first gateway.
log_says() {
	expect "lines of $1" "$(grep -c "event=$1 " "$CASE/gateway1.log")" "$2"
}

# metrics_of REASON: decisions of the first gateway by its own window.
own_decisions() {
	metrics gateway1 | sed -n "s/^gateway_limit_decisions_total{by=\"local\",reason=\"$1\"} //p"
}

# Sixty requests must fit into one window: begin early in a minute.
await_early_minute() {
	wait_until 62 is_early
}

is_early() {
	((10#$(date +%S) < 35))
}

# accepted COUNT GATEWAY...: so many, by the gateways in turn.
accepted() {
	local count=$1 i
	shift
	for ((i = 0; i < count; i++)); do
		post "${@:1 + i % $#:1}" "$KEY" "$body"
		expect_accepted
	done
}

# Within the 50 ms that a request may wait for Redis, and what it needs for the rest.
answered_soon() {
	local began=${EPOCHREALTIME/[.,]/} ms
	post 1 "$KEY" "$body"
	ms=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
	((ms < 250)) || { echo "the answer took $ms ms"; return 1; }
}

@test "of two gateways 60 pass in all, and the 61st is refused whichever it reaches" {
	redis_start
	gateways_start 1 2
	await_early_minute
	accepted 60 1 2
	expect remaining "$(header x-ratelimit-remaining)" 0
	for gateway in 1 2; do
		post $gateway "$KEY" "$body"
		expect_refused 429 rate_limited
		((10#$(header retry-after) >= 1 && 10#$(header retry-after) <= 62))
	done
	expect "own decisions" "$(own_decisions down)/$(own_decisions timeout)/$(own_decisions error)" 0/0/0
	log_says limit.redis_up 1
	log_says limit.redis_away 0
}

@test "the owner's page tells what all of them have counted, and counts nothing" {
	redis_start
	gateways_start 1 2
	post 1 "$KEY" "$body"
	post 2 "$KEY" "$body"
	sign_in ada 1 "$BUSINESS"
	visit ada 1 /settings
	visit ada 2 /settings
	[[ $BODY == *'<b>2</b> of 60 requests'* ]]
}

@test "a request that is answered 503 is given back, in Redis too" {
	redis_start
	gateways_start 1
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway2.listen"
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway2.admin"
	program_launch gateway 2 serve "GATEWAY_LISTEN=$(<"$CASE/gateway2.listen")" \
		"GATEWAY_ADMIN_LISTEN=$(<"$CASE/gateway2.admin")" GATEWAY_KAFKA_TIMEOUT_MS=1000 \
		"GATEWAY_REDIS_URL_FILE=$CASE/redis.url" "CONTACTS_TOPIC=$CONTACTS_TOPIC.none"
	wait_until 10 redis_decides gateway2
	await_early_minute
	accepted 3 1
	post 2 "$KEY" "$body"
	expect_refused 503 not_stored
	expect remaining "$(header x-ratelimit-remaining)" 57
	expect "count in Redis" "$(redis_command GET "$(redis_command KEYS 'intake:limit:*' | grep -v 0000000000)")" 3
	accepted 1 1
	expect remaining "$(header x-ratelimit-remaining)" 56
}

@test "a killed Redis: the own window decides with the last minute in mind, and Redis is back by itself" {
	redis_start
	gateways_start 1
	await_early_minute
	accepted 40 1
	redis_signal KILL
	wait_until 5 redis_is_away gateway1
	accepted 20 1
	answered_soon
	expect_refused 429 rate_limited
	log_says limit.redis_away 1
	redis_start
	wait_until 10 redis_decides gateway1
	log_says limit.redis_up 2
	# Empty, but this gateway has let sixty pass.
	post 1 "$KEY" "$body"
	expect_refused 429 rate_limited
}

@test "a Redis that hangs delays nobody for long, and soon nobody at all" {
	redis_start
	gateways_start 1
	answered_soon # all is warm
	await_early_minute
	redis_signal STOP
	for _ in {1..20}; do
		answered_soon
		expect_accepted
	done
	wait_until 5 redis_is_away gateway1
	(($(own_decisions timeout) >= 1 && $(own_decisions down) >= 1))
	log_says limit.redis_away 1
	redis_signal CONT
	wait_until 10 redis_decides gateway1
	answered_soon
	expect_accepted
}

@test "a Redis without memory is not asked until it has some" {
	redis_start
	gateways_start 1
	await_early_minute
	accepted 1 1
	redis_command CONFIG SET maxmemory 1
	for _ in {1..12}; do
		answered_soon
		expect_accepted
	done
	expect remaining "$(header x-ratelimit-remaining)" 47
	wait_until 5 redis_is_away gateway1
	(($(own_decisions error) >= 1))
	grep -q 'event=limit.redis_away reason="Redis answers OOM"' "$CASE/gateway1.log"
	redis_command CONFIG SET maxmemory 0
	wait_until 10 redis_decides gateway1
	accepted 1 1
}

@test "scripts that Redis forgot are sent again, and nobody notices" {
	redis_start
	gateways_start 1
	await_early_minute
	accepted 2 1
	redis_command SCRIPT FLUSH
	accepted 2 1
	expect remaining "$(header x-ratelimit-remaining)" 56
	expect "own decisions" "$(own_decisions down)/$(own_decisions timeout)/$(own_decisions error)" 0/0/0
}

@test "a wrong password is said, but not shown, and the own window decides" {
	redis_start
	sed -i "s/$PASSWORD/wr0ng-pass/" "$CASE/redis.url"
	gateways_start 1
	grep -q 'event=limit.redis_away reason="Redis refuses our AUTH: WRONGPASS"' "$CASE/gateway1.log"
	run ! grep -q 'wr0ng-pass' "$CASE/gateway1.log"
	post 1 "$KEY" "$body"
	expect_accepted
	redis_command CONFIG SET requirepass wr0ng-pass
	wait_until 10 redis_decides gateway1
}

@test "a gateway starts without Redis, and a URL that is none stops it with a sentence" {
	gateways_start 1
	accepted 1 1
	log_says limit.redis_away 1
	redis_start
	wait_until 10 redis_decides gateway1
	run -2 env "DATABASE_URL=$(login_url gateway)" GATEWAY_REDIS_URL=redis://s3cret@host \
		"$(program_path gateway)" serve --check
	[[ $output == *"GATEWAY_REDIS_URL: before the @ stands user:password or :password"* ]]
	[[ $output != *s3cret* ]]
}
