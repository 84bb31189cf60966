/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../../policy/values.h"

static struct rule
rule_of(const char *text)
{
	return (struct rule){
		.kind = RULE_OTHERS,
		.path = "p",
		.line = 1,
		.body = { text, strlen(text) },
	};
}

/* What libeconf says of every entry the scanner accepts is the scanner's. */
static void
check_agreement(const char *text)
{
	struct rule rule = rule_of(text);
	struct remarks remarks = { 0 };
	char *values[KEY_COUNT];
	struct body body;

	assert_int_equal(scan_body(&rule, &body, &remarks), 0);
	assert_int_equal(values_read(&body, values), 0);
	for (int key = 0; key < KEY_COUNT; key++) {
		const struct entry *entry = &body.entries[key];

		if (!entry->is_sound) {
			assert_null(values[key]);
			continue;
		}
		assert_non_null(values[key]);
		if (!text_equals(entry->value, values[key]))
			fail_msg("libeconf has '%s' for the '%.*s' of:\n%s",
				values[key], (int)entry->value.size,
				entry->value.start, text);
	}
	values_free(values);
	remarks_clear(&remarks);
}

static const struct row {
	const char *name, *text;
} rows[] = {
	{ "no entries", "" },
	{ "no sound entries", "x = y\nuri = 'a'\n" },
	{ "a URI", "uri = qemu:///system\n" },
	{ "a key of each kind",
		"uri = none\nservices = a, b\nfrom = local\nuids = 1-\n"
		"require_groups = a b, c\nexclude_groups = LAB\\d\n"
		"trial = yes\n" },
	{ "equals signs", "uri = q:///?a=b&c==d=\n" },
	{ "an equals sign at the start", "uri = =a\n" },
	{ "a variable", "uri = q://${user}@h/$$\n" },
	{ "backslashes", "require_groups = LAB\\domain users\\\n" },
	{ "a backslash at the end", "uri = a\\\nfrom = local\n" },
	{ "UTF-8", "require_groups = gr\xc3\xbcppe\n" },
	{ "Latin-1", "require_groups = gr\xfcppe\n" },
	{ "tabs inside", "services = a,\tb\n" },
	{ "runs of blanks inside", "services = a   b\n" },
	{ "commas", "services = ,a,,b,\n" },
	{ "a semicolon", "uri = ;a;b\n" },
	{ "brackets", "services = [a]\nuri = a]\n" },
	{ "a section in a value", "services = [others]\n" },
	{ "percent signs", "uri = %u%%20\n" },
	{ "words libeconf knows", "uri = true\nservices = (null)\n" },
	{ "libeconf's name for no section", "services = _none_\n" },
	{ "a no-break space at the ends",
		"services = \xc2\xa0"
		"a\xc2\xa0\n" },
	{ "a colon", "uri = a: b\n" },
	{ "an exclamation mark", "uri = !a\n" },
	{ "a sound entry among mistakes",
		"uri = \"a\"\nfrom = local\nfrom = local\nuids = 1\nx\n" },
};

static void
test_agreement(void **state)
{
	const struct row *row = *state;

	check_agreement(row->text);
}

/* As long as a line may be, for the key with the longest name. */
static void
test_long(void **state)
{
	char text[SCAN_LINE_MAX + 1];

	(void)state;
	for (size_t size = SCAN_LINE_MAX - 40; size <= SCAN_LINE_MAX; size++) {
		memset(text, 'x', size);
		memcpy(text, "require_groups=", 15);
		text[size] = '\0';
		check_agreement(text);
	}
}

/* All keys at once, each as long as can be. */
static void
test_long_all(void **state)
{
	size_t used = 0;
	char *text = malloc(KEY_COUNT * (SCAN_LINE_MAX + 1) + 1);

	(void)state;
	assert_non_null(text);
	for (int key = 0; key < KEY_COUNT; key++) {
		int size = sprintf(text + used, "%s=", rule_key_names[key]);

		memset(text + used + size, 'a' + key,
			(size_t)(SCAN_LINE_MAX - size));
		used += SCAN_LINE_MAX;
		text[used++] = '\n';
	}
	text[used] = '\0';
	check_agreement(text);
	free(text);
}

