/* SPDX-License-Identifier: MIT */
#include "pamd.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../policy/countof.h"
#include "files.h"
#include "output.h"

/* libpam's own; and what keeps files at bay that include each other twice */
#define DEPTH_MAX    16
#define INCLUDES_MAX 500
#define LINES_MAX    1000

#define OTHER    "other"
#define PAM_CONF "/etc/pam.conf"

/* The last two are what distributions build libpam with as vendor directory. */
const char *const pamd_directories[] = {
	"/etc/pam.d",
	"/usr/lib/pam.d",
	"/usr/share/pam.d",
	"/usr/etc/pam.d",
	NULL,
};

struct reader {
	const struct root *root;
	struct pamd_stack *stack;
	unsigned int includes;
};

/* Which lines of a file are read, and as what. */
struct context {
	const char *service; /* in pam.conf, whose lines begin with it */
	bool is_session_only; /* by "include" or "substack" */
	unsigned int depth; /* of includes */
	unsigned int level; /* of substacks */
};

/* Where a line stands, and how it begins. */
struct place {
	const struct context *context;
	const char *path;
	unsigned int number;
	bool is_silent; /* "-session" */
	bool is_faulty; /* with no type that there is */
};

/* --- Files --------------------------------------------------------------- */

/* Only the first one counts: it is what to mend first. */
static __attribute__((format(printf, 2, 3))) void
set_fault(struct reader *reader, const char *format, ...)
{
	va_list args;

	if (reader->stack->fault != NULL)
		return;
	va_start(args, format);
	if (vasprintf(&reader->stack->fault, format, args) < 0)
		need(NULL);
	va_end(args);
}

/* A file's bytes, and its path for people; owned. */
struct file {
	char *shown, *bytes;
	size_t size;
};

static int
read_path(struct reader *reader, const char *path, struct file *file)
{
	const struct root *root = reader->root;
	struct stat status;

	free(file->shown);
	file->shown = path_below(root->path, path);
	return files_read(
		&root->tree, path, &file->bytes, &file->size, &status);
}

/*
 * Reads a service's file, or one that is included: a path, or a name in the
 * first directory that has it. Debian's libpam includes from /etc/pam.d only.
 * Returns 0 or −errno with *ret*, to be cleared in any case.
 */
static int
read_file(struct reader *reader, const char *name, struct file *ret)
{
	const char *const *directory = pamd_directories;
	bool is_path = name[0] == '/';
	struct file file = { 0 };
	int r;

	do {
		char *path = is_path ? need(strdup(name))
				     : format_raw("%s/%s", *directory, name);

		r = read_path(reader, path, &file);
		free(path);
	} while (!is_path && root_is_absent(r) && *++directory != NULL);
	if (r < 0 && !root_is_absent(r)) {
		errno = -r;
		set_fault(reader, "%s: %m", file.shown);
	}
	*ret = file;
	return r;
}

static void
file_clear(struct file *file)
{
	free(file->shown);
	free(file->bytes);
}

static void
keep_name(struct pamd_stack *stack, const char *path)
{
	stack->files = need(reallocarray(
		stack->files, stack->n_files + 1, sizeof(*stack->files)));
	stack->files[stack->n_files++] = need(strdup(path));
}

/* --- Lines --------------------------------------------------------------- */

static int read_lines(struct reader *reader, const struct context *context,
	const struct file *file);

static struct pamd_line *
add_line(struct reader *reader, const struct place *place, enum pamd_kind kind)
{
	struct pamd_stack *stack = reader->stack;
	struct pamd_line *line;

	if (stack->count == LINES_MAX)
		set_fault(reader, "%s: more than %d lines, with the included",
			stack->files[0], LINES_MAX);
	if ((stack->count & (stack->count - 1)) == 0)
		stack->lines = need(reallocarray(stack->lines,
			stack->count > 0 ? 2 * stack->count : 1,
			sizeof(*stack->lines)));
	line = &stack->lines[stack->count++];
	*line = (struct pamd_line){
		.kind = kind,
		.file = need(strdup(place->path)),
		.number = place->number,
		.level = place->context->level,
		.is_silent = place->is_silent,
		.actions = pamd_always(PAMD_BAD),
	};
	return line;
}

static int
read_included(
	struct reader *reader, const struct context *context, const char *name)
{
	struct file file;
	int r;

	if (name == NULL)
		return -EINVAL;
	if (context->depth >= DEPTH_MAX || reader->includes++ >= INCLUDES_MAX)
		return -ELOOP;
	r = read_file(reader, name, &file);
	if (r == 0)
		r = read_lines(reader, context, &file);
	file_clear(&file);
	return r;
}

/*
 * What cannot be included makes libpam refuse the session, by a line that
 * fails; or, where it does not know of which type that would be, the service.
 */
static void
include(struct reader *reader, const struct place *place,
	const struct context *inner, const char *name)
{
	int r = read_included(reader, inner, name);

	if (r < 0 && inner->is_session_only)
		add_line(reader, place, PAMD_BROKEN);
	else if (r < 0)
		set_fault(reader,
			"%s:%u: '%s' cannot be included, so libpam refuses "
			"the service",
			place->path, place->number, name != NULL ? name : "");
}

/* "@include FILE": lines of all types, unless only some are wanted here. */
static void
include_all(struct reader *reader, const struct place *place, const char *name)
{
	struct context inner = *place->context;

	inner.service = NULL;
	inner.depth++;
	include(reader, place, &inner, name);
}

