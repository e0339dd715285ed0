/* SPDX-License-Identifier: Apache-2.0 */
/* utf8 - UTF-8 as RFC 3629 has it, counted and trimmed as JavaScript does. */
#ifndef INTAKE_SHARED_UTF8_H
#define INTAKE_SHARED_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/span.h"

/* No overlong form, no surrogate, nothing above U+10FFFF. NUL is valid. */
bool utf8_is_valid(struct span text);

/* The code point at text.base[*at], moving *at behind it. Takes: valid UTF-8, *at < text.len. */
uint32_t utf8_next(struct span text, size_t *at);

/* Length in UTF-16 code units. Takes: valid UTF-8. */
size_t utf8_utf16_units(struct span text);

/* Without the white space that ECMAScript's String.prototype.trim takes off. Takes: valid UTF-8. */
struct span utf8_trim(struct span text);

#endif
