-- SPDX-License-Identifier: Apache-2.0
-- Edits, inserts and deletions by others survive a replay.
--
-- A write that moves no version is somebody's edit, and so is every write of a role that is not a member of
-- intake_worker, whatever versions it brings: nobody blocks a contact's later events with a version of his own.
-- The worker's updates run none of these functions: the WHEN clauses tell them apart.
-- The names put these triggers after the application's own, for them to see its changes (the order is alphabetical).

begin;
call intake.lock_soon('public.contacts', 'share row exclusive');

create function intake.contact_edited() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  is_moved constant boolean := (new.business_id, new.email) is distinct from (old.business_id, old.email);
  is_name_new constant boolean := is_moved or new.name is distinct from old.name;
  is_phone_new constant boolean := is_moved or new.phone is distinct from old.phone;
  is_status_new constant boolean := is_moved or new.status is distinct from old.status;
  newest uuid := greatest(old.name_event_id, old.phone_event_id, old.status_event_id);
  version uuid;
begin
  if is_moved then
    newest := greatest(newest, intake.deletion_of(new.business_id, new.email));
  end if;
  version := intake.uuid7_after(newest);

  new.name_event_id := case when is_name_new then version else old.name_event_id end;
  new.phone_event_id := case when is_phone_new then version else old.phone_event_id end;
  new.status_event_id := case when is_status_new then version else old.status_event_id end;
  if (is_name_new or is_phone_new or is_status_new) and new.updated_at is not distinct from old.updated_at then
    new.updated_at := now();
  end if;
  return new;
end $$;
comment on function intake.contact_edited is
  'Give the fields that somebody changed a version of now; a change of address changes all';

create trigger zz_intake_edited before update on public.contacts for each row
when (not (
  (new.name_event_id, new.phone_event_id, new.status_event_id)
    is distinct from (old.name_event_id, old.phone_event_id, old.status_event_id)
  and pg_has_role('intake_worker', 'member')
))
execute function intake.contact_edited();

create function intake.contact_unchanged() returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.updated_at := old.updated_at;
  return new;
end $$;
comment on function intake.contact_unchanged is 'Keep updated_at, which the application''s own trigger has moved';

create trigger zz_intake_unchanged before update on public.contacts for each row
when (
  new.updated_at is distinct from old.updated_at
  and (new.name, new.phone, new.status) is not distinct from (old.name, old.phone, old.status)
  and (new.business_id, new.email) is not distinct from (old.business_id, old.email)
  and (new.name_event_id, new.phone_event_id, new.status_event_id)
    is distinct from (old.name_event_id, old.phone_event_id, old.status_event_id)
)
execute function intake.contact_unchanged();

create function intake.contact_moved() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform intake.record_deletion(old.business_id, old.email,
    greatest(old.name_event_id, old.phone_event_id, old.status_event_id));
  return null;
end $$;
comment on function intake.contact_moved is 'A change of address deletes the contact at the old one';

create trigger zz_intake_moved after update on public.contacts for each row
when ((new.business_id, new.email) is distinct from (old.business_id, old.email))
execute function intake.contact_moved();

create function intake.contacts_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform intake.record_deletion(business_id, email, greatest(name_event_id, phone_event_id, status_event_id))
  from deleted;
  return null;
end $$;
comment on function intake.contacts_deleted is 'Note the contacts that somebody deleted';

create trigger zz_intake_deleted after delete on public.contacts
referencing old table as deleted for each statement
execute function intake.contacts_deleted();

-- Its status has another version than its name, of the same moment: so intake.contacts_inserted tells it from the
-- worker's.
create function intake.contact_inserted_by_others() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  new.name_event_id := intake.uuid7_after(null);
  new.phone_event_id := new.name_event_id;
  new.status_event_id := intake.uuid7_after(null);
  return new;
end $$;
comment on function intake.contact_inserted_by_others is 'Give all fields of an insert a version of now';

create trigger zz_intake_inserted_by_others before insert on public.contacts for each row
when (new.name_event_id is null or not pg_has_role('intake_worker', 'member'))
execute function intake.contact_inserted_by_others();

-- Each statement here sees the deletions that are committed by now, also those for which the insert had to wait.
create function intake.contacts_inserted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- Few batches meet a deletion that is newer than they are.
  if (select d.event_id from intake.deletions d order by d.event_id desc limit 1)
    > (select least(i.name_event_id, i.phone_event_id) as oldest from inserted i order by oldest limit 1)
  then
    -- The worker's: what is older than the deletion goes again.
    delete from public.contacts c
    using inserted i, intake.deletions d
    where c.id = i.id and i.name_event_id = i.status_event_id
      and d.business_id = i.business_id and d.email_digest = intake.email_digest(i.email)
      and d.event_id > i.name_event_id;

    update public.contacts c
    set phone = null, phone_event_id = d.event_id
    from inserted i, intake.deletions d
    where c.id = i.id and i.name_event_id = i.status_event_id
      and d.business_id = i.business_id and d.email_digest = intake.email_digest(i.email)
      and d.event_id < i.name_event_id and (i.phone_event_id is null or i.phone_event_id < d.event_id);

    -- Somebody else's is newer than the deletion, whatever the clocks say.
    update public.contacts c
    set name_event_id = n.version, phone_event_id = n.version, status_event_id = n.version
    from (
      select i.id, intake.uuid7_after(d.event_id) as version
      from inserted i, intake.deletions d
      where i.name_event_id <> i.status_event_id
        and d.business_id = i.business_id and d.email_digest = intake.email_digest(i.email)
        and d.event_id > i.name_event_id
    ) as n
    where c.id = n.id;
  end if;
  return null;
end $$;
comment on function intake.contacts_inserted is
  'Check inserts again against the deletions that were committed while they waited';

create trigger zz_intake_inserted after insert on public.contacts
referencing new table as inserted for each statement
execute function intake.contacts_inserted();

commit;
