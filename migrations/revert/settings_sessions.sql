-- SPDX-License-Identifier: Apache-2.0
-- Drops links and sessions, and what was noted of changes of keys.

begin;
call intake.lock_soon('public.businesses', 'access exclusive');

drop procedure intake.keep_private();
drop function intake.settings_sweep();
drop function intake.settings_end_old_key(bytea, int, text);
drop function intake.settings_set_key(bytea, int, text, bytea, text, interval, text);
drop function intake.settings_state(bytea);
drop function intake.session_businesses(bytea);
drop function intake.choose_business(bytea, uuid, text);
drop function intake.sign_out(bytea);
drop function intake.sign_in_as_user(uuid, bytea, bytea, text);
drop function intake.sign_in_by_link(bytea, bytea, bytea, text);
drop function intake.note_action(intake.sessions, text, text);
drop function intake.live_session(bytea);
drop table intake.audit;
drop table intake.sessions;
drop table intake.sign_in_links;
commit;
