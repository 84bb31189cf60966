/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PAM_LOG_H
#define TESTS_PAM_LOG_H

/*
 * Catches what libpam would send to the system's log: syslog(3) and its
 * relatives are this program's own. Nothing reaches /dev/log. Each thread has
 * a log of its own, so there is nothing to lock.
 */

#include <stdbool.h>
#include <stddef.h>

struct log_line {
	int priority; /* LOG_ERR … LOG_DEBUG, without the facility */
	char *text;
};

/* All zero: empty. */
struct log {
	struct log_line *lines;
	size_t count;
};

/*
 * Collects what this thread logs from now on, until log_end(). A line that is
 * logged outside of the two ends the program.
 */
void log_begin(struct log *log);
void log_end(void);

/*
 * Is called with true before a line is kept and with false afterwards, where
 * faults are injected that are not for us. NULL: nothing is called.
 */
extern void (*log_around)(bool begins);

/* Frees the lines, not the struct. */
void log_clear(struct log *log);

#endif
