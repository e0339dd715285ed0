-- SPDX-License-Identifier: Apache-2.0
-- A login for each program, in the role that the migrations made for it; run again it sets the password anew.

\set gateway_password `cat /run/secrets/gateway_password`
\set worker_password `cat /run/secrets/worker_password`

select format('create role %I login', name)
from (values ('gateway_login'), ('worker_login')) as logins (name)
where not exists (select from pg_roles where rolname = name)
\gexec

alter role gateway_login password :'gateway_password';
alter role worker_login password :'worker_password';
grant intake_gateway to gateway_login;
grant intake_worker to worker_login;
