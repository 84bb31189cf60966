/* SPDX-License-Identifier: MIT */
/*
 * The parsers, row by row; then real processes: this program itself, started
 * again under other names, with other environments, and dying.
 */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../helper/process.h"

/* --- Parsers -------------------------------------------------------------- */

#define IDS "Uid:\t1000\t1\t2\t3\nGid:\t100\t101\t102\t103\n"

static const struct status_row {
	const char *name, *text;
	int result;
	const char *called;
	const char *groups; /* "4,24" */
	pid_t parent;
	bool is_zombie;
} status_rows[] = {
	{ "as the kernel writes it",
		"Name:\tbash\nUmask:\t0022\nState:\tS "
		"(sleeping)\nPPid:\t7\n" IDS
		"Groups:\t4 24 100 \nVmSize:\t1 kB\n",
		0, "bash", "4,24,100", 7 },
	{ "no groups", "Name:\ta\nPPid:\t1\n" IDS "Groups:\t \n", 0, "a", "",
		1 },
	{ "no groups, no blank", IDS "Groups:\n", 0, "", "" },
	{ "no newline at the end", IDS "Groups:\t5", 0, "", "5" },
	{ "a zombie", "State:\tZ (zombie)\n" IDS "Groups:\t \n", 0, "", "", 0,
		true },
	{ "dead", "State:\tX (dead)\n" IDS "Groups:\t \n", 0, "", "", 0, true },
	{ "stopped", "State:\tT (stopped)\n" IDS "Groups:\t \n", 0, "", "" },
	{ "a name that lies",
		"Name:\tGroups:\t0\\nUid:\t0\n" IDS "Groups:\t5\n", 0,
		"Groups:\t0\nUid:\t", "5" },
	{ "a name with blanks around", "Name:\t a \n" IDS "Groups:\t5\n", 0,
		" a ", "5" },
	{ "a name with a backslash", "Name:\ta\\\\b\\\n" IDS "Groups:\t\n", 0,
		"a\\b\\", "" },
	{ "a long name", "Name:\tkworker/u16:1-events\n" IDS "Groups:\t\n", 0,
		"kworker/u16:1-e", "" },
	{ "the greatest id", IDS "Groups:\t4294967294\n", 0, "", "4294967294" },
	{ "the first of two lines counts", IDS "Groups:\t1\nGroups:\t2\n", 0,
		"", "1" },
	{ "a parent that is none", "PPid:\t99999999999\n" IDS "Groups:\t\n", 0,
		"", "" },
	{ "a parent that is no pid", "PPid:\t4294967294\n" IDS "Groups:\t\n", 0,
		"", "" },
	{ "a negative parent", "PPid:\t-1\n" IDS "Groups:\t\n", 0, "", "" },
	{ "nothing", "", -EBADMSG },
	{ "cut before Groups", "Name:\tbash\n" IDS, -EBADMSG },
	{ "cut in Gid", "Uid:\t1\t1\t1\t1\nGid:\t1", -EBADMSG },
	{ "no Uid", "Gid:\t1\t1\t1\t1\nGroups:\t1\n", -EBADMSG },
	{ "no Gid", "Uid:\t1\t1\t1\t1\nGroups:\t1\n", -EBADMSG },
	{ "Uid is not at the start", " Uid:\t1\nGid:\t1\t1\nGroups:\t1\n",
		-EBADMSG },
	{ "a group of letters", IDS "Groups:\t4 x\n", -EBADMSG },
	{ "a negative group", IDS "Groups:\t-4\n", -EBADMSG },
	{ "a group too great", IDS "Groups:\t4294967296\n", -EBADMSG },
	{ "a uid too great",
		"Uid:\t18446744073709551617\nGid:\t1\t1\nGroups:\n", -EBADMSG },
	{ "commas", IDS "Groups:\t4,24\n", -EBADMSG },
};

static const char *
format_groups(const struct process *process)
{
	static char text[256];
	size_t size = 0;

	text[0] = '\0';
	for (size_t i = 0; i < process->n_groups; i++)
		size += (size_t)snprintf(text + size, sizeof(text) - size,
			"%s%u", i > 0 ? "," : "", process->groups[i]);
	return text;
}

static void
test_status(void **state)
{
	const struct status_row *row = *state;
	struct process process = { .pid = 5, .start = 6 };

	assert_int_equal(
		process_parse_status(row->text, &process), row->result);
	assert_int_equal(process.pid, 5);
	assert_int_equal(process.start, 6);
	if (row->result < 0) {
		assert_null(process.name);
		assert_null(process.groups);
		return;
	}
	assert_string_equal(process.name, row->called);
	assert_string_equal(format_groups(&process), row->groups);
	assert_int_equal(process.parent, row->parent);
	assert_int_equal(process.is_zombie, row->is_zombie);
	assert_int_equal(process.uid, 1000);
	assert_int_equal(process.gid, 101);
	process_clear(&process);
}

