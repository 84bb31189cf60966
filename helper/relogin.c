/* SPDX-License-Identifier: MIT */
#include "relogin.h"

#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "device.h"

/* --- Which groups count -------------------------------------------------- */

/* Could the user open it without being in any group? An ACL may let them in. */
static bool
is_closed_without_group(const struct doctor *doctor, const char *path)
{
	struct credentials nobody = { .uid = doctor_uid(doctor) };
	struct permissions permissions;
	bool is_closed;

	if (permissions_read(path, &permissions) < 0)
		return false;
	is_closed =
		permissions_judge(&permissions, &nobody, NULL) == ACCESS_NONE;
	permissions_clear(&permissions);
	return is_closed;
}

/* Does it count for those who are in it? */
static bool
member_counts(const struct doctor *doctor, const struct member *member)
{
	if (doctor_uid(doctor) == 0)
		return false;
	if (member->guards & GUARDS_ASKED)
		return true;
	if ((member->guards & GUARDS_SOCKET) && doctor->target == TARGET_SYSTEM)
		return is_closed_without_group(doctor, doctor->socket.path);
	if ((member->guards & GUARDS_KVM) && doctor->target == TARGET_SESSION)
		return is_closed_without_group(doctor, "/dev/kvm");
	return false;
}

static void
find_what_counts(struct relogin *relogin)
{
	const struct doctor *doctor = relogin->doctor;
	const struct members *members = &doctor->members;

	relogin->counts = need(calloc(members->count + 1, sizeof(bool)));
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = &members->list[i];

		if (member->in_database == ANSWER_NO ||
			!member_counts(doctor, member))
			continue;
		if (member->in_database == ANSWER_YES)
			relogin->counts[i] = true;
		else
			relogin->is_in_doubt = true;
	}
}

static char *
describe_mode(const struct doctor *doctor, const char *path, const char *group)
{
	struct permissions permissions;
	unsigned int mode;

	if (permissions_read(path, &permissions) < 0)
		return need(text_format("there is no %s", path));
	mode = permissions.status.st_mode & 07777U;
	permissions_clear(&permissions);
	return need(text_format("%s is %04o, group %s%s", path, mode, group,
		is_closed_without_group(doctor, path)
			? ""
			: ", and open without it"));
}

/* The one thing a group guards that the URI in use needs, or would need. */
static const char *
find_guarded(const struct doctor *doctor, unsigned int guards)
{
	bool is_session = doctor->target == TARGET_SESSION;

	if ((guards & GUARDS_KVM) && (is_session || !(guards & GUARDS_SOCKET)))
		return "/dev/kvm";
	return (guards & GUARDS_SOCKET) ? doctor->socket.path : NULL;
}

char *
relogin_explain_group(const struct relogin *relogin, size_t i)
{
	const struct doctor *doctor = relogin->doctor;
	const struct member *member = &doctor->members.list[i];
	const char *path = find_guarded(doctor, member->guards);
	char *name, *text;

	if (member->guards & GUARDS_ASKED)
		return need(strdup("you asked about it"));
	if (path == NULL)
		return need(strdup((member->guards & GUARDS_POLKIT)
				? "polkit asks the database, not processes"
				: "only the policy names it, and that asks the "
				  "database"));
	if (strcmp(path, "/dev/kvm") == 0 && doctor->target != TARGET_SESSION)
		return need(strdup("libvirt's processes open /dev/kvm, not "
				   "yours"));
	if (strcmp(path, "/dev/kvm") != 0 && doctor->target != TARGET_SYSTEM)
		return need(text_format(
			"%s does not use the system's socket", doctor->uri));
	name = member_name(member);
	text = describe_mode(doctor, path, name);
	free(name);
	return text;
}

/* --- Who lags ------------------------------------------------------------ */

static void
compare_groups(const struct relogin *relogin, struct holder *holder)
{
	const struct members *members = &relogin->doctor->members;

	holder->lacks = need(calloc(members->count + 1, sizeof(bool)));
	if (!relogin->doctor->are_ids_real)
		return;
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = &members->list[i];

		holder->lacks[i] = member->in_database == ANSWER_YES &&
			!process_has_gid(holder->process, member->gid);
		if (holder->lacks[i] && relogin->counts[i])
			holder->lacks_group = true;
	}
}

/*
 * Is what a process has, or has not, a file's doing? Then it is no lag: it
 * would come again.
 */
static bool
is_override(const struct doctor *doctor, const char *value)
{
	for (size_t i = 0; i < doctor->personal.n_assignments; i++) {
		const struct assignment *by = &doctor->personal.assignments[i];

		if (strcmp(by->variable, VARIABLE) != 0 ||
			by->is_unset != (value == NULL))
			continue;
		if (value == NULL || by->value == NULL ||
			strcmp(by->value, value) == 0)
			return true;
	}
	return false;
}

static void
compare_uri(const struct relogin *relogin, struct holder *holder,
	const char *wanted)
{
	const char *uri = holder->uri;

	if (wanted == NULL || !holder->knows_uri ||
		is_override(relogin->doctor, uri))
		return;
	holder->lacks_uri = uri == NULL || strcmp(uri, wanted) != 0;
}

