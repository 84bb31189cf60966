/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "output.h"

enum option_id {
	OPTION_ALLOW_COMMAND = 256,
	OPTION_COLOR,
	OPTION_GROUP,
	OPTION_HELP,
	OPTION_JSON,
	OPTION_NOTIFY,
	OPTION_POLICY,
	OPTION_QUIET,
	OPTION_RHOST,
	OPTION_ROOT,
	OPTION_SERVICE,
	OPTION_STRICT,
	OPTION_TIMEOUT,
	OPTION_VERBOSE,
	OPTION_VERSION,
};

#define TIMEOUT_DEFAULT_MS 5000
#define TIMEOUT_MAX_S      3600

/* Everything there is to know of an option but what it does. */
static const struct {
	const char *name;
	int has_argument;
	enum option_id id;
	unsigned int takes; /* commands that take this take it */
	const char *help; /* NULL: it stands in another one's */
} table[] = {
	{ "service", required_argument, OPTION_SERVICE, TAKES_SESSION,
		"--service S          as if the session were opened by PAM "
		"service S" },
	{ "rhost", required_argument, OPTION_RHOST, TAKES_SESSION,
		"--rhost H            as if it came from host H" },
	{ "strict", no_argument, OPTION_STRICT, TAKES_LINT,
		"--strict             warnings count as errors do" },
	{ "allow-command", no_argument, OPTION_ALLOW_COMMAND, TAKES_LINT,
		"--allow-command      URIs may run commands (+ext, command=)" },
	{ "group", required_argument, OPTION_GROUP, TAKES_GROUP,
		"--group NAME         this group matters too; may be "
		"repeated" },
	{ "timeout", required_argument, OPTION_TIMEOUT, TAKES_TIMEOUT,
		"--timeout SECONDS    for each thing that may not answer (5)" },
	{ "notify", no_argument, OPTION_NOTIFY, TAKES_NOTIFY,
		"--notify             a desktop notification, not a text" },
	{ "policy", required_argument, OPTION_POLICY, TAKES_COMMON,
		"--policy FILE        this policy file alone, as the module's "
		"policy=" },
	{ "root", required_argument, OPTION_ROOT, TAKES_COMMON,
		"--root DIR           the policy below DIR instead of /" },
	{ "json", no_argument, OPTION_JSON, TAKES_COMMON,
		"--json               one JSON document" },
	{ "quiet", no_argument, OPTION_QUIET, TAKES_COMMON,
		"--quiet              only what failed" },
	{ "verbose", no_argument, OPTION_VERBOSE, TAKES_COMMON,
		"--verbose            more" },
	{ "color", optional_argument, OPTION_COLOR, TAKES_COMMON,
		"--color=WHEN         auto, always or never" },
	{ "help", no_argument, OPTION_HELP, TAKES_COMMON,
		"--help, --version    this text, the version" },
	{ "version", no_argument, OPTION_VERSION, TAKES_COMMON, NULL },
};

static bool
is_taken(const struct command *command, size_t i)
{
	return (table[i].takes & (command->takes | TAKES_COMMON)) != 0;
}

/* The command's options in getopt_long()'s form. */
static void
list_options(const struct command *command,
	struct option options[countof(table) + 1])
{
	size_t count = 0;

	for (size_t i = 0; i < countof(table); i++) {
		if (is_taken(command, i))
			options[count++] = (struct option){
				.name = table[i].name,
				.has_arg = table[i].has_argument,
				.val = (int)table[i].id,
			};
	}
	options[count] = (struct option){ 0 };
}

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

static void
add_group(const char *name, struct options *options)
{
	options->groups = need(reallocarray(options->groups,
		options->n_groups + 2, sizeof(*options->groups)));
	options->groups[options->n_groups++] = name;
	options->groups[options->n_groups] = NULL;
}

static int
parse_timeout(const char *text, struct options *options)
{
	struct span span = { text, strlen(text) };
	uint32_t seconds;

	if (text_parse_id(span, &seconds) < 0 || seconds == 0 ||
		seconds > TIMEOUT_MAX_S) {
		complain("--timeout takes 1 to %d seconds, not '%s'",
			TIMEOUT_MAX_S, text);
		return -EINVAL;
	}
	options->timeout_ms = (int)seconds * 1000;
	return 0;
}

