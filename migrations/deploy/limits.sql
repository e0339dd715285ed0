-- SPDX-License-Identifier: Apache-2.0
-- Limits of businesses that have another than the usual one.

begin;
call intake.lock_soon('public.businesses', 'share row exclusive');

create table intake.limits (
  business_id uuid primary key references public.businesses (id) on delete cascade,
  requests_per_minute int not null check (requests_per_minute > 0)
);
comment on table intake.limits is 'Requests per minute and key of a business; without a row the usual 60';

create trigger limit_written after insert or update or delete on intake.limits for each row
execute function intake.key_changed();

commit;
