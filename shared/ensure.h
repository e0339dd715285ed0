/* SPDX-License-Identifier: Apache-2.0 */
/* ensure - an assert that stays on in release builds, for errors of the programmer. */
#ifndef INTAKE_SHARED_ENSURE_H
#define INTAKE_SHARED_ENSURE_H

#define ensure(condition) ((condition) ? (void)0 : ensure_failed(__FILE__, __LINE__, #condition))

/* Writes where and what to stderr, aborts. Prints no values: they might be a sender's. */
_Noreturn void ensure_failed(const char *file, int line, const char *condition);

#endif
