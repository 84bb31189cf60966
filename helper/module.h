/* SPDX-License-Identifier: MIT */
#ifndef HELPER_MODULE_H
#define HELPER_MODULE_H

/* PAM modules as files: where libpam finds them, and whether ours loads. */

#include "root.h"

#define MODULE_NAME "pam_virturi.so"

enum module_presence {
	MODULE_UNKNOWN, /* there are no modules below root at all, so that ours
			   is not there says nothing */
	MODULE_THERE,
	MODULE_MISSING,
};

/*
 * What libpam would load for a module as a line names it: a path, or a bare
 * name that lies where libpam's own modules do. *ret* (owned by the caller) is
 * its path, beginning with root's, or where it should be.
 */
enum module_presence module_find(
	const struct root *root, const char *module, char **ret);

/*
 * How a line is to name our module: bare if it lies where libpam looks, else
 * by its path, as seen from root (NULL: "/"). NULL: it is in none of the usual
 * places. Owned by the caller.
 */
char *module_find_name(const char *root);

/*
 * Why a module of this host cannot be loaded: a library that is missing, for
 * instance, which libpam does not log for "-session". NULL: it can be, or
 * nobody should try, since others than root may have written it. Owned by the
 * caller.
 */
char *module_find_load_error(const char *path, int timeout_ms);

#endif
