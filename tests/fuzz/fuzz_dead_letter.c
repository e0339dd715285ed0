/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_dead_letter - any record of the dead-letter topic: lines "name=value", an empty one, the value. */
#include "shared/ensure.h"
#include "shared/printable.h"
#include "shared/utf8.h"
#include "worker/dead_letter_redrive.h"
#include "worker/dead_letter_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADERS = 20 };

/* The next line, without its end; moves *rest behind it. */
static struct span take_line(struct span *rest)
{
	const char *end = rest->len ? memchr(rest->base, '\n', rest->len) : NULL;
	size_t len = end ? (size_t)(end - rest->base) : rest->len;
	struct span line = span_from(rest->base, len);
	size_t taken = end ? len + 1 : len;
	*rest = span_from(rest->base + taken, rest->len - taken);
	return line;
}

static struct record_header read_header(struct span line, struct arena *arena)
{
	const char *equals = memchr(line.base, '=', line.len);
	size_t len = equals ? (size_t)(equals - line.base) : line.len;
	return (struct record_header){
		.name = arena_copy(arena, span_from(line.base, len)).base,
		.value = equals ? span_from(equals + 1, line.len - len - 1) : SPAN_NONE,
	};
}

/* On one line, and nothing in it that a terminal obeys. */
static void check_printable(struct span text)
{
	struct buf shown = {0};
	printable_add(&shown, text);
	ensure(utf8_is_valid(buf_span(&shown)));
	for (size_t i = 0; i < shown.len; i++)
		ensure((unsigned char)shown.base[i] >= ' ' && shown.base[i] != 0x7f);
	printable_add_json(&shown, text);
	ensure(utf8_is_valid(buf_span(&shown)));
	buf_fini(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct record_header headers[HEADERS];
	struct dead_letter_view view;
	struct span rest = span_from((const char *)data, size);
	struct record record = {.offset = 1000, .headers = headers};
	record.key = take_line(&rest);
	while (record.header_count < HEADERS && rest.len > 0) {
		struct span line = take_line(&rest);
		if (line.len == 0)
			break;
		headers[record.header_count++] = read_header(line, &arena);
	}
	record.value = rest;
	dead_letter_view_read(&record, &arena, &view);
	ensure(view.attempts >= 1);
	ensure(view.kind != DEAD_LETTER_IS_REDRIVEN || view.redriven < record.offset);
	if (dead_letter_redrive_verdict(&view, false, true, "contacts") == REDRIVE_SEND)
		ensure(view.has_id && view.has_business_id && !view.error);
	check_printable(dead_letter_reason(&view));
	check_printable(view.message);
	check_printable(record.value);
	arena_fini(&arena);
	return 0;
}
