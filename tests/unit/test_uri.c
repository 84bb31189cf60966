/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../policy/uri.h"

/* --- Syntax --------------------------------------------------------------- */

static const struct syntax_row {
	const char *name, *uri;
	const char *fault; /* a part of it; NULL: it is a URI */
} syntax_rows[] = {
	{ "the host's libvirt", "qemu:///system", NULL },
	{ "one's own", "qemu:///session", NULL },
	{ "the test driver", "test:///default", NULL },
	{ "over ssh", "qemu+ssh://anna@lab01.example.org/system", NULL },
	{ "an empty user", "qemu+ssh://@lab01/system", NULL },
	{ "an empty host", "qemu+ssh://anna@/system", NULL },
	{ "a password, which lint frowns at", "q://a:b@h/system", NULL },
	{ "a port", "qemu+tls://h:16514/system", NULL },
	{ "an empty port", "qemu+tls://h:/system", NULL },
	{ "an IPv4 address", "q://192.0.2.1/", NULL },
	{ "an IPv6 address", "q://[2001:db8::1]/system", NULL },
	{ "an IPv6 address, user and port", "q://a@[::1]:22/system", NULL },
	{ "an IPv6 address that ends in IPv4", "q://[::ffff:192.0.2.1]/",
		NULL },
	{ "a future address", "q://[v1.a:b]/", NULL },
	{ "a future address in capitals", "q://[V1F.&]/", NULL },
	{ "a query", "q://h/system?keyfile=/k&no_verify=1", NULL },
	{ "a question mark in a query", "q:///x?a=b?c/d", NULL },
	{ "no path", "q://h", NULL },
	{ "no path but a query", "q://h?a=b", NULL },
	{ "a path without authority", "q:/system", NULL },
	{ "a path without a slash", "q:system", NULL },
	{ "nothing behind the colon", "q:", NULL },
	{ "a percent-encoded byte", "q:///a%20b", NULL },
	{ "sub-delims in a path", "q:///!$&()*+,;=:@", NULL },
	{ "every unreserved byte", "q:///aZ09-._~", NULL },
	{ "every byte of a scheme", "aZ0+-.:///", NULL },

	{ "nothing", "", "scheme" },
	{ "a word", "system", "scheme" },
	{ "a path only", "/system", "scheme" },
	{ "no scheme", ":///system", "scheme" },
	{ "a scheme that begins with a digit", "1q:///", "scheme" },
	{ "a scheme with an underscore", "a_b:///", "scheme" },
	{ "a scheme that begins with a plus", "+ssh:///", "scheme" },
	{ "a future version without an address", "q://[v1]/", "IPv6" },
	{ "a future version and a dot", "q://[v1.]/", "IPv6" },
	{ "a future address without a version", "q://[v.a]/", "IPv6" },
	{ "a future version that is no number", "q://[v1g.a]/", "IPv6" },
	{ "an encoded byte in a future address", "q://[v1.%41]/", "IPv6" },
	{ "a fragment", "q:///a#b", "%XX" },
	{ "a blank", "q:///a b", "blank" },
	{ "a blank before it", " q:///", "blank" },
	{ "a tab", "q:///a\tb", "blank" },
	{ "a newline", "q:///a\nb", "printable ASCII" },
	{ "a CR", "q:///a\rb", "printable ASCII" },
	{ "DEL", "q:///a\x7f", "printable ASCII" },
	{ "UTF-8", "q:///\xc3\xbc", "printable ASCII" },
	{ "a double quote", "\"q:///\"", "quotes" },
	{ "a single quote", "q:///'", "quotes" },
	{ "a percent sign alone", "q:///%", "hex" },
	{ "a percent sign and one digit", "q:///%2", "hex" },
	{ "a percent sign and no hex", "q:///%zz", "hex" },
	{ "systemd's %u", "q:///%u", "hex" },
	{ "angle brackets", "q:///<a>", "%XX" },
	{ "a backslash", "q:///a\\b", "%XX" },
	{ "braces", "q:///{a}", "%XX" },
	{ "a bar", "q:///a|b", "%XX" },
	{ "a caret", "q:///^", "%XX" },
	{ "a backquote", "q:///`", "%XX" },
	{ "brackets in a path", "q:///[a]", "%XX" },
	{ "brackets in a query", "q:///?a=[b]", "%XX" },
	{ "a backslash in the user", "q://LAB\\u@h/", "user part" },
	{ "two users", "q://a@b@c/", "" },
	{ "a port that is none", "q://h:ssh/", "host or port" },
	{ "two ports", "q://h:1:2/", "host or port" },
	{ "an IPv6 address without brackets", "q://::1/", "host or port" },
	{ "an IPv6 address without its end", "q://[::1/", "IPv6" },
	{ "an empty IPv6 address", "q://[]/", "IPv6" },
	{ "something behind an IPv6 address", "q://[::1]x/", "host or port" },
	{ "no IPv6 address in brackets", "q://[zz]/", "IPv6" },
	{ "a name in brackets", "q://[lab01.example.org]/", "IPv6" },
	{ "sub-delims in brackets", "q://[!$&]/", "IPv6" },
	{ "a percent-encoded address", "q://[%3a%3a1]/", "IPv6" },
};

