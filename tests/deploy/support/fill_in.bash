# SPDX-License-Identifier: Apache-2.0
# fill_in - what a shipped configuration of a proxy needs to be run here: addresses and a certificate.
# shellcheck shell=bash

# make_certificate FOLDER: one of our own for localhost, which clients are told to trust.
make_certificate() {
	local folder=$1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$folder/privkey.pem" \
		-out "$folder/fullchain.pem" 2>"$folder/openssl.log"
	cat "$folder/fullchain.pem" "$folder/privkey.pem" >"$folder/intake.pem"
}

# fill_in FILE TEXT=REPLACEMENT...: FILE with this case's addresses; each TEXT has to be in it.
fill_in() {
	local file=$1 text pair
	text=$(<"$file")
	shift
	for pair in "$@"; do
		[[ $text == *"${pair%%=*}"* ]] || { echo "$file has no ${pair%%=*}" >&2 && return 1; }
		text=${text//"${pair%%=*}"/"${pair#*=}"}
	done
	printf '%s\n' "$text"
}
