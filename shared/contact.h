/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contact - the fields of a contact and their rules (contract section 1.1, "Fields").
 *
 * The gateway checks what senders send with it; the worker checks again what it finds in Kafka.
 */
#ifndef INTAKE_SHARED_CONTACT_H
#define INTAKE_SHARED_CONTACT_H

#include <stddef.h>

#include "shared/arena.h"
#include "shared/error.h"
#include "shared/span.h"

/* In the order in which problems are told. */
enum contact_field { CONTACT_EMAIL, CONTACT_NAME, CONTACT_PHONE, CONTACT_FIELD_COUNT };

enum {
	CONTACT_NAME_UNITS = 200, /* UTF-16 code units, as JavaScript counts */
	CONTACT_PHONE_UNITS = 50,
	CONTACT_EMAIL_BYTES = 254,
};

/* A contact that keeps every rule. Its spans live in the arena it was checked into. */
struct contact {
	struct span name;
	struct span email; /* lower case */
	struct span phone; /* base NULL: absent, which keeps what the row has */
};

/* What a sender gave for a field. */
struct contact_value {
	enum {
		CONTACT_VALUE_ABSENT, /* no such member, or null */
		CONTACT_VALUE_TEXT,   /* `text` is valid UTF-8 */
		CONTACT_VALUE_OTHER,  /* a number, a list ... where text is wanted */
	} type;
	struct span text;
};

struct contact_issue {
	enum contact_field field;
	const char *code;    /* static, as "invalid_email" */
	const char *message; /* static, as "Invalid email"; never holds the value */
};

struct contact_issues {
	struct contact_issue list[CONTACT_FIELD_COUNT]; /* one a field at most */
	size_t count;
};

/* "email", "name", "phone". Static. */
const char *contact_field_name(enum contact_field field);

/*
 * Check the three values and bring them to the form they are kept in.
 *
 * Takes:   values - indexed by enum contact_field; texts borrowed, copied where they change.
 *          arena - takes the copies.
 * Returns: OK with ret_contact set (its spans point into values' texts or into the arena);
 *          E_VALIDATION_FAILED with ret_issues set.
 */
MUST_CHECK enum error contact_check(const struct contact_value values[static CONTACT_FIELD_COUNT],
	struct arena *arena, struct contact *ret_contact, struct contact_issues *ret_issues);

#endif
