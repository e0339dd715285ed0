/* SPDX-License-Identifier: Apache-2.0 */
/* dead_reason - why a record can never be applied: the names in the dead letters, metrics and README. */
#ifndef INTAKE_WORKER_DEAD_REASON_H
#define INTAKE_WORKER_DEAD_REASON_H

#include "shared/error.h"

/* X(id, name, the code that has this reason, what it means) */
#define DEAD_REASONS(X)                                                                            \
	X(DEAD_TOMBSTONE, "tombstone", E_RECORD_TOMBSTONE, "the record has no value")              \
	X(DEAD_UNKNOWN_TYPE, "unknown_type", E_RECORD_TYPE,                                        \
		"the headers are not those of a contact.received.v1 event")                        \
	X(DEAD_UNDECODABLE, "undecodable", E_RECORD_UNDECODABLE,                                   \
		"the value is not a JSON object, or is too long")                                  \
	X(DEAD_INVALID, "invalid", E_RECORD_INVALID,                                               \
		"id, business or contact break a rule that every accepted event keeps")            \
	X(DEAD_BUSINESS_GONE, "business_gone", E_BUSINESS_GONE, "the business does not exist")     \
	X(DEAD_REFUSED, "refused", E_POSTGRES_DATA,                                                \
		"Postgres refuses it: a constraint, a trigger or a type")

enum dead_reason {
#define X(id, name, code, sentence) id,
	DEAD_REASONS(X)
#undef X
		DEAD_REASON_COUNT
};

/* As in the header. Static. */
const char *dead_reason_name(enum dead_reason reason);

/* Takes: error - one whose blame is POISON. */
enum dead_reason dead_reason_of(enum error error);

#endif
