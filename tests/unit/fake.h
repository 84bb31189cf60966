/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_FAKE_H
#define TESTS_UNIT_FAKE_H

/*
 * What the engine's tests stand on: a directory of users and groups that is a
 * table, policy trees below a temporary directory, and tables of tests whose
 * every row is a test of its own.
 *
 * Trees, and everything else that is set up here, go away by themselves at the
 * end of the test, also when it fails.
 */

/* cmocka.h wants these before it */
#include <setjmp.h> // IWYU pragma: export
#include <stdarg.h> // IWYU pragma: export
#include <stddef.h> // IWYU pragma: export
#include <stdint.h> // IWYU pragma: export

#include <cmocka.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../../policy/countof.h"
#include "../../policy/facts.h"
#include "../../policy/policy.h"

/* A row says what matters in it, and no more. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* --- Directories ---------------------------------------------------------- */

/* Tables of both end with a row without a name. */
struct fake_user {
	const char *name;
	uid_t uid;
	gid_t gid;
	const char *home;
	const char *spelling; /* another one that finds them; or NULL */
};

struct fake_group {
	const char *name; /* "": there is no record, but members have the gid */
	gid_t gid;
	const char *members; /* "alice,bob"; or NULL */
	const char *spelling; /* another one that finds it; or NULL */
	bool hides_members; /* its record lists nobody, as sssd's may */
};

enum fake_call {
	FAKE_FIND_USER,
	FAKE_FIND_UID,
	FAKE_FIND_GROUP,
	FAKE_FIND_GID,
	FAKE_LIST_GIDS,
	FAKE_CALLS,
};

#define FAKE_ANY_GID UINT32_MAX

/* A call that fails: for this name (NULL: any), for this gid. */
struct fake_failure {
	enum fake_call call;
	const char *name;
	gid_t gid;
	int error; /* an errno; 0: it does not fail */
	bool is_over; /* as soon as it has failed once */
};

struct fake {
	const struct fake_user *users;
	const struct fake_group *groups;
	struct fake_failure failure;
	bool lists_twice; /* each gid comes twice: allowed, if unusual */
	unsigned int calls[FAKE_CALLS]; /* so many were made */
};

/* The directory is borrowed and counts what it is asked. */
struct facts fake_facts(struct fake *fake);

/* By the definition: the names that `id -Gn USER` prints. */
bool fake_is_member(
	const struct fake *fake, const char *user, const char *group);

/* find_group and find_gid together. */
unsigned int fake_group_lookups(const struct fake *fake);

/* --- Trees ---------------------------------------------------------------- */

enum fake_type {
	FAKE_FILE,
	FAKE_DIRECTORY,
	FAKE_FIFO,
	FAKE_LINK, /* text is what it points to */
};

/* Something to be made in a tree. Arrays of them end with a path of NULL. */
struct fake_node {
	const char *path; /* below the root, without a slash before it */
	const char *text; /* of a file; NULL: zero bytes */
	enum fake_type type;
	mode_t mode; /* 0: 0644, or 0755 for a directory */
};

/*
 * An empty directory below $TMPDIR, or below *parent* if that is not NULL;
 * NULL when nothing can be made there. The name is borrowed.
 */
const char *fake_root(const char *parent);

/* Makes a node and, with mode 0755, the directories above it. */
void fake_make(const char *root, const struct fake_node *node);

/* The same in short, for a plain file of mode 0644. */
void fake_write(const char *root, const char *path, const char *text);

/* The path of something in a tree, for now: other calls overwrite it. */
const char *fake_path(const char *root, const char *path);

/* Makes it the working directory, "." for those who may not come here. */
void fake_enter(const char *root);

/* The layers usr/share/virturi, run/virturi and etc/security below root. */
struct policy_where fake_where(const char *root);

/* Loads them; anything but 0 fails the test. To be freed by the caller. */
struct policy *fake_load(const char *root);

/* A policy of one main file, written and loaded. */
struct policy *fake_policy(const char *text);

/*
 * Goes on as an ordinary user until the end of the test, or fake_back().
 * False where the caller is one already.
 */
bool fake_become_nobody(void);
void fake_back(void);
#define FAKE_NOBODY 65534

/* Without openat2(2), as under valgrind, links lead out of trees. */
bool fake_has_openat2(void);

/* So many descriptors are open. */
size_t fake_descriptors(void);

/*
 * Only so many more descriptors can be opened, until the end of the test or
 * fake_unlimit().
 */
void fake_limit(unsigned int more);
void fake_unlimit(void);

/* --- Tables --------------------------------------------------------------- */

/* The text must be there and contain the part; else both are shown. */
void fake_assert_says(const char *text, const char *part);

/* As cmocka 1.1's assert_in_range(), which 2.0 has by another name. */
void fake_assert_between(size_t value, size_t least, size_t most);

/* Numbers that look random, and are the same every time. Seed with any. */
uint32_t fake_random(uint64_t *seed);

struct suite {
	struct CMUnitTest *tests;
	size_t count;
};

/* One test for each row; a row begins with its name, a const char *. */
void suite_add(struct suite *suite, const char *table, CMUnitTestFunction test,
	const void *rows, size_t count, size_t size);

#define SUITE_ROWS(rows) (rows), countof(rows), sizeof((rows)[0])

/* A test that is no row. */
void suite_add_one(
	struct suite *suite, const char *name, CMUnitTestFunction test);

/* Runs and forgets them. Returns an exit status. */
int suite_run(struct suite *suite, const char *name);

#endif
