/* SPDX-License-Identifier: MIT */
#ifndef HELPER_SERVICES_H
#define HELPER_SERVICES_H

/*
 * Which PAM services does a host have? Files in pam.d; pam.conf(5).
 */

enum presence {
	PRESENCE_YES,
	PRESENCE_NO,
	PRESENCE_UNKNOWN, /* there is no pam.d at all */
};

/* Looks below root; NULL: "/". */
enum presence service_find(const char *root, const char *service);

/*
 * The service that was probably meant by a name that is none. Owned by the
 * caller; NULL: no idea.
 */
char *service_guess(const char *root, const char *service);

#endif
