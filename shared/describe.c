/* SPDX-License-Identifier: Apache-2.0 */
/* describe - both programs' command that prints their tables, for documents made from them. */
#include "shared/describe.h"

#include <stdio.h>

#include "shared/manual.h"
#include "shared/metrics.h"

int describe_command(int argc, char **argv, const struct describe_source *source)
{
	struct buf text = {0};
	bool settings = false;
	bool environment = false;
	bool metrics = false;
	bool manual = false;
	const struct program_option options[] = {
		{.name = "--settings", .given = &settings},
		{.name = "--environment", .given = &environment},
		{.name = "--metrics", .given = &metrics},
		{.name = "--manual", .given = &manual},
		{.name = NULL},
	};
	if (program_options(argc, argv, options))
		return EXIT_USAGE;
	if (settings + environment + metrics + manual != 1) {
		(void)fprintf(stderr, "describe: say one of " DESCRIBE_ARGUMENT "\n");
		return EXIT_USAGE;
	}
	if (settings)
		source->program->write_settings(settings_describe, &text);
	if (environment)
		source->program->write_settings(settings_example, &text);
	if (metrics) {
		source->metrics_init();
		metrics_describe(&text);
		metrics_fini();
	}
	if (manual)
		manual_write(source->program, &text);
	(void)fwrite(text.base, 1, text.len, stdout);
	buf_fini(&text);
	return EXIT_DONE;
}
