/* SPDX-License-Identifier: MIT */
/*
 * Shells' and other files, in every dialect: what is told has a place and a
 * variable of ours, and a value reads the same from a line of its own.
 */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/assignments.h"

/* What is told of one text. */
struct told {
	size_t size; /* of the text */
	unsigned int lines, count, last_line;
	char *value; /* the first */
};

static void
hear(void *context, const struct assignment *assignment)
{
	struct told *told = context;
	const char *variable = assignment->variable;

	MUST(strcmp(variable, "LIBVIRT_DEFAULT_URI") == 0 ||
		strcmp(variable, "VIRSH_DEFAULT_CONNECT_URI") == 0);
	MUST(assignment->line >= 1);
	MUST(assignment->line <= told->lines);
	MUST(assignment->line >= told->last_line);
	MUST(!assignment->is_unset || assignment->value == NULL);
	MUST(!assignment->is_users);
	told->last_line = assignment->line;
	told->count++;
	MUST(told->count <= told->size);
	if (assignment->value == NULL)
		return;
	MUST(strlen(assignment->value) <= told->size);
	if (told->value == NULL) {
		told->value = strdup(assignment->value);
		MUST(told->value != NULL);
	}
}

static struct told
listen_to(enum dialect dialect, const char *text, size_t size)
{
	struct told told = {
		.size = size,
		.lines = fuzz_count_lines(text, size),
	};

	assignments_parse(dialect, text, size, hear, &told);
	return told;
}

/* In single quotes nothing is more than itself. */
static void
check_alone(enum dialect dialect, const char *command, const char *value)
{
	struct told told;
	char *text = NULL;
	int size = asprintf(&text, "%s'%s'\n", command, value);

	MUST(size > 0);
	told = listen_to(dialect, text, (size_t)size);
	MUST(told.count == 1);
	MUST(told.last_line == 1);
	MUST(told.value != NULL && strcmp(told.value, value) == 0);
	free(told.value);
	free(text);
}

static void
check_everywhere(const char *value)
{
	static const struct {
		enum dialect dialect;
		const char *command;
	} rows[] = {
		{ DIALECT_SH, "export LIBVIRT_DEFAULT_URI=" },
		{ DIALECT_CSH, "setenv LIBVIRT_DEFAULT_URI " },
		{ DIALECT_FISH, "set -gx LIBVIRT_DEFAULT_URI " },
		{ DIALECT_NU, "$env.LIBVIRT_DEFAULT_URI = " },
		{ DIALECT_ELVISH, "set E:LIBVIRT_DEFAULT_URI = " },
	};

	/* a value with the name in it may stand for one that is there */
	if (strpbrk(value, "'\\\n\r!") != NULL ||
		strstr(value, "LIBVIRT_DEFAULT_URI") != NULL ||
		strlen(value) > ASSIGNMENTS_LINE_MAX / 2)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_alone(rows[i].dialect, rows[i].command, value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int i = DIALECT_SH; i <= DIALECT_ELVISH; i++) {
		struct told told =
			listen_to((enum dialect)i, (const char *)data, size);

		if (told.value != NULL)
			check_everywhere(told.value);
		free(told.value);
	}
	return 0;
}
