/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../helper/finding.h"

/* --- What is said, in rows ------------------------------------------------ */

/* One call: of finding_say(), or, with a label, of finding_cure(). */
struct call {
	enum finding_status status;
	const char *text; /* NULL: no more calls */
	const char *label;
};

#define SAY(status, text)                                                      \
	{                                                                      \
		FINDING_##status, text, NULL                                   \
	}
#define CURE(label, text)                                                      \
	{                                                                      \
		0, text, label                                                 \
	}

static void
make_calls(struct finding *finding, const struct call *call)
{
	for (; call->text != NULL; call++) {
		if (call->label != NULL)
			finding_cure(finding, call->label, "%s", call->text);
		else
			finding_say(finding, call->status, "%s", call->text);
	}
}

/* What finding_print() puts on standard output. Owned by the caller. */
static char *
capture(const struct finding *finding, bool is_verbose, bool is_colored)
{
	FILE *file = tmpfile();
	int before = dup(STDOUT_FILENO);
	char *text = NULL;
	size_t room = 0;
	ssize_t size;

	assert_non_null(file);
	assert_true(before >= 0);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	finding_print(finding, is_verbose, is_colored);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	rewind(file);
	size = getdelim(&text, &room, '\0', file);
	fclose(file);
	/* nothing printed: nothing read */
	if (size < 0)
		text[0] = '\0';
	return text;
}

/* --- Order ---------------------------------------------------------------- */

static const struct order_row {
	const char *name;
	struct call calls[8];
	enum finding_status status;
	const char *order; /* texts, a blank between them */
	const char *cured; /* "text:number of cures …" of those with cures */
} order_rows[] = {
	{ "nothing said", { { 0 } }, FINDING_SKIP, "", "" },
	{ "one", { SAY(PASS, "a") }, FINDING_PASS, "a", "" },
	{ "the worst comes first", { SAY(NOTE, "a"), SAY(FAIL, "b") },
		FINDING_FAIL, "b a", "" },
	{ "the worst was first", { SAY(FAIL, "a"), SAY(PASS, "b") },
		FINDING_FAIL, "a b", "" },
	{ "equals stay as they were said",
		{ SAY(WARN, "a"), SAY(WARN, "b"), SAY(WARN, "c") },
		FINDING_WARN, "a b c", "" },
	{ "in between",
		{ SAY(FAIL, "a"), SAY(PASS, "b"), SAY(WARN, "c"),
			SAY(FAIL, "d"), SAY(NOTE, "e"), SAY(WARN, "f") },
		FINDING_FAIL, "a d c f e b", "" },
	{ "all statuses, from good to bad",
		{ SAY(PASS, "a"), SAY(SKIP, "b"), SAY(NOTE, "c"),
			SAY(WARN, "d"), SAY(FAIL, "e") },
		FINDING_FAIL, "e d c b a", "" },
	{ "SKIP is worse than PASS", { SAY(PASS, "a"), SAY(SKIP, "b") },
		FINDING_SKIP, "b a", "" },
	{ "NOTE is worse than SKIP", { SAY(NOTE, "a"), SAY(SKIP, "b") },
		FINDING_NOTE, "a b", "" },
	{ "a cure for the worst",
		{ SAY(PASS, "a"), SAY(FAIL, "b"), CURE("", "c") }, FINDING_FAIL,
		"b a", "b:1" },
	{ "a cure for the last, which is not the worst",
		{ SAY(FAIL, "a"), SAY(NOTE, "b"), CURE("", "c") }, FINDING_FAIL,
		"a b", "b:1" },
	{ "a cure for the last, which is in between",
		{ SAY(FAIL, "a"), SAY(PASS, "b"), SAY(WARN, "c"), CURE("", "d"),
			CURE("", "e") },
		FINDING_FAIL, "a c b", "c:2" },
	{ "cures move with what they are for",
		{ SAY(NOTE, "a"), CURE("", "b"), SAY(FAIL, "c"), CURE("", "d"),
			SAY(WARN, "e"), CURE("", "f") },
		FINDING_FAIL, "c e a", "c:1 e:1 a:1" },
};

static void
test_order(void **state)
{
	const struct order_row *row = *state;
	struct finding finding = { .id = "id" };
	char order[64] = "", cured[64] = "";

	make_calls(&finding, row->calls);
	for (size_t i = 0; i < finding.count; i++) {
		const struct observation *observation =
			&finding.observations[i];
		char *end = strchr(order, '\0');

		sprintf(end, "%s%s", i > 0 ? " " : "", observation->text);
		if (observation->n_cures == 0)
			continue;
		end = strchr(cured, '\0');
		sprintf(end, "%s%s:%zu", end > cured ? " " : "",
			observation->text, observation->n_cures);
	}
	assert_string_equal(order, row->order);
	assert_string_equal(cured, row->cured);
	assert_int_equal(finding_status(&finding), row->status);
	finding_clear(&finding);
	assert_string_equal(finding.id, "id");
	assert_int_equal(finding.count, 0);
	assert_null(finding.observations);
}

