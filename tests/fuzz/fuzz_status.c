/* SPDX-License-Identifier: MIT */
/* /proc/PID/status: what is read, written as the kernel does, reads the same.
 */
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/process.h"

static void
write_name(FILE *out, const char *name)
{
	fputs("Name:\t", out);
	for (; *name != '\0'; name++) {
		if (*name == '\n')
			fputs("\\n", out);
		else if (*name == '\\')
			fputs("\\\\", out);
		else
			putc(*name, out);
	}
	putc('\n', out);
}

static char *
write_status(const struct process *process)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	MUST(out != NULL);
	write_name(out, process->name);
	fprintf(out, "State:\t%c (x)\nPPid:\t%d\n",
		process->is_zombie ? 'Z' : 'S', process->parent);
	fprintf(out, "Uid:\t%u\t0\t0\t0\nGid:\t0\t%u\t0\t0\nGroups:\t",
		process->uid, process->gid);
	for (size_t i = 0; i < process->n_groups; i++)
		fprintf(out, "%u ", process->groups[i]);
	fputs("\n", out);
	fclose(out);
	return text;
}

static void
compare(const struct process *a, const struct process *b)
{
	MUST(strcmp(a->name, b->name) == 0);
	MUST(a->parent == b->parent);
	MUST(a->uid == b->uid);
	MUST(a->gid == b->gid);
	MUST(a->is_zombie == b->is_zombie);
	MUST(a->n_groups == b->n_groups);
	for (size_t i = 0; i < a->n_groups; i++) {
		MUST(a->groups[i] == b->groups[i]);
		MUST(process_has_gid(b, a->groups[i]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct process process = { .pid = 5, .start = 7 }, again = { 0 };
	char *text = fuzz_text(data, size), *written;
	int r = process_parse_status(text, &process);

	free(text);
	MUST(process.pid == 5 && process.start == 7);
	MUST(process.cgroup == NULL);
	if (r < 0) {
		MUST(r == -EBADMSG);
		MUST(process.name == NULL && process.groups == NULL);
		return 0;
	}
	MUST(strlen(process.name) <= 15);
	MUST(process.parent >= 0);
	MUST(process.n_groups <= size / 2);
	written = write_status(&process);
	MUST(process_parse_status(written, &again) == 0);
	compare(&process, &again);
	free(written);
	process_clear(&process);
	process_clear(&again);
	return 0;
}
