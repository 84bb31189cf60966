/* SPDX-License-Identifier: MIT */
/*
 * Rules are JavaScript: polkit(8). This reads words, strings and punctuation,
 * and looks for what everybody writes: a rule that compares the action's name,
 * and behind it a call of isInGroup. It misses what is put together in other
 * ways, and is a hint for people, no more: polkit itself is asked, too.
 */
#include "polkit_rules.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../policy/text.h"
#include "files.h"
#include "output.h"
#include "root.h"

#define ACTION "org.libvirt.unix.manage"

/* Of a directory. */
#define FILES_MAX 1000

/* By rank: of two rules, that of /etc is asked first. */
static const char *const installed[] = {
	"/etc/polkit-1/rules.d",
	"/run/polkit-1/rules.d",
	"/usr/local/share/polkit-1/rules.d",
	"/usr/share/polkit-1/rules.d",
	NULL,
};

/* --- Tokens -------------------------------------------------------------- */

enum token_kind {
	TOKEN_END, /* or something that has no end */
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_OTHER, /* one character */
};

struct token {
	enum token_kind kind;
	struct span text; /* of a string: without its quotes */
};

static bool
is_word_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '_' || c == '$';
}

/* Past blanks and comments. */
static const char *
skip_to_token(const char *p)
{
	for (;;) {
		p += strspn(p, " \t\r\n");
		if (strncmp(p, "//", 2) == 0) {
			p += strcspn(p, "\n");
		} else if (strncmp(p, "/*", 2) == 0) {
			p = strstr(p + 2, "*/");
			if (p == NULL)
				return "";
			p += 2;
		} else {
			return p;
		}
	}
}

/* The quote that ends what begins at p; NULL: there is none. */
static const char *
find_quote(const char *p, char quote)
{
	while (*p != '\0' && *p != quote)
		p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
	return *p == quote ? p : NULL;
}

static struct token
next_token(const char **text)
{
	const char *start = skip_to_token(*text), *end = start;
	enum token_kind kind = TOKEN_OTHER;

	if (*start == '"' || *start == '\'') {
		end = find_quote(start + 1, *start);
		*text = end != NULL ? end + 1 : "";
		if (end == NULL)
			return (struct token){ .kind = TOKEN_END };
		start++;
		return (struct token){ TOKEN_STRING,
			{ start, (size_t)(end - start) } };
	}
	while (is_word_character(*end))
		end++;
	if (*start == '\0')
		kind = TOKEN_END;
	else if (end > start)
		kind = TOKEN_WORD;
	else
		end++;
	*text = end;
	return (struct token){ kind, { start, (size_t)(end - start) } };
}

static bool
is_word(const struct token *token, const char *word)
{
	return token->kind == TOKEN_WORD && text_equals(token->text, word);
}

static bool
is_mark(const struct token *token, const char *mark)
{
	return token->kind == TOKEN_OTHER && text_equals(token->text, mark);
}

/* --- A file -------------------------------------------------------------- */

/* A string's value, as far as names need it: "\\" is a backslash. */
static char *
unescape(struct span text)
{
	char *name = need(malloc(text.size + 1)), *end = name;

	for (size_t i = 0; i < text.size; i++) {
		if (text.start[i] == '\\' && i + 1 < text.size)
			i++;
		*end++ = text.start[i];
	}
	*end = '\0';
	return name;
}

/* Behind the word isInGroup: the name in its call, or end: none is written. */
static struct token
read_call(const char **text)
{
	const char *rest = *text;
	struct token token = next_token(&rest);

	if (is_mark(&token, "(")) {
		token = next_token(&rest);
		if (token.kind == TOKEN_STRING && token.text.size > 0) {
			*text = rest;
			return token;
		}
	}
	return (struct token){ .kind = TOKEN_END };
}

static int
search_text(const char *text, char **ret)
{
	bool is_ours = false; /* this rule has named the action */
	bool is_negated = false;
	struct token token, name;

	while ((token = next_token(&text)).kind != TOKEN_END) {
		if (is_word(&token, "addRule") ||
			is_word(&token, "addAdminRule")) {
			is_ours = false;
		} else if (token.kind == TOKEN_STRING &&
			text_equals(token.text, ACTION)) {
			is_ours = true;
		} else if (is_word(&token, "isInGroup") && is_ours) {
			name = read_call(&text);
			if (name.kind == TOKEN_STRING && !is_negated) {
				*ret = unescape(name.text);
				return 0;
			}
		}
		/* "!subject.isInGroup" */
		if (token.kind == TOKEN_OTHER && !is_mark(&token, "."))
			is_negated = is_mark(&token, "!");
	}
	return -ENOENT;
}

int
polkit_parse_group(const char *text, size_t size, char **ret)
{
	char *copy = need(strndup(text, size));
	int r = search_text(copy, ret);

	free(copy);
	return r;
}

/* --- Files --------------------------------------------------------------- */

static int
search_file(const char *directory, const char *name, char **ret)
{
	const struct tree host = { .fd = -1 };
	char *path = format_raw("%s/%s", directory, name);
	struct stat status;
	char *bytes;
	size_t size;
	int r = files_read(&host, path, &bytes, &size, &status);

	free(path);
	if (r < 0)
		return r;
	r = polkit_parse_group(bytes, size, ret);
	free(bytes);
	return r;
}

/* One directory's files, by name. */
static int
search_directory(const char *directory, char **ret)
{
	const struct tree host = { .fd = -1 };
	bool is_denied = false, is_found = false;
	char **names;
	size_t count;
	int r = files_list(
		&host, directory, ".rules", FILES_MAX, &names, &count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count && !is_found; i++) {
		r = search_file(directory, names[i], ret);
		is_found = r == 0;
		is_denied = is_denied || r == -EACCES;
	}
	files_free_names(names, count);
	return is_found ? 0 : is_denied ? -EACCES : -ENOENT;
}

int
polkit_find_group(const char *const *directories, char **ret)
{
	bool is_denied = false;

	if (directories == NULL)
		directories = installed;
	for (; *directories != NULL; directories++) {
		int r = search_directory(*directories, ret);

		if (r == 0)
			return 0;
		is_denied = is_denied || r == -EACCES;
	}
	return is_denied ? -EACCES : -ENOENT;
}
