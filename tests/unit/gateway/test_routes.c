/* SPDX-License-Identifier: Apache-2.0 */
/* test_routes - which service a path belongs to, and who hears of what has no path. */
#include "gateway/routes.h"

#include "tests/unit/test.h"

/* What a service was told last. */
struct heard {
	int heads;
	enum error failed;
	int refused;
};

static void on_head(struct http_request *request, void *user)
{
	struct heard *heard = user;
	(void)request;
	heard->heads++;
}

static void on_failed(struct http_request *request, enum error error, void *user)
{
	struct heard *heard = user;
	(void)request;
	heard->failed = error;
}

static void on_refused(struct http_response *response, void *user)
{
	struct heard *heard = user;
	(void)response;
	heard->refused++;
}

static struct heard webhook_heard;
static struct heard openapi_heard;
static struct heard settings_heard;
static const struct http_service webhook = {
	.head = on_head, .failed = on_failed, .refused = on_refused, .user = &webhook_heard};
static const struct http_service openapi = {.head = on_head, .user = &openapi_heard};
static const struct http_service settings = {.head = on_head, .user = &settings_heard};
static struct routes routes;

static void begin(void)
{
	webhook_heard = openapi_heard = (struct heard){0};
	routes = (struct routes){.webhook = &webhook, .openapi = &openapi, .settings = &settings};
	routes_init(&routes);
}

static const struct http_service *service_for(const char *path)
{
	struct http_request request = {.path = span_of(path)};
	routes.service.head(&request, routes.service.user);
	return request.service;
}

START_TEST(a_path_belongs_to_one_service)
{
	begin();
	ck_assert_ptr_eq(service_for("/openapi.json"), &openapi);
	ck_assert_int_eq(openapi_heard.heads, 1);
	ck_assert_int_eq(webhook_heard.heads, 0);
	ck_assert_ptr_eq(service_for("/api/webhooks/contacts"), &webhook);
	ck_assert_int_eq(webhook_heard.heads, 1);
}
END_TEST

START_TEST(the_settings_are_the_webhooks_to_refuse_where_there_is_no_page)
{
	begin();
	ck_assert_ptr_eq(service_for("/settings/key"), &settings);
	routes.settings = NULL;
	ck_assert_ptr_eq(service_for("/settings/key"), &webhook);
}
END_TEST

START_TEST(a_path_of_nobody_is_the_webhooks_to_refuse)
{
	static const char *const paths[] = {"", "/", "*", "/openapi.json/", "/OPENAPI.JSON"};
	begin();
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		ck_assert_ptr_eq(service_for(paths[i]), &webhook);
}
END_TEST

START_TEST(what_has_no_path_is_the_webhooks)
{
	struct http_request request = {.path = SPAN_NONE};
	struct http_response response = {.status = 0};
	begin();
	routes.service.failed(&request, E_HEADERS_TOO_LARGE, routes.service.user);
	ck_assert_int_eq(webhook_heard.failed, E_HEADERS_TOO_LARGE);
	routes.service.refused(&response, routes.service.user);
	ck_assert_int_eq(webhook_heard.refused, 1);
}
END_TEST

TESTS("routes", a_path_belongs_to_one_service,
	the_settings_are_the_webhooks_to_refuse_where_there_is_no_page,
	a_path_of_nobody_is_the_webhooks_to_refuse, what_has_no_path_is_the_webhooks)
