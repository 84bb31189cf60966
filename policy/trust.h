/* SPDX-License-Identifier: MIT */
#ifndef POLICY_TRUST_H
#define POLICY_TRUST_H

/*
 * Opening and reading files only if nobody but trusted people can have written
 * them. What is judged is always what was opened, never a name: fstat(2) on
 * the descriptor that is then read or looked up in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Whom a file may belong to besides root. */
struct trust {
	uid_t owners[2];
	size_t n_owners;
};

/* Where paths begin: a directory below which links stay, or the real root. */
struct tree {
	int fd; /* of the directory; -1: the real root */
};

/* What to open something as; none of them ever blocks. */
enum tree_as {
	TREE_FILE, /* to be read */
	TREE_LIST, /* a directory whose names will be read */
	TREE_DIRECTORY, /* a directory to look names up in */
	TREE_PLACE, /* whatever it is, to be looked at; not opened */
};

/*
 * Opens a path below the tree, never following a link out of it. Returns the
 * descriptor (close-on-exec, the caller closes it), or −errno of open(2).
 */
int tree_open(const struct tree *tree, const char *path, enum tree_as as);

/*
 * As tree_open(), for a name in a directory that is open already. path: the
 * same file's path, for trees other than the real root, in which links are
 * resolved from the top.
 */
int tree_open_at(const struct tree *tree, int dir_fd, const char *name,
	const char *path, enum tree_as as);

/*
 * The status of what that name leads to; nothing is opened. 0 or −errno of
 * stat(2).
 */
int tree_stat_at(const struct tree *tree, int dir_fd, const char *name,
	const char *path, struct stat *ret);

/*
 * Can only those who are trusted have written a file or directory with this
 * status? Group and others' write bits count, and so cover ACLs (acl(5): the
 * group bits are the mask).
 */
bool trust_accepts(const struct trust *trust, const struct stat *status);

/*
 * What is wrong with one that is not accepted. Returns 0 with *fault* NULL if
 * it is trusted, else what is wrong and the command that cures it, owned by the
 * caller; -ENOMEM, *fault* untouched.
 */
int trust_find_fault(const struct trust *trust, const struct stat *status,
	const char *path, char **fault);

/*
 * The same for an open directory and all those above it, up to "/".
 * −errno also when one of them cannot be opened; *fault* is then NULL.
 */
int trust_find_fault_above(
	const struct trust *trust, int dir_fd, const char *path, char **fault);

/*
 * The name by which the kernel knows what is open, for a message: in *name*,
 * which is returned; *otherwise*, where there is no /proc to ask.
 */
const char *name_of_open(
	int fd, char *name, size_t size, const char *otherwise);

/* Has a file or directory changed, or become another, between two looks? */
bool status_differs(const struct stat *a, const struct stat *b);

/* Is it the null device, which masks? */
bool status_is_null_device(const struct stat *status);

/*
 * Reads all of an open file, at most max bytes.
 *
 * Returns 0 with the contents, terminated by a NUL behind them, in *bytes*
 * (owned by the caller) and their size in *size*; -EFBIG when there is more;
 * -ENOMEM or −errno of read(2). On failure outputs are untouched.
 */
int read_all(int fd, size_t max, char **bytes, size_t *size);

/*
 * Is that what stands in the file? A write(2) that is under way shows nowhere
 * else: the kernel sets a file's times before it copies the bytes.
 */
bool reads_the_same(int fd, const char *bytes, size_t size);

#endif
