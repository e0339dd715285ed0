#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The contract's table of refusals, row by row, as a sender sees them.
# shellcheck disable=SC2030,SC2031 # each test sets BODY for itself

load support/intake

setup_file() {
	case_begin
	business_make --limit 100000
	gateway_start 1
	export KEY BUSINESS DATABASE
}

teardown_file() {
	# bats says no outcome here: the logs of a failed run are in its own output.
	BATS_TEST_COMPLETED=1 case_end
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tail -n 5 "$CASE/gateway1.log"
}

# expect_untouched: whatever was refused before is not in the topic.
expect_untouched() {
	expect "records in the topic" "$(topic_count)" 0
}

# answers STATUS: how many of them came back to `raw`.
answers() {
	grep -o "HTTP/1.1 $1 " "$CASE/raw" | wc -l
}

# raw BYTES...: as they are, over one connection that the sender leaves open; prints what comes back.
raw() {
	python3 "$SUPPORT/raw.py" "$(<"$CASE/gateway1.listen")" "$@"
}

@test "400: a body that is empty, not JSON, not UTF-8, not an object" {
	post 1 "$KEY" ''
	expect_refused 400 empty_body
	post 1 "$KEY" '   '
	expect_refused 400 empty_body
	for body in '{' '{"name":}' '{"name":"Ada"}x' '{"a":1,}' "{'name':'Ada'}" '{"n":01}' '{"n":NaN}'; do
		post 1 "$KEY" "$body"
		expect_refused 400 invalid_json
	done
	printf '{"name":"\xff","email":"a@example.com"}' >"$CASE/body"
	post 1 "$KEY" "@$CASE/body"
	expect_refused 400 invalid_utf8
	printf '{"name":"a\\ud800b","email":"a@example.com"}' >"$CASE/body"
	post 1 "$KEY" "@$CASE/body"
	expect status "$STATUS" 400
	printf '{"name":"a\\u0000b","email":"a@example.com"}' >"$CASE/body"
	post 1 "$KEY" "@$CASE/body"
	expect status "$STATUS" 400
	post 1 "$KEY" "$(printf '{"name":"Ada","email":"a@example.com","x":%s1%s}' \
		"$(printf '[%.0s' {1..20})" "$(printf ']%.0s' {1..20})")"
	expect status "$STATUS" 400
	post 1 "$KEY" "{\"name\":\"Ada\",\"email\":\"a@example.com\"$(printf ',"m%d":1' {1..1100})}"
	expect status "$STATUS" 400
	expect_untouched
}

@test "400 validation_failed says which field, and does not tell the value back" {
	post 1 "$KEY" '{"email":"zebedee@@example.com"}'
	expect_refused 400 validation_failed
	expect "fields" "$(jq -c '.fieldErrors | keys' <<<"$BODY")" '["email","name"]'
	expect "paths" "$(jq -c '[.issues[].path] | sort' <<<"$BODY")" '[["email"],["name"]]'
	expect "message" "$(jq '.message | length > 0' <<<"$BODY")" true
	[[ $BODY != *zebedee* ]]
	long=$(printf 'x%.0s' {1..201})
	for body in '{"name":"Ada"}' '{"name":"  ","email":"a@example.com"}' \
		"{\"name\":\"$long\",\"email\":\"a@example.com\"}" \
		"{\"name\":\"Ada\",\"email\":\"a@example.com\",\"phone\":\"${long:0:51}\"}" \
		'{"name":7,"email":"a@example.com"}' '{"name":"Ada","email":["a@example.com"]}' \
		'{"name":"Ada","email":"a@example"}' '{"name":"Ada","email":".a@example.com"}' \
		'{"name":"Ada","email":"a..b@example.com"}' '{"name":"A\u0001da","email":"a@example.com"}'; do
		post 1 "$KEY" "$body"
		expect_refused 400 validation_failed
	done
	expect_untouched
}

@test "401: no key, a malformed one, an unknown one, one in the query" {
	body=$(contact_json Ada a@example.com)
	post 1 "" "$body"
	expect_refused 401 missing_api_key
	[[ -n $(header www-authenticate) ]]
	for key in sk_1 "sk_$(printf '%064d' 1)" "${KEY^^}" "${KEY}0" "sk_$(printf 'g%.0s' {1..64})"; do
		post 1 "$key" "$body"
		expect_refused 401 invalid_api_key
		[[ -n $(header www-authenticate) ]]
	done
	STATUS=$(curl -s -D "$CASE/head" -o "$CASE/answer" -w '%{http_code}' -d "$body" "$(webhook 1)?api_key=$KEY")
	BODY=$(<"$CASE/answer")
	expect status "$STATUS" 401
	jq -e '.message | test("header")' <<<"$BODY" >/dev/null
	expect_untouched
}

@test "400 conflicting_keys: two different keys; the same one twice is one" {
	body=$(contact_json Ada conflicting@example.com)
	post 1 "$KEY" "$body" -H "Authorization: Bearer sk_$(printf '%064d' 1)"
	expect_refused 400 conflicting_keys
	expect_untouched
}

@test "404 and 410 never come from the webhook's path; 405 says POST in a friendly line" {
	for method in GET HEAD PUT DELETE PATCH OPTIONS; do
		if [[ $method == HEAD ]]; then
			STATUS=$(curl -s -I -o "$CASE/head" -w '%{http_code}' "$(webhook 1)")
			expect "HEAD" "$STATUS" 405
			continue
		fi
		STATUS=$(curl -s -X "$method" -D "$CASE/head" -o "$CASE/answer" -w '%{http_code}' "$(webhook 1)")
		BODY=$(<"$CASE/answer")
		expect_refused 405 method_not_allowed
		expect allow "$(header allow)" POST
	done
	expect "elsewhere" "$(curl -s -o /dev/null -w '%{http_code}' "http://$(<"$CASE/gateway1.listen")/nowhere")" 404
}

