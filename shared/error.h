/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error - what can go wrong, whose fault it is, and one sentence for each.
 *
 * Blame is the policy. Only the edges (the gateway's reply, the worker's lane and consumer, main)
 * switch on it; everything in between passes the code up.
 */
#ifndef INTAKE_SHARED_ERROR_H
#define INTAKE_SHARED_ERROR_H

#include <stdarg.h>

#define MUST_CHECK __attribute__((warn_unused_result))

enum error_blame {
	BLAME_NOBODY, /* nothing went wrong, or the work goes on later */
	BLAME_CALLER, /* the sender must change something: 4xx */
	BLAME_BUSY,   /* try again later: 503, or wait */
	BLAME_POISON, /* this record can never be applied: dead letter */
	BLAME_BROKEN, /* we, or our configuration: stop, somebody must act */
};

/* code, blame, sentence */
#define ERROR_TABLE(X)                                                                             \
	X(OK, NOBODY, "done")                                                                      \
	X(E_PENDING, NOBODY, "the work goes on and reports later")                                 \
	X(E_CANCELLED, NOBODY, "somebody has called the work off")                                 \
	X(E_CLIENT_GONE, NOBODY, "the client left before its answer")                              \
	X(E_NOT_FOUND, CALLER, "there is no such thing")                                           \
	X(E_USAGE, CALLER, "the command line is wrong")                                            \
	X(E_BAD_REQUEST, CALLER, "the request is not valid HTTP")                                  \
	X(E_EMPTY_BODY, CALLER, "the body is empty")                                               \
	X(E_INVALID_JSON, CALLER, "the body is not JSON")                                          \
	X(E_INVALID_UTF8, CALLER, "the body is not UTF-8")                                         \
	X(E_VALIDATION_FAILED, CALLER, "the contact is not valid")                                 \
	X(E_TOO_MANY_CONTACTS, CALLER, "the body holds too many contacts")                         \
	X(E_CONFLICTING_KEYS, CALLER, "the request carries two different keys")                    \
	X(E_MISSING_API_KEY, CALLER, "the request carries no key")                                 \
	X(E_INVALID_API_KEY, CALLER, "the key is not known")                                       \
	X(E_METHOD_NOT_ALLOWED, CALLER, "the path takes POST only")                                \
	X(E_REQUEST_TIMEOUT, CALLER, "the request did not arrive in time")                         \
	X(E_BODY_TOO_LARGE, CALLER, "the body is too large")                                       \
	X(E_UNSUPPORTED_MEDIA_TYPE, CALLER, "the body is of a type that is not taken")             \
	X(E_HEADERS_TOO_LARGE, CALLER, "the headers are too large")                                \
	X(E_RATE_LIMITED, CALLER, "the key has used up its requests for now")                      \
	X(E_NOT_STORED, BUSY, "Kafka certainly does not have the event")                           \
	X(E_MAYBE_STORED, BUSY, "Kafka never said whether it has the event")                       \
	X(E_OVERLOADED, BUSY, "the gateway has more work than it can finish in time")              \
	X(E_KEYS_UNAVAILABLE, BUSY, "the key could not be looked up")                              \
	X(E_POSTGRES_AWAY, BUSY, "Postgres does not answer")                                       \
	X(E_POSTGRES_CONTENTION, BUSY, "Postgres asks to try the transaction again")               \
	X(E_KAFKA_AWAY, BUSY, "Kafka does not answer")                                             \
	X(E_TIMEOUT, BUSY, "it took too long")                                                     \
	X(E_RECORD_TOMBSTONE, POISON, "the record has no value")                                   \
	X(E_RECORD_TYPE, POISON, "the record is not a contact event of a known version")           \
	X(E_RECORD_UNDECODABLE, POISON, "the record's value cannot be read")                       \
	X(E_RECORD_INVALID, POISON, "the record's contact breaks a rule")                          \
	X(E_BUSINESS_GONE, POISON, "the business does not exist")                                  \
	X(E_POSTGRES_DATA, POISON, "Postgres refuses the data")                                    \
	X(E_CIRCUIT_OPEN, BROKEN, "too many records are bad")                                      \
	X(E_CONFIG, BROKEN, "the configuration is wrong")                                          \
	X(E_POSTGRES_CONFIG, BROKEN, "Postgres refuses the statement")                             \
	X(E_KAFKA_REFUSED, BROKEN, "Kafka does not let this login in, or ask")                     \
	X(E_OFFSET_GONE, BROKEN, "Kafka no longer has the offset")                                 \
	X(E_KAFKA_FATAL, BROKEN, "the Kafka client cannot go on")                                  \
	X(E_SYSTEM, BROKEN, "the operating system refuses")

enum error {
#define X(code, blame, sentence) code,
	ERROR_TABLE(X)
#undef X
		ERROR_COUNT
};

enum { FAILURE_DETAIL_BYTES = 512, FAILURE_SQLSTATE_BYTES = 6 };

/* What went wrong, for people: owned by the caller, filled where it happened, logged once at the edge. */
struct failure {
	enum error error;
	char detail[FAILURE_DETAIL_BYTES];     /* never a key, a body or an e-mail */
	char sqlstate[FAILURE_SQLSTATE_BYTES]; /* "": Postgres has not answered with one */
};

enum error_blame error_blame(enum error error);

/* The code's own name, as "E_TIMEOUT". Static. */
const char *error_name(enum error error);

/* One sentence without a full stop. Static. */
const char *error_sentence(enum error error);

/*
 * Note what happened and hand the code on: `return failure_set(failure, E_CONFIG, "...", ...)`.
 *
 * Takes: failure - may be NULL, then only the code survives.
 */
enum error failure_set(struct failure *failure, enum error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
