/* SPDX-License-Identifier: Apache-2.0 */
/* test_postgres - what can be said of Postgres without one. */
#include "shared/postgres.h"

#include <stdio.h>

#include "tests/unit/test.h"

START_TEST(a_malformed_url_is_refused_and_not_quoted)
{
	static const char *const urls[] = {
		"postgresql://owner:hunter2@[", "host=x password=hunter2 hunter2", "hunter2"};
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		PGconn *connection = NULL;
		struct failure failure = {.error = OK};
		ck_assert_int_eq(postgres_connect(urls[i], "test", NULL, 0, &connection, &failure),
			E_POSTGRES_CONFIG);
		ck_assert_ptr_null(connection);
		ck_assert_ptr_nonnull(strstr(failure.detail, "DATABASE_URL"));
		ck_assert_ptr_null(strstr(failure.detail, "hunter2"));
	}
}
END_TEST

START_TEST(a_server_that_is_not_there_is_away)
{
	PGconn *connection = NULL;
	struct failure failure = {.error = OK};
	/* Port 1 of the loopback address: nobody listens. */
	ck_assert_int_eq(postgres_connect("postgresql://owner:hunter2@127.0.0.1:1/intake", "test",
				 NULL, 0, &connection, &failure),
		E_POSTGRES_AWAY);
	ck_assert_int_eq(failure.error, E_POSTGRES_AWAY);
	ck_assert_ptr_nonnull(strstr(failure.detail, "refused"));
	ck_assert_ptr_null(strstr(failure.detail, "hunter2"));
}
END_TEST

START_TEST(no_result_means_no_connection)
{
	struct failure failure = {.error = OK};
	ck_assert_int_eq(postgres_error(NULL, NULL, &failure), E_POSTGRES_AWAY);
}
END_TEST

/* A result of one row and column. Returned owned. */
static PGresult *result_of(const char *bytes, int len)
{
	PGresAttDesc column = {.name = "value", .format = 1};
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	ck_assert(PQsetResultAttrs(result, 1, &column));
	ck_assert(PQsetvalue(result, 0, 0, (char *)bytes, len));
	return result;
}

START_TEST(integers_are_read_as_they_are_put)
{
	static const int64_t numbers[] = {0, 1, -1, 60, 0x12345678, INT32_MAX, INT32_MIN};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		char narrow[4];
		char wide[8];
		postgres_put_int32(narrow, (int32_t)numbers[i]);
		postgres_put_int64(wide, numbers[i]);
		POSTGRES_RESULT PGresult *of_four = result_of(narrow, 4);
		POSTGRES_RESULT PGresult *of_eight = result_of(wide, 8);
		ck_assert_int_eq(postgres_get_int(of_four, 0, 0), numbers[i]);
		ck_assert_int_eq(postgres_get_int(of_eight, 0, 0), numbers[i]);
	}
	char extreme[8];
	postgres_put_int64(extreme, INT64_MIN);
	POSTGRES_RESULT PGresult *least = result_of(extreme, 8);
	POSTGRES_RESULT PGresult *of_two = result_of("\xff\xfe", 2);
	ck_assert(postgres_get_int(least, 0, 0) == INT64_MIN);
	ck_assert_int_eq(postgres_get_int(of_two, 0, 0), -2);
}
END_TEST

START_TEST(integers_are_put_in_network_order)
{
	char bytes[8];
	postgres_put_int64(bytes, INT64_C(0x0102030405060708));
	ck_assert_mem_eq(bytes, "\1\2\3\4\5\6\7\10", 8);
}
END_TEST

TESTS("postgres", a_malformed_url_is_refused_and_not_quoted, a_server_that_is_not_there_is_away,
	no_result_means_no_connection, integers_are_read_as_they_are_put,
	integers_are_put_in_network_order)
