/* SPDX-License-Identifier: MIT */
/*
 * Situations, and who lags in each. Users, groups and policy are tables, the
 * socket and /dev/kvm are the tests' own, and so are processes: only those
 * whose environment matters are real ones, of cat(1).
 */
#include "fake.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../../helper/relogin.h"

#define VARIABLE "LIBVIRT_DEFAULT_URI"

/* --- Files that guard something ------------------------------------------- */

#define SOCKET_PATH "/run/libvirt/libvirt-sock"
#define KVM_PATH    "/dev/kvm"

#define ALICE 1000

/* A file that is root's, with group libvirt or kvm. */
struct guarded {
	mode_t mode; /* 0: there is none */
	bool has_acl; /* which lets alice in */
};

static struct {
	struct guarded socket, kvm;
} host;

static const struct guarded *
find_guarded(const char *path)
{
	if (strcmp(path, SOCKET_PATH) == 0)
		return &host.socket;
	return strcmp(path, KVM_PATH) == 0 ? &host.kvm : NULL;
}

int
stat(const char *file, struct stat *buf)
{
	const struct guarded *guarded = find_guarded(file);

	if (guarded == NULL)
		return fstatat(AT_FDCWD, file, buf, 0);
	if (guarded->mode == 0) {
		errno = ENOENT;
		return -1;
	}
	*buf = (struct stat){
		.st_mode = S_IFCHR | guarded->mode,
		.st_gid = guarded == &host.kvm ? 109 : 108,
	};
	return 0;
}

ssize_t
getxattr(const char *path, const char *name, void *value, size_t size)
{
	static const struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[5];
	} acl = {
		{ POSIX_ACL_XATTR_VERSION },
		{
			{ ACL_USER_OBJ, 6, 0 },
			{ ACL_USER, 6, ALICE },
			{ ACL_GROUP_OBJ, 6, 0 },
			{ ACL_MASK, 6, 0 },
			{ ACL_OTHER, 0, 0 },
		},
	};
	const struct guarded *guarded = find_guarded(path);

	if (guarded == NULL)
		return ((__typeof__(&getxattr))(uintptr_t)dlsym(
			RTLD_NEXT, "getxattr"))(path, name, value, size);
	if (!guarded->has_acl) {
		errno = ENODATA;
		return -1;
	}
	assert_true(size >= sizeof(acl));
	memcpy(value, &acl, sizeof(acl));
	return sizeof(acl);
}

/* --- Processes ------------------------------------------------------------ */

/* Of variables in an environment, beside their values. */
#define NOT_SET "-"

/*
 * Rows number processes from 1 on, parents before their children. The pid of
 * one that is not real is no pid that can be.
 */
#define PID(number) (5000000 + (number))

struct fake_process {
	pid_t number, parent; /* parent 0: somebody else's process */
	enum process_kind kind;
	const char *groups; /* "108,109" */
	const char *uri; /* in its environment; NULL: not to be seen */
	const char *called; /* NULL: "program" */
	bool is_younger; /* than whatever comes behind it */
};

enum { PROCESSES_MAX = 8 };

/* The processes of a situation. */
static struct {
	struct process list[PROCESSES_MAX];
	pid_t numbers[PROCESSES_MAX]; /* of each, as in the rows */
	size_t count;
	int life_lines[2 * PROCESSES_MAX]; /* of the real ones */
	size_t n_life_lines;
	uint64_t latest; /* start */
} all;

static struct process *
find_number(pid_t number)
{
	for (size_t i = 0; i < all.count; i++) {
		if (all.numbers[i] == number)
			return &all.list[i];
	}
	return NULL;
}

/* cat(1) hands back what it gets: then its environment is in place. */
static void
wait_until_it_runs(int to, int from)
{
	char byte = '!';

	assert_int_equal(write(to, &byte, 1), 1);
	assert_int_equal(read(from, &byte, 1), 1);
}

