/* SPDX-License-Identifier: Apache-2.0 */
/* limit_script - what runs in Redis, and the commands and answers around it. */
#include "gateway/limit_script.h"

enum {
	NUMBER_BYTES = 20, /* of an int64_t that is not negative */
	KEY_BYTES = 128,
	COUNT_MOST = INT32_MAX,
};

#define KEY_PREFIX "intake:limit:"

_Static_assert(LIMIT_WINDOW_MS == 60000, "the scripts say so");

/* KEYS: this window's count, the one before's. ARGV: ms since the window began, the limit. */
#define TAKE_SCRIPT                                                                                \
	"local found = redis.call('MGET', KEYS[1], KEYS[2])\n"                                     \
	"local count, previous = found[1] or '0', found[2] or '0'\n"                               \
	"local weighted = math.floor((1 - ARGV[1] / 60000) * previous)\n"                          \
	"if weighted + count < tonumber(ARGV[2]) and redis.call('INCR', KEYS[1]) == 1 then\n"      \
	"\tredis.call('PEXPIRE', KEYS[1], 120000)\n"                                               \
	"end\n"                                                                                    \
	"return count .. ' ' .. previous\n"

/* KEYS: the window's count. A count that is gone must not come back without an end. */
#define GIVE_SCRIPT                                                                                \
	"if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then\n"                                \
	"\tredis.call('DECR', KEYS[1])\n"                                                          \
	"end\n"                                                                                    \
	"return 'given'\n"

const struct span limit_script_take_source = {TAKE_SCRIPT, sizeof(TAKE_SCRIPT) - 1};
const struct span limit_script_give_source = {GIVE_SCRIPT, sizeof(GIVE_SCRIPT) - 1};

static void begin_command(struct buf *command, int64_t argument_count)
{
	buf_clear(command);
	buf_add_char(command, '*');
	buf_add_int(command, argument_count);
	buf_add(command, SPAN("\r\n"));
}

static void add_argument(struct buf *command, struct span text)
{
	buf_add_char(command, '$');
	buf_add_int(command, (int64_t)text.len);
	buf_add(command, SPAN("\r\n"));
	buf_add(command, text);
	buf_add(command, SPAN("\r\n"));
}

/* Not by printf: this is done for each request. Returns the length. */
static size_t number_text(char out[static NUMBER_BYTES], int64_t number)
{
	char backwards[NUMBER_BYTES];
	size_t len = 0;
	do {
		backwards[len++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (size_t i = 0; i < len; i++)
		out[i] = backwards[len - 1 - i];
	return len;
}

static void add_number(struct buf *command, int64_t number)
{
	char text[NUMBER_BYTES];
	add_argument(command, span_from(text, number_text(text, number)));
}

static void add_key(struct buf *command, const struct api_key_digest *digest, int64_t index)
{
	static const char digits[] = "0123456789abcdef";
	char key[KEY_BYTES] = KEY_PREFIX "{";
	size_t len = sizeof(KEY_PREFIX "{") - 1;
	for (size_t i = 0; i < sizeof(digest->bytes); i++) {
		key[len++] = digits[digest->bytes[i] >> 4];
		key[len++] = digits[digest->bytes[i] & 15];
	}
	key[len++] = '}';
	key[len++] = ':';
	len += number_text(key + len, index);
	add_argument(command, span_from(key, len));
}

static void begin_script(struct buf *command, const struct limit_script *script, bool with_source,
	int64_t argument_count)
{
	begin_command(command, argument_count + 2);
	add_argument(command, with_source ? SPAN("EVAL") : SPAN("EVALSHA"));
	add_argument(command,
		with_source ? script->source : span_from(script->sha, LIMIT_SCRIPT_SHA_LEN));
}

void limit_script_write_load(struct buf *command, const struct limit_script *script)
{
	begin_command(command, 3);
	add_argument(command, SPAN("SCRIPT"));
	add_argument(command, SPAN("LOAD"));
	add_argument(command, script->source);
}

void limit_script_write_take(struct buf *command, const struct limit_script *script,
	bool with_source, const struct api_key_digest *digest, int64_t now_ms, int64_t limit)
{
	int64_t index = now_ms / LIMIT_WINDOW_MS;
	begin_script(command, script, with_source, 5);
	add_argument(command, SPAN("2"));
	add_key(command, digest, index);
	add_key(command, digest, index - 1);
	add_number(command, now_ms % LIMIT_WINDOW_MS);
	add_number(command, limit);
}

void limit_script_write_give(struct buf *command, const struct limit_script *script,
	bool with_source, const struct api_key_digest *digest, int64_t now_ms)
{
	begin_script(command, script, with_source, 2);
	add_argument(command, SPAN("1"));
	add_key(command, digest, now_ms / LIMIT_WINDOW_MS);
}

static bool parse_count(struct span *text, int64_t *ret_count)
{
	int64_t count = 0;
	size_t at = 0;
	for (; at < text->len && text->base[at] >= '0' && text->base[at] <= '9'; at++) {
		count = count * 10 + (text->base[at] - '0');
		if (count > COUNT_MOST)
			return false;
	}
	if (at == 0)
		return false;
	*text = span_from(text->base + at, text->len - at);
	*ret_count = count;
	return true;
}

/* "COUNT PREVIOUS" */
bool limit_script_parse_counts(struct span text, int64_t now_ms, struct limit_window *ret_counts)
{
	struct limit_window counts = {.index = now_ms / LIMIT_WINDOW_MS};
	if (!parse_count(&text, &counts.count) || text.len == 0 || text.base[0] != ' ')
		return false;
	text = span_from(text.base + 1, text.len - 1);
	if (!parse_count(&text, &counts.previous) || text.len > 0)
		return false;
	*ret_counts = counts;
	return true;
}
