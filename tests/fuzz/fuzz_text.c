/* SPDX-License-Identifier: MIT */
/*
 * Foreign text: what is shown can be shown and says every byte; lists and
 * numbers are what they look like.
 */
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/text.h"

/* A byte is there, or as \xNN. */
static void
check_says_all(const char *text, const char *printed)
{
	char escape[5];

	for (; *text != '\0'; text++) {
		snprintf(escape, sizeof(escape), "\\x%02x",
			(unsigned char)*text);
		if (*printed == *text) {
			printed++;
			continue;
		}
		MUST(strncmp(printed, escape, 4) == 0);
		printed += 4;
	}
	MUST(*printed == '\0');
}

/* sd-daemon(3): a line that begins like that is of that priority. */
static bool
has_priority(const char *text)
{
	int end = 0;

	(void)sscanf(text, "<%*[0-9]>%n", &end);
	return end > 0;
}

static void
check_printable(const char *text)
{
	char *printed = text_printable(text), *again, *longer;
	bool is_raw = has_priority(text) || !fuzz_is_printable(text);

	MUST(printed != NULL);
	MUST(fuzz_is_printable(printed) && !has_priority(printed));
	MUST(is_raw == (strcmp(text, printed) != 0));
	check_says_all(text, printed);
	again = text_printable(printed);
	MUST(again != NULL && strcmp(again, printed) == 0);
	/* behind something else it is no priority */
	longer = text_format("(%s)", text);
	MUST(longer != NULL && longer[0] == '(');
	if (!has_priority(text)) {
		MUST(strlen(longer) == strlen(printed) + 2);
		MUST(strncmp(longer + 1, printed, strlen(printed)) == 0);
	}
	free(printed);
	free(again);
	free(longer);
}

/* As POSIX's shells take a word apart: in '…' all is text, and \' is a '. */
static void
check_shell_word(const char *text)
{
	char *word = text_shell_word(text);
	const char *next = word;
	bool is_quoted = false;

	MUST(word != NULL && word[0] != '\0');
	for (; *next != '\0'; next++) {
		if (*next == '\'') {
			is_quoted = !is_quoted;
			continue;
		}
		if (!is_quoted && *next == '\\')
			next++;
		else if (!is_quoted)
			MUST(strchr(" \t\n|&;<>()$`\"*?[#~!{}^", *next) ==
				NULL);
		MUST(*next == *text++);
	}
	MUST(!is_quoted && *text == '\0');
	free(word);
}

/* Whole characters, as many as there is room for. */
static void
check_cut(const char *text, size_t max)
{
	char *printed = text_printable(text), *cut;
	size_t size;

	MUST(printed != NULL);
	size = text_cut(printed, max);
	MUST(size <= max && size <= strlen(printed));
	MUST(size + 3 >= max || size == strlen(printed));
	cut = fuzz_text((const uint8_t *)printed, size);
	MUST(fuzz_is_printable(cut));
	free(cut);
	free(printed);
}

static void
check_id(struct span item)
{
	char *text = fuzz_text((const uint8_t *)item.start, item.size), *end;
	uint32_t id = 12345;
	int r = text_parse_id(item, &id);
	bool is_plain = item.size > 0 && item.size < 19 &&
		strspn(text, "0123456789") == item.size &&
		(item.size == 1 || text[0] != '0');
	unsigned long number = is_plain ? strtoul(text, &end, 10) : 0;

	if (is_plain && number < 4294967295) {
		MUST(r == 0 && id == number);
	} else {
		MUST(r == -EINVAL && id == 12345);
	}
	free(text);
}

static void
check_list(struct span text)
{
	struct span list = text, item;
	const char *next = text.start;
	size_t items = 0, commas = 0;

	for (size_t i = 0; i < text.size; i++)
		commas += text.start[i] == ',';
	while (text_next_item(&list, &item)) {
		items++;
		MUST(item.start >= next);
		MUST(item.start + item.size <= text.start + text.size);
		MUST(memchr(item.start, ',', item.size) == NULL);
		MUST(text_trim(item).size == item.size);
		for (; next < item.start; next++)
			MUST(text_is_blank(*next) || *next == ',');
		next = item.start + item.size;
		check_id(item);
	}
	for (; next < text.start + text.size; next++)
		MUST(text_is_blank(*next));
	MUST(items == commas + 1);
	MUST(!text_next_item(&list, &item));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_printable(text);
	check_shell_word(text);
	check_cut(text, size / 2);
	check_list((struct span){ text, size });
	free(text);
	return 0;
}