/*
 * systemd's own, which keeps PAM's session open for a user's manager, for run0
 * and for machinectl shell, and never has groups, however new it is.
 */
static bool
is_systemds_own(const struct process *process)
{
	return process->n_groups == 0 && strcmp(process->name, "(sd-pam)") == 0;
}

size_t
relogin_count_children(const struct relogin *relogin, pid_t pid)
{
	const struct processes *processes = &relogin->doctor->processes;
	size_t count = 0;

	for (size_t i = 0; i < processes->count; i++)
		count += processes->list[i].parent == pid &&
			!is_systemds_own(&processes->list[i]);
	return count;
}

static bool
has_same_groups(const struct process *a, const struct process *b)
{
	return a->gid == b->gid && a->n_groups == b->n_groups &&
		memcmp(a->groups, b->groups, a->n_groups * sizeof(gid_t)) == 0;
}

/* People know their shell, not the process that asks for them. */
static const struct process *
find_shell(const struct doctor *doctor)
{
	const struct process *self = &doctor->self;
	const struct process *parent = doctor_find_parent(doctor, self);

	return parent != NULL && parent->kind == PROCESS_SHELL &&
			has_same_groups(parent, self)
		? parent
		: self;
}

static void
compare_session(struct relogin *relogin)
{
	const struct doctor *doctor = relogin->doctor;
	const char *uri = getenv(VARIABLE);
	struct holder *session = &relogin->session;

	if (doctor->viewpoint != VIEW_SELF)
		return;
	*session = (struct holder){
		.process = find_shell(doctor),
		.is_session = true,
		.knows_uri = true,
		.uri = uri != NULL ? need(strdup(uri)) : NULL,
	};
	compare_groups(relogin, session);
	compare_uri(relogin, session, relogin->uri);
}

static void
compare_manager(struct relogin *relogin, bool gets_none)
{
	const struct manager_view *view = &relogin->doctor->manager;
	struct holder *manager = &relogin->manager;

	if (view->process == NULL)
		return;
	*manager = (struct holder){
		.process = view->process,
		.knows_uri = view->knows_uri,
		.uri = view->uri != NULL ? need(strdup(view->uri)) : NULL,
		.children = relogin_count_children(relogin, view->process->pid),
	};
	compare_groups(relogin, manager);
	compare_uri(relogin, manager, relogin->manager_uri);
	manager->has_leftover = gets_none && manager->uri != NULL &&
		manager->uri[0] != '\0' &&
		!is_override(relogin->doctor, manager->uri);
}

/* Whose environment tells what the programs they start will have? */
static bool
passes_on_environment(enum process_kind kind)
{
	return kind == PROCESS_TMUX || kind == PROCESS_SCREEN ||
		kind == PROCESS_DESKTOP;
}

/*
 * The process whose environment shows what a multiplexer gives to a new
 * window: its latest one, or, without any, itself.
 */
static size_t
find_latest_child(const struct doctor *doctor, size_t parent)
{
	const struct process *list = doctor->processes.list;
	size_t latest = parent;

	for (size_t i = 0; i < doctor->processes.count; i++) {
		if (list[i].parent == list[parent].pid &&
			(latest == parent ||
				list[i].start > list[latest].start))
			latest = i;
	}
	return latest;
}

static void
compare_other(struct relogin *relogin, size_t i,
	const struct variable *variables, struct holder *holder)
{
	const struct doctor *doctor = relogin->doctor;
	const struct process *process = &doctor->processes.list[i];
	const struct variable *variable = &variables[i];

	if (process->kind == PROCESS_TMUX || process->kind == PROCESS_SCREEN)
		variable = &variables[find_latest_child(doctor, i)];
	*holder = (struct holder){ .process = process };
	compare_groups(relogin, holder);
	if (!passes_on_environment(process->kind))
		return;
	holder->knows_uri = variable->state != VARIABLE_UNKNOWN;
	if (variable->state == VARIABLE_SET)
		holder->uri = need(strdup(variable->value));
	compare_uri(relogin, holder, relogin->uri);
}

static void
holder_clear(struct holder *holder)
{
	free(holder->lacks);
	free(holder->uri);
	*holder = (struct holder){ 0 };
}

/*
 * This command, what it runs, and what it was started from up to the login:
 * they are the session.
 */
static bool
is_session(const struct relogin *relogin, const struct process *process)
{
	const struct doctor *doctor = relogin->doctor;
	const struct process *above = &doctor->self;

	if (doctor->viewpoint != VIEW_SELF)
		return false;
	if (process->parent == doctor->self.pid)
		return true;
	while (above != NULL) {
		if (above->pid == process->pid)
			return process->kind == PROCESS_SHELL ||
				process->kind == PROCESS_SSHD ||
				process->kind == PROCESS_OTHER;
		above = doctor_find_parent(doctor, above);
	}
	return false;
}

