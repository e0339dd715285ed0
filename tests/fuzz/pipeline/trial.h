/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trial - what one input brings about: which requests it made, what the fakes of keys and Kafka were
 * asked and have said, and so what must be answered.
 */
#ifndef INTAKE_TESTS_FUZZ_PIPELINE_TRIAL_H
#define INTAKE_TESTS_FUZZ_PIPELINE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/submission.h"
#include "shared/arena.h"
#include "shared/contact.h"
#include "shared/ensure.h"
#include "shared/http/http.h"

/* A word that no sentence of ours holds: where it stands in an answer, it was echoed. */
#define TRIAL_MARKER "c4n4ry"

#define TRIAL_HEX_8(c) c c c c c c c c
#define TRIAL_KEY_OF(c) "sk_" TRIAL_HEX_8(c c c c c c c c)
#define TRIAL_KEY TRIAL_KEY_OF("a")         /* known */
#define TRIAL_KEY_LIMITED TRIAL_KEY_OF("b") /* one request a minute; replaced, lives on */
#define TRIAL_KEY_AWAY TRIAL_KEY_OF("c")    /* cannot be looked up now */
#define TRIAL_KEY_UNKNOWN TRIAL_KEY_OF("d") /* as all others */
#define TRIAL_BUSINESS "0190a0a0-0000-7000-8000-000000000001"

enum {
	TRIAL_INPUT_MOST = 8 * 1024,
	TRIAL_BODY_MOST = 6 * 1024, /* GATEWAY_MAX_BODY_BYTES; room for 1,000 members */
	TRIAL_EXCHANGES_MOST = 512, /* no more requests fit into an input */
};

/* What becomes of events at Kafka. */
enum trial_kafka {
	TRIAL_STORED,
	TRIAL_STORED_LATER,
	TRIAL_NOT_STORED,
	TRIAL_NOT_STORED_LATER,
	TRIAL_MAYBE_STORED_LATER,
	TRIAL_SILENT, /* no report comes */
	TRIAL_BEHIND, /* others wait for too long already */
	TRIAL_FULL,   /* no room in the producer's queue */
	TRIAL_KAFKA_COUNT,
};

/* An event as it went to Kafka. */
struct trial_event {
	char id[UUID_TEXT_LEN + 1];
	struct contact contact; /* in the trial's arena */
};

/* One request, from its head on. */
struct exchange {
	enum http_method method;
	bool is_openapi;
	bool is_webhook;
	bool is_gone;        /* the client left before it had sent all: there is no answer */
	bool may_echo_names; /* a member's name holds the marker */
	bool is_key_asked;
	enum error key_verdict;
	bool is_produced;
	enum error kafka_verdict;
	struct trial_event *events;
	size_t event_count;
};

struct trial {
	struct arena arena;
	/* What the input chooses. */
	enum trial_kafka kafka;
	bool keys_late;
	/* Of the first request, where the input is three fields: what must come of them. */
	bool is_expected;
	bool is_expected_valid;
	struct contact expected;
	/* What has happened. */
	struct exchange exchanges[TRIAL_EXCHANGES_MOST];
	size_t exchange_count;
};

/* What stands for gateway/keys and gateway/produce. */
struct keys {
	struct trial *trial; /* borrowed */
};

struct produce_ticket {
	int unused;
};

struct producer {
	struct trial *trial; /* borrowed */
	struct loop *loop;
	struct submission *waiting; /* for a report; NULL: none */
	struct produce_ticket ticket;
	struct loop_task report;
	struct uuid newest; /* of all trials: versions only grow */
};

/* A connection serves one request at a time, so what is asked is asked for the last one. */
static inline struct exchange *trial_last(struct trial *trial)
{
	ensure(trial->exchange_count > 0);
	return &trial->exchanges[trial->exchange_count - 1];
}

/*
 * Check all that was sent back against what has happened: each answer is HTTP and JSON of the contract,
 * and says what is true.
 *
 * Takes: sent - by the gateway on the connection.
 */
void answers_check(const struct trial *trial, struct span sent, struct span openapi_document);

/* Status codes in a row, as "202 400 ". Adds to out. */
void answers_statuses(const struct trial *trial, struct span sent, struct buf *out);

#endif
