/* SPDX-License-Identifier: MIT */
/*
 * A template is walked once, left to right, and at every byte it is known in
 * which part of the URI it stands. That is safe because the bytes that end a
 * part (: / ? @ & =) can only come from the template: in a value they are
 * percent-encoded. The one exception is '/' in ${home}. It would end the user
 * part, where it is encoded too; and it could make an authority of
 * "scheme:${home}", so the result is checked for that.
 */
#include "uri.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "countof.h"
#include "text.h"

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 3986, section 2.3 */
static bool
is_unreserved(char c)
{
	return is_alpha(c) || is_digit(c) || (c != '\0' && strchr("-._~", c));
}

/* RFC 3986, section 2.1 */
static bool
is_encoded(const char *text)
{
	return text[0] == '%' && is_hex(text[1]) && is_hex(text[2]);
}

/* The length of the longest run of unreserved, %XX and *extra* bytes. */
static size_t
count_run(const char *text, const char *extra)
{
	size_t n = 0;

	for (;;) {
		if (is_encoded(text + n))
			n += 3;
		else if (is_unreserved(text[n]) ||
			(text[n] != '\0' && strchr(extra, text[n])))
			n++;
		else
			return n;
	}
}

/* sub-delims (RFC 3986, section 2.2) but for the apostrophe */
#define SUB_DELIMS "!$&()*+,;="

static size_t
count_scheme(const char *uri)
{
	size_t n = 0;

	if (!is_alpha(uri[0]))
		return 0;
	while (is_alpha(uri[n]) || is_digit(uri[n]) ||
		(uri[n] != '\0' && strchr("+-.", uri[n])))
		n++;
	return uri[n] == ':' ? n : 0;
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ), of a run of these */
static bool
is_future_address(const char *text, size_t size)
{
	size_t n = 1;

	if (text[0] != 'v' && text[0] != 'V')
		return false;
	while (is_hex(text[n]))
		n++;
	return n > 1 && text[n] == '.' && n + 1 < size &&
		memchr(text, '%', size) == NULL;
}

/*
 * IP-literal (RFC 3986, section 3.2.2): an IPv6 address, or one of a future
 * version ("v1.…"), in brackets. Returns its length, or 0.
 */
static size_t
count_ip_literal(const char *host)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr binary;
	size_t n = 1 + count_run(host + 1, SUB_DELIMS ":");

	if (host[n] != ']')
		return 0;
	if (is_future_address(host + 1, n - 1))
		return n + 1;
	if (n - 1 >= sizeof(address))
		return 0;
	memcpy(address, host + 1, n - 1);
	address[n - 1] = '\0';
	return inet_pton(AF_INET6, address, &binary) == 1 ? n + 1 : 0;
}

/* host [":" port]; returns its length, *fault* set when there is one */
static size_t
count_host_port(const char *host, const char **fault)
{
	size_t n;

	if (host[0] == '[') {
		n = count_ip_literal(host);
		if (n == 0)
			*fault = "there is no IPv6 address between [ and ]";
	} else {
		n = count_run(host, SUB_DELIMS);
	}
	if (host[n] == ':') {
		n++;
		while (is_digit(host[n]))
			n++;
	}
	return n;
}

static const char *
find_authority_fault(const char *authority, size_t size)
{
	const char *at = memchr(authority, '@', size);
	const char *host = authority;
	const char *fault = NULL;
	size_t n;

	if (at != NULL) {
		n = count_run(authority, SUB_DELIMS ":");
		if (authority + n != at)
			return "its user part has a byte that must be "
			       "written as %XX";
		host = at + 1;
	}
	n = count_host_port(host, &fault);
	if (fault != NULL)
		return fault;
	if (host + n != authority + size)
		return "its host or port has a byte that cannot stand there";
	return NULL;
}

static const char lone_percent[] = "a '%' must be followed by two hex digits";

/* A byte that no URI can have, said in words an admin meets in real life. */
static const char *
find_byte_fault(const char *uri)
{
	for (; *uri != '\0'; uri++) {
		unsigned char c = (unsigned char)*uri;

		if (c == '"' || c == '\'')
			return "quotes do not belong in a URI";
		if (text_is_blank(*uri))
			return "one URI, without blanks; one that belongs to "
			       "it is %20";
		if (c < 0x20 || c >= 0x7f)
			return "a byte outside printable ASCII must be "
			       "written as %XX";
		if (c == '%' && !is_encoded(uri))
			return lone_percent;
	}
	return NULL;
}

