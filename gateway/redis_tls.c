/* SPDX-License-Identifier: Apache-2.0 */
/* redis_tls - what turns a connection to Redis into one over TLS. */
#include "gateway/redis_tls.h"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>

#include "shared/memory.h"

struct redis_tls {
	SSL_CTX *settings;
	char *host;
};

/* hiredis' own helper checks the chain of certificates, but not whose they are. */
enum error redis_tls_new(const char *host, struct redis_tls **ret_tls, struct failure *failure)
{
	SSL_CTX *settings = SSL_CTX_new(TLS_client_method());
	if (!settings || SSL_CTX_set_min_proto_version(settings, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_default_verify_paths(settings) != 1) {
		SSL_CTX_free(settings);
		return failure_set(failure, E_CONFIG, "TLS cannot be set up (SSL_CERT_FILE?)");
	}
	SSL_CTX_set_verify(settings, SSL_VERIFY_PEER, NULL);
	struct redis_tls *tls = memory_zeroed(1, sizeof(*tls));
	tls->settings = settings;
	tls->host = memory_string(host);
	*ret_tls = tls;
	return OK;
}

void redis_tls_free(struct redis_tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->settings);
	free(tls->host);
	free(tls);
}

/* An address stands in a certificate as such, and is no server name (RFC 6066 section 3). */
static bool expect_host(SSL *ssl, const char *host)
{
	struct in6_addr address;
	if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

const char *redis_tls_problem(void)
{
	return ERR_reason_error_string(ERR_peek_last_error());
}

enum error redis_tls_begin(struct redis_tls *tls, struct redisContext *context)
{
	SSL *ssl = SSL_new(tls->settings);
	if (!ssl || !expect_host(ssl, tls->host)) {
		SSL_free(ssl);
		return E_SYSTEM;
	}
	if (redisInitiateSSL(context, ssl) == REDIS_OK)
		return OK; /* and the context has it */
	SSL_free(ssl);
	return E_SYSTEM;
}
