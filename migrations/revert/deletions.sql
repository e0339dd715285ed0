-- SPDX-License-Identifier: Apache-2.0
-- Forgets the deletions.

begin;
drop function intake.record_deletion(uuid, text, uuid);
drop function intake.deletion_of(uuid, text);
drop table intake.deletions;
commit;