/* A real one, which ends when its life line is closed. */
static struct process
spawn(const char *uri)
{
	char variable[256], other[] = "A=b", path[] = "/bin/cat";
	char *argv[] = { path, NULL }, *environment[] = { other, NULL, NULL };
	posix_spawn_file_actions_t actions;
	struct process process;
	int to[2], from[2];
	pid_t pid;

	snprintf(variable, sizeof(variable), VARIABLE "=%s", uri);
	if (strcmp(uri, NOT_SET) != 0)
		environment[1] = variable;
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
	assert_int_equal(
		posix_spawn(&pid, path, &actions, NULL, argv, environment), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(to[0]);
	close(from[1]);
	wait_until_it_runs(to[1], from[0]);
	close(from[0]);
	all.life_lines[all.n_life_lines++] = to[1];
	assert_int_equal(process_read(pid, &process), 0);
	return process;
}

/* A real one that began at a later tick of the clock than the one before. */
static struct process
spawn_later(const char *uri)
{
	for (;;) {
		struct process process = spawn(uri);

		if (process.start > all.latest)
			return process;
		close(all.life_lines[--all.n_life_lines]);
		assert_int_equal(waitpid(process.pid, NULL, 0), process.pid);
		process_clear(&process);
	}
}

static void
set_groups(struct process *process, const char *groups)
{
	free(process->groups);
	process->groups = calloc(8, sizeof(gid_t));
	assert_non_null(process->groups);
	process->n_groups = 0;
	while (groups != NULL && *groups != '\0') {
		char *end;

		process->groups[process->n_groups++] =
			(gid_t)strtoul(groups, &end, 10);
		groups = *end == ',' ? end + 1 : end;
	}
}

static void
add_process(const struct fake_process *fake)
{
	const struct process *parent = find_number(fake->parent);
	struct process *process = &all.list[all.count];

	assert_true(all.count < PROCESSES_MAX);
	all.numbers[all.count++] = fake->number;
	*process = (struct process){ .pid = PID(fake->number),
		.start = all.latest };
	if (fake->uri != NULL)
		*process = spawn_later(fake->uri);
	all.latest = process->start;
	process->start += fake->is_younger ? 1000000 : 0;
	process->parent = parent != NULL ? parent->pid
		: fake->parent != 0      ? PID(fake->parent)
					 : 1;
	process->uid = process->gid = ALICE;
	process->kind = fake->kind;
	free(process->name);
	process->name = strdup(fake->called != NULL ? fake->called : "program");
	assert_non_null(process->name);
	set_groups(process, fake->groups);
}

/* Real ones first: the list is in the order of pids. */
static void
sort_processes(void)
{
	for (size_t i = 0; i < all.count; i++) {
		for (size_t j = i; j > 0; j--) {
			struct process process = all.list[j];
			pid_t number = all.numbers[j];

			if (all.list[j - 1].pid < process.pid)
				break;
			all.list[j] = all.list[j - 1];
			all.list[j - 1] = process;
			all.numbers[j] = all.numbers[j - 1];
			all.numbers[j - 1] = number;
		}
	}
}

static void
end_processes(void)
{
	while (all.n_life_lines > 0)
		close(all.life_lines[--all.n_life_lines]);
	for (size_t i = 0; i < all.count; i++) {
		if (all.list[i].pid < PID(0))
			waitpid(all.list[i].pid, NULL, 0);
		process_clear(&all.list[i]);
	}
	all.count = 0;
	all.latest = 0;
}

/* --- Situations ----------------------------------------------------------- */

static const struct fake_user users[] = {
	{ "alice", ALICE, ALICE, "/home/alice" },
	{ "root", 0, 0, "/root" },
	{ NULL },
};

static const struct fake_group groups[] = {
	{ "libvirt", 108, "alice,root" },
	{ NULL },
};

#define URI    "qemu:///system"
#define POLICY "[group libvirt]\nuri = " URI "\n"
#define SOCKET_GROUP                                                           \
	{                                                                      \
		{                                                              \
			"libvirt", 108, GUARDS_SOCKET, ANSWER_YES              \
		}                                                              \
	}

struct fake_assignment {
	const char *variable; /* NULL: no more */
	const char *value; /* NULL: nobody knows */
	bool is_unset;
};

struct fake_member {
	const char *name; /* NULL: no more; "": it has none */
	gid_t gid;
	unsigned int guards;
	enum answer in_database;
};

/* What most rows have is what they have when they say nothing. */
struct situation_row {
	const char *name;

	const char *user; /* NULL: alice */
	const char *policy; /* NULL: POLICY */
	enum viewpoint viewpoint; /* VIEW_SELF */
	enum target target; /* TARGET_SYSTEM */
	bool is_in_namespace;
	struct guarded socket; /* mode 0: 0770 */
	struct guarded kvm; /* mode 0: none */
	struct fake_member members[3]; /* none: SOCKET_GROUP */
	struct fake_assignment assignments[2];
	const char *service; /* NULL: sshd */

	/* this process */
	const char *groups; /* NULL: 108 */
	const char *uri; /* NULL: URI */
	pid_t parent;

	struct fake_process processes[PROCESSES_MAX - 1];
	pid_t manager; /* which is systemd --user; 0: none */
	const char *manager_uri; /* NULL: not known */

	/*
	 * What comes out. A line each of "who: what it lacks"; in parentheses
	 * groups that do not count.
	 */
	const char *lags;
	const char *steps[5]; /* part of each */
	bool is_in_doubt;
	pid_t session; /* which stands for it; 0: whichever */
	const char *why; /* part of what is said of the first member */
};

/* Our own number. */
enum { SELF = 99 };

static struct members
make_members(const struct situation_row *row)
{
	static const struct fake_member usual[] = SOCKET_GROUP;
	const struct fake_member *fake = row->members;
	struct members members = { .list = calloc(3, sizeof(struct member)) };

	assert_non_null(members.list);
	if (fake->name == NULL)
		fake = usual;
	for (size_t i = 0; i < countof(row->members); i++) {
		if (i >= countof(usual) && fake == usual)
			break;
		if (fake[i].name == NULL)
			break;
		members.list[members.count++] = (struct member){
			.name = fake[i].name[0] != '\0' ? strdup(fake[i].name)
							: NULL,
			.has_gid = true,
			.gid = fake[i].gid,
			.guards = fake[i].guards,
			.in_database = fake[i].in_database,
		};
	}
	return members;
}

static void
make_processes(const struct situation_row *row)
{
	static struct process here;
	struct fake_process self = {
		.number = SELF,
		.parent = row->parent,
		.groups = row->groups != NULL ? row->groups : "108",
		.called = "virturi",
	};

	/* those of a test that failed */
	end_processes();
	/* whatever is real begins later than this */
	assert_int_equal(process_read(getpid(), &here), 0);
	all.latest = here.start;
	process_clear(&here);
	for (size_t i = 0; i < countof(row->processes); i++) {
		if (row->processes[i].number != 0)
			add_process(&row->processes[i]);
	}
	if (row->viewpoint == VIEW_SELF)
		add_process(&self);
	sort_processes();
}

static void
make_environment(const struct situation_row *row)
{
	const char *uri = row->uri != NULL ? row->uri : URI;

	host.socket = row->socket;
	if (host.socket.mode == 0)
		host.socket.mode = 0770;
	host.kvm = row->kvm;
	if (strcmp(uri, NOT_SET) == 0)
		unsetenv(VARIABLE);
	else
		setenv(VARIABLE, uri, true);
}

/* Strings are borrowed, and nobody writes to them. */
static void
make_assignments(const struct situation_row *row, struct personal *personal)
{
	static struct assignment assignments[countof(row->assignments)];

	personal->assignments = assignments;
	for (size_t i = 0; i < countof(row->assignments); i++) {
		const struct fake_assignment *fake = &row->assignments[i];

		if (fake->variable == NULL)
			break;
		assignments[personal->n_assignments++] = (struct assignment){
			.variable = (char *)(uintptr_t)fake->variable,
			.value = (char *)(uintptr_t)fake->value,
			.is_unset = fake->is_unset,
		};
	}
}

/* Strings are borrowed but for members. */
static struct doctor
make_doctor(const struct situation_row *row, const struct policy *policy,
	struct subject *subject)
{
	static char path[] = SOCKET_PATH, uri[] = "qemu:///session";
	static char service[32];
	struct doctor doctor = {
		.options.timeout_ms = 10000,
		.viewpoint = row->viewpoint,
		.is_root = row->viewpoint == VIEW_OTHER,
		.uri = uri,
		.target = row->target,
		.are_ids_real = !row->is_in_namespace,
		.socket.path = path,
		.members = make_members(row),
	};

	snprintf(service, sizeof(service), "%s",
		row->service != NULL ? row->service : "sshd");
	doctor.inquiry.session.service = service;
	doctor.inquiry.subject = subject;
	doctor.inquiry.situation = (struct situation){
		.policy = policy,
		.subject = subject,
		.request = { service, NULL },
	};
	make_assignments(row, &doctor.personal);
	assert_int_equal(policy_decide(&doctor.inquiry.situation, NULL,
				 &doctor.decision),
		0);
	doctor.processes = (struct processes){ all.list, all.count };
	if (find_number(SELF) != NULL)
		doctor.self = *find_number(SELF);
	if (row->manager != 0) {
		doctor.manager.process = find_number(row->manager);
		doctor.manager.knows_uri = row->manager_uri != NULL;
		if (doctor.manager.knows_uri &&
			strcmp(row->manager_uri, NOT_SET) != 0)
			doctor.manager.uri = strdup(row->manager_uri);
	}
	return doctor;
}

static void
free_doctor(struct doctor *doctor)
{
	members_clear(&doctor->members);
	decision_clear(&doctor->decision);
	free(doctor->manager.uri);
}

/* --- What comes out ------------------------------------------------------- */

static pid_t
number_of(const struct process *process)
{
	for (size_t i = 0; i < all.count; i++) {
		if (all.list[i].pid == process->pid)
			return all.numbers[i];
	}
	return 0;
}

static void
print_holder(FILE *stream, const struct relogin *relogin,
	const struct holder *holder, const char *who)
{
	const struct members *members = &relogin->doctor->members;
	char *text = NULL;
	size_t size;
	FILE *lacks = open_memstream(&text, &size);

	assert_non_null(lacks);
	for (size_t i = 0; holder->lacks != NULL && i < members->count; i++) {
		char *name = member_name(&members->list[i]);

		if (holder->lacks[i])
			fprintf(lacks, relogin->counts[i] ? " %s" : " (%s)",
				name);
		free(name);
	}
	if (holder->lacks_uri)
		fputs(" URI", lacks);
	if (holder->has_leftover)
		fputs(" leftover", lacks);
	assert_int_equal(fclose(lacks), 0);
	if (text[0] != '\0' && who != NULL)
		fprintf(stream, "%s:%s\n", who, text);
	else if (text[0] != '\0')
		fprintf(stream, "%d:%s\n", (int)number_of(holder->process),
			text);
	free(text);
}

/* As in a row. Owned by the caller. */
static char *
format_lags(const struct relogin *relogin)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	print_holder(stream, relogin, &relogin->session, "session");
	print_holder(stream, relogin, &relogin->manager, "manager");
	for (size_t i = 0; i < relogin->n_others; i++)
		print_holder(stream, relogin, &relogin->others[i], NULL);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void
check_steps(const struct cures *cures, const char *const *parts)
{
	for (size_t i = 0; i < cures->count || parts[i] != NULL; i++) {
		const struct step *step = &cures->steps[i];
		char *text = NULL;

		if (i >= cures->count || parts[i] == NULL) {
			print_error("%s '%s'\n",
				parts[i] != NULL ? "missing:" : "too many:",
				parts[i] != NULL ? parts[i] : step->command);
			fail();
		}
		assert_true(asprintf(&text, "%s: %s (%s)", step->label,
				    step->command,
				    step->price ? step->price : "") > 0);
		fake_assert_says(text, parts[i]);
		free(text);
	}
}

/* What holds in any situation. */
static void
check_bounds(const struct relogin *relogin)
{
	const struct members *members = &relogin->doctor->members;

	fake_assert_between(relogin->n_seen, relogin->n_others, all.count);
	assert_int_equal(relogin->session.process != NULL,
		relogin->doctor->viewpoint == VIEW_SELF);
	assert_int_equal(relogin->session.is_session,
		relogin->doctor->viewpoint == VIEW_SELF);
	for (size_t i = 0; i < members->count; i++) {
		if (members->list[i].in_database != ANSWER_YES)
			assert_false(relogin->counts[i]);
	}
}

static void
test_situation(void **state)
{
	const struct situation_row *row = *state;
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct policy *policy =
		fake_policy(row->policy != NULL ? row->policy : POLICY);
	struct subject *subject = NULL;
	struct relogin relogin;
	struct doctor doctor;
	char *text;

	assert_int_equal(
		subject_new(&facts, row->user != NULL ? row->user : "alice",
			&subject),
		0);
	/* walks from child to parent end, or the program does */
	alarm(30);
	make_environment(row);
	make_processes(row);
	doctor = make_doctor(row, policy, subject);
	relogin = relogin_find(&doctor);
	check_bounds(&relogin);
	if (row->session != 0)
		assert_int_equal(
			number_of(relogin.session.process), row->session);
	text = format_lags(&relogin);
	assert_string_equal(text, row->lags);
	free(text);
	check_steps(&relogin.cures, row->steps);
	assert_int_equal(relogin.is_needed, row->steps[0] != NULL);
	assert_int_equal(relogin.is_in_doubt, row->is_in_doubt);
	if (row->why != NULL) {
		text = relogin_explain_group(&relogin, 0);
		fake_assert_says(text, row->why);
		free(text);
	}
	relogin_clear(&relogin);
	free_doctor(&doctor);
	end_processes();
	subject_free(subject);
	policy_free(policy);
}

/* --- This session --------------------------------------------------------- */

#define IN_GROUP  "108"
#define NO_GROUP  ""
#define NEWGRP    "this shell: newgrp libvirt"
#define EXEC      "this shell: exec env " VARIABLE "=" URI " $SHELL"
#define NEW_LOGIN "new ssh login"

static const struct situation_row session_rows[] = {
	{ "has it all", .lags = "" },
	{ "lacks the group", .groups = NO_GROUP, .lags = "session: libvirt\n",
		.steps = { NEWGRP, NEW_LOGIN }, .why = SOCKET_PATH " is 0770" },
	{ "lacks the URI", .uri = NOT_SET, .lags = "session: URI\n",
		.steps = { EXEC, NEW_LOGIN } },
	{ "lacks both", .groups = NO_GROUP, .uri = NOT_SET,
		.lags = "session: libvirt URI\n",
		.steps = { "this shell: exec env "
			   "LIBVIRT_DEFAULT_URI=qemu:///system newgrp libvirt",
			NEW_LOGIN } },
	{ "has an empty URI", .uri = "", .lags = "session: URI\n",
		.steps = { EXEC, NEW_LOGIN } },
	{ "has another URI", .uri = "test:///default", .lags = "session: URI\n",
		.steps = { EXEC, NEW_LOGIN } },
	{ "has a URI that contains it", .uri = URI "/",
		.lags = "session: URI\n", .steps = { EXEC, NEW_LOGIN } },
	{ "has groups that are not it", .groups = "10,1080,1081",
		.lags = "session: libvirt\n", .steps = { NEWGRP, NEW_LOGIN } },
	{ "the policy gives none", .policy = "[others]\nuri = none\n",
		.uri = NOT_SET, .lags = "" },
	{ "the policy gives none, and it has one",
		.policy = "[others]\nuri = none\n", .uri = "test:///default",
		.lags = "" },
	{ "is in a user namespace", .is_in_namespace = true, .groups = NO_GROUP,
		.lags = "" },
	{ "is in a user namespace, lacks the URI", .is_in_namespace = true,
		.groups = NO_GROUP, .uri = NOT_SET, .lags = "session: URI\n",
		.steps = { EXEC, NEW_LOGIN } },
	{ "is root's", .user = "root", .policy = "[user root]\nuri = " URI "\n",
		.groups = NO_GROUP, .lags = "session: (libvirt)\n" },

	{ "is root's, asked about", .user = "root",
		.policy = "[user root]\nuri = " URI "\n", .groups = NO_GROUP,
		.members = { { "libvirt", 108, GUARDS_ASKED, ANSWER_YES } },
		.lags = "session: (libvirt)\n" },

	/* what a file sets a new login gets as well */
	{ "has another URI, by a file", .uri = "test:///default",
		.assignments = { { .variable = VARIABLE,
			.value = "test:///default" } },
		.lags = "" },
	{ "has another URI, by the second file", .uri = "test:///default",
		.assignments = { { .variable = VARIABLE, .value = "a:///" },
			{ .variable = VARIABLE, .value = "test:///default" } },
		.lags = "" },
	{ "has another URI, and not by the file", .uri = "test:///default",
		.assignments = { { .variable = VARIABLE, .value = "a:///" } },
		.lags = "session: URI\n", .steps = { EXEC, NEW_LOGIN } },
	{ "has another URI, that a file gives virsh alone",
		.uri = "test:///default",
		.assignments = { { .variable = "VIRSH_DEFAULT_CONNECT_URI",
			.value = "test:///default" } },
		.lags = "session: URI\n", .steps = { EXEC, NEW_LOGIN } },
	{ "has another URI, and a file computes one", .uri = "test:///default",
		.assignments = { { .variable = VARIABLE } }, .lags = "" },
	{ "lacks the URI, a file removes it", .uri = NOT_SET,
		.assignments = { { .variable = VARIABLE, .is_unset = true } },
		.lags = "" },
	{ "lacks the URI, a file would set it", .uri = NOT_SET,
		.assignments = { { .variable = VARIABLE, .value = URI } },
		.lags = "session: URI\n", .steps = { EXEC, NEW_LOGIN } },

	/* a new login, by how this one began */
	{ "by login", .service = "login", .uri = NOT_SET,
		.lags = "session: URI\n",
		.steps = { EXEC, "for good: log in again" } },
	{ "by su -l", .service = "su-l", .uri = NOT_SET,
		.lags = "session: URI\n",
		.steps = { EXEC, "for good: new su -l" } },
	{ "by sudo -i", .service = "sudo-i", .uri = NOT_SET,
		.lags = "session: URI\n", .steps = { EXEC, "sudo -i" } },
	{ "by GDM", .service = "gdm-password", .uri = NOT_SET,
		.lags = "session: URI\n",
		.steps = { EXEC, "su -l alice", "log out of everything" } },
	{ "by greetd", .service = "greetd", .uri = NOT_SET,
		.lags = "session: URI\n",
		.steps = { EXEC, "su -l alice", "log out of everything" } },
	{ "by cron", .service = "cron", .uri = NOT_SET,
		.lags = "session: URI\n",
		.steps = { EXEC, "for good: log in again" } },

	/* groups of which newgrp(1) knows nothing, or others lack */
	{ "lacks a group without a name", .groups = NO_GROUP,
		.members = { { "", 108, GUARDS_SOCKET, ANSWER_YES } },
		.lags = "session: gid 108\n", .steps = { NEW_LOGIN } },
	{ "lacks the second group, the manager the first",
		.members = { { "libvirt", 108, GUARDS_ASKED, ANSWER_YES },
			{ "kvm", 109, GUARDS_ASKED, ANSWER_YES } },
		.processes = { { 1, 0, PROCESS_MANAGER, "109" } }, .manager = 1,
		.groups = IN_GROUP, .lags = "session: kvm\nmanager: libvirt\n",
		.steps = { "this shell: newgrp kvm", NEW_LOGIN,
			"systemctl --user exit" } },
};

/* --- Which groups count --------------------------------------------------- */

#define ALONE(guards)                                                          \
	.groups = NO_GROUP,                                                    \
	.members = { { "libvirt", 108, guards, ANSWER_YES } }

static const struct situation_row group_rows[] = {
	{ "the socket's", ALONE(GUARDS_SOCKET), .lags = "session: libvirt\n",
		.steps = { NEWGRP, NEW_LOGIN }, .why = SOCKET_PATH " is 0770" },
	{ "the socket's, not in the database", .groups = NO_GROUP,
		.members = { { "libvirt", 108, GUARDS_SOCKET, ANSWER_NO } },
		.lags = "" },
	{ "the socket's, nobody knows", .groups = NO_GROUP,
		.members = { { "libvirt", 108, GUARDS_SOCKET,
			ANSWER_UNKNOWN } },
		.lags = "", .is_in_doubt = true },
	{ "the policy's, nobody knows", .groups = NO_GROUP,
		.members = { { "libvirt", 108, GUARDS_POLICY,
			ANSWER_UNKNOWN } },
		.lags = "" },
	{ "one, and nobody knows of the other", .groups = NO_GROUP,
		.members = { { "libvirt", 108, GUARDS_SOCKET, ANSWER_YES },
			{ "kvm", 109, GUARDS_ASKED, ANSWER_UNKNOWN } },
		.lags = "session: libvirt\n", .steps = { NEWGRP, NEW_LOGIN },
		.is_in_doubt = true },
	{ "the socket's, but the URI is the session's", ALONE(GUARDS_SOCKET),
		.target = TARGET_SESSION, .kvm = { 0660 },
		.lags = "session: (libvirt)\n",
		.why = "qemu:///session does not use" },
	{ "the socket's, but the URI is another host's", ALONE(GUARDS_SOCKET),
		.target = TARGET_REMOTE, .lags = "session: (libvirt)\n",
		.why = "does not use" },
	{ "the socket's, but an ACL lets them in", ALONE(GUARDS_SOCKET),
		.socket = { 0770, .has_acl = true },
		.lags = "session: (libvirt)\n", .why = "without it" },
	{ "the socket's, but everybody may", ALONE(GUARDS_SOCKET),
		.socket = { 0666 }, .lags = "session: (libvirt)\n",
		.why = "without it" },
	{ "polkit's", ALONE(GUARDS_POLKIT), .lags = "session: (libvirt)\n",
		.why = "polkit asks the database" },
	{ "polkit's, and the URI is missing", ALONE(GUARDS_POLKIT),
		.uri = NOT_SET, .lags = "session: (libvirt) URI\n",
		.steps = { EXEC, NEW_LOGIN } },
	{ "polkit's, asked about", ALONE(GUARDS_POLKIT | GUARDS_ASKED),
		.lags = "session: libvirt\n", .steps = { NEWGRP, NEW_LOGIN },
		.why = "you asked" },
	{ "the policy's", ALONE(GUARDS_POLICY), .lags = "session: (libvirt)\n",
		.why = "only the policy" },
	{ "asked about", ALONE(GUARDS_ASKED), .lags = "session: libvirt\n",
		.steps = { NEWGRP, NEW_LOGIN }, .why = "you asked" },
	{ "asked about, the URI is another host's", ALONE(GUARDS_ASKED),
		.target = TARGET_REMOTE, .lags = "session: libvirt\n",
		.steps = { NEWGRP, NEW_LOGIN } },
	{ "kvm's, the URI is the system's", ALONE(GUARDS_KVM), .kvm = { 0660 },
		.lags = "session: (libvirt)\n", .why = "open /dev/kvm, not" },
	{ "kvm's, the URI is the session's", ALONE(GUARDS_KVM),
		.target = TARGET_SESSION, .kvm = { 0660 },
		.lags = "session: libvirt\n", .steps = { NEWGRP, NEW_LOGIN },
		.why = "/dev/kvm is 0660" },
	{ "kvm's, which is everybody's", ALONE(GUARDS_KVM),
		.target = TARGET_SESSION, .kvm = { 0666 },
		.lags = "session: (libvirt)\n", .why = "open without it" },
	{ "kvm's, and a seat's ACL lets them in", ALONE(GUARDS_KVM),
		.target = TARGET_SESSION, .kvm = { 0660, .has_acl = true },
		.lags = "session: (libvirt)\n", .why = "open without it" },
	{ "kvm's, which is gone", ALONE(GUARDS_KVM), .target = TARGET_SESSION,
		.lags = "session: (libvirt)\n" },
	{ "the socket's and kvm's, the URI is the system's",
		ALONE(GUARDS_SOCKET | GUARDS_KVM), .kvm = { 0660 },
		.lags = "session: libvirt\n", .steps = { NEWGRP, NEW_LOGIN },
		.why = SOCKET_PATH " is 0770" },
	{ "the socket's and kvm's, the URI is the session's",
		ALONE(GUARDS_SOCKET | GUARDS_KVM), .target = TARGET_SESSION,
		.kvm = { 0660 }, .lags = "session: libvirt\n",
		.steps = { NEWGRP, NEW_LOGIN }, .why = "/dev/kvm is 0660" },
	{ "polkit's and kvm's, the URI is the session's",
		ALONE(GUARDS_POLKIT | GUARDS_KVM), .target = TARGET_SESSION,
		.kvm = { 0660 }, .lags = "session: libvirt\n",
		.steps = { NEWGRP, NEW_LOGIN }, .why = "/dev/kvm is 0660" },
	{ "two, and one counts", .groups = NO_GROUP,
		.members = { { "kvm", 109, GUARDS_KVM, ANSWER_YES },
			{ "libvirt", 108, GUARDS_SOCKET, ANSWER_YES } },
		.kvm = { 0660 }, .lags = "session: (kvm) libvirt\n",
		.steps = { NEWGRP, NEW_LOGIN } },
};

/* --- Others --------------------------------------------------------------- */

#define FRESH_SHELL(number, parent)                                            \
	{                                                                      \
		number, parent, PROCESS_SHELL, IN_GROUP, .called = "bash"      \
	}
#define OLD_SHELL(number, parent)                                              \
	{                                                                      \
		number, parent, PROCESS_SHELL, NO_GROUP, .called = "bash"      \
	}
#define WINDOW(number, parent, uri)                                            \
	{                                                                      \
		number, parent, PROCESS_SHELL, IN_GROUP, uri, .called = "bash" \
	}

static const struct situation_row other_rows[] = {
	/* the session is what leads to us, and what we run */
	{ "shells and terminals above are the session", .groups = NO_GROUP,
		.parent = 3,
		.processes = { { 1, 0, PROCESS_SSHD, NO_GROUP },
			OLD_SHELL(2, 1), { 3, 2, PROCESS_OTHER, NO_GROUP } },
		.lags = "session: libvirt\n", .steps = { NEWGRP, NEW_LOGIN } },
	{ "our shell stands for it", .parent = 1,
		.processes = { FRESH_SHELL(1, 0) }, .session = 1, .lags = "" },
	{ "a shell with fewer groups does not, as below sg(1)", .parent = 1,
		.processes = { OLD_SHELL(1, 0) }, .session = SELF, .lags = "" },
	{ "a shell with other groups does not", .parent = 1,
		.processes = { { 1, 0, PROCESS_SHELL, "109" } },
		.session = SELF, .lags = "" },
	{ "what is no shell does not", .parent = 1,
		.processes = { { 1, 0, PROCESS_OTHER, IN_GROUP } },
		.session = SELF, .lags = "" },
	{ "somebody else's process does not", .parent = 0,
		.processes = { FRESH_SHELL(1, 0) }, .session = SELF,
		.lags = "" },
	{ "what we run is the session", .groups = NO_GROUP,
		.processes = { { 100, SELF, PROCESS_OTHER, NO_GROUP } },
		.lags = "session: libvirt\n", .steps = { NEWGRP, NEW_LOGIN } },
	{ "a younger process with our parent's pid is not", .parent = 1,
		.processes = { { 1, 0, PROCESS_SHELL, NO_GROUP,
			.is_younger = true } },
		.lags = "1: libvirt\n", .steps = { "those processes" } },
	{ "two that seem to be each other's parent", .groups = NO_GROUP,
		.parent = 2,
		.processes = { { 1, 2, PROCESS_SHELL, NO_GROUP },
			{ 2, 1, PROCESS_SHELL, NO_GROUP, .is_younger = true } },
		.lags = "session: libvirt\n1: libvirt\n",
		.steps = { NEWGRP, NEW_LOGIN } },
	{ "a desktop above is not", .service = "greetd", .groups = NO_GROUP,
		.parent = 2,
		.processes = { { 1, 0, PROCESS_DESKTOP, NO_GROUP },
			OLD_SHELL(2, 1) },
		.lags = "session: libvirt\n1: libvirt\n",
		.steps = { NEWGRP, "su -l", "log out of everything" } },

	/* anything has groups */
	{ "a shell elsewhere", .processes = { OLD_SHELL(1, 0) },
		.lags = "1: libvirt\n", .steps = { "those processes" } },
	{ "a shell elsewhere, the primary group is enough",
		.members = { { "alice", ALICE, GUARDS_SOCKET, ANSWER_YES } },
		.processes = { OLD_SHELL(1, 0) }, .lags = "" },
	{ "a shell elsewhere that lacks the URI",
		.processes = { WINDOW(1, 0, NOT_SET) }, .lags = "" },
	{ "a shell elsewhere, in a user namespace", .is_in_namespace = true,
		.processes = { OLD_SHELL(1, 0) }, .lags = "" },
	{ "a shell elsewhere, where the group does not count",
		.members = { { "libvirt", 108, GUARDS_POLKIT, ANSWER_YES } },
		.processes = { OLD_SHELL(1, 0) }, .lags = "" },
	{ "what an old shell runs goes with it",
		.processes = { OLD_SHELL(1, 0),
			{ 2, 1, PROCESS_OTHER, NO_GROUP },
			{ 3, 2, PROCESS_OTHER, NO_GROUP } },
		.lags = "1: libvirt\n", .steps = { "those processes" } },
	{ "the order is that of what people know",
		.processes = { { 1, 0, PROCESS_OTHER, NO_GROUP },
			OLD_SHELL(2, 0), { 3, 0, PROCESS_EDITOR, NO_GROUP },
			{ 4, 0, PROCESS_SSHD, NO_GROUP },
			{ 5, 0, PROCESS_SCREEN, NO_GROUP },
			{ 6, 0, PROCESS_TMUX, NO_GROUP } },
		.lags = "6: libvirt\n5: libvirt\n4: libvirt\n3: libvirt\n"
			"2: libvirt\n1: libvirt\n",
		.steps = { "tmux kill-server", "screen -S 5000005 -X quit",
			"kill 5000003" } },

	/* tmux and screen are judged by what they give to a new window */
	{ "a tmux server that lacks the group",
		.processes = { { 1, 0, PROCESS_TMUX, NO_GROUP },
			OLD_SHELL(2, 1),
			{ 3, 1, PROCESS_SHELL, NO_GROUP, URI } },
		.lags = "1: libvirt\n",
		.steps = { "tmux kill-server (ends 2 windows)" } },
	{ "we are in a tmux that lacks the group", .groups = NO_GROUP,
		.parent = 2,
		.processes = { { 1, 0, PROCESS_TMUX, NO_GROUP },
			OLD_SHELL(2, 1) },
		.lags = "session: libvirt\n1: libvirt\n",
		.steps = { NEWGRP,
			"new ssh login, then tmux kill-server (ends 1 "
			"window)" } },
	{ "a tmux server whose window lacks the URI",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP },
			WINDOW(2, 1, NOT_SET) },
		.lags = "1: URI\n", .steps = { "tmux set-environment" } },
	{ "a tmux server whose window has an empty URI",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP },
			WINDOW(2, 1, "") },
		.lags = "1: URI\n", .steps = { "tmux set-environment" } },
	{ "a tmux server whose window has another URI",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP },
			WINDOW(2, 1, "test:///default") },
		.lags = "1: URI\n", .steps = { "tmux set-environment" } },
	{ "a tmux server whose window has another URI, by a file",
		.assignments = { { .variable = VARIABLE,
			.value = "test:///default" } },
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP },
			WINDOW(2, 1, "test:///default") },
		.lags = "" },
	{ "a tmux server whose latest window has the URI",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP },
			WINDOW(2, 1, NOT_SET), WINDOW(3, 1, NOT_SET),
			WINDOW(4, 1, URI) },
		.lags = "" },
	{ "a tmux server whose first window had the URI",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP },
			WINDOW(2, 1, URI), WINDOW(3, 1, NOT_SET) },
		.lags = "1: URI\n", .steps = { "tmux set-environment" } },
	{ "a tmux server whose first window has a greater pid",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP },
			FRESH_SHELL(2, 1), WINDOW(3, 1, NOT_SET) },
		.lags = "1: URI\n", .steps = { "tmux set-environment" } },
	{ "a tmux server whose window is not to be seen",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP },
			FRESH_SHELL(2, 1) },
		.lags = "" },
	{ "a tmux server without windows that has the URI",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP, URI } },
		.lags = "" },
	{ "a tmux server without windows that lacks the URI",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP, NOT_SET } },
		.lags = "1: URI\n", .steps = { "tmux set-environment" } },
	{ "what is in a window is no window",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP },
			WINDOW(2, 1, URI),
			{ 3, 2, PROCESS_OTHER, IN_GROUP, NOT_SET } },
		.lags = "" },
	{ "a screen server that lacks the group",
		.processes = { { 3, 0, PROCESS_SCREEN, NO_GROUP },
			OLD_SHELL(4, 3) },
		.lags = "3: libvirt\n",
		.steps = { "screen -S 5000003 -X quit (ends 1 window)" } },
	{ "a screen server whose window lacks the URI",
		.processes = { { 3, 0, PROCESS_SCREEN, IN_GROUP },
			WINDOW(4, 3, NOT_SET) },
		.lags = "3: URI\n", .steps = { "-X setenv " VARIABLE } },
	{ "of two tmux servers the one that must end",
		.processes = { { 1, 0, PROCESS_TMUX, NO_GROUP },
			OLD_SHELL(2, 1), { 3, 0, PROCESS_TMUX, IN_GROUP },
			WINDOW(4, 3, NOT_SET) },
		.lags = "1: libvirt\n3: URI\n",
		.steps = { "tmux kill-server (ends 1 window)" } },
	{ "… whichever came first",
		.processes = { { 1, 0, PROCESS_TMUX, IN_GROUP },
			WINDOW(2, 1, NOT_SET), { 3, 0, PROCESS_TMUX, NO_GROUP },
			OLD_SHELL(4, 3) },
		.lags = "1: URI\n3: libvirt\n",
		.steps = { "tmux kill-server (ends 1 window)" } },

	/* editors, connections, desktops */
	{ "an editor's server, and all it has started",
		.processes = { { 1, 0, PROCESS_EDITOR, NO_GROUP },
			{ 2, 1, PROCESS_EDITOR, NO_GROUP },
			{ 3, 2, PROCESS_EDITOR, NO_GROUP }, OLD_SHELL(4, 3) },
		.lags = "1: libvirt\n", .steps = { "kill 5000001" } },
	{ "a connection of one session", .groups = NO_GROUP, .parent = 2,
		.processes = { { 1, 0, PROCESS_SSHD, NO_GROUP },
			OLD_SHELL(2, 1) },
		.lags = "session: libvirt\n",
		.steps = { NEWGRP, "for good: new ssh login" } },
	{ "a shared connection", .groups = NO_GROUP, .parent = 2,
		.processes = { { 1, 0, PROCESS_SSHD, NO_GROUP },
			OLD_SHELL(2, 1), OLD_SHELL(3, 1) },
		.lags = "session: libvirt\n3: libvirt\n",
		.steps = { NEWGRP, "ssh -O exit HOST on the client" } },
	{ "somebody else's connection is shared", .groups = NO_GROUP,
		.parent = 4,
		.processes = { { 1, 0, PROCESS_SSHD, IN_GROUP },
			FRESH_SHELL(2, 1), FRESH_SHELL(3, 1),
			{ 4, 0, PROCESS_SSHD, NO_GROUP } },
		.lags = "session: libvirt\n",
		.steps = { NEWGRP, "for good: new ssh login" } },
	{ "a desktop that lacks the group",
		.processes = { { 1, 0, PROCESS_DESKTOP, NO_GROUP,
			.called = "sway" } },
		.lags = "1: libvirt\n", .steps = { "log out" } },
	{ "a desktop that lacks the URI",
		.processes = { { 1, 0, PROCESS_DESKTOP, IN_GROUP, NOT_SET } },
		.lags = "1: URI\n", .steps = { "log out" } },
	{ "a desktop that has it all",
		.processes = { { 1, 0, PROCESS_DESKTOP, IN_GROUP, URI } },
		.lags = "" },
	{ "a desktop that has it all, this session lacks the group",
		.groups = NO_GROUP,
		.processes = { { 1, 0, PROCESS_DESKTOP, IN_GROUP, URI } },
		.lags = "session: libvirt\n", .steps = { NEWGRP, NEW_LOGIN } },
};

