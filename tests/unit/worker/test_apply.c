/* SPDX-License-Identifier: Apache-2.0 */
/* test_apply - every event of a batch ends in Postgres or in the dead letters, and what that costs. */
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/memory.h"
#include "tests/unit/test.h"
#include "tests/unit/worker/fake_dead_letter.h"
#include "tests/unit/worker/fake_record.h"
#include "tests/unit/worker/fake_upsert.h"
#include "worker/apply.h"
#include "worker/metrics.h"

enum { ROWS = 1024, LOG2_ROWS = 10, NEVER = 100, FIFTY = 50 };

#define SCRIPT(...)                                                                                \
	((const enum error[]){__VA_ARGS__}),                                                       \
		sizeof((const enum error[]){__VA_ARGS__}) / sizeof(enum error)
#define NO_SCRIPT NULL, 0

static struct backoff backoff;
static struct session session;
static struct applier applier;
static struct batch *batch;
static size_t counts[FAKE_UPSERT_CALLS_MOST];
static uint8_t written[FAKE_UPSERT_CALLS_MOST];
static struct fake_letter letters[FAKE_LETTERS_MOST];
static int stop_fd;

static void ignore(void *user, bool connected)
{
	(void)user;
	(void)connected;
}

static void set_up(size_t share_percent)
{
	metrics_init(worker_metrics, worker_metric_count);
	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	backoff_init(&backoff, "lane", stop_fd);
	session = (struct session){
		.options = {.stop_fd = stop_fd}, .backoff = &backoff, .on_change = ignore};
	applier = (struct applier){
		.session = &session,
		.dead_letters = dead_letters_new(NULL),
		.backoff = &backoff,
		.circuit = {.share_percent = share_percent, .least = 10, .window = 1000},
		.held = {[HELD_PARKED] = {.kind = HELD_PARKED}},
	};
	fake_dead_letters_reset(0);
	fake_upsert_script(NO_SCRIPT, NO_SCRIPT);
	batch = batch_new();
}

static void tear_down(void)
{
	batch_free(batch);
	session_disconnect(&session);
	for (size_t i = 0; i < HELD_KINDS; i++)
		held_fini(&applier.held[i]);
	dead_letters_free(applier.dead_letters);
	(void)close(stop_fd);
	metrics_fini();
}

/* An event of the contact `number`; its offset is its version. */
static void add(uint8_t version, unsigned number, const char *name, const char *phone)
{
	char email[32];
	struct event event = {.contact = {.name = span_of(name), .phone = span_of(phone)}};
	(void)snprintf(email, sizeof(email), "%05u@x.io", number);
	event.id.bytes[0] = version;
	event.contact.email = arena_copy(&batch->arena, span_of(email));
	batch_add(batch, &event, fake_record(&batch->arena, 0, version));
}

/* One of each partition from 0 on. */
static void make_marks(int32_t count)
{
	batch->marks = memory_zeroed((size_t)count, sizeof(*batch->marks));
	for (int32_t i = 0; i < count; i++)
		batch->marks[batch->mark_count++].partition = i;
}

static void apply(void)
{
	batch_fold(batch);
	ck_assert_int_eq(apply_batch(&applier, batch), OK);
}

START_TEST(a_good_batch_is_one_statement)
{
	set_up(FIFTY);
	for (unsigned i = 0; i < ROWS; i++)
		add(0, i, "Ada", NULL);
	apply();
	ck_assert_uint_eq(fake_upsert_calls(counts), 1);
	ck_assert_uint_eq(batch->outcome.inserted, ROWS);
	ck_assert_uint_eq(batch->outcome.stale, 0);
	tear_down();
}
END_TEST

