/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program - what both programs' main does: find the subcommand, print usage, harden the process.
 */
#ifndef INTAKE_SHARED_PROGRAM_H
#define INTAKE_SHARED_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/settings.h"
#include "shared/span.h"

enum program_exit { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct program_command {
	const char *name;     /* "serve", or two words: "key regenerate" */
	const char *argument; /* the options: "--business ID [--keep-old 24h] [--json]" */
	int (*run)(int argc,
		char **argv);    /* argv[0] is the last word of the name; returns an exit code */
	const char *description; /* one line; what follows it is for its own --help */
};

struct program {
	const char *name;
	const char *purpose; /* one sentence */
	const struct program_command *commands;
	size_t count;
	void (*write_settings)(settings_writer *write, struct buf *out); /* for --help */
};

/*
 * Run the command that argv names. `--help`, `-h`, `help`, `--version` are answered here.
 * Returns: the exit code.
 */
int program_main(const struct program *program, int argc, char **argv);

enum { PROGRAM_LIST_MOST = 100 };

/* The values of an option that may be given several times. */
struct program_list {
	const char *items[PROGRAM_LIST_MOST]; /* borrowed from argv */
	size_t count;
};

/* One option of a command. */
struct program_option {
	const char *name;   /* "--business"; without dashes, "JOB", it is a bare word */
	const char **value; /* takes a value, borrowed from argv; NULL: it is a switch */
	bool *given;        /* may be NULL */
	bool required;
	struct program_list *list; /* instead of `value`: it may be given several times */
};

/*
 * Read a command's options.
 *
 * Takes:   options - ends with name NULL; `--name=value` and `--name value` both work.
 * Returns: OK; E_USAGE after a sentence on stderr.
 */
MUST_CHECK enum error program_options(int argc, char **argv, const struct program_option *options);

/* "90s", "24h", "7d", "15m" -> seconds. False: not of that form, or out of 1 s..10 years. */
bool program_duration(const char *text, int64_t *ret_seconds);

/*
 * A moment as clock_parse reads it, or a duration: so long before now.
 *
 * Takes:   now_ms - wall clock.
 * Returns: false: neither.
 */
bool program_moment(const char *text, int64_t now_ms, int64_t *ret_ms);

/*
 * Before anything secret is read: no core dumps (PR_SET_DUMPABLE, RLIMIT_CORE: buffers hold keys),
 * SIGPIPE ignored, as many file descriptors as allowed, libsodium ready.
 */
void program_harden(void);

/*
 * SIGTERM and SIGINT as something to read, in whatever thread they would have come. Call it before others
 * start.
 *
 * Returns: owned (close), readable once one has come; -1, errno says why.
 */
int program_stop_fd(void);

#endif
