/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_contact - any three texts: what becomes of each is what the contract says, read a second time in
 * reference.c; and what is accepted is accepted again.
 */
#include "shared/contact.h"
#include "shared/ensure.h"
#include "shared/utf8.h"
#include "tests/fuzz/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct contact_value next_value(struct span *input)
{
	struct contact_value value = {.type = CONTACT_VALUE_ABSENT};
	const char *end = input->len ? memchr(input->base, '\n', input->len) : NULL;
	size_t len = end ? (size_t)(end - input->base) : input->len;
	struct span text = span_from(input->base, len);
	*input = end ? span_from(end + 1, input->len - len - 1) : SPAN_NONE;
	if (len > 0 && utf8_is_valid(text))
		value = (struct contact_value){.type = CONTACT_VALUE_TEXT, .text = text};
	else if (len > 0)
		value.type = CONTACT_VALUE_OTHER;
	return value;
}

static struct contact_value value_of(struct span text)
{
	return (struct contact_value){
		.type = text.base ? CONTACT_VALUE_TEXT : CONTACT_VALUE_ABSENT, .text = text};
}

/* Returns: the code of what is wrong with the field; NULL: nothing. */
static const char *code_of(const struct contact_issues *issues, enum contact_field field)
{
	for (size_t i = 0; i < issues->count; i++) {
		if (issues->list[i].field == field)
			return issues->list[i].code;
	}
	return NULL;
}

/* Takes: contact - NULL: it was refused. */
static void check_rules(const struct contact_value values[static CONTACT_FIELD_COUNT],
	const struct contact *contact, const struct contact_issues *issues)
{
	struct buf kept = {0};
	for (enum contact_field field = 0; field < CONTACT_FIELD_COUNT; field++) {
		const char *code = reference_field(field, &values[field], &kept);
		const char *told = code_of(issues, field);
		ensure((code == NULL) == (told == NULL) && (!code || strcmp(code, told) == 0));
		if (!contact)
			continue;
		struct span text = field == CONTACT_NAME    ? contact->name
				   : field == CONTACT_EMAIL ? contact->email
							    : contact->phone;
		ensure(span_equal(text, buf_span(&kept)) && !text.base == !kept.len);
	}
	buf_fini(&kept);
}

static void accepted_again(const struct contact *contact, struct arena *arena)
{
	struct contact again;
	struct contact_issues issues;
	const struct contact_value values[CONTACT_FIELD_COUNT] = {
		[CONTACT_NAME] = value_of(contact->name),
		[CONTACT_EMAIL] = value_of(contact->email),
		[CONTACT_PHONE] = value_of(contact->phone),
	};
	ensure(contact_check(values, arena, &again, &issues) == OK);
	ensure(span_equal(again.name, contact->name));
	ensure(span_equal(again.email, contact->email));
	ensure(span_equal(again.phone, contact->phone));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct contact contact;
	struct contact_issues issues = {.count = 0};
	struct span input = span_from((const char *)data, size);
	struct contact_value values[CONTACT_FIELD_COUNT];
	for (size_t i = 0; i < CONTACT_FIELD_COUNT; i++)
		values[i] = next_value(&input);
	enum error error = contact_check(values, &arena, &contact, &issues);
	ensure(error == (issues.count ? E_VALIDATION_FAILED : OK));
	check_rules(values, error ? NULL : &contact, &issues);
	if (!error)
		accepted_again(&contact, &arena);
	arena_fini(&arena);
	return 0;
}
