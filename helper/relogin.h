/* SPDX-License-Identifier: MIT */
#ifndef HELPER_RELOGIN_H
#define HELPER_RELOGIN_H

/*
 * A login made now, compared with what runs: this session, systemd --user and
 * the user's other processes. Who has older groups, who lacks the URI, and
 * does it matter?
 */

#include "cures.h"
#include "doctor.h"

/* A process that lags, or is shown for comparison. */
struct holder {
	const struct process *process; /* borrowed from the doctor */
	bool is_session; /* stands for this session, shells above included */
	bool *lacks; /* each of doctor->members: a login would have it */
	bool lacks_group; /* one that counts */
	bool knows_uri; /* its environment could be seen */
	char *uri; /* NULL: not set */
	bool lacks_uri;
	bool has_leftover; /* a URI that the policy no longer gives */
	size_t children; /* processes it has started, that still run */
};

struct relogin {
	const struct doctor *doctor;
	bool *counts; /* each of doctor->members: it opens something that is
			 closed without it */
	const char *uri; /* of a login made now; NULL: none; borrowed */
	char *manager_uri; /* of a systemd --user started now, or NULL */
	struct holder session;
	struct holder manager; /* process NULL: there is none */
	struct holder *others; /* that lag, without what was started by one of
				  them; what people know by name first */
	size_t n_others;
	size_t n_seen; /* processes that were looked at */
	struct cures cures;
	bool is_service; /* we are one of systemd --user's, nobody's shell */
	bool is_needed;
	bool is_in_doubt; /* it is not known whether a login made now would
			     have a group that counts */
};

/*
 * Compares. To be cleared. With ids that are not the host's (a user namespace)
 * groups are not compared.
 */
struct relogin relogin_find(struct doctor *doctor);

void relogin_clear(struct relogin *relogin);

/* What the cures depend on; strings are borrowed from relogin. */
struct lag relogin_find_lag(const struct relogin *relogin);

/* Processes that this one has started and that still run, systemd's own helper
 * apart. */
size_t relogin_count_children(const struct relogin *relogin, pid_t pid);

/* "tmux server 1440", "systemd --user 812", "firefox 2210": owned. */
char *holder_name(const struct holder *holder);

/*
 * Why a group does or does not count here: "/run/libvirt/libvirt-sock is 0770
 * root:libvirt". Owned.
 */
char *relogin_explain_group(const struct relogin *relogin, size_t i);

#endif
