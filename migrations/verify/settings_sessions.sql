-- SPDX-License-Identifier: Apache-2.0
-- The gateway may sign people in and do what the page offers; it touches none of the tables itself.

select digest, business_id, created_at, expires_at, used_at from intake.sign_in_links where false;
select digest, business_id, user_id, turn, created_at, seen_at from intake.sessions where false;
select id, at, business_id, actor, action, address from intake.audit where false;

select 1 / (
  has_function_privilege('intake_gateway', 'intake.sign_in_by_link(bytea, bytea, bytea, text)', 'execute')
  and has_function_privilege('intake_gateway', 'intake.sign_in_as_user(uuid, bytea, bytea, text)', 'execute')
  and has_function_privilege('intake_gateway', 'intake.settings_state(bytea)', 'execute')
  and has_function_privilege('intake_gateway',
    'intake.settings_set_key(bytea, int, text, bytea, text, interval, text)', 'execute')
  and not has_any_column_privilege('intake_gateway', 'intake.sign_in_links', 'select')
  and not has_any_column_privilege('intake_gateway', 'intake.sessions', 'select')
  and not has_any_column_privilege('intake_gateway', 'intake.audit', 'update')
)::int;
