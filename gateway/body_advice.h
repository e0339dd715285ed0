/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_advice - what the sender of a contact without name or e-mail probably has to change.
 *
 * Included only by the files that own jansson (gateway/body_*).
 */
#ifndef INTAKE_GATEWAY_BODY_ADVICE_H
#define INTAKE_GATEWAY_BODY_ADVICE_H

#include <jansson.h>

#include "gateway/submission.h"

/*
 * Where name or e-mail is missing, find out what the sender meant: submission->advice is set, unless it
 * already is.
 *
 * Takes: object - in which the fields were looked for.
 */
void body_advise(struct submission *submission, const struct submission_contact *contact,
	const json_t *object);

#endif
