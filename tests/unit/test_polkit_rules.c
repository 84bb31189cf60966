/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/polkit_rules.h"

/* --- One file of polkit's ------------------------------------------------- */

#define ACTION "action.id == \"org.libvirt.unix.manage\""

/* libvirt's own rule, and so most distributions'; for a group in quotes. */
#define RULE(group)                                                            \
	"// Allow any user in the 'libvirt' group to connect to system "       \
	"libvirtd\n// without entering a password.\n\n"                        \
	"polkit.addRule(function(action, subject) {\n"                         \
	"    if (" ACTION " &&\n"                                              \
	"        subject.isInGroup(" group ")) {\n"                            \
	"            return polkit.Result.YES;\n"                              \
	"    }\n"                                                              \
	"});\n"

/* Another rule, which is about another action. */
#define STORAGE                                                                \
	"polkit.addRule(function(action, subject) {\n"                         \
	"\tif (action.id == \"org.freedesktop.udisks2.filesystem-mount\" &&\n" \
	"\t    subject.isInGroup(\"storage\")) return polkit.Result.YES;\n"    \
	"});\n"

#define TEXT(literal) literal, sizeof(literal) - 1

static const struct parse_row {
	const char *name, *text;
	size_t size;
	const char *group; /* NULL: none */
} parse_rows[] = {
	/* as they are written */
	{ "Fedora's, and libvirt's own", TEXT(RULE("\"libvirt\"")), "libvirt" },
	{ "Debian's",
		TEXT("// Allow any user in the 'libvirt' group\n"
		     "polkit.addRule(function(action, subject) {\n"
		     "  if (" ACTION " && subject.local && subject.active && "
		     "subject.isInGroup(\"libvirt\")) {\n"
		     "      return polkit.Result.YES;\n  }\n});\n"),
		"libvirt" },
	{ "Arch's, as its wiki has it",
		TEXT("/* Allow users in kvm group to manage the libvirt\n"
		     "daemon without authentication */\n"
		     "polkit.addRule(function(action, subject) {\n"
		     "    if (" ACTION " &&\n"
		     "        subject.isInGroup(\"kvm\")) {\n"
		     "            return polkit.Result.YES;\n    }\n});\n"),
		"kvm" },
	{ "two actions",
		TEXT("polkit.addRule(function(action, subject) {\n"
		     "\tif ((" ACTION " ||\n"
		     "\t     action.id == \"org.libvirt.unix.monitor\") &&\n"
		     "\t    subject.isInGroup(\"libvirtd\"))\n"
		     "\t\treturn polkit.Result.YES;\n});\n"),
		"libvirtd" },
	{ "NixOS's: all rules in one file",
		TEXT(STORAGE RULE(
			"\"libvirtd\"") "polkit.addAdminRule(function(action, "
					"subject) "
					"{ return [\"unix-group:wheel\"]; "
					"});\n"),
		"libvirtd" },
	{ "single quotes", TEXT(RULE("'testcloud'")), "testcloud" },
	{ "two groups: the first",
		TEXT(RULE("\"libvirt\") || subject.isInGroup(\"wheel\"")),
		"libvirt" },
	{ "two rules: the first", TEXT(RULE("\"a\"") RULE("\"b\"")), "a" },
	{ "blanks around the name",
		TEXT(ACTION " && subject . isInGroup \t(\n\t \"libvirt\" )"),
		"libvirt" },
	{ "all in one line", TEXT("if(" ACTION "&&s.isInGroup(\"g\"))x"), "g" },
	{ "CRs", TEXT(ACTION "\r\n&& s.isInGroup(\"g\")\r\n"), "g" },

	/* names */
	{ "a name with blanks", TEXT(RULE("\"domain users\"")),
		"domain users" },
	{ "a name of a domain", TEXT(RULE("\"LAB\\\\vm users\"")),
		"LAB\\vm users" },
	{ "a name that ends in a backslash", TEXT(RULE("\"LAB\\\\\"")),
		"LAB\\" },
	{ "a name with its own quotes", TEXT(RULE("\"a\\\"b\"")), "a\"b" },
	{ "a name in UTF-8", TEXT(RULE("\"gr\xc3\xbcppe\"")), "gr\xc3\xbcppe" },
	{ "a name with the other quotes", TEXT(RULE("\"it's\"")), "it's" },
	{ "an empty name", TEXT(RULE("\"\"")), NULL },

	/* whatever else a file may hold */
	{ "nothing", TEXT(""), NULL },
	{ "no group", TEXT("if (" ACTION ") return polkit.Result.YES;"), NULL },
	{ "another action", TEXT(STORAGE), NULL },
	{ "a variable", TEXT(RULE("group")), NULL },
	{ "a variable, then a name",
		TEXT(RULE("group) || subject.isInGroup(\"libvirt\"")),
		"libvirt" },
	{ "no parenthesis", TEXT(ACTION " && subject.isInGroup \"g\""), NULL },
	{ "no parenthesis, then a call",
		TEXT(ACTION "&& s.isInGroup; s.isInGroup(\"g\")"), "g" },
	{ "the name alone, at the end", TEXT(ACTION " s.isInGroup"), NULL },
	{ "an open parenthesis at the end", TEXT(ACTION " s.isInGroup("),
		NULL },
	{ "an open quote at the end", TEXT(ACTION " s.isInGroup(\""), NULL },
	{ "an open string at the end", TEXT(ACTION " s.isInGroup(\"libvirt"),
		NULL },
	{ "a backslash at the end", TEXT(ACTION " s.isInGroup(\"libvirt\\"),
		NULL },
	{ "an empty string before it",
		TEXT("polkit.log(\"\"); if (" ACTION " && s.isInGroup(\"g\"))"),
		"g" },
	{ "the other quote at the end", TEXT(ACTION " s.isInGroup(\"libvirt'"),
		NULL },
	{ "a group before the action",
		TEXT("if (subject.isInGroup(\"g\") && " ACTION ") {}"), NULL },
	{ "whoever is not in the group",
		TEXT("if (" ACTION " && !subject.isInGroup(\"banned\")) "
		     "return polkit.Result.YES;"),
		NULL },

	/* one rule's action is not for another rule's group */
	{ "a group before the action, then another rule",
		TEXT("polkit.addRule(function(action, subject) {\n"
		     "\tif (subject.isInGroup(\"g\") && " ACTION ") "
		     "return polkit.Result.YES;\n});\n" STORAGE),
		NULL },
	{ "a user, then another rule",
		TEXT("polkit.addRule(function(action, subject) {\n"
		     "\tif (" ACTION " && subject.user == \"lucy\") "
		     "return polkit.Result.YES;\n});\n" STORAGE),
		NULL },
	{ "a user, then another rule for the same",
		TEXT("polkit.addRule(function(action, subject) {\n"
		     "\tif (" ACTION " && subject.user == \"lucy\") "
		     "return polkit.Result.YES;\n});\n" STORAGE RULE(
			     "\"libvirt\"")),
		"libvirt" },

	{ "a user, then a rule about administrators",
		TEXT("polkit.addRule(function(action, subject) {\n"
		     "\tif (" ACTION " && subject.user == \"lucy\") "
		     "return polkit.Result.YES;\n});\n"
		     "polkit.addAdminRule(function(action, subject) {\n"
		     "\tif (subject.isInGroup(\"staff\")) "
		     "return [\"unix-group:wheel\"];\n});\n"),
		NULL },

	/* comments */
	{ "an action in a comment",
		TEXT("// org.libvirt.unix.manage is elsewhere\n" STORAGE),
		NULL },
	{ "an action in another comment",
		TEXT("/* org.libvirt.unix.manage\n is elsewhere */" STORAGE),
		NULL },
	{ "a group in a comment",
		TEXT(ACTION " && // s.isInGroup(\"a\")\n s.isInGroup(\"b\")"),
		"b" },
	{ "a group in another comment",
		TEXT(ACTION " && /* s.isInGroup(\"a\")\n*/ s.isInGroup(\"b\")"),
		"b" },
	{ "a comment in the call",
		TEXT(ACTION " s.isInGroup(/* who? */ \"g\" // who\n)"), "g" },
	{ "all in a comment", TEXT("/* " RULE("\"libvirt\"") "*/"), NULL },
	{ "a comment that does not end",
		TEXT("/* " RULE("\"libvirt\"") STORAGE), NULL },
	{ "a comment that does not end, behind it",
		TEXT(RULE("\"libvirt\"") "/* and so on"), "libvirt" },
	{ "a comment at the very end", TEXT(RULE("\"libvirt\"") "//"),
		"libvirt" },
	{ "half a comment at the very end", TEXT(RULE("\"libvirt\"") "/"),
		"libvirt" },
	{ "stars and slashes", TEXT("/**//***//*/*/" RULE("\"a\"")), "a" },
	{ "a quote in a comment",
		TEXT("// don't\n/* \" */" RULE("\"libvirt\"")), "libvirt" },
	{ "slashes in a string",
		TEXT("polkit.log(\"http://x\"); if (" ACTION
		     " && s.isInGroup(\"g\"))"),
		"g" },
	{ "a star in a string",
		TEXT("polkit.log('/*'); if (" ACTION " && s.isInGroup(\"g\"))"),
		"g" },

	/* bytes */
	{ "a NUL before it", TEXT("\0" RULE("\"libvirt\"")), NULL },
	{ "a NUL between action and group",
		TEXT(ACTION "\0 s.isInGroup(\"g\")"), NULL },
	{ "a NUL in the name", TEXT(ACTION " s.isInGroup(\"a\0b\")"), NULL },
	{ "a NUL behind it", TEXT(RULE("\"libvirt\"") "\0\xff"), "libvirt" },
	{ "bytes that are no UTF-8", TEXT("\xff\xfe" RULE("\"\xff\"")),
		"\xff" },
};

