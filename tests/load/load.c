/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load - posts contacts over many keep-alive connections and records every answer.
 *
 * Request number n is about one of --contacts contacts, spread over the keys' businesses: the first
 * requests take each contact once, later ones take any, half of them a few hot ones. Its name is
 * "MARKER n", so that an event in Kafka or a row in Postgres tells which request made it. A third
 * of the requests has no phone, a third the contact's own, a third a new one.
 *
 * --out gets a line a request: NUMBER STATUS ERROR ID ("-" where there is none). A request whose
 * connection broke before the answer has status 0 and error no_answer; one that was never sent,
 * because time was up, has unsent. The summary on stdout is NAME=value lines.
 *
 * With --invented-keys each request brings a new key that is nobody's (--keys is not needed), and with
 * --addresses N the connections come from N addresses of 127.64.0.0/10, as a flood would.
 *
 * With --rate the requests are due at fixed times, whatever the answers do, and a latency counts
 * from when the request was due (so that a stalled server is not measured less often).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	TARGETS_MAX = 8,
	KEYS_MAX = 100000,
	KEY_BYTES = 80,
	REQUEST_BYTES = 1024,
	ANSWER_BYTES = 16384,
	EVENTS_MAX = 256,
	HOT_CONTACTS = 200,
	RECONNECT_US = 20000,
	SWEEP_US = 20000,
	FIRST_ADDRESS = 0x7f400001, /* 127.64.0.1 */
	ADDRESSES_MAX = 1 << 22,
	ERROR_BYTES = 32,
	ID_BYTES = 40,
};

enum stage { DISCONNECTED, CONNECTING, IDLE, SENDING, RECEIVING };

struct options {
	struct sockaddr_in targets[TARGETS_MAX];
	uint32_t target_count;
	char keys[KEYS_MAX][KEY_BYTES];
	uint32_t key_count;
	uint32_t requests;
	uint32_t connections;
	uint32_t contacts;
	uint32_t rate; /* requests a second; 0: as fast as they are answered */
	uint32_t answer_timeout_s;
	uint32_t deadline_s;
	uint32_t addresses; /* 0: the system's choice */
	bool invented_keys;
	uint64_t invented_seed; /* no other run invents the same */
	const char *marker;
	const char *out;
};

struct connection {
	int fd;
	enum stage stage;
	uint32_t target;
	uint32_t number;  /* of the request in flight */
	int64_t began_us; /* the request was due; or the next attempt to connect is */
	int64_t sent_us;  /* it was sent */
	size_t request_len;
	size_t request_sent;
	size_t answer_len;
	char request[REQUEST_BYTES];
	char answer[ANSWER_BYTES + 1];
};

struct outcome {
	int status; /* 0: no answer */
	uint32_t latency_us;
	char error[ERROR_BYTES];
	char id[ID_BYTES];
};

struct run {
	const struct options *options;
	struct connection *connections;
	struct outcome *outcomes;
	uint32_t *idle; /* stack of connections that wait for a request */
	uint32_t idle_count;
	uint32_t next; /* request number */
	uint32_t finished;
	int epoll_fd;
	int timer_fd;
	int64_t began_us;
};

static int64_t now_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void die(const char *what)
{
	(void)fprintf(stderr, "intake-load: %s\n", what);
	exit(2);
}

/* splitmix64: the same requests in every run. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint32_t contact_of(const struct options *options, uint32_t number)
{
	uint64_t random = mix(number);
	if (number < options->contacts)
		return number;
	if (random & 1 && options->contacts > HOT_CONTACTS)
		return (uint32_t)((random >> 1) % HOT_CONTACTS);
	return (uint32_t)((random >> 1) % options->contacts);
}

/* The key of a request, in the caller's buffer or the options'. */
static const char *key_of(const struct options *options, uint32_t number, uint32_t contact,
	char out[static KEY_BYTES])
{
	if (!options->invented_keys)
		return options->keys[contact % options->key_count];
	uint64_t part[4];
	for (uint64_t i = 0; i < 4; i++)
		part[i] = mix(options->invented_seed ^ mix(number * UINT64_C(4) + i));
	(void)snprintf(out, KEY_BYTES, "sk_%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64,
		part[0], part[1], part[2], part[3]);
	return out;
}

