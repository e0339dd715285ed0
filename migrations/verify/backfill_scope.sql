-- SPDX-License-Identifier: Apache-2.0
-- Jobs say whose events and which partitions they are about, and can be cancelled and deleted.

select business_ids, partitions, cancelled_at from intake.backfill_jobs where false;
select moved_at from intake.backfill_partitions where false;

select 1 / (
  has_column_privilege('intake_worker', 'intake.backfill_jobs', 'cancelled_at', 'update')
  and has_table_privilege('intake_worker', 'intake.backfill_jobs', 'delete')
  and not has_column_privilege('intake_worker', 'intake.backfill_jobs', 'topic', 'update')
)::int;
