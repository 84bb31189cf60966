/* SPDX-License-Identifier: MIT */
#ifndef HELPER_BUS_H
#define HELPER_BUS_H

/*
 * What is asked over D-Bus: polkit, systemd, notifications. Every question
 * has a deadline, for connecting, authenticating and all its calls together,
 * and none ever prompts. Asking starts no service but the two whose way to be
 * there it is: polkit, and whoever shows notifications.
 *
 * The system's bus is DBUS_SYSTEM_BUS_ADDRESS or the usual socket. The user's
 * is DBUS_SESSION_BUS_ADDRESS, else "bus" in XDG_RUNTIME_DIR; one that
 * belongs to somebody else, as after su, is not asked. Only unix: addresses
 * count: the others run a command or ask a name server.
 *
 * Built without systemd's library all answers are -EOPNOTSUPP. All functions
 * return 0, or −errno with *ret* untouched:
 *   -ETIMEDOUT           nobody answered in time
 *   -ENOENT              there is no such bus: no socket, no address
 *   -ECONNREFUSED        nobody listens there
 *   -ECONNRESET          whoever was asked hung up
 *   -EHOSTUNREACH        nobody on the bus has the name
 *   -EPERM               the bus or the manager is another user's
 *   -EACCES              we may not ask that
 *   -EPROTONOSUPPORT     the address is not a unix: one
 *   -EBADMSG             the answer is not what it should be
 * or another one, of connect(2) or of a D-Bus error.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What polkit says of a process and an action. */
struct polkit_answer {
	bool is_authorized;
	bool is_challenge; /* after somebody's password */
};

/*
 * org.freedesktop.PolicyKit1.Authority.CheckAuthorization on the system bus:
 * subject unix-process of this pid, start time (clock ticks after boot) and
 * uid; no details (callers without privilege may not give any), flags 0: it
 * never prompts. On a healthy host polkit may not run until somebody asks,
 * libvirt or we: the bus starts it. -ENXIO: polkit knows no such action;
 * -EHOSTUNREACH: there is no polkit, or it cannot be started.
 *
 * https://polkit.pages.freedesktop.org/polkit/eggdbus-interface-org.freedesktop.PolicyKit1.Authority.html
 */
int bus_ask_polkit(const char *action, pid_t pid, uint64_t start, uid_t uid,
	int timeout_ms, struct polkit_answer *ret);

/* The user's service manager, from the user's own bus. */
struct manager {
	pid_t pid; /* 0: none that can be seen in this pid namespace */
	char *uri; /* LIBVIRT_DEFAULT_URI in its environment block; NULL: not
		      set; raw; owned */
};

/*
 * Asks the manager of the calling user: the pid of org.freedesktop.systemd1 on
 * the user's bus, and its property Environment. Where that bus is not there,
 * or has no manager (as below dbus-run-session), the manager's private socket
 * XDG_RUNTIME_DIR/systemd/private; if there is none, the error is the bus's.
 */
int bus_ask_manager(int timeout_ms, struct manager *ret);

void manager_clear(struct manager *manager);

/*
 * Does logind keep the user's manager when they are not logged in? Whom it
 * does not know it does not keep.
 */
int bus_is_lingering(uid_t uid, int timeout_ms, bool *ret);

/*
 * org.freedesktop.Notifications.Notify on the user's bus. replaces: id of the
 * notification to replace, 0: none. summary is plain text, body is markup
 * (see bus_escape_markup()); both are UTF-8, or -EINVAL. It stays until it is
 * dismissed. *id* gets the notification's id, *notifier* (owned) who shows it,
 * by unique name on the bus: the id is worth nothing to another one. Asking may
 * start the notification service: that is its way to be there.
 *
 * https://specifications.freedesktop.org/notification-spec/latest/
 */
int bus_notify(uint32_t replaces, const char *summary, const char *body,
	int timeout_ms, uint32_t *id, char **notifier);

/* Who shows notifications now, as above; -EHOSTUNREACH: nobody. Owned. */
int bus_find_notifier(int timeout_ms, char **ret);

/*
 * CloseNotification; 0 also when it is closed already, or when nobody is there
 * who could still show it.
 */
int bus_close_notification(uint32_t id, int timeout_ms);

/*
 * Text for a body: made printable as by text_printable(), so that one piece of
 * outside text is one line; &, <, > and quotes become entities. Never NULL,
 * owned by the caller.
 */
char *bus_escape_markup(const char *text);

#endif
