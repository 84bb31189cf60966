/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

/* Opens what has this type; -ENOENT also when it has another. */
static int
open_typed(const struct tree *tree, const char *path, mode_t type,
	struct stat *status)
{
	static const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char name[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	int place = tree_open(tree, path, TREE_PLACE), fd = -ENOENT;

	if (place == -ENOTDIR)
		return -ENOENT;
	if (place < 0)
		return place;
	if (fstat(place, status) < 0) {
		fd = -errno;
	} else if ((status->st_mode & S_IFMT) == type) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
		fd = open(name, flags);
		if (fd < 0)
			/* it is there; then /proc is not */
			fd = errno == ENOENT ? -ENOSYS : -errno;
	}
	close(place);
	return fd;
}

int
files_read(const struct tree *tree, const char *path, char **bytes,
	size_t *size, struct stat *status)
{
	struct stat found;
	int fd = open_typed(tree, path, S_IFREG, &found), r;

	if (fd < 0)
		return fd;
	r = read_all(fd, FILES_SIZE_MAX, bytes, size);
	close(fd);
	if (r == -ENOMEM)
		need(NULL);
	if (r == 0)
		*status = found;
	return r;
}

static bool
is_wanted(const char *name, const char *suffix)
{
	size_t size = strlen(name), tail = strlen(suffix);

	return name[0] != '.' && size > tail &&
		strcmp(name + size - tail, suffix) == 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
files_list(const struct tree *tree, const char *path, const char *suffix,
	size_t max, char ***ret, size_t *count)
{
	struct stat status;
	int fd = open_typed(tree, path, S_IFDIR, &status);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	char **names;
	size_t n = 0;

	if (fd < 0)
		return fd;
	need(list);
	names = need(calloc(max, sizeof(*names)));
	while (n < max && (entry = readdir(list)) != NULL) {
		if (is_wanted(entry->d_name, suffix))
			names[n++] = need(strdup(entry->d_name));
	}
	closedir(list);
	qsort(names, n, sizeof(*names), compare_names);
	*ret = names;
	*count = n;
	return 0;
}

void
files_free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

int
files_stat(const struct tree *tree, const char *path, struct stat *ret)
{
	return tree_stat_at(tree, AT_FDCWD, path, path, ret);
}
