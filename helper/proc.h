/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PROC_H
#define HELPER_PROC_H

/*
 * Files in /proc/PID: what process.h's parts have in common. A process is held
 * by a descriptor of its directory; whoever gets its pid afterwards is not seen
 * through that. What is read from there is bounded, and may end at any byte.
 */

#include "process.h"

/* Of a file so much is read, if nothing else is said. */
#define PROC_SMALL_MAX (1 << 16)

/* What a file holds. Its bytes are to be freed. */
struct proc_file {
	char *bytes; /* a NUL behind them; NULL: it could not be read */
	size_t size;
	bool is_cut; /* there was more */
	int error; /* −errno, without bytes */
};

/* Returns a descriptor of a process's directory, or −errno. */
int proc_open(pid_t pid);

/* The same of this very process: -ESRCH if another has its pid now. */
int proc_open_process(const struct process *process);

/* That a file is not there means that the process is gone: -ESRCH. */
int proc_error(int error);

/* Reads up to *limit* bytes. */
struct proc_file proc_read(int directory_fd, const char *name, size_t limit);

/* When it began, in clock ticks after boot. 0 or −errno. */
int proc_read_start(int directory_fd, uint64_t *ret);

/* Would a process's arguments tell its kind? */
bool process_wants_command(const struct process *process);

/* Settles the kinds that depend on arguments, by a child. */
void process_settle_kinds(struct process *list, size_t count);

#endif
