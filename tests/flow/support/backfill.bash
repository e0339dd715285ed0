# SPDX-License-Identifier: Apache-2.0
# backfill - events that a case makes up, and the command that replays them.
# shellcheck shell=bash

# events FIRST LAST CONTACTS BUSINESS: lines for produce, each contact's in order of their versions.
events() {
	seq "$1" "$2" | awk -v contacts="$3" -v b="$4" '{
		c = $1 % contacts
		phone = $1 % 3 ? "" : sprintf(",\"phone\":\"%d\"", $1)
		printf "01900000-%04x-7%03x-8000-%012x\t", $1 / 4096, $1 % 4096, $1
		printf "%s:c%d@example.com\t{\"business_id\":\"%s\",\"name\":\"N%d\",\"email\":\"c%d@example.com\"%s}\n",
			b, c, b, $1, c, phone }'
}

backfill() {
	DATABASE_URL=$(login_url worker) timeout 120 "$(program_path worker)" backfill "$@"
}

# expect_exit CODE NAME: of a program that ends by itself. Only in the process that has launched it.
expect_exit() {
	local pid code=0
	wait_until 60 server_gone "$CASE" "$2" || { echo "$2 does not end"; return 1; }
	read -r pid _ <"$CASE/$2.pid"
	wait "$pid" || code=$?
	expect "exit code of $2" "$code" "$1"
}

# backfill_figure FILE NAME: of the last line of --json.
backfill_figure() {
	tail -n 1 "$1" | jq -r ".$2"
}
