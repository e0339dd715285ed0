/* SPDX-License-Identifier: Apache-2.0 */
/* jwt_keys - the issuer's keys: a JWK set from a file or a URL, kept for a while. */
#include "gateway/settings/jwt_keys.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/settings/jwt_fetch.h"
#include "shared/ensure.h"
#include "shared/log.h"
#include "shared/memory.h"
#include "shared/settings.h"

struct jwt_keys {
	pthread_mutex_t lock;
	const char *source;
	bool is_file;
	jwks_t *set; /* NULL: none was loaded yet */
	int64_t loaded_ms;
	int64_t tried_ms;
	bool tried;
	bool loading;            /* by a thread that has let the lock go meanwhile */
	struct timespec changed; /* the file, when it was loaded */
};

struct jwt_keys *jwt_keys_new(const char *source)
{
	struct jwt_keys *keys = memory_zeroed(1, sizeof(*keys));
	keys->source = source;
	keys->is_file = !strstr(source, "://");
	ensure(pthread_mutex_init(&keys->lock, NULL) == 0);
	return keys;
}

void jwt_keys_free(struct jwt_keys *keys)
{
	if (!keys)
		return;
	r_jwks_free(keys->set);
	(void)pthread_mutex_destroy(&keys->lock);
	free(keys);
}

static enum error read_source(const struct jwt_keys *keys, struct buf *out, struct failure *failure)
{
	char *text = NULL;
	if (!keys->is_file)
		return jwt_fetch(keys->source, out, failure);
	enum error error = settings_read_file(keys->source, JWT_KEYS_BYTES, &text, failure);
	if (!error)
		buf_add_text(out, text);
	free(text);
	return error;
}

/* Keys of kinds that are not known are left out (RFC 7517 section 5), and the library says so. */
static enum error parse(struct buf *text, jwks_t **ret_set, struct failure *failure)
{
	jwks_t *set = NULL;
	if (r_jwks_init(&set) == RHN_OK)
		(void)r_jwks_import_from_json_str(set, buf_text(text));
	if (r_jwks_size(set) > 0 && r_jwks_size(set) <= JWT_KEYS_MOST) {
		*ret_set = set;
		return OK;
	}
	r_jwks_free(set);
	return failure_set(failure, E_CONFIG, "it is no JWK set of 1 to %d keys", JWT_KEYS_MOST);
}

/* Takes: lock not held. Returns: NULL: it could not be had, and why is in the log. */
static jwks_t *load_set(const struct jwt_keys *keys)
{
	struct buf text = {0};
	struct failure failure = {.error = OK};
	jwks_t *set = NULL;
	enum error error = read_source(keys, &text, &failure);
	if (!error)
		error = parse(&text, &set, &failure);
	buf_fini(&text);
	if (error)
		log_warn("settings.jwt_keys_failed", log_text("detail", failure.detail));
	else
		log_info("settings.jwt_keys_loaded", log_int("keys", (int64_t)r_jwks_size(set)));
	return set;
}

/*
 * The one before serves on where this fails, and for others meanwhile: an issuer that is slow holds up
 * one thread. Takes: lock held, let go for the while.
 */
static void load(struct jwt_keys *keys, int64_t now_ms)
{
	struct stat about;
	keys->tried = keys->loading = true;
	keys->tried_ms = now_ms;
	if (keys->is_file && stat(keys->source, &about) == 0)
		keys->changed = about.st_mtim;
	(void)pthread_mutex_unlock(&keys->lock);
	jwks_t *set = load_set(keys);
	(void)pthread_mutex_lock(&keys->lock);
	keys->loading = false;
	if (!set)
		return;
	r_jwks_free(keys->set);
	keys->set = set;
	keys->loaded_ms = now_ms;
}

static bool file_has_changed(const struct jwt_keys *keys)
{
	struct stat about;
	return keys->is_file && stat(keys->source, &about) == 0 &&
	       (about.st_mtim.tv_sec != keys->changed.tv_sec ||
		       about.st_mtim.tv_nsec != keys->changed.tv_nsec);
}

static bool may_try(const struct jwt_keys *keys, int64_t now_ms)
{
	return !keys->loading && (!keys->tried || now_ms - keys->tried_ms >= JWT_KEYS_AGAIN_MS);
}

/* Takes: lock held. */
static void refresh(struct jwt_keys *keys, int64_t now_ms)
{
	bool is_old = !keys->set || now_ms - keys->loaded_ms >= JWT_KEYS_AGE_MS;
	if ((!keys->loading && file_has_changed(keys)) || (is_old && may_try(keys, now_ms)))
		load(keys, now_ms);
	if (keys->set && now_ms - keys->loaded_ms >= JWT_KEYS_STALE_MS) {
		r_jwks_free(keys->set);
		keys->set = NULL;
	}
}

/* A key that says what it is for is for nothing else (RFC 7517 sections 4.2 and 4.4). */
static bool fits(jwk_t *key, const char *algorithm, unsigned type)
{
	const char *use = r_jwk_get_property_str(key, "use");
	const char *own = r_jwk_get_property_str(key, "alg");
	unsigned found = (unsigned)r_jwk_key_type(key, NULL, R_FLAG_IGNORE_REMOTE);
	return (found & R_KEY_TYPE_PUBLIC) && (found & type) && (!use || strcmp(use, "sig") == 0) &&
	       (!own || strcmp(own, algorithm) == 0);
}

/* Takes: lock held. */
static jwk_t *find(struct jwt_keys *keys, const char *key_id)
{
	if (!keys->set)
		return NULL;
	if (key_id)
		return r_jwks_get_by_kid(keys->set, key_id);
	return r_jwks_size(keys->set) == 1 ? r_jwks_get_at(keys->set, 0) : NULL;
}

jwk_t *jwt_keys_find(struct jwt_keys *keys, const char *key_id, const char *algorithm,
	unsigned type, int64_t now_ms)
{
	(void)pthread_mutex_lock(&keys->lock);
	refresh(keys, now_ms);
	jwk_t *key = find(keys, key_id);
	if (!key && may_try(keys, now_ms)) {
		load(keys, now_ms);
		key = find(keys, key_id);
	}
	(void)pthread_mutex_unlock(&keys->lock);
	if (key && !fits(key, algorithm, type)) {
		r_jwk_free(key);
		key = NULL;
	}
	return key;
}
