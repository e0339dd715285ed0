/* SPDX-License-Identifier: Apache-2.0 */
/* limit_redis_health - how the connections of all loops to Redis are. */
#include "gateway/limit_redis_health.h"

#include "gateway/metrics.h"
#include "shared/clock.h"
#include "shared/ensure.h"

enum { WARN_EVERY_MS = 10000 };

void limit_redis_health_init(struct limit_redis_health *health)
{
	*health = (struct limit_redis_health){.warnings = {.every_ms = WARN_EVERY_MS}};
	ensure(pthread_mutex_init(&health->mutex, NULL) == 0);
}

void limit_redis_health_fini(struct limit_redis_health *health)
{
	(void)pthread_mutex_destroy(&health->mutex);
}

void limit_redis_health_join(struct limit_redis_health *health)
{
	(void)pthread_mutex_lock(&health->mutex);
	health->connections++;
	health->untried++;
	(void)pthread_mutex_unlock(&health->mutex);
}

/* Takes: health - locked. */
static void say_away(struct limit_redis_health *health, const char *reason)
{
	int64_t suppressed = log_limit_take(&health->warnings, clock_steady_ms());
	if (suppressed < 0)
		return; /* the next failure tries to say it */
	health->is_away = true;
	log_warn("limit.redis_away", log_text("reason", reason),
		log_text("meaning", "each gateway keeps the limit by itself"),
		log_int("suppressed", suppressed));
}

/* Takes: health - locked. */
static void say_up(struct limit_redis_health *health)
{
	health->is_away = false;
	log_info("limit.redis_up", log_int("connections", (int64_t)health->connections));
}

void limit_redis_health_note(struct limit_redis_health *health, enum limit_redis_share *share,
	bool works, const char *reason)
{
	(void)pthread_mutex_lock(&health->mutex);
	bool all_were_tried = health->untried == 0;
	health->untried -= *share == SHARE_UNTRIED;
	health->working -= *share == SHARE_WORKING;
	health->working += works;
	*share = works ? SHARE_WORKING : SHARE_AWAY;
	bool all_work = health->working == health->connections;
	metric_set(METRIC_LIMIT_REDIS_UP, all_work);
	if (all_work && (health->is_away || !all_were_tried))
		say_up(health);
	else if (!works && !health->is_away)
		say_away(health, reason);
	(void)pthread_mutex_unlock(&health->mutex);
}

bool limit_redis_was_tried(struct limit_redis_health *health)
{
	(void)pthread_mutex_lock(&health->mutex);
	bool tried = health->untried == 0;
	(void)pthread_mutex_unlock(&health->mutex);
	return tried;
}
