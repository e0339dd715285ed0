-- SPDX-License-Identifier: Apache-2.0
-- The functions as they were, and a session's business is looked at before the lock only.

begin;

create or replace function intake.sign_in_as_user(user_id uuid, session bytea, former_session bytea, address text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
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

create or replace function intake.choose_business(session bytea, business_id uuid, address text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
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

create or replace function intake.settings_set_key(
  session bytea, turn int, stored_hash text, digest bytea, prefix text, keep_old interval, address text
) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
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

create or replace function intake.settings_end_old_key(session bytea, turn int, address text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
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

create or replace function intake.sweep_tests() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform intake.take_test_contact(t)
  from intake.test_requests t
  where t.removed_at is null and t.begun_at < now() - interval '2 minutes';
  delete from intake.test_requests t where t.begun_at < now() - interval '30 days';
end $$;

drop function intake.lock_session(bytea);
drop function intake.acts_too_often(uuid);
drop function intake.sweep_audit(int);
drop index intake.test_requests_pending_idx;
drop index intake.sessions_user_id_idx;
drop index intake.audit_at_idx;
commit;
