/* SPDX-License-Identifier: Apache-2.0 */
/* notify - what the process tells systemd of itself. */
#include "shared/notify.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/log.h"

enum {
	SEND_SECONDS = 5, /* for what has to arrive */
	STATUS_BYTES = 256,
};

/* A path, or "@name" of the abstract namespace. False: neither. */
static bool read_address(const char *text, struct sockaddr_un *ret_address, socklen_t *ret_len)
{
	size_t len = strlen(text);
	if ((*text != '/' && *text != '@') || len < 2 || len >= sizeof(ret_address->sun_path))
		return false;
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret_address->sun_path, text, len);
	if (*text == '@')
		ret_address->sun_path[0] = '\0';
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*text == '/'));
	return true;
}

void notify_open(struct notify *notify)
{
	const char *text = getenv("NOTIFY_SOCKET");
	const struct timeval wait = {.tv_sec = SEND_SECONDS};
	struct sockaddr_un address;
	socklen_t len;
	*notify = (struct notify){.fd = -1};
	if (!text || !read_address(text, &address, &len))
		return;
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify->fd < 0)
		return;
	if (connect(notify->fd, (struct sockaddr *)&address, len) != 0 ||
		setsockopt(notify->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0) {
		log_warn("notify.failed", log_text("socket", text));
		notify_close(notify);
	}
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		(void)close(notify->fd);
	buf_fini(&notify->status);
	notify->fd = -1;
}

static void tell(const struct notify *notify, struct span text, int flags)
{
	if (notify->fd < 0)
		return;
	/* Who does not listen any more needs no answer. */
	ssize_t sent = send(notify->fd, text.base, text.len, flags | MSG_NOSIGNAL);
	(void)sent;
}

void notify_ready(const struct notify *notify)
{
	tell(notify, SPAN("READY=1"), 0);
}

void notify_stopping(const struct notify *notify)
{
	tell(notify, SPAN("STOPPING=1\nSTATUS=Stopping: what is under way is finished"), 0);
}

void notify_alive(const struct notify *notify)
{
	tell(notify, SPAN("WATCHDOG=1"), MSG_DONTWAIT);
}

void notify_status(struct notify *notify, struct span lines)
{
	char line[STATUS_BYTES];
	size_t len = 0;
	if (notify->fd < 0)
		return;
	while (len < lines.len && len < sizeof(line) && lines.base[len] != '\n') {
		line[len] = lines.base[len];
		len++;
	}
	if (span_equal(span_from(line, len), buf_span(&notify->status)))
		return;
	struct buf message = {0};
	buf_add_text(&message, "STATUS=");
	buf_add(&message, span_from(line, len));
	tell(notify, buf_span(&message), MSG_DONTWAIT);
	buf_fini(&message);
	buf_clear(&notify->status);
	buf_add(&notify->status, span_from(line, len));
}
