/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../helper/personal.h"
#include "../../helper/personal_search.h"
#include "alloc.h"

/* Long enough for whatever is to end by itself, on a busy machine */
#define LONG_MS 20000

#define HOME    "/home/alice"
#define IN_HOME "home/alice/"
#define QEMU    IN_HOME ".config/libvirt/qemu/"
#define L       "LIBVIRT_DEFAULT_URI"
#define BOXES   "org.gnome.Boxes"

static struct personal
read_below(const char *root, const char *config_home, bool is_root)
{
	const struct personal_where where = { root, HOME, config_home,
		is_root };
	struct personal personal = { 0 };

	assert_int_equal(personal_read(&where, LONG_MS, &personal), 0);
	return personal;
}

static const char *
below(const char *root, const char *path)
{
	size_t size = strlen(root);

	assert_non_null(path);
	assert_memory_equal(path, root, size);
	return path + size;
}

/* --- Assignments ---------------------------------------------------------- */

/* "/etc/profile:1=value", a blank, … ; the user's own with a '~' before. */
static void
format_assignments(const struct personal *personal, const char *root, char *out,
	size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < personal->n_assignments; i++) {
		const struct assignment *it = &personal->assignments[i];
		size_t used = strlen(out);

		assert_string_equal(it->variable, L);
		snprintf(out + used, size - used, "%s%s%s:%u%s%s",
			used > 0 ? " " : "", it->is_users ? "~" : "",
			below(root, it->file), it->line,
			it->is_unset                ? "-"
				: it->value == NULL ? "?"
						    : "=",
			it->value != NULL ? it->value : "");
	}
}

static const struct file_row {
	const char *path; /* its name too */
	const char *text;
} file_rows[] = {
	{ "etc/environment", L "=x" },
	{ "etc/environment.d/50-a.conf", L "=x" },
	{ "run/environment.d/50-a.conf", L "=x" },
	{ "usr/lib/environment.d/50-a.conf", L "=x" },
	{ "etc/security/pam_env.conf", L " DEFAULT=x" },
	{ "etc/systemd/system.conf", "DefaultEnvironment=" L "=x" },
	{ "etc/systemd/user.conf", "DefaultEnvironment=" L "=x" },
	{ "etc/systemd/user.conf.d/a.conf", "DefaultEnvironment=" L "=x" },
	{ "etc/systemd/system/user@.service.d/a.conf", "Environment=" L "=x" },
	{ "etc/xdg/uwsm/env", "export " L "=x" },
	{ "etc/xdg/uwsm/env.d/a", "export " L "=x" },
	{ "usr/share/uwsm/env", "export " L "=x" },
	{ "usr/share/uwsm/env.d/a", "export " L "=x" },
	{ "etc/X11/Xsession.d/50a", "export " L "=x" },
	{ "etc/profile", "export " L "=x" },
	{ "etc/profile.d/a.sh", "export " L "=x" },
	{ "etc/profile.d/a.csh", "setenv " L " x" },
	{ "etc/bash.bashrc", "export " L "=x" },
	{ "etc/bashrc", "export " L "=x" },
	{ "etc/zsh/zshenv", "export " L "=x" },
	{ "etc/zsh/zprofile", "export " L "=x" },
	{ "etc/zsh/zshrc", "export " L "=x" },
	{ "etc/zsh/zlogin", "export " L "=x" },
	{ "etc/zshenv", "export " L "=x" },
	{ "etc/csh.cshrc", "setenv " L " x" },
	{ "etc/csh.login", "setenv " L " x" },
	{ "etc/fish/config.fish", "set -gx " L " x" },
	{ "etc/fish/conf.d/a.fish", "set -gx " L " x" },
	{ IN_HOME ".profile", "export " L "=x" },
	{ IN_HOME ".bash_profile", "export " L "=x" },
	{ IN_HOME ".bash_login", "export " L "=x" },
	{ IN_HOME ".bashrc", "export " L "=x" },
	{ IN_HOME ".zshenv", "export " L "=x" },
	{ IN_HOME ".zprofile", "export " L "=x" },
	{ IN_HOME ".zshrc", "export " L "=x" },
	{ IN_HOME ".zlogin", "export " L "=x" },
	{ IN_HOME ".kshrc", "export " L "=x" },
	{ IN_HOME ".mkshrc", "export " L "=x" },
	{ IN_HOME ".yashrc", "export " L "=x" },
	{ IN_HOME ".cshrc", "setenv " L " x" },
	{ IN_HOME ".tcshrc", "setenv " L " x" },
	{ IN_HOME ".login", "setenv " L " x" },
	{ IN_HOME ".config/fish/config.fish", "set -gx " L " x" },
	{ IN_HOME ".config/fish/conf.d/a.fish", "set -gx " L " x" },
	{ IN_HOME ".config/nushell/env.nu", "$env." L " = 'x'" },
	{ IN_HOME ".config/nushell/config.nu", "$env." L " = 'x'" },
	{ IN_HOME ".config/elvish/rc.elv", "set-env " L " x" },
	{ IN_HOME ".xonshrc", "$" L " = 'x'" },
	{ IN_HOME ".config/xonsh/rc.xsh", "$" L " = 'x'" },
	{ IN_HOME ".pam_environment", L " DEFAULT=x" },
	{ IN_HOME ".xprofile", "export " L "=x" },
	{ IN_HOME ".xsessionrc", "export " L "=x" },
	{ IN_HOME ".xinitrc", "export " L "=x" },
	{ IN_HOME ".config/environment.d/50-a.conf", L "=x" },
	{ IN_HOME ".config/uwsm/env", "export " L "=x" },
	{ IN_HOME ".config/uwsm/env.d/a", "export " L "=x" },
	{ IN_HOME ".config/plasma-workspace/env/a.sh", "export " L "=x" },
	{ IN_HOME ".config/systemd/user.conf", "DefaultEnvironment=" L "=x" },
	{ IN_HOME ".ssh/environment", L "=x" },
};

