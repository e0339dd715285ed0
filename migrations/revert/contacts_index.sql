-- SPDX-License-Identifier: Apache-2.0
-- Drops the index, unless one was there before.

set statement_timeout = 0;
set lock_timeout = 0;
set client_min_messages = warning;

select not intake.is_before('contacts', 'unique') as is_ours \gset

\if :is_ours
drop index concurrently if exists public.contacts_business_id_email_key;
\endif
