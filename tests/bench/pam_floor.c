/* SPDX-License-Identifier: MIT */
/*
 * floor.c as a session module: pam_floor.so GROUP [names]. Not for use: it
 * trusts whatever file it finds.
 */
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAM_SM_SESSION
#include <security/pam_modules.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct floor_question question = { 0 };
	const void *user = NULL;
	char *uri, *assignment;

	(void)flags;
	if (argc < 1 || pam_get_item(pamh, PAM_USER, &user) != PAM_SUCCESS)
		return PAM_SUCCESS;
	question.user = user;
	question.group = argv[0];
	question.names_groups = argc > 1 && strcmp(argv[1], "names") == 0;
	uri = floor_ask(&question);
	if (uri != NULL &&
		asprintf(&assignment, "LIBVIRT_DEFAULT_URI=%s", uri) >= 0) {
		pam_putenv(pamh, assignment);
		free(assignment);
	}
	free(uri);
	return PAM_SUCCESS;
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