/* Each file is read, in its own language, and known for the user's or not. */
static void
test_file(void **state)
{
	const struct file_row *row = *state;
	const char *root = fake_root(NULL);
	bool is_users = strncmp(row->path, IN_HOME, strlen(IN_HOME)) == 0;
	struct personal personal;
	char told[200], wanted[200];

	fake_write(root, row->path, row->text);
	personal = read_below(root, NULL, false);
	format_assignments(&personal, root, told, sizeof(told));
	personal_clear(&personal);
	snprintf(wanted, sizeof(wanted), "%s/%s:1=x", is_users ? "~" : "",
		row->path);
	assert_string_equal(told, wanted);
}

static const struct tree_row {
	const char *name;
	struct fake_node nodes[5];
	const char *told;
	const char *unreadable; /* NULL: nothing is */
	bool has_absolute_link;
} tree_rows[] = {
	{ "no files at all", { { NULL } }, "" },
	{ "the host's come first",
		{ { IN_HOME ".profile", L "=b" }, { "etc/profile", L "=a" } },
		"/etc/profile:1=a ~/home/alice/.profile:1=b" },
	{ "directories are in order",
		{ { "etc/profile.d/b.sh", L "=b" },
			{ "etc/profile.d/a.sh", "\n\n" L "=a" },
			{ "etc/profile.d/c.sh", "unset " L } },
		"/etc/profile.d/a.sh:3=a /etc/profile.d/b.sh:1=b "
		"/etc/profile.d/c.sh:1-" },
	{ "values that are none",
		{ { "etc/profile", L "=$x\n" L "=\n" L "=''" } },
		"/etc/profile:1? /etc/profile:2= /etc/profile:3=" },
	{ "bytes as they are",
		{ { "etc/profile", L "='=\n" L "='=\x1b[m\xff'" } },
		"/etc/profile:1? /etc/profile:2==\x1b[m\xff" },
	{ "other names in a directory",
		{ { "etc/profile.d/a.txt", L "=a" },
			{ "etc/profile.d/a.sh.bak", L "=a" },
			{ "etc/profile.d/a", L "=a" },
			{ "etc/profile.d/.sh", L "=a" } },
		"" },
	{ "dotfiles in a directory",
		{ { "etc/profile.d/.a.sh", L "=a" },
			{ "etc/xdg/uwsm/env.d/.a", L "=a" } },
		"" },
	{ "our own snippet",
		{ { "etc/xdg/uwsm/env.d/70-virturi", L "=a" },
			{ "usr/share/uwsm/env.d/virturi", L "=a" },
			{ IN_HOME ".config/uwsm/env.d/virturi", L "=a" } },
		"" },
	{ "our name elsewhere", { { "etc/X11/Xsession.d/70-virturi", L "=a" } },
		"/etc/X11/Xsession.d/70-virturi:1=a" },
	{ "a link to a file",
		{ { IN_HOME ".profile", "dotfiles/profile", FAKE_LINK },
			{ IN_HOME "dotfiles/profile", L "=a" } },
		"~/home/alice/.profile:1=a" },
	{ "an absolute link stays below the root",
		{ { IN_HOME ".profile", "/opt/profile", FAKE_LINK },
			{ "opt/profile", L "=a" } },
		"~/home/alice/.profile:1=a", NULL, true },
	{ "one file by two names",
		{ { "usr/lib/environment.d/99-environment.conf",
			  "/etc/environment", FAKE_LINK },
			{ "etc/environment", L "=a" } },
		"/etc/environment:1=a", NULL, true },
	{ "a link that leads nowhere",
		{ { IN_HOME ".profile", "nowhere", FAKE_LINK } }, "" },
	{ "links in a circle",
		{ { IN_HOME ".profile", ".bashrc", FAKE_LINK },
			{ IN_HOME ".bashrc", ".profile", FAKE_LINK },
			{ IN_HOME ".zshrc", L "=a" } },
		"~/home/alice/.zshrc:1=a", "/home/alice/.profile" },
	{ "a FIFO", { { IN_HOME ".profile", NULL, FAKE_FIFO } }, "" },
	{ "a link to a FIFO",
		{ { IN_HOME ".profile", "fifo", FAKE_LINK },
			{ IN_HOME "fifo", NULL, FAKE_FIFO } },
		"" },
	{ "a FIFO in a directory",
		{ { "etc/profile.d/a.sh", NULL, FAKE_FIFO },
			{ "etc/profile.d/b.sh", L "=a" } },
		"/etc/profile.d/b.sh:1=a" },
	{ "a directory", { { IN_HOME ".profile", NULL, FAKE_DIRECTORY } }, "" },
	{ "a file for a directory", { { "etc/profile.d", "x" } }, "" },
	{ "a FIFO for a directory", { { "etc/profile.d", NULL, FAKE_FIFO } },
		"" },
	{ "a file for a home", { { "home/alice", "x" } }, "" },
	{ "not to be read",
		{ { IN_HOME ".profile", L "=a", FAKE_FILE, 0200 },
			{ IN_HOME ".bashrc", L "=a", FAKE_FILE, 0200 },
			{ IN_HOME ".zshrc", L "=a" } },
		"~/home/alice/.zshrc:1=a", "/home/alice/.profile" },
	{ "a directory not to be read",
		{ { "etc/profile.d/a.sh", L "=a" },
			{ "etc/profile.d", NULL, FAKE_DIRECTORY, 0311 },
			{ IN_HOME ".zshrc", L "=a" } },
		"~/home/alice/.zshrc:1=a", "/etc/profile.d" },
};