static void
test_syntax(void **state)
{
	const struct syntax_row *row = *state;
	const char *fault = uri_find_fault(row->uri);

	if (row->fault == NULL) {
		assert_null(fault);
		return;
	}
	fake_assert_says(fault, row->fault);
}

/* Every byte, in a path: those of RFC 3986's pchar, '/' and '?' alone. */
static void
test_every_byte(void **state)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-._~!$&()*+,;=:@/?";

	(void)state;
	for (int c = 1; c < 256; c++) {
		char uri[] = { 'q', ':', '/', 'a', (char)c, 'a', '\0' };

		if ((uri_find_fault(uri) == NULL) != (strchr(good, c) != NULL))
			fail_msg("byte 0x%02x", (unsigned int)c);
	}
}

static const struct length_row {
	const char *name;
	size_t size;
	bool is_good;
} length_rows[] = {
	{ "2047 bytes", 2047, true },
	{ "2048 bytes", 2048, true },
	{ "2049 bytes", 2049, false },
	{ "10000 bytes", 10000, false },
};

/* As a whole, as a template, and when only the expansion is so long. */
static void
test_length(void **state)
{
	const struct length_row *row = *state;
	char uri[10001], name[10001], *expanded = NULL, *fault = NULL;

	memset(uri, 'x', row->size);
	memcpy(uri, "q:///", 5);
	uri[row->size] = '\0';
	strcpy(name, uri + 5);
	assert_int_equal(uri_find_fault(uri) == NULL, row->is_good);
	assert_int_equal(
		uri_expand(uri, &(struct uri_values){ 0 }, &expanded, &fault),
		0);
	assert_int_equal(expanded != NULL, row->is_good);
	assert_int_equal(fault == NULL, row->is_good);
	free(expanded);
	free(fault);
	expanded = fault = NULL;
	assert_int_equal(
		uri_expand("q:///${user}", &(struct uri_values){ .user = name },
			&expanded, &fault),
		0);
	if (row->is_good)
		assert_string_equal(expanded, uri);
	else
		fake_assert_says(fault, "2048");
	free(expanded);
	free(fault);
}

/* What is too long says so, wherever it happens to be cut. */
static void
test_length_encoded(void **state)
{
	(void)state;
	for (size_t pad = 0; pad < 3; pad++) {
		char name[1000], template[32], *uri = NULL, *fault = NULL;

		memset(name, ' ', sizeof(name) - 1);
		name[sizeof(name) - 1] = '\0';
		snprintf(template, sizeof(template), "q:///%.*s${user}",
			(int)pad, "xx");
		assert_int_equal(uri_expand(template,
					 &(struct uri_values){ .user = name },
					 &uri, &fault),
			0);
		assert_null(uri);
		fake_assert_says(fault, "2048");
		free(fault);
	}
}

/* --- Expansion ------------------------------------------------------------ */

static const struct uri_values anna = {
	.user = "anna",
	.uid = "1482001137",
	.home = "/home/anna",
	.group = "lab",
};

