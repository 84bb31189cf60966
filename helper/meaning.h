/* SPDX-License-Identifier: MIT */
#ifndef HELPER_MEANING_H
#define HELPER_MEANING_H

/* What is in a libvirt URI: https://libvirt.org/uri.html */

#include <stdbool.h>

#include "../policy/text.h"

/* driver[+transport]://[user@][host][:port]/path[?query]; borrowed. */
struct uri_parts {
	struct span scheme; /* driver and transport */
	struct span driver;
	struct span transport; /* start NULL: none */
	bool has_authority; /* "//" */
	struct span user, host; /* of brackets and port: host without port */
	struct span path; /* from the slash on */
	struct span query; /* start NULL: none */
};

/* Takes a URI that uri_find_fault() found nothing wrong with to pieces. */
struct uri_parts uri_split(const char *uri);

/*
 * What the URI means for the person who gets it, in one line. Printable, owned
 * by the caller.
 */
char *uri_describe(const char *uri);

#endif
