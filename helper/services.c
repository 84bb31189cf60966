/* SPDX-License-Identifier: MIT */
#include "services.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/guess.h"
#include "files.h"
#include "output.h"
#include "pamd.h"

/* Of a directory. */
#define SERVICES_MAX 1000

/* What cannot be looked at is there. */
static bool
exists(const struct root *root, const char *directory, const char *name)
{
	char *path = format_raw("%s/%s", directory, name);
	bool is_there = root_has(root, path);

	free(path);
	return is_there;
}

enum presence
service_find(const char *root_path, const char *service)
{
	const char *const *directory = pamd_directories;
	enum presence presence = PRESENCE_UNKNOWN;
	struct root root;

	if (root_open(root_path, &root) < 0)
		return PRESENCE_UNKNOWN;
	for (; *directory != NULL && presence != PRESENCE_YES; directory++) {
		if (exists(&root, *directory, service))
			presence = PRESENCE_YES;
		else if (root_has(&root, *directory))
			presence = PRESENCE_NO;
	}
	root_close(&root);
	return presence;
}

/* The nearest name in one directory. */
static char *
guess_in(const struct root *root, const char *directory, struct span written)
{
	char **names = NULL, *copy = NULL;
	const char *guess;
	size_t count = 0;

	files_list(&root->tree, directory, "", SERVICES_MAX, &names, &count);
	guess = guess_word(written, (const char *const *)names, count);
	if (guess != NULL)
		copy = need(strdup(guess));
	files_free_names(names, count);
	return copy;
}

char *
service_guess(const char *root_path, const char *service)
{
	struct span written = { service, strlen(service) };
	const char *const *directory = pamd_directories;
	char *guess = NULL;
	struct root root;

	if (root_open(root_path, &root) < 0)
		return NULL;
	for (; *directory != NULL && guess == NULL; directory++)
		guess = guess_in(&root, *directory, written);
	root_close(&root);
	return guess;
}
