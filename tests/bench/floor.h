/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_FLOOR_H
#define TESTS_BENCH_FLOOR_H

/*
 * What nobody can avoid who sets a variable for the members of one group by a
 * file in one of three layers: the user's record, the group's, the list of the
 * user's groups if the record does not name the user; a look into each layer;
 * the one file opened, its status asked for, read, and parsed by libeconf. It
 * judges nothing, confirms nothing and stops at the first thing that is wrong.
 */

#include <stdbool.h>

/* The answer for a user and the rule [group NAME]. */
struct floor_question {
	const char *user, *group;
	/* look up also what each of the user's groups is called */
	bool names_groups;
};

/* The URI (owned), or NULL: not a member, or whatever went wrong. */
char *floor_ask(const struct floor_question *question);

#endif
