-- SPDX-License-Identifier: Apache-2.0
-- The gateway can follow a test request, and sees no other contact.

select id, business_id, begun_at, event_id, kafka_partition, kafka_offset, stored_at, problem, applied_at, removed_at
from intake.test_requests where false;

select 1 / (
  has_function_privilege('intake_gateway', 'intake.begin_test(bytea, uuid)', 'execute')
  and has_function_privilege('intake_gateway', 'intake.note_test(uuid, uuid, int, bigint, text)', 'execute')
  and has_function_privilege('intake_gateway', 'intake.look_at_test(bytea, uuid)', 'execute')
  and not has_any_column_privilege('intake_gateway', 'public.contacts', 'select')
)::int;
