#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# At a terminal progress is drawn, whatever the size of the window; elsewhere it is lines, or events.

load support/intake
measures_time

readonly EVENTS=6000 CONTACTS=1500

setup() {
	case_begin
	load support/backfill
	business_make
	events 1 "$EVENTS" "$CONTACTS" "$BUSINESS" | produce
}

teardown() {
	case_end
}

# at SIZE[,SIZE] [--interrupt PATTERN] OPTION...: of a backfill, at a terminal.
at() {
	local size=$1 interrupt=()
	shift
	if [[ $1 == --interrupt ]]; then
		interrupt=(--interrupt "$2")
		shift 2
	fi
	DATABASE_URL=$(login_url worker) TERM=${KIND:-xterm} timeout 90 python3 "$SUPPORT/terminal.py" "$size" "${interrupt[@]}" \
		"$(program_path worker)" backfill --from beginning --to now "$@" | tee "$CASE/screens"
	return "${PIPESTATUS[0]}"
}

@test "a bar a partition where there is room, one line where there is none, and no line is too long" {
	at 80x24 --job wide --rate 1500
	expect "screens of 80x24" "$(($(grep -c '^=== 80x24' "$CASE/screens") > 3))" 1
	expect "bars" "$(grep -c '^partition    3  \[#*\.*\] *[0-9]* %' "$CASE/screens")" \
		"$(grep -c '^=== 80x24' "$CASE/screens")"
	grep -qE '^ [0-9]+ %  [0-9]+/s  .*[0-9] s to go  held at --rate 1500' "$CASE/screens"
	grep -q '^The job wide is finished.$' "$CASE/screens"
	[[ $(sed -n '/^=== end 0/,$p' "$CASE/screens") != *'partition    3'* ]]
	[[ $(tail -n 1 "$CASE/screens") != colours=0\ * ]]

	NO_COLOR=1 at 40x24 --job narrow --rate 3000
	grep -qE '^\[#*\.*\] [0-9]+ %  [0-9]+/s  ' "$CASE/screens"
	[[ $(<"$CASE/screens") != *'partition    3  ['* ]]
	expect "colours under NO_COLOR" "$(tail -n 1 "$CASE/screens")" 'colours=0 overflows=0'

	at 200x7 --job low --rate 1500
	[[ $(<"$CASE/screens") != *'partition    3  ['* ]]
	grep -qE '^\[#*\.*\] [0-9]+ %  [0-9]+/s .*held at --rate 1500  [0-9]+ of 6000 offsets  live lag ' "$CASE/screens"
}

@test "a window that becomes narrower is drawn anew" {
	at 100x24,50x24 --job narrower --rate 1500
	grep -qE '^partition    3  \[' <(sed '/^=== 50x24/,$d' "$CASE/screens")
	# What the broken lines left is gone in the next picture.
	[[ $(sed -n '/^=== 50x24/,/^===/p' "$CASE/screens" | tail -n +2) != *'partition    3  ['* ]]
	grep -qE '^\[#*\.*\] [0-9]+ %' <(sed -n '/^=== 50x24/,$p' "$CASE/screens")
}

@test "Ctrl-C stops it behind its batch, with the command that resumes it" {
	at 80x24 --interrupt '[0-9]/s' --job "it's" --rate 1000 || true
	grep -q '^=== end 1$' "$CASE/screens"
	grep -qF "To resume: intake-worker backfill --job 'it'\\''s' --rate 1000" "$CASE/screens"
	expect "processes that hold a partition" \
		"$(sql "select count(*) from intake.backfill_partitions where owner is not null and next_offset < to_offset")" 0
	backfill --job "it's" --json >"$CASE/rest"
	expect read "$(backfill_figure "$CASE/rest" read)" "$EVENTS"
}

@test "elsewhere it is lines, or events, and no control sequences" {
	local events lines
	TERM=xterm backfill --from beginning --to now --job lines --rate 800 2>"$CASE/lines" >"$CASE/figures" &
	lines=$!
	backfill --from beginning --to now --job events --rate 800 --json >"$CASE/events" 2>"$CASE/errors" &
	events=$!
	KIND=dumb at 80x24 --job dumb --rate 800
	expect "what a dumb terminal gets" "$(tail -n 1 "$CASE/screens")" 'colours=0 overflows=0'
	grep -qE '^[0-9]+ of 6000 offsets, ' "$CASE/screens"

	wait "$lines"
	grep -qE '^partition 0: offsets 0 to [0-9]+$' "$CASE/lines"
	grep -q '^The job lines begins.$' "$CASE/lines"
	grep -qE '^[0-9]+ of 6000 offsets, [0-9]+ %, [0-9]+/s, [0-9]+ s to go; (held|waits|throttled) ' "$CASE/lines"
	[[ $(<"$CASE/lines") != *$'\e'* ]]
	wait "$events"
	jq -es 'map(.event) | unique == ["business", "finished", "progress", "range"]' "$CASE/events"
	jq -es 'map(select(.event == "progress")) | all(.per_second > 0 and .seconds_left >= 0 and .offsets == 6000
		and .throttle > 0 and .throttle <= 1 and (.held_by | IN("kafka", "postgres", "throttle", "rate")))' "$CASE/events"
}