static const struct expand_row {
	const char *name, *template;
	const char *uri; /* NULL: a mistake */
	const char *fault; /* a part of it */
	struct uri_values values; /* NULLs: as anna's, but for the group */
} expand_rows[] = {
	{ "nothing to expand", "qemu:///system", "qemu:///system" },
	{ "in the user part", "q://${user}@h/", "q://anna@h/" },
	{ "in the password, for what it is worth", "q://a:${uid}@h/",
		"q://a:1482001137@h/" },
	{ "in the path", "q:///${user}/${uid}", "q:///anna/1482001137" },
	{ "in a path behind a host", "q://h/${user}", "q://h/anna" },
	{ "in a path without authority", "q:/${user}", "q:/anna" },
	{ "in a path without a slash", "q:${user}", "q:anna" },
	{ "in a query value", "q:///s?k=${home}/k&u=${user}",
		"q:///s?k=/home/anna/k&u=anna" },
	{ "in a query value behind a question mark", "q://h?k=${user}",
		"q://h?k=anna" },
	{ "behind a second equals sign", "q:///?a=b=${user}",
		"q:///?a=b=anna" },
	{ "several in a row", "q:///${user}${user}${uid}",
		"q:///annaanna1482001137" },
	{ "the home's slashes stay", "q://${home}", NULL, "host" },
	{ "the home as path", "q:${home}", "q:/home/anna" },
	{ "the home as user part", "q://${home}@h/s",
		"q://%2Fhome%2Fanna@h/s" },
	{ "the home as password", "q://a:${home}@h/s",
		"q://a:%2Fhome%2Fanna@h/s" },
	{ "the group", "q:///${group}", "q:///lab", .values.group = "lab" },
	{ "no group in other rules", "q:///${group}", NULL, "[group]" },
	{ "a dollar", "q:///$$", "q:///$" },
	{ "a dollar before a brace", "q:///$${user}", NULL, "%XX" },
	{ "two dollars", "q:///$$$$", "q:///$$" },
	{ "a dollar and a variable", "q:///$$${user}", "q:///$anna" },
	{ "a dollar in the host", "q://a$$b/", "q://a$b/" },
	{ "percent-encoding stays", "q:///%41${user}", "q:///%41anna" },
	{ "a percent sign that a value would finish", "q://%${user}@h/", NULL,
		"hex digits", .values.user = "40evil" },
	{ "one and a digit", "q:///%2${user}", NULL, "hex digits",
		.values.user = "f" },
	{ "a uid does not finish one either", "q:///%${uid}1", NULL,
		"hex digits" },

	{ "a lone dollar", "q:///$USER", NULL, "$$" },
	{ "a dollar at the end", "q:///$", NULL, "$$" },
	{ "an unknown variable", "q:///${name}", NULL, "${name}" },
	{ "an unknown variable in capitals", "q:///${USER}", NULL, "${USER}" },
	{ "an empty variable", "q:///${}", NULL, "${}" },
	{ "blanks in a variable", "q:///${ user }", NULL, "${ user }" },
	{ "a default value", "q:///${user:-x}", NULL, "${user:-x}" },
	{ "an open brace", "q:///${user", NULL, "}" },
	{ "an open brace and nothing", "q:///${", NULL, "}" },

	{ "in the scheme", "${user}:///", NULL, "${user}" },
	{ "at the end of the scheme", "q+${user}://h/", NULL, "host" },
	{ "as the host", "q://${user}/system", NULL, "host" },
	{ "as a part of the host", "q://h-${user}.example.org/", NULL, "host" },
	{ "behind the user part", "q://a@${user}/", NULL, "host" },
	{ "the user twice", "q://${user}@${user}/", NULL, "host" },
	{ "as the port", "q://h:${uid}/", NULL, "host" },
	{ "the home behind a host", "q://h${home}", NULL, "host" },
	{ "behind two at signs", "q://a@b@${user}/", NULL, "host" },
	{ "an at sign behind the path does not count", "q://${user}/a@b", NULL,
		"host" },
	{ "an at sign behind the query does not count", "q://${user}?a@b", NULL,
		"host" },
	{ "an at sign that is encoded does not count", "q://${user}%40h/", NULL,
		"host" },
	{ "in brackets", "q://[${user}]/", NULL, "host" },
	{ "as a query key", "q:///?${user}=1", NULL, "query key" },
	{ "as a second query key", "q:///?a=b&${user}=1", NULL, "query key" },
	{ "as a query key behind a semicolon", "q:///?a=b;${user}=1", NULL,
		"query key" },
	{ "the home makes no authority", "q:/${home}", NULL, "host" },
	{ "nor a home of two slashes", "q:${home}", NULL, "host",
		.values.home = "//evil/system" },
	{ "nor two variables", "q:${home}${home}", NULL, "host",
		.values.home = "/" },

	{ "a backslash", "q://${user}@h/", "q://LAB%5Canna@h/",
		.values.user = "LAB\\anna" },
	{ "a blank", "q:///${user}", "q:///a%20b", .values.user = "a b" },
	{ "an at sign", "q://${user}@h/", "q://anna%40corp.example@h/",
		.values.user = "anna@corp.example" },
	{ "a percent sign", "q:///${user}", "q:///100%2525",
		.values.user = "100%25" },
	{ "UTF-8", "q:///${user}", "q:///gr%C3%BCn",
		.values.user = "gr\xc3\xbcn" },
	{ "a slash in a user name", "q:///${user}", "q:///a%2Fb",
		.values.user = "a/b" },
	{ "a colon", "q://${user}@h/", "q://a%3Ab@h/", .values.user = "a:b" },
	{ "what looks like a variable", "q:///${user}", "q:///%24%7Buid%7D",
		.values.user = "${uid}" },
	{ "a user name that would end the user part", "q://${user}@h/",
		"q://x%40evil%2F%3F%23@h/", .values.user = "x@evil/?#" },
	{ "a user name that would add a query", "q:///s?u=${user}",
		"q:///s?u=x%26command%3D%2Fbin%2Fsh",
		.values.user = "x&command=/bin/sh" },
	{ "quotes and controls", "q:///${user}", "q:///%22%27%0A%7F",
		.values.user = "\"'\n\x7f" },
	{ "every unreserved byte", "q:///${user}", "q:///aZ09-._~",
		.values.user = "aZ09-._~" },
	{ "sub-delims are encoded", "q:///${user}",
		"q:///%21%24%26%28%29%2A%2B%2C%3B%3D",
		.values.user = "!$&()*+,;=" },
	{ "an empty user name", "q:///${user}", "q:///", .values.user = "" },
	{ "a home with a blank and UTF-8", "q:///?k=${home}",
		"q:///?k=/h/a%20%C3%BC", .values.home = "/h/a \xc3\xbc" },
	{ "an empty home", "q:///?k=${home}", "q:///?k=", .values.home = "" },
	{ "a group with a blank and a backslash", "q:///${group}",
		"q:///LAB%5Cdomain%20users",
		.values.group = "LAB\\domain users" },
	{ "a slash in a group name", "q:///${group}", "q:///a%2Fb",
		.values.group = "a/b" },

	{ "what is no URI without a variable either", "qemu//system", NULL,
		"scheme" },
	{ "a blank in the template", "q:///a b", NULL, "blank" },
	{ "UTF-8 in the template", "q:///\xc3\xbc", NULL, "ASCII" },
};

