/* SPDX-License-Identifier: Apache-2.0 */
/* issues - what is wrong with the contacts of a body: for people, and for programs. */
#ifndef INTAKE_GATEWAY_ISSUES_H
#define INTAKE_GATEWAY_ISSUES_H

#include "gateway/submission.h"
#include "shared/buf.h"

/* "email: Invalid email. name: Required. Fields received: e-mail, fullname." */
void issues_write_message(struct buf *message, const struct submission *submission);

/* The members "fieldErrors" and "issues" of a refusal, a comma before them. */
void issues_write_members(struct buf *body, const struct submission *submission);

#endif
