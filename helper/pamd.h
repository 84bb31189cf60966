/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PAMD_H
#define HELPER_PAMD_H

/*
 * A service's session stack, as libpam would put it together: pam.d(5),
 * pam.conf(5), and where they are silent Linux-PAM's pam_handlers.c, with
 * Debian's "@include". Nothing is judged here, and what stands in a file never
 * fails the reader: a line that is none becomes one that fails, as in libpam.
 */

#include "pamd_text.h"
#include "root.h"

enum pamd_kind {
	PAMD_MODULE,
	PAMD_BROKEN, /* fails by itself: PAMD_PERM_DENIED */
	PAMD_SUBSTACK, /* a substack begins behind it */
};

/* A line of the stack. Strings are owned and raw. */
struct pamd_line {
	enum pamd_kind kind;
	char *file;
	unsigned int number; /* of the line in that file */
	unsigned int level; /* of substacks; 0: the service's own */
	bool is_silent; /* "-session" */
	char *control; /* NULL unless PAMD_MODULE */
	struct pamd_actions actions;
	char *module; /* as written; NULL unless PAMD_MODULE */
	char *arguments; /* all behind it, as written; likewise */
};

struct pamd_stack {
	char *file; /* the service's own; NULL: it has none */
	bool is_other; /* it has no session lines, so "other" has its turn */
	bool is_there; /* "other" or the service itself */
	struct pamd_line *lines;
	size_t count;
	char **files; /* all that were read, in that order */
	size_t n_files;

	/* Why nothing can be said: a file that we may not read, or that libpam
	 * gives up on, and with it on the service; NULL: all was read. */
	char *fault;
};

/* Where libpam looks for services, in that order; ends with NULL. */
extern const char *const pamd_directories[];

/*
 * Reads a service's stack. The name is taken as pam_start(3) takes it: no
 * directories, in lower case. To be cleared.
 */
struct pamd_stack pamd_read(const struct root *root, const char *service);

void pamd_stack_clear(struct pamd_stack *stack);

#endif
