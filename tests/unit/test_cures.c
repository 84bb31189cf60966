/* SPDX-License-Identifier: MIT */
/*
 * The ladder, rung by rung: what lags, and the very steps. Then all
 * combinations, and what must be true of each.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/cures.h"

/* --- Row by row ----------------------------------------------------------- */

/* So they are in all rows that do not say otherwise. */
#define USER  "alice"
#define GROUP "libvirt"
#define URI   "qemu:///system"

#define NEWGRP "+this shell: newgrp libvirt (new files belong to libvirt)\n"
#define EXEC   "+this shell: exec env LIBVIRT_DEFAULT_URI=qemu:///system $SHELL\n"
#define NEWGRP_EXEC                                                            \
	"+this shell: exec env LIBVIRT_DEFAULT_URI=qemu:///system newgrp "     \
	"libvirt (new files belong to libvirt)\n"
#define NEW_SSH                                                                \
	"+for good: new ssh login (if the connection is shared: ssh -O exit "  \
	"HOST "                                                                \
	"first)\n"
#define NEW_LOGIN "+for good: log in again\n"
#define NEW_SU    "+for good: new su -l, sudo -i or run0\n"
#define SU        "+this terminal: su -l alice\n"
#define EXIT_SSH                                                               \
	"+for good: ssh -O exit HOST on the client, then a new ssh login "     \
	"(ends all sessions of that connection)\n"
#define SET_WINDOWS                                                            \
	"new windows: tmux set-environment -g LIBVIRT_DEFAULT_URI "            \
	"qemu:///system\n"
#define SET_SERVICES                                                           \
	"user services: systemctl --user set-environment "                     \
	"LIBVIRT_DEFAULT_URI=qemu:///system (for those started from now on)\n"
#define EXIT_MANAGER "user services: systemctl --user exit, then log in again"
#define WAIT                                                                   \
	"log out of everything, wait 10 seconds, log in (ends the desktop)\n"
#define LOG_OUT "for good: " WAIT
/* … where this session has a cure of its own */
#define LOG_OUT_TOO "desktop: " WAIT
/* … and with it the terminal in which we are */
#define LEAVE "+" LOG_OUT
#define TERMINATE                                                              \
	"loginctl terminate-user alice, then log in again (ends everything "   \
	"of alice's)\n"

/* The rungs by themselves. */
#define SESSION(began, group, uri)                                             \
	.way = (began), .is_session = true, .session_lacks_group = (group),    \
	.session_lacks_uri = (uri)
#define MANAGER(group, uri)                                                    \
	.manager = 812, .services = 4, .manager_lacks_group = (group),         \
	.manager_lacks_uri = (uri)

