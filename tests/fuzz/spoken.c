/* SPDX-License-Identifier: MIT */
#include "spoken.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../policy/countof.h"
#include "common.h"

static void
check_lines(const char *text)
{
	struct take take = { (const uint8_t *)text, strlen(text) };

	MUST(take.left == 0 || text[take.left - 1] == '\n');
	while (take.left > 0) {
		char *line = take_line(&take);

		MUST(fuzz_is_printable(line));
		free(line);
	}
}

/* In the GNU C library standard streams are variables; see output_begin(). */
struct spoken
spoken_run(enum status (*run)(const struct options *options),
	const struct options *options)
{
	FILE *out = stdout, *error = stderr;
	struct spoken spoken = { 0 };
	size_t out_size, error_size;

	stdout = open_memstream(&spoken.out, &out_size);
	stderr = open_memstream(&spoken.error, &error_size);
	MUST(stdout != NULL && stderr != NULL);
	spoken.status = run(options);
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = error;
	MUST(strlen(spoken.out) == out_size);
	MUST(strlen(spoken.error) == error_size);
	check_lines(spoken.out);
	check_lines(spoken.error);
	return spoken;
}

json_t *
spoken_parse(const struct spoken *spoken)
{
	json_t *document = json_loads(spoken->out, 0, NULL);

	MUST(document != NULL);
	return document;
}

void
spoken_clear(struct spoken *spoken)
{
	free(spoken->out);
	free(spoken->error);
}

const char *
spoken_root(void)
{
	static const char *const directories[] = { "etc", "etc/pam.d" };
	static const char *const services[] = { "login", "sshd", "su",
		"systemd-user" };
	static char root[1024];
	char path[2048];

	if (root[0] != '\0')
		return root;
	snprintf(root, sizeof(root), "%s/root.XXXXXX",
		getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	MUST(mkdtemp(root) != NULL);
	for (size_t i = 0; i < countof(directories); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, directories[i]);
		MUST(mkdir(path, 0755) == 0);
	}
	for (size_t i = 0; i < countof(services); i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/etc/pam.d/%s", root,
			services[i]);
		file = fopen(path, "we");
		MUST(file != NULL);
		fclose(file);
	}
	return root;
}
