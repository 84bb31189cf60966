/* SPDX-License-Identifier: MIT */
#ifndef POLICY_GUESS_H
#define POLICY_GUESS_H

/* "did you mean": which known word was probably meant? */

#include <stddef.h>

#include "text.h"

/*
 * The word nearest to what was written, if that is at most two slips (a
 * letter more, less, another, or two swapped) and less than half of it. Case
 * does not count.
 * Returns it, borrowed from words, or NULL.
 */
const char *guess_word(
	struct span written, const char *const *words, size_t count);

#endif
