/* SPDX-License-Identifier: MIT */
/*
 * stages USER COUNT: where the time of a decision goes. Puts the module's
 * question so often and prints, for each stage, its median in ns. The linker
 * puts clocks around the engine's own functions (--wrap: see the Makefile);
 * a stage's time is without that of stages inside it.
 */
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../policy/ask.h"
#include "../../policy/layers.h"
#include "../../policy/values.h"

#define COUNT_MAX 10000

enum stage {
	STAGE_getpwnam_r,
	STAGE_getgrnam_r,
	STAGE_getgrgid_r,
	STAGE_getgrouplist,
	STAGE_layers_open,
	STAGE_policy_load,
	STAGE_scan_file,
	STAGE_layers_have_changed,
	STAGE_layers_close,
	STAGE_values_read,
	STAGE_policy_ask, /* all of it */
	STAGE_COUNT,
};

static const char *const names[STAGE_COUNT] = {
	[STAGE_getpwnam_r] = "getpwnam_r",
	[STAGE_getgrnam_r] = "getgrnam_r",
	[STAGE_getgrgid_r] = "getgrgid_r",
	[STAGE_getgrouplist] = "getgrouplist",
	[STAGE_layers_open] = "layers_open",
	[STAGE_policy_load] = "policy_load",
	[STAGE_scan_file] = "scan_file",
	[STAGE_layers_have_changed] = "layers_have_changed",
	[STAGE_layers_close] = "layers_close",
	[STAGE_values_read] = "values_read",
	[STAGE_policy_ask] = "policy_ask",
};

static uint64_t spent[STAGE_COUNT]; /* in this question */
static enum stage current = STAGE_policy_ask;
static uint64_t since;

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The time until now was the stage's that ends or is interrupted. */
static enum stage
enter(enum stage stage)
{
	enum stage outer = current;
	uint64_t now = now_ns();

	spent[current] += now - since;
	since = now;
	current = stage;
	return outer;
}

/* The linker's names; see tests/unit/alloc.c. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
#define CLOCK(type, name, parameters, arguments)                               \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		enum stage outer = enter(STAGE_##name);                        \
		type result = __real_##name arguments;                         \
                                                                               \
		enter(outer);                                                  \
		return result;                                                 \
	}

CLOCK(int, getpwnam_r,
	(const char *name, struct passwd *record, char *buffer, size_t size,
		struct passwd **ret),
	(name, record, buffer, size, ret))
CLOCK(int, getgrnam_r,
	(const char *name, struct group *record, char *buffer, size_t size,
		struct group **ret),
	(name, record, buffer, size, ret))
CLOCK(int, getgrgid_r,
	(gid_t gid, struct group *record, char *buffer, size_t size,
		struct group **ret),
	(gid, record, buffer, size, ret))
CLOCK(int, getgrouplist,
	(const char *user, gid_t primary, gid_t *gids, int *count),
	(user, primary, gids, count))
CLOCK(int, layers_open,
	(const struct policy_where *where, struct remarks *remarks,
		struct layers *ret),
	(where, remarks, ret))
CLOCK(int, policy_load, (const struct policy_where *where, struct policy **ret),
	(where, ret))
CLOCK(int, scan_file,
	(char *bytes, size_t size, const char *path, struct rule **rules,
		size_t *count, struct remarks *remarks),
	(bytes, size, path, rules, count, remarks))
CLOCK(bool, layers_have_changed, (const struct layers *layers), (layers))
CLOCK(int, values_read, (const struct body *body, char **values),
	(body, values))

void __real_layers_close(struct layers *layers);
void __wrap_layers_close(struct layers *layers);

void
__wrap_layers_close(struct layers *layers)
{
	enum stage outer = enter(STAGE_layers_close);

	__real_layers_close(layers);
	enter(outer);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

static void
say(void *context, enum remark_severity severity, const char *line)
{
	(void)context;
	(void)severity;
	fprintf(stderr, "stages: %s\n", line);
}

static void
ask(const char *user)
{
	const struct question question = {
		.user = user,
		.request.service = "bench",
		.reporter.say = say,
	};

	memset(spent, 0, sizeof(spent));
	since = now_ns();
	free(policy_ask(&question));
	enter(STAGE_policy_ask);
}

static int
compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

int
main(int argc, char **argv)
{
	static uint64_t samples[STAGE_COUNT][COUNT_MAX];
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	if (count == 0 || count > COUNT_MAX)
		return 2;
	for (size_t i = 0; i < 3; i++)
		ask(argv[1]);
	for (size_t i = 0; i < count; i++) {
		ask(argv[1]);
		for (size_t j = 0; j < STAGE_COUNT; j++)
			samples[j][i] = spent[j];
	}
	for (size_t j = 0; j < STAGE_COUNT; j++) {
		qsort(samples[j], count, sizeof(samples[j][0]), compare);
		printf("%s %llu\n", names[j],
			(unsigned long long)samples[j][count / 2]);
	}
	return 0;
}