static void build_request(const struct options *options, struct connection *connection)
{
	uint32_t number = connection->number;
	uint32_t contact = contact_of(options, number);
	char phone[48] = "", body[512], key[KEY_BYTES];
	uint64_t kind = mix(number + UINT64_C(0x100000000)) % 3;
	if (kind)
		(void)snprintf(phone, sizeof phone, ",\"phone\":\"+44 %" PRIu32 "\"",
			kind == 1 ? contact : 1000000 + number);
	int body_len = snprintf(body, sizeof body,
		"{\"name\":\"%s %" PRIu32 "\",\"email\":\"%ser%" PRIu32 "@example.com\"%s}",
		options->marker, number, number % 7 ? "us" : "Us", contact / options->key_count,
		phone);
	int len = snprintf(connection->request, sizeof connection->request,
		"POST /api/webhooks/contacts HTTP/1.1\r\nHost: localhost\r\nx-api-key: %s\r\n"
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		key_of(options, number, contact, key), body_len, body);
	if (len < 0 || (size_t)len >= sizeof connection->request)
		die("the marker is too long");
	connection->request_len = (size_t)len;
	connection->request_sent = 0;
	connection->answer_len = 0;
}

static void copy_member(const char *body, const char *name, char *out, size_t size_bytes)
{
	const char *found = strstr(body, name);
	size_t len = 0;
	if (found) {
		found += strlen(name);
		len = strcspn(found, "\"");
	}
	if (len >= size_bytes)
		len = size_bytes - 1;
	memcpy(out, found ? found : "", len);
	out[len] = '\0';
}

static void finish(
	struct run *run, const struct connection *connection, int status, const char *body)
{
	struct outcome *outcome = &run->outcomes[connection->number];
	outcome->status = status;
	outcome->latency_us = (uint32_t)(now_us() - connection->began_us);
	if (status == 0) {
		(void)snprintf(outcome->error, sizeof outcome->error, "no_answer");
	} else {
		copy_member(body, "\"error\":\"", outcome->error, sizeof outcome->error);
		copy_member(body, "\"id\":\"", outcome->id, sizeof outcome->id);
	}
	run->finished++;
}

static void connection_lost(struct run *run, struct connection *connection)
{
	if (connection->fd >= 0)
		(void)close(connection->fd);
	connection->fd = -1;
	if (connection->stage == SENDING || connection->stage == RECEIVING)
		finish(run, connection, 0, "");
	for (uint32_t i = 0; connection->stage == IDLE && i < run->idle_count; i++)
		if (&run->connections[run->idle[i]] == connection)
			run->idle[i] = run->idle[--run->idle_count];
	connection->stage = DISCONNECTED;
	connection->target = (connection->target + 1) % run->options->target_count;
	connection->began_us = now_us() + RECONNECT_US;
}

static void bind_address(const struct run *run, const struct connection *connection)
{
	uint32_t number = (uint32_t)(connection - run->connections) % run->options->addresses;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(FIRST_ADDRESS + number)};
	int yes = 1;
	(void)setsockopt(connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
	if (bind(connection->fd, (const struct sockaddr *)&address, sizeof address))
		die("cannot bind to an address of 127.64.0.0/10");
}

static void connection_open(struct run *run, struct connection *connection)
{
	const struct sockaddr_in *target = &run->options->targets[connection->target];
	int yes = 1;
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0)
		die("no more sockets (ulimit -n)");
	(void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if (run->options->addresses)
		bind_address(run, connection);
	connection->stage = CONNECTING;
	if (connect(connection->fd, (const struct sockaddr *)target, sizeof *target) &&
		errno != EINPROGRESS) {
		connection_lost(run, connection);
		return;
	}
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
	if (epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event))
		die("epoll_ctl failed");
}

static void connection_idle(struct run *run, struct connection *connection)
{
	connection->stage = IDLE;
	run->idle[run->idle_count++] = (uint32_t)(connection - run->connections);
}

