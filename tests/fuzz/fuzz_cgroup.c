/* SPDX-License-Identifier: MIT */
/* /proc/PID/cgroup: its path, and what may be a manager. */
#include "common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/process.h"

#define UNIT  "/user@1000.service/"
#define SCOPE UNIT "init.scope"

/* Only systemd's own scope makes a process called "systemd" a manager. */
static void
check_kind(char *path)
{
	char name[] = "systemd";
	struct process process = {
		.uid = 1000,
		.parent = 1,
		.name = name,
		.cgroup = path,
	};
	const char *scope = strstr(path, SCOPE);
	enum process_kind kind =
		process_guess_kind(&process, "systemd --user", NULL);

	/* the outermost unit of that name is it, and nothing is below it */
	MUST((kind == PROCESS_MANAGER) ==
		(scope != NULL && strcmp(scope, SCOPE) == 0 &&
			scope == strstr(path, UNIT)));
	name[0] = 'S';
	MUST(process_guess_kind(&process, "systemd --user", NULL) !=
		PROCESS_MANAGER);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *path = NULL;
	int r = process_parse_cgroup(text, &path);

	if (r < 0) {
		MUST(r == -ENOENT);
		MUST(path == NULL);
	} else {
		MUST(path[0] == '/');
		MUST(strchr(path, '\n') == NULL);
		MUST(strstr(text, path) != NULL);
		check_kind(path);
	}
	free(path);
	free(text);
	return 0;
}