/* A copy behind whose last byte nothing can be read. */
static const char *
guard(const char *text)
{
	static char *pages;
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	if (pages == NULL) {
		pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(pages != MAP_FAILED);
		assert_int_equal(mprotect(pages + size, size, PROT_NONE), 0);
	}
	return strcpy(pages + size - strlen(text) - 1, text);
}

static void
test_expand(void **state)
{
	const struct expand_row *row = *state;
	const char *template = guard(row->template);
	struct uri_values values = row->values;
	char *uri = NULL, *fault = NULL;

	values.user = values.user ? values.user : anna.user;
	values.uid = values.uid ? values.uid : anna.uid;
	values.home = values.home ? values.home : anna.home;
	assert_int_equal(uri_expand(template, &values, &uri, &fault), 0);
	if (row->uri != NULL) {
		if (fault != NULL)
			assert_string_equal(fault, "");
		assert_string_equal(uri, row->uri);
	} else {
		assert_null(uri);
		fake_assert_says(fault, row->fault);
	}
	free(uri);
	free(fault);
}

/* A template is mistaken for everybody, or because of what one is called. */
static void
test_check(void **state)
{
	const struct expand_row *row = *state;
	bool is_standard = row->values.user == NULL && row->values.home == NULL;
	char *fault = NULL;

	assert_int_equal(uri_check_template(row->template,
				 row->values.group != NULL, &fault),
		0);
	if (is_standard)
		assert_int_equal(fault == NULL, row->uri != NULL);
	else if (row->uri != NULL)
		assert_null(fault);
	free(fault);
}