/* Some of it only holds for those who are not root. */
static void
test_tree(void **state)
{
	const struct tree_row *row = *state;
	const char *root = fake_root(NULL);
	bool is_nobody;
	struct personal personal;
	char told[400];

	if (row->has_absolute_link && !fake_has_openat2())
		skip();
	for (const struct fake_node *node = row->nodes; node->path != NULL;
		node++)
		fake_make(root, node);
	is_nobody = fake_become_nobody();
	personal = read_below(root, NULL, false);
	if (is_nobody)
		fake_back();
	format_assignments(&personal, root, told, sizeof(told));
	assert_string_equal(told, row->told);
	if (row->unreadable == NULL) {
		assert_null(personal.unreadable);
	} else {
		assert_string_equal(
			below(root, personal.unreadable), row->unreadable);
		assert_true(personal.unreadable_error == EACCES ||
			personal.unreadable_error == ELOOP);
	}
	personal_clear(&personal);
}

/* --- Whose files ---------------------------------------------------------- */

static const struct where_row {
	const char *name;
	const char *home, *config_home;
	bool is_root;
	const char *told;
	const char *client_conf; /* NULL: none */
	const char *machines;
} where_rows[] = {
	{ "nobody's", NULL, NULL, false, "/etc/profile:1=h", NULL, "" },
	{ "nobody's, whatever the configuration", NULL, "/other", false,
		"/etc/profile:1=h", NULL, "" },
	{ "a home", HOME, NULL, false,
		"/etc/profile:1=h ~/home/alice/.config/uwsm/env:1=c "
		"~/home/alice/.profile:1=u",
		"/home/alice/.config/libvirt/libvirt.conf", "here" },
	{ "configuration elsewhere", HOME, "/other", false,
		"/etc/profile:1=h ~/other/uwsm/env:1=o "
		"~/home/alice/.profile:1=u",
		"/other/libvirt/libvirt.conf", "there" },
	{ "a relative path is none", HOME, "other", false,
		"/etc/profile:1=h ~/home/alice/.config/uwsm/env:1=c "
		"~/home/alice/.profile:1=u",
		"/home/alice/.config/libvirt/libvirt.conf", "here" },
	{ "root's", HOME, NULL, true,
		"/etc/profile:1=h ~/home/alice/.config/uwsm/env:1=c "
		"~/home/alice/.profile:1=u",
		"/etc/libvirt/libvirt.conf", "" },
	{ "root's, without a home", NULL, NULL, true, "/etc/profile:1=h",
		"/etc/libvirt/libvirt.conf", "" },
	{ "a home that is none", "", NULL, false, "/etc/profile:1=h", NULL,
		"" },
	{ "a home that is not there", "/home/bob", NULL, false,
		"/etc/profile:1=h", NULL, "" },
};