static const struct row {
	const char *name;
	struct lag lag;
	const char *steps;
} rows[] = {
	{ "nothing lags", { .way = WAY_SSH, .is_session = true }, "" },
	{ "nothing lags, all of it there",
		{ SESSION(WAY_DESKTOP, false, false), MANAGER(false, false),
			.is_lingering = true, .has_desktop = true,
			.has_logind = true, .is_shared_connection = true },
		"" },
	{ "no person's session does not lag",
		{ .way = WAY_SSH,
			.session_lacks_group = true,
			.session_lacks_uri = true },
		"" },

	/* a session, by the way it began */
	{ "ssh, the group", { SESSION(WAY_SSH, true, false) }, NEWGRP NEW_SSH },
	{ "ssh, the URI", { SESSION(WAY_SSH, false, true) }, EXEC NEW_SSH },
	{ "ssh, both", { SESSION(WAY_SSH, true, true) }, NEWGRP_EXEC NEW_SSH },
	{ "a tty, the group", { SESSION(WAY_TTY, true, false) },
		NEWGRP NEW_LOGIN },
	{ "a tty, the URI", { SESSION(WAY_TTY, false, true) }, EXEC NEW_LOGIN },
	{ "su, both", { SESSION(WAY_SU, true, true) }, NEWGRP_EXEC NEW_SU },
	{ "cron or whatever, the URI", { SESSION(WAY_OTHER, false, true) },
		EXEC NEW_LOGIN },
	{ "a desktop, the group",
		{ SESSION(WAY_DESKTOP, true, false), .has_desktop = true },
		NEWGRP SU LEAVE },
	{ "a desktop, the URI",
		{ SESSION(WAY_DESKTOP, false, true), .has_desktop = true },
		EXEC SU LEAVE },
	{ "a desktop, both, in a notification",
		{ SESSION(WAY_DESKTOP, true, true), .has_desktop = true,
			.is_notice = true },
		LEAVE },
	{ "ssh, the URI, in a notification",
		{ SESSION(WAY_SSH, false, true), .is_notice = true }, NEW_SSH },
	{ "a desktop nobody knows, the group",
		{ SESSION(WAY_DESKTOP, true, false) }, NEWGRP SU LEAVE },

	/* a shared connection: a new login alone is the old one */
	{ "a shared connection, the group",
		{ SESSION(WAY_SSH, true, false), .is_shared_connection = true },
		NEWGRP EXIT_SSH },
	{ "a shared connection, the URI",
		{ SESSION(WAY_SSH, false, true), .is_shared_connection = true },
		EXEC EXIT_SSH },
	{ "a shared connection, nothing",
		{ SESSION(WAY_SSH, false, false),
			.is_shared_connection = true },
		"" },
	{ "su below a shared connection",
		{ SESSION(WAY_SU, true, false), .is_shared_connection = true },
		NEWGRP NEW_SU },

	/* multiplexers */
	{ "in tmux, the group",
		{ SESSION(WAY_SSH, true, false),
			.tmux = { 1440, .lacks_group = true, .windows = 3 } },
		NEWGRP "+terminals: new ssh login, then tmux kill-server (ends "
		       "3 windows)\n" },
	{ "in tmux, both",
		{ SESSION(WAY_SSH, true, true),
			.tmux = { 1440, true, true, .windows = 1 } },
		NEWGRP_EXEC "+terminals: new ssh login, then tmux kill-server "
			    "(ends 1 window)\n" },
	{ "in tmux, the URI",
		{ SESSION(WAY_SSH, false, true),
			.tmux = { 1440, .lacks_uri = true, .windows = 3 } },
		EXEC "+" SET_WINDOWS NEW_SSH },
	{ "in tmux on a tty",
		{ SESSION(WAY_TTY, true, false),
			.tmux = { 1440, .lacks_group = true, .windows = 2 } },
		NEWGRP
		"+terminals: log in again, then tmux kill-server (ends 2 "
		"windows)\n" },
	{ "in tmux, on a shared connection",
		{ SESSION(WAY_SSH, true, false), .is_shared_connection = true,
			.tmux = { 1440, .lacks_group = true, .windows = 3 } },
		NEWGRP EXIT_SSH
		"+terminals: new ssh login, then tmux kill-server (ends 3 "
		"windows)\n" },
	{ "an older tmux, this login is new",
		{ SESSION(WAY_SSH, false, false),
			.tmux = { 1440, .lacks_group = true, .windows = 3 } },
		"terminals: tmux kill-server (ends 3 windows)\n" },
	{ "an older tmux, this login lacks the URI",
		{ SESSION(WAY_SSH, false, true),
			.tmux = { 1440, .lacks_group = true, .windows = 3 } },
		EXEC "+terminals: new ssh login, then tmux kill-server (ends 3 "
		     "windows)\n" },
	{ "an older tmux, the URI, this login is new",
		{ SESSION(WAY_SSH, false, false),
			.tmux = { 1440, .lacks_uri = true } },
		SET_WINDOWS },
	{ "somebody's tmux, seen from outside",
		{ .tmux = { 1440, .lacks_group = true, .windows = 3 } },
		"terminals: log in again, then tmux kill-server (ends 3 "
		"windows)\n" },
	{ "a tmux without windows", { .tmux = { 1440, .lacks_group = true } },
		"terminals: log in again, then tmux kill-server\n" },
	{ "in screen, the group",
		{ SESSION(WAY_SSH, true, false),
			.screen = { 77, .lacks_group = true, .windows = 1 } },
		NEWGRP "+terminals: new ssh login, then screen -S 77 -X quit "
		       "(ends 1 window)\n" },
	{ "in screen, the URI",
		{ SESSION(WAY_SU, false, true),
			.screen = { 77, .lacks_uri = true } },
		EXEC "+new windows: screen -S 77 -X setenv LIBVIRT_DEFAULT_URI "
		     "qemu:///system\n" NEW_SU },
	{ "tmux lacks the URI, screen the group",
		{ SESSION(WAY_SSH, true, false),
			.tmux = { 1440, .lacks_uri = true },
			.screen = { 77, .lacks_group = true, .windows = 2 } },
		NEWGRP SET_WINDOWS
		"+terminals: new ssh login, then screen -S 77 -X quit (ends 2 "
		"windows)\n" },
	{ "tmux and screen lack the group",
		{ SESSION(WAY_SSH, true, false),
			.tmux = { 1440, .lacks_group = true, .windows = 1 },
			.screen = { 77, .lacks_group = true, .windows = 2 } },
		NEWGRP "+terminals: new ssh login, then tmux kill-server (ends "
		       "1 window)\n"
		       "+terminals: new ssh login, then screen -S 77 -X quit "
		       "(ends 2 windows)\n" },

	/* systemd --user */
	{ "the manager, the URI", { MANAGER(false, true) }, SET_SERVICES },
	{ "the manager, the group", { MANAGER(true, false) },
		EXIT_MANAGER " (ends 4 processes)\n" },
	{ "the manager, both", { MANAGER(true, true) },
		EXIT_MANAGER " (ends 4 processes)\n" },
	{ "the manager of one service",
		{ .manager = 812, .services = 1, .manager_lacks_group = true },
		EXIT_MANAGER " (ends 1 process)\n" },
	{ "the manager of nothing",
		{ .manager = 812, .manager_lacks_group = true },
		EXIT_MANAGER "\n" },
	{ "the manager, another URI than the session's",
		{ SESSION(WAY_SSH, false, true), MANAGER(false, true),
			.manager_uri = "test:///default" },
		EXEC NEW_SSH
		"user services: systemctl --user set-environment "
		"LIBVIRT_DEFAULT_URI=test:///default (for those started from "
		"now on)\n" },
	{ "somebody's manager, the group",
		{ MANAGER(true, false), .is_other = true, .uid = 1000 },
		"user services: systemctl restart user@1000 (ends 4 "
		"processes)\n" },
	{ "somebody's manager, the group, with a desktop",
		{ MANAGER(true, false), .is_other = true, .uid = 1000,
			.has_desktop = true },
		LOG_OUT },
	{ "a lingering manager, no desktop",
		{ SESSION(WAY_SSH, true, false), MANAGER(true, false),
			.is_lingering = true, .has_logind = true },
		NEWGRP NEW_SSH EXIT_MANAGER " (ends 4 processes)\n" },
	{ "a lingering manager, the URI",
		{ SESSION(WAY_SSH, false, true), MANAGER(false, true),
			.is_lingering = true, .has_logind = true },
		EXEC NEW_SSH SET_SERVICES },

	/* a desktop's terminals inherit its groups */
	{ "a desktop and its manager, the group",
		{ SESSION(WAY_DESKTOP, true, false), MANAGER(true, false),
			.has_desktop = true, .has_logind = true },
		NEWGRP SU LEAVE },
	{ "a desktop and its manager, both",
		{ SESSION(WAY_DESKTOP, true, true), MANAGER(true, true),
			.has_desktop = true },
		NEWGRP_EXEC SU LEAVE },
	{ "a desktop and its manager, the URI",
		{ SESSION(WAY_DESKTOP, false, true), MANAGER(false, true),
			.has_desktop = true },
		EXEC SU SET_SERVICES LEAVE },
	{ "a desktop and its manager, lingering",
		{ SESSION(WAY_DESKTOP, true, false), MANAGER(true, false),
			.has_desktop = true, .is_lingering = true,
			.has_logind = true },
		NEWGRP SU "+for good: " TERMINATE },
	{ "a desktop below a lingering manager, this is ssh",
		{ SESSION(WAY_SSH, false, false), MANAGER(true, false),
			.has_desktop = true, .is_lingering = true,
			.has_logind = true },
		"for good: " TERMINATE },
	{ "a desktop and its manager, lingering, without logind",
		{ SESSION(WAY_DESKTOP, true, false), MANAGER(true, false),
			.has_desktop = true, .is_lingering = true },
		NEWGRP SU
		"+for good: systemctl --user exit, then log out and in again "
		"(ends everything of alice's)\n" },
	{ "a desktop, lingering, the manager has it all",
		{ SESSION(WAY_DESKTOP, true, false), MANAGER(false, false),
			.has_desktop = true, .is_lingering = true,
			.has_logind = true },
		NEWGRP SU LEAVE },
	{ "a desktop below the manager, this is ssh",
		{ SESSION(WAY_SSH, true, false), MANAGER(true, false),
			.has_desktop = true },
		NEWGRP NEW_SSH LOG_OUT_TOO },
	{ "a desktop that lacks nothing, this is ssh",
		{ SESSION(WAY_SSH, true, false), MANAGER(false, false),
			.has_desktop = true },
		NEWGRP NEW_SSH },
	{ "a desktop that lacks nothing, this is su in it",
		{ SESSION(WAY_SU, true, false), MANAGER(false, false),
			.has_desktop = true },
		NEWGRP NEW_SU },
	{ "a desktop of its own, this is ssh",
		{ SESSION(WAY_SSH, false, false), .has_desktop = true,
			.desktop_lags = true },
		LOG_OUT },
	{ "somebody's desktop, seen from outside",
		{ MANAGER(true, false), .has_desktop = true }, LOG_OUT },

	/* what else there is */
	{ "an editor's server", { SESSION(WAY_SSH, false, false), .editor = 9 },
		"editor: kill 9, then connect again (ends its remote "
		"server)\n" },
	{ "an editor's server and this session",
		{ SESSION(WAY_SSH, true, false), .editor = 9 },
		NEWGRP NEW_SSH "editor: kill 9, then connect again (ends its "
			       "remote server)\n" },
	{ "others alone", { .others = 2 },
		"those processes: end them, start them anew\n" },
	{ "others beside what helps them too",
		{ SESSION(WAY_SSH, true, false), .others = 2 },
		NEWGRP NEW_SSH },

	/* what goes into a shell is a word there */
	{ "a group that a shell would take apart",
		{ SESSION(WAY_SSH, true, false), .group = "LAB\\vm users" },
		"+this shell: newgrp 'LAB\\vm users' (new files belong to "
		"LAB\\vm users)\n" NEW_SSH },
	{ "a group and a URI that a shell would take apart",
		{ SESSION(WAY_SSH, true, true), .group = "vm users",
			.uri = "qemu:///system?a&b" },
		"+this shell: exec env "
		"LIBVIRT_DEFAULT_URI='qemu:///system?a&b' "
		"newgrp 'vm users' (new files belong to vm users)\n" NEW_SSH },
	{ "a URI that a shell would take apart",
		{ SESSION(WAY_SSH, false, true),
			.uri = "qemu+ssh://h/system?keyfile=/k&no_tty=1" },
		"+this shell: exec env LIBVIRT_DEFAULT_URI="
		"'qemu+ssh://h/system?keyfile=/k&no_tty=1' $SHELL\n" NEW_SSH },
	{ "a URI that a shell would take apart, for services",
		{ MANAGER(false, true), .uri = "qemu:///system?x=1&y" },
		"user services: systemctl --user set-environment "
		"LIBVIRT_DEFAULT_URI='qemu:///system?x=1&y' (for those started "
		"from now on)\n" },
	{ "a URI that a shell would take apart, for windows",
		{ .tmux = { 1440, .lacks_uri = true },
			.uri = "qemu:///system?x=1&y" },
		"new windows: tmux set-environment -g LIBVIRT_DEFAULT_URI "
		"'qemu:///system?x=1&y'\n" },
	{ "a user that a shell would take apart",
		{ SESSION(WAY_DESKTOP, true, false), MANAGER(true, false),
			.has_desktop = true, .is_lingering = true,
			.has_logind = true, .user = "LAB\\bob" },
		NEWGRP "+this terminal: su -l 'LAB\\bob'\n"
		       "+for good: loginctl terminate-user 'LAB\\bob', then "
		       "log in again (ends everything of LAB\\bob's)\n" },
};

