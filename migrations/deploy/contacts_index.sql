-- SPDX-License-Identifier: Apache-2.0
-- A unique index on (business_id, email), built concurrently: no transaction here, as it could not be inside one.

set statement_timeout = 0;
set lock_timeout = 0;

\ir ../checks/addresses.sql

-- A build that was broken off leaves an index that refuses doubles and serves nobody.
select exists (
    select from pg_index where indexrelid = to_regclass('public.contacts_business_id_email_key') and not indisvalid
  ) as is_left_over,
  not intake.is_before('contacts', 'unique') as is_needed
\gset

\if :is_left_over
drop index concurrently public.contacts_business_id_email_key;
\endif

\if :is_needed
create unique index concurrently if not exists contacts_business_id_email_key on public.contacts (business_id, email);
\endif
