/* SPDX-License-Identifier: MIT */
#ifndef HELPER_ROOT_H
#define HELPER_ROOT_H

/*
 * This host's files, or those of another system below a directory: --root.
 * Links never lead out of it.
 */

#include <stdbool.h>

#include "../policy/trust.h"

struct root {
	const char *path; /* borrowed; NULL: "/" */
	struct tree tree;
};

/* 0 with *ret* to be closed, or −errno when path cannot be opened. */
int root_open(const char *path, struct root *ret);

void root_close(struct root *root);

/* Does nothing of this name exist, by the −errno of opening it? */
bool root_is_absent(int error);

/* Is there such a file or directory? What may not be read is there. */
bool root_has(const struct root *root, const char *path);

/* The name behind the last slash. Borrowed. */
const char *path_name(const char *path);

/* The path of something below a root (NULL: "/"), for people. Owned, raw. */
char *path_below(const char *root, const char *path);

/* asprintf() that ends the program when memory is short; raw, unlike
 * text_format(). */
char *format_raw(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
