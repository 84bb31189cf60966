/* SPDX-License-Identifier: MIT */
/*
 * A module that stands before ours in a stack and does what other modules do:
 *
 *	session required pam_before.so [user=NAME] [rhost=HOST] [env=NAME=VALUE]
 *		[mark=PATH]
 *
 * A mark is a path that is not there: who traces the process sees us look for
 * it. All six functions succeed.
 */
#include <string.h>
#include <unistd.h>

#define PAM_SM_AUTH
#define PAM_SM_ACCOUNT
#define PAM_SM_SESSION
#define PAM_SM_PASSWORD
#include <security/pam_modules.h>

#define EXPORT __attribute__((visibility("default")))

/* What stands behind the '=' if the argument is this one, else NULL. */
static const char *
value_of(const char *argument, const char *name)
{
	size_t size = strlen(name);

	return strncmp(argument, name, size) == 0 ? argument + size : NULL;
}

static int
do_argument(pam_handle_t *pamh, const char *argument)
{
	const char *value;

	value = value_of(argument, "user=");
	if (value != NULL)
		return pam_set_item(pamh, PAM_USER, value);
	value = value_of(argument, "rhost=");
	if (value != NULL)
		return pam_set_item(pamh, PAM_RHOST, value);
	value = value_of(argument, "env=");
	if (value != NULL)
		return pam_putenv(pamh, value);
	value = value_of(argument, "mark=");
	if (value != NULL && access(value, F_OK) < 0)
		return PAM_SUCCESS;
	return PAM_SESSION_ERR;
}

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	int r = PAM_SUCCESS;

	(void)flags;
	for (int i = 0; i < argc && r == PAM_SUCCESS; i++)
		r = do_argument(pamh, argv[i]);
	return r;
}

#define SUCCEED(function)                                                      \
	EXPORT int function(                                                   \
		pam_handle_t *pamh, int flags, int argc, const char **argv)    \
	{                                                                      \
		(void)pamh;                                                    \
		(void)flags;                                                   \
		(void)argc;                                                    \
		(void)argv;                                                    \
		return PAM_SUCCESS;                                            \
	}

SUCCEED(pam_sm_close_session)
SUCCEED(pam_sm_authenticate)
SUCCEED(pam_sm_setcred)
SUCCEED(pam_sm_acct_mgmt)
SUCCEED(pam_sm_chauthtok)
