-- SPDX-License-Identifier: Apache-2.0
-- Schema and roles are there, and the owner has the roles.

select table_name, item, restore from intake.before where false;
select 1 / (pg_has_role('intake_gateway', 'member') and pg_has_role('intake_worker', 'member'))::int;
