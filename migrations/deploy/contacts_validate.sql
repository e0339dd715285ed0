-- SPDX-License-Identifier: Apache-2.0
-- Looks at the rows of contacts that were there already, while others go on writing.

begin;
set local statement_timeout = 0;

-- Rows may have come since the first look.
\ir ../checks/addresses.sql

do $$
declare
  constraint_name name;
begin
  for constraint_name in
    select conname from pg_constraint where conrelid = 'public.contacts'::regclass and not convalidated
      and (conname in ('contacts_email_lower_case', 'contacts_not_null', 'contacts_business_fkey') or confdeltype = 'c')
  loop
    execute format('alter table public.contacts validate constraint %I', constraint_name);
  end loop;
end $$;

commit;

-- The valid constraint proves it: no scan under the lock.
begin;
call intake.lock_soon('public.contacts', 'access exclusive');

alter table public.contacts
  alter column business_id set not null,
  alter column name set not null,
  alter column email set not null,
  alter column status set not null,
  alter column created_at set not null,
  alter column updated_at set not null;
alter table public.contacts drop constraint contacts_not_null;

commit;
