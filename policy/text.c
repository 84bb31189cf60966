/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "countof.h"

bool
text_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span
text_trim(struct span span)
{
	while (span.size > 0 && text_is_blank(span.start[0])) {
		span.start++;
		span.size--;
	}
	while (span.size > 0 && text_is_blank(span.start[span.size - 1]))
		span.size--;
	return span;
}

bool
text_next_item(struct span *list, struct span *item)
{
	const char *comma;
	size_t size;

	if (list->start == NULL)
		return false;
	comma = memchr(list->start, ',', list->size);
	size = comma != NULL ? (size_t)(comma - list->start) : list->size;
	*item = text_trim((struct span){ list->start, size });
	if (comma != NULL)
		*list = (struct span){ comma + 1, list->size - size - 1 };
	else
		*list = (struct span){ NULL, 0 };
	return true;
}

bool
text_equals(struct span span, const char *string)
{
	return strlen(string) == span.size &&
		memcmp(span.start, string, span.size) == 0;
}

int
text_parse_id(struct span span, uint32_t *ret)
{
	uint64_t id = 0;

	if (span.size == 0 || span.size > 10)
		return -EINVAL;
	if (span.size > 1 && span.start[0] == '0')
		return -EINVAL;
	for (size_t i = 0; i < span.size; i++) {
		if (span.start[i] < '0' || span.start[i] > '9')
			return -EINVAL;
		id = id * 10 + (uint64_t)(span.start[i] - '0');
	}
	if (id >= UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)id;
	return 0;
}

/*
 * Decodes one character of well-formed UTF-8 (RFC 3629, section 4: shortest
 * form, no surrogates, up to U+10FFFF). Returns its length in bytes, or 0.
 */
static size_t
decode_utf8(const unsigned char *bytes, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = bytes[0] < 0x80       ? 1
		: (bytes[0] & 0xe0) == 0xc0 ? 2
		: (bytes[0] & 0xf0) == 0xe0 ? 3
		: (bytes[0] & 0xf8) == 0xf0 ? 4
					    : 0;
	uint32_t c;

	if (size <= 1) {
		*ret = bytes[0];
		return size;
	}
	c = bytes[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (bytes[i] & 0x3fU);
	}
	if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return size;
}

static bool
is_harmless(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} harmful[] = {
		{ 0x0000, 0x001f }, /* C0 controls */
		{ 0x007f, 0x009f }, /* DEL and C1 controls */
		{ 0x00ad, 0x00ad }, /* soft hyphen */
		{ 0x034f, 0x034f }, /* grapheme joiner */
		{ 0x061c, 0x061c }, /* Arabic letter mark */
		{ 0x115f, 0x1160 }, /* Hangul fillers */
		{ 0x17b4, 0x17b5 }, /* Khmer inherent vowels */
		{ 0x180b, 0x180f }, /* Mongolian selectors, vowel separator */
		{ 0x200b, 0x200f }, /* zero widths, left and right marks */
		{ 0x2028, 0x202e }, /* separators, embeddings, overrides */
		{ 0x2060, 0x206f }, /* joiners, isolates, deprecated controls */
		{ 0x3164, 0x3164 }, /* another Hangul filler */
		{ 0xfe00, 0xfe0f }, /* variation selectors */
		{ 0xfeff, 0xfeff }, /* byte order mark */
		{ 0xffa0, 0xffa0 }, /* half a Hangul filler */
		{ 0xfff0, 0xfffb }, /* reserved, interlinear annotations */
		{ 0x1bca0, 0x1bca3 }, /* shorthand's format controls */
		{ 0x1d173, 0x1d17a }, /* music's */
		{ 0xe0000, 0xe0fff }, /* tags, more variation selectors */
	};

	for (size_t i = 0; i < countof(harmful); i++) {
		if (c >= harmful[i].first && c <= harmful[i].last)
			return false;
	}
	return true;
}

/*
 * Would a log that reads the line take its beginning for a priority, as
 * sd-daemon(3) has it: "<3>"?
 */
static bool
has_priority(const char *text)
{
	size_t digits;

	if (text[0] != '<')
		return false;
	digits = strspn(text + 1, "0123456789");
	return digits > 0 && text[1 + digits] == '>';
}

char *
text_printable(const char *text)
{
	const unsigned char *in = (const unsigned char *)text;
	bool is_to_escape = has_priority(text);
	char *copy = malloc(4 * strlen(text) + 1);
	char *out = copy;

	if (copy == NULL)
		return NULL;
	while (*in != '\0') {
		uint32_t c = 0;
		size_t size = decode_utf8(in, &c);

		if (size > 0 && is_harmless(c) && !is_to_escape) {
			memcpy(out, in, size);
			out += size;
			in += size;
			continue;
		}
		if (size == 0)
			size = 1;
		is_to_escape = false;
		for (; size > 0; size--)
			out += sprintf(out, "\\x%02x", *in++);
	}
	*out = '\0';
	return copy;
}

size_t
text_cut(const char *printable, size_t max)
{
	size_t size = strnlen(printable, max + 1);

	if (size <= max)
		return size;
	while (max > 0 && ((unsigned char)printable[max] & 0xc0) == 0x80)
		max--;
	return max;
}

/*
 * Is the character more than itself between single quotes? In fish a backslash
 * is, before the end, another or a quote; in csh an exclamation mark is. None
 * of them is behind a backslash outside of quotes.
 */
static bool
is_special_in_quotes(const char *text)
{
	static const char special[] = "'!\\";

	if (text[0] == '\\') /* strchr() finds the end, too */
		return strchr(special, text[1]) != NULL;
	return strchr(special, text[0]) != NULL;
}

char *
text_shell_word(const char *text)
{
	/* what no shell takes for its own, but zsh "=" and fish "%" in front */
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789%+,-./:=@_";
	size_t size = strlen(text);
	char *word, *end;

	if (size > 0 && text[strspn(text, plain)] == '\0' && text[0] != '=' &&
		text[0] != '%')
		return strdup(text);
	word = malloc(4 * size + 3);
	if (word == NULL)
		return NULL;
	end = stpcpy(word, "'");
	for (; *text != '\0'; text++) {
		bool is_special = is_special_in_quotes(text);

		if (is_special)
			end = stpcpy(end, "'\\");
		*end++ = *text;
		if (is_special)
			*end++ = '\'';
	}
	stpcpy(end, "'");
	return word;
}

char *
text_vformat(const char *format, va_list args)
{
	char *raw, *printable;

	if (vasprintf(&raw, format, args) < 0)
		return NULL;
	printable = text_printable(raw);
	free(raw);
	return printable;
}

char *
text_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = text_vformat(format, args);
	va_end(args);
	return text;
}
