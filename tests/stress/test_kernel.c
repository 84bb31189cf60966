/* SPDX-License-Identifier: MIT */
/*
 * What the kernel does while others are at work, too rarely to wait for it.
 * Two calls of the engine's are this program's own; they do what the kernel
 * does, and can do what it does now and then:
 *
 *	openat2(2)	gives up on a ".." when something is renamed meanwhile
 *	read(2)		sees the first half of what is being written, with all
 *			times set already
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../policy/countof.h"
#include "../../policy/policy.h"
#include "../../policy/trust.h"
#include "../pam/stack.h"

/* More than anybody would try again. */
#define ALWAYS 10000

struct row {
	const char *name;
	void (*run)(const struct row *row);
	const char *path;
	enum tree_as as;
	unsigned int refusals;
	bool is_opened;
};

static struct stack stack;

/* --- The calls ------------------------------------------------------------ */

static atomic_uint refusals_wanted; /* openat2() is to fail so often */
static atomic_uint refusals_seen; /* it did, whoever wanted it */

/* A file that is being overwritten: its pages, and what will stand there. */
static struct {
	char *pages; /* NULL: there is none */
	const char *text;
} writer;

/* The linker's names; see tests/unit/alloc.c. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);

long
__wrap_syscall(long number, ...)
{
	va_list args;
	long a[4], r;

	va_start(args, number);
	for (size_t i = 0; i < countof(a); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_openat2 && refusals_wanted > 0) {
		refusals_wanted--;
		errno = EAGAIN;
		r = -1;
	} else {
		r = __real_syscall(number, a[0], a[1], a[2], a[3]);
	}
	if (number == SYS_openat2 && r < 0 && errno == EAGAIN)
		refusals_seen++;
	return r;
}

ssize_t
__wrap_read(int fd, void *buffer, size_t size)
{
	char *pages = writer.pages;
	size_t half, rest;
	ssize_t n;

	if (pages == NULL)
		return __real_read(fd, buffer, size);
	writer.pages = NULL;
	half = strlen(writer.text) / 2;
	rest = strlen(writer.text + half);
	memcpy(pages, writer.text, half);
	n = __real_read(fd, buffer, size);
	memcpy(pages + half, writer.text + half, rest);
	return n;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

/* --- openat2() ------------------------------------------------------------ */

