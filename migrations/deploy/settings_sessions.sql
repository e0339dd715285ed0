-- SPDX-License-Identifier: Apache-2.0
-- Who is signed in to the settings page, and what was done there.
--
-- The gateway reaches these tables by functions alone, each of which checks the session anew: what it may do is a list
-- of verbs. Links and sessions are kept as digests (SHA-256): who reads the tables cannot sign in with them.

begin;
call intake.lock_soon('public.businesses', 'share row exclusive');

create table intake.sign_in_links (
  digest bytea primary key check (octet_length(digest) = 32),
  business_id uuid not null references public.businesses (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '10 minutes',
  used_at timestamptz
);
create index sign_in_links_business_id_idx on intake.sign_in_links (business_id);
comment on table intake.sign_in_links is 'One-time links to the settings page; kept for a day to say why one opens nothing';

create table intake.sessions (
  digest bytea primary key check (octet_length(digest) = 32),
  business_id uuid references public.businesses (id) on delete cascade,
  user_id uuid,
  turn int not null default 0,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  check (business_id is not null or user_id is not null)
);
create index sessions_business_id_idx on intake.sessions (business_id);
comment on table intake.sessions is 'Signed in to the settings page: 30 minutes idle, 8 hours at most';
comment on column intake.sessions.business_id is 'Whose page; null: the owner of several has not chosen yet';
comment on column intake.sessions.user_id is 'Of a token; null: signed in by a link, which is one business''s';
comment on column intake.sessions.turn is 'Counts changes: a form of an earlier turn, sent again, changes nothing';

create table intake.audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  business_id uuid not null,
  actor text not null,
  action text not null,
  address text
);
create index audit_business_id_at_idx on intake.audit (business_id, at);
comment on table intake.audit is 'What was done on the settings page, when, by whom; never a key. Outlives the business';
comment on column intake.audit.actor is '"link", or "user UUID" of a token';
comment on column intake.audit.address is 'The client''s, as the gateway saw it';

create function intake.live_session(digest bytea) returns intake.sessions
language sql stable
return (
  select s
  from intake.sessions s
  left join public.businesses b on b.id = s.business_id
  where s.digest = live_session.digest
    and s.seen_at > now() - interval '30 minutes' and s.created_at > now() - interval '8 hours'
    and (s.user_id is null or s.business_id is null or b.user_id = s.user_id)
);
comment on function intake.live_session is
  'The session, unless it is over; also over when its business has another owner now';

create function intake.note_action(session intake.sessions, action text, address text) returns void
language sql volatile
begin atomic
  insert into intake.audit (business_id, actor, action, address)
  select (session).business_id, coalesce('user ' || (session).user_id, 'link'), note_action.action, note_action.address
  where (session).business_id is not null;
end;

create function intake.sign_in_by_link(link bytea, session bytea, former_session bytea, address text) returns text
language plpgsql security definer set search_path = ''
as $$
declare
  found_link intake.sign_in_links;
  opened intake.sessions;
begin
  select * into found_link from intake.sign_in_links l where l.digest = link for update;
  if found_link.digest is null then
    return 'unknown';
  elsif found_link.used_at is not null then
    return 'used';
  elsif found_link.expires_at <= now() then
    return 'expired';
  end if;
  update intake.sign_in_links l set used_at = now() where l.digest = link;
  delete from intake.sessions s where s.digest = former_session;
  insert into intake.sessions (digest, business_id) values (session, found_link.business_id) returning * into opened;
  perform intake.note_action(opened, 'signed in', address);
  return 'opened';
end $$;
comment on function intake.sign_in_by_link is 'Use a link up for a session; says opened, or why not: unknown, used, expired';

create function intake.sign_in_as_user(user_id uuid, session bytea, former_session bytea, address text) returns text
language plpgsql security definer set search_path = ''
as $$
declare
  ids uuid[];
  opened intake.sessions;
begin
  select array_agg(b.id) into ids from public.businesses b where b.user_id = sign_in_as_user.user_id;
  if ids is null then
    return 'unknown';
  end if;
  delete from intake.sessions s where s.digest = former_session;
  insert into intake.sessions (digest, business_id, user_id)
  values (session, case when cardinality(ids) = 1 then ids[1] end, sign_in_as_user.user_id)
  returning * into opened;
  perform intake.note_action(opened, 'signed in', address);
  return 'opened';
end $$;
comment on function intake.sign_in_as_user is 'Open a session for the owner of one business or more; says opened or unknown';

create function intake.sign_out(session bytea) returns void
language sql volatile security definer
begin atomic
  delete from intake.sessions s where s.digest = sign_out.session;
end;

create function intake.choose_business(session bytea, business_id uuid, address text) returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  live intake.sessions := intake.live_session(session);
begin
  update intake.sessions s set business_id = b.id, turn = s.turn + 1
  from public.businesses b
  where s.digest = live.digest and b.id = choose_business.business_id and b.user_id = s.user_id
  returning s.* into live;
  if not found then
    return false;
  end if;
  perform intake.note_action(live, 'chosen', address);
  return true;
end $$;
comment on function intake.choose_business is 'Whose page an owner of several wants to see; false: none of his';

