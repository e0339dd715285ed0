/* SPDX-License-Identifier: Apache-2.0 */
/* settings - configuration from the environment, from one table a program. */
#include "shared/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/memory.h"
#include "shared/roff.h"

enum { SETTING_VALUE_BYTES = 16 * 1024 }; /* the longest value, from a file too */

extern char **environ;

static void *value_of(const struct settings_group *group, const struct setting *setting)
{
	return (char *)group->values + setting->offset;
}

static void problem(struct buf *problems, const struct setting *setting, const char *what)
{
	buf_printf(problems, "%s: %s\n", setting->name, what);
}

static void wipe_free(char *text)
{
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
}

enum error settings_read_file(
	const char *path, size_t most_bytes, char **ret_text, struct failure *failure)
{
	char *text = memory_zeroed(1, most_bytes + 2);
	size_t len = 0;
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && len <= most_bytes &&
		(got = read(fd, text + len, most_bytes + 1 - len)) > 0)
		len += (size_t)got;
	enum error error = OK;
	if (fd < 0 || got < 0)
		error = failure_set(failure, E_CONFIG, "cannot read %s: %m", path);
	else if (len > most_bytes)
		error = failure_set(
			failure, E_CONFIG, "%s is longer than %zu bytes", path, most_bytes);
	else if (strlen(text) != len)
		error = failure_set(failure, E_CONFIG, "%s holds a NUL byte", path);
	if (fd >= 0)
		(void)close(fd);
	if (error) {
		sodium_memzero(text, len);
		free(text);
		return error;
	}
	if (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len > 0 && text[len - 1] == '\r')
		text[--len] = '\0';
	*ret_text = text;
	return OK;
}

/* Returned owned; NULL with a problem. */
static char *read_file(const struct setting *setting, const char *path, struct buf *problems)
{
	struct failure failure;
	char *text = NULL;
	if (settings_read_file(path, SETTING_VALUE_BYTES, &text, &failure))
		buf_printf(problems, "%s_FILE: %s\n", setting->name, failure.detail);
	return text;
}

/* The value from the environment, a file or the default. Returned owned, NULL where there is none. */
static char *find_value(const struct setting *setting, struct buf *problems)
{
	char file_name[128];
	(void)snprintf(file_name, sizeof(file_name), "%s_FILE", setting->name);
	const char *value = getenv(setting->name);
	const char *path = getenv(file_name);
	if (value && *value && path) {
		buf_printf(problems, "%s: given twice, by %s and by %s; keep one\n", setting->name,
			setting->name, file_name);
		return NULL;
	}
	if (path)
		return read_file(setting, path, problems);
	if (value && (*value || !setting->value_default))
		return memory_string(value);
	return setting->value_default ? memory_string(setting->value_default) : NULL;
}

static bool parse_bool(const char *text, bool *ret_value)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*ret_value = i % 2 == 1;
			return true;
		}
	}
	return false;
}

static bool parse_int(const char *text, int64_t *ret_value)
{
	char *end = NULL;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return false;
	*ret_value = value;
	return true;
}

/* Takes `text` (owned). */
static void store(const struct settings_group *group, const struct setting *setting, char *text,
	struct buf *problems)
{
	int64_t number;
	bool truth;
	switch (setting->type) {
	case SETTING_TEXT:
	case SETTING_SECRET:
		if ((!text || !*text) && (setting->flags & SETTING_REQUIRED))
			problem(problems, setting, "must be set");
		*(char **)value_of(group, setting) = text;
		return;
	case SETTING_INT:
		if (!text)
			break;
		if (!parse_int(text, &number))
			problem(problems, setting, "must be a whole number");
		else if (number < setting->least || number > setting->most)
			buf_printf(problems, "%s: must be between %lld and %lld%s%s\n",
				setting->name, (long long)setting->least, (long long)setting->most,
				*setting->unit ? " " : "", setting->unit);
		else
			*(int64_t *)value_of(group, setting) = number;
		break;
	case SETTING_BOOL:
		if (!text)
			break;
		if (!parse_bool(text, &truth))
			problem(problems, setting, "must be true or false");
		else
			*(bool *)value_of(group, setting) = truth;
		break;
	}
	free(text);
}

static bool is_known(
	const struct settings_group *groups, size_t count, const char *name, size_t name_len)
{
	static const char file_suffix[] = "_FILE";
	size_t suffix = sizeof(file_suffix) - 1;
	for (size_t g = 0; g < count; g++) {
		for (size_t i = 0; i < groups[g].count; i++) {
			struct span known = span_of(groups[g].rows[i].name);
			if (span_equal(known, span_from(name, name_len)))
				return true;
			if (name_len == known.len + suffix &&
				strncmp(name, known.base, known.len) == 0 &&
				strncmp(name + known.len, file_suffix, suffix) == 0)
				return true;
		}
	}
	return false;
}

