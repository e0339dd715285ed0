# SPDX-License-Identifier: Apache-2.0
# tokens - a web application that hands its users over with tokens of an issuer.
# shellcheck shell=bash

# shellcheck source=tests/flow/support/page.bash
source "${BASH_SOURCE[0]%/*}/page.bash"

readonly ADA=00000000-0000-4000-8000-0000000000aa APPLICATION=https://app.example.com

# tokens_begin: a business of Ada's; ISSUER is the folder of its keys, SETTINGS are the gateway's.
tokens_begin() {
	owner gateway business create --name Flowers --owner "$ADA"
	ISSUER=$CASE/issuer
	mkdir "$ISSUER"
	tokens keys "$ISSUER" first=rsa
	# shellcheck disable=SC2034 # for the tests
	SETTINGS=(GATEWAY_JWT_ALGORITHM=RS256 GATEWAY_JWT_ISSUER=https://issuer.example
		GATEWAY_JWT_AUDIENCE=authenticated GATEWAY_JWT_ORIGINS="https://other.example $APPLICATION"
		GATEWAY_JWT_KEYS="$ISSUER/keys.json")
}

tokens() {
	node "$SUPPORT/tokens.mjs" "$@"
}

# signed CLAIMS [HEADER [KEY [ALGORITHM]]]
signed() {
	tokens sign "$ISSUER" "${3:-first}" "${4:-RS256}" "{\"sub\":\"$ADA\"${1:+,$1}}" "{${2:-}}"
}

# hand_over TOKEN [CURL_OPTION...]: by a new browser each time.
hand_over() {
	local token=$1
	shift
	rm -f "$CASE/jar.ada"
	visit ada 1 /settings/hand-over --data-urlencode "token=$token" -H "Origin: $APPLICATION" \
		-H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Dest: document' "$@"
}

expect_in() {
	expect "$1" "$STATUS $(header set-cookie | cut -c 1-15)" '200 intake_session='
	[[ $BODY == *'http-equiv="refresh"'* ]]
	visit ada 1 /settings
	expect "$1: the page" "$STATUS" 200
}

expect_out() {
	expect "$1" "$STATUS $(header set-cookie)" '403 '
	visit ada 1 /settings
	expect "$1: the page" "$STATUS" 303
}

refused_because() {
	grep -q "event=settings.hand_over outcome=refused reason=\"$1" "$CASE/gateway1.log"
}
