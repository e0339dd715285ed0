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
#include "gateway/limit_redis.h"
#include "shared/contact.h"
#include "shared/error.h"
#include "shared/event.h"
#include "shared/http/http.h"
#include "shared/uuid.h"

struct pipeline;
struct produce_ticket;

enum {
	SUBMISSION_CONTACTS_MOST = 100, /* in one body */
	SUBMISSION_NAMES_MOST = 20,     /* member names that are told back to the sender */
	SUBMISSION_NAME_BYTES = 40,     /* of each */
	SUBMISSION_WARNINGS_MOST = 20,
};

/* One contact of a body; most bodies hold one. */
struct submission_contact {
	/* body */
	bool is_object; /* else nothing below is set */
	struct contact_value values[CONTACT_FIELD_COUNT];
	const struct span *names; /* of members that did arrive; only where a field is missing */
	size_t name_count;

	/* validate */
	struct contact_issues issues;

	/* encode */
	struct event event;
	struct event_record record;
};

struct submission {
	struct pipeline *pipeline;
	struct http_request *request;
	struct submission *older; /* all of the pipeline that have no answer yet */
	struct submission *newer;
	struct loop_deadline deadline; /* for Kafka's verdict */
	size_t stage;                  /* of the pipeline's table: the one to run next */
	int64_t stage_began_us;        /* steady clock; 0: this request is not timed */
	int64_t wall_ns;               /* when it was received */
	struct uuid request_id;
	/* Of one that no sender sent: instead of an answer. NULL: the request is answered. */
	void (*done)(struct submission *submission, enum error error);
	void *done_user;
	struct failure failure; /* the sentence for the sender, where a stage has one of its own */

	/* authenticate */
	struct key_lookup lookup;
	struct span key; /* secret */
	bool authenticated;

	/* limit */
	struct limit_verdict limit;
	struct limit_question question; /* where Redis is asked */
	bool counted;                   /* in this process's own window */

	/* body */
	struct submission_contact *contacts;
	size_t contact_count;
	bool is_list;       /* the body is one, of one contact perhaps */
	const char *advice; /* static sentence behind those of validation; NULL: none */
	struct span warnings[SUBMISSION_WARNINGS_MOST];
	size_t warning_count;

	/* produce */
	struct produce_ticket *tickets; /* of the events at Kafka; NULL: none is */
	size_t stored_count;
	size_t not_stored_count; /* certainly */
	int32_t kafka_partition; /* of the event stored last */
	int64_t kafka_offset;
};

/*
 * Note what a sender should know of a contact though it is accepted. More than
 * SUBMISSION_WARNINGS_MOST are dropped.
 *
 * Takes: format - of one sentence that begins with the field's name; never a value of the body.
 */
void submission_warn(struct submission *submission, const struct submission_contact *contact,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* One stage. Returns OK: go on; E_PENDING: pipeline_resume will be called; all else: refuse. */
typedef enum error submission_step(struct submission *submission);

submission_step headers_step;      /* headers.c */
submission_step shed_step;         /* shed.c */
submission_step authenticate_step; /* authenticate.c */
submission_step limit_step;        /* limit_step.c */
submission_step size_cap_step;     /* body.c */
submission_step read_body_step;    /* body.c */
submission_step parse_body_step;   /* body.c */
submission_step validate_step;     /* validate.c */
submission_step encode_step;       /* encode.c */
submission_step produce_step;      /* produce.c */

/* The submission is over: what was counted and should not be is given back. limit_step.c */
void limit_settle(struct submission *submission, bool give_back);

#endif
