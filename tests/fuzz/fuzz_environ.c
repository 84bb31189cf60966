/* SPDX-License-Identifier: MIT */
/* /proc/PID/environ, against the simplest search for a variable there is. */
#include "common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/process.h"

/* The value's first byte, or NULL. */
static const char *
search(const char *bytes, size_t size, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i + n < size; i++) {
		if ((i == 0 || bytes[i - 1] == '\0') &&
			memcmp(bytes + i, name, n) == 0 && bytes[i + n] == '=')
			return bytes + i + n + 1;
	}
	return NULL;
}

static void
check(const char *bytes, size_t size, const char *name)
{
	const char *expected = search(bytes, size, name);
	char *value = NULL;
	int r = process_parse_environ(bytes, size, name, &value);

	if (expected == NULL) {
		MUST(value == NULL);
		MUST(r == -ENOENT || r == -ENODATA);
		/* an environment begins with a variable */
		MUST(r == -ENOENT || (size > 0 && bytes[0] != '='));
		return;
	}
	MUST(r == 0);
	MUST(strlen(value) ==
		strnlen(expected, (size_t)(bytes + size - expected)));
	MUST(memcmp(value, expected, strlen(value)) == 0);
	free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check((const char *)data, size, "LIBVIRT_DEFAULT_URI");
	check((const char *)data, size, "A");
	return 0;
}
