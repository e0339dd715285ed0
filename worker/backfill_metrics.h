/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_metrics - a backfill's series, and the listener that serves them while it runs. */
#ifndef INTAKE_WORKER_BACKFILL_METRICS_H
#define INTAKE_WORKER_BACKFILL_METRICS_H

#include "shared/admin.h"
#include "shared/error.h"
#include "worker/backfill_job.h"
#include "worker/backfill_view.h"

/*
 * Serve /healthz, /readyz and /metrics.
 *
 * Takes:   address - as admin_start takes it; "off": none.
 * Returns: OK, ret_admin owned (admin_stop), NULL where it is off; as admin_start.
 */
MUST_CHECK enum error backfill_metrics_serve(
	const char *address, struct admin **ret_admin, struct failure *failure);

/* Set them all. Takes: view - with its speed. */
void backfill_metrics_set(const struct backfill_view *view, const struct backfill_counts *counts);

#endif
