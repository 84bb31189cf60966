/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

/* Quotes and brackets in one another; a word with more goes on to the end. */
#define NESTING_MAX 32

static bool
is_one_of(char c, const char *list)
{
	return c != '\0' && strchr(list, c) != NULL;
}

static bool
is_shell(enum dialect dialect)
{
	return dialect == DIALECT_SH || dialect == DIALECT_CSH;
}

/* Some files are just lists of words. */
static bool
has_commands(enum dialect dialect)
{
	return dialect != DIALECT_ENVIRONMENT && dialect != DIALECT_PAM_ENV &&
		dialect != DIALECT_SYSTEMD;
}

static bool
ends_word(enum dialect dialect, char c)
{
	if (text_is_blank(c) || c == '\n')
		return true;
	if (!has_commands(dialect))
		return false;
	if (dialect == DIALECT_NU && is_one_of(c, "},"))
		return true;
	if (is_shell(dialect) && c == '(')
		return true;
	return is_one_of(c, ";&|)<>");
}

/* With what does the part end that begins at p, within another? NUL: none. */
static char
find_closer(enum dialect dialect, char within, const char *p, const char *end)
{
	if (within == '\'' || within == '`')
		return '\0';
	if (*p == '$' && end - p > 1 && is_one_of(p[1], "({"))
		return p[1] == '(' ? ')' : '}';
	if (within == '"')
		return *p == '`' ? '`' : '\0';
	if (is_one_of(*p, "\"'`"))
		return *p;
	if (*p == '(' && (within == ')' || !is_shell(dialect)))
		return ')';
	return *p == '{' && within == '}' ? '}' : '\0';
}

/* Is a backslash here more than itself? quote NUL: outside of quotes. */
static bool
is_escape(enum dialect dialect, char quote, char c)
{
	if (c != '\\')
		return false;
	return quote != '\'' || dialect == DIALECT_FISH ||
		dialect == DIALECT_XONSH;
}

/* Behind the part that begins at p, with all that is in it. */
static const char *
skip_part(enum dialect dialect, const char *p, const char *end)
{
	char open[NESTING_MAX + 1] = ""; /* closers of what is open */
	size_t depth = 0;

	do {
		char within = open[depth];
		char closer = find_closer(dialect, within, p, end);

		if (is_escape(dialect, within, *p)) {
			p++;
		} else if (depth > 0 && *p == within) {
			depth--;
		} else if (closer != '\0') {
			if (depth == NESTING_MAX)
				return end;
			open[++depth] = closer;
			p += *p == '$';
		}
		p++;
	} while (p < end && depth > 0);
	return p < end ? p : end;
}

static const char *
skip_word(enum dialect dialect, const char *p, const char *end)
{
	while (p < end && !ends_word(dialect, *p)) {
		if (find_closer(dialect, '\0', p, end) != '\0')
			p = skip_part(dialect, p, end);
		else
			p += *p == '\\' ? 2 : 1;
	}
	return p < end ? p : end;
}

/* The descriptor in "2>file" is no word. */
static void
drop_number(struct words *words, const char *here)
{
	struct span last;

	if (words->count == 0)
		return;
	last = words->list[words->count - 1];
	if (last.size == 1 && last.start + 1 == here &&
		isdigit((unsigned char)last.start[0]))
		words->count--;
}

/* ">file", "2>&1", "<<EOF" */
static void
skip_redirection(struct cutter *cutter, struct words *words)
{
	const char *start = cutter->next, *p = start;
	bool is_here;

	drop_number(words, start);
	while (p < cutter->end && is_one_of(*p, "<>&|"))
		p++;
	is_here = is_shell(cutter->dialect) &&
		text_equals((struct span){ start, (size_t)(p - start) }, "<<");
	if (is_here && p < cutter->end && *p == '-')
		p++;
	while (p < cutter->end && text_is_blank(*p))
		p++;
	cutter->next = skip_word(cutter->dialect, p, cutter->end);
	if (is_here)
		cutter->here = (struct span){ p, (size_t)(cutter->next - p) };
}

/* A brace that groups commands: one that stands alone, but in nu. */
static bool
is_group(const struct cutter *cutter)
{
	const char *p = cutter->next;

	if (!has_commands(cutter->dialect) || !is_one_of(*p, "{}"))
		return false;
	return cutter->dialect == DIALECT_NU || cutter->end - p == 1 ||
		ends_word(cutter->dialect, p[1]);
}

static void
skip_operator(struct cutter *cutter)
{
	char c = *cutter->next++;

	if (is_shell(cutter->dialect) && c == '(')
		cutter->depth++;
	else if (c == ')' && cutter->depth > 0)
		cutter->depth--;
}

