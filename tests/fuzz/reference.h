/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference - rules of the contract read a second time, by other means than the product's: what fuzz
 * targets compare with.
 */
#ifndef INTAKE_TESTS_FUZZ_REFERENCE_H
#define INTAKE_TESTS_FUZZ_REFERENCE_H

#include <stdbool.h>

#include "shared/buf.h"
#include "shared/contact.h"
#include "shared/span.h"

/* Whether `needle` is somewhere in `text`. */
bool reference_holds(struct span text, struct span needle);

/* Whether all of the text matches the POSIX extended expression; a text with a NUL matches none. */
bool reference_matches(struct span text, const char *expression);

/* zod's e-mail expression (contract section 1.1, "Fields"), without the bound on its length. */
bool reference_is_email(struct span text);

/*
 * What the contract says of a contact's field (section 1.1, "Fields").
 *
 * Takes:   value - of that field; ret_kept - gets what is kept of it, nothing where it is absent.
 * Returns: NULL: it is taken; else the code of what is wrong.
 */
const char *reference_field(
	enum contact_field field, const struct contact_value *value, struct buf *ret_kept);

/* A key: "sk_" and 64 lower-case hex characters. */
bool reference_is_key(struct span text);

/* Take the next part off `rest`: up to the separator, or all of it. False: nothing is left. */
bool reference_next(struct span *rest, char separator, struct span *ret_part);

#endif
