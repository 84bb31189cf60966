/* SPDX-License-Identifier: MIT */
#ifndef HELPER_ELSEWHERE_H
#define HELPER_ELSEWHERE_H

/* The same user in other sessions: do other services get something else? */

#include "inquiry.h"

/*
 * Prints a line for each other answer and the services that get it, nothing
 * when all get the same. here: the answer to the inquiry itself. named: the
 * values of `services` that ruled out a rule of this user's, so that every
 * service the policy names for them is asked about; ends with NULL.
 */
void elsewhere_print(const struct inquiry *inquiry, const struct decision *here,
	char *const *named);

#endif
