#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys move both ways between Intake and a Node application: the same scrypt, text for text.

load support/intake

VECTORS=$PROJECT/tests/vectors/scrypt-vectors.json

setup() {
	case_begin
	gateway_start 1
}

teardown() {
	case_end
}

# legacy_business STORED: a business as the web application leaves it; sets BUSINESS.
legacy_business() {
	BUSINESS=$(sql "insert into businesses (id, name, api_key_hash)
		values (gen_random_uuid(), 'Legacy', '$1') returning id")
}

has_digest() {
	sql_is "select count(*) from intake.api_keys where business_id = '$BUSINESS'" 1
}

@test "each vector's key opens its business, gets its digest, and the second request costs no scrypt" {
	count=$(jq '.vectors | length' "$VECTORS")
	for ((i = 0; i < count; i++)); do
		key=$(jq -r ".vectors[$i].key" "$VECTORS")
		legacy_business "$(jq -r ".vectors[$i].stored" "$VECTORS")"
		post 1 "$key" "$(contact_json Ada "ada$i@example.com")"
		expect_accepted
		wait_until 5 has_digest
		digest=$(printf '%s' "${key#sk_}" | sha256sum | cut -d' ' -f1)
		expect digest "$(sql "select encode(digest, 'hex') from intake.api_keys where business_id = '$BUSINESS'")" "$digest"
		cpu=$(cpu_ticks)
		for _ in 1 2 3 4 5; do
			post 1 "$key" "$(contact_json Ada "ada$i@example.com")"
			expect_accepted
		done
		# One scrypt takes 50 ms and more: five requests without any take next to nothing.
		(($(cpu_ticks) - cpu <= 5)) || { echo "ticks: $cpu -> $(cpu_ticks)"; return 1; }
	done
}

cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/$(program_pid gateway1)/stat"
}

@test "what misreads the recipe does not open a business" {
	key=$(jq -r '.vectors[1].key' "$VECTORS")
	salt=$(jq -r '.vectors[1].salt_utf8' "$VECTORS")
	for misreading in $(jq -r '.must_not_match_for_vector_2 | keys[]' "$VECTORS"); do
		legacy_business "$salt:$(jq -r ".must_not_match_for_vector_2.$misreading" "$VECTORS")"
	done
	post 1 "$key" "$(contact_json Ada ada@example.com)"
	expect_refused 401 invalid_api_key
}

@test "a key made here opens with Node's crypto, and one made by Node opens here" {
	command -v node >/dev/null || skip "there is no node"
	business_make
	stored=$(sql "select api_key_hash from businesses where id = '$BUSINESS'")
	KEY=$KEY STORED=$stored node -e '
		const { scryptSync } = require("crypto");
		const [salt, hash] = process.env.STORED.split(":");
		const made = scryptSync(process.env.KEY.slice(3), salt, 64).toString("hex");
		process.exit(made === hash ? 0 : 1);'
	node -e '
		const { randomBytes, scryptSync } = require("crypto");
		const hex = randomBytes(32).toString("hex"), salt = randomBytes(16).toString("hex");
		console.log("sk_" + hex, salt + ":" + scryptSync(hex, salt, 64).toString("hex"));' >"$CASE/made"
	read -r key stored <"$CASE/made"
	legacy_business "$stored"
	post 1 "$key" "$(contact_json Ada ada@example.com)"
	expect_accepted
}
