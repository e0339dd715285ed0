-- SPDX-License-Identifier: Apache-2.0
-- The worker's statement: writes a batch of folded events, each field only to a newer event's value.
--
-- Rows are distinct and sorted by (business_id, email); each folds one contact's events:
--   $1 uuid[]  id              of its oldest event (the smallest): a new contact's id, unless a deletion outdates it
--                              (the contact that had that id may live on under another address)
--   $2 uuid[]  business_id
--   $3 text[]  email
--   $4 text[]  name            of its newest event
--   $5 uuid[]  event_id        of its newest event: the version of name and of status
--   $6 text[]  phone           of its newest event with a phone; null: none has one
--   $7 uuid[]  phone_event_id  of that event; null with phone
--   $8 boolean look first      whether the row says that the events were applied: then they cost no lock and no WAL,
--                              but all others cost a look more
-- Returns one row: inserted, updated (bigint). The other rows of the batch were stale.
--
-- The arrays are taken apart side by side in a select list: in a from clause each would be written down first.
-- A deletion is a version of phone too: what was there before it does not come back.
-- Only a deletion newer than the batch's oldest event matters: one look at the newest, and most batches need no other.
-- A deletion that is committed while this statement waits for it, the trigger zz_intake_inserted sees.
with written as (
  insert into public.contacts as c
    (id, business_id, email, name, name_event_id, phone, phone_event_id, status, status_event_id)
  select case when e.id > e.deleted or e.deleted is null then e.id else e.event_id end,
    e.business_id, e.email, e.name, e.event_id,
    case when e.phone_event_id > e.deleted or e.deleted is null then e.phone end,
    greatest(e.phone_event_id, e.deleted),
    'active', e.event_id
  from (
    select e.*, case
      when (select d.event_id from intake.deletions d order by d.event_id desc limit 1)
        > (select id from unnest($1::uuid[]) as id order by id limit 1)
      then (
        select d.event_id
        from intake.deletions d
        where d.business_id = e.business_id and d.email_digest = intake.email_digest(e.email)
      ) end as deleted
    from (
      select unnest($1::uuid[]) as id, unnest($2::uuid[]) as business_id, unnest($3::text[]) as email,
        unnest($4::text[]) as name, unnest($5::uuid[]) as event_id, unnest($6::text[]) as phone,
        unnest($7::uuid[]) as phone_event_id
    ) as e
    offset 0 -- keeps it a subquery: deleted is looked up once a row, not once for each mention of it
  ) as e
  where (e.event_id > e.deleted or e.deleted is null)
    and not ($8 and exists (
      select from public.contacts k
      where k.business_id = e.business_id and k.email = e.email
        and k.name_event_id >= e.event_id and k.status_event_id >= e.event_id
        and (k.phone_event_id >= greatest(e.phone_event_id, e.deleted)
          or greatest(e.phone_event_id, e.deleted) is null)
      offset 0 -- one look a row by the index, whatever the statistics say
    ))
  on conflict (business_id, email) do update set
    name = case when (excluded.name_event_id > c.name_event_id) is not false
      then excluded.name else c.name end,
    phone = case when (excluded.phone_event_id > c.phone_event_id) is not false and excluded.phone_event_id is not null
      then excluded.phone else c.phone end,
    status = case when (excluded.status_event_id > c.status_event_id) is not false
      then excluded.status else c.status end,
    name_event_id = greatest(excluded.name_event_id, c.name_event_id),
    phone_event_id = greatest(excluded.phone_event_id, c.phone_event_id),
    status_event_id = greatest(excluded.status_event_id, c.status_event_id),
    updated_at = case when
        (excluded.name_event_id > c.name_event_id) is not false and excluded.name is distinct from c.name
        or (excluded.phone_event_id > c.phone_event_id) is not false and excluded.phone_event_id is not null
          and excluded.phone is distinct from c.phone
        or (excluded.status_event_id > c.status_event_id) is not false and excluded.status is distinct from c.status
      then now() else c.updated_at end
  where (excluded.name_event_id > c.name_event_id) is not false
    or (excluded.status_event_id > c.status_event_id) is not false
    or (excluded.phone_event_id > c.phone_event_id) is not false and excluded.phone_event_id is not null
  returning xmax = 0 as is_inserted
)
select count(*) filter (where is_inserted) as inserted, count(*) filter (where not is_inserted) as updated
from written
