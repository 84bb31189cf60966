/* SPDX-License-Identifier: MIT */
#ifndef TESTS_NSS_VIRTURI_H
#define TESTS_NSS_VIRTURI_H

/*
 * A name service of the tests' own, "virturi" in nsswitch.conf's terms. It
 * answers from the files `passwd`, `group` and `faults` in the directory that
 * the environment variable VIRTURI_NSS_DIR names, and keeps nothing between
 * two calls. Blank lines and lines that begin with '#' are skipped. "␊", the
 * symbol for newline, stands for one.
 *
 * passwd: as passwd(5). A uid or gid "self" is the caller's.
 *
 * group: as group(5), and
 *	a member "~NAME"	is in the group, but in no record's member list:
 *				so SSSD answers without enumeration
 *	a member "*N"		stands for N members member0, member1, …
 *	a name "NAME*N"		stands for N groups NAME0, NAME1, …, with as
 *				many gids from the given one on
 *
 * faults: DATABASE KEY WHAT, with tabs in between.
 *	DATABASE	passwd, uid, group, gid or initgroups
 *	KEY		what is asked for, or "*": whatever is not found
 *	WHAT		EIO, EAGAIN, ENOMEM, ENOENT, ECONNREFUSED: it fails so
 *			ERANGE: no buffer is ever large enough
 *			stall N: answers after N milliseconds
 *			as NAME: answers with the record of NAME
 */

#include <stdatomic.h>
#include <stddef.h>

#define NSS_VIRTURI_NEWLINE "\xe2\x90\x8a"

/* What the service has answered since it was loaded. */
struct nss_virturi_calls {
	atomic_uint users;
	atomic_uint groups; /* by name and by gid */
	atomic_uint lists; /* of a user's groups */
	atomic_size_t largest; /* buffer that was offered, in bytes */
};

/* Exported by the library; to be found with dlsym(3). */
extern struct nss_virturi_calls nss_virturi_calls;

#endif