static void
make_two_configurations(const char *root)
{
	static const struct fake_node nodes[] = {
		{ "etc/profile", L "=h" },
		{ "etc/libvirt/libvirt.conf", "uri_default = 'root:'" },
		{ IN_HOME ".profile", L "=u" },
		{ IN_HOME ".config/uwsm/env", L "=c" },
		{ IN_HOME ".config/libvirt/libvirt.conf",
			"uri_default = 'users:'" },
		{ QEMU "here.xml" },
		{ "other/uwsm/env", L "=o" },
		{ "other/libvirt/libvirt.conf", "uri_default = 'others:'" },
		{ "other/libvirt/qemu/there.xml" },
	};

	for (size_t i = 0; i < countof(nodes); i++)
		fake_make(root, &nodes[i]);
}

static void
test_where(void **state)
{
	const struct where_row *row = *state;
	const char *root = fake_root(NULL);
	const struct personal_where where = { root, row->home, row->config_home,
		row->is_root };
	struct personal personal;
	char told[400];

	make_two_configurations(root);
	assert_int_equal(personal_read(&where, LONG_MS, &personal), 0);
	format_assignments(&personal, root, told, sizeof(told));
	assert_string_equal(told, row->told);
	if (row->client_conf == NULL)
		assert_null(personal.client_conf);
	else
		assert_string_equal(
			below(root, personal.client_conf), row->client_conf);
	assert_int_equal(
		personal.uri_default != NULL, row->client_conf != NULL);
	assert_int_equal(personal.n_machines, row->machines[0] != '\0');
	if (personal.n_machines > 0)
		assert_string_equal(personal.machines[0], row->machines);
	personal_clear(&personal);
}

/* --- libvirt.conf --------------------------------------------------------- */

#define CONF IN_HOME ".config/libvirt/libvirt.conf"

static const struct conf_row {
	const char *name;
	struct fake_node node;
	const char *uri; /* NULL: none */
	unsigned int line;
	int error;
	bool is_absent;
} conf_rows[] = {
	{ "absent", { NULL }, NULL, 0, 0, true },
	{ "a URI", { CONF, "\nuri_default = 'a'" }, "a", 2, 0 },
	{ "the empty one", { CONF, "uri_default = ''" }, "", 1, 0 },
	{ "none", { CONF, "# nothing" }, NULL, 0, 0 },
	{ "a mistake", { CONF, "uri_default = 'a'\nb\n" }, NULL, 2, EBADMSG },
	{ "not to be read", { CONF, "uri_default = 'a'", FAKE_FILE, 0200 },
		NULL, 0, EACCES },
	{ "a FIFO", { CONF, NULL, FAKE_FIFO }, NULL, 0, 0, true },
};

