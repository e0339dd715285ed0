-- SPDX-License-Identifier: Apache-2.0
-- The columns and constraints that Intake relies on are there.

select id, business_id, name, email, phone, status, name_event_id, phone_event_id, status_event_id,
  created_at, updated_at
from public.contacts where false;

select 1 / count(*) from pg_constraint
where conrelid = 'public.contacts'::regclass and conname = 'contacts_email_lower_case';
select 1 / count(*) from pg_constraint
where conrelid = 'public.contacts'::regclass and contype = 'f' and confdeltype = 'c';