#define FIELDS_4_TO_21 " 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9"

static const struct stat_row {
	const char *name, *text;
	int result;
	uint64_t start;
} stat_rows[] = {
	{ "as the kernel writes it",
		"16966 (cat) R" FIELDS_4_TO_21 " 1327465 3133440 388\n", 0,
		1327465 },
	{ "a name that lies",
		"1 (x) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 99 (y) S" //
		FIELDS_4_TO_21 " 77 1\n",
		0, 77 },
	{ "start is the last field", "1 (a) S" FIELDS_4_TO_21 " 5", 0, 5 },
	{ "since the boot", "1 (a) S" FIELDS_4_TO_21 " 0\n", 0, 0 },
	{ "the greatest", "1 (a) S" FIELDS_4_TO_21 " 18446744073709551615\n", 0,
		UINT64_MAX },
	{ "too great", "1 (a) S" FIELDS_4_TO_21 " 18446744073709551616\n",
		-EBADMSG },
	{ "far too great",
		"1 (a) S" FIELDS_4_TO_21 " 99999999999999999999999\n",
		-EBADMSG },
	{ "negative", "1 (a) S" FIELDS_4_TO_21 " -5\n", -EBADMSG },
	{ "letters", "1 (a) S" FIELDS_4_TO_21 " 5x\n", -EBADMSG },
	{ "cut before it", "1 (a) S" FIELDS_4_TO_21, -EBADMSG },
	{ "on the next line", "1 (a) S" FIELDS_4_TO_21 "\n5\n", -EBADMSG },
	{ "no name", "1 a S" FIELDS_4_TO_21 " 5\n", -EBADMSG },
	{ "nothing behind the name", "1 (a)", -EBADMSG },
	{ "nothing", "", -EBADMSG },
};

static void
test_stat(void **state)
{
	const struct stat_row *row = *state;
	uint64_t start = 123;

	assert_int_equal(process_parse_stat(row->text, &start), row->result);
	assert_int_equal(start, row->result == 0 ? row->start : 123);
}

static const struct cgroup_row {
	const char *name, *text;
	const char *path; /* NULL: none */
} cgroup_rows[] = {
	{ "unified", "0::/user.slice/a.scope\n", "/user.slice/a.scope" },
	{ "hybrid: systemd's own counts",
		"9:name=systemd:/a/b.service\n8:pids:/x\n0::/c\n",
		"/a/b.service" },
	{ "hybrid, unified first", "0::/c\n1:name=systemd:/a\n", "/a" },
	{ "hybrid, systemd's is the root", "9:name=systemd:/\n0::/c\n", "/c" },
	{ "legacy", "3:cpu,cpuacct:/x\n1:name=systemd:/a\n", "/a" },
	{ "only controllers", "3:cpu:/x\n2:memory:/y\n", NULL },
	{ "all at the root", "9:name=systemd:/\n0::/\n", NULL },
	{ "no newline at the end", "0::/a", "/a" },
	{ "colons in the path", "0::/a:b:c\n", "/a:b:c" },
	{ "another hierarchy with a name", "1:name=openrc:/a\n", NULL },
	{ "removed under it", "0::/a.scope (deleted)\n", "/a.scope" },
	{ "outside of our namespace", "0::/../../b.scope\n", "/../../b.scope" },
	{ "no slash", "0::abc\n", NULL },
	{ "one colon", "0:/a\n", NULL },
	{ "no colon", "0\n/a\n", NULL },
	{ "two colons", "::\n", NULL },
	{ "nothing", "", NULL },
};

static void
test_cgroup(void **state)
{
	const struct cgroup_row *row = *state;
	char *path = NULL;
	int r = process_parse_cgroup(row->text, &path);

	assert_int_equal(r, row->path != NULL ? 0 : -ENOENT);
	if (row->path == NULL)
		assert_null(path);
	else
		assert_string_equal(path, row->path);
	free(path);
}

#define TEXT(literal) literal, sizeof(literal) - 1