START_TEST(a_bad_row_costs_no_more_statements_than_halving_finds_it_in)
{
	for (unsigned bad = 0; bad < ROWS; bad += bad < 8 || bad > ROWS - 8 ? 1 : 31) {
		set_up(FIFTY);
		for (unsigned i = 0; i < ROWS; i++)
			add(i == bad, i, i == bad ? "bad" : "Ada", NULL);
		apply();
		/* The one that was refused, log2(n) and one that find the row, one for what is behind it. */
		ck_assert_uint_le(fake_upsert_calls(counts), 1 + LOG2_ROWS + 1 + 1);
		ck_assert_uint_eq(fake_upsert_written(written), ROWS - 1);
		ck_assert_uint_eq(fake_dead_letters_written(letters), 1);
		ck_assert_int_eq(letters[0].offset, 1);
		ck_assert_int_eq(letters[0].reason, DEAD_REFUSED);
		ck_assert_str_eq(letters[0].sqlstate, "23514");
		tear_down();
	}
}
END_TEST

START_TEST(all_but_the_bad_rows_are_written_in_their_order)
{
	for (unsigned seed = 1; seed <= 300; seed++) {
		unsigned random = seed;
		unsigned rows = 1 + (unsigned)rand_r(&random) % 200;
		unsigned share = 1 + (unsigned)rand_r(&random) % 100;
		size_t bad = 0;
		set_up(NEVER);
		for (unsigned i = 0; i < rows; i++) {
			bool is_bad = (unsigned)rand_r(&random) % 100 < share;
			bad += is_bad;
			add((uint8_t)i, i, is_bad ? "bad" : "Ada", NULL);
		}
		apply();
		size_t good = fake_upsert_written(written);
		ck_assert_uint_eq(good, rows - bad);
		ck_assert_uint_eq(fake_dead_letters_written(letters), bad);
		for (size_t i = 1; i < good; i++)
			ck_assert_uint_lt(written[i - 1], written[i]);
		for (size_t i = 1; i < bad; i++)
			ck_assert_int_lt(letters[i - 1].offset, letters[i].offset);
		tear_down();
	}
}
END_TEST

START_TEST(many_bad_rows_cost_about_a_statement_each)
{
	set_up(NEVER);
	for (unsigned i = 0; i < ROWS; i++)
		add(1, i, "bad", NULL);
	apply();
	ck_assert_uint_eq(fake_dead_letters_written(letters), ROWS);
	ck_assert_uint_le(fake_upsert_calls(counts), ROWS + 3 * LOG2_ROWS);
	tear_down();
	set_up(NEVER);
	for (unsigned i = 0; i < ROWS; i++)
		add(1, i, i % 2 ? "bad" : "Ada", NULL);
	apply();
	ck_assert_uint_eq(fake_dead_letters_written(letters), ROWS / 2);
	ck_assert_uint_le(fake_upsert_calls(counts), 2 * ROWS);
	tear_down();
}
END_TEST

START_TEST(of_a_folded_row_only_the_bad_event_goes)
{
	set_up(FIFTY);
	add(1, 0, "Ada", NULL);
	add(2, 0, "Ada", "bad");
	add(3, 0, "Ada", NULL);
	add(4, 0, "Ada", "+1");
	add(5, 0, "bad", NULL);
	add(6, 0, "Ada", NULL);
	add(7, 1, "Bob", NULL);
	/* The fold takes name and phone of good events: it is refused all the same. */
	static const enum error refused[] = {E_POSTGRES_DATA, E_POSTGRES_DATA};
	fake_upsert_script(NO_SCRIPT, refused, 2);
	apply();
	ck_assert_uint_eq(fake_dead_letters_written(letters), 2);
	ck_assert_int_eq(letters[0].offset, 2);
	ck_assert_int_eq(letters[1].offset, 5);
	ck_assert_uint_eq(fake_upsert_written(written), 5);
	ck_assert_mem_eq(written, "\1\3\4\6\7", 5);
	tear_down();
}
END_TEST

