/* SPDX-License-Identifier: Apache-2.0 */
/* program - what both programs' main does: find the subcommand, print usage, harden the process. */
#include "shared/program.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "shared/clock.h"
#include "shared/ensure.h"

enum { COMMAND_NAME_BYTES = 64 };

#define SECONDS_PER_DAY INT64_C(86400)
#define DURATION_MOST_SECONDS (INT64_C(3650) * SECONDS_PER_DAY)

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static void print_commands(const struct program *program, const char *group, FILE *out)
{
	size_t group_len = group ? strlen(group) : 0;
	for (size_t i = 0; i < program->count; i++) {
		const struct program_command *command = &program->commands[i];
		if (group && (strncmp(command->name, group, group_len) != 0 ||
				     command->name[group_len] != ' '))
			continue;
		(void)fprintf(out, "  %s %s%s%s\n      %.*s\n", program->name, command->name,
			*command->argument ? " " : "", command->argument,
			(int)strcspn(command->description, "\n"), command->description);
	}
}

static void print_usage(const struct program *program, FILE *out)
{
	(void)fprintf(out, "%s: %s\n\nCommands:\n", program->name, program->purpose);
	print_commands(program, NULL, out);
	(void)fprintf(out, "  %s --help | --version\n", program->name);
}

static void print_help(const struct program *program)
{
	print_usage(program, stdout);
	(void)printf("\nExit codes: 0 done, 1 failed, 2 wrong usage or configuration.\n"
		     "\nSettings come from the environment; NAME_FILE reads NAME from a file.\n");
	(void)fflush(stdout);
	if (program->write_settings) {
		struct buf text = {0};
		program->write_settings(settings_help, &text);
		(void)fwrite(text.base, 1, text.len, stdout);
		buf_fini(&text);
	}
}

static void print_command_help(const struct program *program, const struct program_command *command)
{
	(void)printf("%s\n\n  %s %s%s%s\n\nSettings: see %s --help.\n", command->description,
		program->name, command->name, *command->argument ? " " : "", command->argument,
		program->name);
}

/* How many words of argv (behind the program's name) name the command; 0: another one. */
static int words_matched(const struct program_command *command, int argc, char **argv)
{
	char two_words[COMMAND_NAME_BYTES];
	if (strcmp(command->name, argv[1]) == 0)
		return 1;
	if (argc < 3)
		return 0;
	int len = snprintf(two_words, sizeof(two_words), "%s %s", argv[1], argv[2]);
	return len > 0 && (size_t)len < sizeof(two_words) && strcmp(command->name, two_words) == 0
		       ? 2
		       : 0;
}

static bool is_group(const struct program *program, const char *word)
{
	size_t len = strlen(word);
	for (size_t i = 0; i < program->count; i++) {
		if (strncmp(program->commands[i].name, word, len) == 0 &&
			program->commands[i].name[len] == ' ')
			return true;
	}
	return false;
}

static int run_command(
	const struct program *program, const struct program_command *command, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_command_help(program, command);
			return EXIT_DONE;
		}
	}
	return command->run(argc, argv);
}

/* No command of that name. */
static int refuse(const struct program *program, int argc, char **argv)
{
	if (!is_group(program, argv[1])) {
		(void)fprintf(stderr, "%s: there is no command '%s'; see %s --help\n",
			program->name, argv[1], program->name);
		return EXIT_USAGE;
	}
	bool helping = argc > 2 && is_help(argv[2]);
	if (argc > 2 && !helping)
		(void)fprintf(stderr, "%s: there is no command '%s %s'; there are:\n",
			program->name, argv[1], argv[2]);
	else if (!helping)
		(void)fprintf(stderr, "%s: '%s' needs one more word; there are:\n", program->name,
			argv[1]);
	print_commands(program, argv[1], helping ? stdout : stderr);
	return helping ? EXIT_DONE : EXIT_USAGE;
}

int program_main(const struct program *program, int argc, char **argv)
{
	if (argc < 2) {
		print_usage(program, stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[1])) {
		print_help(program);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)printf("%s %s\n", program->name, INTAKE_VERSION);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < program->count; i++) {
		int words = words_matched(&program->commands[i], argc, argv);
		if (words)
			return run_command(
				program, &program->commands[i], argc - words, argv + words);
	}
	return refuse(program, argc, argv);
}