@test "413 for a body over the cap, with its length and without, and for one that grows over it" {
	head -c $((128 * 1024 + 1)) /dev/zero | tr '\0' ' ' >"$CASE/large"
	post 1 "$KEY" "@$CASE/large"
	expect_refused 413 body_too_large
	post 1 "$KEY" "@$CASE/large" -H 'Transfer-Encoding: chunked'
	expect_refused 413 body_too_large
	expect_untouched
}

@test "415: XML, multipart, compressed, another charset" {
	post 1 "$KEY" '<contact/>' -H 'content-type: application/xml'
	expect_refused 415 unsupported_media_type
	post 1 "$KEY" '--x' -H 'content-type: multipart/form-data; boundary=x'
	expect_refused 415 unsupported_media_type
	post 1 "$KEY" "$(contact_json Ada a@example.com)" -H 'content-encoding: gzip'
	expect_refused 415 unsupported_media_type
	post 1 "$KEY" "$(contact_json Ada a@example.com)" -H 'content-type: application/json; charset=utf-16'
	expect_refused 415 unsupported_media_type
	expect_untouched
}

@test "431 for headers of 64 KiB, in one header or in many" {
	huge=$(head -c 65536 /dev/zero | tr '\0' 'x')
	printf 'X-Huge: %s\n' "$huge" >"$CASE/huge"
	post 1 "$KEY" "$(contact_json Ada a@example.com)" -H "@$CASE/huge" || true
	expect_refused 431 headers_too_large
	for ((i = 0; i < 2000; i++)); do
		printf 'X-Many-%d: xxxxxxxxxxxxxxxxxxxxxxxx\n' "$i"
	done >"$CASE/huge"
	post 1 "$KEY" "$(contact_json Ada a@example.com)" -H "@$CASE/huge" || true
	expect_refused 431 headers_too_large
	expect_untouched
}

@test "400 bad_request and close: not HTTP, two lengths, both length and chunks, and their kin" {
	path=/api/webhooks/contacts
	for request in \
		'not http at all\r\n\r\n' \
		"POST $path HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}" \
		"POST $path HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}" \
		"POST $path HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" \
		"POST $path HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\n{}" \
		"POST $path HTTP/1.1\r\nHost: x\r\nContent-Length: 2 2\r\n\r\n{}" \
		"POST $path HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}" \
		"POST $path HTTP/1.1\r\nHost: x\r\nContent-Length : 2\r\n\r\n{}" \
		"POST $path HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n folded\r\nContent-Length: 2\r\n\r\n{}" \
		"POST $path HTTP/1.1\r\nHost: x\r\nX-A:\rX-B: 1\r\nContent-Length: 2\r\n\r\n{}" \
		"POST $path HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n{}" \
		"POST $path HTTP/1.1\r\nHost: x\r\nx-api-key: $KEY\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"; do
		raw "$request" >"$CASE/raw"
		head -n 1 "$CASE/raw" | grep -q '^HTTP/1.1 400 ' || {
			echo "request: $request"
			cat "$CASE/raw"
			return 1
		}
		grep -q '"error":"bad_request"' "$CASE/raw"
		tail -n 1 "$CASE/raw" | grep -qx '<closed>'
	done
	expect_untouched
}

@test "requests that parsers disagree about are refused once and closed, or taken for what they are" {
	timeout 60 python3 "$SUPPORT/requests.py" "$(<"$CASE/gateway1.listen")" "$PROJECT/tests/vectors/requests.json" <<<"$KEY"
	expect_untouched
}

@test "a refusal before the body leaves the connection usable after a small body, and closes after a large one" {
	small='POST /api/webhooks/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'
	raw "$small$small" >"$CASE/raw"
	expect answers "$(answers 401)" 2
	large='POST /api/webhooks/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n'
	raw "$large" >"$CASE/raw"
	expect answers "$(answers 401)" 1
	grep -qi '^connection: close' "$CASE/raw"
	tail -n 1 "$CASE/raw" | grep -qx '<closed>'
}

@test "what is odd but right is taken: BOM, unknown members, doubled ones, long numbers, pipelining, odd splits" {
	printf '\xef\xbb\xbf{"name":"Ada","email":"bom@example.com"}' >"$CASE/body"
	post 1 "$KEY" "@$CASE/body"
	expect_accepted
	post 1 "$KEY" '{"name":"Ada","email":"odd@example.com","n":12345678901234567890,"x":{"y":[1,null]}}'
	expect_accepted
	post 1 "$KEY" '{"name":"First","name":"Last","email":"odd@example.com"}'
	expect_accepted
	expect "doubled" "$(jq -r .contact.name <<<"$BODY")" Last
	post 1 "$KEY" '{"name":"Ada","email":"odd@example.com","phone":null}'
	expect_accepted
	post 1 "$KEY" '{"name":"Ada","email":"odd@example.com","phone":4420794609}'
	expect_accepted
	expect "number" "$(jq -r .contact.phone <<<"$BODY")" 4420794609
	post 1 "$KEY" '{"name":"A\r\n\tda","email":"odd@example.com"}' -H 'content-type: text/plain'
	expect_accepted
	body='{"name":"Ada","email":"odd@example.com"}'
	one="POST /api/webhooks/contacts HTTP/1.1\r\nHost: x\r\nx-api-key: $KEY\r\nContent-Length: ${#body}\r\n\r\n$body"
	raw "$one$one$one" >"$CASE/raw"
	expect "pipelined" "$(answers 202)" 3
	raw --split 1 "$one" >"$CASE/raw"
	expect "byte by byte" "$(answers 202)" 1
}
