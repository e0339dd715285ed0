/* SPDX-License-Identifier: Apache-2.0 */
/* test_backlog - what is shed and what waits, at a broker that is played millisecond by millisecond. */
#include "gateway/backlog.h"

#include <stdlib.h>

#include "tests/unit/test.h"

enum {
	MS = 1000,
	SHED_MS = 2000,
	EVENTS_MOST = 400000,
	STARTED_MS = 100000000, /* the clock is anything at the start */
	PARTITIONS = 3,
};

/* A broker that stores so many events a second in their order, and says so a round trip later. */
struct broker {
	int rate_per_s;
	int round_trip_ms;
	bool leaderless; /* one partition of three takes nothing */
	bool stalled;
};

struct event {
	int64_t sent_ms;
	int64_t known_ms; /* when its report comes; 0: not at the broker yet */
	bool held;        /* for a partition without a leader */
};

struct play {
	struct backlog backlog;
	struct broker broker;
	int64_t now_ms;
	struct event *events; /* all ever sent */
	size_t sent, stored, reported;
	double credit, arriving;
	/* since the last look; reports of what was sent since then */
	int64_t looked_ms;
	size_t accepted_count, shed_count, reported_count;
	int64_t waits_ms[EVENTS_MOST];
};

static struct play *play_new(struct broker broker)
{
	struct play *play = calloc(1, sizeof(*play));
	play->events = calloc(EVENTS_MOST, sizeof(*play->events));
	play->broker = broker;
	play->now_ms = STARTED_MS;
	backlog_init(&play->backlog, SHED_MS * MS);
	return play;
}

static void play_free(struct play *play)
{
	free(play->events);
	free(play);
}

static void look_again(struct play *play)
{
	play->accepted_count = play->shed_count = play->reported_count = 0;
	play->looked_ms = play->now_ms;
}

static void arrive(struct play *play)
{
	if (backlog_is_too_long(&play->backlog, play->now_ms * MS)) {
		play->shed_count++;
		return;
	}
	ck_assert_uint_lt(play->sent, EVENTS_MOST);
	struct event *event = &play->events[play->sent++];
	backlog_send(&play->backlog, play->now_ms * MS);
	event->sent_ms = play->now_ms;
	event->held = play->broker.leaderless && play->sent % PARTITIONS == 0;
	play->accepted_count++;
}

static void store(struct play *play)
{
	play->credit += play->broker.stalled ? 0 : play->broker.rate_per_s / 1000.0;
	for (; play->credit >= 1 && play->stored < play->sent; play->stored++) {
		struct event *event = &play->events[play->stored];
		event->known_ms = play->now_ms + play->broker.round_trip_ms;
		play->credit -= !event->held;
	}
	if (play->stored == play->sent && play->credit > 1)
		play->credit = 1;
}

static void report(struct play *play)
{
	for (; play->reported < play->stored; play->reported++) {
		struct event *event = &play->events[play->reported];
		if (event->known_ms > play->now_ms)
			return;
		if (event->held)
			continue;
		backlog_return(&play->backlog, event->sent_ms * MS, true, play->now_ms * MS);
		if (event->sent_ms >= play->looked_ms)
			play->waits_ms[play->reported_count++] = play->now_ms - event->sent_ms;
	}
}

static void run(struct play *play, int64_t ms, int arrivals_per_s)
{
	for (int64_t end_ms = play->now_ms + ms; play->now_ms < end_ms; play->now_ms++) {
		play->arriving += arrivals_per_s / 1000.0;
		for (; play->arriving >= 1; play->arriving--)
			arrive(play);
		store(play);
		report(play);
	}
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;
	return (left > right) - (left < right);
}

static int64_t wait_p99_ms(struct play *play)
{
	qsort(play->waits_ms, play->reported_count, sizeof(*play->waits_ms), compare);
	return play->waits_ms[play->reported_count * 99 / 100];
}

START_TEST(a_slow_broker_that_keeps_up_sheds_nothing)
{
	struct play *play = play_new((struct broker){.rate_per_s = 5000, .round_trip_ms = 200});
	run(play, 20000, 4500);
	run(play, 5000, 10);
	run(play, 5000, 4500);
	run(play, 5000, 0);
	run(play, 5000, 4500);
	ck_assert_uint_eq(play->shed_count, 0);
	play_free(play);
}
END_TEST