/* --- systemd --user, and other points of view ----------------------------- */

#define MANAGER(groups)                                                        \
	{                                                                      \
		1, 0, PROCESS_MANAGER, groups, .called = "systemd"             \
	}
/* it keeps the PAM session open, and has no groups, however new it is */
#define SD_PAM                                                                 \
	{                                                                      \
		2, 1, PROCESS_OTHER, NO_GROUP, .called = "(sd-pam)"            \
	}

#define SPLIT                                                                  \
	"[group libvirt]\nuri = " URI "\nservices = sshd\n"                    \
	"[others]\nuri = test:///default\nservices = systemd-user\n"

static const struct situation_row manager_rows[] = {
	{ "has it all", .processes = { MANAGER(IN_GROUP) }, .manager = 1,
		.manager_uri = URI, .lags = "" },
	{ "lacks the URI", .processes = { MANAGER(IN_GROUP) }, .manager = 1,
		.manager_uri = NOT_SET, .lags = "manager: URI\n",
		.steps = { "set-environment " VARIABLE "=" URI } },
	{ "has an empty URI", .processes = { MANAGER(IN_GROUP) }, .manager = 1,
		.manager_uri = "", .lags = "manager: URI\n",
		.steps = { "set-environment " VARIABLE "=" URI } },
	{ "has another URI", .processes = { MANAGER(IN_GROUP) }, .manager = 1,
		.manager_uri = "test:///default", .lags = "manager: URI\n",
		.steps = { "set-environment " VARIABLE "=" URI } },
	{ "has another URI, by a file", .processes = { MANAGER(IN_GROUP) },
		.manager = 1, .manager_uri = "test:///default",
		.assignments = { { .variable = VARIABLE,
			.value = "test:///default" } },
		.lags = "" },
	{ "nobody knows its URI", .processes = { MANAGER(IN_GROUP) },
		.manager = 1, .lags = "" },
	{ "has a URI that the policy no longer gives",
		.policy = "[others]\nuri = none\n", .uri = NOT_SET,
		.processes = { MANAGER(IN_GROUP) }, .manager = 1,
		.manager_uri = URI, .lags = "manager: leftover\n" },
	{ "has a URI that the policy does not give, by a file",
		.policy = "[others]\nuri = none\n", .uri = NOT_SET,
		.processes = { MANAGER(IN_GROUP) }, .manager = 1,
		.manager_uri = URI,
		.assignments = { { .variable = VARIABLE, .value = URI } },
		.lags = "" },
	{ "has a URI, and the rule has a mistake",
		.policy = "[group libvirt]\nuri =\n", .uri = NOT_SET,
		.processes = { MANAGER(IN_GROUP) }, .manager = 1,
		.manager_uri = URI, .lags = "" },
	{ "lacks the group", .manager = 1, .manager_uri = URI,
		.processes = { MANAGER(NO_GROUP),
			{ 3, 1, PROCESS_OTHER, NO_GROUP },
			{ 4, 1, PROCESS_OTHER, NO_GROUP } },
		.lags = "manager: libvirt\n",
		.steps = { "systemctl --user exit, then log in again (ends 2 "
			   "processes)" } },
	{ "lacks both", .manager = 1, .manager_uri = NOT_SET,
		.processes = { MANAGER(NO_GROUP) },
		.lags = "manager: libvirt URI\n",
		.steps = { "systemctl --user exit" } },
	{ "lacks the group, with a desktop", .manager = 1, .manager_uri = URI,
		.processes = { MANAGER(NO_GROUP),
			{ 3, 1, PROCESS_DESKTOP, NO_GROUP } },
		.lags = "manager: libvirt\n",
		.steps = { "log out of everything, wait 10 seconds" } },
	{ "lacks the group, which does not count", .manager = 1,
		.manager_uri = URI, .processes = { MANAGER(NO_GROUP) },
		.members = { { "libvirt", 108, GUARDS_POLKIT, ANSWER_YES } },
		.lags = "manager: (libvirt)\n" },
	{ "a service that lacks the group", .manager = 1, .manager_uri = URI,
		.processes = { MANAGER(IN_GROUP),
			{ 3, 1, PROCESS_OTHER, NO_GROUP } },
		.lags = "3: libvirt\n", .steps = { "those processes" } },
	{ "a process of its own that never has groups", .manager = 1,
		.manager_uri = URI, .processes = { MANAGER(IN_GROUP), SD_PAM },
		.lags = "" },
	{ "systemd's own below run0, which has it all", .manager = 1,
		.manager_uri = URI,
		.processes = { MANAGER(IN_GROUP),
			{ 5, 0, PROCESS_SHELL, IN_GROUP },
			{ 6, 5, PROCESS_OTHER, NO_GROUP,
				.called = "(sd-pam)" } },
		.lags = "" },
	{ "one of that name that has groups is somebody's", .manager = 1,
		.manager_uri = URI,
		.processes = { MANAGER(IN_GROUP),
			{ 6, 0, PROCESS_OTHER, "27", .called = "(sd-pam)" } },
		.lags = "6: libvirt\n", .steps = { "those processes" } },
	{ "a process of its own is no service", .manager = 1,
		.manager_uri = URI,
		.processes = { MANAGER(NO_GROUP), SD_PAM,
			{ 3, 1, PROCESS_OTHER, NO_GROUP } },
		.lags = "manager: libvirt\n",
		.steps = { "systemctl --user exit, then log in again (ends 1 "
			   "process)" } },

	/* the policy may give it something else */
	{ "has what the policy gives it", .policy = SPLIT, .manager = 1,
		.manager_uri = "test:///default",
		.processes = { MANAGER(IN_GROUP) }, .lags = "" },
	{ "has what the policy gives the session", .policy = SPLIT,
		.manager = 1, .manager_uri = URI,
		.processes = { MANAGER(IN_GROUP) }, .lags = "manager: URI\n",
		.steps = { "set-environment " VARIABLE "=test:///default" } },
	{ "the policy gives it nothing", .manager = 1, .manager_uri = NOT_SET,
		.policy = "[group libvirt]\nuri = " URI "\nservices = sshd\n",
		.processes = { MANAGER(IN_GROUP) }, .lags = "" },
	{ "the policy gives it alone something", .manager = 1,
		.manager_uri = NOT_SET, .uri = NOT_SET,
		.policy = "[group libvirt]\nuri = " URI
			  "\nservices = systemd-user\n",
		.processes = { MANAGER(IN_GROUP) }, .lags = "manager: URI\n",
		.steps = { "set-environment " VARIABLE "=" URI } },

	/* a service has no shell to type into */
	{ "we are its service", .manager = 1, .manager_uri = NOT_SET,
		.uri = NOT_SET, .parent = 1, .processes = { MANAGER(IN_GROUP) },
		.lags = "session: URI\nmanager: URI\n",
		.steps = { "set-environment " VARIABLE "=" URI } },
	{ "we are its service, and it lacks the group", .manager = 1,
		.manager_uri = URI, .groups = NO_GROUP, .parent = 1,
		.processes = { MANAGER(NO_GROUP) },
		.lags = "session: libvirt\nmanager: libvirt\n",
		.steps = { "systemctl --user exit" } },

	/* root looks at alice */
	{ "nothing lags, whatever root's shell has", .viewpoint = VIEW_OTHER,
		.uri = "test:///default", .processes = { FRESH_SHELL(1, 0) },
		.lags = "" },
	{ "somebody's shell lacks the group", .viewpoint = VIEW_OTHER,
		.processes = { OLD_SHELL(1, 0) }, .lags = "1: libvirt\n",
		.steps = { "those processes" } },
	{ "somebody's tmux lacks the group", .viewpoint = VIEW_OTHER,
		.service = "login",
		.processes = { { 1, 0, PROCESS_TMUX, NO_GROUP },
			OLD_SHELL(2, 1) },
		.lags = "1: libvirt\n", .steps = { "tmux kill-server" } },
	{ "somebody's manager lacks the group", .viewpoint = VIEW_OTHER,
		.manager = 1, .manager_uri = URI,
		.processes = { MANAGER(NO_GROUP) },
		.lags = "manager: libvirt\n",
		.steps = { "systemctl restart user@1000" } },
};

