/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_words - what several parts of a backfill say in the same words. */
#include "worker/backfill_words.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

void backfill_words_duration(int64_t seconds, struct buf *out)
{
	long long s = seconds;
	if (s < MINUTE_S)
		buf_printf(out, "%lld s", s);
	else if (s < HOUR_S)
		buf_printf(out, "%lld min %02lld s", s / MINUTE_S, s % MINUTE_S);
	else if (s < DAY_S)
		buf_printf(out, "%lld h %02lld min", s / HOUR_S, s % HOUR_S / MINUTE_S);
	else
		buf_printf(out, "%lld d %02lld h", s / DAY_S, s % DAY_S / HOUR_S);
}

/* Quoted as POSIX shells want it. */
static void add_quoted(const char *word, struct buf *out)
{
	buf_add_char(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_char(out, *word);
	}
	buf_add_char(out, '\'');
}

void backfill_words_resume(const char *job, const char *more, struct buf *out)
{
	buf_add_text(out, "To resume: intake-worker backfill --job ");
	add_quoted(job, out);
	buf_add_text(out, more);
	buf_add_char(out, '\n');
}
