/* SPDX-License-Identifier: MIT */
/*
 * The module while things fail: every allocation, every open, read, fstat and
 * readdir, every look-up, one after the other, once and for good. A session is
 * opened all the same, the variable is right or left alone and then the log
 * says why, nothing leaks, and the next session is none the worse.
 *
 * Sessions go through the real libpam, with the module `required` and nothing
 * else in the stack that has a say. Policies are where the build looks for
 * them, in a mount namespace of this program's own, so it takes root.
 */
#include <errno.h>
#include <fcntl.h>
#include <nss.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_appl.h>

#include "../../policy/countof.h"
#include "../pam/stack.h"
#include "fault.h"
#include "window.h"

/* --- Scenes --------------------------------------------------------------- */

#define ADMIN  CONFDIR "/"
#define RUN    RUNCONFDIR "/"
#define VENDOR VENDORCONFDIR "/"
#define MAIN   "virturi.conf"
#define DROPIN "virturi.conf.d/"

struct file {
	const char *path;
	const char *text;
	const char *target; /* a link's, in place of a text */
	mode_t mode; /* 0: 0644 */
};

#define FILES_MAX 10

struct scene {
	const char *name;
	struct file files[FILES_MAX];
	const char *arguments;
	const char *user; /* NULL: "alice"; "-": none */
	const char *rhost;
	const char *present; /* the variable's value before */
	const char *uri; /* afterwards; NULL: not set */
	const char *otherwise; /* when groups that are there are not found */
	bool speaks; /* the log has something to say without a fault */
	bool uses_libc; /* its own name service, which may lack memory too */
};

/* What must not come through. */
#define WRONG  "test:///wrong"
#define RIGHT  "test:///right"
#define OTHERS "[others]\nuri = " WRONG "\n"

