-- SPDX-License-Identifier: Apache-2.0
-- Drops the functions.

begin;
drop function intake.email_digest(text);
drop function intake.uuid7_after(uuid);
commit;