create function intake.session_businesses(session bytea) returns table (id uuid, name text)
language plpgsql security definer set search_path = ''
as $$
declare
  live intake.sessions := intake.live_session(session);
begin
  return query
  select b.id, b.name::text
  from public.businesses b
  where b.user_id = live.user_id
  order by b.name, b.id
  limit 200;
end $$;
comment on function intake.session_businesses is 'Those of an owner who came with a token';

create function intake.settings_state(session bytea) returns table (
  turn int, business_id uuid, name text, several boolean, has_hash boolean, requests_per_minute int,
  key_digest bytea, key_prefix text, key_created_at timestamptz, key_used_at timestamptz,
  old_prefix text, old_used_at timestamptz, old_ends_at timestamptz
)
language plpgsql security definer set search_path = ''
as $$
declare
  live intake.sessions := intake.live_session(session);
begin
  update intake.sessions s set seen_at = now() where s.digest = live.digest and s.seen_at < now() - interval '1 minute';
  return query
  select live.turn, b.id, b.name::text,
    (select count(*) > 1 from public.businesses o where o.user_id = live.user_id),
    b.api_key_hash is not null, l.requests_per_minute,
    k.digest, k.prefix, k.created_at, k.last_used_at, o.prefix, o.last_used_at, o.expires_at
  from (select live.digest) as s
  left join public.businesses b on b.id = live.business_id
  left join intake.limits l on l.business_id = b.id
  left join intake.api_keys k on k.business_id = b.id and k.expires_at is null
  left join intake.api_keys o on o.business_id = b.id and o.expires_at > now()
  where live.digest is not null
  order by k.created_at desc, o.created_at desc
  limit 1;
end $$;
comment on function intake.settings_state is
  'What the page shows; no row: the session is over; business_id null: the owner has to choose';

create function intake.settings_set_key(
  session bytea, turn int, stored_hash text, digest bytea, prefix text, keep_old interval, address text
) returns text
language plpgsql security definer set search_path = ''
as $$
declare
  live intake.sessions := intake.live_session(session);
begin
  if live.business_id is null then
    return 'signed_out';
  end if;
  -- One at a time, so that two do not both find room below.
  perform from public.businesses b where b.id = live.business_id for no key update;
  if (
    select count(*) >= 10
    from intake.audit a
    where a.business_id = live.business_id and a.action like 'key made%' and a.at > now() - interval '1 hour'
  ) then
    return 'too_many';
  end if;
  update intake.sessions s set turn = s.turn + 1
  where s.digest = session and s.turn = settings_set_key.turn;
  if not found then
    return 'stale';
  end if;
  perform intake.set_api_key(live.business_id, stored_hash, digest, prefix, keep_old);
  perform intake.note_action(live, 'key made' || coalesce(', old one kept for ' || keep_old, ''), address);
  return 'done';
end $$;
comment on function intake.settings_set_key is
  'Give the session''s business its new key; says done, or why not: signed_out, stale (of an earlier turn), too_many';

create function intake.settings_end_old_key(session bytea, turn int, address text) returns text
language plpgsql security definer set search_path = ''
as $$
declare
  live intake.sessions := intake.live_session(session);
begin
  if live.business_id is null then
    return 'signed_out';
  end if;
  update intake.sessions s set turn = s.turn + 1
  where s.digest = session and s.turn = settings_end_old_key.turn;
  if not found then
    return 'stale';
  end if;
  delete from intake.api_keys k where k.business_id = live.business_id and k.expires_at is not null;
  perform intake.note_action(live, 'old key ended', address);
  return 'done';
end $$;
comment on function intake.settings_end_old_key is 'End a replaced key before its time';

create function intake.settings_sweep() returns void
language sql volatile security definer
begin atomic
  delete from intake.sign_in_links l where l.expires_at < now() - interval '1 day';
  delete from intake.sessions s
  where s.created_at < now() - interval '8 hours' or s.seen_at < now() - interval '30 minutes';
end;
comment on function intake.settings_sweep is 'Drop links and sessions that are long over';

-- New functions are everybody's, and a database may give its own roles more by default privileges.
create procedure intake.keep_private()
language plpgsql set search_path = ''
as $$
declare
  role_name text;
begin
  for role_name in
    select 'public'
    union all
    select quote_ident(rolname) from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
  loop
    execute format('revoke all on all tables in schema intake from %s', role_name);
    execute format('revoke all on all sequences in schema intake from %s', role_name);
    execute format('revoke all on all routines in schema intake from %s', role_name);
  end loop;
end $$;
comment on procedure intake.keep_private is 'What a change has added is nobody''s but whom it is granted to';

call intake.keep_private();
grant execute on function intake.sign_in_by_link(bytea, bytea, bytea, text),
  intake.sign_in_as_user(uuid, bytea, bytea, text), intake.sign_out(bytea),
  intake.choose_business(bytea, uuid, text), intake.session_businesses(bytea), intake.settings_state(bytea),
  intake.settings_set_key(bytea, int, text, bytea, text, interval, text),
  intake.settings_end_old_key(bytea, int, text), intake.settings_sweep() to intake_gateway;

commit;
