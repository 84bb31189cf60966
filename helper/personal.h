/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PERSONAL_H
#define HELPER_PERSONAL_H

/*
 * What files say of a URI besides the policy: shells' rc files, environment
 * files of PAM, systemd and UWSM, libvirt's client configuration; and the
 * machines a user has in qemu:///session. Homes may lie on servers that do not
 * answer, so it is all read by a child with a deadline, and nothing in them is
 * believed: nothing but regular files is ever opened, none is read beyond
 * 1 MiB, and of each kind of finding only so many are taken.
 */

#include <stdbool.h>
#include <stddef.h>

#include "assignments.h"

/* Whose files. Strings are borrowed. */
struct personal_where {
	const char *root; /* below which everything is; NULL: "/" */
	const char *home; /* NULL: only the host's files */
	const char *config_home; /* $XDG_CONFIG_HOME; NULL: HOME/.config */
	bool is_root; /* whose client configuration is /etc/libvirt's */

	/*
	 * For root: all is read with this user's rights, so that no link of
	 * theirs leads to what only root may read, or where to read does
	 * something (/proc/kmsg). NULL: with our own.
	 */
	const char *user;
};

/* No more are told. */
#define PERSONAL_ASSIGNMENTS_MAX 50
#define PERSONAL_MACHINES_MAX    1000

struct personal {
	/* In the order of the table of files, each file once. */
	struct assignment *assignments;
	size_t n_assignments;

	/* The first file or directory that is there and cannot be read; what
	 * it says is not known. */
	char *unreadable; /* NULL: none */
	int unreadable_error; /* an errno */

	/* The one libvirt.conf that libvirt would read for this user: root
	 * /etc/libvirt/libvirt.conf, others theirs. */
	char *client_conf; /* NULL: there is none */
	int client_conf_error; /* an errno: it cannot be read; EBADMSG: it has
		a mistake, for which no client of this user's connects at all;
		0: it is good */
	unsigned int client_conf_line; /* of uri_default, or of the mistake */
	char *uri_default; /* NULL: none */

	/* Domains defined in qemu:///session: names, sorted. */
	char **machines;
	size_t n_machines;
	int machines_error; /* an errno; 0: they could be listed */

	/* GNOME Boxes is a flatpak here, and is given LIBVIRT_DEFAULT_URI: no
	 * override withholds it. */
	bool is_boxes_flatpak;
};

/*
 * Reads all that. 0 with *ret* to be cleared. -ETIMEDOUT when the home does not
 * answer, any −errno when that is the user's doing: *ret*, to be cleared as
 * well, has then what the host's files say. Else −errno, *ret* untouched.
 */
int personal_read(const struct personal_where *where, int timeout_ms,
	struct personal *ret);

void personal_clear(struct personal *personal);

#endif
