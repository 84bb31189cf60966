/* SPDX-License-Identifier: MIT */
/*
 * The session module: who is it, what does the policy say, pam_putenv. See
 * pam_virturi(8). Nothing here can refuse a login: open_session always returns
 * PAM_SUCCESS (PAM_IGNORE alone in a stack would deny), and what went wrong
 * is a line in the log.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define PAM_SM_SESSION
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "../policy/decide.h"
#include "../policy/text.h"

#define VARIABLE "LIBVIRT_DEFAULT_URI"

/* The default visibility is hidden: see the Makefile. */
#define EXPORT __attribute__((visibility("default")))

struct arguments {
	bool override;
	bool debug;
	const char *policy; /* borrowed from argv; NULL: the installed one */
};

static void
log_unknown_argument(pam_handle_t *pamh, const char *argument)
{
	char *printable = text_printable(argument);

	pam_syslog(pamh, LOG_ERR, "unknown argument '%s' ignored",
		printable != NULL ? printable : "?");
	free(printable);
}

static struct arguments
parse_arguments(pam_handle_t *pamh, int argc, const char **argv)
{
	static const char policy[] = "policy=";
	struct arguments arguments = { 0 };

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "override") == 0)
			arguments.override = true;
		else if (strcmp(argv[i], "debug") == 0)
			arguments.debug = true;
		else if (strncmp(argv[i], policy, strlen(policy)) == 0)
			arguments.policy = argv[i] + strlen(policy);
		else
			log_unknown_argument(pamh, argv[i]);
	}
	return arguments;
}

static int
priority_of(enum remark_severity severity)
{
	switch (severity) {
	case REMARK_ERROR:
		return LOG_ERR;
	case REMARK_WARNING:
		return LOG_WARNING;
	case REMARK_NOTICE:
		break;
	}
	return LOG_NOTICE;
}

static void
log_remark(pam_handle_t *pamh, const struct remark *remark, const char *end)
{
	char *place = remark_format_place(remark);

	pam_syslog(pamh, priority_of(remark->severity), "%s%s%s",
		place != NULL ? place : "", remark->text, end);
	free(place);
}

/* What the remarks of a verdict that sets nothing come down to. */
static const char *
consequence_of(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_UNUSABLE:
		return "; the policy is unusable, nobody gets a URI";
	case VERDICT_MISTAKE:
	case VERDICT_UNKNOWN:
		return "; " VARIABLE " is left alone";
	default:
		return "";
	}
}

/*
 * One line for each mistake; of an unusable policy, which may have many, the
 * first: the cure begins there and `virturi lint` knows the others.
 */
static void
log_decision(pam_handle_t *pamh, const struct decision *decision)
{
	const struct remark *cause = decision_find_cause(decision);
	const struct remarks *remarks = &decision->remarks;
	size_t count = remarks->count;

	if (decision->verdict == VERDICT_UNUSABLE && count > 1)
		count = 1;
	for (size_t i = 0; i < count; i++) {
		const struct remark *remark = &remarks->list[i];

		log_remark(pamh, remark,
			remark == cause ? consequence_of(decision->verdict)
					: "");
	}
}

/* debug: why each rule did or did not count. */
static int
log_judgement(void *context, const struct situation *situation,
	const struct rule *rule, const struct judgement *judgement,
	bool decides)
{
	char *why = judgement_explain(situation, rule, judgement);
	char *header = rule_format_header(rule);

	if (why != NULL && header != NULL)
		pam_syslog(context, LOG_DEBUG, "%s:%u: %s: %s%s", rule->path,
			rule->line, header, decides ? "decides: " : "", why);
	free(why);
	free(header);
	return 0;
}

static const char *
get_item(pam_handle_t *pamh, int type)
{
	const void *item = NULL;

	if (pam_get_item(pamh, type, &item) != PAM_SUCCESS)
		return NULL;
	return item;
}

