/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply - the answer: 202, or an error that says what to change (contract section 1.1, "Answers").
 *
 * One table ties each error to its status, its name and its sentence. Values of a body are never told
 * back, but for the contact that was accepted.
 */
#ifndef INTAKE_GATEWAY_REPLY_H
#define INTAKE_GATEWAY_REPLY_H

#include "gateway/submission.h"

/* A refused request is one log line, at most one in this time. */
enum { REPLY_LOG_EVERY_MS = 1000 };

/* What is told of an error. */
struct refusal {
	int status;
	const char *slug; /* `error` in the body */
	unsigned metric;
	const char *message; /* where no stage has a sentence of its own */
};

/* NULL: nobody is told of it, or it is told as E_NOT_STORED. Static. */
const struct refusal *reply_refusal(enum error error);

/* Both end the submission and its request. */
void reply_accept(struct submission *submission);
void reply_refuse(struct submission *submission, enum error error);

/*
 * What a connection over a cap is told; there is no request that it could be an answer to.
 *
 * Takes: ret_response - its spans are the pipeline's, valid until the next answer.
 */
void reply_refuse_connection(struct pipeline *pipeline, struct http_response *ret_response);

#endif
