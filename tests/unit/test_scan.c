/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/scan.h"

/* --- Files ---------------------------------------------------------------- */

/* Of each rule "header:line", a blank between them. */
static const struct file_row {
	const char *name, *text;
	const char *rules;
	const char *fault; /* a part of the first error; NULL: there is none */
	unsigned int line; /* that error's */
} file_rows[] = {
	{ "nothing", "", "" },
	{ "comments and blank lines", "# a\n\n \t \n\t# b\n", "" },
	{ "a user", "[user ci-runner]\nuri = none\n", "[user ci-runner]:1" },
	{ "a group", "[group vm-admins]\n", "[group vm-admins]:1" },
	{ "a gid", "[gid 48211]\n", "[gid 48211]:1" },
	{ "gid 0", "[gid 0]\n", "[gid 0]:1" },
	{ "the largest gid", "[gid 4294967294]\n", "[gid 4294967294]:1" },
	{ "others", "[others]\n", "[others]:1" },
	{ "all kinds, with their lines",
		"# a\n[user a]\nuri = none\n\n[group b]\n[gid 3]\n[others]\n",
		"[user a]:2 [group b]:5 [gid 3]:6 [others]:7" },
	{ "no newline at the end", "[user a]\n[others]",
		"[user a]:1 [others]:2" },
	{ "CRLF", "[user a]\r\nuri = none\r\n\r\n[others]\r\n",
		"[user a]:1 [others]:4" },
	{ "a backslash and a blank", "[group LAB\\domain users]\n",
		"[group LAB\\domain users]:1" },
	{ "an at sign", "[group Domain Admins@corp.example]\n",
		"[group Domain Admins@corp.example]:1" },
	{ "UTF-8", "[group gr\xc3\xbcppe]\n", "[group gr\xc3\xbcppe]:1" },
	{ "a numeric name is a name", "[group 1001]\n", "[group 1001]:1" },
	{ "brackets that open", "[group a[b]\n", "[group a[b]:1" },
	{ "an equals sign", "[group a=b]\n", "[group a=b]:1" },
	{ "a quoted name is verbatim", "[group \"a\"]\n", "[group \"a\"]:1" },
	{ "a run of blanks behind the kind", "[group \t  a]\n", "[group a]:1" },
	{ "blanks before the ']' belong to the name", "[group a ]\n",
		"[group a ]:1" },
	{ "blanks around a header", " \t[user a] \t\n", "[user a]:1" },
	{ "a comment behind a header", "[user a] # b ] c\n", "[user a]:1" },
	{ "a '[' in a comment", "# [user a]\n", "" },
	{ "two rules of one header are both there", "[others]\n[others]\n",
		"[others]:1 [others]:2" },
	{ "a line of 8000 bytes", NULL, "[others]:1" },

	{ "text before the first header", "\nuri = none\n[others]\n",
		"[others]:3", "text before the first header", 2 },
	{ "text and no header", "uri = none\n", "", "before the first", 1 },
	{ "a NUL byte", NULL, "", "NUL", 2 },
	{ "a byte order mark", "\xef\xbb\xbf[others]\n", "", "byte order mark",
		1 },
	{ "a byte order mark, later", "[others]\n\xef\xbb\xbf[user a]\n",
		"[others]:1" },
	{ "a line that ends in CR alone", "[user a]\ruri = none\n", "", "CR",
		1 },
	{ "a CR inside a comment", "# a\rb\n", "", "CR", 1 },
	{ "an empty line of CR alone", "[others]\nuri = none\r\r\n",
		"[others]:1", "CR", 2 },
	{ "a CR at the very end", "[others]\nuri = none\r", "[others]:1", "CR",
		2 },
	{ "a line of 8001 bytes", NULL, "", "8000 bytes", 2 },

	{ "an unknown header", "[users a]\n", "", "unknown header", 1 },
	{ "a kind in capitals", "[Group a]\n", "", "unknown header", 1 },
	{ "a section as others have them", "[default]\n", "", "unknown header",
		1 },
	{ "an empty header", "[]\n", "", "unknown header", 1 },
	{ "a blank before the kind", "[ user a]\n", "", "unknown header", 1 },
	{ "a colon behind the kind", "[user: a]\n", "", "unknown header", 1 },
	{ "a user without a name", "[user]\n", "", "names nobody", 1 },
	{ "a group without a name", "[group \t]\n", "", "names nobody", 1 },
	{ "a gid without a number", "[gid]\n", "", "names nobody", 1 },
	{ "others with a name", "[others a]\n", "", "takes no name", 1 },
	{ "a gid that is a name", "[gid kvm]\n", "", "[gid]", 1 },
	{ "a gid with a leading zero", "[gid 010]\n", "", "[gid]", 1 },
	{ "a gid with a sign", "[gid -1]\n", "", "[gid]", 1 },
	{ "a gid and a blank", "[gid 1 ]\n", "", "[gid]", 1 },
	{ "two gids", "[gid 1 2]\n", "", "[gid]", 1 },
	{ "a gid that chown has no use for", "[gid 4294967295]\n", "", "[gid]",
		1 },
	{ "a '#' in a name", "[group a#b]\n", "", "[gid N]", 1 },
	{ "a '#' before the ']'", "[group a #b]\n", "", "[gid N]", 1 },
	{ "a ']' in a name", "[group a]b]\n", "", "[gid N]", 1 },
	{ "no ']'", "[group a\n", "", "no ']'", 1 },
	{ "text behind the header", "[group a] b\n", "", "text behind", 1 },
	{ "two headers in a line", "[user a] [user b]\n", "", "text behind",
		1 },
	{ "a key behind the header", "[others] uri = none\n", "", "text behind",
		1 },
	{ "a control character in a name", "[group a\x1b]\n", "", "control",
		1 },
	{ "a DEL in a name", "[group a\x7f]\n", "", "control", 1 },
	{ "a good rule and a bad one", "[others]\nuri = none\n[bad]\n",
		"[others]:1", "unknown header", 3 },
	{ "text under a bad header is not text before the first",
		"[bad]\nuri = none\n", "", "unknown header", 1 },
};

