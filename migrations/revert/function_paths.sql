-- SPDX-License-Identifier: Apache-2.0
-- Functions have an empty path again.

begin;

do $$
declare
  routine regprocedure;
begin
  for routine in
    select p.oid
    from pg_proc p
    where p.pronamespace = 'intake'::regnamespace and p.prosqlbody is null
  loop
    execute format('alter routine %s set search_path = ''''', routine);
  end loop;
end $$;

commit;
