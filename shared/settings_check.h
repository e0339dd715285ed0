/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_check - what values have to look like that both programs are given.
 *
 * Each takes: name - of the setting, for problems; value - NULL: it could not be read, and has its problem already.
 * Adds to problems a line "NAME: what is wrong", without the value. Nothing is connected to or looked up.
 */
#ifndef INTAKE_SHARED_SETTINGS_CHECK_H
#define INTAKE_SHARED_SETTINGS_CHECK_H

#include "shared/buf.h"

/* An address to listen at, of a form that http_listen takes. */
void settings_check_address(const char *name, const char *value, struct buf *problems);

/* A libpq URI or conninfo string; or "", where a setting may be that. */
void settings_check_postgres_url(const char *name, const char *value, struct buf *problems);

/* A log level; from now on it holds. */
void settings_check_log_level(const char *name, const char *value, struct buf *problems);

#endif
