/* SPDX-License-Identifier: Apache-2.0 */
/* site - the settings page as a whole: where it is, what it is made of, and who has tried to get in. */
#include "gateway/settings/site.h"

#include <sodium.h>
#include <stdlib.h>

#include "gateway/settings/jwt.h"
#include "gateway/settings/loopback.h"
#include "gateway/settings/texts.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum { HASH_BYTES = 16 /* crypto_generichash takes no less */, HASH_SHOWN = 16 /* hex */ };

#define SETTINGS_PATH "/settings"

static const struct template templates[] = {
	{"businesses", settings_businesses_html},
	{"continue", settings_continue_html},
	{"foot", settings_foot_html},
	{"head", settings_head_html},
	{"integrations", settings_integrations_html},
	{"notice", settings_notice_html},
	{"sign_in", settings_sign_in_html},
	{"test", settings_test_html},
};

/* ---- where it is */

const char *site_find_url(
	const struct gateway_settings *settings, struct span listening, struct buf *out)
{
	struct span url = span_of(settings->public_url);
	if (url.len == 0 && !loopback_is(listening))
		return "GATEWAY_PUBLIC_URL does not say where it is";
	if (url.len == 0) {
		buf_add_text(out, "http://");
		buf_add(out, listening);
		return NULL;
	}
	struct span http = SPAN("http://");
	if (!span_starts_nocase(url, SPAN("https://")) &&
		!(span_starts_nocase(url, http) &&
			loopback_is(span_from(url.base + http.len, url.len - http.len))))
		return "GATEWAY_PUBLIC_URL is neither https nor a loopback address: its cookies "
		       "could be read on the way";
	while (url.len && url.base[url.len - 1] == '/')
		url.len--;
	buf_add(out, url);
	return NULL;
}

static void take_url(struct site *site, struct span public_url)
{
	buf_add(&site->public_url, public_url);
	struct span url = buf_span(&site->public_url);
	site->is_secure = span_starts_nocase(url, SPAN("https://"));
	size_t scheme_len = site->is_secure ? strlen("https://") : strlen("http://");
	const char *path = memchr(url.base + scheme_len, '/', url.len - scheme_len);
	site->origin = path ? span_from(url.base, (size_t)(path - url.base)) : url;
	site->base = path ? span_from(path, url.len - site->origin.len) : SPAN("");
	/* The prefix makes browsers insist on Secure, Path=/ and no Domain. */
	site->cookie_name =
		site->is_secure ? SPAN("__Host-intake_session") : SPAN("intake_session");
}

/* ---- what it is made of */

static void make_headers(struct site *site)
{
	buf_add_text(&site->headers,
		"Content-Type: text/html; charset=utf-8\r\n"
		"Cache-Control: no-store\r\n"
		"Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; "
		"img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
		"frame-ancestors 'none'\r\n"
		"Cross-Origin-Opener-Policy: same-origin\r\n"
		"Cross-Origin-Resource-Policy: same-origin\r\n"
		"Permissions-Policy: camera=(), clipboard-write=(self), geolocation=(), "
		"microphone=(), payment=(), usb=()\r\n"
		/* no-referrer would take the Origin from our own forms too. */
		"Referrer-Policy: same-origin\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"X-Frame-Options: DENY\r\n"
		"X-Robots-Tag: noindex\r\n");
	if (site->is_secure)
		buf_add_text(&site->headers, "Strict-Transport-Security: max-age=31536000\r\n");
}

static void make_asset(struct asset *asset, const char *name, const char *type, const char *text)
{
	unsigned char hash[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];
	const char *dot = strrchr(name, '.');
	asset->text = span_of(text);
	ensure(dot && crypto_generichash(hash, sizeof(hash), (const unsigned char *)text,
			      asset->text.len, NULL, 0) == 0);
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	buf_printf(&asset->path, SETTINGS_PATH "/%.*s.%.*s%s", (int)(dot - name), name, HASH_SHOWN,
		hex, dot);
	buf_printf(&asset->headers,
		"Content-Type: %s\r\nCache-Control: public, max-age=31536000, immutable\r\n"
		"Cross-Origin-Resource-Policy: same-origin\r\nX-Content-Type-Options: nosniff\r\n",
		type);
}