static const struct environ_row {
	const char *name, *bytes;
	size_t size;
	int result;
	const char *value;
} environ_rows[] = {
	{ "the first", TEXT("NAME=a\0B=c\0"), 0, "a" },
	{ "the last", TEXT("B=c\0NAME=a\0"), 0, "a" },
	{ "not terminated", TEXT("B=c\0NAME=a"), 0, "a" },
	{ "empty", TEXT("NAME=\0"), 0, "" },
	{ "with an equals sign", TEXT("NAME=a=b\0"), 0, "a=b" },
	{ "with a newline", TEXT("NAME=a\nNAME=b\0"), 0, "a\nNAME=b" },
	{ "twice", TEXT("NAME=a\0NAME=b\0"), 0, "a" },
	{ "behind empty entries", TEXT("A=\0\0\0NAME=a\0"), 0, "a" },
	{ "a longer name", TEXT("NAMES=a\0MY_NAME=b\0"), -ENOENT },
	{ "a shorter name", TEXT("NAM=a\0"), -ENOENT },
	{ "without a value", TEXT("NAME\0A=b\0NAME"), -ENODATA },
	{ "another's value", TEXT("A=NAME=b\0"), -ENOENT },
	{ "cut in the name", TEXT("A=b\0NAM"), -ENOENT },
	{ "cut before the equals sign", TEXT("A=b\0NAME"), -ENOENT },
	{ "other letters", TEXT("name=a\0"), -ENOENT },
	{ "none", "", 0, -ENOENT },
	{ "a title instead", TEXT("sshd: alice@pts/0\0\0\0"), -ENODATA },
	{ "NULs instead", TEXT("\0\0\0\0"), -ENODATA },
	{ "a title before it", TEXT("some title\0NAME=a\0"), 0, "a" },
};

static void
test_environ(void **state)
{
	const struct environ_row *row = *state;
	char *value = NULL, *bytes = malloc(row->size + 1);
	int r;

	/* nothing behind it may be read: no NUL is there */
	assert_non_null(bytes);
	memcpy(bytes, row->bytes, row->size);
	bytes[row->size] = 'x';
	r = process_parse_environ(bytes, row->size, "NAME", &value);
	assert_int_equal(r, row->result);
	if (row->value == NULL)
		assert_null(value);
	else
		assert_string_equal(value, row->value);
	free(value);
	free(bytes);
}

#define SCOPE "/user.slice/user-1000.slice/user@1000.service/init.scope"
#define HIS   "/user.slice/user-1001.slice/user@1001.service/init.scope"
#define NESTED                                                                 \
	"/user.slice/user-1000.slice/user@1000.service/app.slice"              \
	"/user@1000.service/init.scope"

