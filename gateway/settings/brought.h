/* SPDX-License-Identifier: Apache-2.0 */
/* brought - what a request of the settings page brings: the fields of a form or a query, and cookies. */
#ifndef INTAKE_GATEWAY_SETTINGS_BROUGHT_H
#define INTAKE_GATEWAY_SETTINGS_BROUGHT_H

#include "shared/http/http.h"

enum {
	BROUGHT_FIELDS_MOST = 16, /* of a form or a query; more are not looked at */
	BROUGHT_BODY_BYTES = 16 * 1024,
};

/* The decoded value of the first field of that name; base NULL: none, or no valid text. In the arena. */
struct span brought_field(struct span form, struct span name, struct arena *arena);

/*
 * The value of the cookie of that name; base NULL: none. One that comes twice is none either: nobody
 * knows which of them is ours.
 */
struct span brought_cookie(const struct http_request *request, struct span name);

#endif
