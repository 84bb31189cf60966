/* SPDX-License-Identifier: MIT */
#ifndef HELPER_LIBVIRT_H
#define HELPER_LIBVIRT_H

/*
 * Asking libvirt, through virturi-probe: a program of its own, since a
 * connection may hang, run commands and needs 12 ms to load.
 */

#include <stdbool.h>
#include <stddef.h>

/*
 * Why a URI must not be opened just to look, as the end of "not opened: …"; or
 * NULL. Takes any text, also what is no URI.
 */
const char *libvirt_find_hazard(const char *uri);

/* What the probe found. Strings are owned, and raw: from outside. */
struct libvirt_answer {
	bool is_connected;
	char *uri; /* libvirt's own; NULL if not connected, or not known */
	char *type; /* "QEMU"; likewise */
	unsigned long version; /* the library's at the other end:
				  1000000 * major + 1000 * minor + release;
				  0: not known */

	/* If not connected: virError's,
	 * https://libvirt.org/html/libvirt-virterror.html */
	unsigned int domain;
	unsigned int code;
	char *message; /* perhaps of several lines; never NULL then */
};

/*
 * Opens uri, read-write, without callbacks, in a session of its own; it starts
 * nothing on this host (LIBVIRT_AUTOSTART=0, no SSH_ASKPASS) and, but for an
 * agent or polkit that asks by itself, nobody is asked anything.
 *
 * 0 with *ret* to be cleared; -ETIMEDOUT; -ENOENT: there is no virturi-probe,
 * or no libvirt for it to load; -EBADMSG: it said what it should not, or died;
 * another −errno: it could not be started.
 */
int libvirt_ask(const char *uri, int timeout_ms, struct libvirt_answer *ret);

void libvirt_answer_clear(struct libvirt_answer *answer);

/* A kind of error that has a cause and a cure of its own. */
enum libvirt_trouble {
	TROUBLE_OTHER,
	TROUBLE_NO_SOCKET, /* it is not there: no daemon, or modular ones */
	TROUBLE_REFUSED, /* a socket nobody listens at: daemon stopped */
	TROUBLE_DENIED, /* the socket's mode: a matter of groups */
	TROUBLE_NO_AGENT, /* polkit would ask for a password, nobody can */
	TROUBLE_POLICY, /* polkit says no */
	TROUBLE_AUTH, /* other authentication: SASL, passwords */
	TROUBLE_DRIVER, /* no such driver, or not built or installed */
	TROUBLE_URI, /* it does not parse, or no such path */
	TROUBLE_HOST, /* name unknown, unreachable, refused */
	TROUBLE_SSH_KEY, /* ssh: permission denied */
	TROUBLE_HOST_KEY, /* ssh: host key verification failed */
	TROUBLE_NO_REMOTE, /* something answers there, but not libvirt */
	TROUBLE_TLS, /* certificates */
	TROUBLE_RUNTIME_DIR, /* XDG_RUNTIME_DIR is somebody else's */
	TROUBLE_SESSION_IDLE, /* session daemon not running: starts on use */
};

/* For an answer that is not connected. */
enum libvirt_trouble libvirt_find_trouble(
	const char *uri, const struct libvirt_answer *answer);

/* --- For tests and fuzzers. --- */

/* libvirt_ask() by another program. */
int libvirt_ask_by(const char *probe, const char *uri, int timeout_ms,
	struct libvirt_answer *ret);

/* What the probe prints: untrusted bytes. 0 with *ret*, or -EBADMSG. */
int libvirt_parse_answer(
	const char *text, size_t size, struct libvirt_answer *ret);

#endif
