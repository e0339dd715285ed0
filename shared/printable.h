/* SPDX-License-Identifier: Apache-2.0 */
/*
 * printable - text of strangers, made fit for a terminal.
 *
 * Whatever a terminal would obey or hide is escaped: control characters (also U+0080..U+009F, which some
 * take for escape sequences), line separators, marks that turn the direction of writing.
 */
#ifndef INTAKE_SHARED_PRINTABLE_H
#define INTAKE_SHARED_PRINTABLE_H

#include "shared/buf.h"

/* Add the text on one line; what is escaped, and every byte that is not UTF-8, is \xNN or \u{N}. */
void printable_add(struct buf *buf, struct span text);

/*
 * Add the text as a JSON string, quotes included.
 *
 * Takes: text - bytes that are not UTF-8 become U+FFFD each.
 */
void printable_add_json(struct buf *buf, struct span text);

#endif
