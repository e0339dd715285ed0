/* SPDX-License-Identifier: Apache-2.0 */
/* main - intake-gateway: takes contacts by webhook and stores them in Kafka. */
#include <stdio.h>

#include "gateway/commands.h"
#include "gateway/config.h"
#include "gateway/metrics.h"
#include "gateway/server.h"
#include "shared/log.h"
#include "shared/program.h"

static void print_problems(struct buf *problems)
{
	(void)fprintf(
		stderr, "intake-gateway: the configuration is wrong:\n%s", buf_text(problems));
}

static int serve(int argc, char **argv)
{
	struct gateway_config config;
	struct buf problems = {0};
	struct failure failure = {.error = OK};
	bool check = false;
	const struct program_option options[] = {
		{"--check", NULL, &check, false},
		{NULL, NULL, NULL, false},
	};
	if (program_options(argc, argv, options))
		return EXIT_USAGE;
	enum error error = config_load(&config, &problems);
	if (error)
		print_problems(&problems);
	buf_fini(&problems);
	if (!error && !check) {
		gateway_metrics_init();
		error = server_run(&config, &failure);
		metrics_fini();
		if (error)
			log_error("gateway.failed", log_text("error", error_name(error)),
				log_text("reason", failure.detail));
	}
	config_free(&config);
	if (!error && check)
		(void)puts("The configuration is good.");
	return !error ? EXIT_DONE : error == E_CONFIG ? EXIT_USAGE : EXIT_FAILED;
}

/* For whoever writes deploy/gateway.env.example and the README's tables. */
static int describe(int argc, char **argv)
{
	struct buf text = {0};
	bool metrics = false;
	bool environment = false;
	const struct program_option options[] = {
		{"--metrics", NULL, &metrics, false},
		{"--environment", NULL, &environment, false},
		{NULL, NULL, NULL, false},
	};
	if (program_options(argc, argv, options))
		return EXIT_USAGE;
	gateway_metrics_init();
	if (metrics)
		metrics_describe(&text);
	else if (environment)
		config_example(&text);
	else
		config_describe(&text);
	(void)fwrite(text.base, 1, text.len, stdout);
	buf_fini(&text);
	metrics_fini();
	return EXIT_DONE;
}

static const struct program_command commands[] = {
	{"serve", "[--check]", serve, "take webhooks; --check only reads the configuration"},
	{"business create", "--name N [--owner UUID] [--limit N] [--json]", command_business_create,
		"add a business, print its id"},
	{"business set", "--business ID [--name N] [--owner UUID] [--limit N|default] [--json]",
		command_business_set, "change a business"},
	{"business list", "[--json]", command_business_list, "print all businesses"},
	{"key regenerate", "--business ID [--keep-old 1h|24h|7d] [--json]", command_key_regenerate,
		"make a new key and print it once"},
	{"key revoke", "--business ID [--json]", command_key_revoke,
		"leave a business without key"},
	{"describe", "[--metrics|--environment]", describe,
		"print settings or metrics as tables, or settings as an environment file"},
};

static const struct program program = {
	.name = "intake-gateway",
	.purpose = "Takes contacts by webhook and stores them in Kafka.",
	.commands = commands,
	.count = sizeof(commands) / sizeof(*commands),
	.settings_help = config_help,
};

int main(int argc, char **argv)
{
	program_harden();
	return program_main(&program, argc, argv);
}
