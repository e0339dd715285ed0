/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields - which members of an object are the fields of a contact, whatever a sender calls them.
 *
 * Design notes. One pass over the members: each name is brought to its bare form (lower case, without
 * spaces, "_", "-", ".") and looked up in the table of aliases; for each part of a contact the best
 * member is kept. A member that is empty is worse than any that is not; then the exact name wins, then
 * the table's order.
 */
#include "gateway/fields.h"

#include "shared/buf.h"
#include "shared/utf8.h"

enum { ALIAS_BYTES = 13 }; /* the longest bare name in the table */

/* What a member can be a part of. */
enum part { PART_EMAIL, PART_NAME, PART_FIRST, PART_LAST, PART_PHONE, PART_COUNT };

static const struct alias {
	enum part part;
	struct span name;
} aliases[] = {
#define ALIAS(part, name)                                                                          \
	{                                                                                          \
		PART_##part,                                                                       \
		{                                                                                  \
			name, sizeof(name) - 1                                                     \
		}                                                                                  \
	}
	ALIAS(EMAIL, "email"),
	ALIAS(EMAIL, "emailaddress"),
	ALIAS(EMAIL, "mail"),
	ALIAS(EMAIL, "contactemail"),
	ALIAS(EMAIL, "customeremail"),
	ALIAS(EMAIL, "youremail"),
	ALIAS(NAME, "name"),
	ALIAS(NAME, "fullname"),
	ALIAS(NAME, "contactname"),
	ALIAS(NAME, "customername"),
	ALIAS(NAME, "clientname"),
	ALIAS(FIRST, "firstname"),
	ALIAS(FIRST, "fname"),
	ALIAS(FIRST, "givenname"),
	ALIAS(LAST, "lastname"),
	ALIAS(LAST, "lname"),
	ALIAS(LAST, "surname"),
	ALIAS(LAST, "familyname"),
	ALIAS(PHONE, "phone"),
	ALIAS(PHONE, "phonenumber"),
	ALIAS(PHONE, "mobile"),
	ALIAS(PHONE, "mobilenumber"),
	ALIAS(PHONE, "mobilephone"),
	ALIAS(PHONE, "cell"),
	ALIAS(PHONE, "telephone"),
	ALIAS(PHONE, "tel"),
#undef ALIAS
};

enum { ALIAS_COUNT = sizeof(aliases) / sizeof(*aliases) };

/* Inside `name:{...}` the two parts go by shorter names too. */
static const struct alias short_aliases[] = {
	{PART_FIRST, {"first", 5}},
	{PART_LAST, {"last", 4}},
};

static const struct span wrappers[] = {{"data", 4}, {"contact", 7}, {"payload", 7}};

enum { WRAPPER_COUNT = sizeof(wrappers) / sizeof(*wrappers) };

/* The best member so far for a part. */
struct candidate {
	const char *name;    /* NULL: none */
	const json_t *value; /* borrowed */
	size_t rank;         /* the lower the better: 0 is the exact name, then the table's order */
	bool empty;
	const char *rival; /* another one that says something else; NULL: none */
};

struct candidates {
	struct candidate list[PART_COUNT];
};

/* Returns the bare name, in `out`; an empty one where it is longer than any alias. */
static struct span bare_name(const char *name, char out[static ALIAS_BYTES])
{
	size_t len = 0;
	for (; *name; name++) {
		char c = *name;
		if (c == ' ' || c == '_' || c == '-' || c == '.')
			continue;
		if (len == ALIAS_BYTES)
			return span_from(out, 0);
		out[len++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	return span_from(out, len);
}

static bool is_blank(const json_t *value)
{
	if (json_is_string(value))
		return utf8_trim(span_from(json_string_value(value), json_string_length(value)))
			       .len == 0;
	return !value || json_is_null(value);
}

static void find_name_parts(const json_t *object, struct candidates *parts);

/* `name:{first,last}` is as empty as its parts are. */
static bool is_empty(enum part part, const json_t *value)
{
	struct candidates parts = {{{0}}};
	if (part != PART_NAME || !json_is_object(value))
		return is_blank(value);
	find_name_parts(value, &parts);
	const struct candidate *first = &parts.list[PART_FIRST];
	const struct candidate *last = &parts.list[PART_LAST];
	return (first->name || last->name) && is_blank(first->value) && is_blank(last->value);
}

static void consider(
	struct candidate *best, enum part part, size_t rank, const char *name, const json_t *value)
{
	const struct candidate next = {name, value, rank, is_empty(part, value), NULL};
	bool better = !best->name || (best->empty && !next.empty) ||
		      (best->empty == next.empty && next.rank < best->rank);
	const struct candidate *loser = better ? best : &next;
	const char *rival = best->rival;
	if (loser->name && !loser->empty && !json_equal(best->value, next.value))
		rival = loser->name;
	if (better)
		*best = next;
	best->rival = rival;
}

static const struct alias *alias_of(struct span bare)
{
	for (size_t i = 0; bare.len && i < ALIAS_COUNT; i++) {
		if (aliases[i].name.len == bare.len &&
			memcmp(aliases[i].name.base, bare.base, bare.len) == 0)
			return &aliases[i];
	}
	return NULL;
}

static void find_candidates(const json_t *object, struct candidates *found)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)object, name, value)
	{
		char bare[ALIAS_BYTES];
		const struct alias *alias = alias_of(bare_name(name, bare));
		if (!alias)
			continue;
		bool exact = span_equal(span_of(name), alias->name);
		size_t place = (size_t)(alias - aliases) + 1;
		bool own_name = place == 1 || aliases[place - 2].part != alias->part;
		consider(&found->list[alias->part], alias->part, exact && own_name ? 0 : place,
			name, value);
	}
}