static void
test_parse(void **state)
{
	const struct parse_row *row = *state;
	char *group = NULL, *text = malloc(row->size + 1);
	int r;

	/* nothing behind it may be read: no NUL is there */
	assert_non_null(text);
	memcpy(text, row->text, row->size);
	text[row->size] = 'x';
	r = polkit_parse_group(text, row->size, &group);
	if (row->group == NULL) {
		assert_null(group);
		assert_int_equal(r, -ENOENT);
	} else {
		assert_int_equal(r, 0);
		assert_string_equal(group, row->group);
	}
	free(group);
	free(text);
}

/* Longer words are other words. */
static void
test_words(void **state)
{
	static const char characters[] = "abyzABYZ0189_$";

	(void)state;
	for (const char *c = characters; *c != '\0'; c++) {
		char before[128], behind[128], *group = NULL;

		snprintf(before, sizeof(before),
			ACTION " && s.%cisInGroup(\"g\")", *c);
		snprintf(behind, sizeof(behind),
			ACTION " && s.isInGroup%c(\"g\")", *c);
		assert_int_equal(
			polkit_parse_group(before, strlen(before), &group),
			-ENOENT);
		assert_int_equal(
			polkit_parse_group(behind, strlen(behind), &group),
			-ENOENT);
	}
}

