/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef WITH_SYSTEMD
#include <systemd/sd-login.h>
#endif

#include "output.h"

#ifdef WITH_SYSTEMD

/*
 * The session's id. A process that systemd --user started is in none; then it
 * is the user's graphical session that a person means by "this session".
 */
static char *
find_id(void)
{
	uid_t owner = (uid_t)-1;
	char *id = NULL;

	if (sd_pid_get_session(0, &id) < 0 &&
		sd_uid_get_display(getuid(), &id) < 0)
		return NULL;
	/* su and sudo stay in the session of whoever called them */
	if (sd_session_get_uid(id, &owner) < 0 || owner != getuid()) {
		free(id);
		return NULL;
	}
	return id;
}

static bool
ask_logind(struct session *session)
{
	char *id = find_id();
	bool is_found = id != NULL &&
		sd_session_get_service(id, &session->service) >= 0;

	if (is_found && sd_session_is_remote(id) > 0)
		sd_session_get_remote_host(id, &session->rhost);
	free(id);
	return is_found;
}

#else

static bool
ask_logind(struct session *session)
{
	(void)session;
	return false;
}

#endif

struct session
session_find(bool *is_certain)
{
	struct session session = { 0 };
	const char *connection;

	*is_certain = ask_logind(&session);
	if (*is_certain)
		return session;
	connection = getenv("SSH_CONNECTION");
	if (connection != NULL && connection[0] != '\0') {
		/* "client-address client-port server-address server-port" */
		session.service = need(strdup("sshd"));
		session.rhost =
			need(strndup(connection, strcspn(connection, " ")));
	} else {
		session.service = need(strdup("login"));
	}
	return session;
}

void
session_clear(struct session *session)
{
	free(session->service);
	free(session->rhost);
	*session = (struct session){ 0 };
}