START_TEST(a_business_that_is_gone_takes_its_rows_with_it_and_no_others)
{
	set_up(NEVER);
	for (unsigned i = 0; i < ROWS; i++) {
		add(1, i, "Ada", NULL);
		uint8_t *business = batch->events[i].event.business_id.bytes;
		business[0] = i < 10 ? 1 : FAKE_BUSINESS_GONE;
		if (i >= 1000)
			business[1] = 1;
	}
	apply();
	ck_assert_uint_eq(fake_upsert_written(written), 10);
	ck_assert_uint_eq(fake_dead_letters_written(letters), ROWS - 10);
	ck_assert_int_eq(letters[0].reason, DEAD_BUSINESS_GONE);
	ck_assert_uint_le(fake_upsert_calls(counts), 2 * (LOG2_ROWS + 2));
	tear_down();
}
END_TEST

START_TEST(a_record_that_is_no_event_goes_with_its_own_reason)
{
	static const struct failure why = {.error = E_RECORD_TYPE, .detail = "foreign"};
	set_up(FIFTY);
	batch_add_bad(batch, fake_record(&batch->arena, 0, 77), &why);
	apply();
	ck_assert_uint_eq(fake_upsert_calls(counts), 0);
	ck_assert_uint_eq(fake_dead_letters_written(letters), 1);
	ck_assert_int_eq(letters[0].reason, DEAD_UNKNOWN_TYPE);
	ck_assert_int_eq(letters[0].offset, 77);
	ck_assert_uint_eq(metric_count(METRIC_DEAD_LETTERS_UNKNOWN_TYPE), 1);
	tear_down();
}
END_TEST

START_TEST(contention_is_tried_again_then_in_halves)
{
	const enum error busy = E_POSTGRES_CONTENTION;
	set_up(FIFTY);
	fake_upsert_script(NO_SCRIPT, SCRIPT(busy, busy, busy, busy, busy, OK, OK));
	for (unsigned i = 0; i < 5; i++)
		add(1, i, "Ada", NULL);
	apply();
	ck_assert_uint_eq(batch->outcome.inserted, 5);
	ck_assert_uint_eq(fake_upsert_calls(counts), 7);
	ck_assert_uint_eq(counts[3], 5);
	ck_assert_uint_eq(counts[4], 3);
	ck_assert_uint_eq(counts[5], 3);
	ck_assert_uint_eq(counts[6], 2);
	tear_down();
}
END_TEST

/* Try what is held until nothing is. Returns: how often. */
static unsigned apply_until_none_is_held(void)
{
	struct batch *done;
	unsigned tries = 0;
	while (!held_is_empty(&applier.held[HELD_LOCKED])) {
		ck_assert_int_eq(apply_held(&applier, HELD_LOCKED, &done), OK);
		batch_free(done);
		tries++;
	}
	return tries;
}

START_TEST(a_row_that_somebody_holds_keeps_no_other_waiting_and_is_never_dead)
{
	set_up(FIFTY);
	for (unsigned i = 0; i < 16; i++)
		add((uint8_t)i, i, i == 5 ? "held" : "Ada", NULL);
	fake_upsert_hold(8);
	apply();
	ck_assert_uint_eq(fake_upsert_written(written), 15);
	ck_assert_uint_eq(held_count(&applier.held[HELD_LOCKED]), 1);
	ck_assert_double_eq(metric_gauge(METRIC_HELD), 1);
	ck_assert_uint_eq(apply_until_none_is_held(), 2);
	ck_assert_double_eq(metric_gauge(METRIC_HELD), 0);
	ck_assert_uint_eq(fake_dead_letters_written(letters), 0);
	ck_assert_uint_eq(fake_upsert_written(written), 16);
	ck_assert_int_eq(written[15], 5);
	ck_assert_uint_eq(fake_upsert_opened(), 1);
	tear_down();
}
END_TEST

/* The next batch, of the same contacts. */
static void next_batch(void)
{
	batch_free(batch);
	batch = batch_new();
}

