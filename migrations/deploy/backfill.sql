-- SPDX-License-Identifier: Apache-2.0
-- Jobs that replay a range of a topic, and how far each is.
--
-- Several processes share a job: a partition is leased to one of them, which moves next_offset in the
-- transaction that writes its rows. So whoever dies loses nothing, and nothing is counted twice.

begin;

create table intake.backfill_jobs (
  name text primary key check (length(name) between 1 and 200),
  topic text not null,
  range_from text not null,
  range_to text not null,
  business_id uuid,
  created_at timestamptz not null default now()
);
comment on table intake.backfill_jobs is 'What `intake-worker backfill` has been asked to replay';
comment on column intake.backfill_jobs.range_from is 'As it was given; what counts is in backfill_partitions';
comment on column intake.backfill_jobs.business_id is 'Only this one''s events are applied; null: all';

create table intake.backfill_partitions (
  job text not null references intake.backfill_jobs (name) on delete cascade,
  partition int not null,
  from_offset bigint not null,
  to_offset bigint not null,
  next_offset bigint not null,
  owner uuid,
  leased_until timestamptz,
  read bigint not null default 0,
  inserted bigint not null default 0,
  updated bigint not null default 0,
  unchanged bigint not null default 0,
  others bigint not null default 0,
  bad bigint not null default 0,
  gone bigint not null default 0,
  missing bigint not null default 0,
  primary key (job, partition),
  check (from_offset <= next_offset and next_offset <= to_offset)
);
comment on table intake.backfill_partitions is 'How far a job is in each partition, who works there, and what came of it';
comment on column intake.backfill_partitions.to_offset is 'The first that is not replayed';
comment on column intake.backfill_partitions.owner is 'The process that has it until leased_until; null: none';
comment on column intake.backfill_partitions.inserted is 'Contacts, as the statements counted them';
comment on column intake.backfill_partitions.others is 'Events of businesses that the job is not about';
comment on column intake.backfill_partitions.missing is 'Offsets that retention had taken';

call intake.keep_private();
grant select, insert on intake.backfill_jobs to intake_worker;
grant select, insert, update on intake.backfill_partitions to intake_worker;

commit;
