/* SPDX-License-Identifier: Apache-2.0 */
/* test_api_key - keys as Node makes and keeps them. */
#include "shared/api_key.h"

#include <jansson.h>
#include <sodium.h>

#include "shared/memory.h"
#include "tests/unit/test.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define SALT "00000000000000000000000000000000"

/* scrypt of ZEROS with SALT. */
static const char known_hash[] = "67498f058ee5da236e8cc3ac044edc1110fa51ee45f1f7e7628487047c261fb5"
				 "78ac6af6b2c976b6bf2074544f5d77de75966f4968d17a1a24498f79590c0ad8";

static json_t *load_vectors(void)
{
	json_t *file = json_load_file(VECTORS_DIR "/scrypt-vectors.json", 0, NULL);
	ck_assert_ptr_nonnull(file);
	return file;
}

static struct span text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	ck_assert_msg(text, "no %s", member);
	return span_of(text);
}

START_TEST(every_stored_hash_of_node_verifies)
{
	json_t *file = load_vectors();
	size_t index;
	const json_t *vector;
	size_t verified = 0;
	json_array_foreach(json_object_get(file, "vectors"), index, vector)
	{
		ck_assert_msg(
			api_key_verify(text_of(vector, "key"), text_of(vector, "stored")) == OK,
			"vector %zu", index);
		verified++;
	}
	ck_assert_uint_eq(verified, 3);
	json_decref(file);
}
END_TEST

START_TEST(no_misreading_of_salt_or_key_verifies)
{
	json_t *file = load_vectors();
	const json_t *vector = json_array_get(json_object_get(file, "vectors"), 1);
	json_t *misreadings = json_object_get(file, "must_not_match_for_vector_2");
	struct span salt = text_of(vector, "salt_utf8");
	const char *name;
	const json_t *hash;
	size_t refused = 0;
	json_object_foreach(misreadings, name, hash)
	{
		char stored[API_KEY_STORED_LEN + 1];
		(void)snprintf(stored, sizeof(stored), "%s:%s", salt.base, json_string_value(hash));
		ck_assert_msg(api_key_verify(text_of(vector, "key"), span_of(stored)) ==
				      E_INVALID_API_KEY,
			"%s", name);
		refused++;
	}
	ck_assert_uint_eq(refused, 4);
	json_decref(file);
}
END_TEST

START_TEST(another_key_does_not_verify)
{
	char stored[API_KEY_STORED_LEN + 1];
	(void)snprintf(stored, sizeof(stored), SALT ":%s", known_hash);
	ck_assert_int_eq(api_key_verify(SPAN("sk_" ZEROS), span_of(stored)), OK);
	char other[] = "sk_" ZEROS;
	other[API_KEY_LEN - 1] = '1';
	ck_assert_int_eq(api_key_verify(span_of(other), span_of(stored)), E_INVALID_API_KEY);
}
END_TEST

START_TEST(a_malformed_stored_hash_matches_nothing)
{
	static const char *const formats[] = {
		"",
		":",
		SALT,
		SALT ":",
		":%s",
		SALT "%s",
		SALT "-%s",
		SALT ":%sa",
		SALT ":%s\n",
		SALT ":%.127s",
		SALT ":%.127sg",
		SALT ":%.126s:0",
		"0" SALT ":%s",
		" " SALT ":%s",
		"0000000000000000000000000000000:%s",
		"0000000000000000000000000000000G:%s",
		"000000000000000000000000000000\xc3\xa9:%s",
		"$scrypt$ln=14,r=8,p=1$" SALT "$%s",
	};
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		char stored[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		int len = snprintf(stored, sizeof(stored), formats[i], known_hash);
#pragma GCC diagnostic pop
		/* Of its exact size, so that a sanitizer sees a read too far. */
		char *exact = memory_alloc((size_t)len);
		memcpy(exact, stored, (size_t)len);
		ck_assert_msg(api_key_verify(SPAN("sk_" ZEROS), span_from(exact, (size_t)len)) ==
				      E_INVALID_API_KEY,
			"%s", formats[i]);
		free(exact);
	}
	ck_assert_int_eq(api_key_verify(SPAN("sk_" ZEROS), SPAN_NONE), E_INVALID_API_KEY);
}
END_TEST

