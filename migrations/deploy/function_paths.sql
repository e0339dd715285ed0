-- SPDX-License-Identifier: Apache-2.0
-- The caller's temporary types and tables are the last that a function's names mean.
--
-- pg_temp is searched first where the path does not name it, even before pg_catalog: an empty path would let whoever calls
-- a function that runs as its owner put a type of his own in the place of uuid or text, and code in its constraint.

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
    execute format('alter routine %s set search_path = pg_catalog, pg_temp', routine);
  end loop;
end $$;

commit;
