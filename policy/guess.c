/* SPDX-License-Identifier: MIT */
#include "guess.h"

#include <string.h>

#define LENGTH_MAX 32
#define SLIPS_MAX  2

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ASCII only. */
static char
lower(char c)
{
	if (c < 'A' || c > 'Z')
		return c;
	return "abcdefghijklmnopqrstuvwxyz"[c - 'A'];
}

/* The optimal string alignment distance of two words of at most LENGTH_MAX. */
static size_t
count_slips(struct span a, struct span b)
{
	size_t rows[LENGTH_MAX + 1][LENGTH_MAX + 1];

	for (size_t i = 0; i <= a.size; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= b.size; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		for (size_t j = 1; j <= b.size; j++) {
			char x = lower(a.start[i - 1]);
			char y = lower(b.start[j - 1]);
			size_t slips = rows[i - 1][j - 1] + (x != y);

			slips = least(slips, rows[i - 1][j] + 1);
			slips = least(slips, rows[i][j - 1] + 1);
			if (i > 1 && j > 1 && x == lower(b.start[j - 2]) &&
				lower(a.start[i - 2]) == y)
				slips = least(slips, rows[i - 2][j - 2] + 1);
			rows[i][j] = slips;
		}
	}
	return rows[a.size][b.size];
}

const char *
guess_word(struct span written, const char *const *words, size_t count)
{
	size_t fewest = SLIPS_MAX + 1;
	const char *guess = NULL;

	if (written.size > LENGTH_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct span word = { words[i], strlen(words[i]) };
		size_t slips;

		if (word.size > LENGTH_MAX)
			continue;
		slips = count_slips(written, word);
		if (slips < fewest && 2 * slips < word.size) {
			fewest = slips;
			guess = words[i];
		}
	}
	return guess;
}
