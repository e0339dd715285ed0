/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_look_sql - the text of worker/backfill_look.sql, which the build turns into C. */
#ifndef INTAKE_WORKER_BACKFILL_LOOK_SQL_H
#define INTAKE_WORKER_BACKFILL_LOOK_SQL_H

extern const char backfill_look_sql[];

#endif