/* --- Layout --------------------------------------------------------------- */

static const struct print_row {
	const char *name, *id;
	struct call calls[8];
	const char *printed;
	const char *verbose; /* NULL: the same */
	bool is_colored;
} print_rows[] = {
	{ "nothing said", "kvm", { { 0 } },
		"SKIP  kvm            nothing to look at\n" },
	{ "each status: PASS", "policy", { SAY(PASS, "1 file, 1 rule") },
		"PASS  policy         1 file, 1 rule\n" },
	{ "each status: SKIP", "socket", { SAY(SKIP, "not used") },
		"SKIP  socket         not used\n" },
	{ "each status: NOTE", "machines", { SAY(NOTE, "2 machines") },
		"NOTE  machines       2 machines\n" },
	{ "each status: WARN", "pam", { SAY(WARN, "an override") },
		"WARN  pam            an override\n" },
	{ "the longest id", "authorisation", { SAY(FAIL, "no") },
		"FAIL  authorisation  no\n" },
	{ "others below the worst", "groups",
		{ SAY(NOTE, "kvm: no"), SAY(FAIL, "libvirt: no") },
		"FAIL  groups         libvirt: no\n"
		"                     kvm: no\n" },
	{ "cures below each", "environment",
		{ SAY(NOTE, "a note"), CURE("", "its cure"),
			SAY(FAIL, "LIBVIRT_DEFAULT_URI is not set"),
			CURE("this shell", "newgrp libvirt"),
			CURE("for good", "log in again") },
		"FAIL  environment    LIBVIRT_DEFAULT_URI is not set\n"
		"      this shell:    newgrp libvirt\n"
		"      for good:      log in again\n"
		"                     a note\n"
		"                     its cure\n" },
	{ "a label of 13", "x", { SAY(FAIL, "a"), CURE("1234567890123", "b") },
		"FAIL  x              a\n"
		"      1234567890123: b\n" },
	{ "a longer label pushes its text away", "x",
		{ SAY(FAIL, "a"), CURE("12345678901234", "b"),
			CURE("12345678901234567890", "c") },
		"FAIL  x              a\n"
		"      12345678901234: b\n"
		"      12345678901234567890: c\n" },
	{ "what passes is left out beside what does not", "x",
		{ SAY(PASS, "good"), SAY(NOTE, "a note"), SAY(PASS, "better") },
		"NOTE  x              a note\n",
		"NOTE  x              a note\n"
		"                     good\n"
		"                     better\n" },
	{ "what passes is left out with its cures", "x",
		{ SAY(PASS, "good"), CURE("cure", "of nothing"),
			SAY(WARN, "bad") },
		"WARN  x              bad\n",
		"WARN  x              bad\n"
		"                     good\n"
		"      cure:          of nothing\n" },
	{ "of what passes the first is enough", "x",
		{ SAY(PASS, "good"), SAY(PASS, "better") },
		"PASS  x              good\n",
		"PASS  x              good\n"
		"                     better\n" },
	{ "what could not be found out is never left out", "x",
		{ SAY(SKIP, "no answer"), SAY(NOTE, "a note"),
			SAY(PASS, "good") },
		"NOTE  x              a note\n"
		"                     no answer\n",
		"NOTE  x              a note\n"
		"                     no answer\n"
		"                     good\n" },
	{ "what could not be found out, beside what passes", "x",
		{ SAY(PASS, "good"), SAY(SKIP, "no answer") },
		"SKIP  x              no answer\n",
		"SKIP  x              no answer\n"
		"                     good\n" },
	{ "green", "x", { SAY(PASS, "a") },
		"\033[32mPASS\033[0m  x              a\n", .is_colored = true },
	{ "dim", "x", { SAY(SKIP, "a") },
		"\033[2mSKIP\033[0m  x              a\n", .is_colored = true },
	{ "cyan", "x", { SAY(NOTE, "a") },
		"\033[36mNOTE\033[0m  x              a\n", .is_colored = true },
	{ "yellow", "x", { SAY(WARN, "a") },
		"\033[33mWARN\033[0m  x              a\n", .is_colored = true },
	{ "red, and nothing but the status", "x",
		{ SAY(FAIL, "a"), CURE("cure", "b"), SAY(NOTE, "c") },
		"\033[1;31mFAIL\033[0m  x              a\n"
		"      cure:          b\n"
		"                     c\n",
		.is_colored = true },
	{ "nothing said, in color", "x", { { 0 } },
		"\033[2mSKIP\033[0m  x              nothing to look at\n",
		.is_colored = true },
	{ "what others wrote is made printable", "x",
		{ SAY(FAIL, "a\033[2Jb\nc"), CURE("l\r", "d\x9b\xff") },
		"FAIL  x              a\\x1b[2Jb\\x0ac\n"
		"      l\\x0d:         d\\x9b\\xff\n" },
};

