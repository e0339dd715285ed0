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
--   $6 uuid                    the oldest event: only a deletion that is newer matters, or one newer than a phone
--   $7 uuid, $8 uuid           deletions from $7 on and before $8 are to be taken back; null: none are
--   $9 boolean                 whether to return values too where all the events were applied
--   $10 boolean                what to be silent about: false: contacts that are not there and were not deleted;
--                              true: those of which all the events were applied, unless they were deleted or $9
-- Returns a row for each of the other contacts, n counting from 0.
-- One look a contact by each index, whatever the statistics say: that is what `offset 0` is for.
select s.n,
  case when s.is_there then s.is_applied and not $9 end as is_applied, -- true: the columns behind are null
  case when not s.is_applied or $9 then s.name_event_id end as name_event_id,
  case when not s.is_applied or $9 then s.phone_event_id end as phone_event_id,
  case when not s.is_applied or $9 then s.status_event_id end as status_event_id,
  case when not s.is_applied or $9 then s.status = 'active' end as is_active,
  case when not s.is_applied or $9 then s.name end as name,
  case when not s.is_applied or $9 then s.phone end as phone,
  s.deleted, s.is_mistake,
  case when s.is_mistake then exists (select from public.contacts i where i.id = s.id) end as is_id_taken
from (
  select e.n, e.id, k.*, d.event_id as deleted, d.is_mistake,
    case when k.is_there then
      (k.name_event_id >= e.event_id and k.status_event_id >= e.event_id and d.is_mistake is not true
        and (k.phone_event_id >= greatest(e.phone_event_id, d.event_id)
          or greatest(e.phone_event_id, d.event_id) is null)) is true
    end as is_applied
  from (
    select generate_subscripts($1::uuid[], 1) - 1 as n,
      unnest($1::uuid[]) as id, unnest($2::uuid[]) as business_id, unnest($3::text[]) as email,
      unnest($4::uuid[]) as event_id, unnest($5::uuid[]) as phone_event_id
  ) as e
  left join lateral (
    select true as is_there, k.name_event_id, k.phone_event_id, k.status_event_id, k.status, k.name, k.phone
    from public.contacts k
    where k.business_id = e.business_id and k.email = e.email
    offset 0
  ) as k on true
  left join lateral (
    select d.event_id, coalesce(d.event_id >= $7::uuid and d.event_id < $8::uuid, false) as is_mistake
    from intake.deletions d
    where (select newest.event_id from intake.deletions newest order by newest.event_id desc limit 1)
        > least($6::uuid, case when k.phone is not null
          then coalesce(k.phone_event_id, '00000000-0000-0000-0000-000000000000') end)
      and d.business_id = e.business_id and d.email_digest = intake.email_digest(e.email)
    offset 0
  ) as d on true
  offset 0
) as s
where case when $10 then $9 or s.is_applied is not true else s.is_there end
  or s.deleted is not null
