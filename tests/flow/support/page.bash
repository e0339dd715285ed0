# SPDX-License-Identifier: Apache-2.0
# page - the settings page as a browser would ask for it, by curl.
# shellcheck shell=bash

# shellcheck source=tests/flow/support/intake.bash
source "${BASH_SOURCE[0]%/*}/intake.bash"

# page_url GATEWAY: without a slash at the end.
page_url() {
	echo "http://$(<"$CASE/gateway$1.listen")"
}

# link_make GATEWAY BUSINESS: says the link's code.
link_make() {
	GATEWAY_PUBLIC_URL='' GATEWAY_LISTEN=$(<"$CASE/gateway$1.listen") \
		owner gateway settings-link --business "$2" --json | jq -r .url | cut -d '#' -f 2
}

# visit JAR GATEWAY PATH [CURL_OPTION...]: sets STATUS, BODY and $CASE/head. JAR names the browser.
visit() {
	local jar=$CASE/jar.$1 gateway=$2 path=$3
	shift 3
	STATUS=$(curl -sS -m "$ANSWER_SECONDS" -o "$CASE/answer" -D "$CASE/head" -w '%{http_code}' \
		-b "$jar" -c "$jar" "$@" "$(page_url "$gateway")$path")
	BODY=$(<"$CASE/answer")
}

# submit JAR GATEWAY PATH [CURL_OPTION...]: a form of the page itself.
submit() {
	local gateway=$2
	visit "$@" -H "Origin: $(page_url "$gateway")" -H 'Sec-Fetch-Site: same-origin' \
		-H 'Content-Type: application/x-www-form-urlencoded'
}

# sign_in JAR GATEWAY BUSINESS
sign_in() {
	submit "$1" "$2" /settings/sign-in -d "code=$(link_make "$2" "$3")"
	expect sign-in "$STATUS $(header location)" '303 /settings'
}

# field NAME: the value of a form's field on the page that came last.
field() {
	grep -oE "name=\"$1\" value=\"[^\"]*\"" <<<"$BODY" | head -n 1 | cut -d '"' -f 4
}

# key_form [CHOICE]: of the page that came last.
key_form() {
	printf 'form_token=%s&turn=%s&current=%s&keep_old=%s' "$(field form_token)" "$(field turn)" "$(field current)" \
		"${1:-now}"
}

# shown_key: the key on show; empty: none.
shown_key() {
	grep -oE 'sk_[0-9a-f]{64}' <<<"$BODY" | head -n 1
}
