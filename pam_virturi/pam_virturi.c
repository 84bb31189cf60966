/* SPDX-License-Identifier: MIT */
/*
 * The session module: who is it, what does the policy say, pam_putenv. See
 * pam_virturi(8). Nothing here can refuse a login: open_session always returns
 * PAM_SUCCESS (PAM_IGNORE alone in a stack would deny), and what went wrong
 * is a line in the log.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define PAM_SM_SESSION
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "../policy/ask.h"
#include "../policy/text.h"

_Static_assert(REMARK_CRITICAL == LOG_CRIT && REMARK_ERROR == LOG_ERR &&
		REMARK_WARNING == LOG_WARNING && REMARK_NOTICE == LOG_NOTICE,
	"a remark's severity is a priority of syslog(3)");

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

static void
log_line(void *context, enum remark_severity severity, const char *line)
{
	pam_syslog(context, (int)severity, "%s", line);
}

/* debug: why each rule did or did not count. */
static int
log_judgement(void *context, const struct situation *situation,
	const struct rule *rule, const struct judgement *judgement,
	bool decides)
{
	char *why = judgement_explain(situation, rule, judgement);
	char *header = rule_format_header(rule);
	const char *what = "";
	char *line = NULL;

	if (judgement->outcome == OUTCOME_UNKNOWN)
		what = "not known: ";
	else if (decides)
		what = "decides: ";
	if (why != NULL && header != NULL)
		line = text_format("%s:%u: %s: %s%s", rule->path, rule->line,
			header, what, why);
	if (line != NULL)
		pam_syslog(context, LOG_DEBUG, "%.*s",
			(int)text_cut(line, LOG_TEXT_MAX), line);
	free(line);
	free(why);
	free(header);
	return 0;
}

/* An item that is not set is NULL; false: libpam does not say. */
static bool
get_item(pam_handle_t *pamh, int type, const char **ret)
{
	const void *item = NULL;

	if (pam_get_item(pamh, type, &item) != PAM_SUCCESS)
		return false;
	*ret = item;
	return true;
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

static void
apply_policy(pam_handle_t *pamh, const struct arguments *arguments)
{
	struct question question = {
		.policy = arguments->policy,
		.witness = {
			.hear = arguments->debug ? log_judgement : NULL,
			.context = pamh,
		},
		.reporter = { .say = log_line, .context = pamh },
	};
	char *uri;

	/* without service or host another rule would decide */
	if (!get_item(pamh, PAM_USER, &question.user) ||
		!get_item(pamh, PAM_SERVICE, &question.request.service) ||
		!get_item(pamh, PAM_RHOST, &question.request.rhost)) {
		pam_syslog(pamh, LOG_ERR,
			"pam_get_item failed; %s is left alone", VARIABLE);
		return;
	}
	uri = policy_ask(&question);
	if (uri != NULL)
		set_variable(pamh, uri, arguments->debug);
	else if (arguments->debug)
		pam_syslog(pamh, LOG_DEBUG, "sets nothing");
	free(uri);
}

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct arguments arguments = parse_arguments(pamh, argc, argv);
	const char *present = pam_getenv(pamh, VARIABLE);

	(void)flags;
	if (present == NULL || arguments.override)
		apply_policy(pamh, &arguments);
	else if (arguments.debug)
		pam_syslog(pamh, LOG_DEBUG, "%s is set already", VARIABLE);
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