/* The whole answer has come: its status, else 0. ret_close: the server will close. */
static int whole_answer(struct connection *connection, const char **ret_body, bool *ret_close)
{
	connection->answer[connection->answer_len] = '\0';
	char *end = strstr(connection->answer, "\r\n\r\n");
	if (!end)
		return 0;
	const char *length = strcasestr(connection->answer, "\r\ncontent-length:");
	if (!length || length > end)
		die("an answer without Content-Length");
	const char *body = end + 4;
	size_t body_len = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
	if (connection->answer_len < (size_t)(body - connection->answer) + body_len)
		return 0;
	const char *close_header = strcasestr(connection->answer, "\r\nconnection: close");
	*ret_close = close_header && close_header < end;
	*ret_body = body;
	return (int)strtol(connection->answer + strlen("HTTP/1.1 "), NULL, 10);
}

static void send_more(struct run *run, struct connection *connection)
{
	while (connection->request_sent < connection->request_len) {
		ssize_t sent = send(connection->fd, connection->request + connection->request_sent,
			connection->request_len - connection->request_sent, MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0) {
			/* The answer may have come before the server closed. */
			break;
		}
		connection->request_sent += (size_t)sent;
	}
	(void)run;
	connection->stage = RECEIVING;
}

static void receive_more(struct run *run, struct connection *connection)
{
	const char *body = NULL;
	bool closes = false;
	for (;;) {
		size_t room = ANSWER_BYTES - connection->answer_len;
		ssize_t got = room ? recv(connection->fd,
					     connection->answer + connection->answer_len, room, 0)
				   : 0;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			connection_lost(run, connection);
			return;
		}
		connection->answer_len += (size_t)got;
		int status = whole_answer(connection, &body, &closes);
		if (status) {
			finish(run, connection, status, body);
			connection_idle(run, connection);
			if (closes)
				connection_lost(run, connection);
			return;
		}
	}
}

static void begin_request(struct run *run, struct connection *connection, int64_t due_us)
{
	connection->number = run->next++;
	connection->sent_us = now_us();
	connection->began_us = due_us ? due_us : connection->sent_us;
	build_request(run->options, connection);
	connection->stage = SENDING;
	send_more(run, connection);
	if (connection->stage == RECEIVING)
		receive_more(run, connection);
}

static int64_t due_us(const struct run *run)
{
	if (!run->options->rate)
		return 0;
	return run->began_us + (int64_t)run->next * 1000000 / run->options->rate;
}

/* Give requests that are due to connections that are free. */
static void issue(struct run *run)
{
	/* A connection that is answered within the call comes back: each is taken once a turn. */
	uint32_t turns = run->idle_count;
	while (turns-- && run->idle_count && run->next < run->options->requests) {
		int64_t due = due_us(run);
		if (due > now_us()) {
			struct itimerspec at = {.it_value = {.tv_sec = due / 1000000,
							.tv_nsec = due % 1000000 * 1000}};
			(void)timerfd_settime(run->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
			return;
		}
		begin_request(run, &run->connections[run->idle[--run->idle_count]], due);
	}
}

static void connection_ready(struct run *run, struct connection *connection, uint32_t events)
{
	int error = 0;
	socklen_t len = sizeof error;
	if (connection->fd < 0)
		return;
	if (connection->stage == CONNECTING) {
		(void)getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error)
			connection_lost(run, connection);
		else if (events & EPOLLOUT)
			connection_idle(run, connection);
		return;
	}
	if (connection->stage == SENDING)
		send_more(run, connection);
	if (connection->stage == RECEIVING)
		receive_more(run, connection);
	else if (connection->stage == IDLE && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		connection_lost(run, connection);
}

/* Every SWEEP_US: reconnect, give up answers that take too long. */
static void sweep(struct run *run, int64_t now)
{
	for (uint32_t i = 0; i < run->options->connections; i++) {
		struct connection *connection = &run->connections[i];
		bool waits = connection->stage == SENDING || connection->stage == RECEIVING;
		if (connection->stage == DISCONNECTED && connection->began_us <= now)
			connection_open(run, connection);
		else if (waits && now - connection->sent_us >
					  (int64_t)run->options->answer_timeout_s * 1000000)
			connection_lost(run, connection);
	}
}

static void prepare(struct run *run, const struct options *options)
{
	struct epoll_event event = {.events = EPOLLIN};
	run->options = options;
	run->connections = calloc(options->connections, sizeof *run->connections);
	run->outcomes = calloc(options->requests, sizeof *run->outcomes);
	run->idle = calloc(options->connections, sizeof *run->idle);
	run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	run->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (!run->connections || !run->outcomes || !run->idle || run->epoll_fd < 0 ||
		run->timer_fd < 0 || epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, run->timer_fd, &event))
		die("the system refuses memory or an epoll");
	for (uint32_t i = 0; i < options->connections; i++) {
		run->connections[i].fd = -1;
		run->connections[i].target = i % options->target_count;
	}
}

