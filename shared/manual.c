/* SPDX-License-Identifier: Apache-2.0 */
/* manual - a program's man page, from the tables that --help shows. */
#include "shared/manual.h"

#include <ctype.h>

#include "shared/roff.h"

static void add(struct buf *out, const char *text)
{
	roff_add(out, span_of(text));
}

static void add_bold(struct buf *out, const char *text)
{
	buf_add_text(out, "\\fB");
	add(out, text);
	buf_add_text(out, "\\fR");
}

static void write_title(const struct program *program, struct buf *out)
{
	buf_printf(out, ".\\\" Made by: %s describe --manual\n.TH ", program->name);
	for (const char *at = program->name; *at; at++)
		buf_add_char(out, (char)toupper((unsigned char)*at));
	buf_add_text(out, " 8 \"" INTAKE_RELEASED "\" \"Intake " INTAKE_VERSION "\"\n");
	buf_add_text(out, ".SH NAME\n");
	add(out, program->name);
	buf_add_text(out, " \\- ");
	add(out, program->purpose);
	buf_add_char(out, '\n');
}

/* The name of the command and what goes behind it, on a line. */
static void write_call(const struct program_command *command, struct buf *out)
{
	add_bold(out, command->name);
	if (*command->argument)
		buf_add_char(out, ' ');
	add(out, command->argument);
	buf_add_char(out, '\n');
}

static void write_synopsis(const struct program *program, struct buf *out)
{
	buf_add_text(out, ".SH SYNOPSIS\n");
	for (size_t i = 0; i < program->count; i++) {
		buf_add_text(out, ".HP\n");
		add_bold(out, program->name);
		buf_add_char(out, ' ');
		write_call(&program->commands[i], out);
	}
	buf_add_text(out, ".HP\n");
	add_bold(out, program->name);
	buf_add_char(out, ' ');
	add_bold(out, "--help");
	buf_add_text(out, " | ");
	add_bold(out, "--version");
	buf_add_char(out, '\n');
}

/* The first line is a sentence; what follows, if anything, is laid out already. */
static void write_command(const struct program_command *command, struct buf *out)
{
	struct span text = span_of(command->description);
	size_t first_len = strcspn(command->description, "\n");
	size_t rest = first_len + strspn(command->description + first_len, "\n");
	buf_add_text(out, ".TP\n");
	write_call(command, out);
	roff_fill(out, span_from(text.base, first_len));
	if (rest == text.len)
		return;
	buf_add_text(out, ".IP\n.nf\n");
	roff_add(out, span_from(text.base + rest, text.len - rest));
	buf_add_text(out, "\n.fi\n");
}

static void write_commands(const struct program *program, struct buf *out)
{
	buf_add_text(out, ".SH COMMANDS\n");
	for (size_t i = 0; i < program->count; i++)
		write_command(&program->commands[i], out);
}

static void write_environment(const struct program *program, struct buf *out)
{
	buf_add_text(out, ".SH ENVIRONMENT\n"
			  "Settings come from the environment;\n"
			  ".IR NAME _FILE\n"
			  "reads the value of\n"
			  ".I NAME\n"
			  "from a file.\n"
			  "Any property of librdkafka can be set as\n"
			  ".BI KAFKA_PROPERTY_ NAME\n"
			  "(full stops become underscores, an underscore two).\n");
	if (program->write_settings)
		program->write_settings(settings_manual, out);
}

void manual_write(const struct program *program, struct buf *out)
{
	write_title(program, out);
	write_synopsis(program, out);
	write_commands(program, out);
	buf_add_text(out, ".SH \"EXIT STATUS\"\n"
			  "0: done; 1: failed; 2: wrong usage or configuration.\n");
	write_environment(program, out);
}
