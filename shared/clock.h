/* SPDX-License-Identifier: Apache-2.0 */
/* clock - the two clocks. Deep code takes the time as an argument; only the loops read it here. */
#ifndef INTAKE_SHARED_CLOCK_H
#define INTAKE_SHARED_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "shared/span.h"

#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_US_PER_MS INT64_C(1000)

/* Wall clock, since 1970-01-01 UTC. */
int64_t clock_wall_ns(void);
int64_t clock_wall_ms(void);

/* Never goes back; its zero means nothing. */
int64_t clock_steady_us(void);
int64_t clock_steady_ms(void);

/* The moment in so many ms (none: now), for pthread_cond_clockwait on CLOCK_MONOTONIC. */
struct timespec clock_steady_after(int64_t wait_ms);

enum { CLOCK_RFC3339_BYTES = sizeof("2026-01-02T03:04:05.678Z") };

/* RFC 3339 with milliseconds and Z. Takes: ms since 1970, years 1970..9999. */
void clock_rfc3339(char out[static CLOCK_RFC3339_BYTES], int64_t wall_ms);

/*
 * Read a date (midnight, UTC) or a date and time with its zone (RFC 3339 section 5.6: "Z", "+01:00").
 *
 * Returns: false: neither, or not a day that is; ret_wall_ms untouched.
 */
bool clock_parse(struct span text, int64_t *ret_wall_ms);

#endif