static void drive(struct run *run)
{
	struct epoll_event events[EVENTS_MAX];
	int64_t swept_us = 0;
	run->began_us = now_us();
	int64_t deadline_us = run->began_us + (int64_t)run->options->deadline_s * 1000000;
	while (run->finished < run->options->requests) {
		int64_t now = now_us();
		if (now > deadline_us)
			break;
		if (now - swept_us >= SWEEP_US) {
			sweep(run, now);
			swept_us = now;
		}
		issue(run);
		int count = epoll_wait(run->epoll_fd, events, EVENTS_MAX, SWEEP_US / 1000);
		for (int i = 0; i < count; i++) {
			uint64_t expirations;
			if (events[i].data.ptr)
				connection_ready(run, events[i].data.ptr, events[i].events);
			else
				(void)!read(run->timer_fd, &expirations, sizeof expirations);
		}
	}
	for (uint32_t i = 0; i < run->options->connections; i++)
		if (run->connections[i].stage >= SENDING)
			connection_lost(run, &run->connections[i]);
}

static int by_value(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return (left > right) - (left < right);
}

/* Takes: prefix - of the figures' names; accepted_only - else of all that were answered. */
static void print_latencies(const struct run *run, const char *prefix, bool accepted_only)
{
	static const struct {
		const char *name;
		double share;
	} points[] = {{"p50_us", 0.5}, {"p90_us", 0.9}, {"p99_us", 0.99}, {"max_us", 1}};
	uint32_t *sorted = calloc((size_t)run->options->requests + 1, sizeof *sorted);
	uint32_t count = 0;
	for (uint32_t i = 0; sorted && i < run->options->requests; i++)
		if (accepted_only ? run->outcomes[i].status == 202 : run->outcomes[i].status)
			sorted[count++] = run->outcomes[i].latency_us;
	if (count) {
		qsort(sorted, count, sizeof *sorted, by_value);
		for (size_t i = 0; i < sizeof points / sizeof *points; i++)
			(void)printf("%s%s=%" PRIu32 "\n", prefix, points[i].name,
				sorted[(uint32_t)((count - 1) * points[i].share)]);
	}
	free(sorted);
}

static void print_summary(const struct run *run)
{
	uint32_t accepted = 0, refused = 0, no_answer = 0, unsent = 0;
	double seconds = (double)(now_us() - run->began_us) / 1e6;
	for (uint32_t i = 0; i < run->options->requests; i++) {
		const struct outcome *outcome = &run->outcomes[i];
		accepted += outcome->status == 202;
		refused += outcome->status && outcome->status != 202;
		no_answer += !outcome->status && outcome->error[0];
		unsent += !outcome->status && !outcome->error[0];
	}
	(void)printf("requests=%" PRIu32 "\naccepted=%" PRIu32 "\nrefused=%" PRIu32
		     "\nno_answer=%" PRIu32 "\nunsent=%" PRIu32 "\nseconds=%.3f\nrate=%.0f\n",
		run->options->requests, accepted, refused, no_answer, unsent, seconds,
		(double)run->finished / seconds);
	print_latencies(run, "", false);
	print_latencies(run, "accepted_", true);
}