/* Rows whose text a C string cannot hold, or would be long. */
static size_t
make_text(const struct file_row *row, char *text, size_t room)
{
	static const char with_nul[] = "[others]\nuri = no\0ne\n";

	if (row->text != NULL) {
		strcpy(text, row->text);
		return strlen(text);
	}
	if (strcmp(row->name, "a NUL byte") == 0) {
		memcpy(text, with_nul, sizeof(with_nul));
		return sizeof(with_nul) - 1;
	}
	assert_true(room > 9000);
	memset(text, '#', 9000);
	if (strcmp(row->name, "a line of 8000 bytes") == 0) {
		strcpy(text, "[others]\n");
		memset(text + 9, '#', 8000);
		strcpy(text + 8009, "\r\n");
	} else {
		text[0] = '\n';
		strcpy(text + 8002, "\n");
	}
	return strlen(text);
}

static void
format_rules(const struct rule *rules, size_t count, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char *header = rule_format_header(&rules[i]);
		size_t used = strlen(out);

		assert_non_null(header);
		snprintf(out + used, size - used, "%s%s:%u", i > 0 ? " " : "",
			header, rules[i].line);
		free(header);
	}
}

static void
test_file(void **state)
{
	const struct file_row *row = *state;
	struct remarks remarks = { 0 };
	struct rule *rules = NULL;
	char text[10000], found[256];
	size_t count = 0, size = make_text(row, text, sizeof(text));

	assert_int_equal(
		scan_file(text, size, "p", &rules, &count, &remarks), 0);
	if (row->fault == NULL) {
		if (remarks.count > 0)
			assert_string_equal(remarks.list[0].text, "");
	} else {
		assert_true(remarks.count > 0);
		fake_assert_says(remarks.list[0].text, row->fault);
		assert_string_equal(remarks.list[0].path, "p");
		assert_int_equal(remarks.list[0].line, row->line);
		assert_int_equal(remarks.list[0].severity, REMARK_ERROR);
	}
	/* of a file that is refused nobody asks for rules */
	format_rules(rules, count, found, sizeof(found));
	if (row->fault == NULL)
		assert_string_equal(found, row->rules);
	remarks_clear(&remarks);
	free(rules);
}

