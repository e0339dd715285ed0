-- SPDX-License-Identifier: Apache-2.0
-- What has been deleted and when, without the address, so that no older event brings it back.

begin;
call intake.lock_soon('public.businesses', 'share row exclusive');

create table intake.deletions (
  business_id uuid not null references public.businesses (id) on delete cascade,
  email_digest bytea not null check (octet_length(email_digest) = 32),
  event_id uuid not null,
  primary key (business_id, email_digest)
);
create index deletions_event_id_idx on intake.deletions (event_id);
comment on table intake.deletions is 'Contacts deleted by others; an older event of the address is stale';
comment on column intake.deletions.email_digest is 'intake.email_digest of the address; the address is not kept';
comment on column intake.deletions.event_id is
  'Version of the deletion (UUIDv7), newer than every version that the contact had';

create function intake.deletion_of(business_id uuid, email text) returns uuid
language sql stable
return (
  select d.event_id
  from intake.deletions d
  where d.business_id = deletion_of.business_id and d.email_digest = intake.email_digest(deletion_of.email)
);
comment on function intake.deletion_of is 'Version of an address''s deletion; null: it was never deleted';

-- Nothing is noted where the contact goes with its business, nor where it is older than a deletion already noted.
create function intake.record_deletion(business_id uuid, email text, newest uuid) returns void
language sql volatile
begin atomic
  insert into intake.deletions as d (business_id, email_digest, event_id)
  select b.id, intake.email_digest(record_deletion.email), intake.uuid7_after(record_deletion.newest)
  from public.businesses b
  where b.id = record_deletion.business_id
    and (intake.deletion_of(b.id, record_deletion.email) > record_deletion.newest) is not true
  on conflict (business_id, email_digest) do update set event_id = excluded.event_id
  where d.event_id < excluded.event_id;
end;
comment on function intake.record_deletion is 'Note that a contact was deleted whose newest version is given';

commit;
