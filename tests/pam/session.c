/* SPDX-License-Identifier: MIT */
/*
 * session CONFDIR SERVICE USER [--rhost HOST] -- COMMAND [ARGUMENT…]
 *
 * Opens a PAM session by the service file CONFDIR/SERVICE, runs the command
 * with exactly the session's environment and PATH, as USER when started by
 * root, closes the session and exits with the command's status: 125 when there
 * was no session, 126 when the command could not be started. Whoever converses
 * is refused.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <security/pam_appl.h>

#define STATUS_NO_SESSION 125
#define STATUS_NOT_RUN    126
#define STATUS_SIGNAL     128

struct arguments {
	const char *confdir, *service, *user;
	const char *rhost; /* NULL: none */
	char **command;
};

static bool
parse_arguments(int argc, char **argv, struct arguments *ret)
{
	struct arguments arguments = { 0 };
	int i = 4;

	if (argc < 6)
		return false;
	arguments.confdir = argv[1];
	arguments.service = argv[2];
	arguments.user = argv[3];
	if (strcmp(argv[i], "--rhost") == 0 && i + 1 < argc) {
		arguments.rhost = argv[i + 1];
		i += 2;
	}
	if (i + 1 >= argc || strcmp(argv[i], "--") != 0)
		return false;
	arguments.command = &argv[i + 1];
	*ret = arguments;
	return true;
}

static int
refuse(int count, const struct pam_message **messages,
	struct pam_response **responses, void *context)
{
	(void)responses;
	(void)context;
	for (int i = 0; i < count; i++)
		fprintf(stderr, "session: somebody converses: %s\n",
			messages[i]->msg);
	return PAM_CONV_ERR;
}

static bool
become(const char *user)
{
	const struct passwd *account;

	if (geteuid() != 0)
		return true;
	errno = 0;
	account = getpwnam(user);
	if (account == NULL) {
		fprintf(stderr, "session: no user %s\n", user);
		return false;
	}
	if (initgroups(user, account->pw_gid) == 0 &&
		setgid(account->pw_gid) == 0 && setuid(account->pw_uid) == 0)
		return true;
	fprintf(stderr, "session: cannot become %s: %m\n", user);
	return false;
}

/* PAM's list and PATH, which a login program would set too. */
static char **
make_environment(char **session)
{
	const char *path = getenv("PATH");
	char **environment;
	size_t count = 0;

	while (session[count] != NULL)
		count++;
	environment = calloc(count + 2, sizeof(*environment));
	if (environment == NULL)
		return NULL;
	memcpy(environment, session, count * sizeof(*environment));
	if (asprintf(&environment[count], "PATH=%s",
		    path != NULL ? path : "/usr/bin:/bin") < 0)
		return NULL;
	return environment;
}

static __attribute__((noreturn)) void
run_child(const struct arguments *arguments, char **session)
{
	char **environment = make_environment(session);

	if (environment != NULL && become(arguments->user)) {
		execvpe(arguments->command[0], arguments->command, environment);
		fprintf(stderr, "session: %s: %m\n", arguments->command[0]);
	}
	_exit(STATUS_NOT_RUN);
}

static int
run_command(const struct arguments *arguments, char **session)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		run_child(arguments, session);
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		perror("session");
		return STATUS_NOT_RUN;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : STATUS_SIGNAL + WTERMSIG(status);
}

static void
free_environment(char **environment)
{
	for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
		free(environment[i]);
	free(environment);
}

/* Runs the command between opening and closing; *status is its own. */
static int
hold_session(pam_handle_t *pamh, const struct arguments *arguments, int *status)
{
	char **environment;
	int r = PAM_SUCCESS;

	if (arguments->rhost != NULL)
		r = pam_set_item(pamh, PAM_RHOST, arguments->rhost);
	if (r == PAM_SUCCESS)
		r = pam_open_session(pamh, 0);
	if (r != PAM_SUCCESS)
		return r;
	environment = pam_getenvlist(pamh);
	if (environment != NULL)
		*status = run_command(arguments, environment);
	free_environment(environment);
	return pam_close_session(pamh, 0);
}

int
main(int argc, char **argv)
{
	const struct pam_conv conversation = { refuse, NULL };
	struct arguments arguments;
	pam_handle_t *pamh = NULL;
	int status = STATUS_NO_SESSION;
	int r;

	if (!parse_arguments(argc, argv, &arguments)) {
		fputs("usage: session CONFDIR SERVICE USER [--rhost HOST] -- "
		      "COMMAND [ARGUMENT...]\n",
			stderr);
		return 2;
	}
	r = pam_start_confdir(arguments.service, arguments.user, &conversation,
		arguments.confdir, &pamh);
	if (r == PAM_SUCCESS)
		r = hold_session(pamh, &arguments, &status);
	if (r != PAM_SUCCESS) {
		fprintf(stderr, "session: %s\n", pam_strerror(pamh, r));
		status = STATUS_NO_SESSION;
	}
	pam_end(pamh, r);
	return status;
}
