/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PAMD_TEXT_H
#define HELPER_PAMD_TEXT_H

/*
 * The text of PAM's service files, cut up as libpam does it: pam.d(5), and
 * where that is silent Linux-PAM's pam_line.c and pam_misc.c. The bytes are
 * untrusted, and nothing in them is an error.
 */

#include <stdbool.h>
#include <stddef.h>

/* What follows from a module's return value; N > 0: N lines are jumped over. */
enum pamd_action {
	PAMD_IGNORE = 0,
	PAMD_OK = -1,
	PAMD_DONE = -2,
	PAMD_BAD = -3,
	PAMD_DIE = -4,
	PAMD_RESET = -5,
	PAMD_UNSET = -6, /* only while a line is read */
};

/* Linux-PAM's return values that matter here, by number. */
enum pamd_value {
	PAMD_SUCCESS = 0,
	PAMD_PERM_DENIED = 6,
	PAMD_NEW_AUTHTOK_REQD = 12,
	PAMD_SESSION_ERR = 14,
	PAMD_VALUE_IGNORE = 25,
	PAMD_MODULE_UNKNOWN = 28,
	PAMD_INCOMPLETE = 31, /* the application is to call again */
	PAMD_VALUES = 32,
};

/* For each return value an enum pamd_action, or a jump. */
struct pamd_actions {
	int on[PAMD_VALUES];
};

/* A file in memory, read line by line. */
struct pamd_text {
	const char *next, *end;
	unsigned int next_number; /* of the line at next */
	size_t size; /* of line */

	char *line; /* the line at hand; changed at will */
	unsigned int number; /* where it begins, from 1 */
	bool is_cut; /* the last one should go on, but there is no more */
};

/* Begins to read; bytes are borrowed. To be ended. */
void pamd_text_begin(struct pamd_text *text, const char *bytes, size_t size);

/*
 * The next line that is not empty, without its comment; physical lines that
 * end in a backslash are one with the next. False: there is none.
 */
bool pamd_text_next(struct pamd_text *text);

void pamd_text_end(struct pamd_text *text);

/*
 * Cuts the next word off *rest, in place: up to a blank, or what is in [ ],
 * where "\]" is a bracket. NULL: there is none left.
 */
char *pamd_next_word(char **rest);

/* "required", "requisite", "optional" or "sufficient"? */
bool pamd_is_keyword(const char *control);

/* A keyword, or what is in [ ]. A mistake makes all PAMD_BAD. */
struct pamd_actions pamd_read_control(const char *control);

/* The same for every value. */
struct pamd_actions pamd_always(int action);

#endif
