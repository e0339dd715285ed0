/* SPDX-License-Identifier: Apache-2.0 */
/* forwarded - the client's address from X-Forwarded-For, as far as proxies of ours vouch for it. */
#ifndef INTAKE_SHARED_HTTP_FORWARDED_H
#define INTAKE_SHARED_HTTP_FORWARDED_H

#include "shared/http/http.h"
#include "shared/http/network.h"

/*
 * Each proxy adds whom it heard from at the right end; what stands left of the first address that is
 * no proxy of ours, anybody may have written. So it is read from the right, over all lines of the
 * header, and the first address that is not trusted is the client. Where all are trusted, the first
 * one is: a request that began inside.
 *
 * Takes:   request - of a connection whose peer is trusted.
 * Returns: false: there is no such header, or what is not an address stands where one would have to
 *          be trusted; the peer is all that is known then.
 */
bool forwarded_client(const struct http_request *request, const struct network_list *trusted,
	struct network_address *ret_client);

#endif
