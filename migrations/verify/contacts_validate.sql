-- SPDX-License-Identifier: Apache-2.0
-- The constraints hold for every row.

select 1 / (count(*) = 1)::int from pg_constraint
where conrelid = 'public.contacts'::regclass and conname = 'contacts_email_lower_case' and convalidated;

select 1 / (count(*) = 6)::int from pg_attribute
where attrelid = 'public.contacts'::regclass and attnotnull
  and attname in ('business_id', 'name', 'email', 'status', 'created_at', 'updated_at');
