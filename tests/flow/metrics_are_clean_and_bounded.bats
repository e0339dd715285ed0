#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# /metrics of both programs: as Prometheus wants them, and no more series for more senders.

load support/intake

setup() {
	case_begin
	business_make
	gateway_start 1
	worker_start 1
}

teardown() {
	case_end
}

# series PROGRAM: their names and labels, without values.
series() {
	metrics "$1" | sed -n '/^#/!s/ [^ ]*$//p' | sort
}

@test "promtool finds nothing wrong with them" {
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	await_sql "select count(*) from contacts" 1
	promtool=$("$PROJECT/tests/tool" promtool)
	for program in gateway1 worker1; do
		metrics "$program" >"$CASE/metrics"
		run -0 "$promtool" check metrics <"$CASE/metrics"
		expect "what promtool says of $program" "$output" ""
		version=$(program_version "${program%1}")
		grep -qF "${program%1}_build_info{version=\"$version\"} 1" "$CASE/metrics"
	done
}

program_version() {
	"$(program_path "$1")" --version | awk '{ print $NF }'
}

@test "whoever sends whatever, the series stay those of the start" {
	series gateway1 >"$CASE/gateway.before"
	series worker1 >"$CASE/worker.before"
	for i in 1 2 3 4 5; do
		business_make --limit 1
		for body in "$(contact_json "Ada $i" "ada$i@example.com")" '{"name":"late"}'; do
			post 1 "$KEY" "$body"
		done
		curl -s -o /dev/null -X "METHOD$i" "$(webhook 1)/$i?x=$i"
		curl -s -o /dev/null -H "x-api-key: sk_$(printf '%064d' "$i")" -d "$i" "$(webhook 1)"
		python3 "$SUPPORT/raw.py" "$(<"$CASE/gateway1.listen")" "nonsense $i\r\n\r\n" >/dev/null
	done
	await_sql "select count(*) from contacts" 5
	series gateway1 | diff "$CASE/gateway.before" -
	series worker1 | diff "$CASE/worker.before" -
}

@test "the stages of a request add up to it, for one request in 16" {
	business_make --limit 1000
	program_stop gateway1
	gateway_start 1 GATEWAY_THREADS=1
	for _ in {1..33}; do
		post 1 "$KEY" "$(contact_json Ada ada@example.com)"
		expect_accepted
	done
	metrics gateway1 >"$CASE/metrics"
	for stage in headers shed authenticate limit size_cap read_body parse_body validate encode produce; do
		expect "requests timed in $stage" \
			"$(awk -v "name=gateway_stage_seconds_count{stage=\"$stage\"}" '$1 == name { print $2 }' \
				"$CASE/metrics")" 3
	done
	# Three requests cannot have taken longer in their stages than all 33 did as a whole.
	awk '/^gateway_stage_seconds_sum/ { stages += $2 } /^gateway_request_seconds_sum/ { whole = $2 }
		END { exit !(stages > 0 && stages < whole) }' "$CASE/metrics"
}
