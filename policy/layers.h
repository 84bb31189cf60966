/* SPDX-License-Identifier: MIT */
#ifndef POLICY_LAYERS_H
#define POLICY_LAYERS_H

/*
 * Where policy files are looked for, and which names are found there; the
 * inner side of policy.h. Nothing is read here but names: candidates in the
 * order in which they will be read, in directories that stay open, so that
 * what is read later is what was found.
 */

#include "policy.h"
#include "trust.h"

/* A directory in which policy files are looked up. */
struct directory {
	char *path;
	int fd; /* -1: there is none */
	struct stat status; /* when it was opened */
	bool is_absent; /* when it was to be opened */
	bool lacks_main; /* when it was listed */
	bool is_judged;
	bool is_refused;
};

/* A name that was found there. */
struct candidate {
	char *name;
	int layer;
	bool is_dropin;
	struct directory *directory; /* NULL: name is a path, asked for */
	bool is_opened, is_absent; /* neither: not tried, or it failed */
	struct stat status; /* when it was opened */
};

struct layers {
	const struct policy_where *where;
	struct remarks *remarks; /* borrowed; an error makes it all unusable */
	struct tree tree;
	size_t root_size; /* what paths have in front of those in the tree */
	struct trust trust; /* who may own files here */
	struct directory main_dirs[LAYER_COUNT];
	struct directory dropin_dirs[LAYER_COUNT];
	struct candidate *candidates; /* in reading order; of one name, the
					 highest layer first */
	size_t n_candidates, room;
};

/*
 * Opens the directories and lists what is in them. What cannot be opened is
 * remarked. Returns 0 or -ENOMEM; to be closed in any case.
 */
int layers_open(const struct policy_where *where, struct remarks *remarks,
	struct layers *ret);

/*
 * Is something else there now than what was listed or opened? Directories and
 * files are looked up once more: times alone do not tell, for the kernel sets
 * them a moment before a name leads elsewhere, and a directory that was not
 * there has none.
 */
bool layers_have_changed(const struct layers *layers);

/* The same for a candidate, whose path this is. */
bool candidate_has_changed(const struct layers *layers,
	const struct candidate *candidate, const char *path);

void layers_close(struct layers *layers);

/* Does a, of a higher layer, hide b? What was asked for is never hidden. */
bool candidate_hides(const struct candidate *a, const struct candidate *b);

/*
 * Is there something of this name in the directory (NULL: name is a path), if
 * only a link that leads nowhere?
 */
bool directory_has(const struct directory *directory, const char *name);

/* "directory/name", owned by the caller; NULL when memory is short. */
char *path_join(const char *directory, const char *name);

/* The path as it is below where->root, or as it is. */
const char *layers_path_in_tree(const struct layers *layers, const char *path);

/* What has an inode but no contents, or another kind of them. */
#define FAULT_NOT_REGULAR "not a regular file; put one in its place"

/* Makes the policy unusable: an error about a path. 0 or -ENOMEM. */
int layers_refuse(struct layers *layers, const char *path, const char *what);

/* The same for an errno. */
int layers_refuse_errno(struct layers *layers, const char *path, int error);

/*
 * The same for what was to be looked up in a directory (NULL: it was named)
 * and cannot be opened; names the cure for whichever keeps people out.
 */
int layers_refuse_open(struct layers *layers, const struct directory *directory,
	const char *path, bool is_directory, int error);

#endif