/*
 * "label: command (price)", a line each; + marks what helps this session.
 * Owned by the caller.
 */
static char *
format_steps(const struct cures *cures)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	for (size_t i = 0; i < cures->count; i++) {
		const struct step *step = &cures->steps[i];

		fprintf(stream, "%s%s: %s", step->is_for_session ? "+" : "",
			step->label, step->command);
		if (step->price != NULL)
			fprintf(stream, " (%s)", step->price);
		fputc('\n', stream);
	}
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void
test_steps(void **state)
{
	const struct row *row = *state;
	struct lag lag = row->lag;
	struct cures cures;
	char *steps;

	lag.user = lag.user != NULL ? lag.user : USER;
	lag.group = lag.group != NULL ? lag.group : GROUP;
	lag.uri = lag.uri != NULL ? lag.uri : URI;
	if (lag.manager_uri == NULL)
		lag.manager_uri = lag.uri;
	cures = cures_find(&lag);
	steps = format_steps(&cures);
	assert_string_equal(steps, row->steps);
	free(steps);
	cures_clear(&cures);
	assert_null(cures.steps);
	assert_int_equal(cures.count, 0);
}

static const struct assign_row {
	const char *name, *uri, *assignment;
} assign_rows[] = {
	{ "plain", URI, "LIBVIRT_DEFAULT_URI=qemu:///system" },
	{ "percent-encoded", "qemu+ssh://a%40b@h:22/system",
		"LIBVIRT_DEFAULT_URI=qemu+ssh://a%40b@h:22/system" },
	{ "with a query", "qemu+tls://h/system?no_verify=1",
		"LIBVIRT_DEFAULT_URI='qemu+tls://h/system?no_verify=1'" },
	{ "with a quote", "test:///it's",
		"LIBVIRT_DEFAULT_URI='test:///it'\\''s'" },
	{ "with a dollar", "test:///$HOME",
		"LIBVIRT_DEFAULT_URI='test:///$HOME'" },
	{ "nothing", "", "LIBVIRT_DEFAULT_URI=''" },
};

