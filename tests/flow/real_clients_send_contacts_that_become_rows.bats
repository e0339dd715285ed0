#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What senders write their webhooks with: each shape of body that a client makes by itself ends as the
# row that was meant, byte for byte.

load support/intake

# What forms, JSON and shells have to quote.
readonly NAME="José \"Pepe\" Ñandú 李 O'Neil & Söhne = 100% + 🙂" PHONE='+44 20 7946 0958'
CLIENTS=$SUPPORT/clients

setup_file() {
	case_begin
	business_make --limit 100000
	gateway_start 1
	worker_start 1
	export KEY BUSINESS DATABASE
}

teardown_file() {
	# bats says no outcome here: the logs of a failed run are in its own output.
	BATS_TEST_COMPLETED=1 case_end
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tail -n 5 "$CASE/gateway1.log"
}

# expect_rows CLIENT SHAPE...: the rows of that client's contacts, and no others.
expect_rows() {
	local client=$1 shape
	shift
	for shape in "$@"; do
		printf '%s-%s@example.com|%s|%s\n' "$client" "$shape" "$NAME" "$PHONE"
	done | LC_ALL=C sort >"$CASE/wanted"
	await_sql "select email, name, phone from contacts where email like '$client-%'
		order by email collate \"C\"" "$(<"$CASE/wanted")"
}

# with_client COMMAND...: given the webhook's address, the key and the contact.
with_client() {
	timeout 240 "$@" "$(webhook 1)" "$KEY" "$NAME" "$PHONE"
}

# curl_shape SHAPE OPTION...
curl_shape() {
	local shape=$1
	shift
	expect "the status of $shape" "$(curl -sS -m 10 -o "$CASE/answer" -w '%{http_code}' \
		-H "x-api-key: $KEY" "$@" "$(webhook 1)")" 202
}

@test "curl: -d, --json, --data-urlencode, a file" {
	curl_shape d -d "$(contact_json "$NAME" curl-d@example.com "$PHONE")"
	curl_shape json --json "$(contact_json "$NAME" curl-json@example.com "$PHONE")"
	curl_shape form --data-urlencode "name=$NAME" --data-urlencode email=curl-form@example.com \
		--data-urlencode "phone=$PHONE"
	contact_json "$NAME" curl-file@example.com "$PHONE" | jq . >"$CASE/file"
	curl_shape file -d "@$CASE/file"
	curl_shape binary --data-binary "@$CASE/file" -H 'content-type: application/json' \
		-H 'transfer-encoding: chunked'
	expect_rows curl d file form json
}

@test "wget: --post-data, --post-file" {
	contact_json "$NAME" wget-file@example.com "$PHONE" >"$CASE/file"
	wget -q -T 10 -O "$CASE/answer" --header "x-api-key: $KEY" --post-file "$CASE/file" "$(webhook 1)"
	wget -q -T 10 -O "$CASE/answer" --header "x-api-key: $KEY" "$(webhook 1)" --post-data \
		"$(jq -rn --arg name "$NAME" --arg phone "$PHONE" \
			'"name=\($name | @uri)&email=wget-data%40example.com&phone=\($phone | @uri)"')"
	expect_rows wget data file
}

@test "Python requests: json=, a list, data= of a dictionary, of bytes, of pieces" {
	with_client python3 "$CLIENTS/python_requests.py"
	expect_rows requests json list list2 form text chunked
}

@test "Python urllib: JSON that it labels as a form, and a form" {
	with_client python3 "$CLIENTS/python_urllib.py"
	expect_rows urllib json form
}

@test "Node fetch: JSON, JSON labelled as text, URLSearchParams, a stream" {
	with_client node "$CLIENTS/node_fetch.mjs"
	expect_rows fetch json text form stream
}

@test "Go net/http: JSON and a form" {
	command -v go >/dev/null || skip "Go is not installed here, and too large to install for this"
	# It compiles its library first where nobody has yet: a minute of one core.
	GO111MODULE=off GOFLAGS='' with_client go run "$CLIENTS/go_http.go"
	expect_rows go json form
}
