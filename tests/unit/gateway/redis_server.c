/* SPDX-License-Identifier: Apache-2.0 */
/* redis_server - a Redis of the test's own, in a folder of its own. */
#include "tests/unit/gateway/redis_server.h"

#include <fcntl.h>
#include <netinet/in.h>
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

/* One that was free just now. */
static int free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ensure(bind(fd, (struct sockaddr *)&address, len) == 0);
	ensure(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
	(void)close(fd);
	return ntohs(address.sin_port);
}

static void write_configuration(const struct redis_server *server)
{
	const char *folder = server->folder;
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/conf", folder);
	FILE *file = fopen(path, "w");
	ensure(file != NULL);
	(void)fprintf(file,
		"bind 127.0.0.1 127.0.0.2\nunixsocket %s\nsave \"\"\nappendonly no\ndir %s\n",
		server->socket, folder);
	if (server->tls)
		(void)fprintf(file,
			"port 0\ntls-port %d\ntls-cert-file %s/certificate\n"
			"tls-key-file %s/key\ntls-auth-clients no\ntls-ca-cert-file "
			"%s/certificate\n",
			server->port, folder, folder, folder);
	else
		(void)fprintf(file, "port %d\n", server->port);
	ensure(fclose(file) == 0);
}

static void run_server(const struct redis_server *server)
{
	char path[64];
	int null = open("/dev/null", O_RDWR);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(null, 0);
	(void)dup2(null, 1);
	(void)dup2(null, 2);
	(void)snprintf(path, sizeof(path), "%s/conf", server->folder);
	(void)execlp("redis-server", "redis-server", path, (char *)NULL);
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

static void make_folder(struct redis_server *server)
{
	*server = (struct redis_server){.folder = "/tmp/intake-redis.XXXXXX", .port = free_port()};
	ensure(mkdtemp(server->folder) != NULL);
	(void)snprintf(server->socket, sizeof(server->socket), "%s/s", server->folder);
	(void)snprintf(server->url, sizeof(server->url), "unix:%s", server->socket);
}

void redis_server_start(struct redis_server *server)
{
	make_folder(server);
	write_configuration(server);
	redis_server_restart(server);
}

void redis_server_start_tls(struct redis_server *server)
{
	char command[COMMAND_BYTES];
	make_folder(server);
	(void)snprintf(command, sizeof(command),
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
		"-subj /CN=test -addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
		"-keyout %s/key -out %s/certificate 2>/dev/null",
		server->folder, server->folder);
	ensure(system(command) == 0);
	server->tls = true;
	write_configuration(server);
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
	char command[COMMAND_BYTES];
	redis_server_signal(server, SIGKILL);
	(void)snprintf(command, sizeof(command), "rm -rf %s", server->folder);
	ensure(system(command) == 0);
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