static void
take_word(struct cutter *cutter, struct words *words)
{
	const char *start = cutter->next;

	cutter->next = skip_word(cutter->dialect, start, cutter->end);
	if (words->count < WORDS_MAX)
		words->list[words->count++] =
			(struct span){ start, (size_t)(cutter->next - start) };
}

/* Blanks, and the end of a line that goes on. */
static bool
skip_blank(struct cutter *cutter)
{
	const char *p = cutter->next;
	size_t size = 0;

	if (text_is_blank(*p) || *p == '\n')
		size = 1;
	else if (*p == '\\' && cutter->end - p > 1 && p[1] == '\n')
		size = 2;
	cutter->next += size;
	return size > 0;
}

/* A comment does not go on in the next line. */
static void
skip_comment(struct cutter *cutter)
{
	size_t size = (size_t)(cutter->end - cutter->next);
	const char *lf = memchr(cutter->next, '\n', size);

	cutter->next = lf != NULL ? lf : cutter->end;
}

struct cutter
cutter_begin(enum dialect dialect, struct span line)
{
	return (struct cutter){
		.dialect = dialect,
		.next = line.start,
		.end = line.start + line.size,
	};
}

bool
words_next(struct cutter *cutter, struct words *ret)
{
	ret->count = 0;
	while (cutter->next < cutter->end) {
		char c = *cutter->next;

		if (skip_blank(cutter))
			continue;
		if (c == '#') {
			skip_comment(cutter);
			if (ret->count > 0 && cutter->depth == 0)
				return true;
			ret->count = 0;
		} else if (has_commands(cutter->dialect) &&
			is_one_of(c, "<>")) {
			skip_redirection(cutter, ret);
		} else if (!ends_word(cutter->dialect, c) &&
			!is_group(cutter)) {
			take_word(cutter, ret);
		} else {
			if (ret->count > 0 && cutter->depth == 0)
				return true;
			ret->count = 0;
			skip_operator(cutter);
		}
	}
	return ret->count > 0 && cutter->depth == 0;
}

/* Does the language know more escapes than those of its own signs? */
static bool
has_c_escapes(enum dialect dialect)
{
	return dialect == DIALECT_NU || dialect == DIALECT_XONSH ||
		dialect == DIALECT_ELVISH;
}

/* What a backslash and c stand for; false: nothing plain. */
static bool
unescape(enum dialect dialect, char quote, char c, char **out)
{
	const char *signs = quote == '\'' ? "'\\" : "\"\\$`";
	bool is_letter = isalnum((unsigned char)c);

	if (c == '\n')
		return true;
	if (has_c_escapes(dialect) && (quote == '\0' || is_letter))
		return false;
	if (dialect == DIALECT_FISH && quote == '\0' && is_letter)
		return false;
	if (quote != '\0' && !is_one_of(c, signs))
		*(*out)++ = '\\';
	*(*out)++ = c;
	return true;
}

/* Does it stand for more than itself? '?' and '[' rarely do, in URIs. */
static bool
is_special(enum dialect dialect, char quote, char c)
{
	if (c == '\0')
		return true;
	if (quote != '\0')
		return quote == '"' && is_one_of(c, "$`");
	if (dialect == DIALECT_XONSH)
		return true; /* Python's text is always quoted */
	if (text_is_blank(c))
		return dialect != DIALECT_ENVIRONMENT; /* several words */
	return is_one_of(c, "$`(){}*");
}

/* Copies to *out*, which has room for all; false: not plain. */
static bool
unquote(enum dialect dialect, struct span word, char *out)
{
	const char *p = word.start, *end = p + word.size;
	char quote = '\0';

	for (; p < end; p++) {
		if (is_escape(dialect, quote, *p)) {
			if (++p == end || !unescape(dialect, quote, *p, &out))
				return false;
		} else if (quote != '\0' && *p == quote) {
			quote = '\0';
		} else if (quote == '\0' && is_one_of(*p, "\"'")) {
			quote = *p;
		} else if (is_special(dialect, quote, *p)) {
			return false;
		} else {
			*out++ = *p;
		}
	}
	*out = '\0';
	return quote == '\0';
}

char *
word_unquote(enum dialect dialect, struct span word)
{
	char *text;

	if (word.size > 0 && word.start[0] == '~')
		return NULL; /* a home */
	text = need(malloc(word.size + 1));
	if (unquote(dialect, word, text))
		return text;
	free(text);
	return NULL;
}
