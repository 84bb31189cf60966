/* SPDX-License-Identifier: MIT */
/* polkit's rules: a group is one that is named, behind libvirt's action. */
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/polkit_rules.h"

#define ACTION "org.libvirt.unix.manage"

/* As a string of JavaScript; to be freed. */
static char *
quote(const char *text)
{
	char *quoted = malloc(2 * strlen(text) + 3), *end = quoted;

	MUST(quoted != NULL);
	*end++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*end++ = '\\';
		*end++ = *text;
	}
	*end++ = '"';
	*end = '\0';
	return quoted;
}

/* In a rule of its own it is found again. */
static void
check_alone(const char *group)
{
	char *quoted = quote(group), *text = NULL, *again = NULL;

	MUST(asprintf(&text,
		     "if (a.id == \"" ACTION "\" && s.isInGroup(%s)) {}",
		     quoted) > 0);
	MUST(polkit_parse_group(text, strlen(text), &again) == 0);
	MUST(strcmp(again, group) == 0);
	free(again);
	free(text);
	free(quoted);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *group = NULL;
	int r = polkit_parse_group((const char *)data, size, &group);

	if (r < 0) {
		MUST(r == -ENOENT);
		MUST(group == NULL);
		return 0;
	}
	MUST(group[0] != '\0');
	MUST(strlen(group) < size);
	MUST(fuzz_contains(data, size, ACTION));
	MUST(fuzz_contains(data, size, "isInGroup"));
	check_alone(group);
	free(group);
	return 0;
}
