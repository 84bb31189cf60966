/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../policy/text.h"
#include "output.h"
#include "proc.h"

/* A process may be in 65536 groups. */
#define STATUS_MAX (1 << 20)

static int
read_status(int directory_fd, struct process *process)
{
	struct proc_file file = proc_read(directory_fd, "status", STATUS_MAX);
	int r = file.error;

	/* as mounted with hidepid=1 */
	if (r == -EACCES || r == -EPERM)
		return -ENOENT;
	if (file.bytes == NULL)
		return r;
	r = file.is_cut ? -EBADMSG : process_parse_status(file.bytes, process);
	free(file.bytes);
	return r;
}

/* What it may do without; unreadable is as good as not there. */
static void
read_surroundings(int directory_fd, struct process *process)
{
	struct proc_file file =
		proc_read(directory_fd, "cgroup", PROC_SMALL_MAX);
	char exe[PATH_MAX];
	ssize_t size = readlinkat(directory_fd, "exe", exe, sizeof(exe) - 1);

	exe[size > 0 ? size : 0] = '\0';
	if (file.bytes != NULL && !file.is_cut)
		process_parse_cgroup(file.bytes, &process->cgroup);
	free(file.bytes);
	process->kind = process_guess_kind(process, NULL, exe);
}

/* All but what its arguments tell. uid: NULL, or -ENOENT for other people's. */
static int
read_process(pid_t pid, const uid_t *uid, struct process *ret)
{
	struct process process = { .pid = pid };
	int fd = proc_open(pid), r;

	if (fd < 0)
		return fd;
	r = read_status(fd, &process);
	if (r == 0 && uid != NULL && process.uid != *uid)
		r = -ENOENT;
	if (r == 0)
		r = proc_read_start(fd, &process.start);
	if (r == 0)
		read_surroundings(fd, &process);
	close(fd);
	if (r < 0)
		process_clear(&process);
	else
		*ret = process;
	return r;
}

int
process_read(pid_t pid, struct process *ret)
{
	int r = read_process(pid, NULL, ret);

	if (r == 0)
		process_settle_kinds(ret, 1);
	return r;
}

void
process_clear(struct process *process)
{
	free(process->name);
	free(process->groups);
	free(process->cgroup);
	*process = (struct process){ 0 };
}

static void
processes_add(struct processes *processes, const struct process *process)
{
	size_t count = processes->count;

	/* at each power of two there is room for as many again */
	if ((count & (count - 1)) == 0)
		processes->list = need(reallocarray(processes->list,
			count > 0 ? 2 * count : 1, sizeof(*process)));
	processes->list[processes->count++] = *process;
}

static int
compare_pids(const void *left, const void *right)
{
	const struct process *a = left, *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

static bool
parse_pid(const char *name, pid_t *ret)
{
	uint32_t pid;

	if (text_parse_id((struct span){ name, strlen(name) }, &pid) < 0 ||
		pid > INT_MAX)
		return false;
	*ret = (pid_t)pid;
	return true;
}

int
processes_read(uid_t uid, struct processes *ret)
{
	struct processes processes = { 0 };
	const struct dirent *entry;
	DIR *directory = opendir("/proc");

	if (directory == NULL)
		return -errno;
	while ((entry = readdir(directory)) != NULL) {
		struct process process;
		pid_t pid;

		if (!parse_pid(entry->d_name, &pid) ||
			read_process(pid, &uid, &process) < 0)
			continue;
		if (process.is_zombie)
			process_clear(&process);
		else
			processes_add(&processes, &process);
	}
	closedir(directory);
	if (processes.count > 0)
		qsort(processes.list, processes.count, sizeof(*processes.list),
			compare_pids);
	process_settle_kinds(processes.list, processes.count);
	*ret = processes;
	return 0;
}

void
processes_clear(struct processes *processes)
{
	for (size_t i = 0; i < processes->count; i++)
		process_clear(&processes->list[i]);
	free(processes->list);
	*processes = (struct processes){ 0 };
}

const struct process *
processes_find(const struct processes *processes, pid_t pid)
{
	const struct process key = { .pid = pid };

	if (processes->count == 0)
		return NULL;
	return bsearch(&key, processes->list, processes->count,
		sizeof(*processes->list), compare_pids);
}

bool
process_has_gid(const struct process *process, gid_t gid)
{
	if (process->gid == gid)
		return true;
	for (size_t i = 0; i < process->n_groups; i++) {
		if (process->groups[i] == gid)
			return true;
	}
	return false;
}

time_t
process_began(const struct process *process)
{
	struct timespec now, up;
	long ticks = sysconf(_SC_CLK_TCK);
	uint64_t after_boot;

	if (ticks <= 0 || clock_gettime(CLOCK_REALTIME, &now) < 0 ||
		clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return 0;
	after_boot = process->start / (uint64_t)ticks;
	/* later than now, or before the epoch: one of the clocks is wrong */
	if (after_boot > (uint64_t)up.tv_sec || now.tv_sec < up.tv_sec)
		return 0;
	return now.tv_sec - up.tv_sec + (time_t)after_boot;
}

bool
process_is_contained(const struct process *process)
{
	int directory_fd = proc_open_process(process);
	struct stat theirs, ours;
	bool is_contained;

	if (directory_fd < 0)
		return false;
	is_contained = fstatat(directory_fd, "ns/user", &theirs, 0) == 0 &&
		stat("/proc/self/ns/user", &ours) == 0 &&
		(theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino);
	close(directory_fd);
	return is_contained;
}
