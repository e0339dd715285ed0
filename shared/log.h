/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - logfmt on stderr, one line an outcome.
 *
 *	log_info("gateway.listening", log_text("address", "127.0.0.1:8080"), log_int("threads", 2));
 *	ts=2026-11-22T18:00:00.000Z level=info event=gateway.listening address=127.0.0.1:8080 threads=2
 *
 * error: somebody must act; warn: degraded, going on; info: life cycle; debug: the rest. Values are
 * escaped and cut. Never a body, a key or an e-mail. Thread: any; a line is one write(2).
 */
#ifndef INTAKE_SHARED_LOG_H
#define INTAKE_SHARED_LOG_H

#include <stdint.h>

#include "shared/error.h"
#include "shared/span.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
	const char *name; /* NULL ends the list */
	enum { LOG_FIELD_TEXT, LOG_FIELD_INT } type;
	struct span text;
	int64_t number;
};

static inline struct log_field log_span(const char *name, struct span text)
{
	return (struct log_field){.name = name, .type = LOG_FIELD_TEXT, .text = text};
}

static inline struct log_field log_text(const char *name, const char *text)
{
	return log_span(name, span_of(text ? text : ""));
}

static inline struct log_field log_int(const char *name, int64_t number)
{
	return (struct log_field){.name = name, .type = LOG_FIELD_INT, .number = number};
}

/* Lines below this level are not written. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* "debug", "info", "warn", "error"; -1: none of them. */
int log_level_parse(struct span name);

/* Takes: fields - ends with one whose name is NULL. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define LOG_FIELDS(...) ((const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.name = NULL}})
#define log_debug(event, ...) log_write(LOG_LEVEL_DEBUG, event, LOG_FIELDS(__VA_ARGS__))
#define log_info(event, ...) log_write(LOG_LEVEL_INFO, event, LOG_FIELDS(__VA_ARGS__))
#define log_warn(event, ...) log_write(LOG_LEVEL_WARN, event, LOG_FIELDS(__VA_ARGS__))
#define log_error(event, ...) log_write(LOG_LEVEL_ERROR, event, LOG_FIELDS(__VA_ARGS__))

/* A line for a person at a terminal, as it is. Takes: text - ours, no value from outside in it. */
void log_plain(enum log_level level, const char *text);

/* Keeps a line that may repeat from filling the disk: one in `every_ms`, the others counted. */
struct log_limit {
	int64_t every_ms;
	int64_t next_ms;    /* steady clock */
	int64_t suppressed; /* since the last line */
};

/*
 * Whether the line may be written now.
 *
 * Takes:   now_ms - steady clock.
 * Returns: -1: no, counted; else how many were held back since the last one.
 * Thread:  the limit's owner.
 */
int64_t log_limit_take(struct log_limit *limit, int64_t now_ms);

#endif
