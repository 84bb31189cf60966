/* SPDX-License-Identifier: MIT */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

/*
 * The policy in force: which files count, and their rules in the order in
 * which they decide. virturi.conf(5) is the specification.
 *
 * Loading never fails for what stands in a file or because of one: then the
 * policy is unusable, and its remarks say why.
 */

#include <stdbool.h>
#include <stddef.h>

#include "remark.h"
#include "scan.h"

/* From the lowest to the highest. */
enum policy_layer {
	LAYER_VENDOR,
	LAYER_RUN,
	LAYER_ADMIN,
	LAYER_COUNT,
};

/* Where to look for a policy. Strings are borrowed while it is loaded. */
struct policy_where {
	/* The directories of the layers; NULL or empty: there is none. */
	const char *layers[LAYER_COUNT];

	/*
	 * Look for them below this directory, whose owner and the effective
	 * user may own files too. NULL: the real root, where only root may.
	 */
	const char *root;

	/*
	 * This file alone, an absolute path, instead of the layers (and not
	 * below root). The effective user may own it, and all directories
	 * above it are judged. NULL: the layers.
	 */
	const char *file;

	/*
	 * Candidates, for lint: files that are read as if they were drop-ins
	 * (by the name virturi.conf: the main file) of a layer above the
	 * others, wherever they are and whoever owns them. An array that ends
	 * with NULL, or NULL.
	 */
	const char *const *candidates;
};

/* The layers this build was configured with, on the real root. */
extern const struct policy_where policy_installed;

enum policy_file_state {
	FILE_IN_FORCE,
	FILE_MASK, /* empty or a link to the null device: hides lower ones */
	FILE_REPLACED, /* by one of the same name in a higher layer */
	FILE_MASKED, /* by a mask in a higher layer */
	FILE_REFUSED, /* see the remarks: the policy is unusable */
	FILE_UNREADABLE, /* likewise */
};

/* A file that was found. Replaced and masked files were not opened. */
struct policy_file {
	char *path;
	enum policy_file_state state;
	bool is_candidate;
	const struct policy_file *by; /* what replaced or masked it */
	char *bytes;
	struct rule *rules; /* by line */
	size_t n_rules;
};

/* Read-only for everybody but policy_load(). */
struct policy {
	bool is_usable;
	struct remarks remarks; /* why it is not */
	struct policy_file *files; /* in reading order */
	size_t n_files;
	const struct rule **rules; /* in deciding order */
	size_t n_rules;
};

/*
 * Loads the policy. When a file or directory changes while it is read, all is
 * read anew; when that goes on, the policy is unusable.
 *
 * Returns 0 with the policy in *ret* (owned by the caller), or -ENOMEM with
 * *ret* untouched. A host without any policy file has a usable policy without
 * rules.
 */
int policy_load(const struct policy_where *where, struct policy **ret);

void policy_free(struct policy *policy);

/* Is this a drop-in's name: *.conf, no dotfile? */
bool policy_is_dropin_name(const char *name);

/*
 * Adds an error to remarks if the rule's header stands in its file a second
 * time: libeconf, and probably the author's eye, would take the two rules for
 * one, so neither counts. Returns 0, or -ENOMEM.
 */
int policy_remark_twin(const struct policy *policy, const struct rule *rule,
	struct remarks *remarks);

#endif