static void find_name_parts(const json_t *object, struct candidates *parts)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)object, name, value)
	{
		char buffer[ALIAS_BYTES];
		struct span bare = bare_name(name, buffer);
		const struct alias *alias = alias_of(bare);
		for (size_t i = 0; i < 2; i++) {
			if (span_equal(bare, short_aliases[i].name))
				alias = &short_aliases[i];
		}
		if (alias && (alias->part == PART_FIRST || alias->part == PART_LAST))
			consider(&parts->list[alias->part], alias->part, 0, name, value);
	}
}

static bool has_any(const struct candidates *found)
{
	for (size_t i = 0; i < PART_COUNT; i++) {
		if (found->list[i].name)
			return true;
	}
	return false;
}

/*
 * Look into the members that a sender may have put the contact into; the first one that has a field.
 *
 * Returns: the object that was looked into, ret_name its name; NULL: there is none.
 */
static const json_t *find_wrapped(
	const json_t *object, struct candidates *found, const char **ret_name)
{
	const json_t *wrapped = NULL;
	for (size_t i = 0; i < WRAPPER_COUNT; i++) {
		const char *name;
		json_t *value;
		json_object_foreach((json_t *)object, name, value)
		{
			char bare[ALIAS_BYTES];
			if (has_any(found) || !json_is_object(value) ||
				!span_equal(bare_name(name, bare), wrappers[i]))
				continue;
			find_candidates(value, found);
			*ret_name = name;
			wrapped = value;
		}
	}
	return wrapped;
}

static struct contact_value text_value(const json_t *string, struct arena *arena)
{
	return (struct contact_value){
		.type = CONTACT_VALUE_TEXT,
		.text = arena_copy(
			arena, span_from(json_string_value(string), json_string_length(string))),
	};
}

/* A whole number becomes its digits where a double keeps all of them. */
static struct contact_value number_value(const json_t *member, struct arena *arena)
{
	enum { DIGITS_MOST = 15 };
	const double most = 1e15;
	double number = json_real_value(member);
	char digits[DIGITS_MOST];
	size_t at = DIGITS_MOST;
	if (!(number >= 0 && number < most) || (double)(uint64_t)number != number)
		return (struct contact_value){.type = CONTACT_VALUE_OTHER};
	uint64_t rest = (uint64_t)number;
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	return (struct contact_value){
		.type = CONTACT_VALUE_TEXT,
		.text = arena_copy(arena, span_from(digits + at, DIGITS_MOST - at)),
	};
}

static struct contact_value value_of(const json_t *member, struct arena *arena)
{
	if (!member || json_is_null(member))
		return (struct contact_value){.type = CONTACT_VALUE_ABSENT};
	if (json_is_string(member))
		return text_value(member, arena);
	return (struct contact_value){.type = CONTACT_VALUE_OTHER};
}

static struct contact_value phone_value(struct submission *submission,
	const struct submission_contact *contact, const struct candidate *phone)
{
	struct arena *arena = &submission->request->arena;
	if (!json_is_real(phone->value))
		return value_of(phone->value, arena);
	submission_warn(submission, contact,
		"phone: it came as a number; send it as text to keep a leading + or 0.");
	return number_value(phone->value, arena);
}

