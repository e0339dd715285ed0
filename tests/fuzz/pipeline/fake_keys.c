/* SPDX-License-Identifier: Apache-2.0 */
/* fake_keys - in the place of gateway/keys: four keys, each with a fate of its own. */
#include "gateway/keys.h"
#include "shared/clock.h"
#include "tests/fuzz/pipeline/trial.h"
#include "tests/fuzz/reference.h"

enum { LIVES_ON_MS = 3600 * 1000 };

static enum error decide(struct key_lookup *lookup, int64_t wall_ms)
{
	bool limited = span_equal(lookup->key, SPAN(TRIAL_KEY_LIMITED));
	if (span_equal(lookup->key, SPAN(TRIAL_KEY_AWAY)))
		return E_KEYS_UNAVAILABLE;
	if (!limited && !span_equal(lookup->key, SPAN(TRIAL_KEY)))
		return E_INVALID_API_KEY;
	ensure(uuid_parse(SPAN(TRIAL_BUSINESS), &lookup->grant.business_id));
	lookup->grant.requests_per_minute = limited ? 1 : 0;
	lookup->grant.expires_ms = limited ? wall_ms + LIVES_ON_MS : 0;
	return OK;
}

static void answer(struct loop_task *task)
{
	struct key_lookup *lookup =
		(struct key_lookup *)((char *)task - offsetof(struct key_lookup, task));
	lookup->done(lookup);
}

enum error keys_find(
	struct keys *keys, struct key_lookup *lookup, int64_t wall_ms, int64_t steady_ms)
{
	struct exchange *exchange = trial_last(keys->trial);
	(void)steady_ms;
	ensure(reference_is_key(lookup->key));
	ensure(exchange->is_webhook && exchange->method == METHOD_POST && !exchange->is_key_asked);
	lookup->digest = api_key_digest(lookup->key);
	lookup->error = decide(lookup, wall_ms);
	exchange->is_key_asked = true;
	exchange->key_verdict = lookup->error;
	if (!keys->trial->keys_late)
		return lookup->error;
	lookup->task = (struct loop_task){.run = answer};
	loop_post(lookup->loop, &lookup->task);
	return E_PENDING;
}
