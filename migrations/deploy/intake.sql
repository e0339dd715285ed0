-- SPDX-License-Identifier: Apache-2.0
-- The schema of all that is Intake's own, its roles, and a note of what was there before.

begin;

-- Roles are the whole cluster's: another database may have made them, a second deploy may be making them.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['intake_gateway', 'intake_worker'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      begin
        execute format('create role %I nologin', role_name);
      exception when duplicate_object or unique_violation then
        null;
      end;
    end if;
    if not pg_has_role(role_name, 'member') then
      execute format('grant %I to current_user', role_name);
    end if;
  end loop;
end $$;

create schema intake;
comment on schema intake is 'Intake''s own; the web application''s roles have no access';

create table intake.before (
  table_name text not null,
  item text not null,
  restore text,
  primary key (table_name, item)
);
comment on table intake.before is
  'What the public tables were like before Intake, so that a revert takes away only what a deploy added';
comment on column intake.before.item is 'table, unique, "column NAME" or "foreign key NAME"';
comment on column intake.before.restore is 'what ALTER TABLE has to be told to have it back';

-- Expressions are noted with every name qualified.
set local search_path = '';

insert into intake.before (table_name, item, restore)
select r.relname, 'table', coalesce(
    (select format('set (%s)', o.option) from unnest(r.reloptions) as o (option) where o.option like 'fillfactor=%'),
    'reset (fillfactor)')
from pg_class r
where r.oid in (to_regclass('public.businesses'), to_regclass('public.contacts'));

insert into intake.before (table_name, item, restore)
select r.relname, 'column ' || a.attname,
  format('alter column %1$I %2$s not null, alter column %1$I %3$s', a.attname,
    case when a.attnotnull then 'set' else 'drop' end,
    coalesce('set default ' || pg_get_expr(d.adbin, d.adrelid), 'drop default'))
from pg_class r
join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
where r.oid in (to_regclass('public.businesses'), to_regclass('public.contacts'));

insert into intake.before (table_name, item, restore)
select 'contacts', 'foreign key ' || conname, format('add constraint %I %s', conname, pg_get_constraintdef(oid))
from pg_constraint
where conrelid = to_regclass('public.contacts') and contype = 'f';

-- Any index that ON CONFLICT (business_id, email) takes will do, whatever its name.
insert into intake.before (table_name, item)
select distinct 'contacts', 'unique'
from pg_index i
where i.indrelid = to_regclass('public.contacts') and i.indisunique and i.indisvalid and i.indimmediate
  and i.indpred is null and i.indexprs is null and i.indnkeyatts = 2
  and (
    select array_agg(a.attname::text order by a.attname)
    from pg_attribute a
    where a.attrelid = i.indrelid and a.attnum in (i.indkey[0], i.indkey[1])
  ) = array['business_id', 'email'];

create function intake.is_before(table_name text, item text) returns boolean
language sql stable
return exists (
  select from intake.before b where b.table_name = is_before.table_name and b.item = is_before.item
);
comment on function intake.is_before is 'Whether this was there before Intake';

create procedure intake.restore(table_name text, column_names text[])
language plpgsql set search_path = ''
as $$
declare
  column_name text;
  clause text;
begin
  if not intake.is_before(table_name, 'table') then
    execute format('drop table public.%I', table_name);
    return;
  end if;
  foreach column_name in array column_names loop
    select b.restore into clause
    from intake.before b
    where b.table_name = restore.table_name and b.item = 'column ' || column_name;
    begin
      execute format('alter table public.%I %s', table_name,
        coalesce(clause, format('drop column if exists %I', column_name)));
    exception when not_null_violation then
      raise warning 'public.%.% stays nullable: it has rows without one.', table_name, column_name;
    end;
  end loop;
  select b.restore into clause from intake.before b where b.table_name = restore.table_name and b.item = 'table';
  execute format('alter table public.%I %s', table_name, clause);
end $$;
comment on procedure intake.restore is 'Bring a table back to what it was before Intake; drop it if it was not there';

create procedure intake.lock_soon(tables text, mode text)
language plpgsql set search_path = '' set lock_timeout = '100ms'
as $$
declare
  give_up_at constant timestamptz := clock_timestamp() + interval '5 minutes';
begin
  loop
    begin
      execute format('lock table %s in %s mode', tables, mode);
      return;
    exception when lock_not_available then
      if clock_timestamp() > give_up_at then
        raise exception 'other transactions hold % for more than 5 minutes; deploy again when they have ended.', tables
          using hint = 'This finds them: select * from pg_stat_activity where state <> ''idle'' order by xact_start;';
      end if;
      perform pg_sleep(0.2 + 0.3 * random());
    end;
  end loop;
end $$;
comment on procedure intake.lock_soon is
  'Lock tables without making their writers queue behind a lock that somebody else keeps:'
  ' wait a little, let them pass, try again';

commit;