/* "Ada" and "Lovelace" to one name; one of them may be missing. */
static struct contact_value join_names(const struct candidates *parts, struct arena *arena)
{
	struct contact_value first = value_of(parts->list[PART_FIRST].value, arena);
	struct contact_value last = value_of(parts->list[PART_LAST].value, arena);
	if (first.type == CONTACT_VALUE_OTHER || last.type == CONTACT_VALUE_OTHER)
		return (struct contact_value){.type = CONTACT_VALUE_OTHER};
	first.text = utf8_trim(first.text);
	last.text = utf8_trim(last.text);
	if (first.text.len == 0 || last.text.len == 0)
		return first.text.len ? first : last;
	size_t len = first.text.len + 1 + last.text.len;
	char *joined = arena_alloc(arena, len);
	memcpy(joined, first.text.base, first.text.len);
	joined[first.text.len] = ' ';
	memcpy(joined + first.text.len + 1, last.text.base, last.text.len);
	return (struct contact_value){CONTACT_VALUE_TEXT, span_from(joined, len)};
}

static struct contact_value name_value(const struct candidates *found, struct arena *arena)
{
	const struct candidate *name = &found->list[PART_NAME];
	struct candidates parts = {{{0}}};
	if (!name->name || name->empty)
		return join_names(found, arena);
	if (!json_is_object(name->value))
		return value_of(name->value, arena);
	find_name_parts(name->value, &parts);
	if (!has_any(&parts))
		return (struct contact_value){.type = CONTACT_VALUE_OTHER};
	return join_names(&parts, arena);
}

static void warn_of_rivals(struct submission *submission, const struct submission_contact *contact,
	const struct candidates *found)
{
	static const struct {
		enum part part;
		const char *field;
	} told[] = {{PART_EMAIL, "email"}, {PART_NAME, "name"}, {PART_PHONE, "phone"}};
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		const struct candidate *candidate = &found->list[told[i].part];
		if (candidate->rival)
			submission_warn(submission, contact,
				"%s: taken from %.40s; %.40s holds something else.", told[i].field,
				candidate->name, candidate->rival);
	}
}

/* Cuts at a character's start. */
static struct span cut(struct span text, size_t most_bytes)
{
	if (text.len <= most_bytes)
		return text;
	while (most_bytes > 0 && ((unsigned char)text.base[most_bytes] & 0xc0) == 0x80)
		most_bytes--;
	return span_from(text.base, most_bytes);
}

static bool has_control(const char *name)
{
	for (; *name; name++) {
		if ((unsigned char)*name < ' ' || *name == '\x7f')
			return true;
	}
	return false;
}

/*
 * A name that looks like a piece of data is not told back: what is no form at all may be taken for one.
 */
static struct span tellable(const char *name)
{
	return strpbrk(name, "@{}<>\"=") || has_control(name)
		       ? SPAN("(not shown)")
		       : cut(span_of(name), SUBMISSION_NAME_BYTES);
}

/* Takes: wrapper - the name of what the object was found in; base NULL: it is the body's own. */
static void note_names(struct submission *submission, struct submission_contact *contact,
	const json_t *object, struct span wrapper)
{
	struct arena *arena = &submission->request->arena;
	struct span *names = arena_alloc(arena, SUBMISSION_NAMES_MOST * sizeof(*names));
	struct buf text = {0};
	const char *name;
	json_t *value;
	contact->names = names;
	json_object_foreach((json_t *)object, name, value)
	{
		if (contact->name_count == SUBMISSION_NAMES_MOST)
			break;
		buf_clear(&text);
		if (wrapper.base)
			buf_printf(&text, "%.*s.", (int)wrapper.len, wrapper.base);
		buf_add(&text, tellable(name));
		names[contact->name_count++] = arena_copy(arena, buf_span(&text));
	}
	buf_fini(&text);
}

static bool misses_a_field(const struct contact_value values[static CONTACT_FIELD_COUNT])
{
	static const enum contact_field required[] = {CONTACT_EMAIL, CONTACT_NAME};
	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++) {
		const struct contact_value *value = &values[required[i]];
		if (value->type == CONTACT_VALUE_ABSENT ||
			(value->type == CONTACT_VALUE_TEXT && utf8_trim(value->text).len == 0))
			return true;
	}
	return false;
}

const json_t *fields_find(
	struct submission *submission, struct submission_contact *contact, const json_t *object)
{
	struct arena *arena = &submission->request->arena;
	struct candidates found = {{{0}}};
	const json_t *wrapped = NULL;
	const char *wrapper = NULL;
	find_candidates(object, &found);
	if (!has_any(&found))
		wrapped = find_wrapped(object, &found, &wrapper);
	contact->values[CONTACT_EMAIL] = value_of(found.list[PART_EMAIL].value, arena);
	contact->values[CONTACT_NAME] = name_value(&found, arena);
	contact->values[CONTACT_PHONE] = phone_value(submission, contact, &found.list[PART_PHONE]);
	warn_of_rivals(submission, contact, &found);
	if (misses_a_field(contact->values))
		note_names(submission, contact, wrapped ? wrapped : object,
			cut(span_of(wrapper), SUBMISSION_NAME_BYTES));
	return wrapped ? wrapped : object;
}