static void
set_variable(pam_handle_t *pamh, const char *uri, bool debug)
{
	char *assignment;

	if (asprintf(&assignment, "%s=%s", VARIABLE, uri) < 0) {
		pam_syslog(pamh, LOG_CRIT, "out of memory; %s is left alone",
			VARIABLE);
		return;
	}
	if (pam_putenv(pamh, assignment) != PAM_SUCCESS)
		pam_syslog(pamh, LOG_ERR, "pam_putenv failed; %s is left alone",
			VARIABLE);
	else if (debug)
		pam_syslog(pamh, LOG_DEBUG, "%s", assignment);
	free(assignment);
}

static int
decide(pam_handle_t *pamh, const struct arguments *arguments,
	struct subject *subject, const struct policy *policy)
{
	const struct situation situation = {
		.policy = policy,
		.subject = subject,
		.request = {
			.service = get_item(pamh, PAM_SERVICE),
			.rhost = get_item(pamh, PAM_RHOST),
		},
	};
	const struct witness witness = {
		.hear = arguments->debug ? log_judgement : NULL,
		.context = pamh,
	};
	struct decision decision;
	int r = policy_decide(&situation, &witness, &decision);

	if (r < 0)
		return r;
	log_decision(pamh, &decision);
	if (decision.verdict == VERDICT_URI)
		set_variable(pamh, decision.uri, arguments->debug);
	else if (arguments->debug)
		pam_syslog(pamh, LOG_DEBUG, "sets nothing");
	decision_clear(&decision);
	return 0;
}

static int
find_subject(
	pam_handle_t *pamh, const struct facts *facts, struct subject **ret)
{
	const char *user = get_item(pamh, PAM_USER);
	int r;

	if (user == NULL || user[0] == '\0') {
		pam_syslog(
			pamh, LOG_ERR, "no user; %s is left alone", VARIABLE);
		return -ENOENT;
	}
	r = subject_new(facts, user, ret);
	if (r == -ENOENT) {
		pam_syslog(pamh, LOG_WARNING, "no such user; %s is left alone",
			VARIABLE);
	} else if (r < 0 && r != -ENOMEM) {
		errno = -r;
		pam_syslog(pamh, LOG_WARNING,
			"the user cannot be looked up: %m; %s is left alone",
			VARIABLE);
		return -ENOENT;
	}
	return r;
}

/* 0, also when nothing was to be set or that was logged; -ENOMEM. */
static int
apply_policy(pam_handle_t *pamh, const struct arguments *arguments)
{
	struct policy_where where = policy_installed;
	struct nss_buffer buffer = { 0 };
	struct facts facts = facts_nss(&buffer);
	struct subject *subject = NULL;
	struct policy *policy = NULL;
	int r;

	where.file = arguments->policy;
	r = policy_load(&where, &policy);
	/* nobody need be looked up for a policy that says nothing */
	if (r == 0 && policy->is_usable && policy->n_rules > 0)
		r = find_subject(pamh, &facts, &subject);
	if (r == 0 && (subject != NULL || !policy->is_usable))
		r = decide(pamh, arguments, subject, policy);
	subject_free(subject);
	policy_free(policy);
	nss_buffer_clear(&buffer);
	return r == -ENOMEM ? r : 0;
}

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct arguments arguments = parse_arguments(pamh, argc, argv);
	const char *present = pam_getenv(pamh, VARIABLE);

	(void)flags;
	if (present != NULL && !arguments.override) {
		if (arguments.debug)
			pam_syslog(
				pamh, LOG_DEBUG, "%s is set already", VARIABLE);
	} else if (apply_policy(pamh, &arguments) < 0) {
		pam_syslog(pamh, LOG_CRIT, "out of memory; %s is left alone",
			VARIABLE);
	}
	return PAM_SUCCESS;
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

/* The other four are not a session's business. */

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}

EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}

EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}

EXPORT int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}