static const struct scene scenes[] = {
	{
		.name = "the shipped policy, a member",
		.files = { { .path = VENDOR MAIN,
			.text = "[group libvirt]\nuri = qemu:///system\n" } },
		.uri = "qemu:///system",
	},
	{
		.name = "the shipped policy, somebody else",
		.files = { { .path = VENDOR MAIN,
			.text = "[group libvirt]\nuri = qemu:///system\n" } },
		.user = "bob",
	},
	{
		.name = "a rule for others behind that for members",
		.files = { { .path = VENDOR MAIN,
			.text = "[group libvirt]\nuri = " RIGHT "\n" OTHERS } },
		.uri = RIGHT,
		.otherwise = WRONG,
	},
	{
		.name = "a rule for others, of somebody else",
		.files = { { .path = VENDOR MAIN,
			.text = "[group libvirt]\nuri = " WRONG "\n"
				"[others]\nuri = " RIGHT "\n" } },
		.user = "bob",
		.uri = RIGHT,
	},
	{
		.name = "a member whom no record lists",
		.files = { { .path = VENDOR MAIN,
			.text = "[group hidden]\nuri = " RIGHT "\n" OTHERS } },
		.user = "heidi",
		.uri = RIGHT,
		.otherwise = WRONG,
	},
	{
		.name = "a group that cannot be looked up",
		.files = { { .path = VENDOR MAIN,
			.text = "[group away]\nuri = " RIGHT "\n" OTHERS } },
		.otherwise = WRONG,
		.speaks = true,
	},
	{
		.name = "layers and drop-ins",
		.files = { { .path = VENDOR MAIN,
				   .text = "[user alice]\nuri = " WRONG "\n" },
			{ .path = VENDOR DROPIN "10-a.conf",
				.text = "[user alice]\nuri = " WRONG "\n" },
			{ .path = VENDOR DROPIN "90-z.conf",
				.text = "[user alice]\nuri = " WRONG "\n" },
			{ .path = RUN MAIN,
				.text = "[user alice]\nuri = " WRONG "\n" },
			{ .path = RUN DROPIN "10-a.conf",
				.text = "[group kvm]\nuri = " WRONG "\n" },
			{ .path = ADMIN MAIN,
				.text = "[group kvm]\nuri = " WRONG "\n" },
			{ .path = ADMIN DROPIN "50-site.conf",
				.text = "[group libvirt]\nuri = " RIGHT "\n" },
			{ .path = ADMIN DROPIN "80-y.conf",
				.target = "/dev/null" },
			{ .path = VENDOR DROPIN "80-y.conf",
				.text = "[user alice]\nuri = " WRONG "\n" },
			{ .path = ADMIN DROPIN "90-z.conf", .text = "" } },
		.uri = RIGHT,
	},
	{
		.name = "many groups, asked for by name",
		.files = { { .path = VENDOR MAIN,
			.text = "[group bulk28]\nuri = " RIGHT "\n" OTHERS } },
		.user = "ivan",
		.uri = RIGHT,
		.otherwise = WRONG,
	},
	{
		.name = "many groups, named one by one",
		.files = { { .path = VENDOR MAIN,
			.text = "[group a]\nuri = " WRONG "\n"
				"[group b]\nuri = " WRONG "\n"
				"[group c]\nuri = " WRONG "\n"
				"[group d]\nuri = " WRONG "\n"
				"[group e]\nuri = " WRONG "\n"
				"[group f]\nuri = " WRONG "\n"
				"[group bulk28]\nuri = " RIGHT "\n" OTHERS } },
		.user = "ivan",
		.uri = RIGHT,
		.otherwise = WRONG,
	},
	{
		.name = "glibc's service, asked for by name",
		.files = { { .path = VENDOR MAIN,
			.text = "[group libvirt]\nuri = " RIGHT "\n" OTHERS } },
		.uri = RIGHT,
		.otherwise = WRONG,
		.uses_libc = true,
	},
	{
		.name = "glibc's service, groups named one by one",
		.files = { { .path = VENDOR MAIN,
			.text = "[group a]\nuri = " WRONG "\n"
				"[group b]\nuri = " WRONG "\n"
				"[group c]\nuri = " WRONG "\n"
				"[group d]\nuri = " WRONG "\n"
				"[group e]\nuri = " WRONG "\n"
				"[group f]\nuri = " WRONG "\n"
				"[group libvirt]\nuri = " RIGHT "\n" OTHERS } },
		.uri = RIGHT,
		.otherwise = WRONG,
		.uses_libc = true,
	},
	{
		.name = "every condition and everything that expands",
		.files = { { .path = ADMIN MAIN,
			.text = "[gid 5001]\n"
				"uri = "
				"test:///${user}/${uid}${home}?g=${group}\n"
				"services = sshd, fault\n"
				"from = remote\n"
				"uids = 1000-\n"
				"require_groups = kvm, libvirt\n"
				"exclude_groups = staff\n" OTHERS } },
		.rhost = "192.0.2.1",
		.uri = "test:///alice/71001/home/alice?g=libvirt",
		.otherwise = WRONG,
	},
	{
		.name = "a rule for local sessions, from elsewhere",
		.files = { { .path = ADMIN MAIN,
			.text = "[user alice]\nuri = " WRONG "\nfrom = local\n"
				"[others]\nuri = " RIGHT "\n" } },
		.rhost = "192.0.2.1",
		.uri = RIGHT,
	},
	{
		.name = "policy=",
		.files = { { .path = ADMIN "other.conf",
				   .text = "[group libvirt]\nuri = " RIGHT
					   "\n" OTHERS },
			{ .path = VENDOR MAIN,
				.text = "[user alice]\nuri = " WRONG "\n" } },
		.arguments = "policy=" ADMIN "other.conf",
		.uri = RIGHT,
		.otherwise = WRONG,
	},
	{
		.name = "override",
		.files = { { .path = ADMIN MAIN,
			.text = "[group libvirt]\nuri = " RIGHT "\n" OTHERS } },
		.arguments = "override",
		.present = "test:///present",
		.uri = RIGHT,
		.otherwise = WRONG,
	},
	{
		.name = "set already",
		.files = { { .path = ADMIN MAIN,
			.text = "[group libvirt]\nuri = " WRONG "\n" OTHERS } },
		.present = "test:///present",
		.uri = "test:///present",
	},
	{
		.name = "debug",
		.files = { { .path = ADMIN MAIN,
			.text = "[user bob]\nuri = " WRONG "\n"
				"[group kvm]\nuri = " WRONG "\nfrom = remote\n"
				"[group libvirt]\nuri = " RIGHT "\n" OTHERS } },
		.arguments = "debug unknown",
		.uri = RIGHT,
		.otherwise = WRONG,
		.speaks = true,
	},
	{
		.name = "a rule on trial",
		.files = { { .path = ADMIN MAIN,
			.text = "[user alice]\nuri = " WRONG "\ntrial = yes\n"
				"[group libvirt]\nuri = " RIGHT "\n" OTHERS } },
		.uri = RIGHT,
		.otherwise = WRONG,
	},
	{
		.name = "a rule says none",
		.files = { { .path = ADMIN MAIN,
			.text = "[group libvirt]\nuri = none\n" OTHERS } },
		.otherwise = WRONG,
	},
	{
		.name = "a mistaken rule",
		.files = { { .path = ADMIN MAIN,
			.text = "[group libvirt]\nuri = not a uri\nfrom = "
				"here\n"
				"service = login\n" OTHERS } },
		.otherwise = WRONG,
		.speaks = true,
	},
	{
		.name = "a group that the directory spells otherwise",
		.files = { { .path = ADMIN MAIN,
			.text = "[group LIBVIRT]\nuri = " WRONG "\n"
				"[others]\nuri = " RIGHT "\n" } },
		.uri = RIGHT,
	},
	{
		.name = "a policy with a mistake of form",
		.files = { { .path = ADMIN MAIN,
			.text = "[group libvirt]\nuri = " WRONG
				"\n[host tux]\n" } },
		.speaks = true,
	},
	{
		.name = "a policy that everybody may write to",
		.files = { { .path = VENDOR MAIN,
				   .text = "[user alice]\nuri = " WRONG "\n" },
			{ .path = ADMIN DROPIN "50-site.conf",
				.text = "[user bob]\nuri = " WRONG "\n",
				.mode = 0666 } },
		.speaks = true,
	},
	{
		.name = "a drop-in that is a link to nowhere",
		.files = { { .path = VENDOR MAIN,
				   .text = "[user alice]\nuri = " WRONG "\n" },
			{ .path = ADMIN DROPIN "50-site.conf",
				.target = "nowhere" } },
		.speaks = true,
	},
	{
		.name = "drop-ins in a link to nowhere",
		.files = { { .path = VENDOR MAIN,
				   .text = "[user alice]\nuri = " WRONG "\n" },
			{ .path = RUN "virturi.conf.d", .target = "nowhere" } },
		.speaks = true,
	},
	{
		.name = "no policy at all",
	},
	{
		.name = "an unknown user",
		.files = { { .path = ADMIN MAIN, .text = OTHERS } },
		.user = "nobody-here",
		.speaks = true,
	},
	{
		.name = "no user",
		.files = { { .path = ADMIN MAIN, .text = OTHERS } },
		.user = "-",
		.speaks = true,
	},
};

