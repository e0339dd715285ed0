/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pipeline - the gateway from the bytes on a connection to the verdict, keys and Kafka being fakes.
 *
 * Whatever is sent: each request is answered once; an answer is HTTP and the contract's JSON; 202 comes
 * only for contacts that are valid and stored, and says what is stored; a refusal says the right thing
 * and echoes nothing. Cut otherwise, the same bytes get the same answers.
 *
 * The first four bytes of an input choose, each as its distance from "0": the shape of what is sent, how
 * it is cut, what becomes of the key, what becomes at Kafka. The rest is what the shape makes of it.
 */
#include <jansson.h>
#include <stdlib.h>

#include "shared/buf.h"
#include "shared/utf8.h"
#include "tests/fuzz/pipeline/stage.h"
#include "tests/fuzz/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	CHOICES = 4,
	CHUNK_MOST = 64,
};

enum shape {
	SHAPE_STREAM,  /* the connection's bytes */
	SHAPE_BODY,    /* a body with its length */
	SHAPE_CHUNKED, /* a body in chunks */
	SHAPE_HEADERS, /* lines of a head, a line each */
	SHAPE_TARGET,  /* what stands between method and version */
	SHAPE_FIELDS,  /* name, e-mail and phone, a line each, made JSON */
	SHAPE_COUNT,
};

/* How the input wants it. */
struct choices {
	enum shape shape;
	unsigned key;
	struct conversation how; /* an odd cut: at once as well, to compare */
};

static const char *key_of(unsigned choice)
{
	static const char *const keys[] = {
		TRIAL_KEY, TRIAL_KEY_LIMITED, TRIAL_KEY_UNKNOWN, TRIAL_KEY_AWAY};
	return keys[choice % 4];
}

static void add_head(struct buf *stream, struct span target, unsigned key)
{
	buf_add(stream, SPAN("POST "));
	buf_add(stream, target);
	buf_printf(stream, " HTTP/1.1\r\nHost: h\r\nx-api-key: %s\r\n", key_of(key));
}

static void add_body(struct buf *stream, struct span body)
{
	buf_printf(stream, "Content-Length: %zu\r\n\r\n", body.len);
	buf_add(stream, body);
}

static void add_chunks(struct buf *stream, struct span body, unsigned cut)
{
	size_t chunk = cut % CHUNK_MOST + 1;
	buf_add(stream, SPAN("Transfer-Encoding: chunked\r\n\r\n"));
	while (body.len) {
		size_t len = body.len < chunk ? body.len : chunk;
		buf_printf(stream, "%zx\r\n", len);
		buf_add(stream, span_from(body.base, len));
		buf_add(stream, SPAN("\r\n"));
		body = span_from(body.base + len, body.len - len);
	}
	buf_add(stream, SPAN("0\r\n\r\n"));
}

static void add_lines(struct buf *stream, struct span lines)
{
	struct span line;
	while (reference_next(&lines, '\n', &line)) {
		buf_add(stream, line);
		buf_add(stream, SPAN("\r\n"));
	}
}

/* Returned owned. Takes: text - UTF-8 without NUL; ret_values - what each line is by itself. */
static char *json_of_lines(
	struct span text, size_t flags, struct contact_value ret_values[static CONTACT_FIELD_COUNT])
{
	static const enum contact_field order[] = {CONTACT_NAME, CONTACT_EMAIL, CONTACT_PHONE};
	json_t *root = json_object();
	for (size_t i = 0; i < CONTACT_FIELD_COUNT; i++) {
		struct span line = SPAN("");
		(void)reference_next(&text, '\n', &line);
		ret_values[order[i]] = (struct contact_value){CONTACT_VALUE_TEXT, line};
		json_object_set_new(
			root, contact_field_name(order[i]), json_stringn(line.base, line.len));
	}
	char *json = json_dumps(root, flags);
	json_decref(root);
	return json;
}

/* False: texts that JSON does not hold. */
static bool add_fields(
	struct buf *stream, struct span text, const struct choices *choices, struct trial *trial)
{
	struct contact_value values[CONTACT_FIELD_COUNT];
	struct contact_issues issues;
	if (!utf8_is_valid(text) || reference_holds(text, span_from("", 1)))
		return false;
	size_t flags = choices->how.cut & 2 ? JSON_ENSURE_ASCII : JSON_COMPACT;
	char *body = json_of_lines(text, flags, values);
	trial->is_expected = strlen(body) <= TRIAL_BODY_MOST;
	trial->is_expected_valid =
		contact_check(values, &trial->arena, &trial->expected, &issues) == OK;
	add_head(stream, SPAN("/api/webhooks/contacts"), choices->key);
	add_body(stream, span_of(body));
	free(body);
	return true;
}

