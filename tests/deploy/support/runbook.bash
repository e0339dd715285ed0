# SPDX-License-Identifier: Apache-2.0
# runbook - what deploy/runbook.md tells an operator to type, typed as it says.
# shellcheck shell=bash

# shellcheck source=tests/deploy/support/fill_in.bash
source "${BASH_SOURCE[0]%/*}/fill_in.bash"

RUNBOOK=${BASH_SOURCE[0]%/*}/runbook.py

# runbook_command SECTION BEGINNING: the one of that section that begins so. Notes that it was asked for.
runbook_command() {
	local section=$1 beginning=$2 found=() name _ command
	while IFS=$'\t' read -r name _ command; do
		[[ $name != "$section" || $command != "$beginning"* ]] || found+=("$command")
	done < <("$RUNBOOK")
	((${#found[@]} == 1)) || { echo "the runbook has ${#found[@]} commands '$beginning...' in $section" >&2; return 1; }
	printf '%s\n' "${found[0]}" | tee -a "$BATS_FILE_TMPDIR/tried"
}

# all_were_tried PLACE: of the runbook's commands that can be tried there, by the cases of this file. What can be tried
# nowhere is told.
all_were_tried() {
	"$RUNBOOK" | awk -F '\t' '$2 == "nowhere" { print "# not tried, nothing here can answer: " $3 }' >&3
	local untried
	untried=$(comm -23 <("$RUNBOOK" | awk -F '\t' -v place="$1" '$2 == place { print $3 }' | sort -u) \
		<(sort -u "$BATS_FILE_TMPDIR/tried"))
	expect "never tried" "$untried" ""
}
