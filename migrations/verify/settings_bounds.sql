-- SPDX-License-Identifier: Apache-2.0
-- The gateway may drop old lines of the audit, and nothing else of it.

select 1 / (
  has_function_privilege('intake_gateway', 'intake.sweep_audit(int)', 'execute')
  and not has_function_privilege('intake_gateway', 'intake.lock_session(bytea)', 'execute')
  and not has_any_column_privilege('intake_gateway', 'intake.audit', 'update')
  and not has_table_privilege('intake_gateway', 'intake.audit', 'delete')
)::int;