const char *
uri_find_fault(const char *uri)
{
	const char *rest = uri, *fault;
	size_t n;

	if (strlen(uri) > URI_MAX)
		return "it is longer than 2048 bytes";
	fault = find_byte_fault(uri);
	if (fault != NULL)
		return fault;
	n = count_scheme(uri);
	if (n == 0)
		return "it does not begin with a scheme such as qemu:; "
		       "names from uri_aliases are the user's own";
	rest += n + 1;
	if (strncmp(rest, "//", 2) == 0) {
		n = strcspn(rest + 2, "/?");
		fault = find_authority_fault(rest + 2, n);
		if (fault != NULL)
			return fault;
		rest += 2 + n;
	}
	rest += count_run(rest, SUB_DELIMS ":@/");
	if (*rest == '?')
		rest += 1 + count_run(rest + 1, SUB_DELIMS ":@/?");
	if (*rest != '\0')
		return "it has a byte that must be written as %XX";
	return NULL;
}

/* Where in a URI a byte of the template stands. */
enum part {
	PART_SCHEME,
	PART_AFTER_SCHEME, /* nothing but the colon seen: path or "//" */
	PART_USERINFO,
	PART_HOST, /* host and port */
	PART_PATH,
	PART_QUERY_KEY,
	PART_QUERY_VALUE,
};

/* Behind "scheme://": is there an '@' in the authority still to come? */
static enum part
part_of_authority(const char *authority)
{
	size_t size = strcspn(authority, "/?");

	return memchr(authority, '@', size) ? PART_USERINFO : PART_HOST;
}

/* The part in which the byte behind *at* stands. */
static enum part
part_behind(enum part part, const char *at)
{
	switch (part) {
	case PART_SCHEME:
		return *at == ':' ? PART_AFTER_SCHEME : PART_SCHEME;
	case PART_AFTER_SCHEME:
		if (at[0] == '/' && at[-1] == '/')
			return part_of_authority(at + 1);
		if (at[0] == '/' && at[1] == '/')
			return PART_AFTER_SCHEME;
		return *at == '?' ? PART_QUERY_KEY : PART_PATH;
	case PART_USERINFO:
		return *at == '@' ? PART_HOST : PART_USERINFO;
	case PART_HOST:
		if (*at == '/')
			return PART_PATH;
		return *at == '?' ? PART_QUERY_KEY : PART_HOST;
	case PART_PATH:
		return *at == '?' ? PART_QUERY_KEY : PART_PATH;
	case PART_QUERY_KEY:
		return *at == '=' ? PART_QUERY_VALUE : PART_QUERY_KEY;
	case PART_QUERY_VALUE:
		return *at == '&' || *at == ';' ? PART_QUERY_KEY
						: PART_QUERY_VALUE;
	}
	return part;
}

static bool
may_hold_variable(enum part part)
{
	return part == PART_AFTER_SCHEME || part == PART_USERINFO ||
		part == PART_PATH || part == PART_QUERY_VALUE;
}

/* A URI being written: as long as nothing failed, text is terminated. */
struct output {
	char text[URI_MAX + 2]; /* one byte over shows that it is too long */
	size_t size;
};

static void
put(struct output *out, char c)
{
	if (out->size < sizeof(out->text) - 1)
		out->text[out->size++] = c;
	out->text[out->size] = '\0';
}

static void
put_encoded(struct output *out, const char *value, const char *keep)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (is_unreserved(*value) || strchr(keep, c)) {
			put(out, *value);
		} else {
			put(out, '%');
			put(out, hex[c >> 4]);
			put(out, hex[c & 15]);
		}
	}
}

static const struct variable {
	const char *name;
	size_t offset;
	const char *keep;
} variables[] = {
	{ "user", offsetof(struct uri_values, user), "" },
	{ "uid", offsetof(struct uri_values, uid), "" },
	{ "home", offsetof(struct uri_values, home), "/" },
	{ "group", offsetof(struct uri_values, group), "" },
};

static const char *
value_of(const struct uri_values *values, const struct variable *variable)
{
	const char *const *value;

	value = (const char *const *)((const char *)values + variable->offset);
	return *value;
}