static bool is_framed(enum shape shape)
{
	return shape == SHAPE_BODY || shape == SHAPE_CHUNKED || shape == SHAPE_FIELDS;
}

/* A request behind it: what was sent as a body must not be taken for one. */
static void add_probe(struct buf *stream)
{
	add_head(stream, SPAN("/api/webhooks/contacts"), 0);
	add_body(stream, SPAN("name=Ada&email=ada%40example.com"));
}

static void add_request(struct buf *stream, struct span input, const struct choices *choices)
{
	static const struct span webhook = SPAN("/api/webhooks/contacts");
	static const struct span body = SPAN("{\"name\":\"Ada\",\"email\":\"ada@example.com\"}");
	add_head(stream, choices->shape == SHAPE_TARGET ? input : webhook, choices->key);
	if (choices->shape == SHAPE_HEADERS)
		add_lines(stream, input);
	if (choices->shape == SHAPE_BODY)
		add_body(stream, input);
	else if (choices->shape == SHAPE_CHUNKED)
		add_chunks(stream, input, choices->how.cut);
	else
		add_body(stream, body);
}

/* False: nothing comes of it. */
static bool make_stream(
	struct buf *stream, struct span input, const struct choices *choices, struct trial *trial)
{
	if (choices->shape == SHAPE_STREAM)
		buf_add(stream, input);
	else if (choices->shape != SHAPE_FIELDS)
		add_request(stream, input, choices);
	else if (!add_fields(stream, input, choices, trial))
		return false;
	if (is_framed(choices->shape))
		add_probe(stream);
	return true;
}

/* A body is one request's: then comes the probe, or the connection was closed before it. */
static void check_framing(const struct trial *trial)
{
	ensure(trial->exchange_count == 1 || trial->exchange_count == 2);
	if (trial->exchange_count == 2 && trial->exchanges[1].is_produced)
		ensure(span_equal(trial->exchanges[1].events->contact.name, SPAN("Ada")));
}

/* The conversation at once, and then in pieces: how the bytes come makes no difference. */
static void converse_twice(
	struct stage *stage, struct span stream, const struct conversation *in_pieces)
{
	struct conversation at_once = {.cut = 0};
	struct buf first = {0};
	struct buf second = {0};
	stage_converse(stage, stream, &at_once);
	answers_statuses(stage_trial(stage), stage_sent(stage), &first);
	stage_converse(stage, stream, in_pieces);
	answers_statuses(stage_trial(stage), stage_sent(stage), &second);
	ensure(span_equal(buf_span(&first), buf_span(&second)));
	buf_fini(&first);
	buf_fini(&second);
}

/*
 * What may differ for another reason is not compared: how far a request came when the client's time was
 * up, and a limit whose minute may have ended in between.
 */
static bool is_comparable(const struct choices *choices, struct span stream)
{
	return choices->how.cut & 1 && !choices->how.stalls && !choices->how.leaves &&
	       !reference_holds(stream, SPAN(TRIAL_KEY_LIMITED));
}

static void try_input(struct stage *stage, struct span input, const struct choices *choices)
{
	struct buf stream = {0};
	if (make_stream(&stream, input, choices, stage_trial(stage))) {
		if (is_comparable(choices, buf_span(&stream)))
			converse_twice(stage, buf_span(&stream), &choices->how);
		else
			stage_converse(stage, buf_span(&stream), &choices->how);
		if (is_framed(choices->shape) && !choices->how.leaves)
			check_framing(stage_trial(stage));
	}
	buf_fini(&stream);
}

static unsigned choice(uint8_t byte)
{
	return (unsigned)(uint8_t)(byte - '0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage *stage;
	if (!stage)
		stage = stage_new();
	if (size < CHOICES || size > TRIAL_INPUT_MOST)
		return 0;
	struct trial *trial = stage_trial(stage);
	const struct choices choices = {
		.shape = choice(data[0]) % SHAPE_COUNT,
		.key = choice(data[2]) % 4,
		.how = {.cut = choice(data[1]),
			.leaves = choice(data[2]) & 8,
			.stalls = choice(data[2]) & 16},
	};
	arena_clear(&trial->arena);
	trial->is_expected = false;
	trial->keys_late = choice(data[2]) & 4;
	trial->kafka = choice(data[3]) % TRIAL_KAFKA_COUNT;
	try_input(stage, span_from((const char *)data + CHOICES, size - CHOICES), &choices);
	return 0;
}
