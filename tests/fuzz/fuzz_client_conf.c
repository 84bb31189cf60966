/* SPDX-License-Identifier: MIT */
/*
 * libvirt.conf: a good file stays good with a comment behind it, and a value
 * that was read reads the same from a line of its own.
 */
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/client_conf.h"

/* Is it the number of a line that has the name in it? */
static void
check_line(const uint8_t *data, size_t size, unsigned int line)
{
	struct span text = fuzz_line(data, size, line);

	MUST(fuzz_contains(text.start, text.size, "uri_default"));
}

static void
check_with_comment(
	const uint8_t *data, size_t size, const char *value, unsigned int line)
{
	static const char comment[] = "\n# comment\n";
	size_t longer = size + sizeof(comment) - 1;
	char *text = malloc(longer), *again = NULL;
	unsigned int its_line = 0;

	MUST(text != NULL);
	memcpy(text, data, size);
	memcpy(text + size, comment, sizeof(comment) - 1);
	MUST(client_conf_parse(text, longer, &again, &its_line) == 0);
	MUST(strcmp(again, value) == 0);
	MUST(its_line == line);
	free(again);
	free(text);
}

static void
check_alone(const char *value)
{
	char *text = NULL, *again = NULL;
	unsigned int line = 0;

	if (strpbrk(value, "\"\n\r") != NULL)
		return;
	MUST(asprintf(&text, "\nuri_default = \"%s\" # x", value) > 0);
	MUST(client_conf_parse(text, strlen(text), &again, &line) == 0);
	MUST(strcmp(again, value) == 0);
	MUST(line == 2);
	free(again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int line = 0, lines = fuzz_count_lines(data, size);
	char *value = NULL;
	int r = client_conf_parse((const char *)data, size, &value, &line);

	MUST(r == 0 || r == -ENOENT || r == -EBADMSG);
	if (r != -ENOENT) {
		MUST(line >= 1);
		MUST(line <= lines);
	}
	if (r < 0) {
		MUST(value == NULL);
		return 0;
	}
	MUST(fuzz_contains(data, size, "uri_default"));
	MUST(fuzz_contains(data, size, value));
	check_line(data, size, line);
	check_with_comment(data, size, value, line);
	check_alone(value);
	free(value);
	return 0;
}
