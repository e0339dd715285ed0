/* SPDX-License-Identifier: Apache-2.0 */
/* redis_url - where Redis is and how to log in. */
#include "gateway/redis_url.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/memory.h"
#include "shared/span.h"

enum { REDIS_PORT = 6379, NUMBER_DIGITS_MOST = 5 };

static enum error problem(struct failure *failure, const char *sentence)
{
	return failure_set(failure, E_CONFIG, "%s", sentence);
}

/* Cut `text` at the first (or last) `byte`: the part before it is returned, base NULL: there is none. */
static struct span cut(struct span *text, char byte, bool last)
{
	const char *at = !text->len ? NULL
			 : last     ? memrchr(text->base, byte, text->len)
				    : memchr(text->base, byte, text->len);
	if (!at)
		return SPAN_NONE;
	struct span before = span_from(text->base, (size_t)(at - text->base));
	*text = span_from(at + 1, text->len - before.len - 1);
	return before;
}

static bool take_prefix(struct span *text, struct span prefix)
{
	if (!span_starts_nocase(*text, prefix))
		return false;
	*text = span_from(text->base + prefix.len, text->len - prefix.len);
	return true;
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20; /* lower case */
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* One byte, "%XX" too. Returns -1 where that is cut short, no hex, or a NUL. */
static int decode_byte(struct span text, size_t *at)
{
	char byte = text.base[(*at)++];
	if (byte != '%')
		return (unsigned char)byte;
	if (text.len - *at < 2)
		return -1;
	int high = hex_digit(text.base[(*at)++]);
	int low = hex_digit(text.base[(*at)++]);
	return high < 0 || low < 0 || high + low == 0 ? -1 : high * 16 + low;
}

/* Returned owned, NUL-terminated; NULL: a "%" that is no %XX. */
static char *decode(struct span text)
{
	char *out = memory_zeroed(1, text.len + 1);
	size_t len = 0;
	for (size_t at = 0; at < text.len;) {
		int byte = decode_byte(text, &at);
		if (byte < 0) {
			sodium_memzero(out, len);
			free(out);
			return NULL;
		}
		out[len++] = (char)byte;
	}
	return out;
}

static bool parse_number(struct span text, int most, int *ret_number)
{
	int number = 0;
	if (text.len == 0 || text.len > NUMBER_DIGITS_MOST)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.base[i] < '0' || text.base[i] > '9')
			return false;
		number = number * 10 + (text.base[i] - '0');
	}
	*ret_number = number;
	return number <= most;
}

/* "[user]:password"; base NULL: nobody logs in. */
static enum error parse_login(struct span login, struct redis_url *url, struct failure *failure)
{
	if (!login.base)
		return OK;
	struct span user = cut(&login, ':', false);
	if (!user.base)
		return problem(failure, "before the @ stands user:password or :password");
	url->user = user.len ? decode(user) : NULL;
	url->password = decode(login);
	if ((user.len && !url->user) || !url->password)
		return problem(failure, "a % in user or password must be written %25");
	return url->password[0] ? OK : problem(failure, "the password is empty");
}

static bool is_host_byte(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '.' || byte == '-' || byte == '_';
}

/* "host", "host:port", "[v6]", "[v6]:port". */
static enum error parse_address(struct span text, struct redis_url *url, struct failure *failure)
{
	int port = REDIS_PORT;
	struct span host = text;
	struct span behind = SPAN_NONE;
	bool is_v6 = take_prefix(&text, SPAN("["));
	if (is_v6) {
		host = cut(&text, ']', false);
		if (!host.base)
			return problem(failure, "the ] behind the address is missing");
		behind = text.len ? text : SPAN_NONE;
		if (behind.base && !take_prefix(&behind, SPAN(":")))
			return problem(failure, "behind ] stands a colon and the port");
	} else if (memchr(text.base, ':', text.len)) {
		host = cut(&text, ':', false);
		behind = text;
	}
	if (behind.base && (!parse_number(behind, UINT16_MAX, &port) || port == 0))
		return problem(failure, "the port must be a number from 1 to 65535");
	for (size_t i = 0; i < host.len; i++) {
		if (!is_host_byte(host.base[i]) && !(is_v6 && host.base[i] == ':'))
			return problem(failure, "the host is neither a name nor an address");
	}
	if (host.len == 0)
		return problem(failure, "the host is missing");
	url->port = (uint16_t)port;
	url->host = decode(host);
	return OK;
}

static enum error parse_database(struct span text, struct redis_url *url, struct failure *failure)
{
	if (text.len && !parse_number(text, REDIS_URL_DATABASE_MOST, &url->database))
		return problem(failure, "the database must be a number from 0 to 65535");
	return OK;
}

static enum error parse_tcp(struct span text, struct redis_url *url, struct failure *failure)
{
	struct span login = cut(&text, '@', true);
	struct span address = text;
	struct span database = SPAN_NONE;
	if (text.len && memchr(text.base, '/', text.len)) {
		address = cut(&text, '/', false);
		database = text;
	}
	enum error error = parse_login(login, url, failure);
	if (!error)
		error = address.len ? parse_address(address, url, failure)
				    : problem(failure, "the host is missing");
	return error ? error : parse_database(database, url, failure);
}

static enum error parse_unix(struct span text, struct redis_url *url, struct failure *failure)
{
	struct span login = SPAN_NONE;
	struct span path = text;
	if (take_prefix(&text, SPAN("//"))) {
		login = cut(&text, '@', true);
		path = text;
	}
	if (text.len && memchr(text.base, '?', text.len)) {
		path = cut(&text, '?', false);
		if (!take_prefix(&text, SPAN("db=")))
			return problem(failure, "behind the ? stands db= and a number");
	} else {
		text = SPAN_NONE;
	}
	if (path.len < 2 || path.base[0] != '/')
		return problem(failure, "the socket's path must begin with a slash");
	url->path = decode(path);
	if (!url->path)
		return problem(failure, "a % in the path must be written %25");
	if (strlen(url->path) > REDIS_URL_PATH_MOST)
		return problem(failure, "the socket's path is longer than 107 bytes");
	enum error error = parse_login(login, url, failure);
	return error ? error : parse_database(text, url, failure);
}

static enum error parse(struct span text, struct redis_url *url, struct failure *failure)
{
	if (take_prefix(&text, SPAN("unix:")))
		return parse_unix(text, url, failure);
	url->tls = take_prefix(&text, SPAN("rediss://"));
	if (!url->tls && !take_prefix(&text, SPAN("redis://")))
		return problem(failure, "must begin with redis://, rediss:// or unix:/");
	return parse_tcp(text, url, failure);
}

enum error redis_url_parse(const char *text, struct redis_url *ret_url, struct failure *failure)
{
	struct redis_url url = {.tls = false};
	enum error error = parse(span_of(text), &url, failure);
	if (error)
		redis_url_fini(&url);
	else
		*ret_url = url;
	return error;
}

void redis_url_fini(struct redis_url *url)
{
	if (url->password)
		sodium_memzero(url->password, strlen(url->password));
	free(url->host);
	free(url->path);
	free(url->user);
	free(url->password);
	*url = (struct redis_url){.tls = false};
}
