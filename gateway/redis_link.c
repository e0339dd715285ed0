/* SPDX-License-Identifier: Apache-2.0 */
/* redis_link - one event loop's connection to Redis (or Valkey), kept up. */
#include "gateway/redis_link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/redis_resolve.h"
#include "gateway/redis_tls.h"
#include "shared/buf.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum {
	OPEN_MS = 1000,       /* from the look-up of the name to redis_link_ready */
	RETRY_LEAST_MS = 50,  /* before the first attempt after a failure, */
	RETRY_MOST_MS = 1000, /* doubled with each up to here; half of it by chance */
	STEADY_MS = 10000,    /* a connection that lasted so long was no failure */
	REASON_BYTES = 128,
};

enum state {
	WAITING,    /* until the next attempt */
	RESOLVING,  /* the host's name */
	CONNECTING, /* to one of its addresses */
	LOGGING_IN, /* AUTH and SELECT were sent */
	OPEN,       /* the owner looks whether it is of use */
	READY,
};

enum login_step { LOGIN_AUTH, LOGIN_SELECT, LOGIN_STEPS };

struct redis_link {
	struct loop *loop;
	const struct redis_url *url;
	struct redis_link_owner owner;
	struct redis_tls *tls; /* NULL: plain */
	enum state state;
	struct redis_resolve *resolve; /* NULL: no look-up is under way */
	struct redis_addresses addresses;
	bool resolved; /* the addresses came after their attempt: they are the next one's */
	size_t next_address;
	struct loop_watch watch; /* fd -1: no socket */
	uint32_t watched;        /* EPOLL* */
	redisContext *context;   /* NULL: not connected; has the socket then */
	bool heard;              /* Redis has said something on this connection */
	bool login[LOGIN_STEPS]; /* whose answers are awaited */
	struct buf output;       /* what a turn gathers */
	struct loop_task flush;
	bool flush_deferred;
	struct loop_deadlines attempts;
	struct loop_deadline attempt;
	struct loop_deadlines retries; /* of one deadline only: its length changes */
	struct loop_deadline retry;
	unsigned failures; /* attempts in a row that led to nothing that lasted */
	int64_t ready_ms;  /* steady clock */
	char reason[REASON_BYTES];
};

/* ---- an end, and the next beginning */

static void close_socket(struct redis_link *link)
{
	if (link->watch.fd >= 0)
		loop_remove(link->loop, &link->watch);
	if (link->context)
		redisFree(link->context);
	else if (link->watch.fd >= 0)
		(void)close(link->watch.fd);
	link->context = NULL;
	link->watch.fd = -1;
	buf_clear(&link->output);
}

static int64_t retry_after_ms(unsigned failures)
{
	int64_t wait_ms = RETRY_LEAST_MS;
	while (failures-- > 1 && wait_ms < RETRY_MOST_MS)
		wait_ms *= 2;
	if (wait_ms > RETRY_MOST_MS)
		wait_ms = RETRY_MOST_MS;
	return wait_ms - randombytes_uniform((uint32_t)wait_ms / 2);
}

void redis_link_fail(struct redis_link *link, const char *reason)
{
	/* The reason may be the context's own text, or the link's. */
	char copy[REASON_BYTES];
	if (link->state == WAITING)
		return;
	(void)snprintf(copy, sizeof(copy), "%s", reason);
	if (link->state == READY && loop_now_ms(link->loop) - link->ready_ms >= STEADY_MS)
		link->failures = 0;
	link->failures++;
	close_socket(link);
	link->state = WAITING;
	loop_disarm(&link->attempt);
	link->retries.length_ms = retry_after_ms(link->failures);
	loop_arm(&link->retries, &link->retry);
	link->owner.closed(link->owner.user, copy);
}

/* hiredis found it to be broken. */
static void fail_broken(struct redis_link *link)
{
	const char *problem = link->tls ? redis_tls_problem() : NULL;
	redis_link_fail(link, problem ? problem : link->context->errstr);
}

