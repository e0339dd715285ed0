/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify - what the process tells systemd of itself, or whoever speaks its protocol (sd_notify(3)).
 *
 * The protocol is a datagram to the socket that NOTIFY_SOCKET names, so it is spoken here and needs no
 * library. Where nobody listens all of this does nothing.
 */
#ifndef INTAKE_SHARED_NOTIFY_H
#define INTAKE_SHARED_NOTIFY_H

#include "shared/buf.h"
#include "shared/span.h"

struct notify {
	int fd;            /* -1: nobody listens */
	struct buf status; /* as it was told last */
};

/* Find who listens. A socket that cannot be had is as good as none: the log still says how it goes. */
void notify_open(struct notify *notify);

/* Takes what notify_open has made, or a struct of {.fd = -1}. */
void notify_close(struct notify *notify);

/* The start is over. Waits for room, a bounded time. */
void notify_ready(const struct notify *notify);

/* The end has begun. Waits for room, a bounded time. */
void notify_stopping(const struct notify *notify);

/* The process is alive. Never waits: what finds no room is told again. Thread: any. */
void notify_alive(const struct notify *notify);

/*
 * One line for people (systemctl status); told when it has changed. Never waits.
 *
 * Takes:  lines - of it the first one is told, of a bounded length; "": there is nothing to say.
 * Thread: always the same one.
 */
void notify_status(struct notify *notify, struct span lines);

#endif
