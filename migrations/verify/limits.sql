-- SPDX-License-Identifier: Apache-2.0
-- Limits can be looked up.

select business_id, requests_per_minute from intake.limits where false;
