/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token - random texts that open something: sign-in codes and sessions.
 *
 * The database has their digests only (SHA-256). A code is typed or pasted by people: hex, short, spaces
 * and case do not matter. What a session's forms bring is made of its token, so that only a page of
 * ours could have it.
 */
#ifndef INTAKE_GATEWAY_SETTINGS_TOKEN_H
#define INTAKE_GATEWAY_SETTINGS_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/span.h"

enum {
	TOKEN_CODE_LEN = 40,    /* 160 random bits */
	TOKEN_SESSION_LEN = 64, /* 256 */
	TOKEN_FORM_LEN = 64,
};

/* Secret: token_wipe it. */
struct token {
	char text[TOKEN_SESSION_LEN + 1];
};

struct token_digest {
	uint8_t bytes[32];
};

/* A new one. Takes: len - TOKEN_CODE_LEN or TOKEN_SESSION_LEN. */
void token_generate(struct token *ret_token, size_t len);
void token_wipe(struct token *token);

/*
 * Read what a client brought.
 *
 * Takes:   text - of a code: white space around and within, hyphens and upper case are let pass.
 * Returns: whether it is `len` hex characters; else ret_token is untouched.
 */
bool token_parse(struct span text, size_t len, struct token *ret_token);

struct token_digest token_digest(const struct token *token);

/* What the forms of this session bring along. Not to be had from anything but the token. */
void token_form(const struct token *session, char out[static TOKEN_FORM_LEN + 1]);

/* In constant time. */
bool token_form_is(const struct token *session, struct span brought);

#endif
