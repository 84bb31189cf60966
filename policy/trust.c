/* SPDX-License-Identifier: MIT */
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "text.h"

static const int open_flags[] = {
	[TREE_FILE] = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	[TREE_LIST] = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
	[TREE_DIRECTORY] = O_PATH | O_DIRECTORY | O_CLOEXEC,
	[TREE_PLACE] = O_PATH | O_CLOEXEC,
};

/*
 * The kernel gives up on a ".." when anything is renamed or mounted meanwhile,
 * anywhere on this host: openat2(2), EAGAIN. So often in a row is no chance.
 */
#define TRIES_MAX 128

/*
 * openat(2) as if dir_fd were "/". Without openat2(2) (before Linux 5.6, and
 * under valgrind) links lead where they lead on this host.
 */
static int
open_in_root(int dir_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)flags,
		.resolve = RESOLVE_IN_ROOT,
	};
	int fd, tries = 0;

	do
		fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN && ++tries < TRIES_MAX);
	if (fd < 0 && errno == ENOSYS) {
		while (*path == '/')
			path++;
		fd = openat(dir_fd, *path != '\0' ? path : ".", flags);
	}
	return fd;
}

int
tree_open(const struct tree *tree, const char *path, enum tree_as as)
{
	int fd = tree->fd < 0 ? open(path, open_flags[as])
			      : open_in_root(tree->fd, path, open_flags[as]);

	return fd < 0 ? -errno : fd;
}

int
tree_open_at(const struct tree *tree, int dir_fd, const char *name,
	const char *path, enum tree_as as)
{
	int fd;

	if (tree->fd >= 0)
		return tree_open(tree, path, as);
	fd = openat(dir_fd, name, open_flags[as]);
	return fd < 0 ? -errno : fd;
}

int
tree_stat_at(const struct tree *tree, int dir_fd, const char *name,
	const char *path, struct stat *ret)
{
	int place, r;

	if (tree->fd < 0)
		return fstatat(dir_fd, name, ret, 0) < 0 ? -errno : 0;
	place = tree_open(tree, path, TREE_PLACE);
	if (place < 0)
		return place;
	r = fstat(place, ret) < 0 ? -errno : 0;
	close(place);
	return r;
}

static bool
is_owner(const struct trust *trust, uid_t uid)
{
	for (size_t i = 0; i < trust->n_owners; i++) {
		if (trust->owners[i] == uid)
			return true;
	}
	return uid == 0;
}

bool
trust_accepts(const struct trust *trust, const struct stat *status)
{
	return is_owner(trust, status->st_uid) &&
		!(status->st_mode & (S_IWGRP | S_IWOTH));
}

/*
 * Who may write besides the owner, and the cure. Where there is an ACL the
 * group's bits are its mask, and the group may be the wrong one to look at;
 * that another file may have this name by now spoils no more than the words.
 */
static const char *
describe_writers(const struct stat *status, const char *path)
{
	if (status->st_mode & S_IWOTH)
		return "writable by everybody: chmod go-w";
	if (getxattr(path, "system.posix_acl_access", NULL, 0) > 0)
		return "writable by its group or through its ACL: chmod g-w";
	return "writable by its group: chmod g-w";
}

int
trust_find_fault(const struct trust *trust, const struct stat *status,
	const char *path, char **fault)
{
	char *said, *word;

	if (trust_accepts(trust, status)) {
		*fault = NULL;
		return 0;
	}
	word = text_shell_word(path);
	if (word == NULL)
		return -ENOMEM;
	if (!is_owner(trust, status->st_uid))
		said = text_format("belongs to uid %lu, not to root: "
				   "chown root %s",
			(unsigned long)status->st_uid, word);
	else
		said = text_format(
			"%s %s", describe_writers(status, path), word);
	free(word);
	if (said == NULL)
		return -ENOMEM;
	*fault = said;
	return 0;
}

const char *
name_of_open(int fd, char *name, size_t size, const char *otherwise)
{
	char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, size - 1);
	if (n <= 0)
		return otherwise;
	name[n] = '\0';
	return name;
}

/* /tmp and its like are what they must be; the policy is in the wrong place. */
static int
find_fault_named(const struct trust *trust, const struct stat *status,
	const char *name, char **fault)
{
	static const mode_t shared = S_IWOTH | S_ISVTX;
	char *said;

	if ((status->st_mode & shared) != shared ||
		!is_owner(trust, status->st_uid))
		return trust_find_fault(trust, status, name, fault);
	said = text_format(
		"writable by everybody: move the policy out of %s", name);
	if (said == NULL)
		return -ENOMEM;
	*fault = said;
	return 0;
}

int
trust_find_fault_above(
	const struct trust *trust, int dir_fd, const char *path, char **fault)
{
	struct stat status, above;
	char name[4096], *said = NULL;
	int fd = dir_fd, up, r = 0;

	if (fstat(fd, &status) < 0)
		return -errno;
	while (trust_accepts(trust, &status)) {
		up = openat(fd, "..", open_flags[TREE_DIRECTORY]);
		if (up < 0) {
			r = -errno;
			break;
		}
		if (fd != dir_fd)
			close(fd);
		fd = up;
		if (fstat(fd, &above) < 0) {
			r = -errno;
			break;
		}
		if (above.st_dev == status.st_dev &&
			above.st_ino == status.st_ino)
			break;
		status = above;
	}
	*fault = NULL;
	if (r == 0 && !trust_accepts(trust, &status))
		r = find_fault_named(trust, &status,
			name_of_open(fd, name, sizeof(name), path), &said);
	if (said != NULL) {
		*fault = text_format("%s%s",
			fd != dir_fd ? "a directory above it: " : "", said);
		r = *fault != NULL ? 0 : -ENOMEM;
	}
	free(said);
	if (fd != dir_fd)
		close(fd);
	return r;
}

bool
status_differs(const struct stat *a, const struct stat *b)
{
	return a->st_dev != b->st_dev || a->st_ino != b->st_ino ||
		a->st_size != b->st_size ||
		a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
		a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
		a->st_ctim.tv_sec != b->st_ctim.tv_sec ||
		a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

bool
status_is_null_device(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

int
read_all(int fd, size_t max, char **bytes, size_t *size)
{
	size_t room = 4096, used = 0;
	char *buffer = malloc(room), *bigger;
	ssize_t n = 1;
	int r = buffer != NULL ? 0 : -ENOMEM;

	while (r == 0 && n > 0) {
		n = read(fd, buffer + used, room - used - 1);
		if (n < 0) {
			r = -errno;
			break;
		}
		used += (size_t)n;
		if (used > max) {
			r = -EFBIG;
		} else if (used + 1 == room) {
			room *= 4;
			bigger = realloc(buffer, room);
			if (bigger != NULL)
				buffer = bigger;
			else
				r = -ENOMEM;
		}
	}
	if (r < 0) {
		free(buffer);
		return r;
	}
	buffer[used] = '\0';
	*bytes = buffer;
	*size = used;
	return 0;
}

bool
reads_the_same(int fd, const char *bytes, size_t size)
{
	char again[4096];
	size_t seen = 0;

	while (seen < size) {
		size_t most = size - seen;
		ssize_t n = pread(fd, again,
			most < sizeof(again) ? most : sizeof(again),
			(off_t)seen);

		if (n <= 0 || memcmp(again, bytes + seen, (size_t)n) != 0)
			return false;
		seen += (size_t)n;
	}
	return true;
}
