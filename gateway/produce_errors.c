/* SPDX-License-Identifier: Apache-2.0 */
/* produce_errors - what an error of the Kafka client means for an event, and for the operator. */
#include "gateway/produce_errors.h"

#include "gateway/metrics.h"

enum { REPORT_LOG_MS = 1000, EVENT_LOG_MS = 10 * 1000 };

#define ROW(code, class, act, meaning)                                                             \
	{                                                                                          \
		RD_KAFKA_RESP_ERR_##code, PRODUCE_##class, act, meaning                            \
	}

/* Whether it goes on until somebody acts. */
enum { ACT = true, WAIT = false };

/*
 * In the order of librdkafka's numbers within each class. Codes that only consumers, groups,
 * transactions and administration meet are left out: they fall to the last row, which claims nothing.
 *
 * librdkafka calls some events "not persisted" that may be in the log: a leader that has appended them
 * and is deposed (or loses its disk) before its followers have acknowledged answers
 * NOT_LEADER_FOR_PARTITION (KAFKA_STORAGE_ERROR), and a follower that has them may lead from then on; and
 * any code that it does not know, UNKNOWN among them, which is whatever went wrong in the broker. The
 * first two are tried again, and end as _MSG_TIMED_OUT where that fails. So only what is checked before
 * anything is appended stands under "not stored" here.
 */