/* "session include FILE", "session substack FILE" */
static void
include_sessions(struct reader *reader, const struct place *place,
	const char *name, bool is_substack)
{
	const struct context inner = {
		.is_session_only = true,
		.depth = place->context->depth + 1,
		.level = place->context->level + is_substack,
	};

	if (is_substack)
		add_line(reader, place, PAMD_SUBSTACK);
	include(reader, place, &inner, name);
}

/* The control, the module and its arguments. */
static void
read_module(struct pamd_line *line, const char *control, char *rest)
{
	const char *module = pamd_next_word(&rest);
	bool is_keyword = pamd_is_keyword(control);

	line->actions = pamd_read_control(control);
	if (module == NULL)
		line->kind = PAMD_BROKEN;
	if (line->kind == PAMD_BROKEN)
		return;
	line->control = format_raw(is_keyword ? "%s" : "[%s]", control);
	line->module = need(strdup(module));
	line->arguments = need(strdup(rest));
}

/* What stands behind "session". */
static void
read_session(struct reader *reader, const struct place *place, char *rest)
{
	const char *control = pamd_next_word(&rest);
	bool is_include = control != NULL && !strcasecmp(control, "include");
	bool is_substack = control != NULL && !strcasecmp(control, "substack");
	bool is_faulty = place->is_faulty || control == NULL;
	struct pamd_line *line;

	if (is_include || is_substack) {
		include_sessions(
			reader, place, pamd_next_word(&rest), is_substack);
		return;
	}
	line = add_line(reader, place, is_faulty ? PAMD_BROKEN : PAMD_MODULE);
	if (control != NULL)
		read_module(line, control, rest);
}

enum type {
	TYPE_SESSION,
	TYPE_OTHER,
	TYPE_INCLUDE,
	TYPE_UNKNOWN,
};

static enum type
find_type(const char *word)
{
	static const struct {
		const char *word;
		enum type type;
	} types[] = {
		{ "session", TYPE_SESSION },
		{ "auth", TYPE_OTHER },
		{ "account", TYPE_OTHER },
		{ "password", TYPE_OTHER },
		{ "@include", TYPE_INCLUDE },
	};

	for (size_t i = 0; word != NULL && i < countof(types); i++) {
		if (strcasecmp(types[i].word, word) == 0)
			return types[i].type;
	}
	return TYPE_UNKNOWN;
}

static void
read_line(struct reader *reader, struct place *place, char *text)
{
	const struct context *context = place->context;
	const char *word;
	enum type type;

	if (context->service != NULL) {
		word = pamd_next_word(&text);
		if (word == NULL || strcasecmp(word, context->service) != 0)
			return;
	}
	word = pamd_next_word(&text);
	place->is_silent = word != NULL && *word == '-';
	type = find_type(place->is_silent ? word + 1 : word);
	/* it counts as of the type that is wanted; else as auth */
	place->is_faulty = type == TYPE_UNKNOWN;
	if (type == TYPE_INCLUDE)
		include_all(reader, place, pamd_next_word(&text));
	else if (type == TYPE_SESSION ||
		(place->is_faulty && context->is_session_only))
		read_session(reader, place, text);
}

/* 0, or -EBADMSG when libpam gives up on the file. */
static int
read_lines(struct reader *reader, const struct context *context,
	const struct file *file)
{
	struct pamd_text text;
	bool is_cut;

	keep_name(reader->stack, file->shown);
	pamd_text_begin(&text, file->bytes, file->size);
	while (reader->stack->fault == NULL && pamd_text_next(&text)) {
		struct place place = {
			.context = context,
			.path = file->shown,
			.number = text.number,
		};

		read_line(reader, &place, text.line);
	}
	is_cut = text.is_cut;
	pamd_text_end(&text);
	return is_cut ? -EBADMSG : 0;
}

/* --- Services ------------------------------------------------------------ */

static bool
has_directories(const struct root *root)
{
	for (const char *const *path = pamd_directories; *path != NULL;
		path++) {
		if (root_has(root, *path))
			return true;
	}
	return false;
}

/* Where there is a pam.d, pam.conf does not count. */
static void
read_service(struct reader *reader, const char *name)
{
	bool is_split = has_directories(reader->root);
	const struct context context = { .service = is_split ? NULL : name };
	struct pamd_stack *stack = reader->stack;
	struct file file;
	int r = read_file(reader, is_split ? name : PAM_CONF, &file);
	bool is_there = !root_is_absent(r);

	if (r == 0 && read_lines(reader, &context, &file) < 0)
		set_fault(reader,
			"%s ends in a backslash, so libpam refuses the service",
			file.shown);
	if (!is_split)
		is_there = stack->count > 0;
	if (is_there && !stack->is_other)
		stack->file = need(strdup(file.shown));
	stack->is_there = stack->is_there || is_there;
	file_clear(&file);
}

struct pamd_stack
pamd_read(const struct root *root, const char *service)
{
	char *name = need(strdup(path_name(service)));
	struct pamd_stack stack = { 0 };
	struct reader reader = { .root = root, .stack = &stack };

	for (char *p = name; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	read_service(&reader, name);
	if (stack.count == 0 && stack.fault == NULL) {
		stack.is_other = true;
		read_service(&reader, OTHER);
	}
	free(name);
	return stack;
}

static void
line_clear(struct pamd_line *line)
{
	free(line->file);
	free(line->control);
	free(line->module);
	free(line->arguments);
}

void
pamd_stack_clear(struct pamd_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		line_clear(&stack->lines[i]);
	for (size_t i = 0; i < stack->n_files; i++)
		free(stack->files[i]);
	free(stack->lines);
	free(stack->files);
	free(stack->file);
	free(stack->fault);
	*stack = (struct pamd_stack){ 0 };
}