/* --- Faults --------------------------------------------------------------- */

static const struct trial {
	enum fault_kind kind;
	int error;
} trials[] = { { FAULT_MEMORY, ENOMEM }, { FAULT_OPEN, EMFILE },
	{ FAULT_OPEN, ENOMEM }, { FAULT_OPEN, EACCES }, { FAULT_OPEN, EINTR },
	{ FAULT_OPEN, EIO }, { FAULT_READ, EIO }, { FAULT_READ, EINTR },
	{ FAULT_READ, EAGAIN }, { FAULT_READ, FAULT_SHORT },
	{ FAULT_STATUS, EIO }, { FAULT_STATUS, ENOMEM },
	{ FAULT_STATUS, EACCES }, { FAULT_LIST, EIO }, { FAULT_LIST, ENOMEM },
	{ FAULT_WRITE, EIO }, { FAULT_WRITE, ENOSPC }, { FAULT_WRITE, EINTR },
	{ FAULT_PROCESS, ENOMEM }, { FAULT_PAM, EIO },
	{ FAULT_MEMBERSHIP, ENOMEM },
#define LOOK_UPS(kind)                                                         \
	{ kind, ENOMEM }, { kind, EIO }, { kind, ERANGE }, { kind, ESRCH },    \
		{ kind, ENOENT }, { kind, EINTR }, { kind, EMFILE },           \
		{ kind, EAGAIN }, { kind, FAULT_LATE },
	LOOK_UPS(FAULT_USER) LOOK_UPS(FAULT_GROUP)
#undef LOOK_UPS
};

