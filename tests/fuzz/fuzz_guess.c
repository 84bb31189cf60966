/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean": an input's first line is what was written, the others are
 * the words. Against a search that tries the slips themselves.
 */
#include "common.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../policy/countof.h"
#include "../../policy/guess.h"

#define WORDS 8

static bool
is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * Do so many slips make one of the other: a letter more, less, another, or two
 * swapped, none of them touched twice?
 */
static bool
is_within(const char *a, const char *b, size_t slips)
{
	while (*a != '\0' && *b != '\0' && is_same(*a, *b))
		a++, b++;
	if (*a == '\0' || *b == '\0')
		return strlen(a) + strlen(b) <= slips;
	if (slips == 0)
		return false;
	return is_within(a + 1, b + 1, slips - 1) ||
		is_within(a + 1, b, slips - 1) ||
		is_within(a, b + 1, slips - 1) ||
		(a[1] != '\0' && is_same(a[0], b[1]) && is_same(a[1], b[0]) &&
			is_within(a + 2, b + 2, slips - 1));
}

/* At most two slips, and less than half of the word; the first of the best. */
static const char *
search(const char *written, const char *const *words, size_t count)
{
	if (strlen(written) > 32)
		return NULL;
	for (size_t slips = 0; slips <= 2; slips++) {
		for (size_t i = 0; i < count; i++) {
			size_t size = strlen(words[i]);

			if (2 * slips < size && size <= 32 &&
				is_within(written, words[i], slips))
				return words[i];
		}
	}
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take take = { data, size };
	char *written = take_line(&take), *lines[WORDS];
	struct span span = { written, strlen(written) };
	size_t count = 0;

	while (count < WORDS && take.left > 0)
		lines[count++] = take_line(&take);
	MUST(guess_word(span, (const char *const *)lines, count) ==
		search(written, (const char *const *)lines, count));
	while (count > 0)
		free(lines[--count]);
	free(written);
	return 0;
}