static const struct uses_row {
	const char *name, *template;
	bool uses;
} uses_rows[] = {
	{ "it does", "q:///${group}", true },
	{ "it does, later", "q:///?a=${user}&b=x${group}x", true },
	{ "it does not", "q:///group", false },
	{ "another variable", "q:///${user}", false },
	{ "without braces", "q:///$group", false },
};

static void
test_uses_group(void **state)
{
	const struct uses_row *row = *state;

	assert_int_equal(uri_uses_group(row->template), row->uses);
}

/* Appends a value as it must be encoded, by a rule of our own. */
static void
append_encoded(char *out, const char *value, const char *keep)
{
	out += strlen(out);
	for (; *value != '\0'; value++) {
		if (strchr(keep, *value) != NULL)
			*out++ = *value;
		else
			out += sprintf(out, "%%%02X", (unsigned char)*value);
	}
	*out = '\0';
}

#define UNRESERVED                                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

/* Whatever somebody is called, the URI keeps the template's structure. */
static void
test_any_name(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		char name[12] = "", want[256] = "", *uri = NULL, *fault = NULL;
		size_t size = fake_random(&seed) % sizeof(name);
		struct uri_values values = { .user = name, .home = name };

		for (size_t i = 0; i < size; i++)
			name[i] = (char)(fake_random(&seed) % 255 + 1);
		strcpy(want, "q+ssh://");
		append_encoded(want, name, UNRESERVED);
		strcat(want, "@host:1/x/");
		append_encoded(want, name, UNRESERVED "/");
		strcat(want, "?k=");
		append_encoded(want, name, UNRESERVED);
		assert_int_equal(uri_expand("q+ssh://${user}@host:1/x/${home}"
					    "?k=${user}",
					 &values, &uri, &fault),
			0);
		assert_null(fault);
		assert_string_equal(uri, want);
		assert_null(uri_find_fault(uri));
		free(uri);
	}
}

/* Any bytes as a template: what comes out is a URI, or a fault is told. */
static void
test_any_template(void **state)
{
	static const char *const pieces[] = { "q", "+", ":", "/", "//", "@",
		"?", "=", "&", ";", "$", "$$", "{", "}", "${user}", "${home}",
		"${uid}", "${group}", "h", "%41", "%", "[", "]", "#", " ", "1",
		"\xc3", "'" };
	uint64_t seed = 3;
	unsigned int good = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char template[128] = "", *uri = NULL, *fault = NULL;
		size_t count = fake_random(&seed) % 12;

		if (fake_random(&seed) % 2)
			strcpy(template, "q:/");
		for (size_t i = 0; i < count; i++)
			strcat(template,
				pieces[fake_random(&seed) % countof(pieces)]);
		assert_int_equal(uri_expand(template, &anna, &uri, &fault), 0);
		assert_int_equal(uri == NULL, fault != NULL);
		if (uri != NULL) {
			assert_null(uri_find_fault(uri));
			good++;
		}
		free(uri);
		free(fault);
	}
	fake_assert_between(good, 500, 19500);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "syntax", test_syntax, SUITE_ROWS(syntax_rows));
	suite_add_one(&suite, "every byte in a path", test_every_byte);
	suite_add(&suite, "length", test_length, SUITE_ROWS(length_rows));
	suite_add_one(&suite, "too long, cut in an encoded byte",
		test_length_encoded);
	suite_add(&suite, "expand", test_expand, SUITE_ROWS(expand_rows));
	suite_add(&suite, "check", test_check, SUITE_ROWS(expand_rows));
	suite_add(&suite, "uses group", test_uses_group, SUITE_ROWS(uses_rows));
	suite_add_one(&suite, "any name keeps the structure", test_any_name);
	suite_add_one(&suite, "any template makes a URI or a fault",
		test_any_template);
	return suite_run(&suite, "uri");
}