void
command_print_synopsis(const struct command *command, FILE *out)
{
	fprintf(out, "virturi %-13s %-41s %s\n", command->name,
		command->arguments, command->summary);
}

static void
print_help(const struct command *command)
{
	command_print_synopsis(command, stdout);
	putchar('\n');
	for (size_t i = 0; i < countof(table); i++) {
		if (is_taken(command, i) && table[i].help != NULL)
			printf("  %s\n", table[i].help);
	}
	printf("\nvirturi(1) has the rest.\n");
}

static int
parse_option(int id, const struct command *command, struct options *options)
{
	switch (id) {
	case OPTION_ALLOW_COMMAND:
		options->allow_command = true;
		return 0;
	case OPTION_COLOR:
		return parse_color(optarg, options);
	case OPTION_GROUP:
		add_group(optarg, options);
		return 0;
	case OPTION_HELP:
		print_help(command);
		return -ECANCELED;
	case OPTION_JSON:
		options->json = true;
		return 0;
	case OPTION_NOTIFY:
		options->notify = true;
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
	case OPTION_STRICT:
		options->strict = true;
		return 0;
	case OPTION_TIMEOUT:
		return parse_timeout(optarg, options);
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	case OPTION_VERSION:
		printf("virturi %s\n", VERSION);
		return -ECANCELED;
	default:
		return -EINVAL; /* it was said why */
	}
}

/* How many options begin like that, up to a "="? */
static size_t
count_meant(const char *argument, const struct option *options)
{
	size_t size = strcspn(argument, "="), count = 0;

	if (size < strlen("--"))
		return 0;
	for (; options->name != NULL; options++)
		count += strncmp(options->name, argument + 2, size - 2) == 0;
	return count;
}

/*
 * What getopt_long() does not accept, and why. Its own messages would have the
 * argument's bytes as they are.
 */
static void
complain_option(int why, const char *argument, const struct option *options)
{
	if (why == ':')
		complain("option '%s' needs an argument", argument);
	else if (optopt >= OPTION_ALLOW_COMMAND)
		complain("option '%s' takes no argument", argument);
	else if (optopt != 0)
		complain("there is no option '-%c'", optopt);
	else if (count_meant(argument, options) > 1)
		complain("option '%s' is ambiguous", argument);
	else
		complain("there is no option '%s'", argument);
}

/* What stands behind the options: files, one user, or nothing. */
static int
parse_operands(
	char **operands, const struct command *command, struct options *options)
{
	if (command->takes & TAKES_FILES) {
		options->files = operands;
		return 0;
	}
	if ((command->takes & TAKES_USER) && operands[0] != NULL)
		options->user = *operands++;
	if (operands[0] == NULL)
		return 0;
	complain("too many arguments: '%s'", operands[0]);
	return -EINVAL;
}

static int
check_combination(const struct options *options)
{
	bool has_files = options->files != NULL && options->files[0] != NULL;

	if (options->policy != NULL && options->root != NULL) {
		complain("--policy and --root exclude each other: a single "
			 "file replaces the layers");
		return -EINVAL;
	}
	if (options->policy != NULL && has_files) {
		complain("--policy FILE is the policy in force; "
			 "name candidates without it");
		return -EINVAL;
	}
	return 0;
}

int
options_parse(int argc, char **argv, const struct command *command,
	struct options *ret)
{
	struct options options = {
		.color = wants_color_by_default(),
		.timeout_ms = TIMEOUT_DEFAULT_MS,
	};
	struct option long_options[countof(table) + 1];
	int id, r = 0;

	list_options(command, long_options);
	/* the colon keeps it silent */
	while (r == 0 &&
		(id = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (id == '?' || id == ':')
			complain_option(id, argv[optind - 1], long_options);
		r = parse_option(id, command, &options);
	}
	if (r == 0)
		r = parse_operands(argv + optind, command, &options);
	if (r == 0)
		r = check_combination(&options);
	if (r < 0) {
		options_clear(&options);
		return r;
	}
	*ret = options;
	return 0;
}

void
options_clear(struct options *options)
{
	free(options->groups);
	options->groups = NULL;
}