static const struct produce_error table[] = {
	/* what the client refuses, or the broker before it appends */
	ROW(_BAD_COMPRESSION, NOT_STORED, ACT, "the client could not compress"),
	ROW(_CRIT_SYS_RESOURCE, NOT_STORED, WAIT, "the client lacks memory or threads"),
	ROW(_UNKNOWN_PARTITION, NOT_STORED, ACT, "the topic has no such partition"),
	ROW(_UNKNOWN_TOPIC, NOT_STORED, ACT, "the topic is not there: intake-worker topics create"),
	ROW(_INVALID_ARG, NOT_STORED, ACT, "the client does not take the event"),
	ROW(_QUEUE_FULL, NOT_STORED, WAIT, "the client's queue is full"),
	ROW(_ISR_INSUFF, NOT_STORED, WAIT, "too few replicas are in sync"),
	ROW(_STATE, NOT_STORED, ACT, "the client is not in a state to take events"),
	ROW(_NOT_IMPLEMENTED, NOT_STORED, ACT, "the client lacks this function"),
	ROW(_UNSUPPORTED_FEATURE, NOT_STORED, ACT, "the brokers lack a function that is needed"),
	ROW(INVALID_MSG, NOT_STORED, WAIT, "the records came to the broker damaged"),
	ROW(UNKNOWN_TOPIC_OR_PART, NOT_STORED, ACT,
		"the topic is not there: intake-worker topics create"),
	ROW(INVALID_MSG_SIZE, NOT_STORED, ACT, "the broker does not take records of this size"),
	ROW(MSG_SIZE_TOO_LARGE, NOT_STORED, ACT,
		"larger than the topic's max.message.bytes (or the client's message.max.bytes): "
		"raise it to 1 MiB"),
	ROW(TOPIC_EXCEPTION, NOT_STORED, ACT, "CONTACTS_TOPIC is no name for a topic"),
	ROW(RECORD_LIST_TOO_LARGE, NOT_STORED, ACT,
		"larger than the topic's segment.bytes: raise it"),
	ROW(INVALID_REQUIRED_ACKS, NOT_STORED, ACT, "the broker does not take acks=all"),
	ROW(TOPIC_AUTHORIZATION_FAILED, NOT_STORED, ACT, "the login may not write to the topic"),
	ROW(CLUSTER_AUTHORIZATION_FAILED, NOT_STORED, ACT, "the login may not write idempotently"),
	ROW(INVALID_TIMESTAMP, NOT_STORED, ACT,
		"the topic refuses our clock (message.timestamp.*.max.ms)"),
	ROW(UNSUPPORTED_VERSION, NOT_STORED, ACT,
		"the broker does not know this version of the request"),
	ROW(UNSUPPORTED_FOR_MESSAGE_FORMAT, NOT_STORED, ACT,
		"the topic's message format is too old"),
	ROW(POLICY_VIOLATION, NOT_STORED, ACT, "a policy of the brokers refuses the record"),
	ROW(INVALID_PRODUCER_EPOCH, NOT_STORED, WAIT,
		"the broker has a newer epoch of this producer"),
	ROW(UNSUPPORTED_COMPRESSION_TYPE, NOT_STORED, ACT, "the topic does not take lz4"),
	ROW(INVALID_RECORD, NOT_STORED, ACT, "the broker finds the record invalid"),

	/* nobody knows */
	ROW(NO_ERROR, MAYBE_STORED, WAIT, "acknowledged without an offset: by inference only"),
	ROW(_BAD_MSG, MAYBE_STORED, WAIT, "the broker's answer cannot be read"),
	ROW(_DESTROY, MAYBE_STORED, WAIT, "the client is ending"),
	ROW(_FAIL, MAYBE_STORED, WAIT, "the client failed"),
	ROW(_UNDERFLOW, MAYBE_STORED, WAIT, "the broker's answer was cut short"),
	ROW(_PURGE_QUEUE, MAYBE_STORED, WAIT, "given up while it waited to be sent, perhaps again"),
	ROW(_PURGE_INFLIGHT, MAYBE_STORED, WAIT, "given up while the broker had it"),
	ROW(UNKNOWN, MAYBE_STORED, WAIT, "something went wrong in the broker, at any point"),
	ROW(NETWORK_EXCEPTION, MAYBE_STORED, WAIT, "the broker lost a connection"),
	ROW(INVALID_REQUEST, MAYBE_STORED, WAIT, "the broker does not understand the request"),
	ROW(DUPLICATE_SEQUENCE_NUMBER, MAYBE_STORED, WAIT,
		"an earlier try was appended; whether the replicas have it is not said"),
	ROW(LOG_DIR_NOT_FOUND, MAYBE_STORED, WAIT, "the broker has lost a folder of its log"),

	/* the client goes on by itself */
	ROW(_TRANSPORT, RETRIABLE, WAIT, "a connection failed"),
	ROW(_RESOLVE, RETRIABLE, ACT, "a broker's name is unknown (KAFKA_BROKERS)"),
	ROW(_MSG_TIMED_OUT, RETRIABLE, WAIT, "tried until GATEWAY_KAFKA_TIMEOUT_MS was over"),
	ROW(_ALL_BROKERS_DOWN, RETRIABLE, WAIT, "no broker can be reached"),
	ROW(_TIMED_OUT, RETRIABLE, WAIT, "a broker did not answer in time"),
	ROW(_NODE_UPDATE, RETRIABLE, WAIT, "a broker has moved"),
	ROW(_SSL, RETRIABLE, ACT, "TLS failed: certificates, or a port without TLS"),
	ROW(_WAIT_COORD, RETRIABLE, WAIT, "the coordinator is not known yet"),
	ROW(_AUTHENTICATION, RETRIABLE, ACT, "the brokers refuse the login"),
	ROW(_TIMED_OUT_QUEUE, RETRIABLE, WAIT, "waited too long to be sent"),
	ROW(_INTR, RETRIABLE, WAIT, "a call was interrupted"),
	ROW(_RETRY, RETRIABLE, WAIT, "to be sent again under a new sequence number"),
	ROW(LEADER_NOT_AVAILABLE, RETRIABLE, WAIT, "the partition has no leader at the moment"),
	ROW(NOT_LEADER_FOR_PARTITION, RETRIABLE, WAIT, "the partition's leader has changed"),
	ROW(REQUEST_TIMED_OUT, RETRIABLE, WAIT, "the replicas did not acknowledge in time"),
	ROW(BROKER_NOT_AVAILABLE, RETRIABLE, WAIT, "the broker is not available"),
	ROW(REPLICA_NOT_AVAILABLE, RETRIABLE, WAIT, "a replica is not available"),
	ROW(COORDINATOR_LOAD_IN_PROGRESS, RETRIABLE, WAIT, "the cluster is starting"),
	ROW(COORDINATOR_NOT_AVAILABLE, RETRIABLE, WAIT, "the cluster is starting"),
	ROW(NOT_COORDINATOR, RETRIABLE, WAIT, "the coordinator has changed"),
	ROW(NOT_ENOUGH_REPLICAS, RETRIABLE, WAIT,
		"fewer replicas in sync than min.insync.replicas"),
	ROW(NOT_ENOUGH_REPLICAS_AFTER_APPEND, RETRIABLE, WAIT,
		"replicas fell out of sync while it was written"),
	ROW(UNSUPPORTED_SASL_MECHANISM, RETRIABLE, ACT,
		"the brokers do not know this way to log in"),
	ROW(ILLEGAL_SASL_STATE, RETRIABLE, ACT, "the login went wrong"),
	ROW(KAFKA_STORAGE_ERROR, RETRIABLE, WAIT, "the broker's disk failed"),
	ROW(SASL_AUTHENTICATION_FAILED, RETRIABLE, ACT, "the brokers refuse the login"),
	ROW(THROTTLING_QUOTA_EXCEEDED, RETRIABLE, WAIT, "over the brokers' quota"),

	/* the client is done */
	ROW(_FATAL, FATAL, ACT, "the client has failed for good"),
	ROW(_INCONSISTENT, FATAL, ACT, "the client contradicts itself"),
	ROW(_GAPLESS_GUARANTEE, FATAL, ACT, "an event was lost between others"),
	ROW(_FENCED, FATAL, ACT, "another producer has taken this one's place"),
	ROW(OUT_OF_ORDER_SEQUENCE_NUMBER, FATAL, ACT,
		"the broker has lost events that it acknowledged"),
	ROW(UNKNOWN_PRODUCER_ID, FATAL, ACT, "the broker has forgotten this producer"),
	ROW(PRODUCER_FENCED, FATAL, ACT, "another producer has taken this one's place"),
};

