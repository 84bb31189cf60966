/* SPDX-License-Identifier: MIT */
#ifndef POLICY_FACTS_H
#define POLICY_FACTS_H

/*
 * What can be asked about users and groups: the one place through which the
 * engine learns anything of the host. facts_nss() asks the name service
 * switch; tests answer from tables and count the questions.
 *
 * All functions return 0; -ENOENT for "there is no such user or group", which
 * is an answer; or another −errno when the question could not be answered.
 * Outputs are untouched unless 0 is returned.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A user, as getpwnam(3) knows them. Strings are owned. */
struct account {
	char *name; /* pw_name: the directory's own spelling */
	uid_t uid;
	gid_t gid;
	char *home;
};

/* A group record, as far as one user is concerned. */
struct group_record {
	char *name; /* gr_name, owned */
	gid_t gid;
	bool lists_user; /* is the user in gr_mem? absence proves nothing */
};

struct facts {
	int (*find_user)(void *context, const char *name, struct account *ret);

	int (*find_uid)(void *context, uid_t uid, struct account *ret);

	int (*find_group)(void *context, const char *name, const char *user,
		struct group_record *ret);

	int (*find_gid)(void *context, gid_t gid, const char *user,
		struct group_record *ret);

	/*
	 * All gids of a user, the primary one included, in an array owned by
	 * the caller, in any order. Each should be there only once: what is
	 * there twice may be looked up twice.
	 * -ENOENT cannot be: a user without groups has the primary one.
	 */
	int (*list_gids)(void *context, const char *user, gid_t primary,
		gid_t **ret, size_t *count);

	void *context;
};

void account_clear(struct account *account);

/* A buffer for NSS records that grows and is kept. All zero: empty. */
struct nss_buffer {
	char *bytes;
	size_t size;
};

/*
 * Facts from NSS: getpwnam_r(3), getpwuid_r(3), getgrnam_r(3), getgrgid_r(3)
 * and getgrouplist(3). "Not found" is what getpwnam(3) lists for it: success,
 * ENOENT, ESRCH, EBADF or EPERM without a record. Records of more than 64 MiB
 * are a failed look-up (-ERANGE). The buffer must outlive the facts; it is
 * freed by nss_buffer_clear().
 */
struct facts facts_nss(struct nss_buffer *buffer);

void nss_buffer_clear(struct nss_buffer *buffer);

#endif
