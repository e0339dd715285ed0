/* SPDX-License-Identifier: Apache-2.0 */
/* backlog - how long an event would wait at Kafka that came now, and whether that is too long. */
#include "gateway/backlog.h"

#include <string.h>

#include "shared/clock.h"

enum {
	SLOT_US = 125000,   /* eight make a second: batches are closer together */
	PATIENCE_SHARE = 4, /* of the longest wait */
	US_PER_S = 1000000,
};

void backlog_init(struct backlog *backlog, int64_t wait_most_us)
{
	*backlog = (struct backlog){.wait_most_us = wait_most_us};
}

void backlog_send(struct backlog *backlog, int64_t now_us)
{
	if (backlog->under_way_count++ > 0)
		return;
	backlog->busy_since_us = backlog->newest_stored_us = now_us;
	backlog->stored_us = 0;
}

/* Forget the slots that are too long ago. */
static void advance(struct backlog *backlog, int64_t now_us)
{
	int64_t index = now_us / SLOT_US;
	if (index - backlog->slot_index >= BACKLOG_SLOTS) {
		memset(backlog->stored_in, 0, sizeof(backlog->stored_in));
		backlog->slot_index = index;
	}
	while (backlog->slot_index < index)
		backlog->stored_in[++backlog->slot_index % BACKLOG_SLOTS] = 0;
}

void backlog_return(struct backlog *backlog, int64_t sent_us, bool stored, int64_t now_us)
{
	backlog->under_way_count--;
	if (!stored)
		return;
	advance(backlog, now_us);
	backlog->stored_us = now_us;
	backlog->stored_in[backlog->slot_index % BACKLOG_SLOTS]++;
	if (sent_us > backlog->newest_stored_us)
		backlog->newest_stored_us = sent_us;
}

/* As of the last report, so that a silence since then does not count. */
static double stored_per_s(const struct backlog *backlog)
{
	uint64_t count = 0;
	for (size_t i = 0; i < BACKLOG_SLOTS; i++)
		count += backlog->stored_in[i];
	int64_t since_us = (backlog->slot_index - BACKLOG_SLOTS + 1) * SLOT_US;
	if (since_us < backlog->busy_since_us)
		since_us = backlog->busy_since_us;
	int64_t window_us = backlog->stored_us - since_us;
	return (double)count * US_PER_S / (double)(window_us > 0 ? window_us : 1);
}

bool backlog_is_too_long(const struct backlog *backlog, int64_t now_us)
{
	int64_t patience_us = backlog->wait_most_us / PATIENCE_SHARE;
	int64_t age_us = now_us - backlog->newest_stored_us;
	if (backlog->under_way_count == 0 || age_us < patience_us)
		return false;
	if (now_us - backlog->stored_us > patience_us)
		return age_us > backlog->wait_most_us;
	return (double)backlog->under_way_count * US_PER_S >
	       stored_per_s(backlog) * (double)backlog->wait_most_us;
}
