/* SPDX-License-Identifier: MIT */
#ifndef HELPER_CHILD_H
#define HELPER_CHILD_H

/*
 * Work that may never end (a directory on a dead server, a daemon that does
 * not answer) is done by a child, which is killed at its deadline with all it
 * has started.
 *
 * A child is in a session of its own and has no descriptors but its answer's
 * and, as standard input, output and error, the null device; signals are as
 * they are by default. It does not outlive us.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a child wrote, and how it ended. All zero: nothing. */
struct child_result {
	char *output; /* owned; a NUL behind it; never NULL on success */
	size_t size;
	int status; /* as wait(2) has it */
};

/* As much output is taken; more is cut off. */
#define CHILD_OUTPUT_MAX (1 << 20)

/*
 * Runs the program argv[0], a path, and takes its standard output.
 * environment: as execve(2) has it; NULL: ours.
 *
 * Returns 0 with *ret* (to be cleared) when it ended by itself; -ETIMEDOUT
 * when it had to be killed; -EINTR when such a signal came and did not end us;
 * another −errno (execve's too) when it could not be started; *ret* is then
 * untouched. What does not even die is left behind, never waited for; so is
 * what has made a session of its own, as ssh's ControlPersist does.
 */
int child_run(char *const argv[], char *const environment[], int timeout_ms,
	struct child_result *ret);

/*
 * The same for a function of ours: it writes its answer to fd, and the child
 * ends with status 0 when it returns, without a word to atexit(3) or stdio.
 * What it changes in memory is lost.
 */
int child_call(void (*work)(void *context, int fd), void *context,
	int timeout_ms, struct child_result *ret);

/*
 * In a child of root's: takes over another user's rights, groups included, for
 * good. It still ends with us. 0, or −errno (-ENOENT: there is no such user)
 * with rights nobody should use.
 */
int child_take_rights(const char *user);

void child_result_clear(struct child_result *result);

/* Milliseconds of a clock that only goes forward: for deadlines. */
int64_t monotonic_ms(void);

/*
 * Moves a descriptor away from standard input, output and error, which whoever
 * started us may have closed. Takes fd over; returns it, or where it is now, or
 * -1 with errno.
 */
int descriptor_lift(int fd);

#endif
