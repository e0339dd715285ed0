-- SPDX-License-Identifier: Apache-2.0
-- The table businesses: made, or brought to the shape that Intake relies on.

begin;
set local client_min_messages = warning;

create table if not exists public.businesses (
  id uuid primary key,
  user_id uuid,
  name text
);

call intake.lock_soon('public.businesses', 'access exclusive');

alter table public.businesses
  add column if not exists user_id uuid,
  add column if not exists api_key_hash text,
  add column if not exists created_at timestamptz default now(),
  add column if not exists updated_at timestamptz default now();

-- One statement, one look at the rows. A business that Intake made has no owner in auth.users yet.
alter table public.businesses
  alter column id set default gen_random_uuid(),
  alter column user_id drop not null,
  alter column name set not null,
  alter column api_key_hash drop not null,
  alter column created_at set default now(),
  alter column created_at set not null,
  alter column updated_at set default now(),
  alter column updated_at set not null;

commit;
