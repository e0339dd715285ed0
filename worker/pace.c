/* SPDX-License-Identifier: Apache-2.0 */
/* pace - how many events a lane's next batch may have, by how long its statements take. */
#include "worker/pace.h"

enum { US_PER_MS = 1000, GROWTH_SHARE = 4 };

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

struct pace pace_start(size_t rows_most, int64_t slow_ms)
{
	return (struct pace){
		.rows = rows_most, .rows_most = rows_most, .slow_us = slow_ms * US_PER_MS};
}

void pace_note(struct pace *pace, size_t events, int64_t statement_us)
{
	size_t fewest = smaller(PACE_ROWS_FEWEST, pace->rows_most);
	if (statement_us > pace->slow_us) {
		/* A batch that was begun before the last change has its say only once. */
		size_t half = smaller(events, pace->rows) / 2;
		pace->rows = half > fewest ? half : fewest;
	} else if (statement_us * 2 < pace->slow_us && events >= pace->rows) {
		pace->rows = smaller(pace->rows + pace->rows / GROWTH_SHARE + 1, pace->rows_most);
	}
}
