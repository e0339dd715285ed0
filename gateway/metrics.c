/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - the gateway's table of metrics. */
#include "gateway/metrics.h"

const double gateway_stage_buckets[] = {
	1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 0};

static const struct metric table[] = {
#define X METRIC_ROW
	GATEWAY_METRICS(X)
#undef X
};

void gateway_metrics_init(void)
{
	metrics_init(table, sizeof(table) / sizeof(*table));
	metric_set(METRIC_BUILD, 1);
}
