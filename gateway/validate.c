/* SPDX-License-Identifier: Apache-2.0 */
/* validate - seventh step: are the fields those of a contact? */
#include "gateway/submission.h"

enum error validate_step(struct submission *submission)
{
	return contact_check(submission->values, &submission->request->arena,
		&submission->event.contact, &submission->issues);
}
