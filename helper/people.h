/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PEOPLE_H
#define HELPER_PEOPLE_H

/*
 * The users of this host, as far as it lists them: directories often do not.
 * For doubts about a policy, never for a decision.
 */

#include "../policy/subject.h"

/* So many users, and members of one group, are looked at. */
#define PEOPLE_MAX 2000

/* Everybody, read once. */
struct census {
	struct resident {
		char *name;
		uid_t uid;
		gid_t gid;
	} * residents;
	size_t count;
};

/* Asks getpwent(3). */
void census_take(struct census *census);

void census_clear(struct census *census);

/* A list of names; all zero: empty. */
struct people {
	char **names;
	size_t count;
};

/* Users whose uid is at least this. */
void people_add_uids(
	struct people *people, const struct census *census, uid_t first);

/* Users a group's record lists, or whose primary group it is. */
void people_add_members(
	struct people *people, const struct census *census, gid_t gid);

/* All groups of this host, by name. */
void people_add_groups(struct people *people);

/* Forgets all but the first so many. */
void people_truncate(struct people *people, size_t count);

void people_clear(struct people *people);

/*
 * Names up to three of the users for whom a question is answered yes, as
 * "a, b and c"; "a, b, c and others" if there are more. NULL if nobody is.
 * Owned by the caller.
 */
char *people_name_those(const struct people *people, const struct facts *facts,
	bool (*is_one)(void *context, struct subject *subject), void *context);

#endif
