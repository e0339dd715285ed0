-- SPDX-License-Identifier: Apache-2.0
-- Brings businesses back to what it was; drops it only if Intake made it.

begin;
call intake.lock_soon('public.businesses', 'access exclusive');
call intake.restore('businesses', array['id', 'user_id', 'name', 'api_key_hash', 'created_at', 'updated_at']);
commit;
