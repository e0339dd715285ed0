/* SPDX-License-Identifier: Apache-2.0 */
/* log - logfmt on stderr, one line an outcome. */
#include "shared/log.h"

#include <stdatomic.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/clock.h"

enum { LOG_VALUE_BYTES = 512 }; /* a longer value is cut */

static atomic_int level_least = LOG_LEVEL_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level)
{
	atomic_store(&level_least, (int)level);
}

int log_level_parse(struct span name)
{
	for (int i = LOG_LEVEL_DEBUG; i <= LOG_LEVEL_ERROR; i++) {
		if (span_equal(name, span_of(level_names[i])))
			return i;
	}
	return -1;
}

static bool is_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.base[i];
		if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '=' || byte == '\\')
			return false;
	}
	return text.len > 0;
}

/* Bytes that are no ASCII text are shown as \xNN: a log line stays one line in any terminal. */
static void add_quoted(struct buf *line, struct span text)
{
	buf_add_char(line, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.base[i];
		if (byte == '"' || byte == '\\') {
			buf_add_char(line, '\\');
			buf_add_char(line, (char)byte);
		} else if (byte == '\n') {
			buf_add_text(line, "\\n");
		} else if (byte < ' ' || byte >= 0x7f) {
			buf_printf(line, "\\x%02x", byte);
		} else {
			buf_add_char(line, (char)byte);
		}
	}
	buf_add_char(line, '"');
}

static void add_value(struct buf *line, const struct log_field *field)
{
	struct span text = field->text;
	if (field->type == LOG_FIELD_INT) {
		buf_add_int(line, field->number);
		return;
	}
	if (text.len > LOG_VALUE_BYTES)
		text.len = LOG_VALUE_BYTES;
	if (is_plain(text))
		buf_add(line, text);
	else
		add_quoted(line, text);
}

static bool is_wanted(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&level_least, memory_order_relaxed);
}

static void write_line(struct buf *line)
{
	buf_add_char(line, '\n');
	/* A log that cannot be written has nobody to be told. */
	ssize_t written = write(STDERR_FILENO, line->base, line->len);
	(void)written;
	buf_fini(line);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
	if (!is_wanted(level))
		return;
	struct buf line = {0};
	char now[CLOCK_RFC3339_BYTES];
	clock_rfc3339(now, clock_wall_ms());
	buf_add_text(&line, "ts=");
	buf_add_text(&line, now);
	buf_add_text(&line, " level=");
	buf_add_text(&line, level_names[level]);
	buf_add_text(&line, " event=");
	buf_add_text(&line, event);
	for (; fields->name; fields++) {
		buf_add_char(&line, ' ');
		buf_add_text(&line, fields->name);
		buf_add_char(&line, '=');
		add_value(&line, fields);
	}
	write_line(&line);
}

void log_plain(enum log_level level, const char *text)
{
	struct buf line = {0};
	if (!is_wanted(level))
		return;
	buf_add_text(&line, text);
	write_line(&line);
}

int64_t log_limit_take(struct log_limit *limit, int64_t now_ms)
{
	if (now_ms < limit->next_ms) {
		limit->suppressed++;
		return -1;
	}
	int64_t suppressed = limit->suppressed;
	limit->suppressed = 0;
	limit->next_ms = now_ms + limit->every_ms;
	return suppressed;
}