/* No allocation is smaller. */
#define BUDGET_STEP 24

/* More than a session opens at a time. */
#define DESCRIPTORS_MAX 20

/* What is counted, for each kind of call. */
enum count {
	COUNT_INJECTED,
	COUNT_CALLS,
	COUNT_SESSIONS,
	COUNT_REFUSED,
	COUNT_WRONG,
	COUNT_LEAKS,
	COUNT_DESCRIPTORS,
	COUNT_CRASHES,
	COUNTS,
};

static unsigned long counts[FAULT_KINDS][COUNTS];

/* Has a session begun that has not come back? */
static bool is_open;

/* Was the answer of the name service, "there is no such group"? */
static bool
means_absence(const struct fault_plan *plan)
{
	return plan->kind == FAULT_GROUP && plan->injected > 0 &&
		(plan->error == ESRCH || plan->error == ENOENT);
}

/* How many descriptors may be opened; negative: as many as ever. */
static int descriptors_left = -1;

/* After this the answer must be the right one, and not only not wrong. */
static bool
is_harmless(const struct fault_plan *plan)
{
	return (plan->injected == 0 && descriptors_left < 0) ||
		descriptors_left == DESCRIPTORS_MAX - 1 ||
		plan->error == FAULT_SHORT || plan->error == FAULT_LATE;
}

/* --- The host ------------------------------------------------------------- */

static void
die(const char *what, const char *name)
{
	fprintf(stderr, "%s: %s: %m\n", what, name);
	exit(99);
}

/* Makes the directories of the path's name. */
static void
make_parents(const char *path)
{
	char *copy = format_text("%s", path);

	for (char *slash = copy + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			die("mkdir", copy);
		*slash = '/';
	}
	free(copy);
}

/* An empty directory of our own in place of the host's, or of one above it. */
static void
cover(const char *directory)
{
	char *path = format_text("%s", directory);

	while (access(path, F_OK) < 0)
		*strrchr(path, '/') = '\0';
	if (path[0] == '\0' ||
		mount("tmpfs", path, "tmpfs", 0, "mode=0755") < 0)
		die("tmpfs", directory);
	free(path);
}

static void
cover_layers(void)
{
	static const char *const directories[] = {
		VENDORCONFDIR,
		RUNCONFDIR,
		CONFDIR,
	};

	if (unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("unshare", "mounts");
	for (size_t i = 0; i < countof(directories); i++) {
		if (directories[i][0] != '/') {
			errno = EINVAL;
			die("built without a layer", directories[i]);
		}
		cover(directories[i]);
	}
}

static void
write_file(const struct file *file)
{
	int fd;

	make_parents(file->path);
	if (file->target != NULL) {
		if (symlink(file->target, file->path) < 0)
			die("symlink", file->path);
		return;
	}
	fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 ||
		write(fd, file->text, strlen(file->text)) !=
			(ssize_t)strlen(file->text) ||
		fchmod(fd, file->mode != 0 ? file->mode : 0644) < 0)
		die("write", file->path);
	close(fd);
}

/* The C library's own name service, with names of ours. */
static void
use_libc(void)
{
	static const struct file files[] = {
		{ .path = RUN "passwd",
			.text = "alice:x:71001:71001::/home/alice:/bin/sh\n" },
		{ .path = RUN "group",
			.text = "alice:x:71001:\nkvm:x:5002:alice\n"
				"libvirt:x:5001:bob,alice\n" },
	};
	static const char *const names[] = { "passwd", "group" };

	for (size_t i = 0; i < countof(files); i++) {
		char *path = format_text("/etc/%s", names[i]);

		write_file(&files[i]);
		if (mount(files[i].path, path, NULL, MS_BIND, NULL) < 0)
			die("bind", path);
		__nss_configure_lookup(names[i], "files");
		free(path);
	}
	__nss_configure_lookup("initgroups", "files");
}