static const struct kind_row {
	const char *name;
	enum process_kind kind;
	const char *called, *command, *exe, *cgroup;
	pid_t parent;
	bool is_root;
} kind_rows[] = {
	{ "a shell", PROCESS_SHELL, "bash" },
	{ "another shell", PROCESS_SHELL, "elvish" },
	{ "part of a shell's name", PROCESS_OTHER, "bas" },
	{ "more than a shell's name", PROCESS_OTHER, "bashtop" },
	{ "a tmux server", PROCESS_TMUX, "tmux: server" },
	{ "a tmux client", PROCESS_OTHER, "tmux: client" },
	{ "a screen server", PROCESS_SCREEN, "screen", "SCREEN -S work" },
	{ "… by its path", PROCESS_SCREEN, "screen", "/usr/bin/SCREEN" },
	{ "a screen client", PROCESS_OTHER, "screen", "screen -r" },
	{ "a screen of whatever kind", PROCESS_OTHER, "screen" },
	{ "sshd", PROCESS_SSHD, "sshd" },
	{ "sshd 9.8 and later", PROCESS_SSHD, "sshd-session" },
	{ "root's sshd", PROCESS_OTHER, "sshd", .is_root = true },
	{ "an ssh client", PROCESS_OTHER, "ssh" },
	{ "VS Code", PROCESS_EDITOR, "node",
		.exe = "/home/a/.vscode-server/bin/1/node" },
	{ "Cursor", PROCESS_EDITOR, "node",
		.exe = "/home/a/.cursor-server/bin/1/node" },
	{ "VSCodium", PROCESS_EDITOR, "node",
		.exe = "/home/a/.vscodium-server/bin/1/node" },
	{ "VS Code's own starter", PROCESS_EDITOR, "code-0123456789",
		.exe = "/home/a/.vscode-server/code-0123456789abcdef" },
	{ "a node of one's own", PROCESS_OTHER, "node",
		.exe = "/usr/bin/node" },
	{ "a shell in VS Code is a shell", PROCESS_SHELL, "bash",
		.exe = "/home/a/.vscode-server/bash" },
	{ "zed", PROCESS_EDITOR, "zed-remote-serv" },
	{ "JetBrains", PROCESS_EDITOR, "java",
		.exe = "/home/a/.cache/JetBrains/RemoteDev/dist/1/jbr/bin/"
		       "java" },
	{ "emacs --daemon", PROCESS_EDITOR, "emacs", "emacs --daemon" },
	{ "emacs --daemon=work", PROCESS_EDITOR, "emacs-gtk",
		"/usr/bin/emacs --daemon=work" },
	{ "emacs --fg-daemon", PROCESS_EDITOR, "emacs",
		"/usr/bin/emacs --fg-daemon" },
	{ "emacs --bg-daemon", PROCESS_EDITOR, "emacs",
		"emacs --bg-daemon=\n6,7\nwork" },
	{ "emacs -daemon", PROCESS_EDITOR, "emacs", "emacs -daemon" },
	{ "a common emacs", PROCESS_OTHER, "emacs", "emacs x" },
	{ "an emacs of whatever kind", PROCESS_OTHER, "emacs" },
	{ "nvim, headless", PROCESS_EDITOR, "nvim",
		"nvim --headless --listen /run/x" },
	{ "… the other way round", PROCESS_EDITOR, "nvim",
		"nvim --listen /run/x --headless" },
	{ "nvim, headless, for a script", PROCESS_OTHER, "nvim",
		"nvim --headless -c q" },
	{ "GNOME", PROCESS_DESKTOP, "gnome-shell" },
	{ "GNOME's leader, cut off", PROCESS_DESKTOP, "gnome-session-b" },
	{ "Plasma", PROCESS_DESKTOP, "startplasma-way" },
	{ "KWin", PROCESS_DESKTOP, "kwin_wayland" },
	{ "sway", PROCESS_DESKTOP, "sway" },
	{ "not sway", PROCESS_OTHER, "swaybar" },
	{ "a pattern for a name", PROCESS_OTHER, "*" },

	{ "the manager", PROCESS_MANAGER, "systemd", .cgroup = SCOPE },
	{ "… in a container seen from outside", PROCESS_MANAGER, "systemd",
		.cgroup = "/machine.slice/machine-a.scope" SCOPE },
	{ "sd-pam", PROCESS_OTHER, "(sd-pam)", .cgroup = SCOPE },
	{ "a shell in its scope", PROCESS_SHELL, "bash", .cgroup = SCOPE },
	{ "somebody else's", PROCESS_OTHER, "systemd",
		"/usr/lib/systemd/systemd --user", .cgroup = HIS, .parent = 1 },
	{ "one that is called so", PROCESS_OTHER, "systemd",
		"/usr/lib/systemd/systemd --user",
		.cgroup = "/user.slice/user-1000.slice/session-3.scope",
		.parent = 1 },
	{ "one that has built itself a scope", PROCESS_OTHER, "systemd",
		"/usr/lib/systemd/systemd --user", .cgroup = NESTED,
		.parent = 1 },
	{ "a unit of the manager's", PROCESS_OTHER, "systemd",
		.cgroup = SCOPE "/x" },
	{ "without control groups, by its arguments", PROCESS_MANAGER,
		"systemd", "/usr/lib/systemd/systemd --user", .parent = 1 },
	{ "… with other arguments", PROCESS_OTHER, "systemd", "systemd",
		.parent = 1 },
	{ "… with another parent", PROCESS_OTHER, "systemd",
		"/usr/lib/systemd/systemd --user", .parent = 2 },
};

static void
test_kind(void **state)
{
	const struct kind_row *row = *state;
	struct process process = {
		.name = strdup(row->called),
		.uid = row->is_root ? 0 : 1000,
		.parent = row->parent,
		.cgroup = row->cgroup != NULL ? strdup(row->cgroup) : NULL,
	};

	assert_int_equal(process_guess_kind(&process, row->command, row->exe),
		row->kind);
	process_clear(&process);
}

/* --- Real processes ------------------------------------------------------- */

/* This program, started again. Killed at the end. */
struct guest {
	pid_t pid; /* 0: it could not be started */
	int reader, writer; /* it says it is there; its life line */
};

/*
 * What the guest does: "wait" for the end of its standard input, or before that
 * become "undumpable", or overwrite its environment with a "title".
 */
static int
be_guest(const char *how)
{
	char byte = '!';

	if (strcmp(how, "undumpable") == 0)
		prctl(PR_SET_DUMPABLE, 0);
	if (strcmp(how, "title") == 0) {
		for (char **entry = environ; *entry != NULL; entry++)
			memset(*entry, 0, strlen(*entry));
	}
	if (write(STDOUT_FILENO, &byte, 1) < 0)
		return 1;
	return (int)read(STDIN_FILENO, &byte, 1);
}

static struct guest
start_guest(const char *path, char *const argv[], char *const environment[])
{
	int to[2], from[2];
	struct guest guest;
	struct rlimit stack;
	char byte;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	guest = (struct guest){ fork(), from[0], to[1] };
	if (guest.pid == 0) {
		/* a quarter of the stack is for arguments and environment */
		getrlimit(RLIMIT_STACK, &stack);
		stack.rlim_cur = stack.rlim_max;
		setrlimit(RLIMIT_STACK, &stack);
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execve(path, argv, environment);
		_exit(126);
	}
	close(to[0]);
	close(from[1]);
	if (read(guest.reader, &byte, 1) != 1) {
		assert_int_equal(waitpid(guest.pid, NULL, 0), guest.pid);
		guest.pid = 0;
	}
	return guest;
}

