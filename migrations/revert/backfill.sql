-- SPDX-License-Identifier: Apache-2.0
-- Forgets the jobs; what they have written stays.

begin;
drop table intake.backfill_partitions;
drop table intake.backfill_jobs;
commit;
