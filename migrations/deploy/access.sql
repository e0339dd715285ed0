-- SPDX-License-Identifier: Apache-2.0
-- What the gateway and the worker may do, and nobody else.
--
-- The roles are granted to whatever logs in as one of them. Trigger functions run as their owner, so that edits
-- by roles that have no access here leave their traces all the same.

begin;
call intake.lock_soon('public.businesses, public.contacts', 'access exclusive');

-- New functions are everybody's, and a database may give its own roles more by default privileges.
do $$
declare
  role_name text;
begin
  for role_name in
    select 'public'
    union all
    select quote_ident(rolname) from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
  loop
    execute format('revoke all on schema intake from %s', role_name);
    execute format('revoke all on all tables in schema intake from %s', role_name);
    execute format('revoke all on all routines in schema intake from %s', role_name);
  end loop;
end $$;

grant usage on schema public, intake to intake_gateway, intake_worker;

grant select on public.businesses to intake_gateway;
grant select, update (last_used_at) on intake.api_keys to intake_gateway;
grant select on intake.limits to intake_gateway;
grant execute on function intake.set_api_key(uuid, text, bytea, text, interval) to intake_gateway;
grant execute on function intake.revoke_api_key(uuid) to intake_gateway;
grant execute on function intake.remember_digest(uuid, text, bytea, text) to intake_gateway;

-- Of businesses it needs nothing: foreign keys are checked as the owner.
grant select, insert, update on public.contacts to intake_worker;
grant select, insert, update, delete on intake.deletions to intake_worker;
grant execute on function intake.email_digest(text) to intake_worker;

-- Without row-level security these say nothing.
create policy intake_gateway on public.businesses for select to intake_gateway using (true);
create policy intake_worker on public.contacts for all to intake_worker using (true) with check (true);

commit;