static void
end_guest(struct guest *guest)
{
	close(guest->reader);
	close(guest->writer);
	if (guest->pid == 0)
		return;
	kill(guest->pid, SIGKILL);
	assert_int_equal(waitpid(guest->pid, NULL, 0), guest->pid);
}

static char other[] = "A=b", named[] = "NAME=some value";
static char *const environment[] = { other, named, NULL };

/* A guest whose comm is NAME. */
static struct guest
start_as(const char *name, char *const argv[], char *const variables[])
{
	static char self[PATH_MAX];
	const char *root = fake_root(NULL);
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(size > 0);
	self[size] = '\0';
	fake_make(root, &(struct fake_node){ name, self, FAKE_LINK });
	return start_guest(fake_path(root, name), argv, variables);
}

static struct guest
start_called(const char *name, const char *how, char *const variables[])
{
	char first[] = "first", second[16], *argv[] = { first, second, NULL };

	snprintf(second, sizeof(second), "%s", how);
	return start_as(name, argv, variables);
}

static void
test_self(void **state)
{
	struct process process;
	gid_t groups[1024];
	int count = getgroups(1024, groups);

	(void)state;
	assert_int_equal(process_read(getpid(), &process), 0);
	assert_int_equal(process.pid, getpid());
	assert_int_equal(process.parent, getppid());
	assert_int_equal(process.uid, getuid());
	assert_int_equal(process.gid, getegid());
	assert_int_equal(process.n_groups, count);
	for (int i = 0; i < count; i++)
		assert_true(process_has_gid(&process, groups[i]));
	assert_true(process_has_gid(&process, getegid()));
	assert_false(process_has_gid(&process, 4294967290U));
	assert_false(process.is_zombie);
	assert_true(process.start > 0);
	fake_assert_between((size_t)process_began(&process),
		(size_t)time(NULL) - 3600, (size_t)time(NULL) + 2);
	process.start = UINT64_MAX;
	assert_int_equal(process_began(&process), 0);
	process_clear(&process);
}

static void
test_guest(void **state)
{
	struct guest guest = start_called("zsh", "wait", environment);
	struct process process;
	char *value = NULL, *command;

	(void)state;
	assert_int_equal(process_read(guest.pid, &process), 0);
	assert_string_equal(process.name, "zsh");
	assert_int_equal(process.kind, PROCESS_SHELL);
	assert_int_equal(process_read_variable(&process, "NAME", &value), 0);
	assert_string_equal(value, "some value");
	free(value);
	value = NULL;
	assert_int_equal(
		process_read_variable(&process, "NAM", &value), -ENOENT);
	assert_null(value);
	command = process_read_command(&process);
	assert_string_equal(command, "first wait");
	free(command);
	end_guest(&guest);
	process_clear(&process);
}

static void
test_empty_environment(void **state)
{
	char *none[] = { NULL }, *value = NULL;
	struct guest guest = start_called("guest", "wait", none);
	struct process process;

	(void)state;
	assert_int_equal(process_read(guest.pid, &process), 0);
	assert_int_equal(
		process_read_variable(&process, "NAME", &value), -ENOENT);
	end_guest(&guest);
	process_clear(&process);
}

static void
test_overwritten_environment(void **state)
{
	struct guest guest = start_called("guest", "title", environment);
	struct process process;
	char *value = NULL;

	(void)state;
	assert_int_equal(process_read(guest.pid, &process), 0);
	assert_int_equal(
		process_read_variable(&process, "NAME", &value), -ENODATA);
	end_guest(&guest);
	process_clear(&process);
}

/* 20 variables of nearly 128 KiB, the most that one may have. */
static void
test_huge_environment(void **state)
{
	static const struct {
		const char *name;
		int result;
	} rows[] = { { "EARLY", 0 }, { "CUTS_", -EFBIG }, { "LATE_", -EFBIG },
		{ "NEVER", -EFBIG } };
	size_t size = 131000;
	char *entries[21] = { NULL }, *value = NULL;
	struct process process;
	struct guest guest;

	(void)state;
	for (int i = 0; i < 20; i++) {
		entries[i] = malloc(size + 1);
		assert_non_null(entries[i]);
		memset(entries[i], 'x', size);
		entries[i][size] = '\0';
		memcpy(entries[i], "OTHER=", 6);
	}
	/* 2 MiB end in the 17th */
	memcpy(entries[15], "EARLY=", 6);
	memcpy(entries[16], "CUTS_=", 6);
	memcpy(entries[19], "LATE_=", 6);
	guest = start_called("guest", "wait", entries);
	for (int i = 0; i < 20; i++)
		free(entries[i]);
	/* the stack is too small, as under valgrind */
	if (guest.pid == 0)
		skip();
	assert_int_equal(process_read(guest.pid, &process), 0);
	for (size_t i = 0; i < countof(rows); i++) {
		value = NULL;
		assert_int_equal(
			process_read_variable(&process, rows[i].name, &value),
			rows[i].result);
		if (rows[i].result == 0)
			assert_int_equal(strlen(value), size - 6);
		else
			assert_null(value);
		free(value);
	}
	end_guest(&guest);
	process_clear(&process);
}

