# SPDX-License-Identifier: Apache-2.0
# procedure - what deploy/README.md tells an operator to do, done as it says.
# shellcheck shell=bash

# procedure_text NAME: the commands under that name.
procedure_text() {
	awk -v mark="<!-- procedure: $1 -->" '
		index($0, mark) { found = 1; indent = index($0, mark) - 1; next }
		found && $1 ~ /^```/ { if (inside) exit; inside = 1; next }
		inside { print substr($0, indent + 1) }' "$PROJECT/deploy/README.md"
}

# procedure NAME [NAME=value]...: in the project's folder, with the programs under test.
procedure() {
	local text
	text=$(procedure_text "$1")
	[[ -n $text ]] || { echo "deploy/README.md has no procedure '$1'"; return 1; }
	shift
	(cd "$PROJECT" && env "PATH=$FLOW_BUILD/gateway:$FLOW_BUILD/worker:$PATH" "OWNER_URL=$DATABASE" \
		SQITCH_FULLNAME=flow SQITCH_EMAIL=flow@localhost "$@" bash -euo pipefail -c "$text")
}
