-- SPDX-License-Identifier: Apache-2.0
-- The worker keeps its jobs, and nobody else sees them.

select name, topic, range_from, range_to, created_at from intake.backfill_jobs where false;
select job, partition, from_offset, to_offset, next_offset, owner, leased_until, read, inserted, updated, unchanged,
  others, bad, gone, missing
from intake.backfill_partitions where false;

select 1 / (
  has_table_privilege('intake_worker', 'intake.backfill_jobs', 'select, insert')
  and has_table_privilege('intake_worker', 'intake.backfill_partitions', 'update')
  and not has_any_column_privilege('intake_gateway', 'intake.backfill_jobs', 'select')
)::int;
