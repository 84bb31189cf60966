/* SPDX-License-Identifier: MIT */
#ifndef HELPER_WALK_H
#define HELPER_WALK_H

/*
 * The ways through a session stack, as Linux-PAM's pam_dispatch.c goes: jumps,
 * substacks, lines that end the stack. Do all of them lead to pam_virturi.so?
 *
 * Other modules return what they like; only pam_permit and pam_deny are known.
 * A way on which the session is refused is no way around ours: required and
 * requisite lines hinder nothing.
 */

#include "pamd.h"

enum walk_state {
	WALK_REACHED, /* by every session that is opened */
	WALK_CONDITIONAL, /* depending on what other modules say */
	WALK_SKIPPED, /* there, but by no session that is opened */
	WALK_ABSENT, /* no line names it */
};

/* Strings are owned and raw. */
struct walk {
	enum walk_state state;
	char *reason; /* why CONDITIONAL or SKIPPED, beginning with the file
			 and line to look at; or NULL */
	const struct pamd_line *line; /* the first that names it: borrowed */
	unsigned int times; /* it is named */
	bool is_diverting; /* "sufficient", a jump: lines behind that one are
			      left out because of it */

	/* A jump over it that counts it in, so adding our line changed where
	 * it leads: "file:line" of that one, or NULL. */
	char *shifted_by;
};

/* To be cleared, before the stack. */
struct walk walk_stack(const struct pamd_stack *stack);

void walk_clear(struct walk *walk);

#endif