static void
test_undumpable(void **state)
{
	struct guest guest;
	struct process process;
	char *value = NULL;
	int r;

	(void)state;
	guest = start_called("guest", "undumpable", environment);
	assert_int_equal(process_read(guest.pid, &process), 0);
	fake_become_nobody();
	r = process_read_variable(&process, "NAME", &value);
	fake_back();
	assert_int_equal(r, -EACCES);
	end_guest(&guest);
	process_clear(&process);
}

/* Is it there, among all that are the user's? */
static bool
is_listed(pid_t pid)
{
	struct processes processes;
	bool is_there;

	assert_int_equal(processes_read(getuid(), &processes), 0);
	assert_non_null(processes_find(&processes, getpid()));
	for (size_t i = 0; i < processes.count; i++) {
		assert_int_equal(processes.list[i].uid, getuid());
		assert_false(processes.list[i].is_zombie);
		assert_true(i == 0 ||
			processes.list[i - 1].pid < processes.list[i].pid);
	}
	is_there = processes_find(&processes, pid) != NULL;
	processes_clear(&processes);
	assert_null(processes_find(&processes, pid));
	return is_there;
}

static void
wait_for_zombie(pid_t pid)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void
test_dying(void **state)
{
	struct guest guest = start_called("guest", "wait", environment);
	struct process process, dead;
	char *value = NULL;
	int r;

	(void)state;
	assert_int_equal(process_read(guest.pid, &process), 0);
	assert_true(is_listed(guest.pid));
	kill(guest.pid, SIGKILL);
	wait_for_zombie(guest.pid);

	assert_int_equal(process_read(guest.pid, &dead), 0);
	assert_true(dead.is_zombie);
	process_clear(&dead);
	assert_false(is_listed(guest.pid));
	r = process_read_variable(&process, "NAME", &value);
	/* without memory there is nobody to compare the reader with */
	assert_true(r == -ESRCH || r == -EACCES);

	end_guest(&guest);
	r = process_read(guest.pid, &dead);
	assert_true(r == -ENOENT || r == -ESRCH);
	assert_int_equal(
		process_read_variable(&process, "NAME", &value), -ESRCH);
	assert_null(value);
	assert_null(process_read_command(&process));
	process_clear(&process);
}

/* Somebody else has the pid now. */
static void
test_reused_pid(void **state)
{
	struct process process;
	char *value = NULL;

	(void)state;
	assert_int_equal(process_read(getpid(), &process), 0);
	process.start--;
	assert_int_equal(
		process_read_variable(&process, "PATH", &value), -ESRCH);
	assert_null(process_read_command(&process));
	process_clear(&process);
}

static void
test_no_process(void **state)
{
	static const pid_t pids[] = { 0, -1, INT_MIN, INT_MAX };
	struct process process;

	(void)state;
	for (size_t i = 0; i < countof(pids); i++)
		assert_int_equal(process_read(pids[i], &process), -ENOENT);
}

static const struct asked_row {
	const char *name, *called;
	const char *first, *third; /* arguments; the second is "wait" */
	enum process_kind kind;
} asked_rows[] = {
	{ "a screen server", "screen", "SCREEN", "-S", PROCESS_SCREEN },
	{ "a screen client", "screen", "screen", "-r", PROCESS_OTHER },
	{ "an emacs daemon", "emacs-gtk", "emacs", "--daemon=x",
		PROCESS_EDITOR },
	{ "an emacs", "emacs-gtk", "emacs", "x", PROCESS_OTHER },
	{ "another program", "cat", "SCREEN", "--daemon", PROCESS_OTHER },
};

