/* SPDX-License-Identifier: MIT */
#ifndef HELPER_OPTIONS_H
#define HELPER_OPTIONS_H

/* The command line of virturi(1). */

#include <stdbool.h>

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
	const char *service;
	const char *rhost;
	const char *policy;
	const char *root;
	bool json;
	bool quiet;
	bool verbose;
	bool color;
};

/* A subcommand. */
struct command {
	const char *name;
	const char *arguments; /* for the synopsis */
	const char *summary; /* half a line */
	enum status (*run)(const struct options *options);
};

enum status command_explain(const struct options *options);
enum status command_uri(const struct options *options);

/*
 * Reads the options behind the subcommand's name, argv[0]. Returns 0, or
 * -EINVAL after an error message. --help and --version are answered here and
 * end in -ECANCELED.
 */
int options_parse(int argc, char **argv, const struct command *command,
	struct options *ret);

/* One line of the synopsis, without the program's name before it. */
void command_print_synopsis(const struct command *command);

#endif
