-- SPDX-License-Identifier: Apache-2.0
-- The roles may do nothing any more.

begin;
call intake.lock_soon('public.businesses, public.contacts', 'access exclusive');

drop policy intake_worker on public.contacts;
drop policy intake_gateway on public.businesses;

revoke all on all tables in schema intake from intake_gateway, intake_worker;
revoke all on all routines in schema intake from intake_gateway, intake_worker;
revoke all on schema intake from intake_gateway, intake_worker;
revoke select on public.businesses from intake_gateway;
revoke select, insert, update on public.contacts from intake_worker;
revoke usage on schema public from intake_gateway, intake_worker;
commit;
