/* SPDX-License-Identifier: Apache-2.0 */
/* jwt_fetch - a small document from a URL, within bounds. */
#ifndef INTAKE_GATEWAY_SETTINGS_JWT_FETCH_H
#define INTAKE_GATEWAY_SETTINGS_JWT_FETCH_H

#include "shared/buf.h"
#include "shared/error.h"

enum { JWT_KEYS_WAIT_MS = 5000, JWT_KEYS_BYTES = 64 * 1024 };

/*
 * Takes:   url - https, or http on a loopback address. No redirect is followed. Certificates are
 *          checked against the system's, or SSL_CERT_FILE's.
 * Returns: OK; E_TIMEOUT with the sentence: it did not come, whole and with 200, in time.
 * Thread:  any that may block for JWT_KEYS_WAIT_MS.
 */
MUST_CHECK enum error jwt_fetch(const char *url, struct buf *out, struct failure *failure);

#endif
