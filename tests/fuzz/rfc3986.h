/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_RFC3986_H
#define TESTS_FUZZ_RFC3986_H

/*
 * RFC 3986 in its own words: its appendix B, which takes a URI apart, and the
 * grammar of appendix A written as a regular expression. For comparison with
 * policy/uri.c, of which nothing here is taken.
 */

#include <stdbool.h>

#include "../../policy/text.h"

/* Borrowed; start NULL: the URI has none of it. */
struct rfc3986_parts {
	struct span scheme, authority, path, query, fragment;
	struct span userinfo, host, port; /* of the authority */
};

/* Takes any text apart. */
struct rfc3986_parts rfc3986_split(const char *uri);

/* absolute-URI (section 4.3), but for the apostrophe, which is refused. */
bool rfc3986_is_absolute(const char *uri);

/* IPv4address, IPv6address (section 3.2.2) */
bool rfc3986_is_ipv4(const char *text);
bool rfc3986_is_ipv6(const char *text);

#endif
