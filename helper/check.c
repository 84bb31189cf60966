/* SPDX-License-Identifier: MIT */
/*
 * `virturi check`: fifteen checks, a line each, and a verdict. Only what the
 * URI in use needs can FAIL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "doctor.h"
#include "relogin.h"

/* What a check is about, and so when there is nothing to look at. */
enum about {
	ABOUT_HOST = 0,
	ABOUT_PERSON = 1 << 0, /* not for root who asks about the host */
	ABOUT_HERE = 1 << 1, /* not if libvirt is elsewhere, or in-process */
};

enum check_id {
	CHECK_POLICY,
	CHECK_DECISION,
	CHECK_ENVIRONMENT,
	CHECK_MANAGER,
	CHECK_GROUPS,
	CHECK_PROCESSES,
	CHECK_KVM,
	CHECK_SOCKET,
	CHECK_AUTHORISATION,
	CHECK_LIBVIRT,
	CHECK_PAM,
	CHECK_RUNTIME_DIR,
	CHECK_MACHINES,
	CHECK_CLIENTS,
	CHECK_RISKS,
	CHECK_COUNT,
};

static const struct {
	const char *id;
	unsigned int about; /* of enum about */
	doctor_check *run;
} checks[CHECK_COUNT] = {
	[CHECK_POLICY] = { "policy", ABOUT_HOST, check_policy },
	[CHECK_DECISION] = { "decision", ABOUT_PERSON, check_decision },
	[CHECK_ENVIRONMENT] = { "environment", ABOUT_PERSON,
		check_environment },
	[CHECK_MANAGER] = { "user-manager", ABOUT_PERSON, check_manager },
	[CHECK_GROUPS] = { "groups", ABOUT_HERE, check_groups },
	[CHECK_PROCESSES] = { "processes", ABOUT_PERSON, check_processes },
	[CHECK_KVM] = { "kvm", ABOUT_HERE, check_kvm },
	[CHECK_SOCKET] = { "socket", ABOUT_HERE, check_socket },
	[CHECK_AUTHORISATION] = { "authorisation", ABOUT_HERE,
		check_authorisation },
	[CHECK_LIBVIRT] = { "libvirt", ABOUT_HOST, check_libvirt },
	[CHECK_PAM] = { "pam", ABOUT_HOST, check_pam },
	[CHECK_RUNTIME_DIR] = { "runtime-dir", ABOUT_PERSON,
		check_runtime_dir },
	[CHECK_MACHINES] = { "machines", ABOUT_PERSON, check_machines },
	[CHECK_CLIENTS] = { "clients", ABOUT_HOST, check_clients },
	[CHECK_RISKS] = { "risks", ABOUT_PERSON, check_risks },
};

static void
run_check(struct doctor *doctor, size_t i, struct finding *finding)
{
	bool is_here = doctor->target == TARGET_SYSTEM ||
		doctor->target == TARGET_SESSION;

	if ((checks[i].about & ABOUT_PERSON) && doctor->viewpoint == VIEW_HOST)
		finding_say(finding, FINDING_SKIP,
			"about a person: virturi check USER");
	else if ((checks[i].about & ABOUT_HERE) && !is_here &&
		doctor->target == TARGET_REMOTE)
		finding_say(finding, FINDING_SKIP, "not used by %.*s",
			(int)doctor->parts.scheme.size,
			doctor->parts.scheme.start);
	else if ((checks[i].about & ABOUT_HERE) && !is_here)
		finding_say(
			finding, FINDING_SKIP, "not used by %s", doctor->uri);
	else
		checks[i].run(doctor, finding);
}

/* --- The first line ------------------------------------------------------ */