/* Each rule has its own lines, and they are not those of another one. */
static void
test_bodies(void **state)
{
	char text[] = "# top\n"
		      "[user a]\n"
		      "uri = a\n"
		      "# end of a\n"
		      "[group b] # c\n"
		      "[others]\r\n"
		      "uri = o";
	struct remarks remarks = { 0 };
	struct rule *rules = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(
		scan_file(text, strlen(text), "p", &rules, &count, &remarks),
		0);
	assert_int_equal(count, 3);
	assert_int_equal(remarks.count, 0);
	assert_true(text_equals(rules[0].body, "uri = a\n# end of a\n"));
	assert_true(text_equals(rules[1].body, ""));
	assert_true(text_equals(rules[2].body, "uri = o"));
	assert_string_equal(rules[0].name, "a");
	assert_string_equal(rules[0].path, "p");
	free(rules);
}

static const struct count_row {
	const char *name;
	unsigned int rules;
	bool is_good;
} count_rows[] = {
	{ "999 rules", 999, true },
	{ "1000 rules", 1000, true },
	{ "1001 rules", 1001, false },
	{ "5000 rules", 5000, false },
};

static void
test_count(void **state)
{
	const struct count_row *row = *state;
	struct remarks remarks = { 0 };
	struct rule *rules = NULL;
	size_t count = 0, used = 0;
	char *text = malloc((size_t)row->rules * 16 + 1);

	assert_non_null(text);
	for (unsigned int i = 0; i < row->rules; i++)
		used += (size_t)sprintf(text + used, "[gid %u]\n", i);
	assert_int_equal(
		scan_file(text, used, "p", &rules, &count, &remarks), 0);
	assert_int_equal(remarks.count == 0, row->is_good);
	if (row->is_good) {
		assert_int_equal(count, row->rules);
		assert_int_equal(rules[count - 1].gid, row->rules - 1);
	} else {
		fake_assert_says(remarks.list[0].text, "drop-ins");
		assert_int_equal(remarks.list[0].line, 1001);
		fake_assert_between(remarks.count, 1, SCAN_MISTAKES_MAX);
	}
	remarks_clear(&remarks);
	free(rules);
	free(text);
}

/* --- Bodies --------------------------------------------------------------- */

/* The sound entries as "key=value@line", a blank between them. */
static const struct body_row {
	const char *name, *text;
	const char *entries;
	const char *fault; /* a part of the first error; NULL: there is none */
	unsigned int line; /* that error's; the header's is 10 */
} body_rows[] = {
	{ "one key", "uri = none\n", "uri=none@11" },
	{ "no blanks", "uri=none", "uri=none@11" },
	{ "many blanks", " \t uri \t = \t none \t \n", "uri=none@11" },
	{ "CRLF", "uri = none\r\n\r\n", "uri=none@11" },
	{ "comments and blank lines", "\n# a\n \t\nuri = none\n",
		"uri=none@14" },
	{ "a comment behind a value", "uri = none # a \" ' # b\n",
		"uri=none@11" },
	{ "a comment behind a tab", "uri = none\t#a\n", "uri=none@11" },
	{ "an equals sign in a value", "uri = q:///?a=b\n",
		"uri=q:///?a=b@11" },
	{ "blanks in a value", "uri = none\nservices = a,  b\n",
		"uri=none@11 services=a,  b@12" },
	{ "every key",
		"trial = yes\nuri = q:///\nfrom = local\nuids = 1-\n"
		"services = a\nrequire_groups = b\nexclude_groups = c\n",
		"uri=q:///@12 services=a@15 from=local@13 uids=1-@14 "
		"require_groups=b@16 exclude_groups=c@17 trial=yes@11" },
	{ "UTF-8 in a value", "uri = none\nrequire_groups = gr\xc3\xbcppe\n",
		"uri=none@11 require_groups=gr\xc3\xbcppe@12" },
	{ "a semicolon is no comment", "uri = q:///;a\n", "uri=q:///;a@11" },

	{ "no uri", "from = local\n", "from=local@11", "no 'uri'", 10 },
	{ "nothing", "", "", "no 'uri'", 10 },
	{ "no equals sign", "uri none\n", "", "no 'key = value'", 11 },
	{ "a line that goes on", "uri = none\n  more\n", "uri=none@11",
		"no 'key = value'", 12 },
	{ "an unknown key", "uri = none\nservice = a\n", "uri=none@11",
		"unknown key 'service'", 12 },
	{ "a key in capitals", "URI = none\n", "", "unknown key 'URI'", 11 },
	{ "no key", "= none\n", "", "unknown key ''", 11 },
	{ "a semicolon before a key", ";uri = none\n", "", "unknown key ';uri'",
		11 },
	{ "a key with a blank", "require groups = a\n", "",
		"unknown key 'require groups'", 11 },
	{ "a quoted key", "\"uri\" = none\n", "", "unknown key", 11 },
	{ "an equals sign in a comment only", "uri # = none\n", "",
		"unknown key", 11 },
	{ "a repeated key", "uri = none\nuri = none\n", "",
		"'uri' again; it stands in line 11", 12 },
	{ "a repeated condition", "uri = none\nfrom = local\nfrom = remote\n",
		"uri=none@11", "'from' again; it stands in line 12", 13 },
	{ "no value", "uri =\n", "", "uri: no value", 11 },
	{ "blanks for a value", "uri = \t \n", "", "uri: no value", 11 },
	{ "a comment for a value", "uri = # none\n", "", "uri: no value", 11 },
	{ "a comment for a value, at once", "uri =# none\n", "",
		"uri: no value", 11 },
	{ "a '#' inside a value", "uri = q:///a#b\n", "", "'#'", 11 },
	{ "a '#' inside a list", "uri = none\nservices = a,#b\n", "uri=none@11",
		"'#'", 12 },
	{ "double quotes", "uri = \"none\"\n", "", "quotes", 11 },
	{ "single quotes", "uri = 'none'\n", "", "quotes", 11 },
	{ "one quote", "uri = none\"\n", "", "quotes", 11 },
	{ "an apostrophe", "uri = none\nrequire_groups = o'neill\n",
		"uri=none@11", "quotes", 12 },
	{ "a control character", "uri = a\x1b\n", "", "control", 11 },
	{ "DEL", "uri = a\x7f\n", "", "control", 11 },
	{ "a mistake does not hide what is sound",
		"x = y\nuri = none\nfrom = 'a'\nuids = 1\n",
		"uri=none@12 uids=1@14", "unknown key 'x'", 11 },
};

