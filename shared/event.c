/* SPDX-License-Identifier: Apache-2.0 */
/* event - one accepted contact on its way: a CloudEvents 1.0 record in Kafka. */
#include "shared/event.h"

#include <jansson.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/utf8.h"

/* The CloudEvents attributes we write; names in Kafka's binary mode (CloudEvents Kafka binding 3.2). */
#define HEADER_SPEC_VERSION "ce_specversion"
#define HEADER_ID "ce_id"
#define HEADER_TYPE "ce_type"
#define HEADER_SOURCE "ce_source"
#define HEADER_TIME "ce_time"
#define HEADER_CONTENT_TYPE "content-type"
#define HEADER_TRACEPARENT "traceparent"

static struct span uuid_text(const struct uuid *uuid, struct arena *arena)
{
	char *text = arena_alloc(arena, UUID_TEXT_LEN + 1);
	uuid_format(text, uuid);
	return span_from(text, UUID_TEXT_LEN);
}

static struct span time_text(int64_t wall_ms, struct arena *arena)
{
	char *text = arena_alloc(arena, CLOCK_RFC3339_BYTES);
	clock_rfc3339(text, wall_ms);
	return span_from(text, CLOCK_RFC3339_BYTES - 1);
}

static struct span join_key(struct span business_id, struct span email, struct arena *arena)
{
	size_t len = business_id.len + 1 + email.len;
	char *key = arena_alloc(arena, len);
	memcpy(key, business_id.base, business_id.len);
	key[business_id.len] = ':';
	memcpy(key + business_id.len + 1, email.base, email.len);
	return span_from(key, len);
}

static void add_member(struct buf *value, struct span name, struct span text)
{
	buf_add_char(value, value->len ? ',' : '{');
	buf_add_json(value, name);
	buf_add_char(value, ':');
	buf_add_json(value, text);
}

static struct span encode_value(
	const struct event *event, struct span business_id, struct arena *arena)
{
	struct buf value = {0};
	add_member(&value, SPAN("business_id"), business_id);
	add_member(&value, SPAN("name"), event->contact.name);
	add_member(&value, SPAN("email"), event->contact.email);
	if (event->contact.phone.base)
		add_member(&value, SPAN("phone"), event->contact.phone);
	buf_add_char(&value, '}');
	struct span copy = arena_copy(arena, buf_span(&value));
	buf_fini(&value);
	return copy;
}

void event_encode(const struct event *event, struct arena *arena, struct event_record *ret_record)
{
	struct span business_id = uuid_text(&event->business_id, arena);
	*ret_record = (struct event_record){
		.key = join_key(business_id, event->contact.email, arena),
		.value = encode_value(event, business_id, arena),
		.headers =
			{
				{HEADER_SPEC_VERSION, SPAN(EVENT_SPEC_VERSION)},
				{HEADER_ID, uuid_text(&event->id, arena)},
				{HEADER_TYPE, SPAN(EVENT_TYPE)},
				{HEADER_SOURCE, SPAN(EVENT_SOURCE)},
				{HEADER_TIME, time_text(event->accepted_ms, arena)},
				{HEADER_CONTENT_TYPE, SPAN(EVENT_CONTENT_TYPE)},
			},
		.header_count = EVENT_HEADER_COUNT - 1,
	};
	if (event->traceparent.base)
		ret_record->headers[ret_record->header_count++] =
			(struct event_header){HEADER_TRACEPARENT, event->traceparent};
}

/* The attributes that are looked at; base NULL: not there. Of doubled ones the last counts. */
struct attributes {
	struct span spec_version;
	struct span type;
	struct span id;
	struct span traceparent;
};

/* Half a dozen names a record are told apart by their fourth character first. */
static struct span *attribute_named(struct attributes *attributes, const char *name)
{
	if (name[0] != 'c' || name[1] != 'e' || name[2] != '_')
		return strcmp(name, HEADER_TRACEPARENT) == 0 ? &attributes->traceparent : NULL;
	if (name[3] == 'i')
		return strcmp(name, HEADER_ID) == 0 ? &attributes->id : NULL;
	if (name[3] == 't')
		return strcmp(name, HEADER_TYPE) == 0 ? &attributes->type : NULL;
	if (name[3] == 's')
		return strcmp(name, HEADER_SPEC_VERSION) == 0 ? &attributes->spec_version : NULL;
	return NULL;
}

