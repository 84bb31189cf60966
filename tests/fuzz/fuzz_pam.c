/* SPDX-License-Identifier: MIT */
/*
 * PAM stacks. One input is several files, with lines "====" between them: the
 * service "s" and those it may include; and then all of it is a pam.conf. What
 * is found is in one of them, and a line of ours that comes first is always
 * reached.
 */
#include "common.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../helper/wiring.h"
#include "../unit/fake.h"

#define SEPARATOR "\n====\n"
#define MODULE    "pam_virturi.so"
#define OURS      "session optional " MODULE "\n"

static const char *const files[] = {
	"etc/pam.d/s", "etc/pam.d/a", "etc/pam.d/b", "etc/pam.d/other",
	"usr/lib/pam.d/c",
	"conf/etc/pam.conf", /* counts where there is no pam.d */
};

#define PAM_CONF 5 /* of these; those before are a tree's */

/* A directory below $TMPDIR, which whoever started us removes. */
static const char *
make_root(void)
{
	static const char *const directories[] = {
		"etc",
		"etc/pam.d",
		"usr",
		"usr/lib",
		"usr/lib/pam.d",
		"conf",
		"conf/etc",
	};
	static char root[1024];
	char path[2048];

	if (root[0] != '\0')
		return root;
	snprintf(root, sizeof(root), "%s/pam.XXXXXX",
		getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	MUST(mkdtemp(root) != NULL);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]);
		i++) {
		snprintf(path, sizeof(path), "%s/%s", root, directories[i]);
		MUST(mkdir(path, 0755) == 0);
	}
	return root;
}

/* before is put in front; size of SIZE_MAX: there is no such file. */
static void
write_file(size_t i, const char *before, const uint8_t *data, size_t size)
{
	size_t head = strlen(before);
	char path[2048];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", make_root(), files[i]);
	if (size == SIZE_MAX) {
		unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	MUST(fd >= 0);
	MUST(write(fd, before, head) == (ssize_t)head);
	MUST(write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void
write_files(const char *before, const uint8_t *data, size_t size)
{
	const size_t gap = strlen(SEPARATOR);

	for (size_t i = 0; i < PAM_CONF; i++) {
		const uint8_t *end = size == SIZE_MAX
			? NULL
			: memmem(data, size, SEPARATOR, gap);
		size_t n = end != NULL ? (size_t)(end - data) : size;

		write_file(i, i == 0 ? before : "", data, n);
		if (end == NULL) {
			size = SIZE_MAX;
			continue;
		}
		size -= n + gap;
		data = end + gap;
	}
}

static bool
is_among(char *const *list, const char *name)
{
	for (; *list != NULL; list++) {
		if (strcmp(*list, name) == 0)
			return true;
	}
	return false;
}

static void
check(const struct wiring *wiring, unsigned int lines)
{
	bool is_there = wiring->times > 0;
	bool is_explained = wiring->state == WIRING_CONDITIONAL ||
		wiring->state == WIRING_SKIPPED ||
		wiring->state == WIRING_UNREADABLE;

	MUST(wiring->state <= WIRING_UNREADABLE);
	MUST(is_explained == (wiring->reason != NULL));
	MUST(is_there == (wiring->line_file != NULL));
	MUST(is_there == (wiring->module != NULL));
	MUST(is_there == (wiring->line > 0));
	MUST(wiring->times <= lines * 501);
	if (!is_there) {
		MUST(wiring->state >= WIRING_ABSENT);
		return;
	}
	MUST(wiring->state < WIRING_ABSENT);
	MUST(wiring->line <= lines);
	MUST(strstr(wiring->module, MODULE) != NULL);
	MUST(is_among(wiring->files, wiring->line_file));
	MUST(wiring->module_file != NULL);
}

/* Files that include each other are read hundreds of times. */
static bool
is_slow(const struct wiring *wiring)
{
	size_t count = 0;

	while (wiring->files[count] != NULL)
		count++;
	return count > 50;
}

/* As one pam.conf, behind a line; to be cleared. */
static struct wiring
follow_conf(const char *before, const uint8_t *data, size_t size)
{
	char root[2048];
	struct wiring wiring;

	snprintf(root, sizeof(root), "%s/conf", make_root());
	write_file(PAM_CONF, before, data, size);
	wiring = wiring_follow(root, "s");
	check(&wiring, 1 + fuzz_count_lines(data, size));
	return wiring;
}

/* Another service's line counts for nothing, and one of ours for all. */
static void
check_conf(const uint8_t *data, size_t size)
{
	struct wiring wiring = follow_conf("#\n", data, size);
	struct wiring same = follow_conf("t " OURS, data, size);

	MUST(same.state == wiring.state && same.times == wiring.times);
	MUST(same.line == wiring.line && same.is_other == wiring.is_other);
	wiring_clear(&same);
	wiring_clear(&wiring);
	wiring = follow_conf("s " OURS, data, size);
	MUST(wiring.state == WIRING_REACHED ||
		wiring.state == WIRING_UNREADABLE);
	MUST(wiring.state == WIRING_UNREADABLE || wiring.line == 1);
	wiring_clear(&wiring);
}

static struct wiring
follow(const char *service, unsigned int lines)
{
	struct wiring wiring = wiring_follow(make_root(), service);

	check(&wiring, lines);
	return wiring;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int lines = fuzz_count_lines(data, size);
	size_t descriptors = fake_descriptors();
	struct wiring wiring, again;
	bool is_wanted;

	write_files("", data, size);
	wiring = follow("s", lines);
	is_wanted = !is_slow(&wiring);
	again = follow("S", lines);
	MUST(wiring.state == again.state);
	MUST(wiring.times == again.times);
	MUST(wiring.line == again.line);
	wiring_clear(&again);

	write_file(0, "", data, SIZE_MAX);
	again = follow("s", lines);
	MUST(again.is_other || again.state >= WIRING_NO_SERVICE);
	wiring_clear(&again);

	write_files(OURS, data, size);
	again = follow("s", lines + 1);
	MUST(again.state == WIRING_REACHED || again.state == WIRING_UNREADABLE);
	if (again.state == WIRING_REACHED) {
		MUST(again.line == 1);
		MUST(again.shifted_by == NULL);
		/* files that include each other have it several times */
		MUST(again.times > (wiring.is_other ? 0 : wiring.times));
	}
	wiring_clear(&again);
	wiring_clear(&wiring);
	check_conf(data, size);
	MUST(fake_descriptors() == descriptors);
	/* nothing is bred from what is slow */
	return is_wanted ? 0 : -1;
}