/* --- Sessions ------------------------------------------------------------- */

static struct stack stack;
static struct fault_plan plan;

/* The next descriptor is the lowest that is free. */
static void
limit_descriptors(bool begins)
{
	static struct rlimit before;
	struct rlimit now = before;
	int lowest;

	if (begins) {
		getrlimit(RLIMIT_NOFILE, &before);
		lowest = dup(STDIN_FILENO);
		if (lowest < 0 || close(lowest) < 0)
			die("dup", "standard input");
		now = before;
		now.rlim_cur = (rlim_t)lowest + (rlim_t)descriptors_left;
	}
	if (setrlimit(RLIMIT_NOFILE, &now) < 0)
		die("setrlimit", "descriptors");
}

void
fault_window(bool begins)
{
	if (descriptors_left >= 0)
		limit_descriptors(begins);
	if (begins)
		fault_begin(&plan);
	else
		fault_end();
}

static bool
are_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
has_complained(const struct log *log)
{
	for (size_t i = 0; i < log->count; i++) {
		if (log->lines[i].priority <= LOG_WARNING)
			return true;
	}
	return false;
}

/* pam_putenv(3) removes the old value first: unset is then as good. */
static bool
has_override(const struct scene *scene)
{
	return are_equal(scene->arguments, "override");
}

/* What is wrong with what came of it, or NULL. */
static const char *
find_fault(const struct scene *scene, const struct outcome *outcome)
{
	const char *uri = outcome_getenv(outcome, VARIABLE);
	bool is_right = are_equal(uri, scene->uri);

	if (outcome->opened != PAM_SUCCESS || outcome->closed != PAM_SUCCESS)
		return "the session is refused";
	if (outcome->conversations > 0)
		return "somebody was asked something";
	if (!is_right && means_absence(&plan) &&
		are_equal(uri, scene->otherwise))
		return NULL;
	if (!is_right && !are_equal(uri, scene->present) &&
		(uri != NULL || !has_override(scene)))
		return "the variable is wrong";
	if (!is_right && is_harmless(&plan))
		return "the variable is not set";
	if (is_right && !scene->speaks)
		return NULL;
	return has_complained(&outcome->log) ? NULL : "the log does not say so";
}

static void
describe(const struct scene *scene, const struct outcome *outcome,
	const char *fault)
{
	const char *uri = outcome_getenv(outcome, VARIABLE);

	print_error("# %s: %s %u%s, error %d: %s (%s)\n", scene->name,
		fault_names[plan.kind], plan.at,
		plan.for_good ? " and all behind it" : "", plan.error, fault,
		uri != NULL ? uri : "not set");
	for (size_t i = 0; i < outcome->log.count; i++)
		print_error("#   log: <%d> %s\n",
			outcome->log.lines[i].priority,
			outcome->log.lines[i].text);
}

static void
run_session(const struct scene *scene, struct outcome *ret)
{
	const char *user = scene->user != NULL ? scene->user : "alice";
	char *present = scene->present == NULL
		? NULL
		: format_text("%s=%s", VARIABLE, scene->present);
	const struct session session = {
		.service = "fault",
		.user = strcmp(user, "-") != 0 ? user : NULL,
		.rhost = scene->rhost,
		.environment = present,
	};

	session_run(&stack, &session, ret);
	free(present);
}

