/* SPDX-License-Identifier: MIT */
/*
 * 70-virturi, a systemd.environment-generator(7): tells a user manager the URI
 * that the module would have set, where its PAM stack lacks the module.
 *
 * The manager waits for it, and the login for the manager. So it ends at its
 * own deadline, and with status 0 whatever happens; what went wrong is a line
 * on standard error, which the manager's journal keeps.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/ask.h"

#define DEADLINE_S 2

/* sd-daemon(3): "<N>" before a line is its priority. */
static void
log_line(void *context, enum remark_severity severity, const char *line)
{
	(void)context;
	fprintf(stderr, "<%d>70-virturi: %s\n", (int)severity, line);
}

/* A log that nobody reads must not hold us up either. */
static void
give_up(int signal)
{
	static const char line[] =
		"<4>70-virturi: users and groups could not be looked up within "
		"2 s; " VARIABLE " is left alone\n";
	struct pollfd log = { .fd = STDERR_FILENO, .events = POLLOUT };

	(void)signal;
	/* there is nobody left to tell when this fails */
	if (poll(&log, 1, 0) == 1 && write(log.fd, line, sizeof(line) - 1) < 0)
		_exit(EXIT_SUCCESS);
	_exit(EXIT_SUCCESS);
}

/*
 * From now on, whatever whoever started us has blocked or ignored; nor shall
 * a log that went away end us with another status.
 */
static void
prepare_signals(void)
{
	const struct sigaction action = { .sa_handler = give_up };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm(DEADLINE_S);
}

/*
 * One assignment in the form of systemd.exec(5), EnvironmentFile=: quoted where
 * it holds what a shell that reads such lines would take for its own. A URI has
 * no quotes and no backslash.
 */
static void
print_assignment(const char *uri)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789%+,-./:=?@_";
	const char *quote = uri[strspn(uri, plain)] != '\0' ? "'" : "";

	printf("%s=%s%s%s\n", VARIABLE, quote, uri, quote);
}

int
main(void)
{
	const struct question question = {
		.is_own = true,
		.request = { .service = "systemd-user" },
		.reporter = { .say = log_line },
	};
	char *uri;

	if (getenv(VARIABLE) != NULL)
		return EXIT_SUCCESS;
	prepare_signals();
	uri = policy_ask(&question);
	alarm(0);
	if (uri != NULL)
		print_assignment(uri);
	free(uri);
	return EXIT_SUCCESS;
}