static void
append_random_value(char *text, uint64_t *seed)
{
	static const char *const pieces[] = { "a", "none", "qemu:///system",
		"=", "==", ",", ", ", " ", "  ", "\t", ";", ":", "[", "]", "\\",
		"\\n", "$", "${user}", "%", "\xc3\xbc", "\xff", "\x01", "#",
		" #", "\"", "'", "/", "!", "@", "-", "1000", "(null)", "`", "{",
		"|", "_none_", "true" };
	size_t count = fake_random(seed) % 8 + 1;

	for (size_t i = 0; i < count; i++)
		strcat(text, pieces[fake_random(seed) % countof(pieces)]);
}

/* A seeded differential between the scanner and libeconf. */
static void
test_random(void **state)
{
	static const char *const equals[] = { "=", " = ", "\t=", "= \t" };
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		char text[2048] = "";

		for (int key = 0; key < KEY_COUNT; key++) {
			if (fake_random(&seed) % 3 == 0)
				continue;
			strcat(text, rule_key_names[key]);
			strcat(text,
				equals[fake_random(&seed) % countof(equals)]);
			append_random_value(text, &seed);
			strcat(text, fake_random(&seed) % 4 ? "\n" : "\r\n");
		}
		check_agreement(text);
	}
}

/* A process that may open nothing more still gets its values. */
static void
test_no_descriptors(void **state)
{
	struct rule rule = rule_of("uri = none\nfrom = local\n");
	struct remarks remarks = { 0 };
	char *values[KEY_COUNT];
	struct body body;
	int r;

	(void)state;
	assert_int_equal(scan_body(&rule, &body, &remarks), 0);
	fake_limit(0);
	r = values_read(&body, values);
	fake_unlimit();
	assert_int_equal(r, 0);
	assert_string_equal(values[KEY_URI], "none");
	assert_string_equal(values[KEY_FROM], "local");
	values_free(values);
}

/*
 * su(1) has the limits of whoever calls it, and a process that writes a file
 * beyond such a limit is killed: `ulimit -f 0; su`.
 */
static void
test_file_size(void **state)
{
	struct rule rule = rule_of("uri = none\nservices=a, b # c\n");
	struct remarks remarks = { 0 };
	struct rlimit before, none;
	char *values[KEY_COUNT];
	struct body body;
	int r;

	(void)state;
	assert_int_equal(scan_body(&rule, &body, &remarks), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	r = values_read(&body, values);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(r, 0);
	assert_string_equal(values[KEY_URI], "none");
	assert_string_equal(values[KEY_SERVICES], "a, b");
	values_free(values);
}

/* Old libeconf reads this variable, and would join what is repeated. */
static void
test_environment(void **state)
{
	(void)state;
	assert_int_equal(setenv("ECONF_JOIN_SAME_ENTRIES", "1", 1), 0);
	check_agreement("uri = a\nfrom = b\nuri = c\n");
	assert_int_equal(unsetenv("ECONF_JOIN_SAME_ENTRIES"), 0);
}

static void
test_freed_twice(void **state)
{
	char *values[KEY_COUNT] = { NULL };

	(void)state;
	values[KEY_FROM] = strdup("local");
	values_free(values);
	assert_null(values[KEY_FROM]);
	values_free(values);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "agreement", test_agreement, SUITE_ROWS(rows));
	suite_add_one(&suite, "lines as long as can be", test_long);
	suite_add_one(&suite, "all keys as long as can be", test_long_all);
	suite_add_one(&suite, "random values", test_random);
	suite_add_one(&suite, "no descriptors", test_no_descriptors);
	suite_add_one(&suite, "files may not grow", test_file_size);
	suite_add_one(&suite, "ECONF_JOIN_SAME_ENTRIES", test_environment);
	suite_add_one(&suite, "freeing twice", test_freed_twice);
	return suite_run(&suite, "values");
}