/* One session of the scene, by the plan. Returns how many things are wrong. */
static unsigned int
open_session(const struct scene *scene)
{
	unsigned long *count = counts[plan.kind];
	unsigned int descriptors = count_descriptors();
	long live = fault_live();
	struct outcome outcome;
	const char *fault;

	plan.calls = plan.injected = 0;
	is_open = true;
	run_session(scene, &outcome);
	is_open = false;
	fault = find_fault(scene, &outcome);
	if (fault != NULL)
		describe(scene, &outcome, fault);
	count[COUNT_SESSIONS]++;
	count[COUNT_INJECTED] += plan.injected;
	if (plan.error != FAULT_BUDGET)
		count[COUNT_CALLS] += plan.calls;
	count[COUNT_REFUSED] +=
		outcome.opened != PAM_SUCCESS || outcome.closed != PAM_SUCCESS;
	count[COUNT_WRONG] += fault != NULL;
	outcome_clear(&outcome);
	if (fault_live() == live && count_descriptors() == descriptors)
		return fault != NULL;
	count[COUNT_LEAKS] += fault_live() != live;
	count[COUNT_DESCRIPTORS] += count_descriptors() != descriptors;
	print_error("# %s: %s %u%s, error %d: %ld blocks, %d descriptors "
		    "more\n",
		scene->name, fault_names[plan.kind], plan.at,
		plan.for_good ? " and all behind it" : "", plan.error,
		fault_live() - live, (int)(count_descriptors() - descriptors));
	return 1 + (fault != NULL);
}

/* Every call of one kind fails, and after each the next session is right. */
static unsigned int
fail_each(const struct scene *scene, const struct trial *trial, bool for_good)
{
	const struct fault_plan fine = {
		.kind = trial->kind,
		.error = trial->error,
		.for_good = for_good,
	};
	unsigned int faults, calls;

	plan = fine;
	faults = open_session(scene);
	calls = plan.calls;
	for (unsigned int i = 1; i <= calls && faults == 0; i++) {
		plan = fine;
		plan.at = i;
		faults += open_session(scene);
		if (plan.injected == 0) {
			print_error("# %s: the %uth call was not made\n",
				scene->name, i);
			faults++;
		}
		plan = fine;
		faults += open_session(scene);
	}
	return faults;
}

/* Memory for so much and no more, byte by byte up to all that is used. */
static unsigned int
fail_each_size(const struct scene *scene)
{
	const struct fault_plan fine = {
		.kind = FAULT_MEMORY,
		.error = FAULT_BUDGET,
	};
	unsigned int faults, most;

	plan = fine;
	faults = open_session(scene);
	most = plan.calls;
	for (unsigned int size = 1; size <= most && faults == 0;
		size += BUDGET_STEP) {
		plan = fine;
		plan.at = size;
		faults += open_session(scene);
	}
	return faults;
}

/* Only so many descriptors, for the C library's own purposes too. */
static unsigned int
run_out_of_descriptors(const struct scene *scene)
{
	unsigned int faults = 0;

	plan = (struct fault_plan){ .kind = FAULT_OPEN, .error = EMFILE };
	for (int left = 0; left < DESCRIPTORS_MAX && faults == 0; left++) {
		descriptors_left = left;
		faults = open_session(scene);
	}
	descriptors_left = -1;
	return faults;
}

static void
write_service(const char *arguments)
{
	char *module = build_path("pam_virturi.so");
	char *window = build_path("tests/fault/pam_window.so");
	char *text = format_text("session required %s begin\n"
				 "session required %s %s\n"
				 "session required %s end\n",
		window, module, arguments != NULL ? arguments : "", window);

	stack_write(&stack, "fault", text);
	free(text);
	free(window);
	free(module);
}

/* cmocka goes on with the next test. */
static void
note_crash(void)
{
	counts[plan.kind][COUNT_CRASHES] += is_open;
	is_open = false;
	fault_end();
	fault_pause(false);
}

static void
begin_scene(const struct scene *scene)
{
	struct outcome outcome;

	note_crash();
	cover_layers();
	for (size_t i = 0; i < FILES_MAX && scene->files[i].path != NULL; i++)
		write_file(&scene->files[i]);
	names_use("../fault/names");
	if (scene->uses_libc)
		use_libc();
	fault_spare_names(!scene->uses_libc);
	write_service(scene->arguments);
	/* what is loaded and cached once */
	plan = (struct fault_plan){ 0 };
	run_session(scene, &outcome);
	outcome_clear(&outcome);
}

