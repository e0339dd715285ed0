/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings - configuration from the environment, from one table a program.
 *
 * A table row says name, type, default, bounds, unit and help; it feeds parsing, --help, the example
 * file under deploy/ and the README. A table describes a struct by offsets, so that a module can bring
 * the rows of what it needs (Kafka, Postgres) and a program strings tables together.
 *
 * NAME_FILE reads the value of NAME from a file (its last newline is cut off). All problems are
 * reported, not only the first.
 */
#ifndef INTAKE_SHARED_SETTINGS_H
#define INTAKE_SHARED_SETTINGS_H

#include <stddef.h>

#include "shared/buf.h"
#include "shared/error.h"

enum setting_type {
	SETTING_TEXT,   /* char *, owned */
	SETTING_SECRET, /* char *, owned; never shown */
	SETTING_INT,    /* int64_t, within least..most */
	SETTING_BOOL,   /* bool: true/false, yes/no, on/off, 1/0 */
};

enum { SETTING_REQUIRED = 1 };

struct setting {
	const char *name; /* environment variable */
	enum setting_type type;
	size_t offset;             /* of the value in the struct */
	const char *value_default; /* NULL: SETTING_TEXT and _SECRET stay NULL */
	int64_t least;
	int64_t most;
	const char *unit; /* "ms", "bytes", "" */
	const char *help; /* one sentence */
	unsigned flags;   /* SETTING_REQUIRED: empty is a problem */
};

/* One table and the struct it fills. */
struct settings_group {
	const char *title;
	const struct setting *rows;
	size_t count;
	void *values; /* borrowed; zeroed by the caller before */
};

/*
 * Read the environment into the groups' structs.
 *
 * Takes:   prefix - "GATEWAY_": an unknown variable of that prefix is a problem; NULL: none is (for
 *          a command that needs only some of a program's settings).
 *          problems - a sentence a line is added to it.
 * Returns: OK; E_CONFIG with at least one problem (structs are filled as far as possible).
 */
MUST_CHECK enum error settings_load(const struct settings_group *groups, size_t count,
	const char *prefix, struct buf *problems);

/*
 * Read a small text file whole, without its last end of line.
 *
 * Returns: OK, ret_text owned, NUL-terminated, perhaps secret; E_CONFIG: it cannot be read, is longer
 *          than most_bytes or holds a NUL.
 */
MUST_CHECK enum error settings_read_file(
	const char *path, size_t most_bytes, char **ret_text, struct failure *failure);

/* Frees and wipes the text and secret values. */
void settings_free(const struct settings_group *groups, size_t count);

/* One of the following: adds the tables to `out` in its form. */
typedef void settings_writer(const struct settings_group *groups, size_t count, struct buf *out);

/* For --help: name, default, help, a block a setting. */
void settings_help(const struct settings_group *groups, size_t count, struct buf *out);

/* As an environment file with comments; defaults commented out. */
void settings_example(const struct settings_group *groups, size_t count, struct buf *out);

/* As sections of a man page. */
void settings_manual(const struct settings_group *groups, size_t count, struct buf *out);

/* As rows of a Markdown table. */
void settings_describe(const struct settings_group *groups, size_t count, struct buf *out);

#endif
