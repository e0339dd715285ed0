-- SPDX-License-Identifier: Apache-2.0
-- Drops the schema. The roles stay: other databases of the cluster may use them, and logins were made members of them.

begin;
drop procedure intake.lock_soon(text, text);
drop procedure intake.restore(text, text[]);
drop function intake.is_before(text, text);
drop table intake.before;
drop schema intake;
commit;
