/* SPDX-License-Identifier: Apache-2.0 */
/* parser - llhttp to struct http_request. */
#include <ctype.h>

#include "shared/ensure.h"
#include "shared/http/server.h"

static struct http_connection *connection_of(llhttp_t *parser)
{
	return parser->data;
}

/* Append bytes that may come in pieces; in one head they always touch. */
static void extend(struct span *span, const char *at, size_t len)
{
	if (!span->base)
		*span = span_from(at, len);
	else
		span->len = (size_t)(at + len - span->base);
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
	extend(&connection_of(parser)->request->path, at, len);
	return HPE_OK;
}

static int on_header_field(llhttp_t *parser, const char *at, size_t len)
{
	struct http_connection *connection = connection_of(parser);
	struct http_request *request = connection->request;
	if (connection->state != HTTP_IN_HEAD)
		return HPE_OK; /* a trailer: nobody asks for it */
	if (request->header_count == HTTP_HEADERS_MOST) {
		connection->head_error = E_HEADERS_TOO_LARGE;
		return HPE_USER;
	}
	request->headers[request->header_count++] =
		(struct http_header){span_from(at, len), SPAN_NONE};
	return HPE_OK;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t len)
{
	struct http_connection *connection = connection_of(parser);
	struct http_request *request = connection->request;
	if (connection->state == HTTP_IN_HEAD && request->header_count > 0)
		extend(&request->headers[request->header_count - 1].value, at, len);
	return HPE_OK;
}

static int on_headers_complete(llhttp_t *parser)
{
	parser->upgrade = 0; /* no protocol to change to: the body, if any, is a body */
	return HPE_OK;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
	struct http_connection *connection = connection_of(parser);
	struct http_request *request = connection->request;
	if (connection->state == HTTP_DISCARD || !request)
		return HPE_OK;
	if (request->body.len + len > connection->body_most_bytes) {
		connection->head_error = E_BODY_TOO_LARGE;
		return HPE_USER;
	}
	bool in_input =
		at >= connection->input && at < connection->input + connection->input_capacity;
	if (!request->owned_body.base && in_input &&
		(!request->body.base || request->body.base + request->body.len == at)) {
		extend(&request->body, at, len);
		return HPE_OK;
	}
	if (!request->owned_body.base && request->body.len)
		buf_add(&request->owned_body, request->body);
	buf_add(&request->owned_body, span_from(at, len));
	request->body = buf_span(&request->owned_body);
	return HPE_OK;
}

static int on_message_complete(llhttp_t *parser)
{
	connection_of(parser)->message_complete = true;
	return HPE_PAUSED; /* what follows is the next request's */
}

