/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_settings - any environment: the gateway's settings are within their bounds, or there is a
 * sentence for what is wrong; no value of a secret is in a sentence.
 *
 * A line of input is a variable. Where its name ends in _FILE its value becomes a file's content, so
 * that nothing but that file is opened; and librdkafka is given no plug-in to load.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/config.h"
#include "shared/buf.h"
#include "shared/ensure.h"
#include "shared/kafka.h"
#include "shared/memory.h"
#include "tests/fuzz/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VARIABLES_MOST = 24 };

static const struct span marker = SPAN("c4n4ry");

extern char **environ;

struct environment {
	char *variables[VARIABLES_MOST + 1];
	int files[VARIABLES_MOST];
	size_t count;
	bool is_name_marked;
};

/* The tables, caught on their way to be written. Takes: out - gets the groups' bytes. */
static void catch_groups(const struct settings_group *groups, size_t count, struct buf *out)
{
	buf_add(out, span_from((const char *)groups, count * sizeof(*groups)));
}

static int file_of(struct span content)
{
	int fd = memfd_create("fuzz_settings", MFD_CLOEXEC);
	ensure(fd >= 0);
	ensure(write(fd, content.base, content.len) == (ssize_t)content.len);
	return fd;
}

static bool ends_in_file(struct span name)
{
	static const struct span suffix = SPAN("_FILE");
	return name.len >= suffix.len &&
	       memcmp(name.base + name.len - suffix.len, suffix.base, suffix.len) == 0;
}

/* In whatever case: names of properties are told in lower case. */
static bool holds_nocase(struct span text, struct span needle)
{
	for (; text.len >= needle.len; text = span_from(text.base + 1, text.len - 1)) {
		if (span_starts_nocase(text, needle))
			return true;
	}
	return false;
}

static void add_variable(struct environment *environment, struct span line)
{
	struct span value = line;
	struct span name;
	struct buf text = {0};
	size_t at = environment->count;
	environment->files[at] = -1;
	if (!line.len || memchr(line.base, '\0', line.len) || !memchr(line.base, '=', line.len) ||
		!reference_next(&value, '=', &name))
		return;
	environment->is_name_marked = environment->is_name_marked || holds_nocase(name, marker);
	buf_add(&text, name);
	if (ends_in_file(name)) {
		environment->files[at] = file_of(value);
		buf_printf(&text, "=/proc/self/fd/%d", environment->files[at]);
	} else {
		buf_add_char(&text, '=');
		buf_add(&text, value);
	}
	environment->variables[at] = memory_string(buf_text(&text));
	environment->count++;
	buf_fini(&text);
}

static void environment_fini(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++) {
		if (environment->files[i] >= 0)
			(void)close(environment->files[i]);
		free(environment->variables[i]);
	}
}

static const struct setting *setting_named(
	const struct settings_group *groups, size_t count, struct span name)
{
	if (ends_in_file(name))
		name.len -= strlen("_FILE");
	for (size_t g = 0; g < count; g++) {
		for (size_t i = 0; i < groups[g].count; i++) {
			if (span_equal(span_of(groups[g].rows[i].name), name))
				return &groups[g].rows[i];
		}
	}
	return NULL;
}

/* Each problem names what to change; text that is no secret may be quoted. */
static void check_problems(const struct settings_group *groups, size_t count, struct span problems,
	const struct environment *environment)
{
	struct span line;
	while (!environment->is_name_marked && reference_next(&problems, '\n', &line)) {
		struct span name = line;
		struct span rest = line;
		ensure(!line.len || reference_holds(line, SPAN(": ")));
		(void)reference_next(&rest, ':', &name);
		const struct setting *setting = setting_named(groups, count, name);
		ensure(!reference_holds(line, marker) ||
			(setting && setting->type == SETTING_TEXT));
	}
}

static void check_values(const struct settings_group *group, const void *values)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct setting *row = &group->rows[i];
		const void *value = (const char *)values + row->offset;
		int64_t number = row->type == SETTING_INT ? *(const int64_t *)value : 0;
		const char *text = NULL;
		if (row->type == SETTING_TEXT || row->type == SETTING_SECRET)
			text = *(char *const *)value;
		ensure(row->type != SETTING_INT || (number >= row->least && number <= row->most));
		ensure(!(row->flags & SETTING_REQUIRED) || (text && *text));
	}
}

static bool names_plugin(const struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++) {
		if (strcasestr(environment->variables[i], "plugin"))
			return true;
	}
	return false;
}

/* KAFKA_PROPERTY_*: what is not taken is told by its name alone. */
static void check_properties(
	const struct kafka_settings *settings, const struct environment *environment)
{
	static const struct kafka_property ours[] = {{"acks", "all"}, {NULL, NULL}};
	static const struct kafka_property defaults[] = {{"client.id", "fuzz"}, {NULL, NULL}};
	rd_kafka_conf_t *conf = NULL;
	struct failure failure = {.detail = ""};
	char acks[8] = "";
	size_t size = sizeof(acks);
	if (names_plugin(environment))
		return;
	enum error error = kafka_conf_new(settings, ours, defaults, &conf, &failure);
	ensure(error == (conf ? OK : E_CONFIG));
	ensure(conf || failure.detail[0]);
	ensure(environment->is_name_marked || !reference_holds(span_of(failure.detail), marker));
	if (!conf)
		return;
	ensure(rd_kafka_conf_get(conf, "acks", acks, &size) == RD_KAFKA_CONF_OK);
	ensure(strcmp(acks, "-1") == 0); /* all */
	rd_kafka_conf_destroy(conf);
}

static void load(const struct environment *environment)
{
	struct gateway_config config;
	struct buf problems = {0};
	struct buf caught = {0};
	config_write(catch_groups, &caught);
	const struct settings_group *groups = (const struct settings_group *)caught.base;
	const void *const values[] = {
		&config.gateway, &config.keys, &config.jwt, &config.kafka, &config.postgres};
	size_t count = caught.len / sizeof(*groups);
	ensure(count == sizeof(values) / sizeof(*values));
	enum error error = config_load(&config, &problems);
	ensure((error == OK) == (problems.len == 0));
	ensure(error == OK || error == E_CONFIG);
	check_problems(groups, count, buf_span(&problems), environment);
	for (size_t i = 0; !error && i < count; i++)
		check_values(&groups[i], values[i]);
	if (!error)
		check_properties(&config.kafka, environment);
	config_free(&config);
	buf_fini(&problems);
	buf_fini(&caught);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct environment environment = {.count = 0};
	struct span input = span_from((const char *)data, size);
	struct span line;
	char **before = environ;
	while (environment.count < VARIABLES_MOST && reference_next(&input, '\n', &line))
		add_variable(&environment, line);
	environ = environment.variables;
	load(&environment);
	environ = before;
	environment_fini(&environment);
	return 0;
}
