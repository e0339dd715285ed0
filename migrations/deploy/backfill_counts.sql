-- SPDX-License-Identifier: Apache-2.0
-- A backfill counts events, tells stale ones from unchanged ones, and can take back deletions.

begin;

alter table intake.backfill_jobs add column undelete_since timestamptz;
comment on column intake.backfill_jobs.undelete_since is
  'Deletions from then on, made before the job, are mistakes that it takes back; null: none are';

alter table intake.backfill_partitions
  add column stale bigint not null default 0,
  add column undeleted bigint not null default 0;
comment on column intake.backfill_partitions.inserted is 'Events that made a contact';
comment on column intake.backfill_partitions.updated is 'Events that changed a value';
comment on column intake.backfill_partitions.unchanged is 'Newer events with the values that were there';
comment on column intake.backfill_partitions.stale is 'Events not newer than the contact, or older than its deletion';
comment on column intake.backfill_partitions.undeleted is 'Contacts whose deletion was taken back';

create function intake.gone_businesses(ids uuid[]) returns setof uuid
language sql stable security definer set search_path = ''
begin atomic
  select i.id
  from unnest(gone_businesses.ids) as i (id)
  where not exists (select from public.businesses b where b.id = i.id);
end;
comment on function intake.gone_businesses is 'Those of the ids that no business has';

call intake.keep_private();
grant execute on function intake.gone_businesses(uuid[]) to intake_worker;

commit;