static void
test_scene(void **state)
{
	const struct scene *scene = *state;
	unsigned int faults = 0;

	begin_scene(scene);
	for (size_t i = 0; i < countof(trials); i++) {
		/* asked again, the record would have come back to size */
		if (trials[i].error != FAULT_LATE)
			faults += fail_each(scene, &trials[i], false);
		faults += fail_each(scene, &trials[i], true);
	}
	faults += fail_each_size(scene);
	faults += run_out_of_descriptors(scene);
	assert_int_equal(faults, 0);
}

/* --- Stalls --------------------------------------------------------------- */

/* The n-th look-up of a kind answers five seconds later. */
static const struct stalled {
	const char *name;
	enum fault_kind kind;
	unsigned int at;
} stalls[] = {
	{ "the user is found five seconds later", FAULT_USER, 1 },
	{ "a group is found five seconds later", FAULT_GROUP, 1 },
	{ "a gid is found five seconds later", FAULT_GROUP, 2 },
	{ "the groups are found five seconds later", FAULT_MEMBERSHIP, 1 },
};

static const struct scene stalled_scene = {
	.name = "a name service that stalls",
	.files = { { .path = VENDOR MAIN,
		.text = "[group kvm]\nuri = " WRONG "\nfrom = remote\n"
			"[group hidden]\nuri = " RIGHT "\n" OTHERS } },
	.user = "heidi",
	.uri = RIGHT,
};

static pid_t children[countof(stalls)];

/* All at once: each is a child's, whose status says how many are wrong. */
static int
begin_stalls(void **state)
{
	(void)state;
	begin_scene(&stalled_scene);
	for (size_t i = 0; i < countof(stalls); i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		plan = (struct fault_plan){
			.kind = stalls[i].kind,
			.error = FAULT_STALL,
			.at = stalls[i].at,
		};
		_exit((int)open_session(&stalled_scene) + (plan.injected != 1));
	}
	return 0;
}

static void
test_stall(void **state)
{
	const struct stalled *stalled = *state;
	int status = -1;

	assert_true(waitpid(children[stalled - stalls], &status, 0) > 0);
	counts[stalled->kind][COUNT_SESSIONS]++;
	counts[stalled->kind][COUNT_INJECTED]++;
	counts[stalled->kind][COUNT_CRASHES] += WIFSIGNALED(status);
	assert_int_equal(status, 0);
}

/* --- All of it ------------------------------------------------------------ */

static void
print_counts(const char *name, const unsigned long *count)
{
	printf("# %s: %lu faults injected in %lu calls of %lu sessions; %lu "
	       "logins refused, %lu answers wrong, %lu leaks, %lu with "
	       "descriptors left, %lu crashes\n",
		name, count[COUNT_INJECTED], count[COUNT_CALLS],
		count[COUNT_SESSIONS], count[COUNT_REFUSED], count[COUNT_WRONG],
		count[COUNT_LEAKS], count[COUNT_DESCRIPTORS],
		count[COUNT_CRASHES]);
}

static void
print_all_counts(void)
{
	unsigned long all[COUNTS] = { 0 };

	for (enum fault_kind kind = 0; kind < FAULT_KINDS; kind++) {
		print_counts(fault_names[kind], counts[kind]);
		for (enum count i = 0; i < COUNTS; i++)
			all[i] += counts[kind][i];
	}
	print_counts("all", all);
}

int
main(void)
{
	static const struct row_table scene_table = {
		.name = "faults",
		.rows = scenes,
		.size = sizeof(scenes[0]),
		.count = countof(scenes),
		.test = test_scene,
	};
	static const struct row_table stall_table = {
		.name = "stalls",
		.rows = stalls,
		.size = sizeof(stalls[0]),
		.count = countof(stalls),
		.test = test_stall,
		.begin = begin_stalls,
	};
	int failed;

	log_around = fault_pause;
	stack = stack_new();
	failed = row_table_run(&scene_table);
	failed += row_table_run(&stall_table);
	stack_end(&stack);
	note_crash();
	print_all_counts();
	return failed;
}
