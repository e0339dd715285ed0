/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_overlay - what a dry run would have written so far, contact by contact. */
#include "worker/backfill_overlay.h"

#include <sodium.h>
#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"

enum {
	CELLS_FIRST = 1024,
	/* A table is so many times as large as the one before, which is there until it has been copied. */
	GROWTH = 4,
	/* Seven eighths full is full. */
	LOAD_NUMERATOR = 7,
	LOAD_DENOMINATOR = 8,
	CONTACT_BYTES = sizeof(struct uuid) + CONTACT_EMAIL_BYTES,
};

struct contact_key {
	uint64_t low; /* both 0: the cell is empty */
	uint64_t high;
};

struct cell {
	struct contact_key key;
	struct uuid name_version;
	struct uuid phone_version;
	struct uuid status_version;
	uint64_t name;
	uint64_t phone;
	bool is_active;
};

struct backfill_overlay {
	unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
	struct cell *cells; /* owned */
	size_t capacity;
	size_t capacity_most;
	size_t count;
};

struct backfill_overlay *backfill_overlay_new(size_t most_bytes)
{
	struct backfill_overlay *overlay = memory_zeroed(1, sizeof(*overlay));
	size_t bytes = sizeof(struct cell) * (GROWTH + 1) / GROWTH;
	size_t growth = 1;
	while (CELLS_FIRST * growth * GROWTH * bytes <= most_bytes)
		growth *= GROWTH;
	overlay->capacity = most_bytes / bytes / growth;
	if (overlay->capacity < CELLS_FIRST)
		overlay->capacity = CELLS_FIRST;
	overlay->capacity_most = overlay->capacity * growth;
	overlay->cells = memory_zeroed(overlay->capacity, sizeof(*overlay->cells));
	randombytes_buf(overlay->secret, sizeof(overlay->secret));
	return overlay;
}

void backfill_overlay_free(struct backfill_overlay *overlay)
{
	if (!overlay)
		return;
	free(overlay->cells);
	free(overlay);
}

void backfill_overlay_clear(struct backfill_overlay *overlay)
{
	memset(overlay->cells, 0, overlay->capacity * sizeof(*overlay->cells));
	overlay->count = 0;
}

static struct contact_key key_of(const struct backfill_overlay *overlay, const struct event *event)
{
	char contact[CONTACT_BYTES];
	const struct span email = event->contact.email;
	struct contact_key key;
	_Static_assert(sizeof(key) == crypto_shorthash_siphashx24_BYTES, "a key is one hash");
	ensure(email.len <= CONTACT_EMAIL_BYTES);
	memcpy(contact, event->business_id.bytes, sizeof(event->business_id.bytes));
	memcpy(contact + sizeof(event->business_id.bytes), email.base, email.len);
	(void)crypto_shorthash_siphashx24((unsigned char *)&key, (unsigned char *)contact,
		sizeof(event->business_id.bytes) + email.len, overlay->secret);
	key.low |= 1; /* never empty */
	return key;
}

/* The cell that has the key, or where it would go. */
static struct cell *find(struct cell *cells, size_t capacity, struct contact_key key)
{
	size_t at = (size_t)((unsigned __int128)key.high * capacity >> 64);
	while (cells[at].key.low &&
		(cells[at].key.low != key.low || cells[at].key.high != key.high))
		at = at + 1 < capacity ? at + 1 : 0;
	return &cells[at];
}

uint64_t backfill_overlay_share(
	const struct backfill_overlay *overlay, const struct event *event, uint64_t shares)
{
	/* Its lowest bit says nothing. */
	return shares == 1 ? 0 : (key_of(overlay, event).low >> 1) % shares;
}

bool backfill_overlay_get(const struct backfill_overlay *overlay, const struct event *event,
	struct backfill_state *ret_state)
{
	const struct cell *cell = find(overlay->cells, overlay->capacity, key_of(overlay, event));
	if (!cell->key.low)
		return false;
	ret_state->name_version = cell->name_version;
	ret_state->phone_version = cell->phone_version;
	ret_state->status_version = cell->status_version;
	ret_state->name = cell->name;
	ret_state->phone = cell->phone;
	ret_state->exists = true;
	ret_state->is_active = cell->is_active;
	return true;
}

static void grow(struct backfill_overlay *overlay)
{
	size_t capacity = overlay->capacity * GROWTH;
	struct cell *cells = memory_zeroed(capacity, sizeof(*cells));
	for (size_t i = 0; i < overlay->capacity; i++) {
		if (overlay->cells[i].key.low)
			*find(cells, capacity, overlay->cells[i].key) = overlay->cells[i];
	}
	free(overlay->cells);
	overlay->cells = cells;
	overlay->capacity = capacity;
}

static bool is_full(const struct backfill_overlay *overlay)
{
	return overlay->count >= overlay->capacity / LOAD_DENOMINATOR * LOAD_NUMERATOR;
}

bool backfill_overlay_put(struct backfill_overlay *overlay, const struct event *event,
	const struct backfill_state *state)
{
	const struct contact_key key = key_of(overlay, event);
	struct cell *cell = find(overlay->cells, overlay->capacity, key);
	if (!cell->key.low && is_full(overlay)) {
		if (overlay->capacity == overlay->capacity_most)
			return false;
		grow(overlay);
		cell = find(overlay->cells, overlay->capacity, key);
	}
	overlay->count += !cell->key.low;
	*cell = (struct cell){
		.key = key,
		.name_version = state->name_version,
		.phone_version = state->phone_version,
		.status_version = state->status_version,
		.name = state->name,
		.phone = state->phone,
		.is_active = state->is_active,
	};
	return true;
}
