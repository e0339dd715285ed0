-- SPDX-License-Identifier: Apache-2.0
-- Drops the triggers and their functions.

begin;
call intake.lock_soon('public.contacts', 'access exclusive');

drop trigger zz_intake_inserted on public.contacts;
drop function intake.contacts_inserted();
drop trigger zz_intake_inserted_by_others on public.contacts;
drop function intake.contact_inserted_by_others();
drop trigger zz_intake_deleted on public.contacts;
drop function intake.contacts_deleted();
drop trigger zz_intake_moved on public.contacts;
drop function intake.contact_moved();
drop trigger zz_intake_unchanged on public.contacts;
drop function intake.contact_unchanged();
drop trigger zz_intake_edited on public.contacts;
drop function intake.contact_edited();
commit;
