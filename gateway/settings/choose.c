/* SPDX-License-Identifier: Apache-2.0 */
/* choose - whose page it is, where an owner has several businesses. */
#include "gateway/settings/visit.h"

enum error choose_form_work(struct visit *visit, struct store *store, struct failure *failure)
{
	enum error error = store_state(store, &visit->session_digest, &visit->arena, &visit->state,
		&visit->answer, failure);
	if (error || visit->answer == STORE_SIGNED_OUT)
		return error;
	return store_businesses(store, &visit->session_digest, &visit->arena, &visit->businesses,
		&visit->business_count, failure);
}

static const struct template_scope *make_rows(struct visit *visit)
{
	struct arena *arena = &visit->arena;
	size_t count = visit->business_count;
	struct template_scope *rows = arena_alloc(arena, (count + 1) * sizeof(*rows));
	for (size_t i = 0; i < count; i++) {
		struct template_value *values = arena_alloc(arena, 2 * sizeof(*values));
		char *id = arena_alloc(arena, UUID_TEXT_LEN + 1);
		uuid_format(id, &visit->businesses[i].id);
		values[0] = template_text("id", span_of(id));
		values[1] = template_text("name", visit->businesses[i].name);
		rows[i] = (struct template_scope){values, 2, NULL};
	}
	return rows;
}

void choose_form_finish(struct visit *visit)
{
	char form_token[TOKEN_FORM_LEN + 1];
	if (visit_refused(visit))
		return;
	token_form(&visit->session, form_token);
	const struct template_value values[] = {
		template_text("title", SPAN("Which business?")),
		template_text("form_token", span_of(form_token)),
		{.name = "businesses",
			.type = TEMPLATE_LIST,
			.rows = make_rows(visit),
			.row_count = visit->business_count},
	};
	const struct template_scope scope = {values, sizeof(values) / sizeof(*values), NULL};
	visit_show(visit, "businesses", &scope);
}

enum error choose_work(struct visit *visit, struct store *store, struct failure *failure)
{
	struct uuid business_id;
	visit->answer = STORE_UNKNOWN;
	if (!uuid_parse(visit_field(visit, SPAN("business")), &business_id))
		return OK;
	return store_choose(store, &visit->session_digest, &business_id, http_peer(visit->request),
		&visit->answer, failure);
}

void choose_finish(struct visit *visit)
{
	if (visit_refused(visit))
		return;
	visit_redirect(visit, visit->answer == STORE_DONE ? "/settings" : "/settings/business");
}
