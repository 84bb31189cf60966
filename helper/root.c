/* SPDX-License-Identifier: MIT */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "output.h"

int
root_open(const char *path, struct root *ret)
{
	int fd = -1;

	if (path != NULL) {
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	}
	*ret = (struct root){ path, { fd } };
	return 0;
}

void
root_close(struct root *root)
{
	if (root->tree.fd >= 0)
		close(root->tree.fd);
	root->tree.fd = -1;
}

bool
root_is_absent(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -ELOOP ||
		error == -ENAMETOOLONG;
}

bool
root_has(const struct root *root, const char *path)
{
	struct stat status;

	return !root_is_absent(files_stat(&root->tree, path, &status));
}

const char *
path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

char *
format_raw(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		need(NULL);
	va_end(args);
	return text;
}

char *
path_below(const char *root, const char *path)
{
	int size = root != NULL ? (int)strlen(root) : 0;

	while (size > 0 && root[size - 1] == '/')
		size--;
	return format_raw("%.*s%s", size, root != NULL ? root : "", path);
}
