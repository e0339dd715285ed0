/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_script - what runs in Redis, and the commands and answers around it, in Redis' protocol.
 *
 * Written by hand, not by hiredis' formats: one of them is made for each request.
 */
#ifndef INTAKE_GATEWAY_LIMIT_SCRIPT_H
#define INTAKE_GATEWAY_LIMIT_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/limit.h"
#include "shared/api_key.h"
#include "shared/buf.h"
#include "shared/span.h"

enum { LIMIT_SCRIPT_SHA_LEN = 40 };

struct limit_script {
	struct span source;
	char sha[LIMIT_SCRIPT_SHA_LEN]; /* as Redis says when it is loaded */
};

/* Count a request that may pass; answers the counts from before. */
extern const struct span limit_script_take_source;
/* Undo that. */
extern const struct span limit_script_give_source;

/*
 * The commands: each fills `command` anew. With the source, where Redis does not have the script (any
 * more), it is longer, and Redis has it from then on.
 */
void limit_script_write_load(struct buf *command, const struct limit_script *script);
void limit_script_write_take(struct buf *command, const struct limit_script *script,
	bool with_source, const struct api_key_digest *digest, int64_t now_ms, int64_t limit);
void limit_script_write_give(struct buf *command, const struct limit_script *script,
	bool with_source, const struct api_key_digest *digest, int64_t now_ms);

/* The answer to a take. False: it is none. */
MUST_CHECK bool limit_script_parse_counts(
	struct span text, int64_t now_ms, struct limit_window *ret_counts);

#endif