static void
test_conf(void **state)
{
	const struct conf_row *row = *state;
	const char *root = fake_root(NULL);
	bool is_nobody;
	struct personal personal;

	if (row->node.path != NULL)
		fake_make(root, &row->node);
	is_nobody = fake_become_nobody();
	personal = read_below(root, NULL, false);
	if (is_nobody)
		fake_back();
	assert_int_equal(personal.client_conf == NULL, row->is_absent);
	assert_int_equal(personal.client_conf_error, row->error);
	assert_int_equal(personal.client_conf_line, row->line);
	assert_int_equal(personal.uri_default == NULL, row->uri == NULL);
	if (row->uri != NULL)
		assert_string_equal(personal.uri_default, row->uri);
	personal_clear(&personal);
}

/* --- Machines ------------------------------------------------------------- */

static const struct machine_row {
	const char *name;
	struct fake_node nodes[5];
	const char *machines; /* each with a '|' behind it */
	int error;
} machine_rows[] = {
	{ "no directory", { { NULL } }, "" },
	{ "an empty one",
		{ { IN_HOME ".config/libvirt/qemu", NULL, FAKE_DIRECTORY } },
		"" },
	{ "sorted", { { QEMU "win10.xml" }, { QEMU "test.xml" } },
		"test|win10|" },
	{ "odd names",
		{ { QEMU "-rf.xml" }, { QEMU "a b\xff\n.xml" },
			{ QEMU "x.xml.xml" } },
		"-rf|a b\xff\n|x.xml|" },
	{ "no machines",
		{ { QEMU "networks/default.xml" },
			{ QEMU "autostart.xml/a.xml" }, { QEMU "test.xml.bak" },
			{ QEMU ".xml" } },
		"" },
	{ "a link to a file and one to a FIFO",
		{ { QEMU "a.xml", "../a", FAKE_LINK },
			{ IN_HOME ".config/libvirt/a", "x" },
			{ QEMU "b.xml", "../b", FAKE_LINK },
			{ IN_HOME ".config/libvirt/b", NULL, FAKE_FIFO } },
		"a|" },
	{ "not to be listed",
		{ { QEMU "a.xml" },
			{ IN_HOME ".config/libvirt/qemu", NULL, FAKE_DIRECTORY,
				0311 } },
		"", EACCES },
};

static void
test_machines(void **state)
{
	const struct machine_row *row = *state;
	const char *root = fake_root(NULL);
	char names[200] = "";
	bool is_nobody;
	struct personal personal;

	for (const struct fake_node *node = row->nodes; node->path != NULL;
		node++)
		fake_make(root, node);
	is_nobody = fake_become_nobody();
	personal = read_below(root, NULL, false);
	if (is_nobody)
		fake_back();
	for (size_t i = 0; i < personal.n_machines; i++) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s|",
			personal.machines[i]);
	}
	assert_string_equal(names, row->machines);
	assert_int_equal(personal.machines_error, row->error);
	personal_clear(&personal);
}

/* --- GNOME Boxes ---------------------------------------------------------- */

#define SYSTEM_FLATPAK "var/lib/flatpak/"
#define USER_FLATPAK   IN_HOME ".local/share/flatpak/"
#define INSTALLED                                                              \
	{                                                                      \
		SYSTEM_FLATPAK "app/" BOXES, NULL, FAKE_DIRECTORY              \
	}
#define UNSET "[Context]\nunset-environment=" L ";\n"

