/* SPDX-License-Identifier: Apache-2.0 */
/* main - intake-gateway: takes contacts by webhook and stores them in Kafka. */
#include <stdio.h>

#include "gateway/commands.h"
#include "gateway/config.h"
#include "gateway/metrics.h"
#include "gateway/produce.h"
#include "gateway/server.h"
#include "shared/describe.h"
#include "shared/healthcheck.h"
#include "shared/log.h"
#include "shared/program.h"

/*
 * Read the settings; what is wrong with them is printed, all of it. What is wrong with Kafka's shows only
 * when a client is made.
 */
static enum error load(struct gateway_config *config, bool try_kafka)
{
	struct buf problems = {0};
	struct failure failure = {.error = OK};
	enum error error = config_load(config, &problems);
	if (!error) {
		error = try_kafka ? producer_check(config, &failure) : OK;
		if (error)
			buf_printf(&problems, "%s\n", failure.detail);
	}
	if (error)
		(void)fprintf(stderr, "intake-gateway: the configuration is wrong:\n%s",
			buf_text(&problems));
	buf_fini(&problems);
	return error;
}

static enum error run(const struct gateway_config *config)
{
	struct failure failure = {.error = OK};
	gateway_metrics_init();
	enum error error = server_run(config, &failure);
	metrics_fini();
	if (error)
		log_error("gateway.failed", log_text("error", error_name(error)),
			log_text("reason", failure.detail));
	return error;
}

static int serve(int argc, char **argv)
{
	struct gateway_config config;
	bool check = false;
	const struct program_option options[] = {
		{.name = "--check", .given = &check},
		{.name = NULL},
	};
	if (program_options(argc, argv, options))
		return EXIT_USAGE;
	enum error error = load(&config, true);
	if (!error && check)
		(void)puts("The configuration is good.");
	else if (!error)
		error = run(&config);
	config_free(&config);
	if (error)
		return error == E_CONFIG ? EXIT_USAGE : EXIT_FAILED;
	return EXIT_DONE;
}

static int healthcheck(int argc, char **argv)
{
	struct gateway_config config;
	enum error error = load(&config, false);
	int code =
		error ? EXIT_USAGE : healthcheck_command(argc, argv, config.gateway.admin_listen);
	config_free(&config);
	return code;
}

static const struct program program;

static int describe(int argc, char **argv)
{
	static const struct describe_source source = {
		.program = &program,
		.metrics_init = gateway_metrics_init,
	};
	return describe_command(argc, argv, &source);
}

static const struct program_command commands[] = {
	{"serve", "[--check]", serve,
		"Take webhooks until told to stop (--check: look at the settings only)."},
	{"business create", "--name N [--owner UUID] [--limit N] [--json]", command_business_create,
		"Add a business, print its id."},
	{"business set", "--business ID [--name N] [--owner UUID] [--limit N|default] [--json]",
		command_business_set, "Change a business."},
	{"business list", "[--json]", command_business_list, "Print all businesses."},
	{"key regenerate", "--business ID [--keep-old 1h|24h|7d] [--json]", command_key_regenerate,
		"Make a new key and print it, once."},
	{"key revoke", "--business ID [--json]", command_key_revoke,
		"Leave a business without a key."},
	{"settings-link", "--business ID [--json]", command_settings_link,
		"Print a link that signs the owner in to the settings page, once, for 10 minutes."},
	{"healthcheck", HEALTHCHECK_ARGUMENT, healthcheck, HEALTHCHECK_DESCRIPTION},
	{"describe", DESCRIBE_ARGUMENT, describe, DESCRIBE_DESCRIPTION},
};

static const struct program program = {
	.name = "intake-gateway",
	.purpose = "takes contacts by webhook and stores them in Kafka",
	.commands = commands,
	.count = sizeof(commands) / sizeof(*commands),
	.write_settings = config_write,
};

int main(int argc, char **argv)
{
	program_harden();
	return program_main(&program, argc, argv);
}
