/* SPDX-License-Identifier: MIT */
/*
 * Statements "name = value" between line ends or semicolons; values are text
 * in one of three kinds of quotes, numbers, and lists of values. No comments
 * in lists, no escapes in text. Where libvirt's parser is odd, so is this one:
 * a file of blank lines alone is a mistake.
 */
#include "client_conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/text.h"
#include "output.h"

/* Lists in lists; libvirt has no limit, but no use for them either. */
#define NESTING_MAX 16

struct conf {
	const char *p, *end;
	unsigned int line;
};

struct value {
	bool is_text; /* else a number or a list */
	struct span text;
};

struct statement {
	struct span name; /* size 0: it is a comment */
	unsigned int line;
	struct value value;
};

static char
peek(const struct conf *conf)
{
	if (conf->p == conf->end)
		return '\0';
	return *conf->p;
}

static bool
take(struct conf *conf, char c)
{
	if (conf->p == conf->end || *conf->p != c)
		return false;
	conf->p++;
	return true;
}

static void
skip_blanks(struct conf *conf)
{
	while (conf->p < conf->end && text_is_blank(*conf->p))
		conf->p++;
}

static void
skip_blank_lines(struct conf *conf)
{
	while (conf->p < conf->end &&
		(text_is_blank(*conf->p) || *conf->p == '\n' ||
			*conf->p == '\r'))
		conf->line += *conf->p++ == '\n';
}

static void
skip_comment(struct conf *conf)
{
	while (conf->p < conf->end && *conf->p != '\n' && *conf->p != '\r')
		conf->p++;
}

/* Text on one line, between two of these quotes. */
static bool
parse_quoted(struct conf *conf, char quote, struct span *text)
{
	const char *start = ++conf->p;

	while (conf->p < conf->end && *conf->p != quote && *conf->p != '\n' &&
		*conf->p != '\r')
		conf->p++;
	*text = (struct span){ start, (size_t)(conf->p - start) };
	return take(conf, quote);
}

/* Text on any number of lines, between triple quotes. */
static bool
parse_long_text(struct conf *conf, struct span *text)
{
	const char *start = conf->p + 3;
	const char *end =
		memmem(start, (size_t)(conf->end - start), "\"\"\"", 3);

	for (conf->p = start; conf->p < (end != NULL ? end : conf->end);
		conf->p++)
		conf->line += *conf->p == '\n';
	if (end == NULL)
		return false;
	conf->p = end + 3;
	*text = (struct span){ start, (size_t)(end - start) };
	return true;
}

static bool
parse_number(struct conf *conf)
{
	if (!take(conf, '-'))
		take(conf, '+');
	if (!isdigit((unsigned char)peek(conf)))
		return false;
	while (isdigit((unsigned char)peek(conf)))
		conf->p++;
	return true;
}

static bool parse_value(
	struct conf *conf, unsigned int depth, struct value *value);

/* Behind the "[": values with commas between them, one may stand last. */
static bool
parse_list(struct conf *conf, unsigned int depth)
{
	struct value value;

	if (depth == NESTING_MAX)
		return false;
	skip_blank_lines(conf);
	while (!take(conf, ']')) {
		if (!parse_value(conf, depth + 1, &value))
			return false;
		skip_blank_lines(conf);
		if (take(conf, ','))
			skip_blank_lines(conf);
		else if (peek(conf) != ']')
			return false;
	}
	return true;
}

static bool
parse_value(struct conf *conf, unsigned int depth, struct value *value)
{
	char c;

	skip_blanks(conf);
	c = peek(conf);
	value->is_text = c == '\'' || c == '"';
	/* six quotes at the file's very end are no text to libvirt */
	if (conf->end - conf->p > 6 && memcmp(conf->p, "\"\"\"", 3) == 0)
		return parse_long_text(conf, &value->text);
	if (value->is_text)
		return parse_quoted(conf, c, &value->text);
	if (take(conf, '['))
		return parse_list(conf, depth);
	return parse_number(conf);
}

static bool
parse_name(struct conf *conf, struct span *name)
{
	name->start = conf->p;
	if (!isalpha((unsigned char)peek(conf)))
		return false;
	while (isalnum((unsigned char)peek(conf)) || peek(conf) == '_')
		conf->p++;
	name->size = (size_t)(conf->p - name->start);
	return true;
}

static bool
parse_statement(struct conf *conf, struct statement *ret)
{
	*ret = (struct statement){ 0 };
	skip_blank_lines(conf);
	ret->line = conf->line;
	if (peek(conf) == '#') {
		skip_comment(conf);
		return true;
	}
	if (!parse_name(conf, &ret->name))
		return false;
	skip_blanks(conf);
	if (!take(conf, '=') || !parse_value(conf, 0, &ret->value))
		return false;
	skip_blanks(conf);
	if (peek(conf) == '#')
		skip_comment(conf);
	return true;
}

/* A line's end or a semicolon; nothing at the end of the file. */
static bool
parse_separator(struct conf *conf)
{
	skip_blanks(conf);
	if (conf->p < conf->end && peek(conf) != '\n' && peek(conf) != '\r' &&
		!take(conf, ';'))
		return false;
	skip_blank_lines(conf);
	return true;
}

int
client_conf_parse(const char *text, size_t size, char **ret, unsigned int *line)
{
	struct conf conf = { text, text + size, 1 };
	struct statement found = { 0 }, statement;

	while (conf.p < conf.end) {
		if (!parse_statement(&conf, &statement) ||
			!parse_separator(&conf)) {
			*line = conf.line;
			return -EBADMSG;
		}
		if (found.line == 0 && statement.name.size > 0 &&
			text_equals(statement.name, "uri_default"))
			found = statement;
	}
	if (found.line == 0)
		return -ENOENT;
	*line = found.line;
	if (!found.value.is_text ||
		memchr(found.value.text.start, '\0', found.value.text.size))
		return -EBADMSG;
	*ret = need(strndup(found.value.text.start, found.value.text.size));
	return 0;
}
