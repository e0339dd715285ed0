/* SPDX-License-Identifier: Apache-2.0 */
/* test_site - where the page is, whether there is one, and that its parts fit together. */
#include "gateway/settings/site.h"

#include "gateway/metrics.h"
#include "tests/unit/test.h"

static const char *find(const char *public_url, const char *listening, struct buf *url)
{
	const struct gateway_settings settings = {.public_url = (char *)public_url};
	buf_clear(url);
	return site_find_url(&settings, span_of(listening), url);
}

START_TEST(the_public_address_decides)
{
	struct buf url = {0};
	ck_assert_ptr_null(find("https://hooks.example.com/", "0.0.0.0:80", &url));
	ck_assert_span_eq(buf_span(&url), SPAN("https://hooks.example.com"));
	ck_assert_ptr_null(find("http://localhost:8080", "0.0.0.0:80", &url));
	ck_assert_ptr_null(find(NULL, "127.0.0.1:8080", &url));
	ck_assert_span_eq(buf_span(&url), SPAN("http://127.0.0.1:8080"));
	buf_fini(&url);
}
END_TEST

START_TEST(plain_http_to_the_world_has_no_page)
{
	struct buf url = {0};
	ck_assert_ptr_nonnull(find("http://hooks.example.com", "127.0.0.1:8080", &url));
	ck_assert_ptr_nonnull(find("http://localhost.example.com", "127.0.0.1:8080", &url));
	ck_assert_ptr_nonnull(find("http://127.example.com", "127.0.0.1:8080", &url));
	ck_assert_ptr_nonnull(
		find("http://localhost:8080@hooks.example.com", "127.0.0.1:8080", &url));
	ck_assert_ptr_nonnull(find(NULL, "0.0.0.0:8080", &url));
	ck_assert_ptr_nonnull(find(NULL, "unix:/run/intake", &url));
	buf_fini(&url);
}
END_TEST

static struct site *make_site(const char *url)
{
	static const struct gateway_config config = {.postgres = {.url = "host=127.0.0.1 port=1"}};
	gateway_metrics_init();
	return site_new(&config, span_of(url));
}

static void free_site(struct site *site)
{
	jobs_stop(site->jobs);
	site_free(site);
	metrics_fini();
}

START_TEST(origin_and_path_are_parts_of_the_address)
{
	struct site *site = make_site("https://example.com:8443/hooks");
	ck_assert_span_eq(site->origin, SPAN("https://example.com:8443"));
	ck_assert_span_eq(site->base, SPAN("/hooks"));
	ck_assert_span_eq(site->cookie_name, SPAN("__Host-intake_session"));
	free_site(site);
}
END_TEST

START_TEST(on_a_loopback_address_cookies_have_a_plain_name)
{
	struct site *site = make_site("http://127.0.0.1:8080");
	ck_assert_span_eq(site->base, SPAN(""));
	ck_assert_span_eq(site->cookie_name, SPAN("intake_session"));
	free_site(site);
}
END_TEST

START_TEST(the_pages_files_weigh_less_than_30_kb_together)
{
	struct site *site = make_site("http://127.0.0.1:8080");
	size_t bytes = 0;
	for (size_t i = 0; i < SITE_ASSETS; i++) {
		const struct asset *asset = &site->assets[i];
		ck_assert_ptr_eq(site_asset(site, buf_span(&asset->path)), asset);
		bytes += asset->text.len;
	}
	ck_assert_uint_lt(bytes, 30000);
	ck_assert_ptr_null(site_asset(site, SPAN("/settings/style.css")));
	free_site(site);
}
END_TEST

START_TEST(an_address_is_tired_of_and_others_are_not)
{
	struct site *site = make_site("http://127.0.0.1:8080");
	for (int i = 0; i < SITE_ATTEMPTS_MOST; i++) {
		ck_assert(!site_is_tired_of(site, SPAN("192.0.2.1")));
		site_note_attempt(site, SPAN("192.0.2.1"));
	}
	ck_assert(site_is_tired_of(site, SPAN("192.0.2.1")));
	ck_assert(!site_is_tired_of(site, SPAN("192.0.2.2")));
	free_site(site);
}
END_TEST

START_TEST(a_session_is_known_until_it_is_forgotten)
{
	struct site *site = make_site("http://127.0.0.1:8080");
	const struct token_digest session = {{1, 2, 3}};
	const struct token_digest other = {{1, 2, 4}};
	ck_assert(!site_knows(site, &session));
	site_note_session(site, &session);
	ck_assert(site_knows(site, &session));
	ck_assert(!site_knows(site, &other));
	site_forget_session(site, &other);
	ck_assert(site_knows(site, &session));
	site_forget_session(site, &session);
	ck_assert(!site_knows(site, &session));
	free_site(site);
}
END_TEST

TESTS("site", the_public_address_decides, plain_http_to_the_world_has_no_page,
	origin_and_path_are_parts_of_the_address, on_a_loopback_address_cookies_have_a_plain_name,
	the_pages_files_weigh_less_than_30_kb_together, an_address_is_tired_of_and_others_are_not,
	a_session_is_known_until_it_is_forgotten)
