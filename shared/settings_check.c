/* SPDX-License-Identifier: Apache-2.0 */
/* settings_check - what values have to look like that both programs are given. */
#include "shared/settings_check.h"

#include "shared/http/http.h"
#include "shared/log.h"
#include "shared/postgres.h"

void settings_check_address(const char *name, const char *value, struct buf *problems)
{
	if (value && !http_address_is_valid(value))
		buf_printf(problems, "%s: must be " HTTP_ADDRESS_FORMS "\n", name);
}

void settings_check_postgres_url(const char *name, const char *value, struct buf *problems)
{
	if (value && *value && !postgres_url_is_valid(value))
		buf_printf(problems, "%s: not a libpq URI or conninfo string\n", name);
}

void settings_check_log_level(const char *name, const char *value, struct buf *problems)
{
	int level = value ? log_level_parse(span_of(value)) : LOG_LEVEL_INFO;
	if (level < 0)
		buf_printf(problems, "%s: must be debug, info, warn or error\n", name);
	else
		log_set_level((enum log_level)level);
}
