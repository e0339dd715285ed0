/* SPDX-License-Identifier: Apache-2.0 */
/* Which settings of a topic break the promise, and which only weaken it. */
#include "gateway/topic_promise.h"
#include "tests/unit/test.h"

/* As `intake-worker topics create` makes it. */
static struct topic_facts good_topic(void)
{
	return (struct topic_facts){
		.replicas = 3,
		.values =
			{
				[TOPIC_CLEANUP_POLICY] = "delete",
				[TOPIC_TIMESTAMP_TYPE] = "LogAppendTime",
				[TOPIC_MIN_INSYNC_REPLICAS] = "2",
				[TOPIC_RETENTION_MS] = "1209600000",
				[TOPIC_UNCLEAN_ELECTION] = "false",
			},
	};
}

static void expect_one(const struct topic_facts *facts, const char *setting, const char *is,
	const char *wanted, bool broken)
{
	struct topic_finding findings[TOPIC_FINDINGS_MOST];
	ck_assert_uint_eq(topic_promise_check(facts, findings), 1);
	ck_assert_str_eq(findings[0].setting, setting);
	ck_assert_str_eq(findings[0].is, is);
	ck_assert_str_eq(findings[0].wanted, wanted);
	ck_assert_int_eq(findings[0].broken, broken);
}

static void expect_none(const struct topic_facts *facts)
{
	struct topic_finding findings[TOPIC_FINDINGS_MOST];
	ck_assert_uint_eq(topic_promise_check(facts, findings), 0);
}

START_TEST(a_topic_as_it_should_be_has_no_finding)
{
	struct topic_facts facts = good_topic();
	expect_none(&facts);
	facts.values[TOPIC_RETENTION_MS] = "-1"; /* for ever */
	expect_none(&facts);
}
END_TEST

START_TEST(one_replica_in_sync_of_three_breaks_the_promise)
{
	struct topic_facts facts = good_topic();
	facts.values[TOPIC_MIN_INSYNC_REPLICAS] = "1";
	expect_one(&facts, "min.insync.replicas", "1", "2", true);
}
END_TEST

START_TEST(more_in_sync_than_there_are_stores_nothing)
{
	struct topic_facts facts = good_topic();
	facts.values[TOPIC_MIN_INSYNC_REPLICAS] = "4";
	expect_one(&facts, "min.insync.replicas", "4", "2", true);
}
END_TEST

START_TEST(an_unclean_election_breaks_the_promise)
{
	struct topic_facts facts = good_topic();
	facts.values[TOPIC_UNCLEAN_ELECTION] = "true";
	expect_one(&facts, "unclean.leader.election.enable", "true", "false", true);
}
END_TEST

START_TEST(compaction_breaks_the_promise_also_beside_deletion)
{
	struct topic_facts facts = good_topic();
	facts.values[TOPIC_CLEANUP_POLICY] = "compact,delete";
	expect_one(&facts, "cleanup.policy", "compact,delete", "delete", true);
}
END_TEST

START_TEST(a_single_broker_is_weak_and_no_more)
{
	struct topic_facts facts = good_topic();
	facts.replicas = 1;
	facts.values[TOPIC_MIN_INSYNC_REPLICAS] = "1";
	facts.values[TOPIC_UNCLEAN_ELECTION] = "true";
	expect_one(&facts, "replication", "1", "3", false);
}
END_TEST

START_TEST(senders_times_and_a_short_retention_are_weak)
{
	struct topic_facts facts = good_topic();
	facts.values[TOPIC_TIMESTAMP_TYPE] = "CreateTime";
	expect_one(&facts, "message.timestamp.type", "CreateTime", "LogAppendTime", false);
	facts = good_topic();
	facts.values[TOPIC_RETENTION_MS] = "3600000";
	expect_one(&facts, "retention.ms", "3600000", "1209600000", false);
}
END_TEST

START_TEST(what_was_not_told_is_not_judged)
{
	struct topic_facts facts = {.replicas = 3};
	expect_none(&facts);
}
END_TEST

TESTS("topic_promise", a_topic_as_it_should_be_has_no_finding,
	one_replica_in_sync_of_three_breaks_the_promise, more_in_sync_than_there_are_stores_nothing,
	an_unclean_election_breaks_the_promise, compaction_breaks_the_promise_also_beside_deletion,
	a_single_broker_is_weak_and_no_more, senders_times_and_a_short_retention_are_weak,
	what_was_not_told_is_not_judged)