static enum error usage_error(const char *option, int option_len, const char *what)
{
	(void)fprintf(stderr, "%s: %.*s%s; see --help\n", program_invocation_short_name, option_len,
		option, what);
	return E_USAGE;
}

static bool is_word(const struct program_option *option)
{
	return option->name[0] != '-';
}

/* A word is the value of the first bare word that has none. Returns: NULL: there is no such option. */
static const struct program_option *find_option(
	const struct program_option *options, struct span name, uint64_t seen, size_t *ret_index)
{
	bool bare = name.len == 0 || name.base[0] != '-';
	for (size_t i = 0; options[i].name; i++) {
		bool fits = is_word(&options[i]) ? bare && !(seen & UINT64_C(1) << i)
						 : span_equal(span_of(options[i].name), name);
		if (fits) {
			*ret_index = i;
			return &options[i];
		}
	}
	return NULL;
}

static bool list_add(struct program_list *list, const char *value)
{
	if (list->count == PROGRAM_LIST_MOST)
		return false;
	list->items[list->count++] = value;
	return true;
}

/* Takes: at - of the option; moved to its last word. seen - a bit an option. */
static enum error read_option(
	int argc, char **argv, int *at, const struct program_option *options, uint64_t *seen)
{
	char *word = argv[*at];
	const char *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
	struct span name = equals ? span_from(word, (size_t)(equals - word)) : span_of(word);
	int name_len = (int)name.len;
	size_t index = 0;
	const struct program_option *option = find_option(options, name, *seen, &index);
	if (!option)
		return usage_error(name.base, name_len, ": there is no such option");
	if (*seen & UINT64_C(1) << index && !option->list)
		return usage_error(name.base, name_len, " is given twice");
	*seen |= UINT64_C(1) << index;
	if (option->given)
		*option->given = true;
	if (!option->value && !option->list)
		return equals ? usage_error(name.base, name_len, " takes no value") : OK;
	if (!is_word(option) && !equals &&
		(*at + 1 >= argc || strncmp(argv[*at + 1], "--", 2) == 0))
		return usage_error(name.base, name_len, " needs a value");
	if (!is_word(option))
		word = equals ? word + name.len + 1 : argv[++*at];
	if (option->list && !list_add(option->list, word))
		return usage_error(name.base, name_len, " is given too often");
	if (option->value)
		*option->value = word;
	return OK;
}

enum error program_options(int argc, char **argv, const struct program_option *options)
{
	uint64_t seen = 0;
	for (int at = 1; at < argc; at++) {
		enum error error = read_option(argc, argv, &at, options, &seen);
		if (error)
			return error;
	}
	for (size_t i = 0; options[i].name; i++) {
		if (options[i].required && !(seen & UINT64_C(1) << i))
			return usage_error(
				options[i].name, (int)strlen(options[i].name), " is missing");
	}
	return OK;
}

static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return SECONDS_PER_DAY;
	default:
		return 0;
	}
}

bool program_duration(const char *text, int64_t *ret_seconds)
{
	int64_t number = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (*at - '0');
		if (number > DURATION_MOST_SECONDS)
			return false;
	}
	int64_t unit = unit_seconds(*at);
	if (at == text || unit == 0 || at[1] != '\0')
		return false;
	if (number < 1 || number > DURATION_MOST_SECONDS / unit)
		return false;
	*ret_seconds = number * unit;
	return true;
}

bool program_moment(const char *text, int64_t now_ms, int64_t *ret_ms)
{
	int64_t seconds;
	if (clock_parse(span_of(text), ret_ms))
		return true;
	if (!program_duration(text, &seconds))
		return false;
	*ret_ms = now_ms - seconds * 1000;
	return true;
}

void program_harden(void)
{
	struct rlimit limit = {0, 0};
	(void)setrlimit(RLIMIT_CORE, &limit);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	ensure(sodium_init() >= 0);
}

int program_stop_fd(void)
{
	sigset_t stop;
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigaddset(&stop, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &stop, NULL);
	return signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
}
