/* SPDX-License-Identifier: MIT */
#ifndef HELPER_DIALECTS_H
#define HELPER_DIALECTS_H

/* How each kind of file says that a variable is set. */

#include "settings.h"

/*
 * Tells what a line (with those it goes on in) sets and removes.
 *
 * Returns what a here document that begins in it ends with; size 0: none.
 */
struct span dialect_read_line(const struct reader *reader, struct span line);

#endif
