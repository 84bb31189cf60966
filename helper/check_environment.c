/* SPDX-License-Identifier: MIT */
/*
 * The environment: has this session what the policy gives, and who else sets
 * it? And the same of systemd --user, from which desktops start programs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../policy/text.h"
#include "doctor.h"
#include "relogin.h"

#define VIRSHS_OWN "VIRSH_DEFAULT_CONNECT_URI"

/* --- This process -------------------------------------------------------- */

/* Did something that the decision hangs on change since the session began? */
static bool
has_older_groups(const struct doctor *doctor)
{
	const struct holder *session = &doctor->relogin->session;

	for (size_t i = 0; i < doctor->members.count; i++) {
		if (session->lacks != NULL && session->lacks[i])
			return true;
	}
	return false;
}

static bool
has_older_policy(const struct doctor *doctor)
{
	time_t began = doctor_session_began(doctor);
	struct stat status;

	return doctor->decision.rule != NULL && began != 0 &&
		stat(doctor->decision.rule->path, &status) == 0 &&
		status.st_mtime > began;
}

/* Why a variable that should be there is not, as far as can be told. */
static const char *
explain_absence(const struct doctor *doctor)
{
	if (has_older_groups(doctor))
		return ": this session is older than your membership";
	if (has_older_policy(doctor))
		return ": this session is older than the policy";
	return "; the session began before the module was wired, or without "
	       "PAM (see pam)";
}

/* Where groups are missing as well, the cures stand there. */
static void
add_cures(const struct doctor *doctor, struct finding *finding)
{
	const struct cures *cures = &doctor->relogin->cures;

	if (doctor->relogin->session.lacks_group) {
		finding_cure(finding, "", "see groups");
		return;
	}
	for (size_t i = 0; i < cures->count; i++) {
		const struct step *step = &cures->steps[i];

		if (step->is_for_session)
			finding_cure(finding, step->label, "%s", step->command);
	}
}

/* The file that sets the variable to this value, or NULL. */
static const struct assignment *
find_assignment(const struct doctor *doctor, const char *value)
{
	for (size_t i = 0; i < doctor->personal.n_assignments; i++) {
		const struct assignment *assignment =
			&doctor->personal.assignments[i];

		if (strcmp(assignment->variable, VARIABLE) == 0 &&
			assignment->value != NULL &&
			strcmp(assignment->value, value) == 0)
			return assignment;
	}
	return NULL;
}

/* The line that gave this process another value than the policy's, or NULL. */
static const struct assignment *
find_culprit(const struct doctor *doctor)
{
	const char *value = getenv(VARIABLE), *wanted = doctor->decision.uri;

	if (doctor->viewpoint != VIEW_SELF || value == NULL ||
		value[0] == '\0' ||
		(wanted != NULL && strcmp(value, wanted) == 0))
		return NULL;
	return find_assignment(doctor, value);
}

static void
say_other_value(const struct doctor *doctor, const char *value,
	const char *wanted, struct finding *finding)
{
	const struct assignment *by = find_culprit(doctor);

	if (by != NULL && wanted != NULL)
		finding_say(finding, FINDING_WARN,
			VARIABLE " is %s, by %s:%u; the policy gives %s", value,
			by->file, by->line, wanted);
	else if (by != NULL)
		finding_say(finding, FINDING_NOTE, VARIABLE " is %s, by %s:%u",
			value, by->file, by->line);
	else if (wanted != NULL)
		finding_say(finding, FINDING_WARN,
			VARIABLE " is %s; the policy gives %s", value, wanted);
	else
		finding_say(finding, FINDING_NOTE,
			VARIABLE " is %s, but not by the policy, which gives "
				 "none",
			value);
	if (by == NULL && wanted != NULL)
		add_cures(doctor, finding);
}

static void
say_value(const struct doctor *doctor, struct finding *finding)
{
	const char *value = getenv(VARIABLE);
	const char *wanted = doctor->decision.uri;

	if (value != NULL && value[0] != '\0') {
		if (wanted != NULL && strcmp(value, wanted) == 0)
			finding_say(finding, FINDING_PASS,
				VARIABLE " is what the policy gives");
		else
			say_other_value(doctor, value, wanted, finding);
		return;
	}
	if (wanted == NULL) {
		finding_say(finding, FINDING_PASS, VARIABLE " is not set");
		return;
	}
	finding_say(finding, FINDING_FAIL, VARIABLE " is %s%s",
		value != NULL ? "set, but empty" : "not set",
		explain_absence(doctor));
	add_cures(doctor, finding);
}

/* What virsh alone would use instead. */
static void
say_virshs_own(const struct doctor *doctor, struct finding *finding)
{
	const char *value = getenv(VIRSHS_OWN);

	if (value == NULL || value[0] == '\0')
		return;
	if (strcmp(value, doctor->uri) == 0)
		finding_say(finding, FINDING_NOTE,
			VIRSHS_OWN " says the same; no longer needed");
	else
		finding_say(finding, FINDING_WARN,
			"virsh obeys " VIRSHS_OWN "=%s instead", value);
	finding_cure(finding, "this shell", "unset " VIRSHS_OWN);
}

/* --- Files --------------------------------------------------------------- */

static void
say_assignment(const struct doctor *doctor, const struct assignment *assignment,
	struct finding *finding)
{
	const char *wanted = doctor->decision.uri;
	const char *name = assignment->variable;

