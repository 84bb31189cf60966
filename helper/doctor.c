/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../policy/text.h"
#include "../policy/uri.h"
#include "bus.h"
#include "host.h"

const char *
doctor_user(const struct doctor *doctor)
{
	return subject_name(doctor->inquiry.subject);
}

uid_t
doctor_uid(const struct doctor *doctor)
{
	return subject_uid(doctor->inquiry.subject);
}

const char *
doctor_home(const struct doctor *doctor)
{
	return subject_home(doctor->inquiry.subject);
}

/* --- Who ----------------------------------------------------------------- */

static enum viewpoint
find_viewpoint(const struct doctor *doctor, bool may_be_host)
{
	if (doctor_uid(doctor) != getuid())
		return VIEW_OTHER;
	return doctor->is_root && may_be_host ? VIEW_HOST : VIEW_SELF;
}

static enum status
begin_inquiry(struct doctor *doctor, char **error)
{
	struct facts facts = lookup_facts(doctor->lookup);

	return inquiry_begin(&doctor->inquiry, &doctor->options, &facts, error);
}

/* What /proc would say, where there is none. */
static void
read_self(struct doctor *doctor)
{
	struct process *self = &doctor->self;
	int count;

	if (process_read(getpid(), self) == 0)
		return;
	count = getgroups(0, NULL);
	*self = (struct process){
		.pid = getpid(),
		.parent = getppid(),
		.uid = getuid(),
		.gid = getegid(),
		.name = need(strdup(program_invocation_short_name)),
		.groups = need(calloc((size_t)count + 1, sizeof(gid_t))),
	};
	count = getgroups(count, self->groups);
	self->n_groups = count > 0 ? (size_t)count : 0;
}

const struct process *
doctor_find_parent(const struct doctor *doctor, const struct process *process)
{
	const struct process *parent =
		processes_find(&doctor->processes, process->parent);

	if (parent == NULL || parent->start > process->start ||
		(parent->start == process->start &&
			parent->pid >= process->pid))
		return NULL;
	return parent;
}

time_t
doctor_session_began(const struct doctor *doctor)
{
	const struct process *first = &doctor->self, *parent;

	while ((parent = doctor_find_parent(doctor, first)) != NULL)
		first = parent;
	return process_began(first);
}

char *
time_describe(time_t when)
{
	time_t age = time(NULL) - when;
	struct tm local;
	char text[40];
	size_t size;

	localtime_r(&when, &local);
	if (age < 12L * 60 * 60)
		size = strftime(text, sizeof(text), "since %H:%M", &local);
	else if (age < 6L * 24 * 60 * 60)
		size = strftime(text, sizeof(text), "since %a %H:%M", &local);
	else
		size = strftime(text, sizeof(text), "since %F", &local);
	return need(text_format("%.*s", (int)size, text));
}

/* --- What they get ------------------------------------------------------- */

void
doctor_decide_for(
	struct doctor *doctor, const char *service, struct decision *ret)
{
	struct situation situation = doctor->inquiry.situation;

	situation.request = (struct request){ service, NULL };
	if (policy_decide(&situation, NULL, ret) < 0)
		need(NULL);
}

static void
read_personal(struct doctor *doctor)
{
	const char *config_home = getenv("XDG_CONFIG_HOME");
	bool is_self = doctor->viewpoint == VIEW_SELF;
	/* below --root there may be nobody of this name, but no /proc either */
	bool is_roots = doctor->is_root && doctor->viewpoint == VIEW_OTHER &&
		doctor->options.root == NULL;
	struct personal_where where = {
		.root = doctor->options.root,
		.home = doctor->viewpoint == VIEW_HOST ? NULL
						       : doctor_home(doctor),
		.config_home = is_self ? config_home : NULL,
		.is_root = doctor_uid(doctor) == 0,
		.user = is_roots ? doctor_user(doctor) : NULL,
	};

	doctor->personal_error = personal_read(
		&where, doctor->options.timeout_ms, &doctor->personal);
}

