/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - the worker's series. */
#include "worker/metrics.h"

#define X METRIC_ROW
const struct metric worker_metrics[] = {WORKER_METRICS(X)};
#undef X
const size_t worker_metric_count = sizeof(worker_metrics) / sizeof(*worker_metrics);