/* Arguments are asked for by a child; for one and for many. */
static void
test_asked(void **state)
{
	const struct asked_row *row = *state;
	char first[16], how[] = "wait", third[16];
	char *argv[] = { first, how, third, NULL };
	struct processes processes;
	struct process process;
	struct guest guest;

	snprintf(first, sizeof(first), "%s", row->first);
	snprintf(third, sizeof(third), "%s", row->third);
	guest = start_as(row->called, argv, environment);
	assert_int_equal(process_read(guest.pid, &process), 0);
	assert_int_equal(process.kind, row->kind);
	assert_string_equal(process.name, row->called);
	process_clear(&process);
	assert_int_equal(processes_read(getuid(), &processes), 0);
	assert_int_equal(
		processes_find(&processes, guest.pid)->kind, row->kind);
	processes_clear(&processes);
	end_guest(&guest);
}

/* A copy of this program, where an editor would have put it. */
static const char *
copy_self(const char *root, const char *path)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to;

	fake_make(root, &(struct fake_node){ path, NULL, FAKE_FILE, 0755 });
	path = fake_path(root, path);
	to = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(from >= 0 && to >= 0);
	while (sendfile(to, from, NULL, 1 << 20) > 0) {
	}
	close(from);
	close(to);
	return path;
}

static void
test_editor(void **state)
{
	const char *path =
		copy_self(fake_root(NULL), ".vscode-server/bin/1/node");
	char first[] = "node", how[] = "wait", *argv[] = { first, how, NULL };
	struct guest guest = start_guest(path, argv, environment);
	struct process process;

	(void)state;
	assert_int_equal(process_read(guest.pid, &process), 0);
	assert_string_equal(process.name, "node");
	assert_int_equal(process.kind, PROCESS_EDITOR);
	process_clear(&process);
	end_guest(&guest);
}

/* --- Many ----------------------------------------------------------------- */

/* The environment of this one does not answer; 0: all do. */
static pid_t stuck_pid;

