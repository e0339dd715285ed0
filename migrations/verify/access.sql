-- SPDX-License-Identifier: Apache-2.0
-- The gateway and the worker have what they need; everybody else has nothing of Intake's own.

select 1 / (
  has_column_privilege('intake_gateway', 'public.businesses', 'api_key_hash', 'select')
  and has_table_privilege('intake_gateway', 'intake.api_keys', 'select')
  and has_table_privilege('intake_worker', 'public.contacts', 'insert')
  and not has_table_privilege('intake_worker', 'intake.api_keys', 'select')
  and not has_any_column_privilege('intake_worker', 'public.businesses', 'select')
)::int;

select 1 / (count(*) = 0)::int
from pg_namespace n, aclexplode(n.nspacl) a
where n.nspname = 'intake' and a.grantee not in (n.nspowner, 'intake_gateway'::regrole, 'intake_worker'::regrole);

select 1 / (count(*) = 0)::int
from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
where p.pronamespace = 'intake'::regnamespace
  and a.grantee not in (p.proowner, 'intake_gateway'::regrole, 'intake_worker'::regrole);
