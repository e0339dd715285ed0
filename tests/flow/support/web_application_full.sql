-- SPDX-License-Identifier: Apache-2.0
-- The web application's database with all that it may have: Supabase's roles and auth schema, row-level security,
-- a unique constraint, timestamps kept by triggers, an owner for each business, a key.

create schema auth;
create table auth.users (id uuid primary key, email text);
create function auth.uid() returns uuid language sql stable
  return nullif(current_setting('request.jwt.claim.sub', true), '')::uuid;
grant usage on schema auth to anon, authenticated, service_role, web_owner;
grant references on auth.users to web_owner;

create schema extensions;
create extension "uuid-ossp" schema extensions;
grant usage on schema extensions to public;

set role web_owner;

grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;

create function public.set_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at = now();
  return new;
end $$;

create table public.businesses (
  id uuid primary key default extensions.uuid_generate_v4(),
  user_id uuid not null references auth.users (id) on delete cascade,
  name varchar(255) not null,
  api_key_hash varchar(255),
  created_at timestamptz not null default timezone('utc', now()),
  updated_at timestamptz not null default timezone('utc', now())
);
create trigger set_updated_at before update on public.businesses for each row execute function public.set_updated_at();
alter table public.businesses enable row level security;
create policy "Owners use their businesses" on public.businesses for all using (auth.uid() = user_id);

create table public.contacts (
  id uuid primary key default extensions.uuid_generate_v4(),
  business_id uuid not null references public.businesses (id) on delete cascade,
  name text not null,
  email text not null,
  phone text,
  status text not null default 'active' check (status in ('active', 'archived')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint one_address_per_business unique (business_id, email)
);
create index contacts_business on public.contacts (business_id);
create trigger set_updated_at before update on public.contacts for each row execute function public.set_updated_at();
alter table public.contacts enable row level security;
create policy "Owners use their contacts" on public.contacts for all using (
  exists (select from public.businesses b where b.id = business_id and b.user_id = auth.uid())
);
