-- SPDX-License-Identifier: Apache-2.0
-- Test requests of the settings page: followed into the table contacts, and taken out of it again.
--
-- A test contact has an address that nobody else's can have: .invalid is reserved (RFC 2606), the id is random. Its
-- deletion is noted as any other, so that no replay brings it back.

begin;
call intake.lock_soon('public.businesses', 'share row exclusive');

create table intake.test_requests (
  id uuid primary key,
  business_id uuid not null references public.businesses (id) on delete cascade,
  begun_at timestamptz not null default now(),
  event_id uuid,
  kafka_partition int,
  kafka_offset bigint,
  stored_at timestamptz,
  problem text,
  applied_at timestamptz,
  removed_at timestamptz
);
create index test_requests_business_id_idx on intake.test_requests (business_id, begun_at);
comment on table intake.test_requests is 'Test requests of the settings page; kept for as long as Kafka may have them';
comment on column intake.test_requests.stored_at is 'When Kafka had it; null: it has not, or nobody heard';
comment on column intake.test_requests.problem is 'The error that the request was answered with';
comment on column intake.test_requests.removed_at is 'When its contact was deleted again';

create function intake.test_address(id uuid) returns text
language sql immutable
return 'test-' || id || '@intake.invalid';
comment on function intake.test_address is 'What the gateway writes into a test request';

-- Whether the contact is there, and if so, it goes.
create function intake.take_test_contact(test intake.test_requests) returns void
language plpgsql set search_path = ''
as $$
begin
  delete from public.contacts c
  where c.business_id = test.business_id and c.email = intake.test_address(test.id);
  if found then
    update intake.test_requests t
    set applied_at = coalesce(t.applied_at, now()), removed_at = now()
    where t.id = test.id;
  end if;
end $$;

create function intake.begin_test(session bytea, id uuid) returns text
language plpgsql security definer set search_path = ''
as $$
declare
  live intake.sessions := intake.live_session(session);
begin
  if live.business_id is null then
    return 'signed_out';
  end if;
  perform from public.businesses b where b.id = live.business_id for no key update;
  if (
    select count(*) >= 10
    from intake.test_requests t
    where t.business_id = live.business_id and t.begun_at > now() - interval '10 minutes'
  ) then
    return 'too_many';
  end if;
  insert into intake.test_requests (id, business_id) values (begin_test.id, live.business_id);
  return 'done';
end $$;
comment on function intake.begin_test is 'Note a test request before it is sent; says done, or why not: signed_out, too_many';

create function intake.note_test(
  id uuid, event_id uuid, kafka_partition int, kafka_offset bigint, problem text
) returns void
language sql volatile security definer
begin atomic
  update intake.test_requests t
  set event_id = note_test.event_id, kafka_partition = note_test.kafka_partition,
    kafka_offset = note_test.kafka_offset, problem = note_test.problem,
    stored_at = case when note_test.problem is null then now() end
  where t.id = note_test.id and t.event_id is null;
end;
comment on function intake.note_test is 'Note what became of a test request at the gateway';

create function intake.look_at_test(session bytea, id uuid) returns table (
  problem text, event_id uuid, kafka_partition int, kafka_offset bigint,
  waited_ms bigint, applied_ms bigint, removed boolean
)
language plpgsql security definer set search_path = ''
as $$
declare
  live intake.sessions := intake.live_session(session);
  test intake.test_requests;
begin
  select * into test
  from intake.test_requests t
  where t.id = look_at_test.id and t.business_id = live.business_id;
  if test.removed_at is null and test.stored_at is not null then
    perform intake.take_test_contact(test);
  end if;
  return query
  select t.problem, t.event_id, t.kafka_partition, t.kafka_offset,
    (extract(epoch from now() - t.begun_at) * 1000)::bigint,
    (extract(epoch from t.applied_at - t.begun_at) * 1000)::bigint,
    t.removed_at is not null
  from intake.test_requests t
  where t.id = test.id;
end $$;
comment on function intake.look_at_test is
  'How far a test request of the session''s business has come; its contact is deleted as soon as it is seen';

-- A contact that came when nobody looked any more goes as well, for as long as Kafka may bring it.
create function intake.sweep_tests() returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform intake.take_test_contact(t)
  from intake.test_requests t
  where t.removed_at is null and t.begun_at < now() - interval '2 minutes';
  delete from intake.test_requests t where t.begun_at < now() - interval '30 days';
end $$;
comment on function intake.sweep_tests is 'Delete test contacts that were late';

call intake.keep_private();
grant execute on function intake.begin_test(bytea, uuid), intake.note_test(uuid, uuid, int, bigint, text),
  intake.look_at_test(bytea, uuid), intake.sweep_tests() to intake_gateway;

commit;
