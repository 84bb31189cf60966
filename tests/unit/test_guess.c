/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <string.h>

#include "../../policy/guess.h"
#include "../../policy/scan.h"

static const struct row {
	const char *name, *written;
	const char *meant; /* NULL: nothing that is known */
} rows[] = {
	{ "the word itself", "services", "services" },
	{ "a letter too few", "service", "services" },
	{ "a letter too many", "urii", "uri" },
	{ "another letter", "uids", "uids" },
	{ "two letters swapped", "form", "from" },
	{ "two slips", "requir_group", "require_groups" },
	{ "a dash", "require-groups", "require_groups" },
	{ "a blank", "exclude groups", "exclude_groups" },
	{ "capitals are no slips", "URI", "uri" },
	{ "three slips", "reqire_gruop", NULL },
	{ "nothing", "", NULL },
	{ "half of a short word", "ur1l", NULL },
	{ "another word", "password", NULL },
	{ "a long one", "services_services_services_services", NULL },
};

static void
test_guess(void **state)
{
	const struct row *row = *state;
	struct span written = { row->written, strlen(row->written) };
	const char *guess = guess_word(written, rule_key_names, KEY_COUNT);

	if (row->meant == NULL) {
		assert_null(guess);
		return;
	}
	assert_non_null(guess);
	assert_string_equal(guess, row->meant);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "guess", test_guess, SUITE_ROWS(rows));
	return suite_run(&suite, "guess");
}
