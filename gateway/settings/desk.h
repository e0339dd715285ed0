/* SPDX-License-Identifier: Apache-2.0 */
/* desk - the settings page in one event loop: which route a request takes. */
#ifndef INTAKE_GATEWAY_SETTINGS_DESK_H
#define INTAKE_GATEWAY_SETTINGS_DESK_H

#include "gateway/pipeline.h"
#include "gateway/settings/site.h"

/* One a loop, as the pipeline in it. */
struct desk {
	struct site *site;         /* borrowed, as the pipeline */
	struct pipeline *pipeline; /* takes the test requests */
	struct http_service service;
};

/* Takes: desk - site and pipeline are set; fills the rest. */
void desk_init(struct desk *desk);

/* Whether the path is the page's: "/settings" and all below. */
bool desk_has(struct span path);

#endif
