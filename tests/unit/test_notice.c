/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of notifications, as far as it goes without a bus: there
 * is none here, so whatever would have to be told to the desktop fails.
 */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../helper/notice.h"

#define MEMORY "virturi-notice"

static char shell_command[] = "newgrp 'a&b'", login_command[] = "log in again",
	    price[] = "new files belong to it";

static struct step steps[] = {
	{ .label = "this shell", .command = shell_command, .price = price },
	{ .label = "for good", .command = login_command },
};

/* What these come to. */
#define SAID "this shell: newgrp &#39;a&amp;b&#39;\nfor good: log in again"

static enum status
update(enum status found)
{
	struct doctor doctor = { .options.timeout_ms = 1000 };
	struct relogin relogin = {
		.doctor = &doctor,
		.cures = { steps, found == STATUS_NO ? countof(steps) : 0 },
		.is_needed = found == STATUS_NO,
	};

	return notice_update(&relogin, found);
}

/* Its contents; NULL: there is no such file. Owned by the caller. */
static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (file == NULL)
		return NULL;
	if (getdelim(&text, &room, '\0', file) < 0)
		text[0] = '\0';
	fclose(file);
	return text;
}

static const struct row {
	const char *name;
	enum status found;
	struct fake_node before; /* path NULL: there is none */
	enum status result;
	const char *after; /* NULL: there is none */
} rows[] = {
	{ "nothing is needed, nothing was said", STATUS_OK, { 0 }, STATUS_OK,
		"" },
	{ "nothing is needed, nothing is shown", STATUS_OK, { MEMORY, "" },
		STATUS_OK, "" },
	{ "nothing is needed, nobody knows what was said", STATUS_OK,
		{ MEMORY, "what?" }, STATUS_OK, "" },
	{ "nothing is needed, an id that is none", STATUS_OK,
		{ MEMORY, "-5\n:1.7\n" SAID }, STATUS_OK, "" },
	{ "it cannot be found out", STATUS_UNKNOWN, { 0 }, STATUS_UNKNOWN,
		NULL },
	{ "it cannot be found out, what was said stays", STATUS_UNKNOWN,
		{ MEMORY, "7\n:1.7\n" SAID }, STATUS_UNKNOWN,
		"7\n:1.7\n" SAID },
	{ "the same was said", STATUS_NO, { MEMORY, "7\n:1.7\n" SAID },
		STATUS_NO, "7\n:1.7\n" SAID },
	{ "the same was said, the greatest id", STATUS_NO,
		{ MEMORY, "4294967294\n:1.7\n" SAID }, STATUS_NO,
		"4294967294\n:1.7\n" SAID },

	/* these must be said, and are not taken for said */
	{ "nothing was said", STATUS_NO, { 0 }, STATUS_UNKNOWN, "" },
	{ "something else was said", STATUS_NO,
		{ MEMORY, "7\n:1.7\nfor good: log in again" }, STATUS_UNKNOWN,
		"7\n:1.7\nfor good: log in again" },
	{ "more was said", STATUS_NO, { MEMORY, "7\n:1.7\n" SAID "\n" },
		STATUS_UNKNOWN, "7\n:1.7\n" SAID "\n" },
	{ "the same was said, by nobody", STATUS_NO, { MEMORY, "\n" SAID },
		STATUS_UNKNOWN, "\n" SAID },
	{ "the same was said, by letters", STATUS_NO,
		{ MEMORY, "x7\n:1.7\n" SAID }, STATUS_UNKNOWN,
		"x7\n:1.7\n" SAID },
	{ "an id too great", STATUS_NO, { MEMORY, "4294967296\n:1.7\n" SAID },
		STATUS_UNKNOWN, "4294967296\n:1.7\n" SAID },
	{ "cut off", STATUS_NO, { MEMORY, "7" }, STATUS_UNKNOWN, "7" },

	/* what is no memory */
	{ "a link", STATUS_OK, { MEMORY, "target", FAKE_LINK }, STATUS_UNKNOWN,
		NULL },
	{ "a directory", STATUS_OK, { MEMORY, NULL, FAKE_DIRECTORY },
		STATUS_UNKNOWN, NULL },
	{ "a FIFO does not block", STATUS_NO, { MEMORY, NULL, FAKE_FIFO },
		STATUS_UNKNOWN, NULL },
};

