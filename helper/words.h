/* SPDX-License-Identifier: MIT */
#ifndef HELPER_WORDS_H
#define HELPER_WORDS_H

/*
 * Lines of shells and their like, cut into commands and words. No shell is
 * imitated any further than it takes to see which variable a line sets: what
 * a word stands for is known only when it is plain text, quoted or not.
 */

#include <stdbool.h>
#include <stddef.h>

#include "../policy/text.h"

/* How a file assigns variables. */
enum dialect {
	DIALECT_SH, /* sh, bash, zsh, ksh, yash: [export ]NAME=value */
	DIALECT_CSH, /* setenv NAME value */
	DIALECT_FISH, /* set -gx NAME value (in any order of flags) */
	DIALECT_ENVIRONMENT, /* environment.d, /etc/environment: NAME=value */
	DIALECT_PAM_ENV, /* pam_env.conf: NAME DEFAULT=value OVERRIDE=value */
	DIALECT_SYSTEMD, /* [Default]Environment="NAME=value" … */
	DIALECT_NU, /* $env.NAME = value */
	DIALECT_XONSH, /* $NAME = value */
	DIALECT_ELVISH, /* set E:NAME = value; set-env NAME value */
};

/* Words behind so many of one command are not seen. */
#define WORDS_MAX 64

/* A command's words, as written. */
struct words {
	struct span list[WORDS_MAX];
	size_t count;
};

/* A walk through one line. */
struct cutter {
	enum dialect dialect;
	const char *next, *end;
	unsigned int depth; /* of ( ) */
	struct span here; /* if size: what a here document ends with */
};

struct cutter cutter_begin(enum dialect dialect, struct span line);

/*
 * The line's next command, without redirections, comments and what stands in
 * ( ), a subshell or a condition. False when there is no more.
 */
bool words_next(struct cutter *cutter, struct words *ret);

/*
 * What a word stands for: quotes and backslashes removed. NULL when it is not
 * plain text: a variable, a command, a quote that does not end, a NUL. Owned
 * by the caller.
 */
char *word_unquote(enum dialect dialect, struct span word);

#endif
