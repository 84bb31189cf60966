/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_GRAMMAR_H
#define TESTS_FUZZ_GRAMMAR_H

/*
 * Policies and questions that are made up of an input's bytes, a choice each,
 * so that what is fuzzed is decisions and not the first mistake in a file.
 * Every choice includes some that are mistaken, and raw bytes. Whatever is
 * read of the host is a table here.
 */

#include <stdio.h>

#include "../../policy/request.h"
#include "../unit/fake.h"
#include "common.h"

/* One to four policies; each as long as there is an input. */
void grammar_write_policy(struct take *take, FILE *out);

/* The same into memory; to be freed. */
char *grammar_make_policy(struct take *take, size_t *size);

/* A directory of people, perhaps one of whose look-ups fails. */
struct fake grammar_people(struct take *take);

/* Rarely nobody can be looked up. */
void grammar_lose_users(struct take *take, struct fake *people);

/* One of them; rarely somebody else. */
const char *grammar_user(struct take *take);

/* A session. */
struct request grammar_request(struct take *take);

/* Is a user of the table in a group? By the table's own words. */
bool grammar_has_gid(const struct fake *people, const char *user, gid_t gid);

/*
 * From now on this host's users and groups, wherever it is asked for them:
 * facts_nss(), census_take(), people_add_members(), people_add_groups().
 */
void grammar_use_people(struct fake *people);

#endif