START_TEST(what_is_hashed_verifies_and_has_the_form_that_node_reads)
{
	struct api_key key;
	char stored[API_KEY_STORED_LEN + 1];
	char again[API_KEY_STORED_LEN + 1];
	api_key_generate(&key);
	struct span text = span_of(key.text);
	ck_assert_int_eq(api_key_hash(text, stored), OK);
	ck_assert_uint_eq(strlen(stored), API_KEY_STORED_LEN);
	ck_assert_uint_eq(strspn(stored, "0123456789abcdef"), API_KEY_SALT_LEN);
	ck_assert_int_eq(stored[API_KEY_SALT_LEN], ':');
	ck_assert_uint_eq(strspn(stored + API_KEY_SALT_LEN + 1, "0123456789abcdef"), 128);
	ck_assert_int_eq(api_key_verify(text, span_of(stored)), OK);
	ck_assert_int_eq(api_key_hash(text, again), OK);
	ck_assert_str_ne(stored, again);
}
END_TEST

START_TEST(a_generated_key_is_well_formed_and_new)
{
	struct api_key one;
	struct api_key other;
	api_key_generate(&one);
	api_key_generate(&other);
	ck_assert(api_key_is_well_formed(span_of(one.text)));
	ck_assert_str_ne(one.text, other.text);
}
END_TEST

START_TEST(a_wiped_key_is_gone)
{
	struct api_key key;
	api_key_generate(&key);
	api_key_wipe(&key);
	ck_assert(sodium_is_zero((const unsigned char *)&key, sizeof(key)));
}
END_TEST

START_TEST(only_sk_and_64_lower_case_hex_characters_are_a_key)
{
	ck_assert(api_key_is_well_formed(SPAN("sk_" ZEROS)));
	ck_assert(!api_key_is_well_formed(SPAN_NONE));
	ck_assert(!api_key_is_well_formed(SPAN("sk_")));
	ck_assert(!api_key_is_well_formed(SPAN("pk_" ZEROS)));
	ck_assert(!api_key_is_well_formed(SPAN("SK_" ZEROS)));
	ck_assert(!api_key_is_well_formed(SPAN("sk_" ZEROS "0")));
	ck_assert(!api_key_is_well_formed(SPAN(" sk_" ZEROS)));
	for (int at = 3; at < API_KEY_LEN; at += 60) {
		for (int byte = 0; byte < 256; byte++) {
			char key[] = "sk_" ZEROS;
			bool is_hex = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
			key[at] = (char)byte;
			ck_assert_msg(api_key_is_well_formed(span_from(key, API_KEY_LEN)) == is_hex,
				"byte %d at %d", byte, at);
		}
	}
}
END_TEST

START_TEST(the_digest_is_sha256_of_the_hex_characters)
{
	struct api_key_digest digest = api_key_digest(SPAN("sk_" ZEROS));
	char hex[2 * sizeof(digest) + 1];
	(void)sodium_bin2hex(hex, sizeof(hex), digest.bytes, sizeof(digest.bytes));
	/* printf '%064d' 0 | sha256sum */
	ck_assert_str_eq(hex, "60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55");
}
END_TEST

TESTS("api_key", every_stored_hash_of_node_verifies, no_misreading_of_salt_or_key_verifies,
	another_key_does_not_verify, a_malformed_stored_hash_matches_nothing,
	what_is_hashed_verifies_and_has_the_form_that_node_reads,
	a_generated_key_is_well_formed_and_new, a_wiped_key_is_gone,
	only_sk_and_64_lower_case_hex_characters_are_a_key,
	the_digest_is_sha256_of_the_hex_characters)
