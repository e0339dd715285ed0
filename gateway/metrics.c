/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - the gateway's table of metrics. */
#include "gateway/metrics.h"

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
