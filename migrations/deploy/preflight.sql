-- SPDX-License-Identifier: Apache-2.0
-- Stops where the web application's tables or addresses do not fit, before anything is changed.

begin read only;
set local statement_timeout = 0;

do $$
begin
  if current_setting('server_version_num')::int < 150000 then
    raise exception 'Intake needs PostgreSQL 15 or newer; this is %.', current_setting('server_version');
  end if;
end $$;

-- A table that is there has the columns that cannot be added, of types that take every event's values.
do $$
declare
  misfit record;
begin
  for misfit in
    select t.name as table_name, c.name as column_name, c.kind, format_type(a.atttypid, a.atttypmod) as found
    from (values
      ('businesses', 'id', 'uuid', 0, true),
      ('businesses', 'user_id', 'uuid', 0, false),
      ('businesses', 'name', 'text', 0, true),
      ('businesses', 'api_key_hash', 'text', 161, false),
      ('businesses', 'created_at', 'timestamp', 0, false),
      ('businesses', 'updated_at', 'timestamp', 0, false),
      ('contacts', 'id', 'uuid', 0, true),
      ('contacts', 'business_id', 'uuid', 0, true),
      ('contacts', 'name', 'text', 200, true),
      ('contacts', 'email', 'text', 254, true),
      ('contacts', 'phone', 'text', 50, false),
      ('contacts', 'created_at', 'timestamp', 0, false),
      ('contacts', 'updated_at', 'timestamp', 0, false),
      ('contacts', 'name_event_id', 'uuid', 0, false),
      ('contacts', 'phone_event_id', 'uuid', 0, false),
      ('contacts', 'status_event_id', 'uuid', 0, false)
    ) as c (table_name, name, kind, characters, required)
    join lateral (select 'public.' || c.table_name) as t (name) on to_regclass(t.name) is not null
    left join pg_attribute a
      on a.attrelid = to_regclass(t.name) and a.attname = c.name and not a.attisdropped
    where case
      when a.attnum is null then c.required
      when c.kind = 'text' then a.atttypid not in ('text'::regtype, 'varchar'::regtype)
        or a.atttypmod between 0 and c.characters + 3 -- a varchar's atttypmod is its length and 4
      when c.kind = 'timestamp' then a.atttypid not in ('timestamptz'::regtype, 'timestamp'::regtype)
      else a.atttypid <> c.kind::regtype
    end
  loop
    raise exception 'the column % of % should be a % that takes every value, and is %;'
      ' correct it and deploy again, nothing was changed.',
      misfit.column_name, misfit.table_name, misfit.kind, coalesce(misfit.found, 'not there');
  end loop;
end $$;

do $$
declare
  table_name text;
begin
  foreach table_name in array array['public.businesses', 'public.contacts'] loop
    if to_regclass(table_name) is not null and not exists (
      select from pg_class r
      join pg_index i on i.indrelid = r.oid and i.indisprimary and i.indnkeyatts = 1
      join pg_attribute a on a.attrelid = r.oid and a.attnum = i.indkey[0] and a.attname = 'id'
      where r.oid = to_regclass(table_name) and r.relkind = 'r'
    ) then
      raise exception '% should be a plain table with the primary key id;'
        ' correct it and deploy again, nothing was changed.', table_name;
    end if;
  end loop;
end $$;

-- Rows that the constraints to come would refuse.
do $$
declare
  column_name text;
  table_name text;
  find_them text;
  is_found boolean;
begin
  for table_name, column_name in
    select r.relname, a.attname
    from pg_class r
    join pg_attribute a on a.attrelid = r.oid and not a.attisdropped and not a.attnotnull
    where r.oid = to_regclass('public.businesses') and a.attname in ('name', 'created_at', 'updated_at')
      or r.oid = to_regclass('public.contacts')
        and a.attname in ('business_id', 'name', 'email', 'status', 'created_at', 'updated_at')
    order by r.relname, a.attnum
  loop
    find_them := format('select * from public.%I where %I is null', table_name, column_name);
    execute format('select exists (%s)', find_them) into is_found;
    if is_found then
      raise exception 'public.% has rows without %; give them one and deploy again, nothing was changed.',
        table_name, column_name
        using hint = 'This finds them: ' || find_them || ';';
    end if;
  end loop;

  if to_regclass('public.contacts') is null then
    return;
  end if;
  find_them := 'select * from public.contacts c';
  if to_regclass('public.businesses') is not null then
    find_them := find_them || ' where not exists (select from public.businesses b where b.id = c.business_id)';
  end if;
  execute format('select exists (%s)', find_them) into is_found;
  if is_found then
    raise exception 'public.contacts has contacts of businesses that are not there;'
      ' delete them and deploy again, nothing was changed.'
      using hint = 'This finds them: ' || find_them || ';';
  end if;
end $$;

\ir ../checks/addresses.sql

-- The owner has the roles, or can make them (before PostgreSQL 16 also grant himself those that another made).
do $$
declare
  is_old constant boolean := current_setting('server_version_num')::int < 160000;
  can_make boolean;
  can_grant boolean;
begin
  select rolsuper or rolcreaterole, rolsuper or rolcreaterole and is_old into can_make, can_grant
  from pg_roles where rolname = current_user;
  if exists (
    select from (values ('intake_gateway'), ('intake_worker')) as wanted (name)
    left join pg_roles r on r.rolname = wanted.name
    where case when r.oid is null then not can_make else not (can_grant or pg_has_role(r.oid, 'member')) end
  ) then
    raise exception 'the role % cannot make the roles that Intake needs, or is not a member of them;'
      ' nothing was changed.', current_user
      using hint = format('Let a role that can run, once (without the roles that are there already):'
        ' create role intake_gateway nologin; create role intake_worker nologin;'
        ' grant intake_gateway, intake_worker to %I;', current_user);
  end if;
end $$;

commit;
