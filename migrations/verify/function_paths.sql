-- SPDX-License-Identifier: Apache-2.0
-- No function whose names are looked up when it runs looks among the caller's temporary ones first.

select 1 / (not exists (
  select from pg_proc p
  where p.pronamespace = 'intake'::regnamespace and p.prosqlbody is null
    and not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false)
))::int;