/* Does something above it lag? Whatever ends that ends this, too. */
static bool
is_below_other(const struct relogin *relogin, const struct holder *holder,
	const bool *lags)
{
	const struct doctor *doctor = relogin->doctor;
	const struct process *above = holder->process;

	while ((above = doctor_find_parent(doctor, above)) != NULL) {
		if (lags[above - doctor->processes.list] ||
			(above == relogin->manager.process &&
				relogin->manager.lacks_group))
			return true;
	}
	return false;
}

/* What people know by name comes first. */
static int
compare_rank(const void *a, const void *b)
{
	static const int ranks[] = {
		[PROCESS_TMUX] = 0,
		[PROCESS_SCREEN] = 1,
		[PROCESS_SSHD] = 2,
		[PROCESS_EDITOR] = 3,
		[PROCESS_DESKTOP] = 4,
		[PROCESS_MANAGER] = 5,
		[PROCESS_SHELL] = 6,
		[PROCESS_OTHER] = 7,
	};
	const struct process *left = ((const struct holder *)a)->process;
	const struct process *right = ((const struct holder *)b)->process;

	if (ranks[left->kind] != ranks[right->kind])
		return ranks[left->kind] - ranks[right->kind];
	return (left->pid > right->pid) - (left->pid < right->pid);
}

/* Leaves out those that go with another one. There may be thousands. */
static void
drop_below(struct relogin *relogin)
{
	const struct processes *processes = &relogin->doctor->processes;
	bool *lags = need(calloc(processes->count + 1, sizeof(bool)));
	size_t kept = 0;

	for (size_t i = 0; i < relogin->n_others; i++)
		lags[relogin->others[i].process - processes->list] = true;
	for (size_t i = 0; i < relogin->n_others; i++) {
		if (is_below_other(relogin, &relogin->others[i], lags))
			holder_clear(&relogin->others[i]);
		else
			relogin->others[kept++] = relogin->others[i];
	}
	relogin->n_others = kept;
	free(lags);
}

static void
compare_others(struct relogin *relogin)
{
	const struct processes *processes = &relogin->doctor->processes;
	struct variable *variables = processes_read_variable(
		processes, VARIABLE, relogin->doctor->options.timeout_ms);

	relogin->others =
		need(calloc(processes->count + 1, sizeof(*relogin->others)));
	for (size_t i = 0; i < processes->count; i++) {
		const struct process *process = &processes->list[i];
		struct holder *holder = &relogin->others[relogin->n_others];

		if (process == relogin->manager.process ||
			is_systemds_own(process) ||
			is_session(relogin, process))
			continue;
		relogin->n_seen++;
		compare_other(relogin, i, variables, holder);
		if ((!holder->lacks_group && !holder->lacks_uri) ||
			process_is_contained(process)) {
			holder_clear(holder);
			continue;
		}
		holder->children =
			relogin_count_children(relogin, process->pid);
		relogin->n_others++;
	}
	variables_free(variables, processes->count);
	drop_below(relogin);
	qsort(relogin->others, relogin->n_others, sizeof(*relogin->others),
		compare_rank);
}

/* --- All of it ----------------------------------------------------------- */

struct relogin
relogin_find(struct doctor *doctor)
{
	struct relogin relogin = { .doctor = doctor,
		.uri = doctor->decision.uri };
	struct decision decision;
	struct lag lag;
	bool gets_none;

	find_what_counts(&relogin);
	doctor_decide_for(doctor, "systemd-user", &decision);
	gets_none = decision_status(&decision) == STATUS_NO;
	relogin.manager_uri = decision.uri;
	decision.uri = NULL;
	decision_clear(&decision);
	compare_session(&relogin);
	compare_manager(&relogin, gets_none);
	compare_others(&relogin);
	/* started by the service manager itself, not from somebody's shell */
	relogin.is_service = relogin.manager.process != NULL &&
		doctor->self.parent == relogin.manager.process->pid;
	lag = relogin_find_lag(&relogin);
	relogin.cures = cures_find(&lag);
	relogin.is_needed = relogin.cures.count > 0;
	return relogin;
}

void
relogin_clear(struct relogin *relogin)
{
	for (size_t i = 0; i < relogin->n_others; i++)
		holder_clear(&relogin->others[i]);
	free(relogin->others);
	holder_clear(&relogin->session);
	holder_clear(&relogin->manager);
	cures_clear(&relogin->cures);
	free(relogin->manager_uri);
	free(relogin->counts);
}

char *
holder_name(const struct holder *holder)
{
	static const char *const names[] = {
		[PROCESS_MANAGER] = "systemd --user",
		[PROCESS_TMUX] = "tmux server",
		[PROCESS_SCREEN] = "screen server",
		[PROCESS_SSHD] = "sshd",
		[PROCESS_DESKTOP] = NULL,
	};
	const struct process *process = holder->process;
	const char *name = (size_t)process->kind < countof(names)
		? names[process->kind]
		: NULL;

	if (holder->is_session && process->kind != PROCESS_SHELL)
		return need(strdup("this session"));
	if (holder->is_session)
		return need(text_format("this shell, %s %ld", process->name,
			(long)process->pid));
	return need(text_format("%s %ld", name != NULL ? name : process->name,
		(long)process->pid));
}
