/* SPDX-License-Identifier: Apache-2.0 */
/* healthcheck - both programs' command that asks the running one how it is: for images without curl. */
#include "shared/healthcheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/http/http.h"
#include "shared/program.h"

enum { ANSWER_MS = 3000, ANSWER_BYTES = 64 * 1024, CHUNK_BYTES = 4096 };

#define STATUS_LINE_OK "HTTP/1.1 200 "

/* What it answers, up to the end of the connection. */
static enum error ask(int fd, const char *path, struct buf *answer, struct failure *failure)
{
	char chunk[CHUNK_BYTES];
	char request[256];
	int len = snprintf(request, sizeof(request),
		"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
	ssize_t count = write(fd, request, (size_t)len);
	while (count > 0 && answer->len < ANSWER_BYTES) {
		count = read(fd, chunk, sizeof(chunk));
		if (count > 0)
			buf_add(answer, span_from(chunk, (size_t)count));
	}
	return count < 0 ? failure_set(failure, E_SYSTEM, "it does not answer: %s", strerror(errno))
			 : OK;
}

/* Print what it says of itself. Returns: whether that is good. */
static bool tell(struct buf *answer)
{
	const char *text = buf_text(answer);
	const char *body = strstr(text, "\r\n\r\n");
	(void)fputs(body ? body + strlen("\r\n\r\n") : "no answer\n", stdout);
	return strncmp(text, STATUS_LINE_OK, strlen(STATUS_LINE_OK)) == 0;
}

int healthcheck_command(int argc, char **argv, const char *address)
{
	bool ready = false;
	const struct program_option options[] = {
		{.name = "--ready", .given = &ready},
		{.name = NULL},
	};
	struct failure failure = {.error = OK};
	struct buf answer = {0};
	int fd = -1;
	if (program_options(argc, argv, options))
		return EXIT_USAGE;
	enum error error = http_connect(address, ANSWER_MS, &fd, &failure);
	if (!error)
		error = ask(fd, ready ? "/readyz" : "/healthz", &answer, &failure);
	if (error)
		(void)fprintf(stderr, "healthcheck: %s\n", failure.detail);
	bool good = !error && tell(&answer);
	if (fd >= 0)
		(void)close(fd);
	buf_fini(&answer);
	if (error == E_CONFIG)
		return EXIT_USAGE;
	return good ? EXIT_DONE : EXIT_FAILED;
}
