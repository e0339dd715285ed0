-- SPDX-License-Identifier: Apache-2.0
-- Nothing of the settings page grows without a bound, and who waited for a lock is asked again who he is.

begin;

create index audit_at_idx on intake.audit (at);
create index sessions_user_id_idx on intake.sessions (user_id, created_at);
create index test_requests_pending_idx on intake.test_requests (begun_at) where removed_at is null;

-- Not by the minute of a thief: who has the gateway's login cannot drop what he did of late.
create function intake.sweep_audit(days int) returns bigint
language sql volatile security definer
begin atomic
  with dropped as (
    delete from intake.audit a
    where a.id = any (array(
      select o.id
      from intake.audit o
      where o.at < now() - greatest(sweep_audit.days, 30) * interval '1 day'
      order by o.at
      limit 5000
      for update skip locked
    ))
    returning a.id
  )
  select count(*) from dropped;
end;
comment on function intake.sweep_audit is
  'Drop lines older than so many days, at least 30; says how many went: 5000 at most, the oldest first';

create function intake.acts_too_often(business_id uuid) returns boolean
language sql stable
return (
  select count(*) >= 300
  from intake.audit a
  where a.business_id = acts_too_often.business_id and a.at > now() - interval '1 hour'
);
comment on function intake.acts_too_often is 'Whether more has been noted of the business within the hour than people do';

create or replace function intake.sign_in_as_user(
  user_id uuid, session bytea, former_session bytea, address text
) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  ids uuid[];
  opened intake.sessions;
begin
  select array_agg(b.id) into ids from public.businesses b where b.user_id = sign_in_as_user.user_id;
  if ids is null then
    return 'unknown';
  elsif cardinality(ids) = 1 and intake.acts_too_often(ids[1]) then
    return 'too_many';
  end if;
  delete from intake.sessions s where s.digest = former_session;
  -- Twenty at a time: the oldest ends.
  delete from intake.sessions s
  where s.digest = any (array(
    select o.digest
    from intake.sessions o
    where o.user_id = sign_in_as_user.user_id
    order by o.created_at desc
    offset 19
    for update skip locked
  ));
  insert into intake.sessions (digest, business_id, user_id)
  values (session, case when cardinality(ids) = 1 then ids[1] end, sign_in_as_user.user_id)
  returning * into opened;
  perform intake.note_action(opened, 'signed in', address);
  return 'opened';
end $$;
comment on function intake.sign_in_as_user is
  'Open a session for the owner of one business or more; says opened, or why not: unknown, too_many';

create or replace function intake.choose_business(session bytea, business_id uuid, address text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  live intake.sessions := intake.live_session(session);
begin
  if intake.acts_too_often(business_id) then
    return false;
  end if;
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

-- Of a business that stays the session's for as long as the transaction lasts: who waited for another to write it may
-- find that it has another owner now.
create function intake.lock_session(session bytea) returns intake.sessions
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  perform from public.businesses b
  where b.id = (intake.live_session(session)).business_id
  for no key update;
  return intake.live_session(session);
end $$;
comment on function intake.lock_session is 'The session, with its business locked; one whose owner has changed meanwhile is over';

create or replace function intake.settings_set_key(
  session bytea, turn int, stored_hash text, digest bytea, prefix text, keep_old interval, address text
) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  -- One at a time, so that two do not both find room below.
  live intake.sessions := intake.lock_session(session);
begin
  if live.business_id is null then
    return 'signed_out';
  end if;
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

create or replace function intake.settings_end_old_key(session bytea, turn int, address text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  live intake.sessions := intake.lock_session(session);
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
  if found then
    perform intake.note_action(live, 'old key ended', address);
  end if;
  return 'done';
end $$;

-- A contact that came when nobody looked any more goes as well, for as long as Kafka may bring it. What was refused for
-- certain brings none.
create or replace function intake.sweep_tests() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  with gone as (
    delete from public.contacts c
    using intake.test_requests t
    where t.removed_at is null and t.begun_at < now() - interval '2 minutes'
      and coalesce(t.problem, 'maybe_stored') = 'maybe_stored'
      and c.business_id = t.business_id and c.email = intake.test_address(t.id)
    returning t.id
  )
  update intake.test_requests t
  set applied_at = coalesce(t.applied_at, now()), removed_at = now()
  from gone
  where t.id = gone.id;
  delete from intake.test_requests t where t.begun_at < now() - interval '30 days';
end $$;

call intake.keep_private();
grant execute on function intake.sweep_audit(int) to intake_gateway;

commit;
