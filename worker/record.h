/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record - a record of the topic as it came, kept until it is known where it ends.
 *
 * What Postgres refuses goes to the dead letters with the bytes it came with, not with what was
 * understood of them.
 */
#ifndef INTAKE_WORKER_RECORD_H
#define INTAKE_WORKER_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "shared/span.h"

struct record_header {
	const char *name;
	struct span value; /* base NULL: null */
};

struct record {
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms; /* Kafka's; -1: it has none */
	struct span key;      /* base NULL: it has none */
	struct span value;    /* base NULL: a tombstone */
	const struct record_header *headers;
	size_t header_count;
	size_t bytes; /* what all this takes */
};

#endif
