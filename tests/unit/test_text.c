/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/remark.h"
#include "../../policy/text.h"
#include "alloc.h"

static struct span
span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* --- Trimming and cutting ------------------------------------------------- */

static const struct trim_row {
	const char *name, *text, *trimmed;
} trim_rows[] = {
	{ "nothing to trim", "a b", "a b" },
	{ "spaces and tabs at both ends", " \t a\tb \t", "a\tb" },
	{ "nothing but blanks", " \t ", "" },
	{ "nothing", "", "" },
	{ "only space and tab are blanks", "\n\v\f\r\xc2\xa0",
		"\n\v\f\r\xc2\xa0" },
};

static void
test_trim(void **state)
{
	const struct trim_row *row = *state;

	assert_true(text_equals(text_trim(span_of(row->text)), row->trimmed));
}

static const struct list_row {
	const char *name, *text, *items; /* each in <> */
} list_rows[] = {
	{ "one item", "a", "<a>" },
	{ "items are trimmed", " a ,\tb\t", "<a><b>" },
	{ "blanks inside an item stay", "a b, c", "<a b><c>" },
	{ "nothing is one empty item", "", "<>" },
	{ "n commas, n + 1 items", ",,", "<><><>" },
	{ "a comma at the end", "a,", "<a><>" },
	{ "a comma at the start", ",a", "<><a>" },
	{ "a comma cannot be quoted", "\"a,b\"", "<\"a><b\">" },
};

static void
test_list(void **state)
{
	const struct list_row *row = *state;
	struct span list = span_of(row->text), item = { 0 };
	char items[64] = "";

	while (text_next_item(&list, &item)) {
		strcat(items, "<");
		strncat(items, item.start, item.size);
		strcat(items, ">");
	}
	assert_string_equal(items, row->items);
	assert_false(text_next_item(&list, &item));
}

/* The list's end is its size, not a byte. */
static void
test_list_ends(void **state)
{
	struct span list = { "a,b,c", 3 }, item = { 0 };

	(void)state;
	assert_true(text_next_item(&list, &item));
	assert_true(text_equals(item, "a"));
	assert_true(text_next_item(&list, &item));
	assert_true(text_equals(item, "b"));
	assert_false(text_next_item(&list, &item));
}

static void
test_equality(void **state)
{
	(void)state;
	assert_true(text_equals(span_of("uri"), "uri"));
	assert_true(text_equals(span_of(""), ""));
	assert_false(text_equals(span_of("uri"), "uris"));
	assert_false(text_equals(span_of("uris"), "uri"));
	assert_false(text_equals(span_of("URI"), "uri"));
	assert_false(text_equals((struct span){ "a\0b", 3 }, "a"));
}

/* --- Numbers -------------------------------------------------------------- */

static const struct id_row {
	const char *name, *text;
	bool is_id;
	uint32_t id;
} id_rows[] = {
	{ "zero", "0", true, 0 },
	{ "one digit", "7", true, 7 },
	{ "an ordinary uid", "1000", true, 1000 },
	{ "the largest", "4294967294", true, 4294967294 },
	{ "POSIX's no change", "4294967295", false, 0 },
	{ "2^32", "4294967296", false, 0 },
	{ "ten nines", "9999999999", false, 0 },
	{ "2^64 + 1", "18446744073709551617", false, 0 },
	{ "nothing", "", false, 0 },
	{ "a leading zero", "010", false, 0 },
	{ "two zeros", "00", false, 0 },
	{ "a sign", "-1", false, 0 },
	{ "another sign", "+1", false, 0 },
	{ "hexadecimal", "0x10", false, 0 },
	{ "a blank before", " 1", false, 0 },
	{ "a blank behind", "1 ", false, 0 },
	{ "a letter behind", "12a", false, 0 },
	{ "other scripts' digits", "\xd9\xa1", false, 0 },
};

static void
test_id(void **state)
{
	const struct id_row *row = *state;
	uint32_t id = 12345;

	assert_int_equal(text_parse_id(span_of(row->text), &id),
		row->is_id ? 0 : -EINVAL);
	assert_int_equal(id, row->is_id ? row->id : 12345);
}

/* --- Printable ------------------------------------------------------------ */

