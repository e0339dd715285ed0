-- SPDX-License-Identifier: Apache-2.0
-- Stops where an address is doubled within a business or not in lower case; changes nothing.

do $$
declare
  found_count bigint;
  find_them constant text :=
    'select business_id, lower(email collate "C") as address, array_agg(email) as written, array_agg(id) as ids'
    ' from public.contacts group by 1, 2'
    ' having count(*) > 1 or bool_or(email <> lower(email collate "C"))';
begin
  if to_regclass('public.contacts') is null then
    return;
  end if;
  execute format('select count(*) from (%s) as found', find_them) into found_count;
  if found_count > 0 then
    raise exception 'public.contacts has % e-mail address(es) that are doubled within a business or not in lower case;'
      ' correct them and deploy again, nothing was changed.', found_count
      using hint = 'This finds them: ' || find_them || ';';
  end if;
end $$;
