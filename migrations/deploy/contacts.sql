-- SPDX-License-Identifier: Apache-2.0
-- The table contacts: made, or brought to the shape that Intake relies on. Only the catalog changes here, so that the
-- lock is short however many rows there are; contacts_validate looks at the rows.

begin;
set local client_min_messages = warning;

create table if not exists public.contacts (
  id uuid primary key,
  business_id uuid not null,
  name text not null,
  email text not null
);

call intake.lock_soon('public.contacts, public.businesses', 'access exclusive');

alter table public.contacts
  add column if not exists phone text,
  add column if not exists status text default 'active',
  add column if not exists name_event_id uuid,
  add column if not exists phone_event_id uuid,
  add column if not exists status_event_id uuid,
  add column if not exists created_at timestamptz default now(),
  add column if not exists updated_at timestamptz default now();

alter table public.contacts
  alter column id set default gen_random_uuid(),
  alter column phone drop not null,
  alter column status set default 'active',
  alter column created_at set default now(),
  alter column updated_at set default now(),
  -- Space for the next version of a row beside it: updates leave the indexes alone (HOT).
  set (fillfactor = 80);

comment on column public.contacts.name_event_id is
  'Version of name: the event or edit (UUIDv7) that set it; null is older than all';
comment on column public.contacts.phone_event_id is 'Version of phone, as name_event_id';
comment on column public.contacts.status_event_id is 'Version of status, as name_event_id';

-- contacts_not_null serves contacts_validate, which needs no look at the rows under a lock then.
alter table public.contacts
  add constraint contacts_email_lower_case check (email = lower(email collate "C")) not valid,
  add constraint contacts_not_null check (
    business_id is not null and name is not null and email is not null and status is not null
    and created_at is not null and updated_at is not null) not valid;

-- A contact goes with its business; a foreign key that would keep it makes way.
do $$
declare
  other_name name;
  cascades boolean := false;
begin
  for other_name, cascades in
    select f.conname, f.confdeltype = 'c'
    from pg_constraint f
    join pg_attribute a on a.attrelid = f.conrelid and a.attname = 'business_id' and f.conkey = array[a.attnum]
    where f.conrelid = 'public.contacts'::regclass and f.contype = 'f' and f.confrelid = 'public.businesses'::regclass
    order by f.confdeltype = 'c' and f.convalidated
  loop
    if not cascades then
      execute format('alter table public.contacts drop constraint %I', other_name);
    end if;
  end loop;
  if cascades is not true then
    alter table public.contacts add constraint contacts_business_fkey
      foreign key (business_id) references public.businesses (id) on delete cascade not valid;
  end if;
end $$;

commit;
