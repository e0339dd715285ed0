/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_state - what an event would make of a contact, as upsert.sql decides it. */
#include "worker/backfill_state.h"

#include <sodium.h>

uint64_t backfill_print(struct span value)
{
	/* Who makes two values alike fools the figures about his own contact, and nothing else. */
	static const unsigned char key[crypto_shorthash_KEYBYTES] = {0};
	uint64_t print = 0;
	_Static_assert(sizeof(print) == crypto_shorthash_BYTES, "a print is one hash");
	if (!value.base)
		return 0;
	(void)crypto_shorthash(
		(unsigned char *)&print, (const unsigned char *)value.base, value.len, key);
	return print ? print : 1;
}

void backfill_state_newest(struct backfill_state *ret_state)
{
	*ret_state = (struct backfill_state){.exists = true};
	memset(&ret_state->name_version, UINT8_MAX, sizeof(ret_state->name_version));
	ret_state->phone_version = ret_state->name_version;
	ret_state->status_version = ret_state->name_version;
}

static bool is_newer(const struct uuid *version, const struct uuid *than)
{
	return uuid_compare(version, than) > 0;
}

/* A deletion is a version of phone too: what was there before it does not come back. */
static struct uuid phone_version_of(const struct backfill_state *state, const struct event *event)
{
	return event->contact.phone.base ? event->id : state->deleted;
}

static void insert(struct backfill_state *state, const struct event *event)
{
	state->exists = true;
	state->is_active = true;
	state->name = backfill_print(event->contact.name);
	state->phone = backfill_print(event->contact.phone);
	state->name_version = event->id;
	state->status_version = event->id;
	state->phone_version = phone_version_of(state, event);
}

/* A deletion takes a phone away that is older; where there is none, its version says nothing. */
static bool is_phone_newer(const struct backfill_state *state, const struct event *event)
{
	const struct uuid version = phone_version_of(state, event);
	return (event->contact.phone.base || state->phone) &&
	       is_newer(&version, &state->phone_version);
}

/* Returns: the fields that the event is newer in. */
static unsigned newer_fields(const struct backfill_state *state, const struct event *event)
{
	return (is_newer(&event->id, &state->name_version) ? BACKFILL_NAME : 0U) |
	       (is_phone_newer(state, event) ? BACKFILL_PHONE : 0U) |
	       (is_newer(&event->id, &state->status_version) ? BACKFILL_STATUS : 0U);
}

/* Returns: whether the value was another. */
static bool set_value(uint64_t *value, struct uuid *version, struct span text, struct uuid newer)
{
	uint64_t before = *value;
	*value = backfill_print(text);
	*version = newer;
	return *value != before;
}

static unsigned update(struct backfill_state *state, const struct event *event, unsigned newer)
{
	const struct contact *contact = &event->contact;
	unsigned changed = 0;
	if ((newer & BACKFILL_NAME) &&
		set_value(&state->name, &state->name_version, contact->name, event->id))
		changed |= BACKFILL_NAME;
	if ((newer & BACKFILL_PHONE) && set_value(&state->phone, &state->phone_version,
						contact->phone, phone_version_of(state, event)))
		changed |= BACKFILL_PHONE;
	if (newer & BACKFILL_STATUS) {
		state->status_version = event->id;
		changed |= state->is_active ? 0U : BACKFILL_STATUS;
		state->is_active = true;
	}
	return changed;
}

enum backfill_fate backfill_state_apply(
	struct backfill_state *state, const struct event *event, unsigned *ret_fields)
{
	*ret_fields = 0;
	if (!is_newer(&event->id, &state->deleted))
		return BACKFILL_STALE;
	if (!state->exists) {
		insert(state, event);
		*ret_fields = BACKFILL_NAME | BACKFILL_STATUS |
			      (event->contact.phone.base ? BACKFILL_PHONE : 0U);
		return BACKFILL_INSERTED;
	}
	unsigned newer = newer_fields(state, event);
	if (!newer)
		return BACKFILL_STALE;
	*ret_fields = update(state, event, newer);
	return *ret_fields ? BACKFILL_UPDATED : BACKFILL_UNCHANGED;
}