static void
format_body(const struct body *body, char *out, size_t size)
{
	out[0] = '\0';
	for (int key = 0; key < KEY_COUNT; key++) {
		const struct entry *entry = &body->entries[key];
		size_t used = strlen(out);

		if (entry->is_sound)
			snprintf(out + used, size - used, "%s%s=%.*s@%u",
				used > 0 ? " " : "", rule_key_names[key],
				(int)entry->value.size, entry->value.start,
				entry->line);
	}
}

static void
test_body(void **state)
{
	const struct body_row *row = *state;
	struct rule rule = {
		.kind = RULE_OTHERS,
		.path = "p",
		.line = 10,
		.body = { row->text, strlen(row->text) },
	};
	struct remarks remarks = { 0 };
	struct body body;
	char found[256];

	assert_int_equal(scan_body(&rule, &body, &remarks), 0);
	format_body(&body, found, sizeof(found));
	assert_string_equal(found, row->entries);
	if (row->fault == NULL) {
		if (remarks.count > 0)
			assert_string_equal(remarks.list[0].text, "");
	} else {
		assert_true(remarks.count > 0);
		fake_assert_says(remarks.list[0].text, row->fault);
		assert_string_equal(remarks.list[0].path, "p");
		assert_int_equal(remarks.list[0].line, row->line);
		assert_int_equal(remarks.list[0].severity, REMARK_ERROR);
	}
	remarks_clear(&remarks);
}

/* Nobody reads a thousand remarks. */
static void
test_many_mistakes(void **state)
{
	char text[4001] = "";
	struct rule rule = { .kind = RULE_OTHERS, .path = "p", .line = 1 };
	struct remarks remarks = { 0 };
	struct rule *rules = NULL;
	struct body body;
	size_t count = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		strcat(text + 4 * (size_t)i, "a=b\n");
	rule.body = (struct span){ text, strlen(text) };
	assert_int_equal(scan_body(&rule, &body, &remarks), 0);
	fake_assert_between(remarks.count, 1, SCAN_MISTAKES_MAX + 1);
	remarks_clear(&remarks);
	for (char *c = text; *c != '\0'; c += 4)
		memcpy(c, "[a]\n", 4);
	assert_int_equal(
		scan_file(text, strlen(text), "p", &rules, &count, &remarks),
		0);
	assert_int_equal(remarks.count, SCAN_MISTAKES_MAX);
	remarks_clear(&remarks);
	free(rules);
}

