/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "output.h"

enum option_id {
	OPTION_COLOR = 256,
	OPTION_HELP,
	OPTION_JSON,
	OPTION_POLICY,
	OPTION_QUIET,
	OPTION_RHOST,
	OPTION_ROOT,
	OPTION_SERVICE,
	OPTION_VERBOSE,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "color", optional_argument, NULL, OPTION_COLOR },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "rhost", required_argument, NULL, OPTION_RHOST },
	{ "root", required_argument, NULL, OPTION_ROOT },
	{ "service", required_argument, NULL, OPTION_SERVICE },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

/* One line each, as --help prints them. */
static const char *const option_help[] = {
	"--service S          as if the session were opened by PAM service S",
	"--rhost H            as if it came from host H",
	"--policy FILE        this policy file alone, as the module's policy=",
	"--root DIR           the policy below DIR instead of /",
	"--json               one JSON document",
	"--quiet              only what failed",
	"--verbose            more",
	"--color=WHEN         auto, always or never",
	"--help, --version    this text, the version",
};

/* no-color.org: set and not empty means no */
static bool
wants_color_by_default(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color != NULL && no_color[0] != '\0')
		return false;
	return isatty(STDOUT_FILENO) && term != NULL &&
		strcmp(term, "dumb") != 0;
}

static int
parse_color(const char *when, struct options *options)
{
	if (when == NULL || strcmp(when, "always") == 0)
		options->color = true;
	else if (strcmp(when, "never") == 0)
		options->color = false;
	else if (strcmp(when, "auto") != 0) {
		complain("--color takes auto, always or never, not '%s'", when);
		return -EINVAL;
	}
	return 0;
}

void
command_print_synopsis(const struct command *command)
{
	printf("virturi %-8s %-38s %s\n", command->name, command->arguments,
		command->summary);
}

static void
print_help(const struct command *command)
{
	command_print_synopsis(command);
	putchar('\n');
	for (size_t i = 0; i < countof(option_help); i++)
		printf("  %s\n", option_help[i]);
	printf("\nvirturi(1) has the rest.\n");
}

static int
parse_option(int id, const struct command *command, struct options *options)
{
	switch (id) {
	case OPTION_COLOR:
		return parse_color(optarg, options);
	case OPTION_HELP:
		print_help(command);
		return -ECANCELED;
	case OPTION_JSON:
		options->json = true;
		return 0;
	case OPTION_POLICY:
		options->policy = optarg;
		return 0;
	case OPTION_QUIET:
		options->quiet = true;
		return 0;
	case OPTION_RHOST:
		options->rhost = optarg;
		return 0;
	case OPTION_ROOT:
		options->root = optarg;
		return 0;
	case OPTION_SERVICE:
		options->service = optarg;
		return 0;
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	case OPTION_VERSION:
		printf("virturi %s\n", VERSION);
		return -ECANCELED;
	default:
		return -EINVAL; /* getopt_long() has said why */
	}
}

int
options_parse(int argc, char **argv, const struct command *command,
	struct options *ret)
{
	struct options options = { .color = wants_color_by_default() };
	char *name = argv[0];
	int id, r = 0;

	/* getopt_long() names the program by argv[0] in its messages */
	argv[0] = program_invocation_short_name;
	while (r == 0 &&
		(id = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		r = parse_option(id, command, &options);
	argv[0] = name;
	if (r < 0)
		return r;
	if (optind < argc)
		options.user = argv[optind++];
	if (optind < argc) {
		complain("too many arguments; one USER at a time");
		return -EINVAL;
	}
	if (options.policy != NULL && options.root != NULL) {
		complain("--policy and --root exclude each other: a single "
			 "file replaces the layers");
		return -EINVAL;
	}
	*ret = options;
	return 0;
}
