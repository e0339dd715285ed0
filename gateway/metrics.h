/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - the gateway's table of metrics; feeds /metrics and the README. */
#ifndef INTAKE_GATEWAY_METRICS_H
#define INTAKE_GATEWAY_METRICS_H

#include "gateway/key_metrics.h"
#include "gateway/limit_metrics.h"
#include "gateway/settings/metrics.h"
#include "shared/metrics.h"

#define REQUEST_OUTCOME(X, id, outcome)                                                            \
	X(METRIC_REQUESTS_##id, "gateway_requests_total", "outcome=\"" outcome "\"", COUNTER,      \
		"Requests answered, by outcome: accepted, or the error told.", NULL)

#define PRODUCE_ERROR(X, id, class)                                                                \
	X(METRIC_PRODUCE_ERRORS_##id, "gateway_produce_errors_total", "class=\"" class "\"",       \
		COUNTER, "Errors of the Kafka client (events and the client's own), by class.",    \
		NULL)

#define STAGE(X, id, stage)                                                                        \
	X(METRIC_STAGE_##id, "gateway_stage_seconds", "stage=\"" stage "\"", HISTOGRAM,            \
		"Seconds in a stage of the pipeline, of one request in 16; what it waits for is "  \
		"included.",                                                                       \
		gateway_stage_buckets)

#define SHED_HELP                                                                                  \
	"Requests answered overloaded: Kafka would take too long (wait), buffers are full "        \
	"(memory), or the Kafka client's queue is (queue)."

