/* SPDX-License-Identifier: MIT */
/*
 * URIs. The lines of an input are a template, a user's name, uid and home, and
 * a group's name. What comes out is a URI by RFC 3986's own grammar, and to
 * expand and then take apart is to take apart and then expand: no name leaves
 * its place.
 */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/countof.h"
#include "../../policy/uri.h"
#include "rfc3986.h"

static const char *
value_of(const struct uri_values *values, size_t i)
{
	const char *const all[] = { values->user, values->uid, values->home,
		values->group };

	return all[i];
}

/* Which variable stands here? Its "${name}" in *name*; -1: none. */
static int
find_variable(const char *at, const char **name)
{
	static const char *const names[] = {
		"${user}",
		"${uid}",
		"${home}",
		"${group}",
	};

	for (size_t i = 0; i < countof(names); i++) {
		*name = names[i];
		if (strncmp(at, names[i], strlen(names[i])) == 0)
			return (int)i;
	}
	return -1;
}

static void
write_encoded(FILE *out, const char *value, const char *keep)
{
	static const char unreserved[] = "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-._~";

	for (; *value != '\0'; value++) {
		if (strchr(unreserved, *value) || strchr(keep, *value))
			putc(*value, out);
		else
			fprintf(out, "%%%02X", (unsigned char)*value);
	}
}

static unsigned int
hex_of(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	return (unsigned int)(strchr(digits, c) - digits) % 16;
}

static bool
is_encoded(const char *at)
{
	static const char hex[] = "0123456789abcdefABCDEF";

	return at[0] == '%' && at[1] != '\0' && strchr(hex, at[1]) &&
		at[2] != '\0' && strchr(hex, at[2]);
}

/*
 * A part of a template, expanded: as it must stand in the URI, or decoded, as
 * whoever uses the URI will see it. To be freed.
 */
static char *
expand(struct span part, const struct uri_values *values, const char *keep,
	bool decodes)
{
	char *template = fuzz_text((const uint8_t *)part.start, part.size);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	MUST(out != NULL);
	for (const char *at = template; *at != '\0'; at++) {
		const char *name;
		int i = find_variable(at, &name);

		if (i >= 0 && decodes)
			fputs(value_of(values, (size_t)i), out);
		else if (i >= 0)
			write_encoded(out, value_of(values, (size_t)i),
				i == 2 ? keep : "");
		else if (decodes && is_encoded(at))
			putc((int)(16 * hex_of(at[1]) + hex_of(at[2])), out);
		else
			putc(*at, out);
		if (i >= 0)
			at += strlen(name) - 1;
		else if (at[0] == '$' && at[1] == '$')
			at++;
		else if (decodes && is_encoded(at))
			at += 2;
	}
	fclose(out);
	free(template);
	return text;
}

static void
compare(struct span part, struct span template, const struct uri_values *values,
	const char *keep)
{
	static const struct uri_values nothing = { "", "", "", "" };
	char *expected, *decoded, *seen;

	MUST((part.start == NULL) == (template.start == NULL));
	if (part.start == NULL)
		return;
	expected = expand(template, values, keep, false);
	MUST(text_equals(part, expected));
	decoded = expand(template, values, "", true);
	seen = expand(part, &nothing, "", true);
	/* in the URI two dollars are two */
	if (!fuzz_contains(part.start, part.size, "$$"))
		MUST(strcmp(seen, decoded) == 0);
	free(expected);
	free(decoded);
	free(seen);
}

static void
check_uri(
	const char *uri, const char *template, const struct uri_values *values)
{
	struct rfc3986_parts is = rfc3986_split(uri);
	struct rfc3986_parts was = rfc3986_split(template);

	MUST(strlen(uri) <= URI_MAX);
	MUST(rfc3986_is_absolute(uri));
	MUST(uri_find_fault(uri) == NULL);
	MUST(is.fragment.start == NULL);
	compare(is.scheme, was.scheme, values, "");
	compare(is.userinfo, was.userinfo, values, "");
	compare(is.host, was.host, values, "");
	compare(is.port, was.port, values, "");
	compare(is.path, was.path, values, "/");
	compare(is.query, was.query, values, "/");
	/* nobody's name stands where it would choose a host */
	MUST(!fuzz_contains(was.host.start, was.host.size, "${"));
	MUST(!fuzz_contains(was.scheme.start, was.scheme.size, "${"));
}

/* What only some people's expansion shows. */
static bool
depends_on_values(const char *fault)
{
	return strcmp(fault, "it is longer than 2048 bytes") == 0 ||
		strcmp(fault, "a variable would choose the host") == 0;
}

static void
check_template(const char *template, const struct uri_values *values)
{
	char *uri = NULL, *fault = NULL, *general = NULL;

	MUST(uri_check_template(template, values->group != NULL, &general) ==
		0);
	MUST(uri_expand(template, values, &uri, &fault) == 0);
	MUST((uri == NULL) == (fault != NULL));
	if (fault != NULL) {
		MUST(fuzz_is_printable(fault));
		MUST(general != NULL || depends_on_values(fault));
	} else {
		MUST(general == NULL || depends_on_values(general));
		check_uri(uri, template, values);
	}
	free(uri);
	free(fault);
	free(general);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take take = { data, size };
	char *lines[5];
	char uid[11];

	for (size_t i = 0; i < countof(lines); i++)
		lines[i] = take_line(&take);
	snprintf(uid, sizeof(uid), "%lu",
		strtoul(lines[2], NULL, 10) % UINT32_MAX);
	check_template(lines[0],
		&(struct uri_values){ lines[1], uid, lines[3], lines[4] });
	if (strstr(lines[0], "${group}") == NULL)
		check_template(lines[0],
			&(struct uri_values){ lines[1], uid, lines[3], NULL });
	MUST(uri_uses_group(lines[0]) ==
		(strstr(lines[0], "${group}") != NULL));
	MUST((uri_find_fault(lines[1]) == NULL) ==
		(rfc3986_is_absolute(lines[1]) && strlen(lines[1]) <= URI_MAX));
	for (size_t i = 0; i < countof(lines); i++)
		free(lines[i]);
	return 0;
}
