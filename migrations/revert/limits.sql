-- SPDX-License-Identifier: Apache-2.0
-- Every business has the usual limit again.

begin;
drop table intake.limits;
commit;
