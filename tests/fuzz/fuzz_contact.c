/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_contact - any three texts: what is accepted keeps every rule, and is accepted again. */
#include "shared/contact.h"
#include "shared/ensure.h"
#include "shared/utf8.h"

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

static void check_rules(const struct contact *contact)
{
	ensure(contact->name.len > 0 && utf8_utf16_units(contact->name) <= CONTACT_NAME_UNITS);
	ensure(contact->email.len <= CONTACT_EMAIL_BYTES);
	ensure(memchr(contact->email.base, '@', contact->email.len) != NULL);
	for (size_t i = 0; i < contact->email.len; i++)
		ensure(contact->email.base[i] > ' ' &&
			!(contact->email.base[i] >= 'A' && contact->email.base[i] <= 'Z'));
	for (size_t i = 0; i < contact->name.len; i++)
		ensure((unsigned char)contact->name.base[i] >= ' ');
	ensure(!contact->phone.base ||
		(contact->phone.len > 0 &&
			utf8_utf16_units(contact->phone) <= CONTACT_PHONE_UNITS));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct contact contact;
	struct contact again;
	struct contact_issues issues;
	struct span input = span_from((const char *)data, size);
	struct contact_value values[CONTACT_FIELD_COUNT];
	for (size_t i = 0; i < CONTACT_FIELD_COUNT; i++)
		values[i] = next_value(&input);
	if (contact_check(values, &arena, &contact, &issues) == OK) {
		check_rules(&contact);
		values[CONTACT_NAME] = value_of(contact.name);
		values[CONTACT_EMAIL] = value_of(contact.email);
		values[CONTACT_PHONE] = value_of(contact.phone);
		ensure(contact_check(values, &arena, &again, &issues) == OK);
		ensure(span_equal(again.name, contact.name));
		ensure(span_equal(again.email, contact.email));
		ensure(span_equal(again.phone, contact.phone));
	} else {
		ensure(issues.count > 0 && issues.count <= CONTACT_FIELD_COUNT);
	}
	arena_fini(&arena);
	return 0;
}