static struct attributes read_attributes(const struct event_record *record)
{
	struct attributes attributes = {.id = SPAN_NONE};
	for (size_t i = 0; i < record->header_count; i++) {
		struct span *attribute = attribute_named(&attributes, record->headers[i].name);
		if (attribute)
			*attribute = record->headers[i].value;
	}
	return attributes;
}

static enum error decode_headers(
	const struct event_record *record, struct event *event, struct failure *failure)
{
	struct attributes attributes = read_attributes(record);
	if (!span_equal(attributes.spec_version, SPAN(EVENT_SPEC_VERSION)))
		return failure_set(failure, E_RECORD_TYPE, "ce_specversion is missing or not 1.0");
	if (!span_equal(attributes.type, SPAN(EVENT_TYPE)))
		return failure_set(failure, E_RECORD_TYPE, "ce_type is missing or not " EVENT_TYPE);
	if (!uuid_parse(attributes.id, &event->id) || !uuid_is_v7(&event->id))
		return failure_set(failure, E_RECORD_INVALID, "ce_id is missing or not a UUIDv7");
	if (attributes.traceparent.base && event_traceparent_is_valid(attributes.traceparent))
		event->traceparent = attributes.traceparent;
	event->accepted_ms = uuid7_ms(&event->id);
	return OK;
}

static struct contact_value member_value(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);
	if (!member || json_is_null(member))
		return (struct contact_value){.type = CONTACT_VALUE_ABSENT};
	if (!json_is_string(member))
		return (struct contact_value){.type = CONTACT_VALUE_OTHER};
	return (struct contact_value){.type = CONTACT_VALUE_TEXT,
		.text = span_from(json_string_value(member), json_string_length(member))};
}

/* What is read of the value, before it is checked. */
struct members {
	struct span business_id; /* base NULL: none */
	struct contact_value values[CONTACT_FIELD_COUNT];
};

static bool skip(struct span *rest, struct span literal)
{
	if (rest->len < literal.len || memcmp(rest->base, literal.base, literal.len) != 0)
		return false;
	*rest = span_from(rest->base + literal.len, rest->len - literal.len);
	return true;
}

/* Take what stands up to the next quote; not where JSON would have it read otherwise. */
static bool take_text(struct span *rest, struct span *ret_text)
{
	size_t len = 0;
	while (len < rest->len && rest->base[len] != '"') {
		if (rest->base[len] == '\\' || (unsigned char)rest->base[len] < ' ')
			return false;
		len++;
	}
	*ret_text = span_from(rest->base, len);
	*rest = span_from(rest->base + len, rest->len - len);
	return true;
}

static struct contact_value text_value(struct span text)
{
	return (struct contact_value){.type = CONTACT_VALUE_TEXT, .text = text};
}

/*
 * Read a value that has event_encode's form and nothing escaped: nearly all have. A JSON parser would
 * take more of the worker's time than all the rest of it. Whatever is in any way different is
 * the parser's.
 *
 * Returns: whether it was read.
 */
static bool read_plain(struct span value, struct members *ret_members)
{
	struct span rest = value;
	struct span business_id;
	struct span name;
	struct span email;
	struct span phone;
	if (!skip(&rest, SPAN("{\"business_id\":\"")) || !take_text(&rest, &business_id) ||
		!skip(&rest, SPAN("\",\"name\":\"")) || !take_text(&rest, &name) ||
		!skip(&rest, SPAN("\",\"email\":\"")) || !take_text(&rest, &email))
		return false;
	bool has_phone = skip(&rest, SPAN("\",\"phone\":\""));
	if (has_phone && !take_text(&rest, &phone))
		return false;
	if (!span_equal(rest, SPAN("\"}")) || !utf8_is_valid(value))
		return false;
	*ret_members = (struct members){.business_id = business_id};
	ret_members->values[CONTACT_NAME] = text_value(name);
	ret_members->values[CONTACT_EMAIL] = text_value(email);
	if (has_phone)
		ret_members->values[CONTACT_PHONE] = text_value(phone);
	return true;
}

