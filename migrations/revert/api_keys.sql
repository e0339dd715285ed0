-- SPDX-License-Identifier: Apache-2.0
-- Drops the digests; api_key_hash still has every key but a replaced one that lived on.

begin;
call intake.lock_soon('public.businesses', 'access exclusive');

drop function intake.remember_digest(uuid, text, bytea, text);
drop function intake.revoke_api_key(uuid);
drop function intake.set_api_key(uuid, text, bytea, text, interval);
drop trigger zz_intake_hash_deleted on public.businesses;
drop trigger zz_intake_hash_inserted on public.businesses;
drop trigger zz_intake_hash_updated on public.businesses;
drop function intake.stored_hash_changed();
drop table intake.api_keys;
drop function intake.key_changed();
commit;
