# SPDX-License-Identifier: Apache-2.0
# dead_letters - records for the dead-letter topic, as a worker writes them and as others might.
# shellcheck shell=bash

DEAD_LETTER_TOPIC=$CONTACTS_TOPIC.dead-letter

# dead_letter_write KEY VALUE [HEADER=value]...: one record, or one a line of VALUE where KEY is "-" and
# each line is "key<TAB>value".
dead_letter_write() {
	local key=$1 value=$2 header headers=()
	shift 2
	for header in "$@"; do
		headers+=(-H "$header")
	done
	if [[ $key == - ]]; then
		printf '%s\n' "$value"
	else
		printf '%s\t%s\n' "$key" "$value"
	fi | kcat -P -b "$KAFKA_BROKERS" -t "$DEAD_LETTER_TOPIC" -K $'\t' -X partitioner=murmur2_random "${headers[@]}" \
		2>>"$CASE/kcat.log"
}

# dead_letter_headers ID REASON [ATTEMPTS [MESSAGE]]: sets HEADERS.
dead_letter_headers() {
	HEADERS=("ce_specversion=1.0" "ce_id=$1" "ce_type=contact.received.v1" "ce_source=/api/webhooks/contacts"
		"content-type=application/json" "x-of-the-sender=kept"
		"dead_letter.reason=$2" "dead_letter.sqlstate=23514" "dead_letter.message=${4:-it was refused}"
		"dead_letter.topic=$CONTACTS_TOPIC" "dead_letter.partition=0" "dead_letter.offset=7"
		"dead_letter.timestamp=1" "dead_letter.attempts=${3:-1}")
}

# dead_letter BUSINESS ID REASON EMAIL NAME [ATTEMPTS]: of a valid event.
dead_letter() {
	dead_letter_headers "$2" "$3" "${6:-1}"
	dead_letter_write "$1:$4" "$(jq -nc --arg b "$1" --arg e "$4" --arg n "$5" \
		'{business_id: $b, name: $n, email: $e}')" "${HEADERS[@]}"
}

dead_letters() {
	owner worker dead-letters "$@"
}

# event_id N: UUIDv7s that grow with N.
event_id() {
	printf '01900000-0000-7%03x-8000-000000000000\n' "$1"
}
