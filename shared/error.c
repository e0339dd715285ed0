/* SPDX-License-Identifier: Apache-2.0 */
/* error - the table of errors. */
#include "shared/error.h"

#include <stdio.h>

#include "shared/ensure.h"

static const struct {
	const char *name;
	enum error_blame blame;
	const char *sentence;
} errors[ERROR_COUNT] = {
#define X(code, blame, sentence) [code] = {#code, BLAME_##blame, sentence},
	ERROR_TABLE(X)
#undef X
};

enum error_blame error_blame(enum error error)
{
	ensure(error < ERROR_COUNT);
	return errors[error].blame;
}

const char *error_name(enum error error)
{
	ensure(error < ERROR_COUNT);
	return errors[error].name;
}

const char *error_sentence(enum error error)
{
	ensure(error < ERROR_COUNT);
	return errors[error].sentence;
}

enum error failure_set(struct failure *failure, enum error error, const char *format, ...)
{
	if (failure) {
		va_list arguments;
		failure->error = error;
		failure->sqlstate[0] = '\0';
		va_start(arguments, format);
		(void)vsnprintf(failure->detail, sizeof(failure->detail), format, arguments);
		va_end(arguments);
	}
	return error;
}