START_TEST(later_events_of_a_held_contact_are_held_untried)
{
	set_up(FIFTY);
	fake_upsert_hold(2);
	add(1, 5, "held", NULL);
	apply();
	next_batch();
	for (unsigned i = 0; i < 10; i++)
		add((uint8_t)(10 + i), i, "Ada", "1");
	apply();
	ck_assert_uint_eq(fake_upsert_written(written), 9);
	ck_assert_uint_eq(held_count(&applier.held[HELD_LOCKED]), 2);
	ck_assert_uint_eq(apply_until_none_is_held(), 1);
	/* As one row, and the newest counts. */
	ck_assert_uint_eq(fake_upsert_written(written), 10);
	ck_assert_int_eq(written[9], 15);
	tear_down();
}
END_TEST

START_TEST(partitions_of_held_events_do_not_move_on_and_others_do)
{
	set_up(FIFTY);
	make_marks(2);
	fake_upsert_hold(2);
	add(1, 5, "held", NULL);
	apply();
	ck_assert_uint_eq(batch->mark_count, 1);
	ck_assert_int_eq(batch->marks[0].partition, 1);
	struct batch *done;
	ck_assert_int_eq(apply_held(&applier, HELD_LOCKED, &done), OK);
	ck_assert_uint_eq(done->mark_count, 0);
	batch_free(done);
	ck_assert_int_eq(apply_held(&applier, HELD_LOCKED, &done), OK);
	ck_assert_uint_eq(done->mark_count, 1);
	ck_assert_int_eq(done->marks[0].partition, 0);
	batch_free(done);
	tear_down();
}
END_TEST

START_TEST(what_was_read_again_after_a_crash_bounds_what_is_held)
{
	set_up(FIFTY);
	fake_upsert_hold(1);
	add(1, 5, "held", NULL);
	apply();
	ck_assert(!held_is_full(&applier.held[HELD_LOCKED]));
	held_pass(&applier.held[HELD_LOCKED], HELD_BEHIND_MOST);
	ck_assert(held_is_full(&applier.held[HELD_LOCKED]));
	(void)apply_until_none_is_held();
	ck_assert(!held_is_full(&applier.held[HELD_LOCKED]));
	tear_down();
}
END_TEST

START_TEST(what_another_worker_has_now_is_held_no_more)
{
	set_up(FIFTY);
	make_marks(1);
	fake_upsert_hold(1);
	add(1, 5, "held", NULL);
	apply();
	held_drop(&applier.held[HELD_LOCKED], 1);
	ck_assert_double_eq(metric_gauge(METRIC_HELD), 1);
	held_drop(&applier.held[HELD_LOCKED], 0);
	ck_assert(held_is_empty(&applier.held[HELD_LOCKED]));
	ck_assert_double_eq(metric_gauge(METRIC_HELD), 0);
	tear_down();
}
END_TEST

START_TEST(a_contact_whose_id_is_another_event_s_is_refused_in_the_end)
{
	set_up(FIFTY);
	for (unsigned i = 0; i < 8; i++)
		add((uint8_t)i, i, i == 3 ? "twin" : "Ada", NULL);
	apply();
	ck_assert_uint_eq(fake_upsert_written(written), 7);
	ck_assert_uint_eq(fake_dead_letters_written(letters), 1);
	ck_assert_int_eq(letters[0].offset, 3);
	ck_assert_str_eq(letters[0].sqlstate, "23505");
	ck_assert(held_is_empty(&applier.held[HELD_LOCKED]));
	tear_down();
}
END_TEST

START_TEST(a_login_that_is_refused_makes_no_row_bad)
{
	set_up(FIFTY);
	fake_upsert_script(SCRIPT(E_POSTGRES_DATA, E_POSTGRES_CONTENTION, OK), NO_SCRIPT);
	add(1, 0, "Ada", NULL);
	apply();
	ck_assert_uint_eq(fake_dead_letters_written(letters), 0);
	ck_assert_uint_eq(fake_upsert_written(written), 1);
	ck_assert_uint_eq(metric_count(METRIC_RETRIES_CONFIGURATION), 2);
	tear_down();
}
END_TEST

