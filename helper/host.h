/* SPDX-License-Identifier: MIT */
#ifndef HELPER_HOST_H
#define HELPER_HOST_H

/*
 * What this host's distribution calls things: remedies name packages, units
 * and groups that exist here.
 */

#include <stdbool.h>

/* A package manager's family, from os-release(5). */
enum family {
	FAMILY_UNKNOWN,
	FAMILY_DEBIAN,
	FAMILY_FEDORA,
	FAMILY_SUSE,
	FAMILY_ARCH,
	FAMILY_ALPINE,
	FAMILY_GENTOO,
	FAMILY_NIXOS,
};

enum family host_find_family(void);

/*
 * What installs libvirt's daemon with qemu here: the whole command, or half a
 * sentence where there is none to name. Never NULL.
 */
const char *host_libvirt_install(void);

/*
 * Is /usr the distribution's image (ostree)? Then a group may be only in
 * /usr/lib/group, where usermod does not see it.
 */
bool host_is_image_based(void);

/*
 * Does a unit of this name exist here ("libvirtd.socket")? Looks for its file;
 * systemd is not asked. One that is masked cannot be started: no.
 */
bool host_has_unit(const char *unit);

/*
 * The unit to start for a daemon: "libvirtd.socket" where there is one, else
 * the service. Owned; NULL: neither exists.
 */
char *host_find_unit(const char *daemon);

/* Is systemd the init here? sd_booted(3). */
bool host_has_systemd(void);

/*
 * Is there a program of this name in the system's directories? Never looks at
 * PATH: what a user has in $HOME is not the host's.
 */
bool host_has_program(const char *name);

/* Does this process see users' and groups' ids as the host does? Not in a
 * user namespace: user_namespaces(7). */
bool host_ids_are_real(void);

/* --- The parsers, for tests and fuzzers: all take untrusted bytes. -------- */

/* os-release(5): ID, then the words of ID_LIKE. */
enum family family_parse(const char *text);

/* /proc/PID/uid_map: are all ids what they are outside? */
bool id_map_is_identity(const char *text);

#endif
