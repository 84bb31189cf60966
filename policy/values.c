/* SPDX-License-Identifier: MIT */
/*
 * libeconf reads files, not memory, and its versions differ in what they make
 * of comments, repetitions, long files and lines without '='. So it is given
 * a file in memory that holds one section with the lines the scanner accepted,
 * byte for byte, and nothing else. This also keeps its cost, which grows with
 * entries times sections, out of policies with many rules.
 *
 * libeconf notes in static memory, unlocked, which file it read last (up to
 * 0.7.4) or which one it failed on (since). That is read back only by
 * econf_errLocation(), which is never called here.
 */
#include "values.h"

#include <errno.h>
#include <libeconf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* since Linux 6.3; without it newer kernels write a warning to their log */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SECTION "rule"
#define HEADER  "[" SECTION "]\n"

static bool
has_sound_entry(const struct body *body)
{
	for (int key = 0; key < KEY_COUNT; key++) {
		if (body->entries[key].is_sound)
			return true;
	}
	return false;
}

/* What write_entries() writes. */
static size_t
text_size(const struct body *body)
{
	size_t size = strlen(HEADER);

	for (int key = 0; key < KEY_COUNT; key++) {
		if (body->entries[key].is_sound)
			size += strlen(rule_key_names[key]) + strlen(" = \n") +
				body->entries[key].value.size;
	}
	return size;
}

/*
 * Files in memory are limited like all others, and to write beyond the limit
 * ends the process: setrlimit(2), RLIMIT_FSIZE. Whoever calls su(1) has set it.
 */
static bool
is_allowed(size_t size)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && size <= limit.rlim_cur;
}

/*
 * libeconf does not look at all that it allocates (0.5.1: strdup() and the
 * like), and where memory is short it would take the login down with it. So it
 * is only asked while there is enough for its buffers, its tables, and as many
 * copies of the text as any version makes.
 */
static bool
has_memory(size_t size)
{
	void *volatile room; /* or compilers see that it is not used */

	room = malloc(65536 + 16 * size);
	free(room);
	return room != NULL;
}

static int
write_entries(const struct body *body, FILE *out)
{
	fputs(HEADER, out);
	for (int key = 0; key < KEY_COUNT; key++) {
		const struct entry *entry = &body->entries[key];

		if (entry->is_sound)
			fprintf(out, "%s = %.*s\n", rule_key_names[key],
				(int)entry->value.size, entry->value.start);
	}
	return fflush(out) == 0 ? 0 : -errno;
}

static int
make_file(const struct body *body, FILE **ret)
{
	int fd, r;
	FILE *out;

	fd = memfd_create("virturi", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("virturi", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	out = fdopen(fd, "w");
	if (out == NULL) {
		close(fd);
		return -ENOMEM;
	}
	r = write_entries(body, out);
	if (r < 0) {
		fclose(out);
		return r;
	}
	*ret = out;
	return 0;
}

static int
errno_of(econf_err error)
{
	switch (error) {
	case ECONF_NOMEM:
		return -ENOMEM;
	case ECONF_NOFILE:
		return -ENOENT;
	default:
		return -EIO;
	}
}

static int
fetch(econf_file *file, const struct body *body, char *values[KEY_COUNT])
{
	for (int key = 0; key < KEY_COUNT; key++) {
		econf_err error;

		if (!body->entries[key].is_sound)
			continue;
		error = econf_getStringValue(
			file, SECTION, rule_key_names[key], &values[key]);
		if (error != ECONF_SUCCESS)
			return errno_of(error);
		if (values[key] == NULL)
			return -ENOMEM;
	}
	return 0;
}

int
values_read(const struct body *body, char *values[KEY_COUNT])
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	econf_file *file = NULL;
	econf_err error;
	FILE *memory = NULL;
	int r;

	memset(values, 0, KEY_COUNT * sizeof(*values));
	if (!has_sound_entry(body))
		return 0;
	if (!is_allowed(text_size(body)))
		return -EFBIG;
	if (!has_memory(text_size(body)))
		return -ENOMEM;
	r = make_file(body, &memory);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(memory));
	error = econf_readFile(&file, path, "=", "#");
	r = error == ECONF_SUCCESS ? fetch(file, body, values)
				   : errno_of(error);
	econf_freeFile(file);
	fclose(memory);
	if (r < 0)
		values_free(values);
	return r;
}

void
values_free(char *values[KEY_COUNT])
{
	for (int key = 0; key < KEY_COUNT; key++) {
		free(values[key]);
		values[key] = NULL;
	}
}
