/* SPDX-License-Identifier: MIT */
/*
 * names LINE USER GROUP…
 *
 * Asks the name service what the module may ask about a user and groups, and
 * logs the line, if it is not empty; nothing else. So what the C library, the
 * name service and the log open by themselves can be seen, between two marks
 * as of tests/pam/pam_before.c.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

static void
mark(const char *path)
{
	/* there is no such file; whoever traces us sees the name */
	if (access(path, F_OK) == 0)
		exit(EXIT_FAILURE);
}

static void
ask_for_user(const char *user)
{
	char text[4096];
	struct passwd account, *found = NULL;
	struct group record, *found_group;
	gid_t groups[256];
	int count = sizeof(groups) / sizeof(groups[0]);

	getpwuid_r(getuid(), &account, text, sizeof(text), &found);
	if (getpwnam_r(user, &account, text, sizeof(text), &found) != 0 ||
		found == NULL)
		exit(EXIT_FAILURE);
	getgrouplist(user, account.pw_gid, groups, &count);
	getgrgid_r(account.pw_gid, &record, text, sizeof(text), &found_group);
}

static void
ask_for_group(const char *name)
{
	char text[4096];
	struct group record, *found;

	getgrnam_r(name, &record, text, sizeof(text), &found);
}

int
main(int argc, char **argv)
{
	if (argc < 3)
		return EXIT_FAILURE;
	mark("/virturi-begin");
	ask_for_user(argv[2]);
	for (int i = 3; i < argc; i++)
		ask_for_group(argv[i]);
	if (argv[1][0] != '\0')
		syslog(LOG_AUTHPRIV | LOG_ERR, "%s", argv[1]);
	mark("/virturi-end");
	return EXIT_SUCCESS;
}
