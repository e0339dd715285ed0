-- SPDX-License-Identifier: Apache-2.0
-- The shape that the migrations promise for the public tables, a line a fact. Left out is what stays the application's:
-- names of its constraints, lengths of its texts, its own checks, triggers, policies and foreign keys.

select concat_ws(' ', 'column', c.table_name, c.column_name,
  replace(c.data_type, 'character varying', 'text'), c.is_nullable, coalesce(c.column_default, '-'))
from information_schema.columns c
where c.table_schema = 'public' and c.table_name in ('businesses', 'contacts')
union all
select concat_ws(' ', 'key', i.indrelid::regclass, i.indisprimary, (
  select string_agg(a.attname, ',' order by a.attname)
  from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey)))
from pg_index i
where i.indrelid in ('public.businesses'::regclass, 'public.contacts'::regclass) and i.indisunique and i.indisvalid
union all
select concat_ws(' ', 'constraint', conrelid::regclass, convalidated, regexp_replace(pg_get_constraintdef(oid), '"|public\.', '', 'g'))
from pg_constraint
where conrelid = 'public.contacts'::regclass
  and (contype = 'f' or conname = 'contacts_email_lower_case' or conname = 'contacts_not_null')
union all
select concat_ws(' ', 'trigger', tgrelid::regclass,
  regexp_replace(pg_get_triggerdef(oid), '\((\w+\.\w+)\)::text', '\1', 'g'))
from pg_trigger where tgname like 'zz\_intake\_%'
union all
select concat_ws(' ', 'policy', tablename, policyname, permissive, roles, cmd, qual, with_check)
from pg_policies where policyname like 'intake\_%'
union all
select concat_ws(' ', 'grant', table_name, grantee, privilege_type)
from information_schema.table_privileges
where grantee like 'intake\_%' and table_schema = 'public'
union all
select concat_ws(' ', 'storage', relname, array_to_string(reloptions, ','))
from pg_class where oid in ('public.businesses'::regclass, 'public.contacts'::regclass)
order by 1;
