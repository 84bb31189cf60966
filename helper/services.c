/* SPDX-License-Identifier: MIT */
#include "services.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "output.h"

static bool
exists(const char *root, const char *directory, const char *name)
{
	char *path = need(text_format(
		"%s%s/%s", root != NULL ? root : "", directory, name));
	bool is_there = access(path, F_OK) == 0;

	free(path);
	return is_there;
}

enum presence
service_find(const char *root, const char *service)
{
	static const char *const directories[] = { "/etc/pam.d",
		"/usr/lib/pam.d", "/usr/share/pam.d" };
	enum presence presence = PRESENCE_UNKNOWN;

	for (size_t i = 0; i < countof(directories); i++) {
		if (exists(root, directories[i], service))
			return PRESENCE_YES;
		if (exists(root, directories[i], ""))
			presence = PRESENCE_NO;
	}
	return presence;
}
