/* SPDX-License-Identifier: Apache-2.0 */
/* upsert_sql - the text of worker/upsert.sql, which the build turns into C. */
#ifndef INTAKE_WORKER_UPSERT_SQL_H
#define INTAKE_WORKER_UPSERT_SQL_H

extern const char upsert_sql[];

#endif
