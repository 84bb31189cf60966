/* SPDX-License-Identifier: MIT */
#ifndef HELPER_FILES_H
#define HELPER_FILES_H

/*
 * Reading what others have put there. Whatever a name leads to, only regular
 * files and directories are opened: a FIFO would block, and to open a device
 * may do something (a watchdog, a tape).
 */

#include <sys/stat.h>

#include "../policy/trust.h"

/* No file is read beyond this: 1 MiB. */
#define FILES_SIZE_MAX 1048576

/*
 * Reads a regular file below the tree; links do not lead out of it.
 *
 * Returns 0 with the contents, a NUL behind them, in *bytes* (owned by the
 * caller), their size in *size* and the file's status in *status*; -ENOENT
 * when there is no regular file of this name; -EFBIG; another −errno. On
 * failure outputs are untouched.
 */
int files_read(const struct tree *tree, const char *path, char **bytes,
	size_t *size, struct stat *status);

/*
 * Lists up to *max* names in a directory that end in suffix and have something
 * before it; no dotfiles. Sorted bytewise.
 *
 * Returns 0 with the names in *ret* (to be freed by files_free_names());
 * -ENOENT when there is no such directory; another −errno.
 */
int files_list(const struct tree *tree, const char *path, const char *suffix,
	size_t max, char ***ret, size_t *count);

void files_free_names(char **names, size_t count);

/* What the name leads to: 0 or −errno of stat(2). */
int files_stat(const struct tree *tree, const char *path, struct stat *ret);

#endif
