/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/client_conf.h"

#define URI     "test:///default"
#define DEFAULT "uri_default = \"" URI "\"\n"

/* What `virsh uri` of libvirt 9.0 makes of each. */
static const struct row {
	const char *name, *text;
	int result;
	unsigned int line;
	const char *uri; /* NULL: URI, if result is 0 */
} rows[] = {
	{ "double quotes", DEFAULT, 0, 1 },
	{ "single quotes", "uri_default = '" URI "'\n", 0, 1 },
	{ "triple quotes", "uri_default = \"\"\"" URI "\"\"\"\n", 0, 1 },
	{ "no blanks", "uri_default='" URI "'", 0, 1 },
	{ "no line end", "uri_default = \"" URI "\"", 0, 1 },
	{ "indented", "\t uri_default = \"" URI "\"", 0, 1 },
	{ "after blank lines", "\n\n  \n" DEFAULT, 0, 4 },
	{ "a comment behind", "uri_default = '" URI "' # x", 0, 1 },
	{ "comments around", "# x\n   \n#y\n" DEFAULT "# z", 0, 4 },
	{ "CRLF", "# x\r\nuri_default = '" URI "'\r\na = 3\r\n", 0, 2 },
	{ "blank lines behind", DEFAULT "\n\n \t", 0, 1 },
	{ "a semicolon", "a=1;uri_default='" URI "'", 0, 1 },
	{ "a semicolon behind", "uri_default='" URI "';", 0, 1 },
	{ "a semicolon and a comment", "uri_default='" URI "' ; # x\n", 0, 1 },
	{ "the first of two", DEFAULT "uri_default = 'x'", 0, 1 },
	{ "the first of two, by line", "a=1\n" DEFAULT DEFAULT, 0, 2 },
	{ "after a list", "uri_aliases = [\n  \"a=b\",\n  'c=d',\n]\n" DEFAULT,
		0, 5 },
	{ "after an empty list", "a = [ ]\n" DEFAULT, 0, 2 },
	{ "after lists in a list", "a = [[1, [2]], 'x']\n" DEFAULT, 0, 2 },
	{ "after numbers", "a = +1\nb=-22\nc = 0\n" DEFAULT, 0, 4 },
	{ "after long text", "a = \"\"\"x\n\"y\n\"\"\"\n" DEFAULT, 0, 4 },
	{ "after empty text", "a = \"\"\nb = ''\n" DEFAULT, 0, 3 },
	{ "a backslash is itself", "uri_default = 'a\\'", 0, 1, "a\\" },
	{ "the other quotes in it", "uri_default = 'a\"b'", 0, 1, "a\"b" },
	{ "nothing in it", "uri_default = \"\"", 0, 1, "" },
	{ "nothing in triple quotes", "uri_default = \"\"\"\"\"\"\n", 0, 1,
		"" },
	{ "the same at the very end", "uri_default = \"\"\"\"\"\"", -EBADMSG,
		1 },
	{ "over lines", "uri_default = \"\"\"a\nb\"\"\"", 0, 1, "a\nb" },
	{ "bytes beyond ASCII", "uri_default = '\xff\x1b[m'", 0, 1,
		"\xff\x1b[m" },

	{ "an empty file", "", -ENOENT },
	{ "another key", "uri_default_2 = 'x'\n", -ENOENT },
	{ "in capitals", "URI_DEFAULT = 'x'\n", -ENOENT },
	{ "in a comment", "#" DEFAULT, -ENOENT },
	{ "in text", "a = \"\"\"\n" DEFAULT "\"\"\"", -ENOENT },
	{ "only blank lines and a comment", "  \n# x\n", -ENOENT },

	{ "only a blank line", "\n", -EBADMSG, 2 },
	{ "only blanks", "  ", -EBADMSG, 1 },
	{ "a number", "uri_default = 3", -EBADMSG, 1 },
	{ "a list", "a=1\nuri_default = ['" URI "']", -EBADMSG, 2 },
	{ "no quotes", "uri_default = " URI, -EBADMSG, 1 },
	{ "no value", "uri_default =\n", -EBADMSG, 1 },
	{ "no equals sign", "uri_default \"" URI "\"", -EBADMSG, 1 },
	{ "no end", "uri_default = \"" URI, -EBADMSG, 1 },
	{ "no end of long text", "uri_default = \"\"\"" URI "\n\"\"", -EBADMSG,
		2 },
	{ "a line end in text", "uri_default = 'test:\n'", -EBADMSG, 1 },
	{ "the other quote at the end", "uri_default = 'x\"", -EBADMSG, 1 },
	{ "text behind", "uri_default = '" URI "' x", -EBADMSG, 1 },
	{ "a mistake before", "a = b\n" DEFAULT, -EBADMSG, 1 },
	{ "a mistake behind", DEFAULT "\nx", -EBADMSG, 3 },
	{ "a comment in a list", "a = [\n  # x\n  'b' ]\n" DEFAULT, -EBADMSG,
		2 },
	{ "no commas in a list", "a = [ 'b' 'c' ]\n" DEFAULT, -EBADMSG, 1 },
	{ "a comma alone in a list", "a = [ , ]\n" DEFAULT, -EBADMSG, 1 },
	{ "no end of a list", "a = [ 'b',\n 'c'\n" DEFAULT, -EBADMSG, 3 },
	{ "a sign without a number", "a = -\n" DEFAULT, -EBADMSG, 1 },
	{ "a name that begins with a digit", "1a = 1\n" DEFAULT, -EBADMSG, 1 },
	{ "a dash in a name", "a-b = 1\n" DEFAULT, -EBADMSG, 1 },
	{ "a semicolon before", ";" DEFAULT, -EBADMSG, 1 },
	{ "two semicolons", "a=1;;" DEFAULT, -EBADMSG, 1 },
	{ "a section", "[x]\n" DEFAULT, -EBADMSG, 1 },
	{ "a byte order mark", "\xef\xbb\xbf" DEFAULT, -EBADMSG, 1 },
};

