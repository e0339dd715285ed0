/* SPDX-License-Identifier: Apache-2.0 */
/* hex - the value of a hexadecimal digit. */
#ifndef INTAKE_SHARED_HEX_H
#define INTAKE_SHARED_HEX_H

/* Returns: 0 to 15, of either case; -1: it is none. */
static inline int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

#endif