static const struct printable_row {
	const char *name, *text, *printable;
} printable_rows[] = {
	{ "nothing", "", "" },
	{ "ASCII", "a ~!'\"\\", "a ~!'\"\\" },
	{ "an umlaut", "gr\xc3\xbcppe", "gr\xc3\xbcppe" },
	{ "CJK", "\xe7\xbb\x84", "\xe7\xbb\x84" },
	{ "beyond the BMP", "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7" },
	{ "the last code point", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	{ "newline and tab", "a\n\tb", "a\\x0a\\x09b" },
	{ "an escape sequence", "\x1b[2J", "\\x1b[2J" },
	{ "DEL", "\x7f", "\\x7f" },
	{ "C1, the other CSI", "\xc2\x9b", "\\xc2\\x9b" },
	{ "a no-break space is visible enough", "\xc2\xa0", "\xc2\xa0" },
	{ "a soft hyphen", "\xc2\xad", "\\xc2\\xad" },
	{ "an Arabic letter mark", "\xd8\x9c", "\\xd8\\x9c" },
	{ "a zero width space", "\xe2\x80\x8b", "\\xe2\\x80\\x8b" },
	{ "a right-to-left mark", "\xe2\x80\x8f", "\\xe2\\x80\\x8f" },
	{ "a line separator", "\xe2\x80\xa8", "\\xe2\\x80\\xa8" },
	{ "a paragraph separator", "\xe2\x80\xa9", "\\xe2\\x80\\xa9" },
	{ "a right-to-left override",
		"a\xe2\x80\xae"
		"b",
		"a\\xe2\\x80\\xaeb" },
	{ "a right-to-left isolate", "\xe2\x81\xa7", "\\xe2\\x81\\xa7" },
	{ "a word joiner", "\xe2\x81\xa0", "\\xe2\\x81\\xa0" },
	{ "a byte order mark", "\xef\xbb\xbf", "\\xef\\xbb\\xbf" },
	{ "a grapheme joiner", "\xcd\x8f", "\\xcd\\x8f" },
	{ "a filler that looks like a blank", "\xe1\x85\xa0",
		"\\xe1\\x85\\xa0" },
	{ "a vowel nobody sees", "\xe1\x9e\xb4", "\\xe1\\x9e\\xb4" },
	{ "a selector of Mongolian forms", "\xe1\xa0\x8f", "\\xe1\\xa0\\x8f" },
	{ "a filler of a whole cell", "\xe3\x85\xa4", "\\xe3\\x85\\xa4" },
	{ "a filler of half a cell", "\xef\xbe\xa0", "\\xef\\xbe\\xa0" },
	{ "a variation selector", "\xef\xb8\x8f", "\\xef\\xb8\\x8f" },
	{ "a reserved ignorable", "\xef\xbf\xb0", "\\xef\\xbf\\xb0" },
	{ "an overlap of shorthand", "\xf0\x9b\xb2\xa0",
		"\\xf0\\x9b\\xb2\\xa0" },
	{ "a beam nobody sees", "\xf0\x9d\x85\xb3", "\\xf0\\x9d\\x85\\xb3" },
	{ "a combining mark is visible", "e\xcc\x81", "e\xcc\x81" },
	{ "a tag", "\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81" },
	{ "Latin-1", "gr\xfcppe", "gr\\xfcppe" },
	{ "a continuation alone", "\x80z", "\\x80z" },
	{ "a character cut short", "\xe2\x82", "\\xe2\\x82" },
	{ "a character cut by another", "\xe2\x82z", "\\xe2\\x82z" },
	{ "not the shortest form of NUL", "\xc0\x80", "\\xc0\\x80" },
	{ "not the shortest form of a slash", "\xe0\x80\xaf",
		"\\xe0\\x80\\xaf" },
	{ "not the shortest form, four bytes", "\xf0\x80\x80\xaf",
		"\\xf0\\x80\\x80\\xaf" },
	{ "a surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	{ "beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	{ "five bytes", "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80" },
	{ "0xff", "\xff", "\\xff" },
	{ "a log's priority", "<3>a", "\\x3c3>a" },
	{ "a priority with a facility", "<191>", "\\x3c191>" },
	{ "a priority that does not come first", " <3>a", " <3>a" },
	{ "no priority: no number", "<>a", "<>a" },
	{ "no priority: no end", "<3", "<3" },
	{ "no priority: markup", "<b>", "<b>" },
};

static void
test_printable(void **state)
{
	const struct printable_row *row = *state;
	char *printable = text_printable(row->text);

	assert_non_null(printable);
	assert_string_equal(printable, row->printable);
	free(printable);
}

/* Whatever the bytes are: no controls come out, and no bytes are lost. */
static void
test_printable_any(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		char text[24] = "", *once, *twice;

		for (size_t i = 0; i < sizeof(text) - 1; i++)
			text[i] = (char)(fake_random(&seed) % 255 + 1);
		once = text_printable(text);
		assert_non_null(once);
		for (const char *c = once; *c != '\0'; c++)
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
		twice = text_printable(once);
		assert_non_null(twice);
		assert_string_equal(once, twice);
		free(once);
		free(twice);
	}
}

static const struct cut_row {
	const char *name, *text;
	size_t max, size;
} cut_rows[] = {
	{ "nothing", "", 3, 0 },
	{ "no room", "abc", 0, 0 },
	{ "it fits", "abc", 3, 3 },
	{ "it does not fit", "abcd", 3, 3 },
	{ "a character fits", "a\xc3\xbc", 3, 3 },
	{ "a character is not cut in two", "ab\xc3\xbc", 3, 2 },
	{ "nor is one of four bytes", "a\xf0\x9f\x90\xa7", 4, 1 },
	{ "one that ends where the room does", "\xe7\xbb\x84z", 3, 3 },
	{ "one that is larger than the room", "\xe7\xbb\x84", 2, 0 },
};

static void
test_cut(void **state)
{
	const struct cut_row *row = *state;

	assert_int_equal(text_cut(row->text, row->max), row->size);
}

static void
test_format(void **state)
{
	char *text = text_format("%s is %d", "a\nb", 7);

	(void)state;
	assert_non_null(text);
	assert_string_equal(text, "a\\x0ab is 7");
	free(text);
}

/* --- Remarks -------------------------------------------------------------- */

static void
test_remarks(void **state)
{
	struct remarks remarks = { 0 };
	char path[] = "/etc/x\n";

	(void)state;
	assert_null(remarks_first(&remarks, REMARK_ERROR));
	assert_int_equal(remarks_add(&remarks, REMARK_NOTICE, NULL, 0, "a"), 0);
	assert_int_equal(
		remarks_add(&remarks, REMARK_ERROR, path, 3, "b %s", "\x1b"),
		0);
	assert_int_equal(remarks_add(&remarks, REMARK_ERROR, path, 4, "c"), 0);
	path[0] = '\0'; /* it was copied */
	assert_int_equal(remarks.count, 3);
	assert_null(remarks.list[0].path);
	assert_ptr_equal(
		remarks_first(&remarks, REMARK_ERROR), &remarks.list[1]);
	assert_string_equal(remarks.list[1].path, "/etc/x\\x0a");
	assert_string_equal(remarks.list[1].text, "b \\x1b");
	assert_int_equal(remarks.list[1].line, 3);
	assert_null(remarks_first(&remarks, REMARK_WARNING));
	remarks_clear(&remarks);
	assert_int_equal(remarks.count, 0);
	assert_int_equal(remarks_add(&remarks, REMARK_ERROR, NULL, 0, "d"), 0);
	remarks_clear(&remarks);
}

static void
test_remarks_move(void **state)
{
	struct remarks to = { 0 }, from = { 0 };

	(void)state;
	assert_int_equal(remarks_move(&to, &from), 0);
	assert_int_equal(to.count, 0);
	assert_int_equal(remarks_add(&from, REMARK_ERROR, NULL, 1, "a"), 0);
	assert_int_equal(remarks_move(&to, &from), 0);
	assert_int_equal(from.count, 0);
	assert_int_equal(remarks_add(&from, REMARK_ERROR, NULL, 2, "b"), 0);
	assert_int_equal(remarks_move(&to, &from), 0);
	assert_int_equal(to.count, 2);
	assert_string_equal(to.list[0].text, "a");
	assert_string_equal(to.list[1].text, "b");
	remarks_clear(&from);
	remarks_clear(&to);
}

/* A list is what it was when memory is short. */
static void
test_remarks_without_memory(void **state)
{
	struct remarks to = { 0 }, from = { 0 };

	(void)state;
	assert_int_equal(remarks_add(&to, REMARK_ERROR, "p", 1, "a"), 0);
	assert_int_equal(remarks_add(&from, REMARK_ERROR, "p", 2, "b"), 0);
	alloc_fail(1, true);
	assert_int_equal(remarks_add(&to, REMARK_ERROR, "p", 3, "c"), -ENOMEM);
	assert_int_equal(remarks_move(&to, &from), -ENOMEM);
	alloc_fail(0, false);
	assert_int_equal(to.count, 1);
	assert_int_equal(from.count, 1);
	assert_string_equal(to.list[0].text, "a");
	assert_string_equal(from.list[0].text, "b");
	remarks_clear(&to);
	remarks_clear(&from);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "trim", test_trim, SUITE_ROWS(trim_rows));
	suite_add(&suite, "list", test_list, SUITE_ROWS(list_rows));
	suite_add_one(&suite, "a list ends with its span", test_list_ends);
	suite_add_one(&suite, "equality is byte for byte", test_equality);
	suite_add(&suite, "id", test_id, SUITE_ROWS(id_rows));
	suite_add(&suite, "printable", test_printable,
		SUITE_ROWS(printable_rows));
	suite_add_one(&suite, "any bytes are made printable, once",
		test_printable_any);
	suite_add(&suite, "cut", test_cut, SUITE_ROWS(cut_rows));
	suite_add_one(&suite, "what is formatted is printable", test_format);
	suite_add_one(&suite, "remarks are collected", test_remarks);
	suite_add_one(&suite, "remarks are moved", test_remarks_move);
	suite_add_one(
		&suite, "remarks without memory", test_remarks_without_memory);
	return suite_run(&suite, "text");
}
