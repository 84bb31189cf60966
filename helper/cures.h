/* SPDX-License-Identifier: MIT */
#ifndef HELPER_CURES_H
#define HELPER_CURES_H

/*
 * The least that is enough: which commands give a session, a service manager
 * and everything else that began too early what a login made now would have,
 * and what each of them ends. No facts are gathered here; virturi(1),
 * "needs-relogin", has the ladder.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* How the session at hand began. */
enum way {
	WAY_OTHER,
	WAY_SSH,
	WAY_TTY, /* login(1) */
	WAY_SU, /* su, sudo, run0 */
	WAY_DESKTOP, /* by a display manager */
};

/* What a multiplexer, tmux or screen, would lose. */
struct multiplexer {
	pid_t pid; /* 0: none lags */
	bool lacks_group, lacks_uri;
	size_t windows; /* programs it runs */
};

/* What is behind a login made now. Strings are borrowed, and raw. */
struct lag {
	const char *user;
	uid_t uid;
	bool is_other; /* root asks about somebody else */
	const char *group; /* the first that counts and this session lacks;
			      NULL: none, or it has no name */
	const char *uri; /* that a login would have, or NULL */
	const char *manager_uri; /* that a systemd --user would have, or NULL */
	enum way way;

	bool is_session; /* a person sits here, not a service */
	bool is_notice; /* who reads it may be anywhere, at no shell of ours */
	bool session_lacks_group, session_lacks_uri;
	bool is_shared_connection; /* several sessions of one ssh connection */

	struct multiplexer tmux, screen;

	pid_t manager; /* of systemd --user; 0: none */
	bool manager_lacks_group, manager_lacks_uri;
	bool is_lingering;
	bool has_desktop; /* below the manager, or in this session */
	size_t services; /* processes below the manager */

	pid_t editor; /* a remote server that lags, or 0 */
	bool desktop_lags; /* one of its own processes */
	size_t others; /* other processes that lag */
	bool has_logind;
};

/* Text is printable and owned. */
struct step {
	const char *label; /* "this shell" */
	bool is_for_session; /* it gives this session what it lacks */
	bool is_for_manager; /* it gives systemd --user what that lacks */
	char *command; /* what to do */
	char *price; /* what it ends, or NULL */
};

struct cures {
	struct step *steps; /* the least first */
	size_t count;
};

/* To be cleared. Nothing lags: no steps. */
struct cures cures_find(const struct lag *lag);

void cures_clear(struct cures *cures);

/*
 * The command that gives a URI to what systemd --user starts from now on.
 * other: whose manager it is, if root asks about somebody else; NULL: one's
 * own. Owned.
 */
char *cures_set_environment(const char *other, const char *uri);

/*
 * LIBVIRT_DEFAULT_URI=…, quoted for any shell where it must be. Owned.
 */
char *cures_assign(const char *uri);

#endif
