/* SPDX-License-Identifier: MIT */
#ifndef HELPER_SESSION_H
#define HELPER_SESSION_H

/* Which kind of session this program runs in. */

#include <stdbool.h>

/* Strings are owned; rhost may be NULL. */
struct session {
	char *service;
	char *rhost;
};

/*
 * The service and remote host of the session this process belongs to, as
 * logind has them (*is_certain* is set), else a guess: "sshd" if
 * SSH_CONNECTION is set, "login", local, if not. Never fails: memory short
 * ends the program.
 */
struct session session_find(bool *is_certain);

void session_clear(struct session *session);

#endif
