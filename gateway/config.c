/* SPDX-License-Identifier: Apache-2.0 */
/* config - the gateway's settings. */
#include "gateway/config.h"

#include <string.h>
#include <unistd.h>

#include "gateway/limit_redis.h"
#include "shared/http/http.h"
#include "shared/settings_check.h"

enum { THREADS_DEFAULT_MOST = 4, GROUP_COUNT = 5 };

#define ROW(name, type, field, value, least, most, unit, help)                                     \
	{                                                                                          \
		name, SETTING_##type, offsetof(struct gateway_settings, field), value, least,      \
			most, unit, help, 0                                                        \
	}

static const struct setting gateway_rows[] = {
	ROW("GATEWAY_ADMIN_LISTEN", TEXT, admin_listen, "127.0.0.1:9090", 0, 0, "",
		"Where /healthz, /readyz and /metrics are served; keep it from the public."),
	ROW("GATEWAY_ANSWER_TIMEOUT_MS", INT, answer_timeout_ms, "15000", 100, 600000, "ms",
		"The longest a sender waits for Kafka; longer than GATEWAY_KAFKA_TIMEOUT_MS."),
	ROW("GATEWAY_AUDIT_DAYS", INT, audit_days, "365", 30, 36500, "days",
		"How long intake.audit keeps who did what on the owners' page, with the address he "
		"came from."),
	ROW("GATEWAY_BODY_TIMEOUT_MS", INT, body_timeout_ms, "10000", 100, 600000, "ms",
		"From the end of a request's headers to the end of its body."),
	ROW("GATEWAY_CLOCK_MOST_MS", INT, clock_most_ms, "1000", 0, 3600000, "ms",
		"Not ready while this machine's clock and Kafka's differ by more; 0: ready "
		"anyway."),
	ROW("GATEWAY_CLOCK_WARN_MS", INT, clock_warn_ms, "100", 1, 3600000, "ms",
		"Warn when they differ by more."),
	ROW("GATEWAY_DRAIN_DELAY_MS", INT, drain_delay_ms, "0", 0, 600000, "ms",
		"After SIGTERM: how long to go on accepting while not ready, for load balancers."),
	ROW("GATEWAY_DRAIN_TIMEOUT_MS", INT, drain_timeout_ms, "25000", 100, 600000, "ms",
		"After SIGTERM: the longest to wait for requests in flight."),
	ROW("GATEWAY_HEAD_TIMEOUT_MS", INT, head_timeout_ms, "10000", 100, 600000, "ms",
		"From a request's first byte to the end of its headers."),
	ROW("GATEWAY_IDLE_TIMEOUT_MS", INT, idle_timeout_ms, "75000", 100, 3600000, "ms",
		"How long a connection may stay open between requests."),
	ROW("GATEWAY_KAFKA_LINGER_US", INT, linger_us, "1000", 0, 1000000, "us",
		"How long to gather events before they are sent to Kafka together."),
	ROW("GATEWAY_KAFKA_TIMEOUT_MS", INT, kafka_timeout_ms, "10000", 100, 600000, "ms",
		"How long to try to store an event (message.timeout.ms)."),
	ROW("GATEWAY_LISTEN", TEXT, listen, GATEWAY_LISTEN_DEFAULT, 0, 0, "",
		"Where webhooks are taken: " HTTP_ADDRESS_FORMS " (a socket unit's)."),
	ROW("GATEWAY_MAX_BODY_BYTES", INT, max_body_bytes, "131072", 1024, 1048576, "bytes",
		"The largest body that is taken."),
	ROW("GATEWAY_MAX_BUFFER_BYTES", INT, max_buffer_bytes, "134217728", 16777216,
		INT64_C(1099511627776), "bytes",
		"The most that requests under way may hold in memory: heads, bodies, answers; each "
		"event loop has an equal share."),
	ROW("GATEWAY_MAX_CONNECTIONS", INT, max_connections, "20000", 1, 1000000, "",
		"The most connections open at a time."),
	ROW("GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", INT, max_connections_per_address, "1000", 0,
		1000000, "",
		"The most of one client: an IPv4 address or an IPv6 /64; trusted proxies and unix "
		"sockets have no such cap. 0: nobody has."),
	ROW("GATEWAY_PUBLIC_URL", TEXT, public_url, NULL, 0, 0, "",
		"The address that senders use, as https://hooks.example.com."),
	ROW("GATEWAY_REDIS_TIMEOUT_MS", INT, redis_timeout_ms, "50", 1, 10000, "ms",
		"How long a request waits for Redis before this gateway's own window decides."),
	ROW("GATEWAY_REDIS_URL", SECRET, redis_url, NULL, 0, 0, "",
		"Redis or Valkey that keeps one limit for all gateways: "
		"redis://[[user]:password@]host[:port][/db], rediss:// for TLS, or unix:/path; "
		"empty: each gateway keeps its own."),
	ROW("GATEWAY_REQUESTS_PER_MINUTE", INT, requests_per_minute, "60", 1, 1000000000, "",
		"Requests a minute of a key whose business has no limit of its own."),
	ROW("GATEWAY_SETTINGS", BOOL, settings, "on", 0, 0, "",
		"The owners' page at /settings of GATEWAY_PUBLIC_URL, which must be https, or a "
		"loopback address."),
	ROW("GATEWAY_SHED_MS", INT, shed_ms, "1500", 10, 600000, "ms",
		"Requests are answered 503 at once while a new one would wait longer for Kafka."),
	ROW("GATEWAY_THREADS", INT, threads, "0", 0, THREADS_MOST, "",
		"Event loops; 0: one a core, at most 4."),
	ROW("GATEWAY_TRUSTED_PROXIES", TEXT, trusted_proxies, "", 0, 0, "",
		"Proxies whose X-Forwarded-For names the client: addresses and networks "
		"(10.0.0.0/8, ::1), and unix for all that come through a unix socket."),
	ROW("GATEWAY_WRITE_TIMEOUT_MS", INT, write_timeout_ms, "10000", 100, 600000, "ms",
		"How long a client may take to read an answer."),
	ROW("LOG_LEVEL", TEXT, log_level, "info", 0, 0, "",
		"The least level that is logged: debug, info, warn or error."),
};