static void find_unknown(
	const struct settings_group *groups, size_t count, const char *prefix, struct buf *problems)
{
	for (char **variable = environ; *variable; variable++) {
		const char *equals = strchr(*variable, '=');
		if (!equals || strncmp(*variable, prefix, strlen(prefix)) != 0)
			continue;
		int name_len = (int)(equals - *variable);
		if (!is_known(groups, count, *variable, (size_t)name_len))
			buf_printf(problems, "%.*s: there is no such setting; see --help\n",
				name_len, *variable);
	}
}

enum error settings_load(
	const struct settings_group *groups, size_t count, const char *prefix, struct buf *problems)
{
	size_t before = problems->len;
	for (size_t g = 0; g < count; g++) {
		for (size_t i = 0; i < groups[g].count; i++) {
			const struct setting *setting = &groups[g].rows[i];
			size_t found = problems->len;
			char *text = find_value(setting, problems);
			if (problems->len == found)
				store(&groups[g], setting, text, problems);
			else
				wipe_free(text);
		}
	}
	if (prefix)
		find_unknown(groups, count, prefix, problems);
	return problems->len > before ? E_CONFIG : OK;
}

void settings_free(const struct settings_group *groups, size_t count)
{
	for (size_t g = 0; g < count; g++) {
		for (size_t i = 0; i < groups[g].count; i++) {
			const struct setting *setting = &groups[g].rows[i];
			if (setting->type != SETTING_TEXT && setting->type != SETTING_SECRET)
				continue;
			char **value = value_of(&groups[g], setting);
			wipe_free(*value);
			*value = NULL;
		}
	}
}

static const char *type_text(const struct setting *setting)
{
	switch (setting->type) {
	case SETTING_INT:
		return *setting->unit ? setting->unit : "number";
	case SETTING_BOOL:
		return "true or false";
	case SETTING_SECRET:
		return "secret";
	case SETTING_TEXT:
		break;
	}
	return "text";
}

static const char *default_text(const struct setting *setting)
{
	if (setting->value_default && *setting->value_default)
		return setting->value_default;
	return setting->flags & SETTING_REQUIRED ? "must be set" : "empty";
}

void settings_help(const struct settings_group *groups, size_t count, struct buf *out)
{
	for (size_t g = 0; g < count; g++) {
		buf_printf(out, "\n%s\n", groups[g].title);
		for (size_t i = 0; i < groups[g].count; i++) {
			const struct setting *setting = &groups[g].rows[i];
			buf_printf(out, "  %s  (%s; %s)\n      %s\n", setting->name,
				type_text(setting), default_text(setting), setting->help);
		}
	}
}

void settings_example(const struct settings_group *groups, size_t count, struct buf *out)
{
	for (size_t g = 0; g < count; g++) {
		buf_printf(out, "%s# ---- %s ----\n", g ? "\n" : "", groups[g].title);
		for (size_t i = 0; i < groups[g].count; i++) {
			const struct setting *setting = &groups[g].rows[i];
			bool required = setting->flags & SETTING_REQUIRED;
			buf_printf(out, "\n# %s (%s)\n%s%s=%s\n", setting->help, type_text(setting),
				required ? "" : "#", setting->name,
				setting->value_default ? setting->value_default : "");
		}
	}
}

void settings_manual(const struct settings_group *groups, size_t count, struct buf *out)
{
	for (size_t g = 0; g < count; g++) {
		buf_printf(out, ".SS \"%s\"\n", groups[g].title);
		for (size_t i = 0; i < groups[g].count; i++) {
			const struct setting *setting = &groups[g].rows[i];
			buf_printf(out, ".TP\n\\fB%s\\fR (%s; ", setting->name, type_text(setting));
			roff_add(out, span_of(default_text(setting)));
			buf_add_text(out, ")\n");
			roff_fill(out, span_of(setting->help));
		}
	}
}

void settings_describe(const struct settings_group *groups, size_t count, struct buf *out)
{
	for (size_t g = 0; g < count; g++) {
		for (size_t i = 0; i < groups[g].count; i++) {
			const struct setting *setting = &groups[g].rows[i];
			buf_printf(out, "| `%s` | %s | %s |\n", setting->name,
				default_text(setting), setting->help);
		}
	}
}