static void read_object(const json_t *object, struct members *ret_members)
{
	const json_t *business_id = json_object_get(object, "business_id");
	*ret_members = (struct members){
		.business_id =
			span_from(json_string_value(business_id), json_string_length(business_id)),
		.values =
			{
				[CONTACT_EMAIL] = member_value(object, "email"),
				[CONTACT_NAME] = member_value(object, "name"),
				[CONTACT_PHONE] = member_value(object, "phone"),
			},
	};
}

/* What contact_check leaves as it was stays where it is: in the members' texts. */
static enum error check_members(const struct members *members, struct arena *arena,
	struct event *event, struct failure *failure)
{
	struct contact_issues issues;
	if (!uuid_parse(members->business_id, &event->business_id))
		return failure_set(
			failure, E_RECORD_INVALID, "business_id is missing or not a UUID");
	if (contact_check(members->values, arena, &event->contact, &issues))
		return failure_set(failure, E_RECORD_INVALID, "%s: %s",
			contact_field_name(issues.list[0].field), issues.list[0].message);
	return OK;
}

static struct span keep(struct arena *arena, struct span text)
{
	return text.base ? arena_copy(arena, text) : SPAN_NONE;
}

static void keep_all(struct contact *contact, struct arena *arena)
{
	contact->name = keep(arena, contact->name);
	contact->email = keep(arena, contact->email);
	contact->phone = keep(arena, contact->phone);
}

static enum error decode_value(
	struct span value, struct arena *arena, struct event *event, struct failure *failure)
{
	struct members members;
	json_error_t error;
	if (value.len > EVENT_VALUE_BYTES)
		return failure_set(failure, E_RECORD_UNDECODABLE,
			"the value is longer than %d bytes", EVENT_VALUE_BYTES);
	if (read_plain(value, &members))
		return check_members(&members, arena, event, failure);
	json_t *object = json_loadb(value.base, value.len, JSON_DECODE_INT_AS_REAL, &error);
	if (!json_is_object(object)) {
		json_decref(object);
		return failure_set(failure, E_RECORD_UNDECODABLE, "the value is not a JSON object");
	}
	read_object(object, &members);
	enum error result = check_members(&members, arena, event, failure);
	if (!result)
		keep_all(&event->contact, arena); /* the object goes */
	json_decref(object);
	return result;
}

enum error event_decode(const struct event_record *record, struct arena *arena,
	struct event *ret_event, struct failure *failure)
{
	struct event event = {.accepted_ms = 0};
	enum error error = OK;
	/* First: whoever writes tombstones gives them no headers. */
	if (!record->value.base)
		return failure_set(failure, E_RECORD_TOMBSTONE, "the record has no value");
	error = decode_headers(record, &event, failure);
	if (!error)
		error = decode_value(record->value, arena, &event, failure);
	if (!error)
		*ret_event = event;
	return error;
}

static bool is_lower_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* `len` hex digits of which one at least is not "0". */
static bool is_trace_id(const char *text, size_t len)
{
	bool nonzero = false;
	for (size_t i = 0; i < len; i++) {
		if (!is_lower_hex(text[i]))
			return false;
		nonzero = nonzero || text[i] != '0';
	}
	return nonzero;
}

bool event_traceparent_is_valid(struct span text)
{
	enum { TRACE_AT = 3, TRACE_LEN = 32, PARENT_AT = 36, PARENT_LEN = 16, FLAGS_AT = 53 };
	const char *at = text.base;
	return text.len == TRACEPARENT_LEN && at[0] == '0' && at[1] == '0' && at[2] == '-' &&
	       is_trace_id(at + TRACE_AT, TRACE_LEN) && at[PARENT_AT - 1] == '-' &&
	       is_trace_id(at + PARENT_AT, PARENT_LEN) && at[FLAGS_AT - 1] == '-' &&
	       is_lower_hex(at[FLAGS_AT]) && is_lower_hex(at[FLAGS_AT + 1]);
}
