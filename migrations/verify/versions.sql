-- SPDX-License-Identifier: Apache-2.0
-- A version is newer than the one that it follows.

select 1 / (intake.uuid7_after('ffff0000-0000-7000-8000-000000000000') > 'ffff0000-0000-7000-8000-000000000000')::int;
select 1 / (octet_length(intake.email_digest('ada@example.com')) = 32)::int;
