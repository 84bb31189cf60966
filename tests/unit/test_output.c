/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../helper/child.h"
#include "../../helper/options.h"
#include "../../helper/output.h"

/* Long enough for whatever is to end by itself, on a busy machine */
#define LONG_MS 20000

/* --- Words of a shell ----------------------------------------------------- */

static const struct word_row {
	const char *name, *text;
	const char *word; /* NULL: however it is quoted */
} word_rows[] = {
	{ "a word", "libvirt", "libvirt" },
	{ "a letter", "a", "a" },
	{ "a system URI", "qemu:///system", "qemu:///system" },
	{ "a remote URI", "qemu+ssh://a%40b@h.example:22/system",
		"qemu+ssh://a%40b@h.example:22/system" },
	{ "a path", "/etc/security/virturi.conf.d/50-site.conf",
		"/etc/security/virturi.conf.d/50-site.conf" },
	{ "a user of a realm", "alice@lab.example", "alice@lab.example" },
	{ "all that needs no quotes",
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789%+,-./:=@_",
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789%+,-./:=@_" },
	{ "nothing", "", "''" },
	{ "a blank", "domain users", "'domain users'" },
	{ "a backslash", "LAB\\bob", "'LAB\\bob'" },
	{ "a query", "qemu:///system?a=1&b=2", "'qemu:///system?a=1&b=2'" },
	{ "a quote", "it's", "'it'\\''s'" },
	{ "a quote alone", "'", "''\\'''" },
	{ "quotes at both ends", "'a'" },
	{ "quotes and nothing else", "''''''''''" },
	{ "double quotes", "\"a b\"" },
	{ "a variable", "$HOME" },
	{ "a variable in braces", "${HOME}" },
	{ "a command", "$(echo gone)" },
	{ "a command in backquotes", "`echo gone`" },
	{ "an end of the command", "a;echo gone" },
	{ "a pipe", "a|cat" },
	{ "the background", "a&" },
	{ "redirections", ">a<b" },
	{ "a comment", "#a" },
	{ "a home", "~root" },
	{ "patterns", "/[e]tc/*?" },
	{ "braces", "{a,b}" },
	{ "parentheses", "(a)" },
	{ "an exclamation mark", "!a", "''\\!'a'" },
	{ "a circumflex", "^a^b" },
	{ "a newline", "a\nb" },
	{ "newlines at the end", "a\n\n" },
	{ "a tab and a CR", "a\tb\r" },
	{ "a backslash at the end", "a\\", "'a'\\\\''" },
	{ "two backslashes", "a\\\\b", "'a'\\\\'\\b'" },
	{ "a backslash before a quote", "a\\'b", "'a'\\\\''\\''b'" },
	{ "a backslash before an exclamation mark", "a\\!b",
		"'a'\\\\''\\!'b'" },
	{ "a format", "%s%n\\n" },
	{ "an option", "-n" },
	{ "a program's path, in zsh", "=ls", "'=ls'" },
	{ "a job or fish itself", "%self", "'%self'" },
	{ "UTF-8", "gr\xc3\xbcppe" },
	{ "bytes that are no UTF-8", "\xff\x80\x1b[2J" },
};

/* What a real shell makes of a word. Owned by the caller. */
static char *
ask_shell(const char *word)
{
	char *command, *said = NULL;
	size_t room = 0;
	ssize_t size;
	FILE *shell;

	assert_true(asprintf(&command, "printf '<%%s>' %s", word) > 0);
	/* NOLINTNEXTLINE(cert-env33-c): a shell it is that is asked */
	shell = popen(command, "re");
	free(command);
	assert_non_null(shell);
	size = getdelim(&said, &room, '\0', shell);
	assert_int_equal(pclose(shell), 0);
	assert_true(size > 0);
	return said;
}

static void
assert_round_trip(const char *text)
{
	char *word = shell_word(text), *said = ask_shell(word), *expected;

	/* if it were two words, printf would print "<…><…>" */
	assert_true(asprintf(&expected, "<%s>", text) > 0);
	assert_string_equal(said, expected);
	free(word);
	free(said);
	free(expected);
}

static void
test_word(void **state)
{
	const struct word_row *row = *state;
	char *word = shell_word(row->text);

	if (row->word != NULL)
		assert_string_equal(word, row->word);
	free(word);
	assert_round_trip(row->text);
}

/* Every byte, alone: also those that nobody thought of. */
static void
test_bytes(void **state)
{
	char text[] = "x";

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		text[0] = (char)byte;
		assert_round_trip(text);
	}
}

