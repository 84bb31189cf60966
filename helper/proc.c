/* SPDX-License-Identifier: MIT */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "output.h"

static ssize_t
read_some(int fd, char *bytes, size_t room)
{
	ssize_t size;

	do
		size = read(fd, bytes, room);
	while (size < 0 && errno == EINTR);
	return size;
}

/* Reads up to *limit* bytes. */
static struct proc_file
read_all(int fd, size_t limit)
{
	struct proc_file file = { 0 };
	size_t room = 0;
	ssize_t size;

	do {
		if (room - file.size < 2) {
			room = room > 0 ? 2 * room : 4096;
			file.bytes = need(realloc(file.bytes, room));
		}
		size = read_some(
			fd, file.bytes + file.size, room - file.size - 1);
		if (size > 0)
			file.size += (size_t)size;
	} while (size > 0 && file.size <= limit);
	if (size < 0) {
		struct proc_file nothing = { .error = -errno };

		free(file.bytes);
		return nothing;
	}
	file.is_cut = file.size > limit;
	if (file.is_cut)
		file.size = limit;
	file.bytes[file.size] = '\0';
	return file;
}

struct proc_file
proc_read(int directory_fd, const char *name, size_t limit)
{
	int fd = openat(directory_fd, name, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	struct proc_file file;

	if (fd < 0)
		return (struct proc_file){ .error = -errno };
	file = read_all(fd, limit);
	close(fd);
	return file;
}

int
proc_open(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int
proc_read_start(int directory_fd, uint64_t *ret)
{
	struct proc_file file = proc_read(directory_fd, "stat", PROC_SMALL_MAX);
	int r;

	if (file.bytes == NULL)
		return file.error;
	r = process_parse_stat(file.bytes, ret);
	free(file.bytes);
	return r;
}

int
proc_error(int error)
{
	return error == -ENOENT ? -ESRCH : error;
}

int
proc_open_process(const struct process *process)
{
	int fd = proc_open(process->pid), r;
	uint64_t start = 0;

	if (fd < 0)
		return proc_error(fd);
	r = proc_error(proc_read_start(fd, &start));
	if (r == 0 && start != process->start)
		r = -ESRCH;
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}
