/* SPDX-License-Identifier: Apache-2.0 */
/* config - the gateway's settings. */
#ifndef INTAKE_GATEWAY_CONFIG_H
#define INTAKE_GATEWAY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/keys.h"
#include "gateway/settings/jwt.h"
#include "shared/buf.h"
#include "shared/error.h"
#include "shared/http/network.h"
#include "shared/kafka.h"
#include "shared/postgres.h"
#include "shared/settings.h"

#define GATEWAY_LISTEN_DEFAULT "127.0.0.1:8080"

enum { THREADS_MOST = 64 };

struct gateway_settings {
	char *listen;
	char *trusted_proxies;
	char *admin_listen;
	char *redis_url;  /* secret; NULL or "": limits are kept in the process */
	char *public_url; /* what senders see, no slash at the end; NULL: made from `listen` */
	char *log_level;
	bool settings; /* whether owners have their page */
	int64_t audit_days;
	int64_t threads; /* 0: one a core, at most 4 */
	int64_t max_body_bytes;
	int64_t requests_per_minute;
	int64_t max_buffer_bytes;
	int64_t redis_timeout_ms;
	int64_t max_connections;
	int64_t max_connections_per_address; /* 0: no cap */
	int64_t head_timeout_ms;
	int64_t body_timeout_ms;
	int64_t idle_timeout_ms;
	int64_t write_timeout_ms;
	int64_t kafka_timeout_ms;
	int64_t answer_timeout_ms;
	int64_t shed_ms;
	int64_t linger_us;
	int64_t clock_warn_ms;
	int64_t clock_most_ms; /* 0: it does not matter to readiness */
	int64_t drain_delay_ms;
	int64_t drain_timeout_ms;
};

struct gateway_config {
	struct gateway_settings gateway;
	struct network_list proxies; /* GATEWAY_TRUSTED_PROXIES */
	struct kafka_settings kafka;
	struct postgres_settings postgres;
	struct key_settings keys;
	struct jwt_settings jwt;
};

/*
 * Read and check the environment.
 *
 * Takes:   problems - gets one sentence a line.
 * Returns: OK; E_CONFIG. Either way config_free it.
 */
MUST_CHECK enum error config_load(struct gateway_config *config, struct buf *problems);
void config_free(struct gateway_config *config);

/* Add all settings to `out`, in the form that `write` gives them. */
void config_write(settings_writer *write, struct buf *out);

#endif
