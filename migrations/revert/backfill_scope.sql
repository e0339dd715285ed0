-- SPDX-License-Identifier: Apache-2.0
-- A job of several businesses is one of its first again: finish such jobs before.

begin;
revoke update (cancelled_at), delete on intake.backfill_jobs from intake_worker;
alter table intake.backfill_partitions drop column moved_at;
alter table intake.backfill_jobs add column business_id uuid;
update intake.backfill_jobs set business_id = business_ids[1];
alter table intake.backfill_jobs drop column cancelled_at, drop column partitions, drop column business_ids;
commit;
