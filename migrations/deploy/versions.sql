-- SPDX-License-Identifier: Apache-2.0
-- Versions for what others write, and the digest under which a deleted address is known.

begin;

-- A UUIDv7 (RFC 9562 section 5.7) of now, or of the millisecond after the one that it has to follow; the very last UUID
-- where there is none after it.
create function intake.uuid7_after(older uuid) returns uuid
language sql volatile
return (
  select case
    when ms >> 48 > 0 then 'ffffffff-ffff-ffff-ffff-ffffffffffff'
    else overlay(lpad(to_hex(ms), 12, '0') placing '-' from 9 for 0) || '-7' || substr(gen_random_uuid()::text, 16)
  end::uuid
  from (
    select greatest(
      floor(extract(epoch from clock_timestamp()) * 1000)::bigint,
      ('x' || left(replace(older::text, '-', ''), 12))::bit(48)::bigint + 1) as ms
  ) as clock
);
comment on function intake.uuid7_after is 'A version of now that is newer than the given one (null: than none)';

create function intake.email_digest(email text) returns bytea
language sql stable
return sha256(convert_to(email, 'UTF8'));
comment on function intake.email_digest is 'SHA-256 of an address as it is stored';

commit;