/* ---- commands and answers */

/* By hiredis, which has what a socket did not take. */
static bool is_all_sent(const struct redis_link *link)
{
	return link->context->obuf[0] == '\0';
}

/* While TLS shakes hands there is nothing to write for us, and the socket would always be writable. */
static void watch_for_room(struct redis_link *link, bool unsent)
{
	uint32_t wanted = unsent && (link->heard || !link->tls) ? EPOLLIN | EPOLLOUT : EPOLLIN;
	if (link->watched == wanted)
		return;
	link->watched = wanted;
	if (loop_change(link->loop, &link->watch, wanted))
		redis_link_fail(link, "epoll refuses the socket");
}

/* Whatever the socket does not take at once is hiredis'; what comes behind it is, too. */
static void send_output(struct redis_link *link)
{
	struct span output = buf_span(&link->output);
	buf_clear(&link->output);
	/* Straight from here where it can: hiredis would make a buffer anew for each write. */
	if (!link->tls && is_all_sent(link)) {
		ssize_t sent = send(link->watch.fd, output.base, output.len, MSG_NOSIGNAL);
		size_t len = sent > 0 ? (size_t)sent : 0;
		output = span_from(output.base + len, output.len - len);
	}
	/* Fails for want of memory only. */
	if (output.len)
		ensure(redisAppendFormattedCommand(link->context, output.base, output.len) ==
			REDIS_OK);
}

static void flush(struct redis_link *link)
{
	int done = 0;
	if (link->output.len)
		send_output(link);
	if (redisBufferWrite(link->context, &done) != REDIS_OK)
		fail_broken(link);
	else
		watch_for_room(link, !done);
}

static void flush_at_last(struct loop_task *task)
{
	struct redis_link *link =
		(struct redis_link *)((char *)task - offsetof(struct redis_link, flush));
	link->flush_deferred = false;
	if (link->context)
		flush(link);
}

void redis_link_send(struct redis_link *link, struct span command)
{
	buf_add(&link->output, command);
	if (link->flush_deferred)
		return;
	link->flush_deferred = true;
	loop_defer(link->loop, &link->flush);
}

static void opened(struct redis_link *link)
{
	link->state = OPEN;
	link->owner.opened(link->owner.user);
}

static void login_failed(
	struct redis_link *link, enum login_step step, const struct redis_answer *answer)
{
	static const char *const names[] = {[LOGIN_AUTH] = "AUTH", [LOGIN_SELECT] = "SELECT"};
	struct span code = redis_answer_code(answer);
	(void)snprintf(link->reason, sizeof(link->reason), "Redis refuses our %s: %.*s",
		names[step], (int)code.len, code.base);
	redis_link_fail(link, link->reason);
}

static void login_answered(struct redis_link *link, const struct redis_answer *answer)
{
	enum login_step step = link->login[LOGIN_AUTH] ? LOGIN_AUTH : LOGIN_SELECT;
	link->login[step] = false;
	if (answer->is_error)
		login_failed(link, step, answer);
	else if (!link->login[LOGIN_SELECT])
		opened(link);
}

static void take_reply(struct redis_link *link, const redisReply *reply)
{
	const struct redis_answer answer = {
		.is_error = reply->type == REDIS_REPLY_ERROR,
		.text = span_from(reply->str, reply->str ? reply->len : 0),
	};
	link->heard = true;
	if (link->state == LOGGING_IN)
		login_answered(link, &answer);
	else
		link->owner.answered(link->owner.user, &answer);
}

/* An answer may end the connection. */
static void take_replies(struct redis_link *link)
{
	while (link->context) {
		void *reply = NULL;
		if (redisGetReplyFromReader(link->context, &reply) != REDIS_OK) {
			fail_broken(link);
			return;
		}
		if (!reply)
			return;
		take_reply(link, reply);
		freeReplyObject(reply);
	}
}