START_TEST(no_row_is_dead_that_was_not_refused_alone)
{
	set_up(FIFTY);
	/* What made the first statement fail is gone by the second. */
	fake_upsert_script(NO_SCRIPT, SCRIPT(E_POSTGRES_DATA));
	for (unsigned i = 0; i < 8; i++)
		add((uint8_t)i, i, "Ada", NULL);
	apply();
	ck_assert_uint_eq(fake_dead_letters_written(letters), 0);
	ck_assert_uint_eq(fake_upsert_written(written), 8);
	tear_down();
}
END_TEST

START_TEST(bad_rows_among_held_ones_are_found)
{
	for (unsigned held = 1; held < 40; held++) {
		set_up(NEVER);
		for (unsigned i = 0; i < 64; i++)
			add((uint8_t)i, i, i % 7 == 3 ? "held" : i % 9 == 4 ? "bad" : "Ada", NULL);
		fake_upsert_hold(held);
		apply();
		(void)apply_until_none_is_held();
		ck_assert_uint_eq(fake_dead_letters_written(letters), 6);
		ck_assert_uint_eq(fake_upsert_written(written), 64 - 6);
		tear_down();
	}
}
END_TEST

START_TEST(an_outage_in_the_middle_of_the_search_loses_nothing)
{
	set_up(FIFTY);
	fake_upsert_script(SCRIPT(OK, E_POSTGRES_AWAY, OK, OK),
		SCRIPT(E_POSTGRES_DATA, E_POSTGRES_AWAY, E_POSTGRES_CONFIG));
	for (unsigned i = 0; i < 8; i++)
		add((uint8_t)i, i, i == 6 ? "bad" : "Ada", NULL);
	apply();
	ck_assert_uint_eq(fake_dead_letters_written(letters), 1);
	ck_assert_int_eq(letters[0].offset, 6);
	ck_assert_uint_eq(fake_upsert_written(written), 7);
	ck_assert_uint_eq(metric_count(METRIC_RETRIES_CONFIGURATION), 1);
	ck_assert_uint_eq(metric_count(METRIC_RETRIES_OUTAGE), 2);
	tear_down();
}
END_TEST

START_TEST(a_dead_letter_topic_that_is_away_is_waited_for)
{
	set_up(FIFTY);
	fake_dead_letters_reset(3);
	add(1, 0, "bad", NULL);
	apply();
	ck_assert_uint_eq(fake_dead_letters_written(letters), 1);
	ck_assert_uint_eq(metric_count(METRIC_RETRIES_DEAD_LETTERS), 3);
	ck_assert(!backoff_is_waiting(&backoff));
	tear_down();
}
END_TEST

START_TEST(an_absurd_share_of_bad_rows_writes_no_dead_letter_and_waits)
{
	set_up(FIFTY);
	for (unsigned i = 0; i < ROWS; i++)
		add(1, i, "bad", NULL);
	apply();
	ck_assert_uint_eq(fake_dead_letters_written(letters), 0);
	ck_assert_uint_eq(held_count(&applier.held[HELD_PARKED]), ROWS);
	ck_assert_double_eq(metric_gauge(METRIC_WAITING_CIRCUIT), 1);
	tear_down();
}
END_TEST

START_TEST(a_partition_that_is_all_bad_stops_no_other)
{
	static const struct failure why = {.error = E_RECORD_TYPE, .detail = "foreign"};
	set_up(FIFTY);
	make_marks(2);
	for (unsigned i = 0; i < 20; i++)
		add((uint8_t)i, i, i % 4 == 0 ? "bad" : "Ada", NULL);
	for (int64_t i = 0; i < 60; i++)
		batch_add_bad(batch, fake_record(&batch->arena, 1, i), &why);
	apply();
	ck_assert_uint_eq(fake_upsert_written(written), 15);
	ck_assert_uint_eq(fake_dead_letters_written(letters), 5);
	ck_assert_uint_eq(held_count(&applier.held[HELD_PARKED]), 60);
	ck_assert_uint_eq(held_partitions(&applier.held[HELD_PARKED], NULL, 0), 1);
	ck_assert_uint_eq(batch->mark_count, 1);
	/* And what comes of it later waits with it. */
	next_batch();
	make_marks(2);
	add(30, 30, "Ada", NULL);
	batch_add_bad(batch, fake_record(&batch->arena, 1, 60), &why);
	apply();
	ck_assert_uint_eq(fake_upsert_written(written), 16);
	ck_assert_uint_eq(held_count(&applier.held[HELD_PARKED]), 61);
	struct batch *done;
	ck_assert_int_eq(apply_held(&applier, HELD_PARKED, &done), OK);
	ck_assert_uint_eq(done->mark_count, 0);
	ck_assert_uint_eq(held_count(&applier.held[HELD_PARKED]), 61);
	batch_free(done);
	tear_down();
}
END_TEST