/* A text that is cut anywhere says less, never something else. */
static void
test_cut(void **state)
{
	static const char text[] = RULE("\"libvirt\"");

	(void)state;
	for (size_t size = 0; size < sizeof(text); size++) {
		char *copy = malloc(size + 1), *group = NULL;

		assert_non_null(copy);
		memcpy(copy, text, size);
		copy[size] = '"';
		if (polkit_parse_group(copy, size, &group) == 0)
			assert_string_equal(group, "libvirt");
		else
			assert_null(group);
		free(group);
		free(copy);
	}
}

/* --- Directories ---------------------------------------------------------- */

#define LIBVIRT RULE("\"libvirt\"")
#define OTHER   RULE("\"other\"")

static const struct find_row {
	const char *name;
	struct fake_node nodes[5];
	const char *directories[4];
	int result;
	const char *group;
} find_rows[] = {
	{ "no directories", .result = -ENOENT },
	{ "a directory that is not there", .directories = { "etc" },
		.result = -ENOENT },
	{ "an empty directory", { { "etc", NULL, FAKE_DIRECTORY } }, { "etc" },
		-ENOENT },
	{ "a file in place of the directory", { { "etc", LIBVIRT } }, { "etc" },
		-ENOENT },
	{ "one file", { { "etc/50-libvirt.rules", LIBVIRT } }, { "etc" }, 0,
		"libvirt" },
	{ "by name, made in order",
		{ { "etc/10-a.rules", LIBVIRT }, { "etc/9-a.rules", OTHER } },
		{ "etc" }, 0, "libvirt" },
	{ "by name, made the other way round",
		{ { "etc/50-b.rules", OTHER }, { "etc/50-a.rules", LIBVIRT } },
		{ "etc" }, 0, "libvirt" },
	{ "capitals come first",
		{ { "etc/a.rules", OTHER }, { "etc/B.rules", LIBVIRT } },
		{ "etc" }, 0, "libvirt" },
	{ "the first that says it",
		{ { "etc/10.rules", STORAGE }, { "etc/20.rules", NULL },
			{ "etc/30.rules", LIBVIRT } },
		{ "etc" }, 0, "libvirt" },
	{ "the first directory",
		{ { "usr/10.rules", OTHER }, { "etc/90.rules", LIBVIRT } },
		{ "etc", "usr" }, 0, "libvirt" },
	{ "the second directory",
		{ { "etc/10.rules", STORAGE }, { "usr/20.rules", LIBVIRT } },
		{ "etc", "usr" }, 0, "libvirt" },
	{ "the last directory", { { "usr/20.rules", LIBVIRT } },
		{ "etc", "run", "usr" }, 0, "libvirt" },
	{ "other names",
		{ { "etc/a.rules~", LIBVIRT }, { "etc/a.rules.bak", LIBVIRT },
			{ "etc/a.pkla", LIBVIRT }, { "etc/rules", LIBVIRT } },
		{ "etc" }, -ENOENT },
	{ "not below it", { { "etc/d/a.rules", LIBVIRT } }, { "etc" },
		-ENOENT },
	{ "a FIFO does not block",
		{ { "etc/a.rules", NULL, FAKE_FIFO },
			{ "etc/b.rules", LIBVIRT } },
		{ "etc" }, 0, "libvirt" },
	{ "a FIFO alone", { { "etc/a.rules", NULL, FAKE_FIFO } }, { "etc" },
		-ENOENT },
	{ "a directory among them",
		{ { "etc/a.rules", NULL, FAKE_DIRECTORY },
			{ "etc/b.rules", LIBVIRT } },
		{ "etc" }, 0, "libvirt" },
	{ "a link to a file",
		{ { "other", LIBVIRT },
			{ "etc/a.rules", "../other", FAKE_LINK } },
		{ "etc" }, 0, "libvirt" },
	{ "a link to nothing",
		{ { "etc/a.rules", "nosuch", FAKE_LINK },
			{ "etc/b.rules", LIBVIRT } },
		{ "etc" }, 0, "libvirt" },
	{ "a link to a device that never ends",
		{ { "etc/a.rules", "/dev/zero", FAKE_LINK } }, { "etc" },
		-ENOENT },
	{ "a file not for us", { { "etc/a.rules", LIBVIRT, .mode = 0200 } },
		{ "etc" }, -EACCES },
	{ "a file not for us, before one that is",
		{ { "etc/a.rules", OTHER, .mode = 0200 },
			{ "etc/b.rules", LIBVIRT } },
		{ "etc" }, 0, "libvirt" },
	{ "a file not for us, before one that says nothing",
		{ { "etc/a.rules", OTHER, .mode = 0200 },
			{ "etc/b.rules", STORAGE } },
		{ "etc" }, -EACCES },
	{ "no rules, not for us", { { "etc/a.bak", LIBVIRT, .mode = 0200 } },
		{ "etc" }, -ENOENT },
	{ "a directory not for us", { { "etc", NULL, FAKE_DIRECTORY, 0300 } },
		{ "etc" }, -EACCES },
	{ "a directory not for us, before one that is",
		{ { "etc", NULL, FAKE_DIRECTORY, 0300 },
			{ "usr/a.rules", LIBVIRT } },
		{ "etc", "usr" }, 0, "libvirt" },
	{ "a directory not for us, before one that says nothing",
		{ { "etc", NULL, FAKE_DIRECTORY, 0300 },
			{ "usr/a.rules", STORAGE } },
		{ "etc", "usr" }, -EACCES },
	{ "a directory not for us, behind one that is not there",
		{ { "usr", NULL, FAKE_DIRECTORY, 0300 } }, { "etc", "usr" },
		-EACCES },
};