static const size_t table_count = sizeof(table) / sizeof(*table);
static const struct produce_error unlisted = {
	RD_KAFKA_RESP_ERR_UNKNOWN, PRODUCE_MAYBE_STORED, false, "not an error that is known here"};

const struct produce_error *produce_errors(size_t *ret_count)
{
	*ret_count = table_count;
	return table;
}

const struct produce_error *produce_error_of(rd_kafka_resp_err_t code)
{
	for (size_t i = 0; i < table_count; i++) {
		if (table[i].code == code)
			return &table[i];
	}
	return &unlisted;
}

/*
 * A report without an error but without an offset is an inference of librdkafka's, from a sequence number
 * that the leader has had already: that its replicas have it, nobody has said.
 */
enum error produce_verdict(const struct produce_outcome *outcome)
{
	if (!outcome->code) {
		bool stored =
			outcome->status == RD_KAFKA_MSG_STATUS_PERSISTED && outcome->offset >= 0;
		return stored ? OK : E_MAYBE_STORED;
	}
	if (!outcome->sent)
		return E_NOT_STORED;
	if (outcome->status == RD_KAFKA_MSG_STATUS_NOT_PERSISTED &&
		produce_error_of(outcome->code)->class == PRODUCE_NOT_STORED)
		return E_NOT_STORED;
	return E_MAYBE_STORED;
}

void produce_error_log_init(struct produce_error_log *log)
{
	*log = (struct produce_error_log){.reports = {.every_ms = REPORT_LOG_MS}};
	for (size_t i = 0; i < PRODUCE_CLASS_COUNT; i++) {
		log->events[i][ACT].every_ms = EVENT_LOG_MS;
		log->events[i][WAIT].every_ms = EVENT_LOG_MS;
	}
}

static void count_in(enum produce_class class)
{
	static const unsigned series[] = {
		[PRODUCE_NOT_STORED] = METRIC_PRODUCE_ERRORS_NOT_STORED,
		[PRODUCE_MAYBE_STORED] = METRIC_PRODUCE_ERRORS_MAYBE_STORED,
		[PRODUCE_RETRIABLE] = METRIC_PRODUCE_ERRORS_RETRIABLE,
		[PRODUCE_FATAL] = METRIC_PRODUCE_ERRORS_FATAL,
	};
	metric_add(series[class], 1);
}

static void take(struct produce_error_log *log, const struct produce_error *error)
{
	count_in(error->class);
	if (error->act)
		atomic_store(&log->trouble, error);
}

static enum log_level level_of(const struct produce_error *error)
{
	return error->act ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN;
}

void produce_error_report(
	struct produce_error_log *log, rd_kafka_resp_err_t code, enum error verdict, int64_t now_ms)
{
	const struct produce_error *error = produce_error_of(code);
	take(log, error);
	int64_t suppressed = log_limit_take(&log->reports, now_ms);
	if (suppressed >= 0)
		log_write(level_of(error), "produce.failed",
			LOG_FIELDS(log_text("error", rd_kafka_err2name(code)),
				log_text("meaning", error->meaning),
				log_text("verdict", error_name(verdict)),
				log_int("suppressed", suppressed)));
}

void produce_error_event(
	struct produce_error_log *log, rd_kafka_resp_err_t code, const char *text, int64_t now_ms)
{
	const struct produce_error *error = produce_error_of(code);
	take(log, error);
	int64_t suppressed = log_limit_take(&log->events[error->class][error->act], now_ms);
	if (suppressed >= 0)
		log_write(level_of(error), "kafka.error",
			LOG_FIELDS(log_text("error", rd_kafka_err2name(code)),
				log_text("meaning", error->meaning), log_text("text", text),
				log_int("suppressed", suppressed)));
}

void produce_error_fatal(rd_kafka_resp_err_t code, const char *text)
{
	count_in(PRODUCE_FATAL);
	log_error("kafka.fatal", log_text("error", rd_kafka_err2name(code)),
		log_text("meaning", produce_error_of(code)->meaning), log_text("text", text));
}
