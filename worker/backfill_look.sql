-- SPDX-License-Identifier: Apache-2.0
-- What the table says of a batch's contacts, before anything is written. No row is locked.
--
-- Side by side, one element a contact, as in upsert.sql:
--   $1 uuid[]  id              of its oldest event
--   $2 uuid[]  business_id
--   $3 text[]  email
--   $4 uuid[]  event_id        of its newest event
--   $5 uuid[]  phone_event_id  of its newest event with a phone; null: none has one
-- and of all of them:
--   $6 uuid                    the oldest event: only a deletion that is newer matters
--   $7 uuid, $8 uuid           deletions from $7 on and before $8 are to be taken back; null: none are
--   $9 boolean                 whether to return values too where all the events were applied
-- Returns a row for each contact that is there or was deleted, n counting from 0.
-- One look a contact by each index, whatever the statistics say: that is what `offset 0` is for.
select e.n,
  k.is_applied and not $9 as is_applied, -- the columns behind are null then
  case when not k.is_applied or $9 then k.name_event_id end as name_event_id,
  case when not k.is_applied or $9 then k.phone_event_id end as phone_event_id,
  case when not k.is_applied or $9 then k.status_event_id end as status_event_id,
  case when not k.is_applied or $9 then k.status = 'active' end as is_active,
  case when not k.is_applied or $9 then k.name end as name,
  case when not k.is_applied or $9 then k.phone end as phone,
  d.event_id as deleted,
  d.is_taken_back,
  case when d.is_taken_back then exists (select from public.contacts i where i.id = e.id) end as is_id_taken
from (
  select generate_subscripts($1::uuid[], 1) - 1 as n,
    unnest($1::uuid[]) as id, unnest($2::uuid[]) as business_id, unnest($3::text[]) as email,
    unnest($4::uuid[]) as event_id, unnest($5::uuid[]) as phone_event_id
) as e
left join lateral (
  select d.event_id, coalesce(d.event_id >= $7::uuid and d.event_id < $8::uuid, false) as is_taken_back
  from intake.deletions d
  where (select newest.event_id from intake.deletions newest order by newest.event_id desc limit 1) > $6::uuid
    and d.business_id = e.business_id and d.email_digest = intake.email_digest(e.email)
  offset 0
) as d on true
left join lateral (
  select k.name_event_id, k.phone_event_id, k.status_event_id, k.status, k.name, k.phone,
    (k.name_event_id >= e.event_id and k.status_event_id >= e.event_id and d.is_taken_back is not true
      and (k.phone_event_id >= greatest(e.phone_event_id, d.event_id)
        or greatest(e.phone_event_id, d.event_id) is null)) is true as is_applied
  from public.contacts k
  where k.business_id = e.business_id and k.email = e.email
  offset 0
) as k on true
where k.is_applied is not null or d.event_id is not null
