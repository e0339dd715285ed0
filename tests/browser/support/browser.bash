# SPDX-License-Identifier: Apache-2.0
# browser - a walk through the settings page with a real browser, beside real programs.
# shellcheck shell=bash

# shellcheck source=tests/flow/support/page.bash
source "${BASH_SOURCE[0]%/*}/../../flow/support/page.bash"

readonly WALK_SECONDS=240

# script NAME LINES: what a walk may ask of the outside.
script() {
	printf '#!/usr/bin/env bash\nset -euo pipefail\n%s\n' "$2" >"$CASE/$1"
	chmod 700 "$CASE/$1"
}

# browser_case [NAME=value]...: a business without a key and a gateway; of the gateway's settings.
browser_case() {
	BROWSER_TOOLS=$("$PROJECT/tests/tool" browser)
	case_begin
	BUSINESS=$(owner gateway business create --name "Ada's Flowers & Co" --json | jq -r .business_id)
	gateway_start 1 "$@"
	PAGE_URL=$(page_url 1)
	export BROWSER_TOOLS BUSINESS PAGE_URL
	script sql "exec psql -X -A -t -q -v ON_ERROR_STOP=1 '$DATABASE' -c \"\$1\""
	script run "exec bash -c \"\$1\""
	script link "DATABASE_URL='$DATABASE' GATEWAY_LISTEN='$(<"$CASE/gateway1.listen")' \\
		exec '$(program_path gateway)' settings-link --business \"\$1\""
}

# browser_walk NAME: tests/browser/NAME.mjs
browser_walk() {
	timeout "$WALK_SECONDS" node "$PROJECT/tests/browser/$1.mjs"
}
