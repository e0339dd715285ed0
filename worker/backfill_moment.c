/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_moment - where a backfill's range begins or ends, in time. */
#include "worker/backfill_moment.h"

#include <string.h>

#include "shared/clock.h"
#include "shared/program.h"

bool backfill_moment_read(const char *text, int64_t now_ms, struct backfill_moment *ret_moment)
{
	struct backfill_moment moment = {BACKFILL_AT, now_ms};
	if (strcmp(text, "beginning") == 0)
		moment.kind = BACKFILL_BEGINNING;
	else if (strcmp(text, "now") == 0)
		moment.kind = BACKFILL_NOW;
	else if (!program_moment(text + (*text == '-'), now_ms, &moment.ms))
		return false;
	*ret_moment = moment;
	return true;
}

void backfill_moment_write(const struct backfill_moment *moment, struct buf *out)
{
	char text[CLOCK_RFC3339_BYTES];
	if (moment->kind == BACKFILL_BEGINNING) {
		buf_add_text(out, "beginning");
		return;
	}
	clock_rfc3339(text, moment->ms);
	buf_add_text(out, text);
}
