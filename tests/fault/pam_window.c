/* SPDX-License-Identifier: MIT */
/*
 * A module that stands before ("begin") and behind ("end") the one that faults
 * are injected into, so that libpam's own calls are spared. It has no say in
 * what the stack returns.
 */
#include <stdbool.h>
#include <string.h>

#define PAM_SM_SESSION
#include <security/pam_modules.h>

#include "window.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	fault_window(argc > 0 && strcmp(argv[0], "begin") == 0);
	return PAM_IGNORE;
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}
