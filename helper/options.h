/* SPDX-License-Identifier: MIT */
#ifndef HELPER_OPTIONS_H
#define HELPER_OPTIONS_H

/* The command line of virturi(1). */

#include <stdbool.h>
#include <stdio.h>

/* What a command found, for the shell; virturi(1), EXIT STATUS. */
enum status {
	STATUS_OK = 0, /* all is well */
	STATUS_NO = 1, /* the answer is no */
	STATUS_USAGE = 2, /* the command line is wrong */
	STATUS_UNKNOWN = 3, /* it could not be found out */
};

/* Strings are borrowed from argv. */
struct options {
	const char *user; /* NULL: oneself */
	char *const *files; /* ends with NULL */
	const char *service;
	const char *rhost;
	const char *policy;
	const char *root;
	const char **groups; /* --group: each; owned; ends with NULL, or NULL */
	size_t n_groups;
	int timeout_ms; /* for each thing that may hang */
	bool strict;
	bool allow_command;
	bool json;
	bool quiet;
	bool verbose;
	bool color;
	bool notify;
};

/* What a command takes besides the common options. */
enum takes {
	TAKES_NOTHING = 0,
	TAKES_USER = 1 << 0,
	TAKES_FILES = 1 << 1,
	TAKES_SESSION = 1 << 2, /* --service, --rhost */
	TAKES_LINT = 1 << 3, /* --strict, --allow-command */
	TAKES_GROUP = 1 << 4, /* --group */
	TAKES_TIMEOUT = 1 << 5, /* --timeout */
	TAKES_NOTIFY = 1 << 6, /* --notify */
	TAKES_COMMON = 1 << 7, /* every command does */
};

/* A subcommand. */
struct command {
	const char *name;
	const char *arguments; /* for the synopsis */
	const char *summary; /* half a line */
	unsigned int takes; /* of enum takes */
	enum status (*run)(const struct options *options);
};

enum status command_check(const struct options *options);
enum status command_explain(const struct options *options);
enum status command_lint(const struct options *options);
enum status command_needs_relogin(const struct options *options);
enum status command_show(const struct options *options);
enum status command_uri(const struct options *options);

/*
 * Reads the options behind the subcommand's name, argv[0]. Returns 0 with
 * *ret* to be cleared, or -EINVAL after an error message. --help and --version
 * are answered here and end in -ECANCELED.
 */
int options_parse(int argc, char **argv, const struct command *command,
	struct options *ret);

void options_clear(struct options *options);

/* One line of the synopsis. */
void command_print_synopsis(const struct command *command, FILE *out);

#endif
