/* SPDX-License-Identifier: Apache-2.0 */
/* submission - one POST of contacts on its way through the pipeline. */
#include "gateway/submission.h"

#include <stdarg.h>
#include <stdio.h>

#include "shared/buf.h"

enum { WARNING_BYTES = 160 };

void submission_warn(struct submission *submission, const struct submission_contact *contact,
	const char *format, ...)
{
	char sentence[WARNING_BYTES];
	struct buf warning = {0};
	va_list arguments;
	if (submission->warning_count == SUBMISSION_WARNINGS_MOST)
		return;
	va_start(arguments, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	if (submission->is_list)
		buf_printf(&warning, "contact %zu: ", (size_t)(contact - submission->contacts) + 1);
	buf_add_text(&warning, sentence);
	submission->warnings[submission->warning_count++] =
		arena_copy(&submission->request->arena, buf_span(&warning));
	buf_fini(&warning);
}