static void
test_parse(void **state)
{
	static char untouched[] = "untouched";
	const struct row *row = *state;
	char *uri = untouched;
	unsigned int line = 0;

	assert_int_equal(
		client_conf_parse(row->text, strlen(row->text), &uri, &line),
		row->result);
	if (row->result != 0) {
		assert_ptr_equal(uri, untouched);
	} else {
		assert_string_equal(uri, row->uri != NULL ? row->uri : URI);
		free(uri);
	}
	assert_int_equal(line, row->line);
}

/* --- What nobody would write ---------------------------------------------- */

/* Reads a copy of just this size: valgrind and asan see who reads beyond. */
static int
parse_copy(const char *text, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1), *uri = NULL;
	unsigned int line = 0;
	int r;

	assert_non_null(copy);
	memcpy(copy, text, size);
	r = client_conf_parse(copy, size, &uri, &line);
	free(copy);
	free(uri);
	return r;
}

static const struct {
	const char *name, *piece;
	int result;
} big_rows[] = {
	{ "brackets", "[", -EBADMSG },
	{ "lists", "a=[", -EBADMSG },
	{ "double quotes", "\"", -EBADMSG },
	{ "triple quotes", "a=\"\"\"", -EBADMSG },
	{ "letters", "a", -EBADMSG },
	{ "blanks", " ", -EBADMSG },
	{ "comments", "#\n", -ENOENT },
	{ "statements", "a=1\n", -ENOENT },
	{ "digits", "a=1", -EBADMSG },
};

static void
test_big(void **state)
{
	const struct {
		const char *name, *piece;
		int result;
	} *row = *state;
	size_t length = strlen(row->piece), size = (1 << 20) / length * length;
	char *text = malloc(size);

	assert_non_null(text);
	for (size_t i = 0; i < size; i++)
		text[i] = row->piece[i % length];
	assert_int_equal(parse_copy(text, size), row->result);
	free(text);
}

/* libvirt itself has no limit, and recurses. */
static void
test_nesting(void **state)
{
	char text[64];

	(void)state;
	snprintf(text, sizeof(text), "a=%.*s1%.*s", 16, "[[[[[[[[[[[[[[[[", 16,
		"]]]]]]]]]]]]]]]]");
	assert_int_equal(parse_copy(text, strlen(text)), -ENOENT);
	snprintf(text, sizeof(text), "a=%.*s1%.*s", 17, "[[[[[[[[[[[[[[[[[", 17,
		"]]]]]]]]]]]]]]]]]");
	assert_int_equal(parse_copy(text, strlen(text)), -EBADMSG);
}

static void
test_nul(void **state)
{
	static const char inside[] = "uri_default = 'a\0b'";
	static const char before[] = "\0uri_default = 'a'";
	static const char behind[] = "uri_default = 'a'\n\0";

	(void)state;
	assert_int_equal(parse_copy(inside, sizeof(inside) - 1), -EBADMSG);
	assert_int_equal(parse_copy(before, sizeof(before) - 1), -EBADMSG);
	assert_int_equal(parse_copy(behind, sizeof(behind) - 1), -EBADMSG);
}

/* Every end a good file may be cut off at */
static void
test_cut_off(void **state)
{
	static const char text[] = "uri_aliases = [ 'a', \"b\", ]\n"
				   "c = \"\"\"x\n\"\"\" # y\n" DEFAULT;

	(void)state;
	for (size_t size = 0; size < sizeof(text); size++)
		parse_copy(text, size);
	assert_int_equal(parse_copy(text, sizeof(text) - 1), 0);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "parse", test_parse, SUITE_ROWS(rows));
	suite_add(&suite, "a megabyte of", test_big, SUITE_ROWS(big_rows));
	suite_add_one(&suite, "lists in lists", test_nesting);
	suite_add_one(&suite, "NULs", test_nul);
	suite_add_one(&suite, "cut off", test_cut_off);
	return suite_run(&suite, "client_conf");
}
