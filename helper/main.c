/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "options.h"
#include "output.h"

#define WHO_WHICH   "[USER] [--service S] [--rhost H]"
#define TAKES_WHICH (TAKES_USER | TAKES_SESSION)

static const struct command commands[] = {
	{ "check", "[USER] [--group NAME] [--timeout SECONDS]",
		"the doctor: the one command to remember",
		TAKES_USER | TAKES_GROUP | TAKES_TIMEOUT, command_check },
	{ "explain", WHO_WHICH,
		"which URI, by which rule, and why not the others", TAKES_WHICH,
		command_explain },
	{ "uri", WHO_WHICH, "the URI the policy gives, alone on a line",
		TAKES_WHICH, command_uri },
	{ "lint", "[--strict] [--allow-command] [FILE|DIR...]",
		"mistakes and doubts, as file:line: error|warning: text",
		TAKES_FILES | TAKES_LINT, command_lint },
	{ "show", "", "the policy in force: files, rules in deciding order",
		TAKES_NOTHING, command_show },
	{ "needs-relogin", "[--group NAME] [--notify]",
		"is a new login needed, and what is the least that is enough?",
		TAKES_GROUP | TAKES_TIMEOUT | TAKES_NOTIFY,
		command_needs_relogin },
};

static void
print_synopsis(FILE *out)
{
	for (size_t i = 0; i < countof(commands); i++)
		command_print_synopsis(&commands[i], out);
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < countof(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static enum status
run_command(int argc, char **argv, const struct command *command)
{
	struct options options;
	enum status status;
	int r = options_parse(argc, argv, command, &options);

	if (r == -ECANCELED)
		return STATUS_OK;
	if (r < 0) {
		fprintf(stderr, "try: virturi %s --help\n", command->name);
		return STATUS_USAGE;
	}
	status = command->run(&options);
	options_clear(&options);
	return status;
}

static enum status
run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *command = find_command(name);

	if (command != NULL)
		return run_command(argc - 1, argv + 1, command);
	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		print_synopsis(stdout);
		return STATUS_OK;
	}
	if (strcmp(name, "--version") == 0) {
		printf("virturi %s\n", VERSION);
		return STATUS_OK;
	}
	if (argc > 1)
		complain("there is no command '%s'", name);
	print_synopsis(argc > 1 ? stderr : stdout);
	return STATUS_USAGE;
}

/* What we open must not become anybody's standard output. */
static void
fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int
main(int argc, char **argv)
{
	enum status status;

	fill_standard_descriptors();
	setlocale(LC_CTYPE, "");
	output_begin();
	status = run(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("cannot write the answer: %m");
		status = STATUS_UNKNOWN;
	}
	return (int)status;
}
