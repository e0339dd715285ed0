/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_request - a contact that goes the real way behind the key's check, and is followed into Postgres.
 *
 * Begun in the database, sent through the pipeline in this loop, noted in the database; then the page is
 * shown, and asks again until the contact's row has been seen (store_look_at_test, which deletes it).
 */
#include "gateway/pipeline.h"
#include "gateway/reply.h"
#include "gateway/settings/desk.h"
#include "gateway/settings/visit.h"
#include "shared/clock.h"

enum error test_work(struct visit *visit, struct store *store, struct failure *failure)
{
	enum error error = store_state(store, &visit->session_digest, &visit->arena, &visit->state,
		&visit->answer, failure);
	if (error || visit->answer == STORE_SIGNED_OUT)
		return error;
	visit->test_id = uuid7_new(clock_wall_ns());
	return store_begin_test(
		store, &visit->session_digest, &visit->test_id, &visit->answer, failure);
}

static enum error note_work(struct visit *visit, struct store *store, struct failure *failure)
{
	enum error error = store_note_test(store, &visit->test_id, &visit->test, failure);
	return error ? error
		     : store_look_at_test(store, &visit->session_digest, &visit->test_id,
			       &visit->arena, &visit->test, failure);
}

static void sent(struct submission *submission, enum error error)
{
	struct visit *visit = submission->done_user;
	const struct refusal *refusal = error ? reply_refusal(error) : NULL;
	visit->test = (struct store_test){.found = true, .partition = -1, .applied_ms = -1};
	if (error)
		visit->test.problem = span_of(refusal ? refusal->slug : "not_stored");
	if (submission->contact_count) {
		visit->test.has_event = true;
		visit->test.event_id = submission->contacts->event.id;
	}
	if (!error) {
		visit->test.partition = submission->kafka_partition;
		visit->test.offset = submission->kafka_offset;
	}
	visit_go(visit, note_work, integrations_finish);
}

/* As intake.test_address has it. */
static struct span make_body(struct visit *visit)
{
	char id[UUID_TEXT_LEN + 1];
	struct buf body = {0};
	uuid_format(id, &visit->test_id);
	buf_printf(&body,
		"{\"name\":\"Test request\",\"email\":\"test-%s@intake.invalid\","
		"\"phone\":\"+1 555 0100\"}",
		id);
	struct span copy = arena_copy(&visit->arena, buf_span(&body));
	buf_fini(&body);
	return copy;
}

/* A business without a key of ours is counted under its id, as under a key that nobody has. */
static struct api_key_digest digest_of(const struct store_state *state)
{
	struct api_key_digest digest = {{0}};
	if (state->key.prefix.base)
		return state->digest;
	memcpy(digest.bytes, state->business_id.bytes, sizeof(state->business_id.bytes));
	return digest;
}

void test_finish(struct visit *visit)
{
	if (visit_refused(visit))
		return;
	if (visit->answer != STORE_DONE || !visit->state.has_business) {
		visit->status = 429;
		visit->notice_is_bad = true;
		visit->notice = "No test was sent: there were ten in ten minutes. Please wait.";
		integrations_finish(visit);
		return;
	}
	const struct key_grant grant = {
		.business_id = visit->state.business_id,
		.requests_per_minute = visit->state.requests_per_minute,
	};
	const struct api_key_digest digest = digest_of(&visit->state);
	pipeline_enter(visit->desk->pipeline, visit->request, make_body(visit), &grant, &digest,
		sent, visit);
}
