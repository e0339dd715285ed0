/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shed - second step: turn away at once what would wait at Kafka for too long.
 *
 * Before the key is looked at: it is the cheapest answer, and counts against no limit.
 */
#include "gateway/metrics.h"
#include "gateway/pipeline.h"
#include "gateway/produce.h"

enum error shed_step(struct submission *submission)
{
	if (!producer_is_behind(submission->pipeline->producer))
		return OK;
	metric_add(METRIC_SHED_WAIT, 1);
	return E_OVERLOADED;
}