/* --- Names ---------------------------------------------------------------- */

static const struct name_row {
	const char *name;
	enum process_kind kind;
	const char *called;
	bool is_session;
	const char *shown;
} name_rows[] = {
	{ "a session", PROCESS_OTHER, "virturi", true, "this session" },
	{ "the manager", PROCESS_MANAGER, "systemd", false,
		"systemd --user 812" },
	{ "tmux", PROCESS_TMUX, "tmux: server", false, "tmux server 812" },
	{ "screen", PROCESS_SCREEN, "screen", false, "screen server 812" },
	{ "sshd", PROCESS_SSHD, "sshd-session", false, "sshd 812" },
	{ "an editor", PROCESS_EDITOR, "node", false, "node 812" },
	{ "a desktop", PROCESS_DESKTOP, "sway", false, "sway 812" },
	{ "a shell", PROCESS_SHELL, "zsh", false, "zsh 812" },
	{ "another", PROCESS_OTHER, "firefox", false, "firefox 812" },
	{ "one that would move the cursor", PROCESS_OTHER, "a\033[2J\n\xff",
		false, "a\\x1b[2J\\x0a\\xff 812" },
};

static void
test_name(void **state)
{
	const struct name_row *row = *state;
	char called[16];
	struct process process = {
		.pid = 812, .kind = row->kind, .name = called
	};
	struct holder holder = { .process = &process,
		.is_session = row->is_session };
	char *name;

	snprintf(called, sizeof(called), "%s", row->called);
	name = holder_name(&holder);
	assert_string_equal(name, row->shown);
	free(name);
}

int
main(void)
{
	struct suite suite = { 0 };

	/* nobody is to be asked who lingers */
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", true);
	suite_add(&suite, "session", test_situation, SUITE_ROWS(session_rows));
	suite_add(&suite, "group", test_situation, SUITE_ROWS(group_rows));
	suite_add(&suite, "other", test_situation, SUITE_ROWS(other_rows));
	suite_add(&suite, "manager", test_situation, SUITE_ROWS(manager_rows));
	suite_add(&suite, "name", test_name, SUITE_ROWS(name_rows));
	return suite_run(&suite, "relogin");
}