static bool
is_transport_local(const struct uri_parts *parts)
{
	return parts->transport.start == NULL ||
		(parts->transport.size == strlen("unix") &&
			strncasecmp(parts->transport.start, "unix",
				strlen("unix")) == 0);
}

static enum target
find_target(const struct uri_parts *parts)
{
	if (parts->host.size > 0 || !is_transport_local(parts))
		return TARGET_REMOTE;
	if (text_equals(parts->path, "/system"))
		return TARGET_SYSTEM;
	if (text_equals(parts->path, "/session"))
		return TARGET_SESSION;
	return TARGET_OTHER;
}

static void
use_uri(struct doctor *doctor, const char *uri, const char *source)
{
	doctor->uri = need(strdup(uri));
	doctor->uri_source = source;
	doctor->target = TARGET_OTHER;
	if (uri_find_fault(uri) != NULL)
		return;
	doctor->parts = uri_split(doctor->uri);
	doctor->target = find_target(&doctor->parts);
}

/* https://libvirt.org/uri.html#default-uri-choice */
const char *
doctor_libvirts_choice(const struct doctor *doctor)
{
	if (doctor->personal.uri_default != NULL)
		return doctor->personal.uri_default;
	return doctor_uid(doctor) == 0 ? "qemu:///system" : "qemu:///session";
}

static void
choose_uri(struct doctor *doctor)
{
	const char *own = getenv(VARIABLE), *given = doctor->decision.uri;

	if (doctor->viewpoint == VIEW_SELF && own != NULL && own[0] != '\0')
		use_uri(doctor, own,
			given != NULL && strcmp(own, given) == 0
				? "by the policy"
				: "by the environment");
	else if (given != NULL)
		use_uri(doctor, given, "by the policy");
	else
		use_uri(doctor, doctor_libvirts_choice(doctor),
			doctor->personal.uri_default != NULL
				? "by the user's libvirt.conf"
				: "libvirt's own choice");
}

static void
find_socket(struct doctor *doctor)
{
	const struct span *driver = &doctor->parts.driver;
	char *name = doctor->target == TARGET_SYSTEM
		? need(strndup(driver->start, driver->size))
		: need(strdup("qemu"));

	doctor->socket = socket_find(name, NULL);
	free(name);
}

/* --- Their service manager ----------------------------------------------- */

static const struct process *
find_manager_process(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->processes.count; i++) {
		if (doctor->processes.list[i].kind == PROCESS_MANAGER)
			return &doctor->processes.list[i];
	}
	return NULL;
}

/* As it began: /proc shows that to its user and to root. */
static void
read_managers_uri(struct doctor *doctor)
{
	struct manager_view *view = &doctor->manager;
	struct process process = *view->process;
	const struct processes alone = { &process, 1 };
	struct variable *variable = processes_read_variable(
		&alone, VARIABLE, doctor->options.timeout_ms);

	view->knows_uri = variable->state != VARIABLE_UNKNOWN;
	view->uri = variable->value;
	variable->value = NULL;
	variables_free(variable, 1);
}

/* The bus knows its environment as it is now. */
static void
find_manager(struct doctor *doctor)
{
	struct manager_view *view = &doctor->manager;
	const struct process *process;
	struct manager manager = { 0 };

	view->process = find_manager_process(doctor);
	if (doctor->viewpoint == VIEW_SELF &&
		bus_ask_manager(doctor->options.timeout_ms, &manager) == 0) {
		process = processes_find(&doctor->processes, manager.pid);
		if (process != NULL) {
			view->process = process;
			view->knows_uri = view->is_from_bus = true;
			view->uri = manager.uri;
			return;
		}
		manager_clear(&manager);
	}
	if (view->process != NULL)
		read_managers_uri(doctor);
}