void http_parser_callbacks(llhttp_settings_t *callbacks)
{
	llhttp_settings_init(callbacks);
	callbacks->on_url = on_url;
	callbacks->on_header_field = on_header_field;
	callbacks->on_header_value = on_header_value;
	callbacks->on_headers_complete = on_headers_complete;
	callbacks->on_body = on_body;
	callbacks->on_message_complete = on_message_complete;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct span strip(struct span value)
{
	while (value.len && is_space(value.base[0])) {
		value.base++;
		value.len--;
	}
	while (value.len && is_space(value.base[value.len - 1]))
		value.len--;
	return value;
}

static enum http_method method_of(const llhttp_t *parser)
{
	switch (parser->method) {
	case HTTP_GET:
		return METHOD_GET;
	case HTTP_HEAD:
		return METHOD_HEAD;
	case HTTP_POST:
		return METHOD_POST;
	default:
		return METHOD_OTHER;
	}
}

/* RFC 9112 section 3.2.2: an absolute-form target must be taken; its authority does not matter here. */
static void split_target(struct http_request *request)
{
	struct span target = request->path;
	static const struct span schemes[] = {{"http://", 7}, {"https://", 8}};
	for (size_t i = 0; i < 2; i++) {
		if (!span_starts_nocase(target, schemes[i]))
			continue;
		const char *end = target.base + target.len;
		const char *path = target.base + schemes[i].len;
		while (path < end && *path != '/' && *path != '?')
			path++;
		target = span_from(path, (size_t)(end - path));
		break;
	}
	const char *mark = target.len ? memchr(target.base, '?', target.len) : NULL;
	if (mark) {
		size_t path_len = (size_t)(mark - target.base);
		request->query = span_from(mark + 1, target.len - path_len - 1);
		target.len = path_len;
	}
	request->path = target;
}

static const char *sentence_of(enum llhttp_errno code)
{
	switch (code) {
	case HPE_UNEXPECTED_CONTENT_LENGTH:
		return "The request has two lengths (Content-Length twice, or Content-Length and "
		       "Transfer-Encoding).";
	case HPE_INVALID_CONTENT_LENGTH:
		return "Content-Length is not a number.";
	case HPE_INVALID_TRANSFER_ENCODING:
		return "Transfer-Encoding must be chunked.";
	case HPE_INVALID_CHUNK_SIZE:
		return "A chunk's size is not a hexadecimal number.";
	default:
		return "This is not a valid HTTP/1.1 request.";
	}
}

static enum error refuse(struct http_connection *connection, enum error error, const char *problem)
{
	connection->problem = problem;
	return error;
}

/* What RFC 9112 asks of a server beyond what llhttp sees to. */
static enum error check_head(struct http_connection *connection)
{
	struct http_request *request = connection->request;
	struct span coding = http_header_find(request, SPAN("transfer-encoding"));
	if (connection->parser.http_major != 1)
		return refuse(
			connection, E_BAD_REQUEST, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
	if (http_header_repeats(request, SPAN("host")) > 1 ||
		(connection->parser.http_minor == 1 &&
			http_header_repeats(request, SPAN("host")) == 0))
		return refuse(
			connection, E_BAD_REQUEST, "The request needs exactly one Host header.");
	if (http_header_repeats(request, SPAN("content-length")) > 1)
		return refuse(
			connection, E_BAD_REQUEST, sentence_of(HPE_UNEXPECTED_CONTENT_LENGTH));
	if (!coding.base)
		return OK;
	if (request->has_content_length)
		return refuse(
			connection, E_BAD_REQUEST, sentence_of(HPE_UNEXPECTED_CONTENT_LENGTH));
	if (!span_equal_nocase(coding, SPAN("chunked")) || connection->parser.http_minor == 0 ||
		http_header_repeats(request, SPAN("transfer-encoding")) > 1)
		return refuse(
			connection, E_BAD_REQUEST, sentence_of(HPE_INVALID_TRANSFER_ENCODING));
	request->chunked = true;
	return OK;
}

static void read_head_facts(struct http_connection *connection)
{
	struct http_request *request = connection->request;
	request->method = method_of(&connection->parser);
	for (size_t i = 0; i < request->header_count; i++)
		request->headers[i].value = strip(request->headers[i].value);
	split_target(request);
	request->has_content_length =
		http_header_find(request, SPAN("content-length")).base != NULL;
	request->content_length = request->has_content_length && !connection->message_complete
					  ? connection->parser.content_length
					  : 0;
	connection->keep_alive = llhttp_should_keep_alive(&connection->parser);
	connection->expect_continue =
		connection->parser.http_minor == 1 &&
		span_equal_nocase(http_header_find(request, SPAN("expect")), SPAN("100-continue"));
}

static void begin_parser(struct http_connection *connection)
{
	llhttp_init(&connection->parser, HTTP_REQUEST, &connection->server->callbacks);
	connection->parser.data = connection;
	connection->message_complete = false;
	connection->head_error = OK;
}

/* RFC 9110 section 5.6.2. */
static size_t token_len(struct span text)
{
	static const char signs[] = "!#$%&'*+-.^_`|~";
	size_t len = 0;
	while (len < text.len && text.base[len] &&
		(isalnum((unsigned char)text.base[len]) || strchr(signs, text.base[len])))
		len++;
	return len;
}

/*
 * llhttp goes by a list of methods, another one in each version, and refuses all others. To a service
 * they are methods that it does not take, which is no bad request (RFC 9110 section 15.5.6): they are
 * read as if they were one that is on the list and no service takes.
 */
static enum llhttp_errno parse_unknown_method(struct http_connection *connection, struct span head)
{
	static const struct span known = SPAN("PUT");
	size_t method_len = token_len(head);
	if (method_len == head.len || head.base[method_len] != ' ')
		return HPE_INVALID_METHOD;
	begin_parser(connection);
	enum llhttp_errno code = llhttp_execute(&connection->parser, known.base, known.len);
	return code ? code
		    : llhttp_execute(
			      &connection->parser, head.base + method_len, head.len - method_len);
}

enum error http_parse_head(struct http_connection *connection, size_t head_len)
{
	begin_parser(connection);
	enum llhttp_errno code = llhttp_execute(&connection->parser, connection->input, head_len);
	if (code == HPE_INVALID_METHOD)
		code = parse_unknown_method(connection, span_from(connection->input, head_len));
	if (connection->head_error)
		return refuse(
			connection, connection->head_error, "The request has too many headers.");
	if (code != HPE_OK && code != HPE_PAUSED)
		return refuse(connection, E_BAD_REQUEST, sentence_of(code));
	read_head_facts(connection);
	return check_head(connection);
}

enum error http_parse_body(struct http_connection *connection, struct span bytes, size_t *ret_used)
{
	enum llhttp_errno code = llhttp_execute(&connection->parser, bytes.base, bytes.len);
	if (code == HPE_PAUSED) {
		const char *stopped = llhttp_get_error_pos(&connection->parser);
		*ret_used = stopped ? (size_t)(stopped - bytes.base) : bytes.len;
		return OK;
	}
	if (connection->head_error)
		return connection->head_error;
	if (code != HPE_OK)
		return refuse(connection, E_BAD_REQUEST, sentence_of(code));
	*ret_used = bytes.len;
	return OK;
}
