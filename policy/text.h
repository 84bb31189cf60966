/* SPDX-License-Identifier: MIT */
#ifndef POLICY_TEXT_H
#define POLICY_TEXT_H

/*
 * Text that came from outside: cutting it up without changing it, and making
 * it fit to be shown. Nothing here knows what the text means.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of somebody else's text: not terminated, not owned. */
struct span {
	const char *start;
	size_t size;
};

/* Blanks as libeconf and editors have them: space and tab. */
bool text_is_blank(char c);

/* The span without blanks at either end. */
struct span text_trim(struct span span);

/*
 * Cuts the first item off a comma list: moves *list* behind its comma and
 * stores the item, trimmed, in *item*. False when the list is used up. A list
 * of n commas has n + 1 items, empty ones included.
 */
bool text_next_item(struct span *list, struct span *item);

/* Does the span hold exactly these characters? */
bool text_equals(struct span span, const char *string);

/*
 * Reads a decimal number of at most 2^32 - 2: digits only, no sign, no
 * leading zero. (2^32 - 1 is no uid or gid: POSIX's "no change" in chown().)
 * Returns 0, or -EINVAL with *ret* untouched.
 */
int text_parse_id(struct span span, uint32_t *ret);

/*
 * A copy of *text* in which nothing can move a cursor, end a line, reorder what
 * is read or hide in it: control characters, bytes that are not UTF-8,
 * bidirectional and invisible characters (Unicode's Bidi_Control and
 * Default_Ignorable_Code_Point, line and paragraph separators) become \xNN,
 * byte by byte. So does the "<" of a text that begins as "<3>": it may come to
 * stand first in a line, where the journal would read a priority.
 *
 * Returns the copy, owned by the caller, or NULL when memory is short.
 */
char *text_printable(const char *text);

/*
 * Text as one word of a shell's, be it sh, fish or csh, quoted where it must
 * be. Owned by the caller; NULL when memory is short.
 */
char *text_shell_word(const char *text);

/*
 * How many bytes of a printable text are shown where there is room for *max*:
 * all of it, or as many whole characters as fit.
 */
size_t text_cut(const char *printable, size_t max);

/* vasprintf() whose result has gone through text_printable(). */
char *text_vformat(const char *format, va_list args)
	__attribute__((format(printf, 1, 0)));

/* asprintf() likewise. */
char *text_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
