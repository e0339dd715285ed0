/* SPDX-License-Identifier: Apache-2.0 */
/* loopback - whether an address is this machine's own, where plain http is safe. */
#ifndef INTAKE_GATEWAY_SETTINGS_LOOPBACK_H
#define INTAKE_GATEWAY_SETTINGS_LOOPBACK_H

#include <stdbool.h>

#include "shared/span.h"

/* Takes: address - "127.0.0.1:8080", "[::1]/x", "localhost": what stands behind "http://". */
bool loopback_is(struct span address);

#endif
