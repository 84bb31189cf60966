/* SPDX-License-Identifier: MIT */
#include "services.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "../policy/guess.h"
#include "../policy/text.h"
#include "output.h"

static const char *const directories[] = { "/etc/pam.d", "/usr/lib/pam.d",
	"/usr/share/pam.d" };

/* What cannot be looked at is there. */
static bool
exists(const char *root, const char *directory, const char *name)
{
	char *path = need(text_format(
		"%s%s/%s", root != NULL ? root : "", directory, name));
	bool is_there = access(path, F_OK) == 0 ||
		(errno != ENOENT && errno != ENOTDIR && errno != ELOOP);

	free(path);
	return is_there;
}

enum presence
service_find(const char *root, const char *service)
{
	enum presence presence = PRESENCE_UNKNOWN;

	for (size_t i = 0; i < countof(directories); i++) {
		if (exists(root, directories[i], service))
			return PRESENCE_YES;
		if (exists(root, directories[i], ""))
			presence = PRESENCE_NO;
	}
	return presence;
}

/* The nearest name in one directory. */
static char *
guess_in(const char *directory, struct span written)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, NULL, alphasort);
	const char **names, *guess;
	char *copy = NULL;

	if (count < 0)
		return NULL;
	names = need(calloc((size_t)count + 1, sizeof(*names)));
	for (int i = 0; i < count; i++)
		names[i] = entries[i]->d_name;
	guess = guess_word(written, names, (size_t)count);
	if (guess != NULL)
		copy = need(strdup(guess));
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	free(names);
	return copy;
}

char *
service_guess(const char *root, const char *service)
{
	struct span written = { service, strlen(service) };
	char *guess = NULL;

	for (size_t i = 0; i < countof(directories) && guess == NULL; i++) {
		char *path = need(text_format(
			"%s%s", root != NULL ? root : "", directories[i]));

		guess = guess_in(path, written);
		free(path);
	}
	return guess;
}
