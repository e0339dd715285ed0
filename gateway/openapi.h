/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi - GET /openapi.json: what the gateway takes and answers, as OpenAPI 3.1.
 *
 * The document is made once, at the start: what gateway/openapi.json.in says, with limits, statuses,
 * errors and headers from the tables that the code itself goes by.
 */
#ifndef INTAKE_GATEWAY_OPENAPI_H
#define INTAKE_GATEWAY_OPENAPI_H

#include "gateway/config.h"
#include "shared/buf.h"
#include "shared/http/http.h"

#define OPENAPI_PATH "/openapi.json"
#define OPENAPI_CACHE_CONTROL "public, max-age=300"

/* Add the document to `out`. */
void openapi_write(const struct gateway_settings *settings, struct buf *out);

/* The document and how it is served. */
struct openapi;

/* Returned owned, free with openapi_free. */
struct openapi *openapi_new(const struct gateway_settings *settings);

/* Takes NULL too. */
void openapi_free(struct openapi *openapi);

/* Answers any request at once, whatever its path. Borrowed. Thread: any number at a time. */
const struct http_service *openapi_service(const struct openapi *openapi);

#endif
