-- SPDX-License-Identifier: Apache-2.0
-- Drops the constraint with its index, unless one was there before.

begin;
call intake.lock_soon('public.contacts', 'access exclusive');

do $$
begin
  if not intake.is_before('contacts', 'unique') then
    alter table public.contacts drop constraint contacts_business_id_email_key;
  end if;
end $$;

commit;
