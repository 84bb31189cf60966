/* SPDX-License-Identifier: MIT */
/*
 * What the tests' build of the command has in addition: names come from the
 * tests' own service, and there is no logind but the environment variable
 * VIRTURI_LOGIND, "SERVICE" or "SERVICE HOST". Standard output is a terminal
 * if VIRTURI_TERMINAL is set. So its answers are the same on every machine, in
 * a tree without /dev/pts too.
 */
#include <errno.h>
#include <nss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static __attribute__((constructor)) void
configure(void)
{
	static const char *const databases[] = {
		"passwd",
		"group",
		"initgroups",
	};

	for (size_t i = 0; i < sizeof(databases) / sizeof(databases[0]); i++) {
		if (__nss_configure_lookup(databases[i], "virturi") < 0) {
			fprintf(stderr, "__nss_configure_lookup(%s): %m\n",
				databases[i]);
			_exit(99);
		}
	}
}

int
isatty(int fd)
{
	if (fd == STDOUT_FILENO && getenv("VIRTURI_TERMINAL") != NULL)
		return 1;
	errno = ENOTTY;
	return 0;
}

#ifdef WITH_SYSTEMD

#include <systemd/sd-login.h>

/* What the variable says, or "": there is no logind. */
static const char *
logind(void)
{
	const char *text = getenv("VIRTURI_LOGIND");

	return text != NULL ? text : "";
}

int
sd_pid_get_session(pid_t pid, char **session)
{
	(void)pid;
	if (logind()[0] == '\0')
		return -ENODATA;
	*session = strdup("1");
	return *session != NULL ? 0 : -ENOMEM;
}

int
sd_uid_get_display(uid_t uid, char **session)
{
	(void)uid;
	(void)session;
	return -ENODATA;
}

int
sd_session_get_uid(const char *session, uid_t *uid)
{
	(void)session;
	*uid = getuid();
	return 0;
}

int
sd_session_get_service(const char *session, char **service)
{
	(void)session;
	*service = strndup(logind(), strcspn(logind(), " "));
	return *service != NULL ? 0 : -ENOMEM;
}

int
sd_session_is_remote(const char *session)
{
	(void)session;
	return strchr(logind(), ' ') != NULL;
}

int
sd_session_get_remote_host(const char *session, char **host)
{
	const char *blank = strchr(logind(), ' ');

	(void)session;
	if (blank == NULL)
		return -ENODATA;
	*host = strdup(blank + 1);
	return *host != NULL ? 0 : -ENOMEM;
}

#endif
