-- SPDX-License-Identifier: Apache-2.0
-- A backfill of several businesses or some partitions, one that was cancelled, and the end of old ones.

begin;

alter table intake.backfill_jobs
  add column business_ids uuid[] not null default '{}',
  add column partitions text not null default '',
  add column cancelled_at timestamptz;
update intake.backfill_jobs set business_ids = array[business_id] where business_id is not null;
alter table intake.backfill_jobs drop column business_id;
comment on column intake.backfill_jobs.business_ids is 'Only their events are applied; empty: all. In order';
comment on column intake.backfill_jobs.partitions is 'As they were given; empty: all';
comment on column intake.backfill_jobs.cancelled_at is 'Since when nobody works on it; null: it was not cancelled';

alter table intake.backfill_partitions add column moved_at timestamptz not null default now();
comment on column intake.backfill_partitions.moved_at is 'When next_offset was moved last';

-- The partitions of a job go with it.
grant update (cancelled_at), delete on intake.backfill_jobs to intake_worker;

commit;
