/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body - what the kinds of a webhook's body have in common; for gateway/body*.c, and its limits for
 * the description of the interface.
 */
#ifndef INTAKE_GATEWAY_BODY_H
#define INTAKE_GATEWAY_BODY_H

#include "gateway/submission.h"

enum {
	BODY_DEPTH_MOST = 16,     /* JSON: objects and lists within each other */
	BODY_MEMBERS_MOST = 1000, /* of one contact, those of objects within it included */
	BODY_VALUES_MOST = 20000, /* JSON: of the whole body; bounds a parser to 10 ms and 5 MB */
};

/* Refuse with a sentence of its own; the values of a body are never told back. */
#define BODY_REFUSE(submission, error, ...) failure_set(&(submission)->failure, error, __VA_ARGS__)

/*
 * Find the contacts in a body: submission->contacts is set.
 *
 * Takes:   text - borrowed, valid UTF-8, not empty; what is kept of it is copied.
 * Returns: OK; E_INVALID_JSON, E_INVALID_UTF8, E_EMPTY_BODY, E_TOO_MANY_CONTACTS, perhaps with a
 *          sentence.
 */
MUST_CHECK enum error body_parse_json(struct submission *submission, struct span text);
MUST_CHECK enum error body_parse_form(struct submission *submission, struct span text);

#endif
