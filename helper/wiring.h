/* SPDX-License-Identifier: MIT */
#ifndef HELPER_WIRING_H
#define HELPER_WIRING_H

/*
 * Which PAM services reach pam_virturi.so in their session stack, and how:
 * pam.d(5), pam.conf(5). Reads what libpam would read, below a root directory
 * of one's choice (pamd.h), and follows it (walk.h).
 */

#include <stdbool.h>

#include "module.h"

enum wiring_state {
	WIRING_REACHED, /* by every session that is opened */
	WIRING_CONDITIONAL, /* depending on what other modules say */
	WIRING_SKIPPED, /* there, but by no session that is opened */
	WIRING_ABSENT, /* the stack does not have it */
	WIRING_NO_SERVICE, /* no such service here, nor "other" */
	WIRING_UNREADABLE, /* not for us, or not for libpam */
};

/* All strings are owned, raw as in the files; paths begin with root. */
struct wiring {
	char *service;
	char *file; /* the service's own; NULL: there is none */
	bool is_other; /* it has no session lines: what "other" does counts */
	enum wiring_state state;
	char *reason; /* why CONDITIONAL, SKIPPED or UNREADABLE, beginning with
			 the file and line to look at; or NULL */
	char **files; /* that the stack is read from; ends with NULL */

	/* Of the first line that names the module; NULL and 0 without one. */
	char *line_file;
	unsigned int line;
	char *module; /* as written: absolute, or a bare name */
	char *policy; /* the argument policy=…, or NULL */
	bool is_override;
	char *unknown; /* the first argument that the module ignores, or NULL */
	bool is_silent; /* "-session": libpam does not log its absence */
	bool is_required; /* if it cannot be loaded, sessions are refused */
	bool is_diverting; /* "sufficient", a jump: lines behind it are left
			      out because of it */
	unsigned int times; /* it is named, in this stack */

	char *module_file; /* what libpam would load */
	enum module_presence presence;

	/* A jump over it that counts it in, so adding our line changed where
	 * it leads: "file:line" of that one, or NULL. */
	char *shifted_by;
};

/*
 * Follows one service's session stack below root (NULL: "/"). Never fails for
 * what stands in a file; ends the program when memory is short.
 */
struct wiring wiring_follow(const char *root, const char *service);

void wiring_clear(struct wiring *wiring);

/* The services that have a file of their own, sorted; ends with NULL. Owned,
 * as is each name. */
char **wiring_list_services(const char *root);

void wiring_free_list(char **list);

#endif