struct site *site_new(const struct gateway_config *config, struct span public_url)
{
	struct site *site = memory_zeroed(1, sizeof(*site));
	site->config = config;
	take_url(site, public_url);
	make_headers(site);
	make_asset(&site->assets[ASSET_STYLE], "style.css", "text/css; charset=utf-8",
		settings_style_css);
	make_asset(&site->assets[ASSET_SCRIPT], "script.js", "text/javascript; charset=utf-8",
		settings_script_js);
	make_asset(&site->assets[ASSET_ICON], "icon.svg", "image/svg+xml", settings_icon_svg);
	site->templates = (struct template_set){templates, sizeof(templates) / sizeof(*templates)};
	template_check(&site->templates);
	ensure(pthread_mutex_init(&site->lock, NULL) == 0);
	key_budget_init(&site->attempts, SITE_ATTEMPTS_MS);
	site->jwt = jwt_new(&config->jwt);
	site->jobs = jobs_start(config->postgres.url, config->gateway.audit_days);
	return site;
}

void site_free(struct site *site)
{
	if (!site)
		return;
	jobs_free(site->jobs);
	jwt_free(site->jwt);
	for (size_t i = 0; i < SITE_ASSETS; i++) {
		buf_fini(&site->assets[i].path);
		buf_fini(&site->assets[i].headers);
	}
	buf_fini(&site->headers);
	buf_fini(&site->public_url);
	(void)pthread_mutex_destroy(&site->lock);
	free(site);
}

const struct asset *site_asset(const struct site *site, struct span path)
{
	for (size_t i = 0; i < SITE_ASSETS; i++) {
		if (span_equal(path, buf_span(&site->assets[i].path)))
			return &site->assets[i];
	}
	return NULL;
}

/* ---- who has tried to get in */

bool site_is_tired_of(struct site *site, struct span peer)
{
	const struct key_address address = key_address_of(peer);
	(void)pthread_mutex_lock(&site->lock);
	bool is_tired = key_budget_taken(&site->attempts, &address, clock_steady_ms()) >=
			SITE_ATTEMPTS_MOST;
	(void)pthread_mutex_unlock(&site->lock);
	return is_tired;
}

void site_note_attempt(struct site *site, struct span peer)
{
	const struct key_address address = key_address_of(peer);
	(void)pthread_mutex_lock(&site->lock);
	key_budget_take(&site->attempts, &address, clock_steady_ms());
	(void)pthread_mutex_unlock(&site->lock);
}

/* Takes: lock held. It is a hash already, and only sessions that opened the page are put there. */
static struct token_digest *place_of(struct site *site, const struct token_digest *session)
{
	size_t number = (size_t)session->bytes[0] << 8 | session->bytes[1];
	return &site->sessions[number % SITE_SESSIONS_KNOWN];
}

static bool is_same(const struct token_digest *a, const struct token_digest *b)
{
	return sodium_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool site_knows(struct site *site, const struct token_digest *session)
{
	(void)pthread_mutex_lock(&site->lock);
	bool is_known = is_same(place_of(site, session), session);
	(void)pthread_mutex_unlock(&site->lock);
	return is_known;
}

void site_note_session(struct site *site, const struct token_digest *session)
{
	(void)pthread_mutex_lock(&site->lock);
	*place_of(site, session) = *session;
	(void)pthread_mutex_unlock(&site->lock);
}

void site_forget_session(struct site *site, const struct token_digest *session)
{
	(void)pthread_mutex_lock(&site->lock);
	struct token_digest *place = place_of(site, session);
	if (is_same(place, session))
		*place = (struct token_digest){{0}};
	(void)pthread_mutex_unlock(&site->lock);
}
