-- SPDX-License-Identifier: Apache-2.0
-- Forgets what was counted in the added columns; jobs that would take back deletions forget that they would.

begin;
drop function intake.gone_businesses(uuid[]);
alter table intake.backfill_partitions drop column stale, drop column undeleted;
alter table intake.backfill_jobs drop column undelete_since;
commit;
