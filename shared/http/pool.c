/* SPDX-License-Identifier: Apache-2.0 */
/* pool - requests and input buffers that are used again, so that a request costs no malloc. */
#include <stdlib.h>

#include "shared/http/server.h"
#include "shared/memory.h"

/* A free request or buffer holds the address of the next one in its first bytes. */
static void link_next(void *item, const void *next)
{
	memcpy(item, &next, sizeof(next));
}

static void *linked_next(const void *item)
{
	void *next;
	memcpy(&next, item, sizeof(next));
	return next;
}

struct http_request *http_request_take(struct http_server *server)
{
	struct http_request *request = server->free_requests;
	struct arena arena = {0};
	if (!request)
		return memory_zeroed(1, sizeof(*request));
	server->free_requests = request->user;
	server->free_request_count--;
	arena = request->arena;
	memset(request, 0, offsetof(struct http_request, headers));
	memset(&request->header_count, 0,
		sizeof(*request) - offsetof(struct http_request, header_count));
	request->arena = arena;
	return request;
}

void http_request_give(struct http_server *server, struct http_request *request)
{
	buf_fini(&request->orphan_input);
	buf_fini(&request->owned_body);
	if (server->free_request_count >= HTTP_POOL_COUNT) {
		arena_fini(&request->arena);
		free(request);
		return;
	}
	arena_clear(&request->arena);
	request->user = server->free_requests;
	server->free_requests = request;
	server->free_request_count++;
}

char *http_input_take(struct http_server *server)
{
	char *input = server->free_inputs;
	if (!input)
		return memory_alloc(HTTP_INPUT_FIRST_BYTES);
	server->free_inputs = linked_next(input);
	server->free_input_count--;
	return input;
}

void http_input_give(struct http_server *server, char *input, size_t capacity)
{
	if (!input)
		return;
	if (capacity != HTTP_INPUT_FIRST_BYTES || server->free_input_count >= HTTP_POOL_COUNT) {
		free(input);
		return;
	}
	link_next(input, server->free_inputs);
	server->free_inputs = input;
	server->free_input_count++;
}

void http_pool_fini(struct http_server *server)
{
	while (server->free_requests) {
		struct http_request *request = server->free_requests;
		server->free_requests = request->user;
		arena_fini(&request->arena);
		free(request);
	}
	while (server->free_inputs) {
		char *input = server->free_inputs;
		server->free_inputs = linked_next(input);
		free(input);
	}
}
