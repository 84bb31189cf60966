/* SPDX-License-Identifier: MIT */
#ifndef POLICY_ASK_H
#define POLICY_ASK_H

/*
 * The one question that the module and the generator have: which URI does this
 * user get in a session that is opened now? Nothing can go wrong for whoever
 * asks. What did go wrong is said in lines for a log, the same whoever keeps
 * it; pam_virturi(8), "Outcomes", is the specification.
 */

#include "decide.h"

/*
 * No more of a remark goes into a log: of a longer line syslog(3) may keep
 * nothing, and journald makes several of a program's, each with a priority and
 * a beginning of its own.
 */
#define LOG_TEXT_MAX 4096

/* Who takes the lines. A line is printable, and borrowed for the call. */
struct reporter {
	void (*say)(
		void *context, enum remark_severity severity, const char *line);
	void *context;
};

struct question {
	const char *policy; /* this file alone; NULL: the installed layers */
	const char *user; /* in any spelling; NULL or "": nobody … */
	bool is_own; /* … but whoever this process runs as */
	struct request request;
	struct witness witness;
	struct reporter reporter;
};

/*
 * The URI, owned by the caller; NULL: leave the variable alone. Nobody is
 * looked up for a policy that says nothing.
 */
char *policy_ask(const struct question *question);

#endif
