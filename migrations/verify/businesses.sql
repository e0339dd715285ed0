-- SPDX-License-Identifier: Apache-2.0
-- The columns that Intake relies on are there.

select id, user_id, name, api_key_hash, created_at, updated_at from public.businesses where false;
