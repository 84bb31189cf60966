/* SPDX-License-Identifier: MIT */
#ifndef HELPER_ASSIGNMENTS_H
#define HELPER_ASSIGNMENTS_H

/*
 * Lines that set the variables a libvirt client takes its URI from. Files are
 * read as a person skims them, line by line: nothing is executed, and whether
 * a line is ever reached is not known.
 */

#include <stdbool.h>
#include <stddef.h>

#include "words.h"

/* A line that sets a variable. Strings are owned and raw. */
struct assignment {
	char *variable; /* LIBVIRT_DEFAULT_URI or VIRSH_DEFAULT_CONNECT_URI */
	char *file;
	unsigned int line;
	char *value; /* NULL: not a plain value (a variable, a command …) */
	bool is_unset; /* the line removes it; value is NULL */
	bool is_users; /* in the user's own files, not the host's */
};

/* Nobody writes longer lines by hand; they are skipped. */
#define ASSIGNMENTS_LINE_MAX 8000

/*
 * Tells, for each line of text that assigns or removes one of the two
 * variables, what it does; the value is unquoted. file and is_users are left
 * to the caller, and strings are his only while he listens.
 *
 * Not told: comments, here documents and subshells; what holds for one
 * command only ("NAME=value virsh"); and whatever leaves a value alone that is
 * there already, since it overrides nothing: "${NAME:=value}",
 * NAME=${NAME:-value}, fish's universal variables, and lines behind a test for
 * the variable, on the same line or by an "if" on the line before.
 */
void assignments_parse(enum dialect dialect, const char *text, size_t size,
	void (*tell)(void *context, const struct assignment *assignment),
	void *context);

#endif
