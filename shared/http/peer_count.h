/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer_count - how many connections each client address has open, so that none takes them all.
 *
 * One table for all event loops, behind one mutex: it is asked when a connection opens and closes,
 * never for a request. It holds no more entries than there are connections.
 */
#ifndef INTAKE_SHARED_HTTP_PEER_COUNT_H
#define INTAKE_SHARED_HTTP_PEER_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/http/network.h"

struct peer_count;

/* Takes: most - connections of one address. Returns: owned, free with peer_count_free. */
struct peer_count *peer_count_new(int64_t most);
void peer_count_free(struct peer_count *count); /* takes NULL too */

/*
 * Takes:   client - as network_address_client makes it.
 * Returns: false: it has as many as it may; else peer_count_give one later. Thread: any.
 */
bool peer_count_take(struct peer_count *count, const struct network_address *client);
void peer_count_give(struct peer_count *count, const struct network_address *client);

#endif
