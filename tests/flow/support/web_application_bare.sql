-- SPDX-License-Identifier: Apache-2.0
-- The web application's database with as little as it may have: no key, no unique constraint, nothing NOT NULL but the
-- ids, foreign keys that cascade nothing, no triggers, no row-level security.

create schema auth;
create table auth.users (id uuid primary key, email text);
grant usage on schema auth to anon, authenticated, service_role, web_owner;
grant references on auth.users to web_owner;

set role web_owner;

create table public.businesses (
  id uuid primary key,
  user_id uuid references auth.users (id),
  name text,
  created_at timestamptz,
  updated_at timestamptz
);

create table public.contacts (
  id uuid primary key,
  business_id uuid references public.businesses (id),
  name text,
  email text,
  phone text not null,
  status text default 'new',
  created_at timestamptz,
  updated_at timestamptz
);