/* One read takes 16 KiB at most; the watch is level-triggered, so the rest comes in the next turn. */
static void exchange(struct redis_link *link)
{
	if (redisBufferRead(link->context) != REDIS_OK) {
		fail_broken(link);
		return;
	}
	take_replies(link);
	/* Left over from a full socket or a handshake; what was just sent is flushed anyhow. */
	if (link->context && !is_all_sent(link) && !link->flush_deferred)
		flush(link);
}

/* ---- connecting */

static void begin_login(struct redis_link *link)
{
	const struct redis_url *url = link->url;
	link->state = LOGGING_IN;
	link->login[LOGIN_AUTH] = url->password != NULL;
	/* Always one, so that an answer proves that Redis is there and lets us in. */
	link->login[LOGIN_SELECT] = true;
	if (url->password && url->user)
		(void)redisAppendCommand(link->context, "AUTH %s %s", url->user, url->password);
	else if (url->password)
		(void)redisAppendCommand(link->context, "AUTH %s", url->password);
	(void)redisAppendCommand(link->context, "SELECT %d", url->database);
	flush(link);
}

/* From here on hiredis has the socket. */
static void connected(struct redis_link *link)
{
	link->context = redisConnectFd(link->watch.fd);
	if (!link->context || link->context->err) {
		redis_link_fail(link, "hiredis has no memory");
		return;
	}
	link->context->flags &= ~REDIS_BLOCK;
	link->heard = false;
	if (link->tls && redis_tls_begin(link->tls, link->context))
		fail_broken(link);
	else
		begin_login(link);
}

static int open_socket(const struct redis_address *address)
{
	static const int on = 1;
	int family = address->storage.ss_family;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && family != AF_UNIX) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	}
	return fd;
}

/* Returns errno's code, 0: it is under way. */
static int begin_connect(struct redis_link *link, const struct redis_address *address)
{
	link->watch.fd = open_socket(address);
	if (link->watch.fd < 0)
		return errno;
	link->watched = EPOLLIN | EPOLLOUT;
	if (connect(link->watch.fd, (const struct sockaddr *)&address->storage, address->len) &&
		errno != EINPROGRESS) {
		int code = errno;
		(void)close(link->watch.fd);
		link->watch.fd = -1;
		return code;
	}
	if (loop_add(link->loop, &link->watch, link->watched) == OK)
		return 0;
	int code = errno;
	(void)close(link->watch.fd);
	link->watch.fd = -1;
	return code;
}

/* Try the addresses that are left, one after the other. */
static void connect_next(struct redis_link *link, int code)
{
	link->state = CONNECTING;
	while (link->next_address < link->addresses.count) {
		code = begin_connect(link, &link->addresses.list[link->next_address++]);
		if (code == 0)
			return;
	}
	(void)snprintf(link->reason, sizeof(link->reason), "cannot connect: %s", strerror(code));
	redis_link_fail(link, link->reason);
}

static void connect_answered(struct redis_link *link)
{
	int code = 0;
	socklen_t len = sizeof(code);
	if (getsockopt(link->watch.fd, SOL_SOCKET, SO_ERROR, &code, &len))
		code = errno;
	if (code == 0) {
		connected(link);
		return;
	}
	close_socket(link);
	connect_next(link, code);
}

static void on_ready(struct loop_watch *watch, uint32_t events)
{
	struct redis_link *link =
		(struct redis_link *)((char *)watch - offsetof(struct redis_link, watch));
	if (link->state == CONNECTING)
		connect_answered(link);
	else if (events & ~(uint32_t)EPOLLOUT)
		exchange(link);
	else
		flush(link);
}

