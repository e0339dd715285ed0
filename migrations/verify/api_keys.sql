-- SPDX-License-Identifier: Apache-2.0
-- Keys can be looked up and changed.

select digest, business_id, prefix, created_at, last_used_at, expires_at from intake.api_keys where false;
select 'intake.set_api_key(uuid, text, bytea, text, interval)'::regprocedure,
  'intake.revoke_api_key(uuid)'::regprocedure,
  'intake.remember_digest(uuid, text, bytea, text)'::regprocedure;
select 1 / (count(*) = 3)::int from pg_trigger
where tgrelid = 'public.businesses'::regclass and tgname like 'zz\_intake\_hash\_%' and tgenabled <> 'D';