static void
test_assign(void **state)
{
	const struct assign_row *row = *state;
	char *assignment = cures_assign(row->uri);

	assert_string_equal(assignment, row->assignment);
	free(assignment);
}

/* --- All combinations ----------------------------------------------------- */

/* Takes one of n choices off a number. */
static unsigned int
choose(unsigned int *number, unsigned int n)
{
	unsigned int choice = *number % n;

	*number /= n;
	return choice;
}

static struct multiplexer
choose_multiplexer(unsigned int *number, pid_t pid, unsigned int choices)
{
	unsigned int choice = choose(number, choices);

	return (struct multiplexer){
		.pid = choice > 0 ? pid : 0,
		.lacks_group = choice == 1 || choice == 3,
		.lacks_uri = choice >= 2,
		.windows = 2,
	};
}

/* Each of them comes once before *number is left over. */
static struct lag
choose_lag(unsigned int *number)
{
	struct lag lag = { .user = USER,
		.uid = 1000,
		.group = GROUP,
		.uri = URI,
		.manager_uri = URI };
	unsigned int manager, desktop;

	lag.way = choose(number, WAY_DESKTOP + 1);
	lag.is_session = choose(number, 2);
	lag.is_other = !lag.is_session;
	lag.session_lacks_group = choose(number, 2);
	lag.session_lacks_uri = choose(number, 2);
	lag.is_shared_connection = choose(number, 2);
	lag.tmux = choose_multiplexer(number, 1440, 4);
	lag.screen = choose_multiplexer(number, 77, 2);
	manager = choose(number, 5);
	lag.manager = manager > 0 ? 812 : 0;
	lag.manager_lacks_group = manager == 2 || manager == 4;
	lag.manager_lacks_uri = manager >= 3;
	lag.services = 3;
	lag.is_lingering = lag.manager != 0 && choose(number, 2);
	lag.has_logind = true;
	desktop = choose(number, 3);
	lag.has_desktop = desktop > 0;
	lag.desktop_lags = desktop == 2;
	lag.editor = choose(number, 2) ? 9 : 0;
	lag.others = choose(number, 2) ? 3 : 0;
	return lag;
}

