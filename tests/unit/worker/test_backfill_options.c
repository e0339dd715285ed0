/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"
#include "worker/backfill_options.h"
#include "worker/backfill_words.h"

enum { ARGV_MOST = 24 };

static const char one[] = "00000000-0000-4000-8000-000000000001";
static const char two[] = "00000000-0000-4000-8000-000000000002";

static enum error read_words(struct backfill_options *options, const char *const *words)
{
	char *argv[ARGV_MOST] = {"backfill"};
	int argc = 1;
	for (; *words; words++)
		argv[argc++] = (char *)*words;
	return backfill_options_read(argc, argv, options);
}
#define READ(options, ...) read_words(options, (const char *const[]){__VA_ARGS__, NULL})

static void check_refused(const char *const *words)
{
	struct backfill_options options;
	ck_assert_int_eq(read_words(&options, words), E_USAGE);
	backfill_options_fini(&options);
}
#define REFUSED(...) check_refused((const char *const[]){__VA_ARGS__, NULL})

static void check_name(const struct backfill_options *options, const char *wanted)
{
	struct buf name = {0};
	backfill_options_name(options, "contacts", &name);
	ck_assert_str_eq(buf_text(&name), wanted);
	buf_fini(&name);
}

START_TEST(businesses_are_a_set_in_order_however_they_were_given)
{
	struct backfill_options options;
	struct uuid id;
	ck_assert_int_eq(READ(&options, "--job", "x", "--business", two, "--business", one,
				 "--business", two),
		OK);
	ck_assert_str_eq(buf_text(&options.businesses_text),
		"00000000-0000-4000-8000-000000000001,00000000-0000-4000-8000-000000000002");
	ck_assert(uuid_parse(span_of(two), &id));
	ck_assert(business_set_has(&options.businesses, &id));
	id.bytes[15] = 3;
	ck_assert(!business_set_has(&options.businesses, &id));
	struct business_set again = {.count = 0};
	ck_assert(business_set_has(&again, &id));
	ck_assert(business_set_read(buf_span(&options.businesses_text), &again));
	ck_assert_uint_eq(again.count, 2);
	ck_assert(!business_set_read(SPAN("x"), &again));
	backfill_options_fini(&options);
}
END_TEST

START_TEST(partitions_are_numbers_and_ranges)
{
	static const char *const bad[] = {"", ",", "1,", ",1", "-1", "1-", "5-3", "1 2", "x",
		"1000001", "1--2", "99999999999"};
	struct backfill_options options;
	ck_assert_int_eq(READ(&options, "--job", "x", "--partitions", "0,3-5"), OK);
	ck_assert(partition_set_has(&options.partitions, 0));
	ck_assert(!partition_set_has(&options.partitions, 2));
	ck_assert(partition_set_has(&options.partitions, 3));
	ck_assert(partition_set_has(&options.partitions, 5));
	ck_assert(!partition_set_has(&options.partitions, 6));
	ck_assert_int_eq(partition_set_last(&options.partitions), 5);
	backfill_options_fini(&options);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		REFUSED("--job", "x", "--partitions", bad[i]);
}
END_TEST

START_TEST(what_makes_no_job_is_refused)
{
	REFUSED("--from", "1h");
	REFUSED("--to", "now");
	REFUSED("--from", "1h", "--from-offsets", "x", "--to", "now");
	REFUSED("--from", "yesterday", "--to", "now");
	REFUSED("--from", "1h", "--to", "2026-02-30");
	REFUSED("--from-offsets", "/nowhere", "--to", "now");
	REFUSED("--job", "");
	REFUSED("--job", "x\033[2J");
	REFUSED("--job", "x", "--business", "me");
	REFUSED("--job", "x", "--rate", "0");
	REFUSED("--job", "x", "--rate", "1.5");
	REFUSED("--job", "x", "--rate", "");
	REFUSED("--job", "x", "y");
}
END_TEST

START_TEST(a_job_without_a_name_is_called_after_what_it_is_about)
{
	struct backfill_options options;
	ck_assert_int_eq(
		READ(&options, "--from", "2026-01-31", "--to", "2026-01-31T12:00:00Z"), OK);
	check_name(&options, "contacts@2026-01-31T00:00:00.000Z..2026-01-31T12:00:00.000Z");
	backfill_options_fini(&options);
	ck_assert_int_eq(READ(&options, "--from", "beginning", "--to", "2026-02-01", "--topic", "m",
				 "--partitions", "0,2", "--business", one, "--business", two),
		OK);
	check_name(&options, "m[0,2]@beginning..2026-02-01T00:00:00.000Z@"
			     "00000000-0000-4000-8000-000000000001+1");
	backfill_options_fini(&options);
}
END_TEST

START_TEST(the_command_that_resumes_can_be_pasted)
{
	struct backfill_options options;
	struct buf line = {0};
	struct buf more = {0};
	ck_assert_int_eq(
		READ(&options, "--job", "it's", "--from", "1h", "--lanes", "2", "--rate", "5",
			"--max-live-lag", "1m", "--accept-gaps", "--dead-letter", "--json"),
		OK);
	backfill_options_write(&options, &more);
	backfill_words_resume("it's", buf_text(&more), &line);
	ck_assert_str_eq(buf_text(&line),
		"To resume: intake-worker backfill --job 'it'\\''s' --rate 5 --max-live-lag 1m"
		" --lanes 2 --accept-gaps --dead-letter --json\n");
	backfill_options_fini(&options);
	buf_fini(&line);
	buf_fini(&more);
}
END_TEST

START_TEST(durations_are_told_in_two_units)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} all[] = {{0, "0 s"}, {59, "59 s"}, {61, "1 min 01 s"}, {7500, "2 h 05 min"},
		{180000, "2 d 02 h"}};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct buf out = {0};
		backfill_words_duration(all[i].seconds, &out);
		ck_assert_str_eq(buf_text(&out), all[i].text);
		buf_fini(&out);
	}
}
END_TEST

TESTS("backfill_options", businesses_are_a_set_in_order_however_they_were_given,
	partitions_are_numbers_and_ranges, what_makes_no_job_is_refused,
	a_job_without_a_name_is_called_after_what_it_is_about,
	the_command_that_resumes_can_be_pasted, durations_are_told_in_two_units)