static void on_resolved(void *user, const struct redis_addresses *addresses, const char *problem)
{
	struct redis_link *link = user;
	link->resolve = NULL;
	if (link->state != RESOLVING) {
		link->resolved = !problem;
		link->addresses = *addresses;
		return;
	}
	if (problem) {
		(void)snprintf(link->reason, sizeof(link->reason), "the host's name: %s", problem);
		redis_link_fail(link, link->reason);
		return;
	}
	link->addresses = *addresses;
	connect_next(link, 0);
}

static void resolve(struct redis_link *link)
{
	bool known = link->resolved;
	link->resolved = false;
	link->state = RESOLVING;
	if (known ||
		redis_resolve_numeric(link->url->host, link->url->port, &link->addresses) == OK) {
		connect_next(link, 0);
		return;
	}
	if (!link->resolve)
		link->resolve = redis_resolve_start(
			link->loop, link->url->host, link->url->port, on_resolved, link);
	if (!link->resolve)
		redis_link_fail(link, "no thread to look the host's name up");
}

static void use_path(struct redis_link *link)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", link->url->path);
	link->addresses.count = 1;
	link->addresses.list[0].len = sizeof(address);
	memcpy(&link->addresses.list[0].storage, &address, sizeof(address));
	connect_next(link, 0);
}

static void begin(struct redis_link *link)
{
	link->next_address = 0;
	loop_arm(&link->attempts, &link->attempt);
	if (link->url->path)
		use_path(link);
	else
		resolve(link);
}

static void on_retry(struct loop_deadline *deadline)
{
	begin((struct redis_link *)((char *)deadline - offsetof(struct redis_link, retry)));
}

static void on_attempt_over(struct loop_deadline *deadline)
{
	static const char *const reasons[] = {
		[RESOLVING] = "the host's name is not found in time",
		[CONNECTING] = "no connection in time",
		[LOGGING_IN] = "no answer in time to our login",
		[OPEN] = "no answer in time to our scripts",
	};
	struct redis_link *link =
		(struct redis_link *)((char *)deadline - offsetof(struct redis_link, attempt));
	redis_link_fail(link, reasons[link->state]);
}

/* ---- public */

struct span redis_answer_code(const struct redis_answer *answer)
{
	const char *space =
		answer->text.len ? memchr(answer->text.base, ' ', answer->text.len) : NULL;
	if (!answer->text.len)
		return SPAN("nothing");
	return space ? span_from(answer->text.base, (size_t)(space - answer->text.base))
		     : answer->text;
}

enum error redis_link_check(const struct redis_url *url, struct failure *failure)
{
	struct redis_tls *tls = NULL;
	enum error error = url->tls ? redis_tls_new(url->host, &tls, failure) : OK;
	redis_tls_free(tls);
	return error;
}

struct redis_link *redis_link_new(
	struct loop *loop, const struct redis_url *url, const struct redis_link_owner *owner)
{
	struct redis_link *link = memory_zeroed(1, sizeof(*link));
	link->loop = loop;
	link->url = url;
	link->owner = *owner;
	link->watch = (struct loop_watch){.fd = -1, .ready = on_ready};
	link->flush.run = flush_at_last;
	/* redis_link_check said that it works. */
	ensure(!url->tls || redis_tls_new(url->host, &link->tls, NULL) == OK);
	loop_deadlines_init(loop, &link->attempts, OPEN_MS, on_attempt_over);
	loop_deadlines_init(loop, &link->retries, RETRY_LEAST_MS, on_retry);
	/* Not from within this function: the owner has no link yet. */
	link->retries.length_ms = 0;
	loop_arm(&link->retries, &link->retry);
	return link;
}

void redis_link_free(struct redis_link *link)
{
	if (!link)
		return;
	redis_resolve_abandon(link->resolve);
	close_socket(link);
	redis_tls_free(link->tls);
	buf_fini(&link->output);
	free(link);
}

void redis_link_ready(struct redis_link *link)
{
	link->state = READY;
	link->ready_ms = loop_now_ms(link->loop);
	loop_disarm(&link->attempt);
}
