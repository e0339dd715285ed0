/* SPDX-License-Identifier: Apache-2.0 */
/* What a sender is told, and the table that it rests on. */
#include "gateway/produce_errors.h"
#include "tests/unit/test.h"

/* rd_kafka_resp_err_t is sparse; no code is further from zero. */
enum { CODE_LEAST = -200, CODE_MOST = 200 };

static enum error told(rd_kafka_resp_err_t code, rd_kafka_msg_status_t status, bool sent)
{
	const struct produce_outcome outcome = {.code = code, .status = status, .sent = sent};
	return produce_verdict(&outcome);
}

START_TEST(only_an_acknowledged_event_with_an_offset_is_stored)
{
	struct produce_outcome outcome = {
		.status = RD_KAFKA_MSG_STATUS_PERSISTED,
		.sent = true,
	};
	ck_assert_int_eq(produce_verdict(&outcome), OK);
	outcome.offset = RD_KAFKA_OFFSET_INVALID;
	ck_assert_int_eq(produce_verdict(&outcome), E_MAYBE_STORED);
	outcome.offset = 0;
	outcome.status = RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED;
	ck_assert_int_eq(produce_verdict(&outcome), E_MAYBE_STORED);
	outcome.status = RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
	ck_assert_int_eq(produce_verdict(&outcome), E_MAYBE_STORED);
}
END_TEST

START_TEST(no_error_is_ever_told_as_stored)
{
	for (int code = CODE_LEAST; code <= CODE_MOST; code++) {
		for (int status = RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
			code && status <= RD_KAFKA_MSG_STATUS_PERSISTED; status++) {
			rd_kafka_msg_status_t kept = (rd_kafka_msg_status_t)status;
			ck_assert_int_ne(told(code, kept, false), OK);
			ck_assert_int_ne(told(code, kept, true), OK);
		}
	}
}
END_TEST

START_TEST(an_event_behind_the_last_request_is_certainly_not_stored)
{
	for (int code = CODE_LEAST; code <= CODE_MOST; code++) {
		if (code)
			ck_assert_int_eq(
				told(code, RD_KAFKA_MSG_STATUS_NOT_PERSISTED, false), E_NOT_STORED);
	}
}
END_TEST

START_TEST(what_the_broker_refuses_before_it_appends_is_not_stored)
{
	static const rd_kafka_resp_err_t refusals[] = {
		RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
		RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_INVALID_RECORD,
		RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
		RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
	};
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		ck_assert_int_eq(
			told(refusals[i], RD_KAFKA_MSG_STATUS_NOT_PERSISTED, true), E_NOT_STORED);
		/* An earlier try may have come through. */
		ck_assert_int_eq(told(refusals[i], RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED, true),
			E_MAYBE_STORED);
	}
}
END_TEST

/* librdkafka says "not persisted" of these, which is not known (see the table). */
START_TEST(a_leader_that_may_have_appended_leaves_it_open)
{
	static const rd_kafka_resp_err_t open[] = {
		RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
		RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
		RD_KAFKA_RESP_ERR_UNKNOWN,
		RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
		RD_KAFKA_RESP_ERR__PURGE_QUEUE,
		RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
	};
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
		ck_assert_int_eq(
			told(open[i], RD_KAFKA_MSG_STATUS_NOT_PERSISTED, true), E_MAYBE_STORED);
}
END_TEST

START_TEST(a_code_without_a_row_may_be_stored)
{
	const rd_kafka_resp_err_t code = (rd_kafka_resp_err_t)CODE_MOST;
	const struct produce_error *error = produce_error_of(code);
	ck_assert_int_eq(error->class, PRODUCE_MAYBE_STORED);
	ck_assert_int_eq(told(code, RD_KAFKA_MSG_STATUS_NOT_PERSISTED, true), E_MAYBE_STORED);
}
END_TEST

START_TEST(each_code_has_one_row_and_a_meaning)
{
	size_t count = 0;
	const struct produce_error *errors = produce_errors(&count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_ptr_eq(produce_error_of(errors[i].code), &errors[i]);
		ck_assert_int_gt((int)strlen(errors[i].meaning), 0);
	}
}
END_TEST

TESTS("produce_errors", only_an_acknowledged_event_with_an_offset_is_stored,
	no_error_is_ever_told_as_stored, an_event_behind_the_last_request_is_certainly_not_stored,
	what_the_broker_refuses_before_it_appends_is_not_stored,
	a_leader_that_may_have_appended_leaves_it_open, a_code_without_a_row_may_be_stored,
	each_code_has_one_row_and_a_meaning)
