/* SPDX-License-Identifier: Apache-2.0 */
/*
 * activation - listening sockets that systemd opened for us (sd_listen_fds(3)).
 *
 * The protocol is three environment variables, so it is read here and needs no library:
 * LISTEN_PID whom they are for, LISTEN_FDS how many there are from descriptor 3 on, LISTEN_FDNAMES what
 * they are called (FileDescriptorName= of the socket unit).
 */
#ifndef INTAKE_SHARED_HTTP_ACTIVATION_H
#define INTAKE_SHARED_HTTP_ACTIVATION_H

#include "shared/error.h"

/*
 * Takes:   name - which of them; "": the only one there is.
 * Returns: OK, ret_fd owned, non-blocking, close-on-exec; E_CONFIG with the sentence: there is none of
 *          that name, or it is not a listening stream socket.
 */
MUST_CHECK enum error activation_find(const char *name, int *ret_fd, struct failure *failure);

#endif
