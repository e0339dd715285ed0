-- SPDX-License-Identifier: Apache-2.0
-- The counts are there, and the worker may ask which businesses are gone.

select undelete_since from intake.backfill_jobs where false;
select stale, undeleted from intake.backfill_partitions where false;

select 1 / (
  has_function_privilege('intake_worker', 'intake.gone_businesses(uuid[])', 'execute')
  and not has_function_privilege('intake_gateway', 'intake.gone_businesses(uuid[])', 'execute')
)::int;
