# SPDX-License-Identifier: Apache-2.0
# common.bash - what the static checks share. A check prints what is wrong and exits 1; 77 is "skipped",
# with the reason as its last line.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

readonly SKIPPED=77

# files_of PATTERN...: of the project, also those that are not committed yet.
files_of() {
	git ls-files --cached --others --exclude-standard -- "$@" | sort -u |
		while read -r file; do
			[[ ! -f $file ]] || echo "$file"
		done
}

skip() {
	echo "$*"
	exit "$SKIPPED"
}

# need_version COMMAND MAJOR: another release formats and warns differently.
need_version() {
	command -v "$1" >/dev/null ||
		skip "there is no $1 (in Debian 12; the rules are those of that release)"
}
