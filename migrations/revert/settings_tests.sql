-- SPDX-License-Identifier: Apache-2.0
-- Forgets which contacts were tests: those not seen yet stay.

begin;
call intake.lock_soon('public.businesses', 'access exclusive');

drop function intake.sweep_tests();
drop function intake.look_at_test(bytea, uuid);
drop function intake.note_test(uuid, uuid, int, bigint, text);
drop function intake.begin_test(bytea, uuid);
drop function intake.take_test_contact(intake.test_requests);
drop function intake.test_address(uuid);
drop table intake.test_requests;
commit;
