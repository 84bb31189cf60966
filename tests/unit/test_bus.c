/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>

#include "../../helper/bus.h"

/* What is asked is asked in tests/bus. */
static const struct row {
	const char *name, *text, *markup;
} rows[] = {
	{ "nothing", "", "" },
	{ "nothing special", "tmux: server 1440", "tmux: server 1440" },
	{ "an element", "<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;" },
	{ "an entity", "&lt;", "&amp;lt;" },
	{ "both quotes", "\"it's\"", "&quot;it&#39;s&quot;" },
	{ "beyond ASCII", "M\xc3\xbcller", "M\xc3\xbcller" },
	{ "another line", "a\nb", "a\\x0ab" },
	{ "a terminal's command", "\033[31m", "\\x1b[31m" },
	{ "not UTF-8", "\xff&", "\\xff&amp;" },
};

static void
test_escape_markup(void **state)
{
	const struct row *row = *state;
	char *markup = bus_escape_markup(row->text);

	assert_string_equal(markup, row->markup);
	free(markup);
}

#ifndef WITH_SYSTEMD

static void
test_without_systemd(void **state)
{
	struct polkit_answer answer = { false, true };
	struct manager manager = { 1, NULL };
	bool is_lingering = true;
	char *by = NULL;
	uint32_t id = 1;

	(void)state;
	assert_int_equal(bus_ask_polkit("a", 1, 1, 1, 1, &answer), -EOPNOTSUPP);
	assert_int_equal(bus_ask_manager(1, &manager), -EOPNOTSUPP);
	assert_int_equal(bus_is_lingering(1, 1, &is_lingering), -EOPNOTSUPP);
	assert_int_equal(bus_notify(0, "a", "b", 1, &id, &by), -EOPNOTSUPP);
	assert_int_equal(bus_close_notification(1, 1), -EOPNOTSUPP);
	/* nothing was touched */
	assert_true(answer.is_challenge && is_lingering);
	assert_true(manager.pid == 1 && id == 1);
}

#endif

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(
		&suite, "escape_markup", test_escape_markup, SUITE_ROWS(rows));
#ifndef WITH_SYSTEMD
	suite_add_one(&suite, "without systemd", test_without_systemd);
#endif
	return suite_run(&suite, "bus");
}