static const struct boxes_row {
	const char *name;
	struct fake_node nodes[4];
	bool is_given;
} boxes_rows[] = {
	{ "not there", { { NULL } }, false },
	{ "the host's", { INSTALLED }, true },
	{ "the user's", { { USER_FLATPAK "app/" BOXES, NULL, FAKE_DIRECTORY } },
		true },
	{ "another application",
		{ { SYSTEM_FLATPAK "app/org.gnome.Maps", NULL,
			FAKE_DIRECTORY } },
		false },
	{ "withheld by the user",
		{ INSTALLED, { USER_FLATPAK "overrides/" BOXES, UNSET } },
		false },
	{ "withheld by the host",
		{ INSTALLED, { SYSTEM_FLATPAK "overrides/" BOXES, UNSET } },
		false },
	{ "withheld from all",
		{ INSTALLED, { USER_FLATPAK "overrides/global", UNSET } },
		false },
	{ "withheld with others",
		{ INSTALLED,
			{ USER_FLATPAK "overrides/" BOXES,
				"unset-environment=A;" L } },
		false },
	{ "withheld behind the like",
		{ INSTALLED,
			{ USER_FLATPAK "overrides/" BOXES,
				"unset-environment=" L "_OLD;" L ";" } },
		false },
	{ "set to another",
		{ INSTALLED,
			{ USER_FLATPAK "overrides/" BOXES,
				"[Environment]\n" L "=qemu:///session\n" } },
		false },
	{ "others withheld",
		{ INSTALLED,
			{ USER_FLATPAK "overrides/" BOXES,
				"unset-environment=MY_" L ";" L "_OLD;" } },
		true },
	{ "an override about something else",
		{ INSTALLED,
			{ USER_FLATPAK "overrides/" BOXES,
				"filesystems=" L "\n" L "\n" } },
		true },
};

static void
test_boxes(void **state)
{
	const struct boxes_row *row = *state;
	const char *root = fake_root(NULL);
	struct personal personal;

	for (const struct fake_node *node = row->nodes; node->path != NULL;
		node++)
		fake_make(root, node);
	personal = read_below(root, NULL, false);
	assert_int_equal(personal.is_boxes_flatpak, row->is_given);
	personal_clear(&personal);
}

/* --- Much ----------------------------------------------------------------- */

static void
write_lines(const char *root, const char *path, const char *line, size_t size)
{
	size_t length = strlen(line);
	char *text = malloc(size + 1);

	assert_non_null(text);
	for (size_t i = 0; i < size; i++)
		text[i] = line[i % length];
	text[size] = '\0';
	fake_write(root, path, text);
	free(text);
}

/* A mebibyte is read, a byte more is not. */
static void
test_big_file(void **state)
{
	const char *root = fake_root(NULL);
	struct personal personal;

	(void)state;
	write_lines(root, "etc/profile", "export " L "=a\n", 1 << 20);
	write_lines(root, "etc/bashrc", "export " L "=b\n", (1 << 20) + 1);
	personal = read_below(root, NULL, false);
	assert_int_equal(personal.n_assignments, PERSONAL_ASSIGNMENTS_MAX);
	assert_string_equal(personal.assignments[0].value, "a");
	assert_string_equal(below(root, personal.unreadable), "/etc/bashrc");
	assert_int_equal(personal.unreadable_error, EFBIG);
	personal_clear(&personal);
}

/* All that can be found at once, in its greatest size, fits into the pipe. */
static void
test_most(void **state)
{
	const char *root = fake_root(NULL);
	static const char setting[] = "export " L "=";
	char line[ASSIGNMENTS_LINE_MAX + 1] = "", path[400];
	struct personal personal;

	(void)state;
	memset(line, 'a', ASSIGNMENTS_LINE_MAX);
	memcpy(line, setting, sizeof(setting) - 1);
	for (size_t i = 0; i < PERSONAL_ASSIGNMENTS_MAX + 5; i++) {
		snprintf(path, sizeof(path), "etc/profile.d/%zu.sh", i);
		fake_write(root, path, line);
	}
	for (size_t i = 0; i < PERSONAL_MACHINES_MAX + 5; i++) {
		snprintf(path, sizeof(path), QEMU "%0240zu.xml", i);
		fake_write(root, path, "");
	}
	personal = read_below(root, NULL, false);
	assert_int_equal(personal.n_assignments, PERSONAL_ASSIGNMENTS_MAX);
	assert_int_equal(strlen(personal.assignments[0].value),
		sizeof(line) - sizeof(setting));
	assert_int_equal(personal.n_machines, PERSONAL_MACHINES_MAX);
	assert_int_equal(
		strlen(personal.machines[PERSONAL_MACHINES_MAX - 1]), 240);
	personal_clear(&personal);
}

