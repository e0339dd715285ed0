/* SPDX-License-Identifier: Apache-2.0 */
/* routes - which service a path belongs to; what the public listener serves. */
#include "gateway/routes.h"

#include "gateway/openapi.h"
#include "gateway/settings/desk.h"

static void on_head(struct http_request *request, void *user)
{
	const struct routes *routes = user;
	if (span_equal(request->path, SPAN(OPENAPI_PATH)))
		http_hand_over(request, routes->openapi);
	else if (routes->settings && desk_has(request->path))
		http_hand_over(request, routes->settings);
	else
		http_hand_over(request, routes->webhook);
}

/* Of a head that could not be read; what fails later fails with the service that has it. */
static void on_failed(struct http_request *request, enum error error, void *user)
{
	const struct routes *routes = user;
	routes->webhook->failed(request, error, routes->webhook->user);
}

/* A connection that there is no room for has asked for no path. */
static void on_refused(struct http_response *response, void *user)
{
	const struct routes *routes = user;
	routes->webhook->refused(response, routes->webhook->user);
}

void routes_init(struct routes *routes)
{
	routes->service = (struct http_service){
		.head = on_head,
		.failed = on_failed,
		.refused = on_refused,
		.user = routes,
	};
}
