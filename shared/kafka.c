/* SPDX-License-Identifier: Apache-2.0 */
/* kafka - setting up librdkafka clients. */
#include "shared/kafka.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "shared/log.h"
#include "shared/memory.h"

#define PROPERTY_PREFIX "KAFKA_PROPERTY_"
#define DEAD_LETTER_SUFFIX ".dead-letter"

enum { PROPERTY_NAME_BYTES = 128, PROPERTY_VALUE_BYTES = 1024 * 1024 };

extern char **environ;

const struct setting kafka_setting_rows[] = {
	{"KAFKA_BROKERS", SETTING_TEXT, offsetof(struct kafka_settings, brokers), NULL, 0, 0, "",
		"Bootstrap servers, host:port, separated by commas.", SETTING_REQUIRED},
	{"CONTACTS_TOPIC", SETTING_TEXT, offsetof(struct kafka_settings, topic), "contacts", 0, 0,
		"", "The topic that contacts go through.", SETTING_REQUIRED},
	{"CONTACTS_DEAD_LETTER_TOPIC", SETTING_TEXT,
		offsetof(struct kafka_settings, dead_letter_topic), NULL, 0, 0, "",
		"The topic for records that cannot be applied; <CONTACTS_TOPIC>.dead-letter when "
		"empty.",
		0},
	{"KAFKA_EMBEDDED", SETTING_BOOL, offsetof(struct kafka_settings, embedded), "false", 0, 0,
		"",
		"True when the broker is the in-memory one of deploy/quickstart: for trying out "
		"only, it "
		"loses everything when it stops.",
		0},
};
const size_t kafka_setting_count = sizeof(kafka_setting_rows) / sizeof(*kafka_setting_rows);

void kafka_settings_complete(struct kafka_settings *settings)
{
	if (settings->dead_letter_topic && *settings->dead_letter_topic)
		return;
	size_t size_bytes = strlen(settings->topic) + sizeof(DEAD_LETTER_SUFFIX);
	free(settings->dead_letter_topic);
	settings->dead_letter_topic = memory_alloc(size_bytes);
	(void)snprintf(settings->dead_letter_topic, size_bytes, "%s%s", settings->topic,
		DEAD_LETTER_SUFFIX);
}

const char *kafka_dead_letter_topic(const struct kafka_settings *settings)
{
	return settings->dead_letter_topic;
}

/* librdkafka's own lines; it never logs payloads. */
static void log_line(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
	enum log_level ours = LOG_LEVEL_DEBUG;
	if (level <= LOG_ERR)
		ours = LOG_LEVEL_WARN;
	else if (level <= LOG_NOTICE)
		ours = LOG_LEVEL_INFO;
	log_write(ours, "kafka.log",
		LOG_FIELDS(log_text("client", client ? rd_kafka_name(client) : ""),
			log_text("facility", facility), log_text("text", text)));
}

static enum error set_property(
	rd_kafka_conf_t *conf, const char *name, const char *value, struct failure *failure)
{
	char reason[256];
	if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
		return OK;
	/* The reason may quote the value, which may be a password: only the name is told. */
	return failure_set(failure, E_CONFIG,
		"Kafka property %s: unknown, or its value is not taken by librdkafka %s", name,
		rd_kafka_version_str());
}

/* SECURITY_PROTOCOL -> security.protocol; a double underscore stays one underscore. */
static bool property_name(struct span from, char out[static PROPERTY_NAME_BYTES])
{
	size_t len = 0;
	if (from.len >= PROPERTY_NAME_BYTES)
		return false;
	for (size_t i = 0; i < from.len; i++) {
		if (from.base[i] == '_' && i + 1 < from.len && from.base[i + 1] == '_') {
			out[len++] = '_';
			i++;
		} else if (from.base[i] == '_') {
			out[len++] = '.';
		} else {
			out[len++] = (char)tolower((unsigned char)from.base[i]);
		}
	}
	out[len] = '\0';
	return len > 0;
}

/*
 * What may not be set from outside beside our own properties: their other names, what would change
 * their meaning, and librdkafka's in-memory broker, which keeps nothing.
 */
static const char *const refused_properties[] = {
	"delivery.timeout.ms", /* message.timeout.ms */
	"offset.store.method",
	"queue.buffering.max.ms", /* linger.ms */
	"request.required.acks",  /* acks */
	"transactional.id",
};

static bool is_ours(const struct kafka_property *ours, const char *name)
{
	for (; ours->name; ours++) {
		if (strcmp(ours->name, name) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof(refused_properties) / sizeof(*refused_properties); i++) {
		if (strcmp(refused_properties[i], name) == 0)
			return true;
	}
	return strncmp(name, "test.", 5) == 0;
}

/* Takes: variable - "KAFKA_PROPERTY_X=value" or "KAFKA_PROPERTY_X_FILE=path". */
static enum error apply_variable(rd_kafka_conf_t *conf, const struct kafka_property *ours,
	const char *variable, struct failure *failure)
{
	static const struct span suffix = {"_FILE", 5};
	char name[PROPERTY_NAME_BYTES];
	const char *equals = strchr(variable, '=');
	const char *start = variable + strlen(PROPERTY_PREFIX);
	struct span given = span_from(start, (size_t)(equals - start));
	bool from_file = given.len > suffix.len &&
			 memcmp(given.base + given.len - suffix.len, suffix.base, suffix.len) == 0;
	if (from_file)
		given.len -= suffix.len;
	if (!property_name(given, name))
		return failure_set(failure, E_CONFIG, "%.*s: not the name of a Kafka property",
			(int)(equals - variable), variable);
	if (is_ours(ours, name))
		return failure_set(failure, E_CONFIG,
			"Kafka property %s: Intake's promises rest on its value, it cannot be set",
			name);
	char *value = NULL;
	enum error error = OK;
	if (from_file)
		error = settings_read_file(equals + 1, PROPERTY_VALUE_BYTES, &value, failure);
	else
		value = memory_string(equals + 1);
	if (error)
		return error;
	error = set_property(conf, name, value, failure);
	explicit_bzero(value, strlen(value));
	free(value);
	return error;
}

static enum error apply_environment(
	rd_kafka_conf_t *conf, const struct kafka_property *ours, struct failure *failure)
{
	for (char **variable = environ; *variable; variable++) {
		if (strncmp(*variable, PROPERTY_PREFIX, strlen(PROPERTY_PREFIX)) != 0 ||
			!strchr(*variable, '='))
			continue;
		enum error error = apply_variable(conf, ours, *variable, failure);
		if (error)
			return error;
	}
	return OK;
}

static enum error apply_all(rd_kafka_conf_t *conf, const struct kafka_settings *settings,
	const struct kafka_property *ours, const struct kafka_property *defaults,
	struct failure *failure)
{
	enum error error = set_property(conf, "bootstrap.servers", settings->brokers, failure);
	for (; !error && defaults->name; defaults++)
		error = set_property(conf, defaults->name, defaults->value, failure);
	if (!error)
		error = apply_environment(conf, ours, failure);
	for (; !error && ours->name; ours++)
		error = set_property(conf, ours->name, ours->value, failure);
	return error;
}

enum error kafka_conf_new(const struct kafka_settings *settings, const struct kafka_property *ours,
	const struct kafka_property *defaults, rd_kafka_conf_t **ret_conf, struct failure *failure)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set_log_cb(conf, log_line);
	enum error error = apply_all(conf, settings, ours, defaults, failure);
	if (error)
		rd_kafka_conf_destroy(conf);
	else
		*ret_conf = conf;
	return error;
}