static int
open_stack(void)
{
	return open(stack.directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void
test_refusals(const struct row *row)
{
	struct tree tree = { .fd = open_stack() };
	int fd;

	assert_true(tree.fd >= 0);
	refusals_wanted = row->refusals;
	fd = tree_open(&tree, row->path, row->as);
	if (row->is_opened) {
		assert_int_equal(refusals_wanted, 0);
		assert_true(fd >= 0);
		close(fd);
	} else {
		/* it gives up, and says so */
		assert_int_equal(fd, -EAGAIN);
		assert_true(refusals_wanted > 0);
	}
	refusals_wanted = 0;
	close(tree.fd);
}

static atomic_bool is_over;

/* Anything, anywhere on this host, is in the way of a "..". */
static void *
rename_endlessly(void *context)
{
	char *a = format_text("%s/a", stack.directory);
	char *b = format_text("%s/b", stack.directory);

	(void)context;
	while (!is_over) {
		if (rename(a, b) < 0 || rename(b, a) < 0)
			break;
	}
	free(b);
	free(a);
	return NULL;
}

/* Until the kernel itself has refused a hundred times. */
static void
test_renames(const struct row *row)
{
	struct tree tree = { .fd = open_stack() };
	unsigned int opened = 0;
	pthread_t thread;
	int fd = 0;

	(void)row;
	refusals_seen = 0;
	is_over = false;
	assert_int_equal(
		pthread_create(&thread, NULL, rename_endlessly, NULL), 0);
	while (refusals_seen < 100 && fd >= 0) {
		fd = tree_open(&tree, "below/to-file", TREE_FILE);
		if (fd >= 0)
			close(fd);
		opened++;
	}
	is_over = true;
	pthread_join(thread, NULL);
	close(tree.fd);
	printf("# %u times opened, %u times refused by the kernel\n", opened,
		refusals_seen);
	if (fd < 0)
		fail_msg("%s after %u times", strerror(-fd), opened);
}

/* --- read() --------------------------------------------------------------- */

#define OLD "[user old]\nuri = x:/old\n[group old]\nuri = x:/old\n"
#define NEW "[user new]\nuri = x:/new\n[group new]\nuri = x:/new\n"

/* Lets the writer stop in the middle of the file that is read next. */
static char *
begin_writing(const char *path, const char *text)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char *pages = mmap(
		NULL, strlen(text), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_true(fd >= 0 && pages != MAP_FAILED);
	close(fd);
	/* with the first byte the times are set, and not again */
	pages[0] = text[0];
	writer.text = text;
	writer.pages = pages;
	return pages;
}

static void
test_half_written(const struct row *row)
{
	struct policy_where where = { .layers[LAYER_ADMIN] = "/layer",
		.root = stack.directory };
	char *path = format_text("%s/layer/virturi.conf", stack.directory);
	struct policy *policy = NULL;
	char *pages;

	(void)row;
	pages = begin_writing(path, NEW);
	assert_int_equal(policy_load(&where, &policy), 0);
	assert_null(writer.pages);
	assert_true(policy->is_usable);
	assert_int_equal(policy->n_rules, 2);
	assert_string_equal(policy->rules[0]->name, "new");
	assert_string_equal(policy->rules[1]->name, "new");
	policy_free(policy);
	munmap(pages, strlen(NEW));
	free(path);
}

static int
begin(void **state)
{
	static const char *const directories[] = { "below", "directory",
		"layer" };
	static const char *const links[] = { "file", "directory" };

	(void)state;
	stack = stack_new();
	for (size_t i = 0; i < countof(directories); i++) {
		char *path =
			format_text("%s/%s", stack.directory, directories[i]);

		if (mkdir(path, 0755) < 0)
			return -1;
		free(path);
	}
	stack_write(&stack, "file", "");
	stack_write(&stack, "a", "");
	stack_write(&stack, "layer/virturi.conf", OLD);
	for (size_t i = 0; i < countof(links); i++) {
		char *path = format_text(
			"%s/below/to-%s", stack.directory, links[i]);
		char *target = format_text("../%s", links[i]);

		if (symlink(target, path) < 0)
			return -1;
		free(target);
		free(path);
	}
	return 0;
}

static int
end(void **state)
{
	(void)state;
	stack_end(&stack);
	return 0;
}

static void
test_row(void **state)
{
	const struct row *row = *state;

	row->run(row);
}

int
main(void)
{
	static const struct row rows[] = {
		{ "openat2 refuses once: a file", test_refusals,
			"below/to-file", TREE_FILE, 1, true },
		{ "openat2 refuses once: a list", test_refusals,
			"below/to-directory", TREE_LIST, 1, true },
		{ "openat2 refuses once: a directory", test_refusals,
			"below/to-directory", TREE_DIRECTORY, 1, true },
		{ "openat2 refuses once: a place", test_refusals,
			"below/to-file", TREE_PLACE, 1, true },
		{ "openat2 refuses 100 times", test_refusals, "below/to-file",
			TREE_FILE, 100, true },
		{ "openat2 refuses always", test_refusals, "below/to-file",
			TREE_FILE, ALWAYS, false },
		{ .name = "openat2 and a thread that renames",
			.run = test_renames },
		{ .name = "read while a file is being overwritten",
			.run = test_half_written },
	};
	static const struct row_table table = {
		.name = "kernel",
		.rows = rows,
		.size = sizeof(rows[0]),
		.count = countof(rows),
		.test = test_row,
		.begin = begin,
		.end = end,
	};

	return row_table_run(&table);
}
