/* SPDX-License-Identifier: Apache-2.0 */
/*
 * submission - one POST of a contact on its way through the pipeline.
 *
 * It lives in its request's arena. Each stage reads what earlier stages wrote and writes its own
 * part; the parts stand here in the order of the stages.
 */
#ifndef INTAKE_GATEWAY_SUBMISSION_H
#define INTAKE_GATEWAY_SUBMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/keys.h"
#include "gateway/limit.h"
#include "shared/contact.h"
#include "shared/error.h"
#include "shared/event.h"
#include "shared/http/http.h"
#include "shared/uuid.h"

struct pipeline;
struct produce_ticket;

enum {
	SUBMISSION_NAMES_MOST = 20, /* member names that are told back to the sender */
	SUBMISSION_NAME_BYTES = 40, /* of each */
};

struct submission {
	struct pipeline *pipeline;
	struct http_request *request;
	struct submission *older; /* all of the pipeline that have no answer yet */
	struct submission *newer;
	struct loop_deadline deadline; /* for Kafka's verdict */
	size_t step;                   /* of the pipeline's table: the one to run next */
	int64_t wall_ns;               /* when it was received */
	struct uuid request_id;
	struct failure failure; /* the sentence for the sender, where a stage has one of its own */

	/* authenticate */
	struct key_lookup lookup;
	struct span key; /* secret */
	bool authenticated;

	/* limit */
	struct limit_verdict limit;
	bool counted;

	/* body */
	struct contact_value values[CONTACT_FIELD_COUNT];
	struct span names[SUBMISSION_NAMES_MOST]; /* members that did arrive */
	size_t name_count;

	/* validate */
	struct contact_issues issues;

	/* encode */
	struct event event;
	struct event_record record;

	/* produce */
	struct produce_ticket *ticket; /* NULL: nothing is at Kafka */
};

/* One stage. Returns OK: go on; E_PENDING: pipeline_resume will be called; all else: refuse. */
typedef enum error submission_step(struct submission *submission);

submission_step headers_step;      /* headers.c */
submission_step authenticate_step; /* authenticate.c */
submission_step limit_step;        /* limit_step.c */
submission_step size_cap_step;     /* body.c */
submission_step read_body_step;    /* body.c */
submission_step parse_body_step;   /* body.c */
submission_step validate_step;     /* validate.c */
submission_step encode_step;       /* encode.c */
submission_step produce_step;      /* produce.c */

#endif
