/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_rehearse - `intake-worker backfill --dry-run` and `--verify`: what was and would be, nothing written. */
#ifndef INTAKE_WORKER_BACKFILL_REHEARSE_H
#define INTAKE_WORKER_BACKFILL_REHEARSE_H

#include "shared/error.h"
#include "worker/backfill_bounds.h"
#include "worker/backfill_lane.h"
#include "worker/backfill_options.h"
#include "worker/backfill_tell.h"

/*
 * Takes:   plan - of what is asked for; bounds - whose ranges are read.
 * Returns: OK, ret_code is the exit code, all told; E_CANCELLED: told to stop; as backfill_dry_run and
 *          backfill_verify.
 */
MUST_CHECK enum error backfill_rehearse(struct backfill_plan *plan,
	const struct backfill_bounds *bounds, const struct backfill_options *options,
	struct backfill_tell *tell, int *ret_code, struct failure *failure);

#endif
