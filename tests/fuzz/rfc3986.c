/* SPDX-License-Identifier: MIT */
#include "rfc3986.h"

#include <regex.h>
#include <string.h>

#include "common.h"

/* Appendix A */
#define UNRESERVED "A-Za-z0-9._~-"
#define SUB_DELIMS "!$&()*+,;="
#define ENCODED    "%[0-9A-Fa-f][0-9A-Fa-f]"
#define RUN(more)  "(" ENCODED "|[" more SUB_DELIMS UNRESERVED "])"
#define PCHAR      RUN(":@")
#define OCTET      "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define IPV4       OCTET "\\." OCTET "\\." OCTET "\\." OCTET
#define H16        "[0-9A-Fa-f]{1,4}"
#define LS32       "(" H16 ":" H16 "|" IPV4 ")"
#define BEFORE(n)  "((" H16 ":){0," n "}" H16 ")?::"
#define TIMES(n)   "(" H16 ":){" n "}"
#define IPV6                                                                   \
	"(" TIMES("6") LS32 "|::" TIMES("5") LS32 "|(" H16 ")?::" TIMES("4")   \
		LS32 "|" BEFORE("1") TIMES("3") LS32 "|" BEFORE("2")           \
			TIMES("2") LS32 "|" BEFORE("3") H16                    \
		":" LS32 "|" BEFORE("4") LS32 "|" BEFORE("5") H16              \
		"|" BEFORE("6") ")"
#define FUTURE "[vV][0-9A-Fa-f]+\\.[:" SUB_DELIMS UNRESERVED "]+"
#define HOST   "(\\[(" IPV6 "|" FUTURE ")\\]|" RUN("") "*)"
#define PATHS                                                                  \
	"(//(" RUN(":") "*@)?" HOST "(:[0-9]*)?(/" PCHAR "*)*|/(" PCHAR        \
			"+(/" PCHAR "*)*)?|" PCHAR "+(/" PCHAR "*)*|)"
#define ABSOLUTE "^[A-Za-z][A-Za-z0-9+.-]*:" PATHS "(\\?(" PCHAR "|[/?])*)?$"

enum expression {
	MATCH_ABSOLUTE,
	MATCH_IPV4,
	MATCH_IPV6,
	MATCHES,
};

static const char *const expressions[MATCHES] = {
	[MATCH_ABSOLUTE] = ABSOLUTE,
	[MATCH_IPV4] = "^" IPV4 "$",
	[MATCH_IPV6] = "^" IPV6 "$",
};

static bool
matches(enum expression which, const char *text)
{
	static regex_t regexes[MATCHES];
	static bool is_compiled[MATCHES];

	if (!is_compiled[which])
		MUST(regcomp(&regexes[which], expressions[which],
			     REG_EXTENDED | REG_NOSUB) == 0);
	is_compiled[which] = true;
	return regexec(&regexes[which], text, 0, NULL, 0) == 0;
}

/* The bytes up to one of these, which are cut off the text. */
static struct span
cut(struct span *text, const char *stops)
{
	struct span part = { text->start, 0 };

	while (part.size < text->size &&
		strchr(stops, part.start[part.size]) == NULL)
		part.size++;
	text->start += part.size;
	text->size -= part.size;
	return part;
}

static bool
skip(struct span *text, const char *prefix)
{
	size_t size = strlen(prefix);

	if (text->size < size || memcmp(text->start, prefix, size) != 0)
		return false;
	text->start += size;
	text->size -= size;
	return true;
}

/* Section 3.2: [ userinfo "@" ] host [ ":" port ] */
static void
split_authority(struct rfc3986_parts *parts)
{
	struct span rest = parts->authority, user = cut(&rest, "@");

	if (skip(&rest, "@"))
		parts->userinfo = user;
	else
		rest = parts->authority;
	parts->host =
		cut(&rest, rest.size > 0 && *rest.start == '[' ? "]" : ":");
	if (skip(&rest, "]"))
		parts->host.size++;
	if (skip(&rest, ":"))
		parts->port = rest;
}

/* ^(([^:/?#]+):)?(//([^/?#]*))?([^?#]*)(\?([^#]*))?(#(.*))? */
struct rfc3986_parts
rfc3986_split(const char *uri)
{
	struct rfc3986_parts parts = { 0 };
	struct span rest = { uri, strlen(uri) }, scheme = cut(&rest, ":/?#");

	if (scheme.size > 0 && skip(&rest, ":"))
		parts.scheme = scheme;
	else
		rest = (struct span){ uri, strlen(uri) };
	if (skip(&rest, "//")) {
		parts.authority = cut(&rest, "/?#");
		split_authority(&parts);
	}
	parts.path = cut(&rest, "?#");
	if (skip(&rest, "?"))
		parts.query = cut(&rest, "#");
	if (skip(&rest, "#"))
		parts.fragment = rest;
	return parts;
}

bool
rfc3986_is_absolute(const char *uri)
{
	return matches(MATCH_ABSOLUTE, uri);
}

bool
rfc3986_is_ipv4(const char *text)
{
	return matches(MATCH_IPV4, text);
}

bool
rfc3986_is_ipv6(const char *text)
{
	return matches(MATCH_IPV6, text);
}
