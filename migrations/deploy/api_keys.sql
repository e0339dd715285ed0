-- SPDX-License-Identifier: Apache-2.0
-- Digests of API keys, and every way in which a key changes.
-- The channel intake_api_keys hears of each change, with the business's id.

begin;
call intake.lock_soon('public.businesses', 'share row exclusive');

create table intake.api_keys (
  digest bytea primary key check (octet_length(digest) = 32),
  business_id uuid not null references public.businesses (id) on delete cascade,
  prefix text not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  expires_at timestamptz
);
create index api_keys_business_id_idx on intake.api_keys (business_id);
comment on table intake.api_keys is 'What a request''s key is looked up by; no key is kept';
comment on column intake.api_keys.digest is
  'SHA-256 of the key''s 64 hex characters (256 random bits need no slow hash)';
comment on column intake.api_keys.prefix is 'The first characters of the key, for its owner to know it by';
comment on column intake.api_keys.expires_at is 'When a replaced key ends; null: the key in use';

create function intake.key_changed() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform pg_notify('intake_api_keys',
    case when tg_op = 'DELETE' then old.business_id else new.business_id end::text);
  return null;
end $$;
comment on function intake.key_changed is
  'Tell the gateways to forget what they know of the business''s keys and limit';

create trigger key_written after insert or delete on intake.api_keys for each row
execute function intake.key_changed();

-- last_used_at is no news.
create trigger key_updated after update on intake.api_keys for each row
when ((new.digest, new.business_id, new.prefix, new.expires_at)
  is distinct from (old.digest, old.business_id, old.prefix, old.expires_at))
execute function intake.key_changed();

create function intake.stored_hash_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' then
    delete from intake.api_keys k where k.business_id = new.id;
  end if;
  perform pg_notify('intake_api_keys', case when tg_op = 'DELETE' then old.id else new.id end::text);
  return null;
end $$;
comment on function intake.stored_hash_changed is 'A new api_key_hash ends every key of the business, whoever wrote it';

create trigger zz_intake_hash_updated after update on public.businesses for each row
when (new.api_key_hash is distinct from old.api_key_hash)
execute function intake.stored_hash_changed();

create trigger zz_intake_hash_inserted after insert on public.businesses for each row
when (new.api_key_hash is not null)
execute function intake.stored_hash_changed();

create trigger zz_intake_hash_deleted after delete on public.businesses for each row
when (old.api_key_hash is not null)
execute function intake.stored_hash_changed();

-- Nothing tells this change of api_key_hash from another's: the trigger ends every key, then come the ones that live.
-- stored_hash: '<salt hex>:<hash hex>', scrypt N=16384 r=8 p=1, 64 bytes, of the key's 64 hex characters.
create function intake.set_api_key(
  business_id uuid, stored_hash text, digest bytea, prefix text, keep_old interval default null
) returns timestamptz
language plpgsql security definer set search_path = ''
as $$
declare
  current_key intake.api_keys;
begin
  if keep_old <= interval '0' or keep_old > interval '7 days' then
    raise exception 'the old key can live on for up to 7 days, not for %', keep_old using errcode = '22023';
  end if;
  perform from public.businesses b where b.id = set_api_key.business_id for no key update;
  if not found then
    raise exception 'there is no business %', business_id using errcode = 'P0002';
  end if;
  if keep_old is not null then
    select * into current_key from intake.api_keys k
    where k.business_id = set_api_key.business_id and k.expires_at is null;
  end if;

  update public.businesses b set api_key_hash = stored_hash, updated_at = now() where b.id = set_api_key.business_id;
  delete from intake.api_keys k where k.business_id = set_api_key.business_id;

  insert into intake.api_keys (digest, business_id, prefix) values (digest, business_id, prefix);
  if current_key.digest is not null then
    current_key.expires_at := now() + keep_old;
    insert into intake.api_keys select current_key.*;
  end if;
  return current_key.expires_at;
end $$;
comment on function intake.set_api_key is
  'Give a business its new key, both sides in one transaction; returns when the old one ends'
  ' (null: at once, also where keep_old found none that Intake knows)';

create function intake.revoke_api_key(business_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  update public.businesses b set api_key_hash = null, updated_at = now() where b.id = revoke_api_key.business_id;
  if not found then
    raise exception 'there is no business %', business_id using errcode = 'P0002';
  end if;
  delete from intake.api_keys k where k.business_id = revoke_api_key.business_id;
end $$;
comment on function intake.revoke_api_key is 'Leave a business without a key';

-- The lock holds off a change of the hash until the digest is in, for the change to end it.
create function intake.remember_digest(business_id uuid, stored_hash text, digest bytea, prefix text) returns boolean
language plpgsql security definer set search_path = ''
as $$
begin
  perform from public.businesses b
  where b.id = remember_digest.business_id and b.api_key_hash = stored_hash
  for share;
  if not found then
    return false;
  end if;
  insert into intake.api_keys (digest, business_id, prefix) values (digest, business_id, prefix)
  on conflict do nothing;
  return true;
end $$;
comment on function intake.remember_digest is
  'Note the digest of a key that was verified against the given api_key_hash, if that is the hash still;'
  ' says whether it is';

commit;
