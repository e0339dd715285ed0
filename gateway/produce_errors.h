/* SPDX-License-Identifier: Apache-2.0 */
/*
 * produce_errors - what an error of the Kafka client means for an event, and for the operator.
 *
 * Included only by the files that own the producer (gateway/produce*).
 */
#ifndef INTAKE_GATEWAY_PRODUCE_ERRORS_H
#define INTAKE_GATEWAY_PRODUCE_ERRORS_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/log.h"

enum produce_class {
	PRODUCE_NOT_STORED,   /* refused before anything was written; it would be refused again */
	PRODUCE_MAYBE_STORED, /* the broker may have written it; the client does not try again */
	PRODUCE_RETRIABLE,    /* the client tries again by itself, until message.timeout.ms */
	PRODUCE_FATAL,        /* the client never works again: drain, exit, be restarted */
	PRODUCE_CLASS_COUNT
};

struct produce_error {
	rd_kafka_resp_err_t code;
	enum produce_class class;
	bool act;            /* it goes on until somebody acts */
	const char *meaning; /* a sentence without a full stop */
};

/* The code's row of the table; for a code that has none, one that says maybe stored. Static. */
const struct produce_error *produce_error_of(rd_kafka_resp_err_t code);

/* All rows, for the tests. */
const struct produce_error *produce_errors(size_t *ret_count);

/* What is known of an event when its delivery report is in. */
struct produce_outcome {
	rd_kafka_resp_err_t code;
	rd_kafka_msg_status_t status;
	int64_t offset; /* negative: none was told */
	bool sent;      /* whether any Produce request was sent after the event was queued */
};

/*
 * The one place that decides what a sender is told.
 *
 * Returns: OK: all in-sync replicas have it; E_NOT_STORED: certainly not in Kafka;
 *          E_MAYBE_STORED: all else.
 */
enum error produce_verdict(const struct produce_outcome *outcome);

/* Errors are counted one by one, and logged now and then. */
struct produce_error_log {
	struct log_limit reports; /* delivery reports and refused events */
	/* what the client says of itself, by class and whether somebody must act */
	struct log_limit events[PRODUCE_CLASS_COUNT][2];
	/* the last that somebody must act on; NULL: none. Thread: any */
	_Atomic(const struct produce_error *) trouble;
};

void produce_error_log_init(struct produce_error_log *log);

/* An event was not stored, or maybe not. Takes: verdict - what its sender is told. */
void produce_error_report(struct produce_error_log *log, rd_kafka_resp_err_t code,
	enum error verdict, int64_t now_ms);

/* The client says that something is wrong. Takes: text - librdkafka's own, borrowed. */
void produce_error_event(
	struct produce_error_log *log, rd_kafka_resp_err_t code, const char *text, int64_t now_ms);

/* The client says that it is done, because of this. */
void produce_error_fatal(rd_kafka_resp_err_t code, const char *text);

#endif