static void
test_print(void **state)
{
	const struct print_row *row = *state;
	struct finding finding = { .id = row->id };
	char *printed, *verbose;

	make_calls(&finding, row->calls);
	printed = capture(&finding, false, row->is_colored);
	verbose = capture(&finding, true, row->is_colored);
	assert_string_equal(printed, row->printed);
	assert_string_equal(
		verbose, row->verbose != NULL ? row->verbose : row->printed);
	free(printed);
	free(verbose);
	finding_clear(&finding);
}

/* Formats are formats. */
static void
test_formats(void **state)
{
	struct finding finding = { .id = "x" };
	char *printed;

	(void)state;
	finding_say(&finding, FINDING_FAIL, "%d%%, %s", 5, "\177");
	finding_cure(&finding, "kill", "kill %ld", 812L);
	printed = capture(&finding, false, false);
	assert_string_equal(printed,
		"FAIL  x              5%, \\x7f\n"
		"      kill:          kill 812\n");
	free(printed);
	finding_clear(&finding);
}

/* --- JSON ----------------------------------------------------------------- */

static const struct json_row {
	const char *name;
	struct call calls[8];
	const char *json;
} json_rows[] = {
	{ "nothing said", { { 0 } },
		"{\"id\": \"x\", \"status\": \"SKIP\", \"text\": \"\", "
		"\"remedy\": null}" },
	{ "good", { SAY(PASS, "a") },
		"{\"id\": \"x\", \"status\": \"PASS\", \"text\": \"a\", "
		"\"remedy\": null}" },
	{ "a cure", { SAY(FAIL, "a"), CURE("this shell", "b") },
		"{\"id\": \"x\", \"status\": \"FAIL\", \"text\": \"a\", "
		"\"remedy\": \"this shell: b\"}" },
	{ "a cure without a label", { SAY(FAIL, "a"), CURE("", "b") },
		"{\"id\": \"x\", \"status\": \"FAIL\", \"text\": \"a\", "
		"\"remedy\": \"b\"}" },
	{ "lines, the worst first",
		{ SAY(NOTE, "a"), CURE("", "cure a"), SAY(WARN, "b"),
			CURE("now", "cure b"), CURE("then", "cure c") },
		"{\"id\": \"x\", \"status\": \"WARN\", \"text\": \"b\\na\", "
		"\"remedy\": \"now: cure b\\nthen: cure c\\ncure a\"}" },
	{ "what passes is left out beside what does not",
		{ SAY(PASS, "a"), CURE("", "c"), SAY(WARN, "b") },
		"{\"id\": \"x\", \"status\": \"WARN\", \"text\": \"b\", "
		"\"remedy\": null}" },
	{ "what could not be found out is never left out",
		{ SAY(SKIP, "no answer"), SAY(WARN, "b") },
		"{\"id\": \"x\", \"status\": \"WARN\", \"text\": \"b\\n"
		"no answer\", \"remedy\": null}" },
	{ "a status for each: NOTE", { SAY(NOTE, "a") },
		"{\"id\": \"x\", \"status\": \"NOTE\", \"text\": \"a\", "
		"\"remedy\": null}" },
	{ "bytes that are no UTF-8", { SAY(FAIL, "\xff"), CURE("", "\xfe") },
		"{\"id\": \"x\", \"status\": \"FAIL\", \"text\": "
		"\"\\\\xff\", \"remedy\": \"\\\\xfe\"}" },
};

static void
test_json(void **state)
{
	const struct json_row *row = *state;
	struct finding finding = { .id = "x" };
	json_t *object;
	char *text;

	make_calls(&finding, row->calls);
	object = finding_to_json(&finding);
	text = json_dumps(object, JSON_ENSURE_ASCII);
	assert_non_null(text);
	assert_string_equal(text, row->json);
	free(text);
	json_decref(object);
	finding_clear(&finding);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "order", test_order, SUITE_ROWS(order_rows));
	suite_add(&suite, "print", test_print, SUITE_ROWS(print_rows));
	suite_add_one(&suite, "formats are formats", test_formats);
	suite_add(&suite, "json", test_json, SUITE_ROWS(json_rows));
	return suite_run(&suite, "finding");
}