/* --- Paths ---------------------------------------------------------------- */

static const struct path_row {
	const char *name, *path;
	const char *behind; /* of the working directory; NULL: as it is */
} path_rows[] = {
	{ "from the root", "/etc/passwd", NULL },
	{ "the root", "/", NULL },
	{ "from here", "a/b", "/a/b" },
	{ "from here, as one writes it", "./a", "/a" },
	{ "from above", "../a", "/../a" },
	{ "a dotfile", ".a", "/.a" },
};

static void
test_path(void **state)
{
	const struct path_row *row = *state;
	char *absolute, *here, *expected;

	fake_enter(fake_root(NULL));
	absolute = path_make_absolute(row->path);
	here = getcwd(NULL, 0);
	assert_non_null(here);
	assert_true(asprintf(&expected, "%s%s", row->behind != NULL ? here : "",
			    row->behind != NULL ? row->behind : row->path) > 0);
	assert_string_equal(absolute, expected);
	free(absolute);
	free(here);
	free(expected);
}

static void
test_path_gone(void **state)
{
	const char *root = fake_root(NULL), *gone;
	char *absolute;

	(void)state;
	fake_make(root, &(struct fake_node){ "gone", NULL, FAKE_DIRECTORY });
	gone = fake_path(root, "gone");
	fake_enter(gone);
	assert_int_equal(rmdir(gone), 0);
	absolute = path_make_absolute("a");
	assert_string_equal(absolute, "a");
	free(absolute);
}

/* --- JSON ----------------------------------------------------------------- */

static const struct json_row {
	const char *name, *text, *json;
} json_rows[] = {
	{ "text", "a b", "\"a b\"" },
	{ "nothing", "", "\"\"" },
	{ "none", NULL, "null" },
	{ "UTF-8", "gr\xc3\xbcppe", "\"gr\xc3\xbcppe\"" },
	{ "bytes that are no UTF-8", "a\xff", "\"a\\\\xff\"" },
	{ "controls", "a\033\n", "\"a\\\\x1b\\\\x0a\"" },
	{ "a quote and a backslash", "\"\\", "\"\\\"\\\\\"" },
};

static void
test_json(void **state)
{
	const struct json_row *row = *state;
	json_t *value = json_text(row->text);
	char *text = json_dumps(value, JSON_ENCODE_ANY);

	assert_non_null(text);
	assert_string_equal(text, row->json);
	free(text);
	json_decref(value);
}

/* Where it is found when the process ends with it: no leak. */
static json_t *volatile whole;

static void
do_add(void *context, int fd)
{
	(void)fd;
	whole = json_object();
	json_add(whole, "a", context);
}

static void
do_append(void *context, int fd)
{
	(void)fd;
	whole = json_array();
	json_append(whole, context);
}

static const struct part_row {
	const char *name;
	void (*work)(void *context, int fd);
} part_rows[] = {
	{ "a member", do_add },
	{ "an element", do_append },
};

/* What memory was too short for is not just left out. */
static void
test_part(void **state)
{
	const struct part_row *row = *state;
	struct child_result result = { 0 };

	assert_int_equal(child_call(row->work, NULL, LONG_MS, &result), 0);
	assert_true(WIFEXITED(result.status));
	assert_int_equal(WEXITSTATUS(result.status), STATUS_UNKNOWN);
	child_result_clear(&result);
}

static void
test_plural(void **state)
{
	(void)state;
	assert_string_equal(plural(0), "s");
	assert_string_equal(plural(1), "");
	assert_string_equal(plural(2), "s");
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "shell word", test_word, SUITE_ROWS(word_rows));
	suite_add_one(&suite, "shell word: every byte", test_bytes);
	suite_add(&suite, "path", test_path, SUITE_ROWS(path_rows));
	suite_add_one(
		&suite, "path: the working directory is gone", test_path_gone);
	suite_add(&suite, "json", test_json, SUITE_ROWS(json_rows));
	suite_add(&suite, "json without", test_part, SUITE_ROWS(part_rows));
	suite_add_one(&suite, "plural", test_plural);
	return suite_run(&suite, "output");
}