static void make_groups(struct gateway_config *config, struct settings_group groups[GROUP_COUNT])
{
	const struct settings_group all[GROUP_COUNT] = {
		{"Gateway", gateway_rows, sizeof(gateway_rows) / sizeof(*gateway_rows),
			&config->gateway},
		{"Keys", key_setting_rows, key_setting_count, &config->keys},
		{"Owners' tokens", jwt_setting_rows, jwt_setting_count, &config->jwt},
		{"Kafka", kafka_setting_rows, kafka_setting_count, &config->kafka},
		{"Postgres", postgres_setting_rows, postgres_setting_count, &config->postgres},
	};
	memcpy(groups, all, sizeof(all));
}

/* A value that could not be read has its problem already, and is NULL or 0 here. */
static void check_together(struct gateway_settings *settings, struct buf *problems)
{
	settings_check_log_level("LOG_LEVEL", settings->log_level, problems);
	settings_check_address("GATEWAY_LISTEN", settings->listen, problems);
	settings_check_address("GATEWAY_ADMIN_LISTEN", settings->admin_listen, problems);
	if (settings->listen && settings->admin_listen &&
		strncmp(settings->listen, "systemd", strlen("systemd")) == 0 &&
		strcmp(settings->listen, settings->admin_listen) == 0)
		buf_add_text(problems, "GATEWAY_ADMIN_LISTEN: must be another socket than "
				       "GATEWAY_LISTEN, as systemd:admin\n");
	if (settings->answer_timeout_ms &&
		settings->answer_timeout_ms <= settings->kafka_timeout_ms)
		buf_add_text(problems, "GATEWAY_ANSWER_TIMEOUT_MS: must be longer than "
				       "GATEWAY_KAFKA_TIMEOUT_MS, or a "
				       "sender is answered before Kafka's verdict is in\n");
	if (settings->drain_timeout_ms && settings->drain_timeout_ms <= settings->answer_timeout_ms)
		buf_add_text(problems, "GATEWAY_DRAIN_TIMEOUT_MS: must be longer than "
				       "GATEWAY_ANSWER_TIMEOUT_MS, or "
				       "requests in flight are cut off\n");
	if (settings->kafka_timeout_ms && settings->linger_us / 1000 >= settings->kafka_timeout_ms)
		buf_add_text(problems,
			"GATEWAY_KAFKA_LINGER_US: must be shorter than GATEWAY_KAFKA_TIMEOUT_MS\n");
}

static void check_proxies(struct gateway_config *config, struct buf *problems)
{
	struct failure failure;
	if (network_list_parse(config->gateway.trusted_proxies, &config->proxies, &failure))
		buf_printf(problems, "GATEWAY_TRUSTED_PROXIES: %s\n", failure.detail);
}

static void check_redis_url(const char *url, struct buf *problems)
{
	struct failure failure;
	if (url && *url && limit_redis_check(url, &failure))
		buf_printf(problems, "GATEWAY_REDIS_URL: %s\n", failure.detail);
}

static void complete(struct gateway_settings *settings)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	if (settings->threads == 0)
		settings->threads = cores < 1                      ? 1
				    : cores > THREADS_DEFAULT_MOST ? THREADS_DEFAULT_MOST
								   : cores;
}

enum error config_load(struct gateway_config *config, struct buf *problems)
{
	struct settings_group groups[GROUP_COUNT];
	*config = (struct gateway_config){.gateway = {.listen = NULL}};
	make_groups(config, groups);
	enum error error = settings_load(groups, GROUP_COUNT, "GATEWAY_", problems);
	size_t before = problems->len;
	check_together(&config->gateway, problems);
	check_proxies(config, problems);
	settings_check_postgres_url("DATABASE_URL", config->postgres.url, problems);
	settings_check_postgres_url(
		"GATEWAY_LISTEN_DATABASE_URL", config->keys.listen_url, problems);
	check_redis_url(config->gateway.redis_url, problems);
	jwt_check_settings(&config->jwt, problems);
	if (error || problems->len > before)
		return E_CONFIG;
	complete(&config->gateway);
	kafka_settings_complete(&config->kafka);
	return OK;
}

void config_free(struct gateway_config *config)
{
	struct settings_group groups[GROUP_COUNT];
	make_groups(config, groups);
	settings_free(groups, GROUP_COUNT);
}

void config_write(settings_writer *write, struct buf *out)
{
	struct gateway_config config = {.gateway = {.listen = NULL}};
	struct settings_group groups[GROUP_COUNT];
	make_groups(&config, groups);
	write(groups, GROUP_COUNT, out);
}
