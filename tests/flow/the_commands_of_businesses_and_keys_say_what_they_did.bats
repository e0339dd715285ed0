#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# business and key commands: what they print, what they change, and one sentence where they cannot.

load support/intake

NOBODY=0191e0a4-7b5c-4d6e-8f90-a1b2c3d4e5f6

setup() {
	case_begin
}

teardown() {
	case_end
}

# refused CODE SENTENCE COMMAND...: exits so, says so on stderr in one line, prints nothing.
refused() {
	local code=0 wanted=$1 sentence=$2
	shift 2
	owner gateway "$@" >"$CASE/out" 2>"$CASE/err" || code=$?
	expect "exit code of '$*'" "$code" "$wanted"
	expect "output of '$*'" "$(<"$CASE/out")" ""
	grep -qF -- "$sentence" "$CASE/err" || { echo "'$*' says: $(<"$CASE/err")"; return 1; }
	expect "lines that '$*' says" "$(wc -l <"$CASE/err")" 1
}

@test "a business is created, listed and set" {
	business=$(owner gateway business create --name 'Ada & "Söhne"' --limit 120)
	[[ $business =~ ^[0-9a-f-]{36}$ ]]
	sql_is "select name from businesses where id = '$business'" 'Ada & "Söhne"'
	sql_is "select requests_per_minute from intake.limits where business_id = '$business'" 120
	expect "listed" "$(owner gateway business list --json | jq -c '[.business_id, .name, .limit, .key_prefix]')" \
		"[\"$business\",\"Ada & \\\"Söhne\\\"\",120,null]"
	owner gateway business set --business "$business" --limit default --name Ada
	sql_is "select name from businesses where id = '$business'" Ada
	sql_is "select count(*) from intake.limits" 0
	expect "set --json" "$(owner gateway business set --business "$business" --limit 9 --json)" \
		"{\"business_id\":\"$business\"}"
	sql_is "select requests_per_minute from intake.limits" 9
	owner gateway business list | grep -qE "^$business +none +9 +Ada$"
}

@test "a key is printed bare or as JSON, stored as digest, prefix and hash, and revoked" {
	business=$(owner gateway business create --name Ada)
	key=$(owner gateway key regenerate --business "$business")
	[[ $key =~ ^sk_[0-9a-f]{64}$ ]]
	expect prefix "$(sql "select prefix from intake.api_keys")" "${key:0:11}"
	expect digest "$(sql "select encode(digest, 'hex') from intake.api_keys")" \
		"$(printf '%s' "${key#sk_}" | sha256sum | cut -d' ' -f1)"
	sql_is "select count(*) from businesses where api_key_hash ~ '^[0-9a-f]{32}:[0-9a-f]{128}$'" 1
	owner gateway key regenerate --business "$business" --keep-old=24h --json >"$CASE/json"
	expect "members" "$(jq -c keys "$CASE/json")" '["api_key","business_id"]'
	expect "lines" "$(wc -l <"$CASE/json")" 1
	sql_is "select round(extract(epoch from expires_at - now()) / 3600) from intake.api_keys
		where expires_at is not null" 24
	owner gateway key revoke --business "$business"
	sql_is "select count(*) from intake.api_keys" 0
	sql_is "select count(*) from businesses where api_key_hash is null" 1
}

@test "serve's settings in the same environment are no problem" {
	GATEWAY_MAX_BODY_BYTES=nonsense GATEWAY_NO_SUCH=1 owner gateway business create --name Ada
}

@test "wrong usage exits 2 with a sentence" {
	refused 2 "--name is missing" business create
	refused 2 "--name takes" business create --name ""
	refused 2 "--limit takes" business create --name Ada --limit 0
	refused 2 "--limit takes" business create --name Ada --limit 2147483648
	refused 2 "--limit takes" business create --name Ada --limit default
	refused 2 "--owner takes" business create --name Ada --owner me
	refused 2 "nothing to set" business set --business $NOBODY
	refused 2 "--business takes" key revoke --business "$NOBODY; drop table businesses"
	refused 2 "--keep-old takes 1h, 24h or 7d" key regenerate --business $NOBODY --keep-old 2h
	refused 2 "--keep-old needs a value" key regenerate --business $NOBODY --keep-old
	sql_is "select count(*) from businesses" 0
}

@test "a business that is not there exits 1 with a sentence" {
	refused 1 "there is no business $NOBODY" business set --business $NOBODY --name Ada
	refused 1 "there is no business $NOBODY" key regenerate --business $NOBODY
	refused 1 "there is no business $NOBODY" key revoke --business $NOBODY
}

# at URL CODE SENTENCE COMMAND...: as refused, with another DATABASE_URL.
at() {
	# shellcheck disable=SC2034 # owner reads it
	local DATABASE=$1
	shift
	refused "$@"
}

@test "a database without migrations, without login or without server is told as it is" {
	at "postgresql://intake@$FLOW_SERVER/postgres" 2 "run \`sqitch deploy\` in migrations/" business list
	at "postgresql://flow_nobody:x@$FLOW_SERVER/$CASE_DATABASE" 2 "password authentication failed" business list
	at "host=127.0.0.1 port=1 user=intake password=hunter2" 1 "refused" business list
	run -1 grep hunter2 "$CASE/err"
	at "postgresql://intake:hunter2@[" 2 "DATABASE_URL" business list
	run -1 grep hunter2 "$CASE/err"
}

@test "a result that cannot be written is told, and the exit code is 1" {
	business=$(owner gateway business create --name Ada)
	code=0
	owner gateway key regenerate --business "$business" >/dev/full 2>"$CASE/err" || code=$?
	expect "exit code" "$code" 1
	grep -q "could not be written" "$CASE/err"
}

@test "a program's login may not do what is the owner's" {
	at "$(login_url gateway)" 2 "42501" business create --name Ada
}
