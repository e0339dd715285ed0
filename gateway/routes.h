/* SPDX-License-Identifier: Apache-2.0 */
/* routes - which service a path belongs to; what the public listener serves. */
#ifndef INTAKE_GATEWAY_ROUTES_H
#define INTAKE_GATEWAY_ROUTES_H

#include "shared/http/http.h"

/* One a loop, as the pipeline in it. */
struct routes {
	const struct http_service *webhook;  /* borrowed; every path that is nobody else's too */
	const struct http_service *openapi;  /* borrowed */
	const struct http_service *settings; /* borrowed; NULL: there is no page */
	struct http_service service;         /* what http_server_new takes */
};

/* Takes: routes - the services are set; fills the rest. */
void routes_init(struct routes *routes);

#endif
