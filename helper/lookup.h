/* SPDX-License-Identifier: MIT */
#ifndef HELPER_LOOKUP_H
#define HELPER_LOOKUP_H

/*
 * The name service, asked by a child: a directory that does not answer then
 * costs one deadline, not the command. After that every question is answered
 * by -ETIMEDOUT at once, which the engine takes for a look-up that failed.
 */

#include "../policy/facts.h"

struct lookup;

/* Starts the child. Never NULL; without a child all questions fail. */
struct lookup *lookup_start(int timeout_ms);

/* Facts from it; borrowed. */
struct facts lookup_facts(struct lookup *lookup);

/* Did it have to be given up? */
bool lookup_is_dead(const struct lookup *lookup);

void lookup_end(struct lookup *lookup);

#endif