/* --- The child ------------------------------------------------------------ */

static void
test_no_root(void **state)
{
	struct personal_where where = { .home = HOME };
	struct personal personal;

	(void)state;
	where.root = fake_path(fake_root(NULL), "nowhere");
	assert_int_equal(personal_read(&where, LONG_MS, &personal), -ENOENT);
}

static pid_t parent;

static void
die_in_child(void)
{
	if (getpid() != parent)
		(void)raise(SIGKILL);
}

/* It has not said all it had to say; that is not taken for the whole. */
static void
test_dead_child(void **state)
{
	const struct personal_where where = { fake_root(NULL), HOME };
	struct personal personal = { .n_machines = 7 };
	int r;

	(void)state;
	parent = getpid();
	alloc_call(die_in_child);
	r = personal_read(&where, LONG_MS, &personal);
	alloc_call(NULL);
	assert_int_equal(r, -EBADMSG);
	assert_int_equal(personal.n_machines, 7);
}

static const char *sleepers_mark;

/* The first child to come here sleeps for ever. */
static void
sleep_once_in_child(void)
{
	if (getpid() != parent && mkdir(sleepers_mark, 0755) == 0)
		pause();
}

/* What the host's files say is known all the same. */
static void
test_silent_home(void **state)
{
	const char *root = fake_root(NULL);
	const struct personal_where where = { root, HOME };
	struct personal personal;
	char told[400];
	int r;

	(void)state;
	make_two_configurations(root);
	parent = getpid();
	sleepers_mark = fake_path(root, "sleeper");
	alloc_call(sleep_once_in_child);
	/* short, for the first; the second has to end in it */
	r = personal_read(&where, 2000, &personal);
	alloc_call(NULL);
	assert_int_equal(r, -ETIMEDOUT);
	format_assignments(&personal, root, told, sizeof(told));
	personal_clear(&personal);
	assert_string_equal(told, "/etc/profile:1=h");
}

/* Nothing is kept open, and a cleared one can be cleared again. */
static void
test_leaves_nothing(void **state)
{
	const char *root = fake_root(NULL);
	size_t before = fake_descriptors();
	struct personal personal;

	(void)state;
	make_two_configurations(root);
	personal = read_below(root, NULL, false);
	personal_clear(&personal);
	personal_clear(&personal);
	assert_int_equal(fake_descriptors(), before);
}

/* The search is the same in one's own process, and keeps nothing open. */
static void
test_search_leaves_nothing(void **state)
{
	const char *root = fake_root(NULL);
	const struct personal_where where = { root, HOME, NULL, false };
	size_t before;
	struct personal personal;

	(void)state;
	make_two_configurations(root);
	before = fake_descriptors();
	assert_int_equal(personal_search(&where, &personal), 0);
	assert_int_equal(personal.n_assignments, 3);
	personal_clear(&personal);
	assert_int_equal(fake_descriptors(), before);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "file", test_file, SUITE_ROWS(file_rows));
	suite_add(&suite, "tree", test_tree, SUITE_ROWS(tree_rows));
	suite_add(&suite, "where", test_where, SUITE_ROWS(where_rows));
	suite_add(&suite, "libvirt.conf", test_conf, SUITE_ROWS(conf_rows));
	suite_add(&suite, "machines", test_machines, SUITE_ROWS(machine_rows));
	suite_add(&suite, "boxes", test_boxes, SUITE_ROWS(boxes_rows));
	suite_add_one(&suite, "a big file", test_big_file);
	suite_add_one(&suite, "as much as can be", test_most);
	suite_add_one(&suite, "no such root", test_no_root);
	suite_add_one(&suite, "a child that dies", test_dead_child);
	suite_add_one(&suite, "a silent home", test_silent_home);
	suite_add_one(&suite, "leaves nothing", test_leaves_nothing);
	suite_add_one(&suite, "the search leaves nothing",
		test_search_leaves_nothing);
	return suite_run(&suite, "personal");
}