/* The real one, but for the stuck process. */
int
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
openat(int directory_fd, const char *name, int flags, ...)
{
	char link[64], path[64] = "";
	char stuck[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", directory_fd);
	snprintf(stuck, sizeof(stuck), "/proc/%d", stuck_pid);
	if (stuck_pid != 0 && strcmp(name, "environ") == 0 &&
		readlink(link, path, sizeof(path) - 1) > 0 &&
		strcmp(path, stuck) == 0)
		pause();
	return (int)syscall(SYS_openat, directory_fd, name, flags, 0);
}

static const struct processes *
list_of(struct guest *guests, size_t count)
{
	static struct process list[8];
	static struct processes processes;

	processes = (struct processes){ list, count };
	for (size_t i = 0; i < count; i++)
		assert_int_equal(process_read(guests[i].pid, &list[i]), 0);
	return &processes;
}

static void
clear_list(const struct processes *processes)
{
	for (size_t i = 0; i < processes->count; i++)
		process_clear(&processes->list[i]);
}

static const struct many_row {
	const char *name;
	int stuck; /* -1: none */
	int timeout_ms;
	enum variable_state expected[4];
} many_rows[] = {
	{ "all answer", -1, 20000,
		{ VARIABLE_SET, VARIABLE_UNSET, VARIABLE_SET,
			VARIABLE_UNKNOWN } },
	{ "the first is stuck", 0, 2000,
		{ VARIABLE_UNKNOWN, VARIABLE_UNSET, VARIABLE_SET,
			VARIABLE_UNKNOWN } },
	{ "the third is stuck", 2, 2000,
		{ VARIABLE_SET, VARIABLE_UNSET, VARIABLE_UNKNOWN,
			VARIABLE_UNKNOWN } },
	{ "no time", -1, 0, { 0 } },
};

static void
test_many(void **state)
{
	const struct many_row *row = *state;
	char *const none[] = { other, NULL };
	struct guest guests[] = {
		start_called("a", "wait", environment),
		start_called("b", "wait", none),
		start_called("c", "wait", environment),
		start_called("d", "title", environment),
	};
	const struct processes *processes = list_of(guests, countof(guests));
	struct variable *variables;

	stuck_pid = row->stuck < 0 ? 0 : guests[row->stuck].pid;
	variables = processes_read_variable(processes, "NAME", row->timeout_ms);
	stuck_pid = 0;
	for (size_t i = 0; i < countof(guests); i++) {
		assert_int_equal(variables[i].state, row->expected[i]);
		if (variables[i].state == VARIABLE_SET)
			assert_string_equal(variables[i].value, "some value");
		else
			assert_null(variables[i].value);
	}
	variables_free(variables, countof(guests));
	clear_list(processes);
	for (size_t i = 0; i < countof(guests); i++)
		end_guest(&guests[i]);
}

static void
test_many_none(void **state)
{
	struct processes processes = { 0 };

	(void)state;
	variables_free(processes_read_variable(&processes, "NAME", 1000), 0);
	free(processes_read_command(&processes, 1000));
}

static void
test_many_commands(void **state)
{
	struct guest guests[] = {
		start_called("a", "wait", environment),
		start_called("b", "wait", environment),
	};
	const struct processes *processes = list_of(guests, countof(guests));
	char **commands;

	(void)state;
	end_guest(&guests[0]);
	commands = processes_read_command(processes, 20000);
	assert_null(commands[0]);
	assert_string_equal(commands[1], "first wait");
	free(commands[1]);
	free(commands);
	commands = processes_read_command(processes, 0);
	assert_string_equal(commands[1], "[b]");
	free(commands[0]);
	free(commands[1]);
	free(commands);
	clear_list(processes);
	end_guest(&guests[1]);
}

/* Of whoever is gone nothing is known: not even that it is not set. */
static void
test_many_gone(void **state)
{
	struct guest guest = start_called("a", "wait", environment);
	const struct processes *processes = list_of(&guest, 1);
	struct variable *variables;

	(void)state;
	end_guest(&guest);
	variables = processes_read_variable(processes, "NAME", 20000);
	assert_int_equal(variables[0].state, VARIABLE_UNKNOWN);
	variables_free(variables, 1);
	clear_list(processes);
}

/* A longer value is cut off. */
static void
test_many_long(void **state)
{
	char *entries[] = { malloc(10001), NULL };
	struct guest guest;
	const struct processes *processes;
	struct variable *variables;

	(void)state;
	assert_non_null(entries[0]);
	memset(entries[0], 'x', 10000);
	memcpy(entries[0], "NAME=", 5);
	entries[0][10000] = '\0';
	guest = start_called("guest", "wait", entries);
	processes = list_of(&guest, 1);
	variables = processes_read_variable(processes, "NAME", 20000);
	assert_int_equal(variables[0].state, VARIABLE_SET);
	assert_int_equal(strlen(variables[0].value), VARIABLE_VALUE_MAX);
	variables_free(variables, 1);
	clear_list(processes);
	end_guest(&guest);
	free(entries[0]);
}

/* --- /proc mounted so that it hides others -------------------------------- */

/* In a process of our own: its exit status is the answer, 99: cannot try. */
static int
read_hidden(const char *options)
{
	struct process process;

	if (unshare(CLONE_NEWNS) < 0 ||
		mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("proc", "/proc", "proc", 0, options) < 0 ||
		setgid(FAKE_NOBODY) < 0 || setuid(FAKE_NOBODY) < 0)
		return 99;
	return -process_read(1, &process);
}

static const struct hidepid_row {
	const char *name;
} hidepid_rows[] = {
	{ "hidepid=1" },
	{ "hidepid=2" },
};

static void
test_hidepid(void **state)
{
	const struct hidepid_row *row = *state;
	int status = 0;
	pid_t pid;

	if (getuid() != 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(read_hidden(row->name));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 99)
		skip();
	assert_int_equal(WEXITSTATUS(status), ENOENT);
}

static void
add_real(struct suite *suite)
{
	suite_add_one(suite, "this process", test_self);
	suite_add_one(suite, "another process", test_guest);
	suite_add_one(suite, "an empty environment", test_empty_environment);
	suite_add_one(suite, "an environment that is overwritten",
		test_overwritten_environment);
	suite_add_one(suite, "a huge environment", test_huge_environment);
	suite_add_one(suite, "undumpable", test_undumpable);
	suite_add_one(suite, "dying and dead", test_dying);
	suite_add_one(suite, "a pid of somebody else now", test_reused_pid);
	suite_add_one(suite, "no such process", test_no_process);
	suite_add(suite, "asked", test_asked, SUITE_ROWS(asked_rows));
	suite_add_one(suite, "an editor's server", test_editor);
	suite_add(suite, "many", test_many, SUITE_ROWS(many_rows));
	suite_add_one(suite, "many: none", test_many_none);
	suite_add_one(suite, "many: commands", test_many_commands);
	suite_add_one(suite, "many: one that is gone", test_many_gone);
	suite_add_one(suite, "many: a long value", test_many_long);
	suite_add(suite, "hidden", test_hidepid, SUITE_ROWS(hidepid_rows));
}

int
main(int argc, char **argv)
{
	struct suite suite = { 0 };

	if (argc > 1)
		return be_guest(argv[1]);
	suite_add(&suite, "status", test_status, SUITE_ROWS(status_rows));
	suite_add(&suite, "stat", test_stat, SUITE_ROWS(stat_rows));
	suite_add(&suite, "cgroup", test_cgroup, SUITE_ROWS(cgroup_rows));
	suite_add(&suite, "environ", test_environ, SUITE_ROWS(environ_rows));
	suite_add(&suite, "kind", test_kind, SUITE_ROWS(kind_rows));
	add_real(&suite);
	return suite_run(&suite, "process");
}