START_TEST(what_is_parked_is_judged_by_a_part_of_it)
{
	struct batch *done;
	set_up(FIFTY);
	for (unsigned i = 0; i < ROWS; i++)
		add(1, i, i % 8 == 0 ? "Ada" : "bad", NULL);
	apply();
	size_t before = fake_upsert_calls(counts);
	ck_assert_int_eq(apply_held(&applier, HELD_PARKED, &done), OK);
	/* A hundred bad rows, found from any place: a tree that is cut off costs up to three calls a row. */
	ck_assert_uint_lt(fake_upsert_calls(counts) - before, 400);
	ck_assert_uint_eq(held_count(&applier.held[HELD_PARKED]), ROWS);
	ck_assert_uint_eq(fake_dead_letters_written(letters), 0);
	batch_free(done);
	tear_down();
}
END_TEST

START_TEST(what_was_mended_while_the_circuit_was_open_is_written)
{
	/* The first try stops at the 513th bad row of 1024: by the script there are just as many. */
	enum error refused[ROWS / 2 + 3 * LOG2_ROWS];
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		refused[i] = E_POSTGRES_DATA;
	set_up(FIFTY);
	for (unsigned i = 0; i < ROWS; i++)
		add(1, i, "Ada", NULL);
	fake_upsert_script(NO_SCRIPT, refused, sizeof(refused) / sizeof(*refused));
	apply();
	ck_assert_uint_eq(held_count(&applier.held[HELD_PARKED]), ROWS);
	batch_free(batch);
	ck_assert_int_eq(apply_held(&applier, HELD_PARKED, &batch), OK);
	ck_assert_uint_lt(fake_dead_letters_written(letters), 40);
	ck_assert_uint_eq(fake_upsert_written(written) + fake_dead_letters_written(letters), ROWS);
	ck_assert_uint_eq(batch->outcome.inserted, fake_upsert_written(written));
	tear_down();
}
END_TEST

TESTS("apply", a_good_batch_is_one_statement,
	a_bad_row_costs_no_more_statements_than_halving_finds_it_in,
	all_but_the_bad_rows_are_written_in_their_order, many_bad_rows_cost_about_a_statement_each,
	of_a_folded_row_only_the_bad_event_goes,
	a_business_that_is_gone_takes_its_rows_with_it_and_no_others,
	a_record_that_is_no_event_goes_with_its_own_reason,
	contention_is_tried_again_then_in_halves,
	a_row_that_somebody_holds_keeps_no_other_waiting_and_is_never_dead,
	later_events_of_a_held_contact_are_held_untried,
	partitions_of_held_events_do_not_move_on_and_others_do,
	what_was_read_again_after_a_crash_bounds_what_is_held,
	what_another_worker_has_now_is_held_no_more,
	a_contact_whose_id_is_another_event_s_is_refused_in_the_end,
	a_login_that_is_refused_makes_no_row_bad, no_row_is_dead_that_was_not_refused_alone,
	bad_rows_among_held_ones_are_found, an_outage_in_the_middle_of_the_search_loses_nothing,
	a_dead_letter_topic_that_is_away_is_waited_for,
	an_absurd_share_of_bad_rows_writes_no_dead_letter_and_waits,
	a_partition_that_is_all_bad_stops_no_other, what_is_parked_is_judged_by_a_part_of_it,
	what_was_mended_while_the_circuit_was_open_is_written)
