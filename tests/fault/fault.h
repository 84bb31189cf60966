/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULT_FAULT_H
#define TESTS_FAULT_FAULT_H

/*
 * Calls of the C library and of libpam that fail on purpose. All that a
 * program, its libraries and, for memory, the C library itself ask for goes
 * through functions of the same names here, which are found first: they are
 * linked into the program (and exported), or preloaded, see preload.c. Calls
 * of one kind are counted, and the n-th one fails.
 */

#include <stdbool.h>
#include <stddef.h>

enum fault_kind {
	FAULT_MEMORY, /* malloc() and its relatives */
	FAULT_OPEN, /* open(), fopen(), opendir(), memfd_create(), … */
	FAULT_READ, /* read(), getline(), readlink(), recv(), … */
	FAULT_STATUS, /* stat(), fstat(), access(), … */
	FAULT_LIST, /* readdir(), scandir(), getpwent(), … */
	FAULT_WRITE, /* write(), send(), fflush() */
	FAULT_PROCESS, /* fork(), dup2(), pipe2(), socket(), mmap(), … */
	FAULT_USER, /* getpwnam_r(), getpwuid_r() */
	FAULT_GROUP, /* getgrnam_r(), getgrgid_r(), getgrgid() */
	FAULT_MEMBERSHIP, /* getgrouplist(), getgroups() */
	FAULT_PAM, /* pam_get_item(), pam_putenv() */
	FAULT_KINDS,
};

extern const char *const fault_names[FAULT_KINDS];

/* What becomes of a call: an errno, or one of these. */
enum {
	FAULT_SHORT = -1, /* FAULT_READ: one byte at a time */
	FAULT_LATE = -2, /* the record fits, but only into 16 MiB */
	FAULT_STALL = -3, /* the answer comes five seconds later */
	FAULT_BUDGET = -4, /* FAULT_MEMORY: see fault_plan.at */
};

#define FAULT_STALL_S   5
#define FAULT_LATE_SIZE ((size_t)16 * 1024 * 1024)

/* What is to fail, and what came of it: plain numbers, for preload.c. */
struct fault_plan {
	unsigned int kind; /* of enum fault_kind */
	int error;
	/*
	 * This call, 1 is the first; 0: none. With FAULT_BUDGET all that would
	 * make it so many bytes that are in use since fault_begin().
	 */
	unsigned int at;
	unsigned int for_good; /* … and all behind it */
	unsigned int calls; /* counted; with FAULT_BUDGET, most bytes in use */
	unsigned int injected; /* that failed */
};

/* From now on by this plan, which is kept up to date; borrowed. */
void fault_begin(struct fault_plan *plan);
void fault_end(void);

/* What this thread does in between is neither counted nor does it fail. */
void fault_pause(bool pause);

/* Is what goes on within a look-up left alone? At first it is. */
void fault_spare_names(bool spares);

/* Blocks of memory that live, of this process's. */
long fault_live(void);

#endif