static char *
describe_session(const struct doctor *doctor)
{
	const struct request *request = &doctor->inquiry.situation.request;
	time_t began = doctor_session_began(doctor);
	char *since = began != 0 ? time_describe(began) : NULL;
	char *text = need(text_format("%s%s, %s%s%s%s",
		doctor->inquiry.is_own_session ? "this session: "
					       : "this session, probably: ",
		request->service,
		request_is_remote(request) ? "from " : "local",
		request_is_remote(request) ? request->rhost : "",
		since != NULL ? ", " : "", since != NULL ? since : ""));

	free(since);
	return text;
}

static char *
describe_who(const struct doctor *doctor)
{
	const char *sudo_user = getenv("SUDO_USER");
	char host[65] = "this host", *text, *session;

	if (gethostname(host, sizeof(host)) == 0)
		host[sizeof(host) - 1] = '\0';
	switch (doctor->viewpoint) {
	case VIEW_HOST:
		if (sudo_user != NULL && sudo_user[0] != '\0')
			return need(text_format(
				"%s, as root; for yourself: virturi check, "
				"without sudo",
				host));
		return need(text_format(
			"%s, as root; for a person: virturi check USER", host));
	case VIEW_OTHER:
		return need(text_format("%s (uid %lu) on %s, a new login",
			doctor_user(doctor), (unsigned long)doctor_uid(doctor),
			host));
	case VIEW_SELF:
		break;
	}
	session = describe_session(doctor);
	text = need(text_format("%s (uid %lu) on %s, %s", doctor_user(doctor),
		(unsigned long)doctor_uid(doctor), host, session));
	free(session);
	return text;
}

/* --- The last line ------------------------------------------------------- */

static bool
fails(const struct finding *finding)
{
	return finding_status(finding) == FINDING_FAIL;
}

static const struct finding *
find_first_failure(const struct finding *findings)
{
	for (size_t i = 0; i < CHECK_COUNT; i++) {
		if (fails(&findings[i]))
			return &findings[i];
	}
	return NULL;
}

/* What a new login would be enough for. */
static char *
describe_relogin(const struct doctor *doctor, const struct finding *findings)
{
	const struct holder *session = &doctor->relogin->session;
	size_t failures = 0;

	for (size_t i = 0; i < CHECK_COUNT; i++)
		failures += fails(&findings[i]);
	if (session->lacks_group)
		return need(strdup("this session is older than your "
				   "membership. Log in anew; no reboot."));
	if (session->lacks_uri && failures == 1 &&
		fails(&findings[CHECK_ENVIRONMENT]))
		return need(text_format("%sthis session lacks the URI. Log in "
					"anew; no reboot.",
			doctor->admission == ADMISSION_YES
				? "libvirt lets you in, but "
				: ""));
	return NULL;
}

static char *
describe_failure(const struct doctor *doctor, const struct finding *findings,
	const struct finding *first)
{
	char *text = NULL;

	if (doctor->viewpoint == VIEW_SELF)
		text = describe_relogin(doctor, findings);
	if (text == NULL)
		text = need(text_format(
			"%s: %s", first->id, first->observations[0].text));
	return text;
}

static char *
describe_success(const struct doctor *doctor)
{
	if (doctor->viewpoint == VIEW_HOST)
		return need(strdup("this host; a person's session is theirs "
				   "to check"));
	return need(text_format("%s %s, %s",
		doctor->viewpoint == VIEW_SELF ? "clients use"
					       : "a new login's clients use",
		doctor->uri, doctor->uri_source));
}

/* Why it is not known whether all is well. NULL: it is. */
static const char *
find_obstacle(const struct doctor *doctor, const struct finding *findings)
{
	if (doctor->decision.verdict == VERDICT_UNKNOWN)
		return "the name service does not answer, so the policy cannot "
		       "decide";
	if (doctor->decision.verdict == VERDICT_UNUSABLE &&
		!doctor->are_ids_real)
		return "in a user namespace owners and groups are not the "
		       "host's";
	if (doctor->viewpoint == VIEW_SELF && doctor->target == TARGET_SYSTEM &&
		finding_status(&findings[CHECK_AUTHORISATION]) ==
			FINDING_SKIP &&
		finding_status(&findings[CHECK_LIBVIRT]) == FINDING_SKIP)
		return "neither polkit nor libvirt says whether you are let in";
	return NULL;
}

