/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields - which members of an object are the fields of a contact, whatever a sender calls them
 * (contract section 1.1, "Fields").
 *
 * Included only by the files that own jansson (gateway/body_*).
 */
#ifndef INTAKE_GATEWAY_FIELDS_H
#define INTAKE_GATEWAY_FIELDS_H

#include <jansson.h>

#include "gateway/submission.h"

/*
 * Fill contact->values from an object; look into `data`, `contact` or `payload` where the object itself
 * has no field. Where name or e-mail is missing, contact->names is filled too.
 *
 * Takes: object - borrowed; what is kept of it is copied into the request's arena. Its numbers are
 *        reals, whole ones too (JSON_DECODE_INT_AS_REAL).
 * Returns: where they were looked for: the object, or the one of its members that was opened.
 */
const json_t *fields_find(
	struct submission *submission, struct submission_contact *contact, const json_t *object);

#endif