START_TEST(at_a_multiple_of_what_it_can_the_broker_stays_busy_and_waits_stay_bounded)
{
	static const int factors[] = {2, 3, 10};
	for (size_t i = 0; i < sizeof(factors) / sizeof(*factors); i++) {
		struct play *play =
			play_new((struct broker){.rate_per_s = 1000, .round_trip_ms = 200});
		run(play, 3000, 500);
		look_again(play);
		run(play, 30000, 1000 * factors[i]);
		ck_assert_uint_ge(play->reported_count, 27000);
		int64_t first_ms = wait_p99_ms(play);
		look_again(play);
		run(play, 30000, 1000 * factors[i]);
		ck_assert_uint_ge(play->reported_count, 27000);
		ck_assert_uint_gt(play->shed_count, 0);
		/* Before the first reports are in nobody can know. */
		ck_assert_int_le(first_ms, factors[i] < 10 ? SHED_MS * 3 / 2 : SHED_MS * 3);
		ck_assert_int_le(wait_p99_ms(play), SHED_MS * 3 / 2);
		play_free(play);
	}
}
END_TEST

START_TEST(when_the_load_goes_away_all_is_as_before_within_the_wait)
{
	struct play *play = play_new((struct broker){.rate_per_s = 1000, .round_trip_ms = 200});
	run(play, 20000, 3000);
	run(play, SHED_MS, 100);
	look_again(play);
	run(play, 5000, 100);
	ck_assert_uint_eq(play->shed_count, 0);
	ck_assert_int_le(wait_p99_ms(play), 500);
	play_free(play);
}
END_TEST

START_TEST(a_broker_that_says_nothing_is_given_the_time_and_no_more)
{
	struct play *play = play_new((struct broker){.rate_per_s = 1000, .round_trip_ms = 20});
	run(play, 5000, 500);
	play->broker.stalled = true;
	run(play, SHED_MS - 100, 500);
	ck_assert_uint_eq(play->shed_count, 0);
	run(play, 300, 500);
	look_again(play);
	run(play, 5000, 500);
	ck_assert_uint_eq(play->accepted_count, 0);
	play->broker.stalled = false;
	run(play, 1500, 500);
	look_again(play);
	run(play, 5000, 500);
	ck_assert_uint_eq(play->shed_count, 0);
	play_free(play);
}
END_TEST

START_TEST(a_partition_without_a_leader_makes_the_others_wait_for_nothing)
{
	struct play *play = play_new((struct broker){.rate_per_s = 5000, .round_trip_ms = 20});
	run(play, 5000, 1000);
	play->broker.leaderless = true;
	run(play, 8000, 1000);
	ck_assert_uint_eq(play->shed_count, 0);
	play_free(play);
}
END_TEST

START_TEST(what_failed_says_nothing_of_speed)
{
	struct backlog backlog;
	int64_t now_us = (int64_t)STARTED_MS * MS;
	backlog_init(&backlog, SHED_MS * MS);
	backlog_send(&backlog, now_us);
	backlog_send(&backlog, now_us);
	ck_assert(!backlog_is_too_long(&backlog, now_us + SHED_MS * MS));
	ck_assert(backlog_is_too_long(&backlog, now_us + SHED_MS * MS + 1));
	backlog_return(&backlog, now_us, false, now_us + 3000 * MS);
	ck_assert(backlog_is_too_long(&backlog, now_us + 3000 * MS));
	/* Nothing is under way any more: the next one may try. */
	backlog_return(&backlog, now_us, false, now_us + 3000 * MS);
	ck_assert(!backlog_is_too_long(&backlog, now_us + 3000 * MS));
	backlog_send(&backlog, now_us + 3000 * MS);
	ck_assert(!backlog_is_too_long(&backlog, now_us + 4000 * MS));
}
END_TEST

TESTS("backlog", a_slow_broker_that_keeps_up_sheds_nothing,
	at_a_multiple_of_what_it_can_the_broker_stays_busy_and_waits_stay_bounded,
	when_the_load_goes_away_all_is_as_before_within_the_wait,
	a_broker_that_says_nothing_is_given_the_time_and_no_more,
	a_partition_without_a_leader_makes_the_others_wait_for_nothing,
	what_failed_says_nothing_of_speed)
