/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_report - what came of a backfill, part by part: lines for people, or events as JSON. */
#include "worker/backfill_report.h"

#include <stdio.h>

enum { BUSINESSES_SHOWN = 20 }; /* to people */

static void put(struct buf *out)
{
	(void)fputs(buf_text(out), stdout);
	buf_fini(out);
}

static void begin_event(struct buf *out, const struct backfill_tell *tell, const char *event)
{
	buf_printf(out, "{\"event\":\"%s\",\"job\":", event);
	buf_add_json(out, span_of(tell->job));
}

/* The end of a line: all counts, or those that are not 0. */
static void add_counts(
	struct buf *out, const struct backfill_tell *tell, const struct backfill_counts *counts)
{
	if (tell->json) {
#define X(name, sentence) buf_printf(out, ",\"" #name "\":%lld", (long long)counts->name);
		BACKFILL_COUNTS(X)
#undef X
		buf_add_text(out, "}\n");
		return;
	}
	const char *between = " ";
#define X(name, sentence)                                                                          \
	if (counts->name) {                                                                        \
		buf_printf(out, "%s%lld " #name, between, (long long)counts->name);                \
		between = ", ";                                                                    \
	}
	BACKFILL_COUNTS(X)
#undef X
	buf_add_char(out, '\n');
}

struct backfill_counts backfill_report_partitions(const struct backfill_tell *tell,
	const struct backfill_bounds *bounds, const struct backfill_counts *counts)
{
	struct backfill_counts sum = {0};
	struct buf out = {0};
	for (size_t i = 0; i < bounds->count; i++) {
		backfill_counts_add(&sum, &counts[i]);
		if (tell->json) {
			begin_event(&out, tell, "partition");
			buf_printf(&out, ",\"partition\":%d", bounds->ranges[i].partition);
		} else {
			buf_printf(&out, "partition %d:", bounds->ranges[i].partition);
		}
		add_counts(&out, tell, &counts[i]);
	}
	put(&out);
	return sum;
}

struct businesses {
	const struct backfill_tell *tell;
	struct buf out;
	size_t count;
};

static void add_business(
	void *user, const struct uuid *business_id, const struct backfill_counts *counts)
{
	struct businesses *businesses = user;
	const struct backfill_tell *tell = businesses->tell;
	struct buf *out = &businesses->out;
	char text[UUID_TEXT_LEN + 1] = "";
	if (business_id)
		uuid_format(text, business_id);
	businesses->count++;
	if (tell->json) {
		begin_event(out, tell, "business");
		buf_printf(out, business_id ? ",\"business_id\":\"%s\"" : ",\"business_id\":null",
			text);
	} else if (businesses->count <= BUSINESSES_SHOWN) {
		buf_printf(out, "business %s:", business_id ? text : "(all others)");
	} else {
		return;
	}
	add_counts(out, tell, counts);
}

void backfill_report_businesses(const struct backfill_tell *tell, struct backfill_tally *tally)
{
	struct businesses businesses = {.tell = tell};
	backfill_tally_each(tally, add_business, &businesses);
	if (!tell->json && businesses.count > BUSINESSES_SHOWN)
		buf_printf(&businesses.out, "and %zu businesses more: --json tells all\n",
			businesses.count - BUSINESSES_SHOWN);
	if (tell->json || businesses.count > 1)
		put(&businesses.out);
	buf_fini(&businesses.out);
}

void backfill_report_notes(
	const struct backfill_tell *tell, const char *title, const struct backfill_notes *notes)
{
	struct buf out = {0};
	if (!notes->count)
		return;
	if (!tell->json)
		buf_printf(&out, "%s:\n", title);
	buf_add(&out, buf_span(&notes->lines));
	if (!tell->json && notes->count > (int64_t)notes->kept)
		buf_printf(
			&out, "and %lld more\n", (long long)(notes->count - (int64_t)notes->kept));
	put(&out);
}
