-- SPDX-License-Identifier: Apache-2.0
-- ON CONFLICT (business_id, email) finds an index.

explain insert into public.contacts (business_id, name, email)
values ('00000000-0000-0000-0000-000000000000', '', '') on conflict (business_id, email) do nothing;