static const struct variable *
find_variable(struct span name)
{
	for (size_t i = 0; i < countof(variables); i++) {
		if (text_equals(name, variables[i].name))
			return &variables[i];
	}
	return NULL;
}

/*
 * Expands the "${name}" at *at* into out. Returns its length; 0 when it is
 * none that can stand here, with *fault* saying so (NULL: memory is short).
 */
static size_t
expand_variable(const char *at, enum part part, const struct uri_values *values,
	struct output *out, char **fault)
{
	const struct variable *variable;
	struct span name;

	if (at[1] != '{') {
		*fault = text_format("a lone '$'; write $$ for a dollar, or "
				     "${user}, ${uid}, ${home}, ${group}");
		return 0;
	}
	name = (struct span){ at + 2, strcspn(at + 2, "}") };
	variable = find_variable(name);
	if (at[2 + name.size] == '\0') {
		*fault = text_format("'${' has no '}'");
		return 0;
	}
	if (variable == NULL) {
		*fault = text_format("there is no ${%.*s}, only ${user}, "
				     "${uid}, ${home} and ${group}",
			(int)name.size, name.start);
		return 0;
	}
	if (!may_hold_variable(part)) {
		*fault = text_format("${%s} cannot stand in a scheme, host, "
				     "port or query key: what a name expands "
				     "to must not choose the host",
			variable->name);
		return 0;
	}
	if (value_of(values, variable) == NULL) {
		*fault = text_format("${%s} has a meaning only in [group] and "
				     "[gid] rules",
			variable->name);
		return 0;
	}
	/* a slash would end the user part, and the host be a path */
	put_encoded(out, value_of(values, variable),
		part == PART_USERINFO ? "" : variable->keep);
	return name.size + 3;
}

/* As uri_expand(), but into out, and the result is not yet checked. */
static int
expand(const char *template, const struct uri_values *values,
	struct output *out, char **fault)
{
	enum part part = PART_SCHEME;

	for (const char *at = template; *at != '\0';) {
		char *why = NULL;
		size_t size;

		if (at[0] != '$') {
			put(out, *at);
			part = part_behind(part, at++);
			continue;
		}
		if (at[1] == '$') {
			put(out, '$');
			part = part_behind(part, at);
			at += 2;
			continue;
		}
		size = expand_variable(at, part, values, out, &why);
		if (size == 0) {
			if (why == NULL)
				return -ENOMEM;
			*fault = why;
			return 0;
		}
		if (part == PART_AFTER_SCHEME)
			part = PART_PATH;
		at += size;
	}
	return 0;
}

/* A value must not finish what the template begins: "%4${user}". */
static bool
has_lone_percent(const char *template)
{
	const char *at = strchr(template, '%');

	while (at != NULL && is_encoded(at))
		at = strchr(at + 1, '%');
	return at != NULL;
}

/* Did a value that begins with '/' make an authority the template has not? */
static bool
has_gained_authority(const char *template, const char *uri)
{
	size_t n = count_scheme(uri);

	return strncmp(uri + n, "://", 3) == 0 &&
		strncmp(template + n, "://", 3) != 0;
}

int
uri_expand(const char *template, const struct uri_values *values, char **ret,
	char **fault)
{
	struct output out = { .size = 0 };
	const char *why;
	char *said = NULL, *uri;
	int r;

	r = expand(template, values, &out, &said);
	if (r < 0)
		return r;
	if (said != NULL) {
		*fault = said;
		return 0;
	}
	if (has_lone_percent(template))
		why = lone_percent;
	else if (has_gained_authority(template, out.text))
		why = "a variable would choose the host";
	else
		why = uri_find_fault(out.text);
	if (why != NULL) {
		said = text_format("%s", why);
		if (said == NULL)
			return -ENOMEM;
		*fault = said;
		return 0;
	}
	uri = strdup(out.text);
	if (uri == NULL)
		return -ENOMEM;
	*ret = uri;
	*fault = NULL;
	return 0;
}

int
uri_check_template(const char *template, bool have_group, char **fault)
{
	const struct uri_values sample = {
		.user = "u",
		.uid = "0",
		.home = "/h",
		.group = have_group ? "g" : NULL,
	};
	char *uri = NULL;
	int r;

	r = uri_expand(template, &sample, &uri, fault);
	free(uri);
	return r;
}

bool
uri_uses_group(const char *template)
{
	return strstr(template, "${group}") != NULL;
}
