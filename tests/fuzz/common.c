/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../policy/countof.h"

void
fuzz_fail(const char *condition, const char *file, int line)
{
	/* the stream may be somebody's, the descriptor is not */
	dprintf(STDERR_FILENO, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	MUST(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

unsigned int
fuzz_count_lines(const void *bytes, size_t size)
{
	const char *text = bytes;
	unsigned int count = 1;

	for (size_t i = 0; i < size; i++)
		count += text[i] == '\n';
	return count;
}

struct span
fuzz_line(const void *bytes, size_t size, unsigned int number)
{
	const char *next = bytes, *end = next + size, *lf;

	MUST(number >= 1);
	while (--number > 0) {
		next = memchr(next, '\n', (size_t)(end - next));
		MUST(next != NULL);
		next++;
	}
	lf = memchr(next, '\n', (size_t)(end - next));
	return (struct span){ next, (size_t)((lf ? lf : end) - next) };
}

bool
fuzz_contains(const void *bytes, size_t size, const char *text)
{
	return size > 0 && memmem(bytes, size, text, strlen(text)) != NULL;
}

/* RFC 3629, section 4: by the first byte what the second may be. */
static const struct utf8 {
	unsigned char first, last, second_first, second_last;
	size_t size;
} utf8[] = {
	{ 0x00, 0x7f, 0, 0, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* So many bytes are one character; 0: they are none. */
static size_t
count_character(const unsigned char *bytes)
{
	const struct utf8 *row = utf8;

	while (row < utf8 + countof(utf8) &&
		(bytes[0] < row->first || bytes[0] > row->last))
		row++;
	if (row == utf8 + countof(utf8))
		return 0;
	if (row->size > 1 &&
		(bytes[1] < row->second_first || bytes[1] > row->second_last))
		return 0;
	for (size_t i = 2; i < row->size; i++) {
		if (bytes[i] < 0x80 || bytes[i] > 0xbf)
			return 0;
	}
	return row->size;
}

/*
 * Does a character begin here that nobody sees, or that moves others? Unicode's
 * Default_Ignorable_Code_Point, Cc, Zl, Zp, and the annotations U+FFF9-FFFB.
 */
static bool
is_invisible(const unsigned char *bytes)
{
	/* in UTF-8, from the first to the last */
	static const char *const ranges[][2] = {
		{ "\xc2\x80", "\xc2\x9f" }, /* C1 */
		{ "\xc2\xad", "\xc2\xad" }, /* SHY */
		{ "\xcd\x8f", "\xcd\x8f" }, /* CGJ */
		{ "\xd8\x9c", "\xd8\x9c" }, /* ALM */
		{ "\xe1\x85\x9f", "\xe1\x85\xa0" }, /* Hangul fillers */
		{ "\xe1\x9e\xb4", "\xe1\x9e\xb5" }, /* Khmer vowels */
		{ "\xe1\xa0\x8b", "\xe1\xa0\x8f" }, /* FVS1 … FVS4 */
		{ "\xe2\x80\x8b", "\xe2\x80\x8f" }, /* ZWSP … RLM */
		{ "\xe2\x80\xa8", "\xe2\x80\xae" }, /* LS … RLO */
		{ "\xe2\x81\xa0", "\xe2\x81\xaf" }, /* WJ … NODS */
		{ "\xe3\x85\xa4", "\xe3\x85\xa4" }, /* HF */
		{ "\xef\xb8\x80", "\xef\xb8\x8f" }, /* VS1 … VS16 */
		{ "\xef\xbb\xbf", "\xef\xbb\xbf" }, /* BOM */
		{ "\xef\xbe\xa0", "\xef\xbe\xa0" }, /* HWHF */
		{ "\xef\xbf\xb0", "\xef\xbf\xbb" }, /* reserved, IAA … IAT */
		{ "\xf0\x9b\xb2\xa0", "\xf0\x9b\xb2\xa3" }, /* shorthand */
		{ "\xf0\x9d\x85\xb3", "\xf0\x9d\x85\xba" }, /* music */
		{ "\xf3\xa0\x80\x80", "\xf3\xa0\xbf\xbf" }, /* tags, VS17 … */
	};

	if (bytes[0] < 0x80)
		return bytes[0] < 0x20 || bytes[0] == 0x7f;
	for (size_t i = 0; i < countof(ranges); i++) {
		size_t size = strlen(ranges[i][0]);

		if (memcmp(bytes, ranges[i][0], size) >= 0 &&
			memcmp(bytes, ranges[i][1], size) <= 0)
			return true;
	}
	return false;
}

bool
fuzz_is_printable(const char *text)
{
	const unsigned char *next = (const unsigned char *)text;

	while (*next != '\0') {
		unsigned char character[4] = { 0 };
		size_t size = count_character(next);

		if (size == 0)
			return false;
		memcpy(character, next, size);
		if (is_invisible(character))
			return false;
		next += size;
	}
	return true;
}

const char *
fuzz_file(unsigned int number, const void *bytes, size_t size)
{
	static struct file {
		int fd;
		char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	} files[FUZZ_FILES];
	struct file *file = &files[number];

	MUST(number < FUZZ_FILES);
	if (file->path[0] == '\0') {
		file->fd = memfd_create("fuzz", MFD_CLOEXEC);
		MUST(file->fd >= 0 && fchmod(file->fd, 0644) == 0);
		snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d",
			file->fd);
	}
	MUST(ftruncate(file->fd, 0) == 0);
	MUST(pwrite(file->fd, bytes, size, 0) == (ssize_t)size);
	return file->path;
}

unsigned int
take_below(struct take *take, unsigned int n)
{
	if (take->left == 0)
		return 0;
	take->left--;
	return *take->next++ % n;
}

bool
take_one_in(struct take *take, unsigned int n)
{
	return take_below(take, n) == n - 1;
}

struct span
take_bytes(struct take *take, size_t max)
{
	size_t size = take_below(take, 256);
	struct span span;

	if (size > max)
		size = max;
	if (size > take->left)
		size = take->left;
	span = (struct span){ (const char *)take->next, size };
	take->next += size;
	take->left -= size;
	return span;
}

char *
take_line(struct take *take)
{
	const uint8_t *lf =
		take->left > 0 ? memchr(take->next, '\n', take->left) : NULL;
	size_t size = lf != NULL ? (size_t)(lf - take->next) : take->left;
	char *text = fuzz_text(take->next, size);

	take->left -= size + (lf != NULL);
	take->next += size + (lf != NULL);
	return text;
}
