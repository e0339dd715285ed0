-- SPDX-License-Identifier: Apache-2.0
-- Brings contacts back to what it was; drops it only if Intake made it.

begin;
set local client_min_messages = warning;
call intake.lock_soon('public.contacts, public.businesses', 'access exclusive');

alter table public.contacts
  drop constraint if exists contacts_not_null,
  drop constraint if exists contacts_business_fkey,
  drop constraint contacts_email_lower_case;

do $$
declare
  clause text;
begin
  for clause in
    select b.restore
    from intake.before b
    where b.table_name = 'contacts' and b.item like 'foreign key %' and not exists (
      select from pg_constraint
      where conrelid = 'public.contacts'::regclass and b.item = 'foreign key ' || conname)
  loop
    execute 'alter table public.contacts ' || clause;
  end loop;
end $$;

call intake.restore('contacts', array['id', 'business_id', 'name', 'email', 'phone', 'status',
  'name_event_id', 'phone_event_id', 'status_event_id', 'created_at', 'updated_at']);
commit;
