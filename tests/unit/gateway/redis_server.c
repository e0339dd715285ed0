/* SPDX-License-Identifier: Apache-2.0 */
/* redis_server - a Redis of the test's own, behind a socket in a folder of its own. */
#include "tests/unit/gateway/redis_server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/ensure.h"

enum { START_TRIES = 1000, TRY_MS = 10, COMMAND_BYTES = 512 };

static bool answers(const struct redis_server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", server->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	(void)close(fd);
	return connected;
}

static void run_server(const struct redis_server *server)
{
	int null = open("/dev/null", O_RDWR);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(null, 0);
	(void)dup2(null, 1);
	(void)dup2(null, 2);
	(void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket,
		"--save", "", "--appendonly", "no", "--dir", server->folder, (char *)NULL);
	_exit(127);
}

void redis_server_restart(struct redis_server *server)
{
	const struct timespec pause = {.tv_nsec = TRY_MS * 1000000L};
	(void)unlink(server->socket);
	server->pid = fork();
	ensure(server->pid >= 0);
	if (server->pid == 0)
		run_server(server);
	for (int i = 0; i < START_TRIES && !answers(server); i++)
		(void)nanosleep(&pause, NULL);
	ensure(answers(server));
}

void redis_server_start(struct redis_server *server)
{
	*server = (struct redis_server){.folder = "/tmp/intake-redis.XXXXXX"};
	ensure(mkdtemp(server->folder) != NULL);
	(void)snprintf(server->socket, sizeof(server->socket), "%s/s", server->folder);
	(void)snprintf(server->url, sizeof(server->url), "unix:%s", server->socket);
	redis_server_restart(server);
}

void redis_server_signal(struct redis_server *server, int signal)
{
	ensure(kill(server->pid, signal) == 0);
	if (signal == SIGKILL)
		(void)waitpid(server->pid, NULL, 0);
}

void redis_server_stop(struct redis_server *server)
{
	redis_server_signal(server, SIGKILL);
	(void)unlink(server->socket);
	(void)rmdir(server->folder);
}

const char *redis_server_command(const struct redis_server *server, const char *command)
{
	static char output[COMMAND_BYTES];
	char line[COMMAND_BYTES];
	(void)snprintf(line, sizeof(line), "redis-cli -s %s %s", server->socket, command);
	FILE *pipe = popen(line, "r");
	ensure(pipe != NULL);
	size_t len = fread(output, 1, sizeof(output) - 1, pipe);
	ensure(pclose(pipe) == 0);
	while (len > 0 && output[len - 1] == '\n')
		len--;
	output[len] = '\0';
	return output;
}