static void
test_find(void **state)
{
	const struct find_row *row = *state;
	const char *root = fake_root(NULL);
	char *group = NULL;
	size_t descriptors;

	for (const struct fake_node *node = row->nodes; node->path != NULL;
		node++)
		fake_make(root, node);
	fake_enter(root);
	descriptors = fake_descriptors();
	fake_become_nobody();
	assert_int_equal(
		polkit_find_group(row->directories, &group), row->result);
	fake_back();
	assert_int_equal(fake_descriptors(), descriptors);
	if (row->group == NULL)
		assert_null(group);
	else
		assert_string_equal(group, row->group);
	free(group);
}

/* A file of more than 1 MiB is passed over. */
static void
test_large_file(void **state)
{
	static const char *const directories[] = { "etc", NULL };
	const size_t size = (1 << 20) + 1;
	const char *root = fake_root(NULL);
	char *text = malloc(size + 1), *group = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', size);
	memcpy(text, OTHER, sizeof(OTHER) - 1);
	text[size] = '\0';
	fake_write(root, "etc/a.rules", text);
	fake_enter(root);
	assert_int_equal(polkit_find_group(directories, &group), -ENOENT);
	fake_write(root, "etc/b.rules", LIBVIRT);
	assert_int_equal(polkit_find_group(directories, &group), 0);
	assert_string_equal(group, "libvirt");
	free(group);
	group = NULL;
	text[size - 1] = '\0';
	fake_write(root, "etc/a.rules", text);
	assert_int_equal(polkit_find_group(directories, &group), 0);
	assert_string_equal(group, "other");
	free(group);
	free(text);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "parse", test_parse, SUITE_ROWS(parse_rows));
	suite_add_one(&suite, "parse: longer words", test_words);
	suite_add_one(&suite, "parse: cut anywhere", test_cut);
	suite_add(&suite, "find", test_find, SUITE_ROWS(find_rows));
	suite_add_one(
		&suite, "find: a file of 1 MiB, and more", test_large_file);
	return suite_run(&suite, "polkit_rules");
}