static void
test_memory(void **state)
{
	const struct row *row = *state;
	const char *root = fake_root(NULL), *path = fake_path(root, MEMORY);
	size_t descriptors = fake_descriptors();
	struct stat status;
	char *after;

	if (row->before.path != NULL)
		fake_make(root, &row->before);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", root, true), 0);
	assert_int_equal(update(row->found), row->result);
	assert_int_equal(fake_descriptors(), descriptors);
	assert_int_not_equal(access(fake_path(root, "target"), F_OK), 0);
	if (row->before.type != FAKE_FILE)
		return;
	after = read_file(path);
	if (row->after == NULL) {
		assert_null(after);
		return;
	}
	assert_non_null(after);
	assert_string_equal(after, row->after);
	assert_int_equal(stat(path, &status), 0);
	if (row->before.path == NULL)
		assert_int_equal(status.st_mode & 0777, 0600);
	free(after);
}

/* More than anybody would say is not believed. */
static void
test_large(void **state)
{
	enum { SIZE = 100000 };
	const char *root = fake_root(NULL);
	char *text = malloc(SIZE + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', SIZE);
	memcpy(text, "7\n:1.7\n", 7);
	text[SIZE] = '\0';
	fake_write(root, MEMORY, text);
	free(text);
	setenv("XDG_RUNTIME_DIR", root, true);
	assert_int_equal(update(STATUS_OK), STATUS_OK);
	text = read_file(fake_path(root, MEMORY));
	assert_non_null(text);
	assert_string_equal(text, "");
	free(text);
}

static const struct directory_row {
	const char *name;
	const char *directory; /* NULL: not set */
} directory_rows[] = {
	{ "none", NULL },
	{ "empty", "" },
	{ "relative", "." },
	{ "not there", "/nonexistent/virturi" },
	{ "a file", "/etc/passwd" },
};

static void
test_directory(void **state)
{
	const struct directory_row *row = *state;
	size_t descriptors = fake_descriptors();

	fake_enter(fake_root(NULL));
	if (row->directory != NULL)
		setenv("XDG_RUNTIME_DIR", row->directory, true);
	else
		unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(update(STATUS_OK), STATUS_UNKNOWN);
	assert_int_equal(update(STATUS_NO), STATUS_UNKNOWN);
	assert_int_not_equal(access(MEMORY, F_OK), 0);
	assert_int_equal(fake_descriptors(), descriptors + 1);
}

/* As after su: what is written there would be somebody else's. */
static void
test_other_directory(void **state)
{
	const char *root = fake_root(NULL);
	size_t descriptors = fake_descriptors();

	(void)state;
	if (geteuid() == 0)
		assert_int_equal(chown(root, FAKE_NOBODY, FAKE_NOBODY), 0);
	else
		root = "/";
	setenv("XDG_RUNTIME_DIR", root, true);
	/* whatever failed last has nothing to do with it */
	errno = 0;
	assert_int_equal(update(STATUS_OK), STATUS_UNKNOWN);
	errno = 0;
	assert_int_equal(update(STATUS_NO), STATUS_UNKNOWN);
	assert_int_not_equal(access(fake_path(root, MEMORY), F_OK), 0);
	assert_int_equal(fake_descriptors(), descriptors);
}

int
main(void)
{
	struct suite suite = { 0 };

	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", true);
	suite_add(&suite, "memory", test_memory, SUITE_ROWS(rows));
	suite_add_one(&suite, "a large memory", test_large);
	suite_add(&suite, "directory", test_directory,
		SUITE_ROWS(directory_rows));
	suite_add_one(
		&suite, "directory: somebody else's", test_other_directory);
	return suite_run(&suite, "notice");
}
