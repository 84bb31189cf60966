/* SPDX-License-Identifier: MIT */
#ifndef HELPER_DOCTOR_H
#define HELPER_DOCTOR_H

/*
 * `virturi check`: what its checks share. First the doctor finds out who is
 * asked about, what the policy gives them and which URI they really use; then
 * each check looks at one thing. Nothing is started, nothing is changed, and
 * whatever may hang has a deadline.
 */

#include <stdbool.h>

#include "../policy/decide.h"
#include "finding.h"
#include "inquiry.h"
#include "lookup.h"
#include "meaning.h"
#include "members.h"
#include "personal.h"
#include "process.h"
#include "sockets.h"

/* Whom the checks are about. */
enum viewpoint {
	VIEW_SELF, /* the calling user, in this process */
	VIEW_OTHER, /* another user: what can be known of them from here */
	VIEW_HOST, /* root, about no person: the host as such */
};

/* What kind of libvirt the URI leads to. */
enum target {
	TARGET_SYSTEM, /* this host's, driver:///system */
	TARGET_SESSION, /* one's own, driver:///session */
	TARGET_REMOTE, /* another host's, or by a transport */
	TARGET_OTHER, /* test:///default, lxc:///, …, or nothing known */
};

/* Does this host's libvirt, the system's, let the user in? */
enum admission {
	ADMISSION_UNKNOWN,
	ADMISSION_YES,
	ADMISSION_PASSWORD, /* after an administrator's password */
	ADMISSION_NO,
};

struct doctor {
	struct options options; /* with the user's name */
	enum viewpoint viewpoint;
	bool is_root; /* we, not the user asked about */

	struct lookup *lookup;
	struct inquiry
		inquiry; /* policy, subject (whom it is about), session */
	struct decision decision; /* for this session, or a login */

	/*
	 * The URI in use: what this process has in its environment; else what
	 * the policy gives; else the user's uri_default; else libvirt's own
	 * choice. Everything is judged by what it needs.
	 */
	char *uri;
	const char *uri_source; /* "by the policy", "in the environment" … */
	enum target target;
	struct uri_parts parts; /* of uri */

	struct process self; /* this process; always readable */
	bool are_ids_real; /* not in a user namespace */
	struct processes processes; /* all of the user's */
	struct personal personal;
	int personal_error; /* 0, or why personal is empty */
	struct libvirt_socket socket; /* of TARGET_SYSTEM's driver, whatever
					 the target: "qemu" unless it says */
	struct members members; /* groups that matter */
	enum admission admission;
	int polkit_error; /* members.is_polkit: why ADMISSION_UNKNOWN */
	struct manager_view {
		const struct process *process; /* NULL: none runs, or is to
						  be seen */
		bool knows_uri; /* its environment could be seen */
		bool is_from_bus; /* … as it is now, not as it began */
		char *uri; /* NULL: not set */
	} manager;
	const struct relogin *relogin; /* who lags; of VIEW_SELF and
					  VIEW_OTHER; borrowed */
};

/* One thing the doctor looks at. */
typedef void doctor_check(struct doctor *doctor, struct finding *finding);

doctor_check check_policy, check_decision; /* check_policy.c */
doctor_check check_environment, check_manager; /* check_environment.c */
doctor_check check_groups, check_processes, check_risks; /* check_groups.c */
doctor_check check_kvm; /* check_kvm.c */
doctor_check check_socket, check_libvirt; /* check_libvirt.c */
doctor_check check_authorisation; /* check_authorisation.c */
doctor_check check_pam; /* check_pam.c */
doctor_check check_runtime_dir, check_machines,
	check_clients; /* check_personal.c */

/*
 * Finds all that out. may_be_host: root who names nobody asks about the host,
 * not about root. STATUS_OK; or STATUS_UNKNOWN with *error* (owned by the
 * caller) saying why. To be cleared in any case; must not be moved.
 */
enum status doctor_begin(struct doctor *doctor, const struct options *options,
	bool may_be_host, char **error);

void doctor_clear(struct doctor *doctor);

/*
 * What the policy gives this user in a session of another service, opened
 * locally. To be cleared by decision_clear().
 */
void doctor_decide_for(
	struct doctor *doctor, const char *service, struct decision *ret);

/*
 * The process that started it, if it is this user's too; NULL if not. A pid
 * that has been given to a younger process meanwhile does not count, so a walk
 * upwards ends.
 */
const struct process *doctor_find_parent(
	const struct doctor *doctor, const struct process *process);

/* Since when this process's login dates, in seconds since the epoch; 0: not
 * known. */
time_t doctor_session_began(const struct doctor *doctor);

/* "since 09:12", "since Tue 09:12", "since 2026-11-02": printable, owned. */
char *time_describe(time_t when);

/* The URI libvirt takes for this user if nobody sets the variable. Borrowed. */
const char *doctor_libvirts_choice(const struct doctor *doctor);

/* Does a program run that would ask this user for polkit's passwords? */
bool doctor_has_agent(const struct doctor *doctor);

/*
 * Adds to what was said last how the user gets into a group that has a name:
 * the commands of this host and of this kind of user.
 */
void finding_cure_join(const struct doctor *doctor, const struct member *member,
	struct finding *finding);

/* The user's name, uid and home, as the directory has them. */
const char *doctor_user(const struct doctor *doctor);
uid_t doctor_uid(const struct doctor *doctor);
const char *doctor_home(const struct doctor *doctor);

#endif