/* --- Headers -------------------------------------------------------------- */

static const struct same_row {
	const char *name;
	struct rule a, b;
	bool is_same;
} same_rows[] = {
	{ "one user", { .kind = RULE_USER, .name = "a" },
		{ .kind = RULE_USER, .name = "a" }, true },
	{ "two users", { .kind = RULE_USER, .name = "a" },
		{ .kind = RULE_USER, .name = "b" }, false },
	{ "a user and a group of one name", { .kind = RULE_USER, .name = "a" },
		{ .kind = RULE_GROUP, .name = "a" }, false },
	{ "one group", { .kind = RULE_GROUP, .name = "a" },
		{ .kind = RULE_GROUP, .name = "a" }, true },
	{ "two spellings", { .kind = RULE_GROUP, .name = "a" },
		{ .kind = RULE_GROUP, .name = "A" }, false },
	{ "one gid", { .kind = RULE_GID, .gid = 1 },
		{ .kind = RULE_GID, .gid = 1 }, true },
	{ "two gids", { .kind = RULE_GID, .gid = 1 },
		{ .kind = RULE_GID, .gid = 2 }, false },
	{ "a gid and a group of that name", { .kind = RULE_GID, .gid = 1001 },
		{ .kind = RULE_GROUP, .name = "1001" }, false },
	{ "others", { .kind = RULE_OTHERS }, { .kind = RULE_OTHERS }, true },
};

static void
test_same(void **state)
{
	const struct same_row *row = *state;

	assert_int_equal(rule_same_header(&row->a, &row->b), row->is_same);
	assert_int_equal(rule_same_header(&row->b, &row->a), row->is_same);
}

static void
test_header_is_printable(void **state)
{
	struct rule rule = { .kind = RULE_GROUP, .name = "a\xff" };
	char *header = rule_format_header(&rule);

	(void)state;
	assert_non_null(header);
	assert_string_equal(header, "[group a\\xff]");
	free(header);
}

/* --- Anything ------------------------------------------------------------- */

/* Bodies tile the file: no line is of two rules, none before its header. */
static void
check_bodies(
	const char *text, size_t size, const struct rule *rules, size_t count)
{
	const char *end = text;

	for (size_t i = 0; i < count; i++) {
		assert_true(rules[i].body.start >= end);
		end = rules[i].body.start + rules[i].body.size;
		assert_true(end <= text + size);
		if (rules[i].name != NULL)
			assert_true(rules[i].name[0] != '\0');
	}
}

static void
test_anything(void **state)
{
	static const char *const pieces[] = { "[user a]", "[group b c]",
		"[gid 7]", "[others]", "\n", "\n", "\n", "\r\n", "\r", " ",
		"uri", "=", "none", "#", "[", "]", "\"", "from=local", "\xff",
		"\xef\xbb\xbf", "\t" };
	uint64_t seed = 4;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		size_t n = fake_random(&seed) % 30, count = 0;
		char text[512] = "", *exact;
		struct remarks remarks = { 0 };
		struct rule *rules = NULL;
		struct body body;

		for (size_t i = 0; i < n; i++)
			strcat(text,
				pieces[fake_random(&seed) % countof(pieces)]);
		exact = strdup(text); /* so that sanitizers see its end */
		assert_non_null(exact);
		assert_int_equal(scan_file(exact, strlen(exact), "p", &rules,
					 &count, &remarks),
			0);
		check_bodies(exact, strlen(text), rules, count);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(
				scan_body(&rules[i], &body, &remarks), 0);
		remarks_clear(&remarks);
		free(rules);
		free(exact);
	}
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "file", test_file, SUITE_ROWS(file_rows));
	suite_add_one(&suite, "each rule has its own body", test_bodies);
	suite_add(&suite, "count", test_count, SUITE_ROWS(count_rows));
	suite_add(&suite, "body", test_body, SUITE_ROWS(body_rows));
	suite_add_one(&suite, "many mistakes", test_many_mistakes);
	suite_add(&suite, "same header", test_same, SUITE_ROWS(same_rows));
	suite_add_one(&suite, "a header is shown printable",
		test_header_is_printable);
	suite_add_one(&suite, "anything can be scanned", test_anything);
	return suite_run(&suite, "scan");
}