/* How many choose_lag() tells apart. */
enum { COMBINATIONS = 5 * 2 * 2 * 2 * 2 * 4 * 2 * 5 * 2 * 3 * 2 * 2 };

static bool
lags(const struct lag *lag)
{
	return (lag->is_session &&
		       (lag->session_lacks_group || lag->session_lacks_uri)) ||
		lag->tmux.pid != 0 || lag->screen.pid != 0 ||
		lag->manager_lacks_group || lag->manager_lacks_uri ||
		lag->desktop_lags || lag->editor != 0 || lag->others > 0;
}

struct expectation {
	const char *step; /* part of it */
	bool is_there;
};

/* Who must have a step, and who must not lose anything. */
static void
check_steps(const struct lag *lag, const char *steps)
{
	bool group = lag->is_session && lag->session_lacks_group;
	bool uri = lag->is_session && lag->session_lacks_uri;
	bool is_desktop = (group || uri) && lag->way == WAY_DESKTOP;
	bool is_helped = strstr(steps, "\n+") != NULL || steps[0] == '+';
	bool manager = lag->manager_lacks_group;
	bool ends_desktop = is_desktop || lag->desktop_lags ||
		(manager && lag->has_desktop);
	bool lingers = lag->is_lingering && manager;
	const struct expectation expectations[] = {
		{ "newgrp libvirt", group },
		{ "exec env LIBVIRT_DEFAULT_URI=qemu:///system $SHELL",
			uri && !group },
		{ "exec env LIBVIRT_DEFAULT_URI=qemu:///system newgrp libvirt",
			uri && group },
		{ "this shell: ", group || uri },
		{ "ssh -O exit HOST on the client",
			(group || uri) && lag->way == WAY_SSH &&
				lag->is_shared_connection },
		{ "tmux kill-server", lag->tmux.lacks_group },
		{ "tmux set-environment",
			lag->tmux.lacks_uri && !lag->tmux.lacks_group },
		{ "screen -S 77 -X quit", lag->screen.lacks_group },
		{ "systemctl --user set-environment",
			lag->manager_lacks_uri && !manager && !lag->is_other },
		{ "systemctl --user -M alice@ set-environment",
			lag->manager_lacks_uri && !manager && lag->is_other },
		{ "systemctl --user exit",
			manager && !lag->has_desktop && !lag->is_other },
		{ "systemctl restart user@1000",
			manager && !lag->has_desktop && lag->is_other },
		{ "log out of everything", ends_desktop && !lingers },
		{ "terminate-user", ends_desktop && lingers },
		{ "kill 9,", lag->editor != 0 },
	};

	for (size_t i = 0; i < countof(expectations); i++) {
		if ((strstr(steps, expectations[i].step) != NULL) ==
			expectations[i].is_there)
			continue;
		print_error("%s is%s there:\n%s\n", expectations[i].step,
			expectations[i].is_there ? " not" : "", steps);
		fail();
	}
	if ((group || uri) && strstr(steps, "terminals: ") == NULL)
		fake_assert_says(steps, "+for good: ");
	assert_int_equal(is_helped, group || uri);
}

