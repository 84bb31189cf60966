/* SPDX-License-Identifier: MIT */
/*
 * floor.c as a program: what `virturi uri` and 70-virturi are compared with.
 * It is linked twice, with the libraries of each. Prints the caller's URI for
 * the group that its argument names.
 */
#include "floor.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	const struct passwd *user = getpwuid(getuid());
	char *uri;

	if (argc != 2 || user == NULL)
		return 2;
	uri = floor_ask(&(struct floor_question){
		.user = user->pw_name,
		.group = argv[1],
	});
	if (uri != NULL)
		printf("LIBVIRT_DEFAULT_URI=%s\n", uri);
	free(uri);
	return 0;
}