static void write_outcomes(const struct run *run)
{
	FILE *out = fopen(run->options->out, "we");
	if (!out)
		die("cannot write --out");
	for (uint32_t i = 0; i < run->options->requests; i++) {
		const struct outcome *outcome = &run->outcomes[i];
		const char *error = outcome->error[0] ? outcome->error : "-";
		if (!outcome->status && !outcome->error[0])
			error = "unsent";
		(void)fprintf(out, "%" PRIu32 " %d %s %s\n", i, outcome->status, error,
			outcome->id[0] ? outcome->id : "-");
	}
	if (fclose(out))
		die("cannot write --out");
}

static void read_keys(struct options *options, const char *path)
{
	FILE *in = fopen(path, "re");
	if (!in)
		die("cannot read --keys");
	options->key_count = 0; /* the last --keys counts */
	while (options->key_count < KEYS_MAX &&
		fgets(options->keys[options->key_count], KEY_BYTES, in)) {
		options->keys[options->key_count]
			     [strcspn(options->keys[options->key_count], "\n")] = 0;
		options->key_count++;
	}
	(void)fclose(in);
}

static void add_target(struct options *options, const char *text)
{
	char host[64] = "";
	const char *colon = text ? strrchr(text, ':') : NULL;
	if (!colon || (size_t)(colon - text) >= sizeof host || options->target_count == TARGETS_MAX)
		die("--target is ADDRESS:PORT, up to 8 of them");
	memcpy(host, text, (size_t)(colon - text));
	struct sockaddr_in *target = &options->targets[options->target_count++];
	target->sin_family = AF_INET;
	target->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, host, &target->sin_addr) != 1)
		die("--target needs an IPv4 address");
}

static void read_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {{"target", required_argument, NULL, 't'},
		{"keys", required_argument, NULL, 'k'}, {"requests", required_argument, NULL, 'n'},
		{"connections", required_argument, NULL, 'c'},
		{"contacts", required_argument, NULL, 'd'}, {"rate", required_argument, NULL, 'r'},
		{"marker", required_argument, NULL, 'm'}, {"out", required_argument, NULL, 'o'},
		{"answer-timeout-s", required_argument, NULL, 'a'},
		{"deadline-s", required_argument, NULL, 'l'},
		{"addresses", required_argument, NULL, 'f'},
		{"invented-keys", no_argument, NULL, 'i'}, {0}};
	int letter;
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		uint32_t number = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;
		switch (letter) {
		case 't':
			add_target(options, optarg);
			break;
		case 'k':
			read_keys(options, optarg);
			break;
		case 'n':
			options->requests = number;
			break;
		case 'c':
			options->connections = number;
			break;
		case 'd':
			options->contacts = number;
			break;
		case 'r':
			options->rate = number;
			break;
		case 'm':
			options->marker = optarg;
			break;
		case 'o':
			options->out = optarg;
			break;
		case 'a':
			options->answer_timeout_s = number;
			break;
		case 'l':
			options->deadline_s = number;
			break;
		case 'f':
			options->addresses = number < ADDRESSES_MAX ? number : ADDRESSES_MAX;
			break;
		case 'i':
			options->invented_keys = true;
			options->invented_seed = mix((uint64_t)now_us());
			options->key_count = 1;
			break;
		default:
			die("see the head of tests/load/load.c");
		}
	}
	if (!options->target_count || !options->key_count || !options->requests ||
		!options->connections || !options->contacts)
		die("--target, --keys (a file, one a line) or --invented-keys, --requests, "
		    "--connections and --contacts are needed");
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	static struct options options = {.requests = 1000,
		.connections = 64,
		.contacts = 100,
		.answer_timeout_s = 60,
		.deadline_s = 600,
		.marker = "load"};
	static struct run run;
	read_options(&options, argc, argv);
	raise_descriptor_limit();
	prepare(&run, &options);
	drive(&run);
	print_summary(&run);
	if (options.out)
		write_outcomes(&run);
	return run.finished == options.requests ? 0 : 1;
}