/* Whoever reads from the top meets what ends more later. */
static void
check_order(const struct cures *cures)
{
	for (size_t i = 0; i < cures->count; i++) {
		const struct step *step = &cures->steps[i];

		if (strcmp(step->label, "this shell") == 0)
			assert_int_equal(i, 0);
		if (strstr(step->command, "log out of everything") != NULL ||
			strstr(step->command, "terminate-user") != NULL)
			assert_int_equal(i, cures->count - 1);
		assert_string_not_equal(step->command, "");
		if (step->price != NULL)
			assert_string_not_equal(step->price, "");
	}
}

static void
test_combinations(void **state)
{
	unsigned int count = 0, left = 0;

	(void)state;
	for (unsigned int number = 0; left == 0; number++) {
		struct cures cures;
		struct lag lag;
		char *steps;

		left = number;
		lag = choose_lag(&left);
		if (left > 0)
			break;
		cures = cures_find(&lag);
		steps = format_steps(&cures);
		assert_int_equal(cures.count > 0, lags(&lag));
		check_steps(&lag, steps);
		check_order(&cures);
		free(steps);
		cures_clear(&cures);
		count++;
	}
	fake_assert_between(count, COMBINATIONS / 4, COMBINATIONS);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "steps", test_steps, SUITE_ROWS(rows));
	suite_add(&suite, "assign", test_assign, SUITE_ROWS(assign_rows));
	suite_add_one(&suite, "all combinations", test_combinations);
	return suite_run(&suite, "cures");
}
