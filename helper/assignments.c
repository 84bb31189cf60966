/* SPDX-License-Identifier: MIT */
#include "assignments.h"

#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"
#include "dialects.h"
#include "output.h"

/* A file being read. */
struct parse {
	enum dialect dialect;
	const char *next, *end;
	unsigned int n_lines; /* before next */

	struct span line; /* with those it goes on in */
	unsigned int number; /* of the first of them */
	struct span condition; /* an "if" on the line before; or size 0 */
	bool is_open_ended; /* a here document had no end */

	void (*tell)(void *context, const struct assignment *assignment);
	void *context;
};

/* --- Lines ---------------------------------------------------------------- */

/* Up to the next LF, which is left out, or the end; false behind the last. */
static bool
next_line(struct parse *parse, struct span *line)
{
	const char *start = parse->next, *lf;
	size_t size = (size_t)(parse->end - start);

	if (size == 0)
		return false;
	lf = memchr(start, '\n', size);
	if (lf != NULL)
		size = (size_t)(lf - start);
	parse->next = lf != NULL ? lf + 1 : parse->end;
	parse->n_lines++;
	*line = (struct span){ start, size };
	return true;
}

static bool
is_comment(struct span line)
{
	line = text_trim(line);
	return line.size > 0 && line.start[0] == '#';
}

/* Does the line end in a backslash that is no other's? */
static bool
goes_on(const struct parse *parse, struct span line)
{
	size_t count = 0;

	if (is_comment(line) || parse->dialect == DIALECT_NU ||
		parse->dialect == DIALECT_ELVISH)
		return false;
	while (count < line.size && line.start[line.size - count - 1] == '\\')
		count++;
	return count % 2 == 1;
}

/* What a shell would read in one go. */
static bool
next_whole_line(struct parse *parse)
{
	struct span line, more;

	if (!next_line(parse, &line))
		return false;
	parse->line = line;
	parse->number = parse->n_lines;
	for (more = line; goes_on(parse, more) && next_line(parse, &more);)
		parse->line.size =
			(size_t)(more.start + more.size - line.start);
	/* in a shell a CR belongs to the last word: let it be seen */
	if (parse->dialect != DIALECT_SH && parse->dialect != DIALECT_CSH &&
		parse->line.size > 0 &&
		line.start[parse->line.size - 1] == '\r')
		parse->line.size--;
	return true;
}

/* Skips the lines up to the one that is the word; false: there is none. */
static bool
skip_here(struct parse *parse, const char *word)
{
	struct parse ahead = *parse;
	struct span line;

	while (next_line(&ahead, &line)) {
		while (line.size > 0 && line.start[0] == '\t')
			line = (struct span){ line.start + 1, line.size - 1 };
		if (!text_equals(line, word))
			continue;
		parse->next = ahead.next;
		parse->n_lines = ahead.n_lines;
		return true;
	}
	return false;
}

/*
 * What looks like a here document without an end was none, or it is the last
 * one: then nobody looks for ends any more.
 */
static void
skip_here_document(struct parse *parse, struct span end)
{
	char *word;

	if (end.size == 0 || parse->is_open_ended)
		return;
	word = word_unquote(parse->dialect, end);
	parse->is_open_ended = word != NULL && !skip_here(parse, word);
	free(word);
}

/* --- Conditions ----------------------------------------------------------- */

/* Does the text ask whether the variable is set, and go on if it is not? */
static bool
asks_for(struct span text, const char *variable)
{
	static const char *const questions[] = { "-z", "||", "! $?", "!$?",
		"== 0", "not set -q", "! set -q", "; or ", "not in", "not-in",
		"is-empty", "not (has-env" };

	if (!span_contains(text, variable))
		return false;
	for (size_t i = 0; i < countof(questions); i++) {
		if (span_contains(text, questions[i]))
			return true;
	}
	return false;
}

/* Remembers the line, if the next one depends on it. */
static void
note_condition(struct parse *parse)
{
	static const char *const words[] = { "if ", "if(", "elif ",
		"else if " };
	static const char *const between[] = { "then", "begin", "{", "" };
	struct span line = text_trim(parse->line);

	for (size_t i = 0; i < countof(words); i++) {
		struct span rest = line;

		if (span_cut(&rest, words[i])) {
			parse->condition = line;
			return;
		}
	}
	for (size_t i = 0; i < countof(between); i++) {
		if (text_equals(line, between[i]) || is_comment(line))
			return;
	}
	parse->condition = (struct span){ 0 };
}

/* --- Settings ------------------------------------------------------------- */

static void
hear(void *context, const struct setting *setting)
{
	struct parse *parse = context;
	struct span before = { parse->line.start,
		(size_t)(setting->name.at - parse->line.start) };
	struct assignment assignment = {
		.line = parse->number,
		.is_unset = setting->is_unset,
	};

	if (asks_for(before, setting->name.variable) ||
		asks_for(parse->condition, setting->name.variable))
		return;
	for (size_t i = 0; i < before.size; i++)
		assignment.line += before.start[i] == '\n';
	assignment.variable = need(strdup(setting->name.variable));
	if (setting->value != NULL)
		assignment.value = need(strdup(setting->value));
	parse->tell(parse->context, &assignment);
	free(assignment.variable);
	free(assignment.value);
}

void
assignments_parse(enum dialect dialect, const char *text, size_t size,
	void (*tell)(void *context, const struct assignment *assignment),
	void *context)
{
	struct parse parse = {
		.dialect = dialect,
		.next = text,
		.end = text + size,
		.tell = tell,
		.context = context,
	};

	const struct reader reader = { dialect, hear, &parse };

	while (next_whole_line(&parse)) {
		struct span here;

		if (parse.line.size > ASSIGNMENTS_LINE_MAX)
			continue;
		here = dialect_read_line(&reader, parse.line);
		skip_here_document(&parse, here);
		note_condition(&parse);
	}
}
