/* SPDX-License-Identifier: MIT */
#ifndef POLICY_REMARK_H
#define POLICY_REMARK_H

/*
 * What the engine has to say. It never speaks itself: it collects remarks,
 * and whoever called it logs or prints them. Every remark is printable.
 */

#include <stddef.h>

/* By syslog(3)'s numbers, which journald knows too. */
enum remark_severity {
	REMARK_CRITICAL = 2, /* never in a list: memory was short */
	REMARK_ERROR = 3, /* a mistake: somebody gets no URI because of it */
	REMARK_WARNING = 4, /* something an admin should look at */
	REMARK_NOTICE = 5, /* asked for: what a trial rule would have done */
};

struct remark {
	enum remark_severity severity;
	char *path; /* the file it is about; NULL: none */
	unsigned int line; /* counted from 1; 0: the file as a whole */
	char *text; /* no full stop, no newline */
};

/* All zero: none yet. */
struct remarks {
	struct remark *list;
	size_t count;
};

/*
 * Adds a remark; path (may be NULL) is copied, the text formatted and made
 * printable. Returns 0, or -ENOMEM with the list as it was.
 */
int remarks_add(struct remarks *remarks, enum remark_severity severity,
	const char *path, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * Where the remark belongs, as it stands before the text in a log or on a
 * terminal: "file:line: ", "file: " or "". Owned by the caller; NULL when
 * memory is short.
 */
char *remark_format_place(const struct remark *remark);

/* The first remark of this severity, borrowed from the list; NULL: none. */
const struct remark *remarks_first(
	const struct remarks *remarks, enum remark_severity severity);

/* Moves all of *from* behind those of *to*. 0, or -ENOMEM and both stay. */
int remarks_move(struct remarks *to, struct remarks *from);

/* Frees the remarks, not the struct, which is empty and usable again. */
void remarks_clear(struct remarks *remarks);

#endif
