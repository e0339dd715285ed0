#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# GET /openapi.json: that it is OpenAPI 3.1, and that the gateway does what it says.

load support/intake

# What schemathesis makes up is the same in every run.
readonly SEED=20260131 EXAMPLES=40 SCHEMATHESIS_SECONDS=180

setup() {
	case_begin
	business_make --limit 1000000
	gateway_start 1
	description=http://$(<"$CASE/gateway1.listen")/openapi.json
}

teardown() {
	case_end
}

# fetch [CURL_OPTION...]: sets STATUS and BODY, and $CASE/head.
fetch() {
	: >"$CASE/answer" # curl leaves it where there is no body
	STATUS=$(curl -sS -m "$ANSWER_SECONDS" -o "$CASE/answer" -D "$CASE/head" -w '%{http_code}' \
		"$@" "$description")
	BODY=$(<"$CASE/answer")
}

@test "it is served to everybody, can be cached, and takes no other method" {
	fetch
	expect status "$STATUS" 200
	expect type "$(header content-type)" application/json
	expect caching "$(header cache-control)" "public, max-age=300"
	expect origins "$(header access-control-allow-origin)" '*'
	etag=$(header etag)
	length=$(header content-length)
	expect length "$length" "$(stat -c %s "$CASE/answer")"
	for known in "$etag" "W/$etag" "\"other\", $etag" '*'; do
		fetch -H "If-None-Match: $known"
		expect "status for $known" "$STATUS" 304
		expect etag "$(header etag)" "$etag"
		expect body "$BODY" ""
	done
	fetch -H 'If-None-Match: "other"'
	expect status "$STATUS" 200
	fetch --head
	expect status "$STATUS" 200
	expect length "$(header content-length)" "$length"
	for method in POST PUT DELETE OPTIONS; do
		fetch -X "$method"
		expect_method_refused
	done
	expect "requests" "$(metric gateway1 gateway_openapi_requests_total)" 11
}

expect_method_refused() {
	expect status "$STATUS" 405
	expect allow "$(header allow)" "GET, HEAD"
	expect error "$(jq -r .error <<<"$BODY")" method_not_allowed
}

@test "it is valid OpenAPI 3.1, says the public address, and its e-mail pattern is the gateway's" {
	program_stop gateway1
	gateway_start 1 GATEWAY_PUBLIC_URL=https://hooks.example.com
	fetch
	expect version "$(jq -r .openapi <<<"$BODY")" 3.1.0
	expect server "$(jq -r '.servers[0].url' <<<"$BODY")" https://hooks.example.com
	"$("$PROJECT/tests/tool" openapi-spec-validator)" --schema 3.1 "$CASE/answer"
	python3 - "$CASE/answer" "$PROJECT/tests/vectors/emails.json" <<-'PYTHON'
		import json, re, sys
		schema = json.load(open(sys.argv[1]))["components"]["schemas"]["Email"]
		for email in json.load(open(sys.argv[2]))["emails"]:
		    text = email["input"].strip().strip("\ufeff")
		    valid = len(text) <= schema["maxLength"] and bool(re.search(schema["pattern"], text))
		    assert valid == (email["stored"] is not None), email
	PYTHON
}

@test "schemathesis finds nothing, with all its checks" {
	local schemathesis
	schemathesis=$("$PROJECT/tests/tool" schemathesis)
	fetch
	# From the file: what it fetched by itself it would not test. A machine that is busy elsewhere is
	# no finding.
	mv "$CASE/answer" "$CASE/openapi.json"
	(cd "$CASE" && timeout "$SCHEMATHESIS_SECONDS" "$schemathesis" run openapi.json \
		--url "http://$(<"$CASE/gateway1.listen")" --header "x-api-key: $KEY" --checks all \
		--continue-on-failure --seed "$SEED" --max-examples "$EXAMPLES" \
		--suppress-health-check too_slow --no-color) \
		>"$CASE/schemathesis.log" 2>&1 || {
		cat "$CASE/schemathesis.log"
		return 1
	}
	grep -q 'Selected: 2/2' "$CASE/schemathesis.log"
	# It did get through to both sides of the validation.
	metrics gateway1 >"$CASE/metrics"
	for outcome in accepted validation_failed invalid_api_key method_not_allowed; do
		run -0 grep -E "^gateway_requests_total\{outcome=\"$outcome\"\} [1-9]" "$CASE/metrics"
	done
	expect "contacts in the topic" "$(topic_count)" "$(metric gateway1 gateway_contacts_accepted_total)"
}
