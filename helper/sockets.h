/* SPDX-License-Identifier: MIT */
#ifndef HELPER_SOCKETS_H
#define HELPER_SOCKETS_H

/*
 * The sockets a local libvirt client connects to: one of the monolithic daemon
 * (or of virtproxyd in its place), one of the driver's own modular daemon.
 * https://libvirt.org/daemons.html
 */

#include <stdbool.h>

#include "device.h"

enum socket_state {
	SOCKET_OPEN, /* somebody accepts */
	SOCKET_MISSING,
	SOCKET_REFUSED, /* nobody listens */
	SOCKET_DENIED, /* by its mode, or that of a directory above it */
	SOCKET_SILENT, /* its queue is full: nobody accepts */
	SOCKET_FAULTY, /* another error */
};

/* Strings are owned. */
struct libvirt_socket {
	char *path; /* the one a client would use; if none is there, the
		       monolithic one */
	char *daemon; /* "libvirtd" or "virtqemud" */
	bool is_modular;
	enum socket_state state;
	int error; /* SOCKET_FAULTY: errno */
	bool has_permissions; /* they could be read */
	struct permissions permissions;
};

/*
 * Finds the read-write socket for a driver ("qemu") and tries to connect, for
 * up to a second; what it connects to it hangs up on at once, saying nothing.
 * runtime_dir: NULL: the system's sockets, in /run/libvirt; else the session's,
 * in runtime_dir/libvirt. Never fails.
 */
struct libvirt_socket socket_find(const char *driver, const char *runtime_dir);

void socket_clear(struct libvirt_socket *found);

#endif