static void
find_members(struct doctor *doctor)
{
	struct members_where where = {
		.socket = &doctor->socket,
		.decider = doctor->decision.rule,
		.asked = (const char *const *)doctor->options.groups,
	};

	doctor->members = members_find(
		&where, &doctor->inquiry.facts, doctor->inquiry.subject);
}

/* --- Whether they get in ------------------------------------------------- */

/* Root may ask polkit about others, if they have a process to ask about. */
static const struct process *
find_process_to_ask_about(const struct doctor *doctor)
{
	if (doctor->viewpoint == VIEW_SELF)
		return &doctor->self;
	if (doctor->is_root && doctor->processes.count > 0)
		return &doctor->processes.list[0];
	return NULL;
}

static enum admission
ask_polkit(struct doctor *doctor)
{
	const struct process *process = find_process_to_ask_about(doctor);
	struct polkit_answer answer;

	doctor->polkit_error = -ENODATA;
	if (process == NULL)
		return ADMISSION_UNKNOWN;
	doctor->polkit_error = bus_ask_polkit("org.libvirt.unix.manage",
		process->pid, process->start, process->uid,
		doctor->options.timeout_ms, &answer);
	if (doctor->polkit_error < 0)
		return ADMISSION_UNKNOWN;
	if (answer.is_authorized)
		return ADMISSION_YES;
	return answer.is_challenge ? ADMISSION_PASSWORD : ADMISSION_NO;
}

static enum admission
ask_socket(const struct doctor *doctor)
{
	enum answer answer = ANSWER_NO;

	if (doctor->viewpoint == VIEW_SELF)
		return doctor->socket.state == SOCKET_DENIED ? ADMISSION_NO
							     : ADMISSION_YES;
	if (doctor->members.guard != NULL)
		answer = doctor->members.guard->in_database;
	return answer == ANSWER_YES   ? ADMISSION_YES
		: answer == ANSWER_NO ? ADMISSION_NO
				      : ADMISSION_UNKNOWN;
}

static void
find_admission(struct doctor *doctor)
{
	if (doctor->viewpoint == VIEW_HOST || doctor->target != TARGET_SYSTEM)
		return;
	if (doctor_uid(doctor) == 0)
		doctor->admission = ADMISSION_YES;
	else if (doctor->socket.state == SOCKET_MISSING ||
		doctor->socket.state == SOCKET_REFUSED)
		doctor->admission = ADMISSION_UNKNOWN;
	else
		doctor->admission = doctor->members.is_polkit
			? ask_polkit(doctor)
			: ask_socket(doctor);
}

enum status
doctor_begin(struct doctor *doctor, const struct options *options,
	bool may_be_host, char **error)
{
	enum status status;

	*doctor = (struct doctor){
		.options = *options,
		.is_root = getuid() == 0,
		.are_ids_real = host_ids_are_real(),
		.lookup = lookup_start(options->timeout_ms),
	};
	status = begin_inquiry(doctor, error);
	if (status != STATUS_OK)
		return status;
	doctor->viewpoint =
		find_viewpoint(doctor, may_be_host && options->user == NULL);
	if (policy_decide(&doctor->inquiry.situation, NULL, &doctor->decision) <
		0)
		need(NULL);
	read_self(doctor);
	if (doctor->viewpoint != VIEW_HOST) {
		processes_read(doctor_uid(doctor), &doctor->processes);
		find_manager(doctor);
	}
	read_personal(doctor);
	choose_uri(doctor);
	find_socket(doctor);
	find_members(doctor);
	find_admission(doctor);
	return STATUS_OK;
}

void
doctor_clear(struct doctor *doctor)
{
	members_clear(&doctor->members);
	socket_clear(&doctor->socket);
	personal_clear(&doctor->personal);
	free(doctor->manager.uri);
	processes_clear(&doctor->processes);
	process_clear(&doctor->self);
	decision_clear(&doctor->decision);
	inquiry_clear(&doctor->inquiry);
	lookup_end(doctor->lookup);
	free(doctor->uri);
}
