/* SPDX-License-Identifier: MIT */
#ifndef POLICY_SUBJECT_H
#define POLICY_SUBJECT_H

/*
 * The user a session is opened for, and the groups they are in. Facts are
 * gathered when they are needed, and each once.
 *
 * A user is in a group NAME if NAME is, byte for byte, one of the names that
 * `id -Gn USER` prints: the name NSS gives for the primary gid or for one of
 * getgrouplist(3)'s. There is one definition and there are two ways to find
 * out; see subject.c.
 */

#include <stdbool.h>

#include "facts.h"

enum answer {
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_UNKNOWN, /* a look-up failed, and a yes is not yet proved */
};

struct subject;

/*
 * Looks the user up by any spelling the directory accepts. facts are borrowed
 * as long as the subject lives.
 *
 * Returns 0 with the subject in *ret* (owned by the caller); -ENOENT when
 * there is no such user; another −errno when the look-up failed.
 */
int subject_new(
	const struct facts *facts, const char *name, struct subject **ret);

/* The same for whom the directory names first of those with this uid. */
int subject_new_uid(const struct facts *facts, uid_t uid, struct subject **ret);

void subject_free(struct subject *subject);

/* pw_name, pw_dir: borrowed from the subject. */
const char *subject_name(const struct subject *subject);
const char *subject_home(const struct subject *subject);
uid_t subject_uid(const struct subject *subject);

/* Is the user a member of the group of this name? */
enum answer subject_in_group(struct subject *subject, const char *name);

/* Is this gid the user's primary one, or one of the others? */
enum answer subject_in_gid(struct subject *subject, gid_t gid);

/*
 * The name NSS gives for a gid of the user's.
 *
 * Returns 0 with the name in *ret* (owned by the caller), -ENOENT when the
 * gid has none, another −errno when the look-up failed.
 */
int subject_name_gid(struct subject *subject, gid_t gid, char **ret);

/* The −errno of the first look-up that failed; 0: none did. */
int subject_failure(const struct subject *subject);

/*
 * The first name asked for that is another spelling, or a second name, of a
 * group the user is in, and so did not match: what was asked, and what the
 * directory calls it. False: there was none, outputs untouched. Strings are
 * borrowed from the subject. Not every such name is noticed, since none is
 * looked up for this alone; subject_find_spelling() is for those who want to
 * know.
 */
bool subject_noticed_spelling(
	const struct subject *subject, const char **asked, const char **called);

/*
 * Does the directory know NAME by another name, for a group the user is in?
 * Costs look-ups: for diagnosis only. Returns 0 with that name in *ret* (owned
 * by the caller); -ENOENT when it does not; another −errno.
 */
int subject_find_spelling(
	struct subject *subject, const char *name, char **ret);

#endif
