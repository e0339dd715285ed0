-- SPDX-License-Identifier: Apache-2.0
-- Makes the index a constraint; the database may have brought one of its own.

begin;
call intake.lock_soon('public.contacts', 'access exclusive');

do $$
begin
  if not intake.is_before('contacts', 'unique') then
    alter table public.contacts add constraint contacts_business_id_email_key
      unique using index contacts_business_id_email_key;
  end if;
end $$;

commit;