static enum status
conclude(const struct doctor *doctor, const struct finding *findings,
	char **verdict)
{
	const struct finding *failure = find_first_failure(findings);
	const char *obstacle = find_obstacle(doctor, findings);
	char *text;

	if (failure != NULL)
		text = describe_failure(doctor, findings, failure);
	else if (obstacle != NULL)
		text = need(strdup(obstacle));
	else
		text = describe_success(doctor);
	*verdict = need(text_format("%s: %s",
		failure != NULL            ? "not ready"
			: obstacle != NULL ? "not known"
					   : "ready",
		text));
	free(text);
	if (failure != NULL)
		return STATUS_NO;
	return obstacle != NULL ? STATUS_UNKNOWN : STATUS_OK;
}

/* --- The answer ---------------------------------------------------------- */

static void
print_text(const struct doctor *doctor, const struct finding *findings,
	const char *verdict, enum status status)
{
	const struct options *options = &doctor->options;
	char *who = describe_who(doctor);

	if (!options->quiet)
		printf("%s\n", who);
	for (size_t i = 0; i < CHECK_COUNT; i++) {
		if (!options->quiet || fails(&findings[i]))
			finding_print(
				&findings[i], options->verbose, options->color);
	}
	if (!options->quiet || status != STATUS_OK)
		printf("%s%s%s\n", options->color ? "\033[1m" : "", verdict,
			options->color ? "\033[0m" : "");
	free(who);
}

static void
print_json(const struct doctor *doctor, const struct finding *findings,
	const char *verdict, enum status status)
{
	json_t *document = json_document("check");
	json_t *list = need(json_array());
	bool is_host = doctor->viewpoint == VIEW_HOST;

	json_add(document, "user",
		is_host ? json_null() : json_text(doctor_user(doctor)));
	json_add(document, "uid",
		is_host ? json_null() : json_integer(doctor_uid(doctor)));
	json_add(document, "uri", json_text(doctor->uri));
	for (size_t i = 0; i < CHECK_COUNT; i++)
		json_append(list, finding_to_json(&findings[i]));
	json_add(document, "checks", list);
	json_add(document, "verdict", json_text(verdict));
	json_add(document, "ok", json_boolean(status == STATUS_OK));
	json_print(document);
}

static enum status
examine(struct doctor *doctor)
{
	struct finding findings[CHECK_COUNT] = { 0 };
	enum status status;
	char *verdict;

	for (size_t i = 0; i < CHECK_COUNT; i++) {
		findings[i].id = checks[i].id;
		run_check(doctor, i, &findings[i]);
	}
	status = conclude(doctor, findings, &verdict);
	if (doctor->options.json)
		print_json(doctor, findings, verdict, status);
	else
		print_text(doctor, findings, verdict, status);
	for (size_t i = 0; i < CHECK_COUNT; i++)
		finding_clear(&findings[i]);
	free(verdict);
	return status;
}

static void
print_json_error(const struct options *options, const char *error)
{
	json_t *document = json_document("check");

	json_add(document, "user", json_text(options->user));
	json_add(document, "checks", json_array());
	json_add(document, "verdict", json_null());
	json_add(document, "ok", json_false());
	json_add(document, "error", json_text(error));
	json_print(document);
}

enum status
command_check(const struct options *options)
{
	struct doctor doctor;
	struct relogin relogin;
	char *error = NULL;
	enum status status = doctor_begin(&doctor, options, true, &error);

	if (status == STATUS_OK) {
		relogin = relogin_find(&doctor);
		doctor.relogin = &relogin;
		status = examine(&doctor);
		relogin_clear(&relogin);
	} else {
		complain("%s", error);
		if (options->json)
			print_json_error(options, error);
	}
	free(error);
	doctor_clear(&doctor);
	return status;
}
