/* SPDX-License-Identifier: MIT */
#ifndef HELPER_MEMBERS_H
#define HELPER_MEMBERS_H

/*
 * The groups that matter to a user of libvirt on this host: whoever owns the
 * system's socket, or in polkit mode whom its rule names; the owner of
 * /dev/kvm; those the policy names for this user; those asked about.
 */

#include "../policy/decide.h"
#include "../policy/subject.h"
#include "options.h"
#include "process.h"
#include "sockets.h"

/* Why a group matters; together with |. */
enum guards {
	GUARDS_SOCKET = 1 << 0, /* the system socket: at connect time */
	GUARDS_POLKIT = 1 << 1, /* polkit's rule: asks the database */
	GUARDS_KVM = 1 << 2, /* /dev/kvm */
	GUARDS_POLICY = 1 << 3, /* the deciding rule is for its members */
	GUARDS_ASKED = 1 << 4, /* --group */
};

struct member {
	char *name; /* owned, raw; NULL: the gid has no name */
	bool has_gid; /* the group exists */
	bool is_unknown; /* … or that could not be found out */
	gid_t gid;
	unsigned int guards; /* of enum guards */
	bool is_default; /* polkit's rules are not readable: LIBVIRT_GROUP */
	enum answer in_database; /* would a login made now have it? */
};

struct members {
	struct member *list;
	size_t count;
	const struct member *guard; /* of the system's libvirt; or NULL: no
				       group is known to guard it */
	bool is_polkit; /* the socket lets everybody in, polkit decides */
};

/* Where groups are named. */
struct members_where {
	const struct libvirt_socket *socket; /* the system's */
	const struct rule *decider; /* the rule that decides, or NULL */
	const char *const *asked; /* --group; ends with NULL; or NULL */
};

/* Finds them, and asks the name service about each. To be cleared. */
struct members members_find(const struct members_where *where,
	const struct facts *facts, struct subject *subject);

void members_clear(struct members *members);

/* "libvirt", or "gid 991". Printable, owned. */
char *member_name(const struct member *member);

#endif
