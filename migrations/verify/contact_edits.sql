-- SPDX-License-Identifier: Apache-2.0
-- Every trigger is there and enabled.

select 1 / (count(*) = 6)::int from pg_trigger
where tgrelid = 'public.contacts'::regclass and tgname like 'zz\_intake\_%' and tgenabled <> 'D';