	if (assignment == find_culprit(doctor))
		return; /* said already */
	if (assignment->is_unset)
		finding_say(finding, FINDING_WARN, "%s:%u removes %s",
			assignment->file, assignment->line, name);
	else if (assignment->value == NULL)
		finding_say(finding, FINDING_NOTE,
			"%s:%u sets %s, to what only a shell can tell",
			assignment->file, assignment->line, name);
	else if (wanted != NULL && strcmp(assignment->value, wanted) == 0)
		finding_say(finding, FINDING_NOTE,
			"%s:%u sets %s to the same: no longer needed",
			assignment->file, assignment->line, name);
	else
		finding_say(finding,
			wanted != NULL ? FINDING_WARN : FINDING_NOTE,
			"%s:%u sets %s to %s%s", assignment->file,
			assignment->line, name, assignment->value,
			wanted != NULL ? ", whatever the policy gives" : "");
}

static void
say_client_conf(const struct doctor *doctor, struct finding *finding)
{
	const struct personal *personal = &doctor->personal;

	if (personal->uri_default == NULL)
		return;
	finding_say(finding, FINDING_NOTE, "%s:%u has uri_default = %s%s",
		personal->client_conf, personal->client_conf_line,
		personal->uri_default,
		strcmp(personal->uri_default, doctor->uri) == 0
			? ""
			: ", which the variable outranks");
}

static void
say_unread(const struct doctor *doctor, struct finding *finding)
{
	const struct personal *personal = &doctor->personal;

	if (personal->unreadable != NULL)
		finding_say(finding, FINDING_SKIP, "%s cannot be read: %s",
			personal->unreadable,
			strerror(personal->unreadable_error));
	if (doctor->personal_error == -ETIMEDOUT)
		finding_say(finding, FINDING_SKIP,
			"files in %s were not read: no answer within %d s",
			doctor_home(doctor), doctor->options.timeout_ms / 1000);
	else if (doctor->personal_error != 0)
		finding_say(finding, FINDING_SKIP,
			"files that could set it were not read: %s",
			strerror(-doctor->personal_error));
}

void
check_environment(struct doctor *doctor, struct finding *finding)
{
	if (doctor->viewpoint == VIEW_SELF) {
		say_value(doctor, finding);
		say_virshs_own(doctor, finding);
	} else {
		finding_say(finding, FINDING_SKIP,
			"%s's sessions are not to be seen from here",
			doctor_user(doctor));
	}
	for (size_t i = 0; i < doctor->personal.n_assignments; i++)
		say_assignment(
			doctor, &doctor->personal.assignments[i], finding);
	say_client_conf(doctor, finding);
	say_unread(doctor, finding);
}

/* --- systemd --user ------------------------------------------------------ */

static void
say_managers_uri(
	const struct doctor *doctor, const char *name, struct finding *finding)
{
	const struct relogin *relogin = doctor->relogin;
	const struct holder *manager = &relogin->manager;
	const char *uri = manager->uri, *wanted = relogin->manager_uri;
	bool is_set = uri != NULL && uri[0] != '\0';

	if (!manager->knows_uri)
		finding_say(finding, FINDING_SKIP,
			"%s: its environment is not to be seen", name);
	else if (manager->lacks_uri && is_set)
		finding_say(finding, FINDING_WARN,
			"%s has %s; the policy gives %s", name, uri, wanted);
	else if (manager->lacks_uri)
		finding_say(finding, FINDING_WARN,
			"%s: user services lack the URI", name);
	else if (manager->has_leftover)
		finding_say(finding, FINDING_NOTE,
			"%s has %s until it starts again; the policy gives "
			"none",
			name, uri);
	else
		finding_say(finding, FINDING_PASS, "%s has %s", name,
			is_set ? uri : "no URI, as the policy says");
}

/*
 * Where groups are missing as well, more than a command must be done. What a
 * manager began with cannot be unset, but clients take no notice of an empty
 * value.
 */
static void
cure_managers_uri(const struct doctor *doctor, struct finding *finding)
{
	const struct relogin *relogin = doctor->relogin;
	const char *uri = relogin->manager_uri;
	char *command;

	if ((!relogin->manager.lacks_uri && !relogin->manager.has_leftover) ||
		relogin->manager.lacks_group)
		return;
	command = cures_set_environment(
		doctor->viewpoint == VIEW_OTHER ? doctor_user(doctor) : NULL,
		uri != NULL ? uri : "");
	finding_cure(finding, "from now on", "%s", command);
	free(command);
}

static void
cure_managers_groups(const struct doctor *doctor, struct finding *finding)
{
	const struct cures *cures = &doctor->relogin->cures;

	if (!doctor->relogin->manager.lacks_group)
		return;
	for (size_t i = 0; i < cures->count; i++) {
		const struct step *step = &cures->steps[i];
		bool has_price = step->price != NULL;

		if (step->is_for_manager)
			finding_cure(finding, step->label, "%s%s%s%s",
				step->command, has_price ? " (" : "",
				has_price ? step->price : "",
				has_price ? ")" : "");
	}
}

void
check_manager(struct doctor *doctor, struct finding *finding)
{
	const struct relogin *relogin = doctor->relogin;
	const struct holder *manager = &relogin->manager;
	char *since, *name;

	if (manager->process == NULL) {
		finding_say(finding, FINDING_SKIP,
			"no systemd --user runs for %s", doctor_user(doctor));
		return;
	}
	since = time_describe(process_began(manager->process));
	name = need(text_format("systemd --user (pid %ld, %s)",
		(long)manager->process->pid, since));
	say_managers_uri(doctor, name, finding);
	cure_managers_uri(doctor, finding);
	for (size_t i = 0; i < doctor->members.count; i++) {
		char *group = member_name(&doctor->members.list[i]);

		if (manager->lacks[i])
			finding_say(finding,
				relogin->counts[i] ? FINDING_WARN
						   : FINDING_PASS,
				"%s: user services are without group %s", name,
				group);
		free(group);
	}
	cure_managers_groups(doctor, finding);
	free(since);
	free(name);
}
