#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load support/browser

readonly ADA=00000000-0000-4000-8000-0000000000aa

setup() {
	APPLICATION=http://localhost:$(free_port)
	export APPLICATION ISSUER
	ISSUER=$(mktemp -d)
	node "$SUPPORT/tokens.mjs" keys "$ISSUER" first=rsa
	browser_case GATEWAY_JWT_ALGORITHM=RS256 GATEWAY_JWT_ISSUER=https://issuer.example \
		GATEWAY_JWT_AUDIENCE=authenticated "GATEWAY_JWT_ORIGINS=$APPLICATION" "GATEWAY_JWT_KEYS=$ISSUER/keys.json"
	owner gateway business set --business "$BUSINESS" --owner "$ADA"
	script token "exec node '$SUPPORT/tokens.mjs' sign '$ISSUER' first RS256 \\
		\"{\\\"sub\\\":\\\"$ADA\\\"\${1:+,\\\"exp\\\":1}}\""
}

teardown() {
	rm -rf "$ISSUER"
	case_end
}

@test "a user comes from the web application, another site, without a redirect" {
	browser_walk a_web_application_hands_its_user_over
}
