#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys over https: of a host with a certificate of its own, from an authority that is trusted, and within bounds.

load support/tokens

readonly ISSUER_SECONDS=10

setup() {
	case_begin
	tokens_begin
	authority trusted
	authority another
	certificate good trusted localhost
	certificate foreign trusted issuer.example
	certificate unknown another localhost
}

teardown() {
	[[ ! -e $CASE/issuer.pid ]] || end "$CASE" issuer KILL 5
	case_end
}

# authority NAME: its certificate and key in $CASE/NAME.crt and .key.
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$CASE/$1.key" -out "$CASE/$1.crt" 2>/dev/null
}

# certificate NAME AUTHORITY HOST: with its key, in $CASE/NAME.pem.
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" \
		-keyout "$CASE/$1.own" -out "$CASE/$1.csr" 2>/dev/null
	openssl x509 -req -in "$CASE/$1.csr" -CA "$CASE/$2.crt" -CAkey "$CASE/$2.key" -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=DNS:$3") -out "$CASE/$1.crt" 2>/dev/null
	cat "$CASE/$1.crt" "$CASE/$1.own" >"$CASE/$1.pem"
}

# issuer_start CERTIFICATE: another one than before, at the same port.
issuer_start() {
	[[ ! -e $CASE/issuer.pid ]] || end "$CASE" issuer KILL 5
	choose_address issuer.at
	: >"$CASE/issuer.log"
	launch "$CASE" issuer python3 "$SUPPORT/issuer.py" "$(cut -d : -f 2 "$CASE/issuer.at")" "$CASE/$1.pem" "$ISSUER"
	wait_until "$ISSUER_SECONDS" curl -sk -o /dev/null "https://$(<"$CASE/issuer.at")/"
}

# serve_keys_from PATH: by a gateway that trusts one authority.
serve_keys_from() {
	[[ ! -e $CASE/gateway1.pid ]] || program_stop gateway1
	gateway_start 1 "${SETTINGS[@]}" "SSL_CERT_FILE=$CASE/trusted.crt" \
		"GATEWAY_JWT_KEYS=https://localhost:$(cut -d : -f 2 "$CASE/issuer.at")$1"
}

keys_failed() {
	grep 'event=settings.jwt_keys_failed' "$CASE/gateway1.log" | tail -n 1 | grep -qi "$1" ||
		{ grep settings.jwt "$CASE/gateway1.log"; return 1; }
}

@test "keys come over https, of the host that is asked, with a certificate of a trusted authority" {
	issuer_start good
	serve_keys_from /keys.json
	hand_over "$(signed)"
	expect_in 'keys over https'
	issuer_start unknown
	serve_keys_from /keys.json
	hand_over "$(signed)"
	expect_out 'an authority that is not trusted'
	keys_failed 'certificate'
	issuer_start foreign
	serve_keys_from /keys.json
	hand_over "$(signed)"
	expect_out "another host's certificate"
	keys_failed 'certificate'
	expect 'what was asked' "$(grep -cx /keys.json "$CASE/issuer.log")" 0
}

@test "keys come whole, from where they were asked for, or not at all" {
	issuer_start good
	serve_keys_from /moved
	hand_over "$(signed)"
	expect_out 'a redirect'
	keys_failed 'status 302'
	serve_keys_from /large
	hand_over "$(signed)"
	expect_out 'a hundred kilobytes'
	expect 'what was asked' "$(grep -cx /keys.json "$CASE/issuer.log")" 0
	serve_keys_from /nothing
	hand_over "$(signed)"
	expect_out 'no keys'
	keys_failed 'status 404'
}

@test "while an issuer is silent the page goes on" {
	issuer_start good
	serve_keys_from /silent
	sign_in bob 1 "$(sql 'select id from businesses')"
	local token pids=()
	token=$(signed)
	for _ in 1 2 3; do
		hand_over "$token" 3>&- &
		pids+=($!)
	done
	wait_until 5 grep -q silent "$CASE/issuer.log"
	local began=${EPOCHREALTIME/[.,]/}
	visit bob 1 /settings
	expect status "$STATUS" 200
	local took_ms=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
	((took_ms < 1500)) || { echo "the page took $took_ms ms"; return 1; }
	wait "${pids[@]}"
}

@test "a key of a kind that is not known keeps no other from being used" {
	jq -c '.keys = [{kty: "AKP", alg: "ML-DSA-44", pub: "AAAA", kid: "quantum"}] + .keys' "$ISSUER/keys.json" \
		>"$ISSUER/both.json"
	mv "$ISSUER/both.json" "$ISSUER/keys.json"
	gateway_start 1 "${SETTINGS[@]}"
	hand_over "$(signed)"
	expect_in 'a known key beside one that is not'
}
