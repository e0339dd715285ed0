-- SPDX-License-Identifier: Apache-2.0
-- Deletions can be noted.

select business_id, email_digest, event_id from intake.deletions where false;
select 'intake.deletion_of(uuid, text)'::regprocedure, 'intake.record_deletion(uuid, text, uuid)'::regprocedure;