/* X(id, name, labels, type, help, buckets) */
#define GATEWAY_METRICS(X)                                                                         \
	REQUEST_OUTCOME(X, ACCEPTED, "accepted")                                                   \
	REQUEST_OUTCOME(X, BAD_REQUEST, "bad_request")                                             \
	REQUEST_OUTCOME(X, EMPTY_BODY, "empty_body")                                               \
	REQUEST_OUTCOME(X, INVALID_JSON, "invalid_json")                                           \
	REQUEST_OUTCOME(X, INVALID_UTF8, "invalid_utf8")                                           \
	REQUEST_OUTCOME(X, VALIDATION_FAILED, "validation_failed")                                 \
	REQUEST_OUTCOME(X, TOO_MANY_CONTACTS, "too_many_contacts")                                 \
	REQUEST_OUTCOME(X, CONFLICTING_KEYS, "conflicting_keys")                                   \
	REQUEST_OUTCOME(X, MISSING_API_KEY, "missing_api_key")                                     \
	REQUEST_OUTCOME(X, INVALID_API_KEY, "invalid_api_key")                                     \
	REQUEST_OUTCOME(X, NOT_FOUND, "not_found")                                                 \
	REQUEST_OUTCOME(X, METHOD_NOT_ALLOWED, "method_not_allowed")                               \
	REQUEST_OUTCOME(X, REQUEST_TIMEOUT, "request_timeout")                                     \
	REQUEST_OUTCOME(X, BODY_TOO_LARGE, "body_too_large")                                       \
	REQUEST_OUTCOME(X, UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")                       \
	REQUEST_OUTCOME(X, HEADERS_TOO_LARGE, "headers_too_large")                                 \
	REQUEST_OUTCOME(X, RATE_LIMITED, "rate_limited")                                           \
	REQUEST_OUTCOME(X, NOT_STORED, "not_stored")                                               \
	REQUEST_OUTCOME(X, MAYBE_STORED, "maybe_stored")                                           \
	REQUEST_OUTCOME(X, OVERLOADED, "overloaded")                                               \
	REQUEST_OUTCOME(X, KEYS_UNAVAILABLE, "keys_unavailable")                                   \
	REQUEST_OUTCOME(X, CLIENT_GONE, "client_gone")                                             \
	X(METRIC_CONTACTS_ACCEPTED, "gateway_contacts_accepted_total", "", COUNTER,                \
		"Contacts accepted; a list counts as many.", NULL)                                 \
	X(METRIC_SHED_WAIT, "gateway_shed_total", "reason=\"wait\"", COUNTER, SHED_HELP, NULL)     \
	X(METRIC_SHED_MEMORY, "gateway_shed_total", "reason=\"memory\"", COUNTER, SHED_HELP, NULL) \
	X(METRIC_SHED_QUEUE, "gateway_shed_total", "reason=\"queue\"", COUNTER, SHED_HELP, NULL)   \
	X(METRIC_REQUEST_SECONDS, "gateway_request_seconds", "", HISTOGRAM,                        \
		"Seconds from a request's first byte to its 202.", metric_seconds_buckets)         \
	STAGE(X, HEADERS, "headers")                                                               \
	STAGE(X, SHED, "shed")                                                                     \
	STAGE(X, AUTHENTICATE, "authenticate")                                                     \
	STAGE(X, LIMIT, "limit")                                                                   \
	STAGE(X, SIZE_CAP, "size_cap")                                                             \
	STAGE(X, READ_BODY, "read_body")                                                           \
	STAGE(X, PARSE_BODY, "parse_body")                                                         \
	STAGE(X, VALIDATE, "validate")                                                             \
	STAGE(X, ENCODE, "encode")                                                                 \
	STAGE(X, PRODUCE, "produce")                                                               \
	X(METRIC_IN_FLIGHT, "gateway_requests_in_flight", "", GAUGE,                               \
		"Requests without an answer yet.", NULL)                                           \
	X(METRIC_BUFFER_BYTES, "gateway_buffer_bytes", "", GAUGE,                                  \
		"Memory that requests under way hold: heads, bodies, answers.", NULL)              \
	X(METRIC_PRODUCE_SECONDS, "gateway_produce_seconds", "", HISTOGRAM,                        \
		"Seconds from handing an event to the Kafka client to its delivery report.",       \
		metric_seconds_buckets)                                                            \
	X(METRIC_PRODUCE_QUEUE, "gateway_produce_queue_messages", "", GAUGE,                       \
		"Events handed to the Kafka client that have no delivery report yet.", NULL)       \
	X(METRIC_PRODUCE_AGE, "gateway_produce_queue_age_seconds", "", GAUGE,                      \
		"How long the oldest of those has waited; 0: there is none.", NULL)                \
	X(METRIC_PRODUCE_LATE, "gateway_produce_late_total", "", COUNTER,                          \
		"Delivery reports that came after the request's answer.", NULL)                    \
	PRODUCE_ERROR(X, NOT_STORED, "not_stored")                                                 \
	PRODUCE_ERROR(X, MAYBE_STORED, "maybe_stored")                                             \
	PRODUCE_ERROR(X, RETRIABLE, "retriable")                                                   \
	PRODUCE_ERROR(X, FATAL, "fatal")                                                           \
	X(METRIC_KAFKA_UP, "gateway_kafka_up", "", GAUGE,                                          \
		"1 while Kafka answers for the topic, else 0.", NULL)                              \
	X(METRIC_OPENAPI_REQUESTS, "gateway_openapi_requests_total", "", COUNTER,                  \
		"Requests for /openapi.json, whatever the answer.", NULL)                          \
	X(METRIC_CLOCK_OFFSET, "gateway_clock_offset_seconds", "", GAUGE,                          \
		"This machine's clock minus Kafka's, the worst of all brokers; 0 while they "      \
		"agree or "                                                                        \
		"nothing was stored for a minute.",                                                \
		NULL)                                                                              \
	X(METRIC_READY, "gateway_ready", "", GAUGE, "1 while /readyz says ready.", NULL)           \
	X(METRIC_BUILD, "gateway_build_info", "version=\"" INTAKE_VERSION "\"", GAUGE,             \
		"Always 1; the version is in the label.", NULL)                                    \
	LIMIT_METRICS(X)                                                                           \
	KEY_METRICS(X)                                                                             \
	SETTINGS_METRICS(X)

/* Buckets in seconds, 1 us to 10 s: most stages take no more than the first ones. */
extern const double gateway_stage_buckets[];

enum gateway_metric {
	GATEWAY_METRIC_FIRST = SHARED_METRIC_COUNT - 1,
#define X(id, name, labels, type, help, buckets) id,
	GATEWAY_METRICS(X)
#undef X
};

/* Make room for them; call once, before threads start. */
void gateway_metrics_init(void);

#endif
