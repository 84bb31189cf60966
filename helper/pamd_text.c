/* SPDX-License-Identifier: MIT */
#include "pamd_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "output.h"

/* Longer jumps lead beyond every end anyhow. */
#define JUMP_MAX 1000000

/* By number, as in Linux-PAM's _pam_types.h; then what [ ] has besides. */
static const char *const value_names[PAMD_VALUES + 1] = {
	"success",
	"open_err",
	"symbol_err",
	"service_err",
	"system_err",
	"buf_err",
	"perm_denied",
	"auth_err",
	"cred_insufficient",
	"authinfo_unavail",
	"user_unknown",
	"maxtries",
	"new_authtok_reqd",
	"acct_expired",
	"session_err",
	"cred_unavail",
	"cred_expired",
	"cred_err",
	"no_module_data",
	"conv_err",
	"authtok_err",
	"authtok_recover_err",
	"authtok_lock_busy",
	"authtok_disable_aging",
	"try_again",
	"ignore",
	"abort",
	"authtok_expired",
	"module_unknown",
	"bad_item",
	"conv_again",
	"incomplete",
	"default",
};

/* By number, negated. */
static const char *const action_names[] = {
	"ignore",
	"ok",
	"done",
	"bad",
	"die",
	"reset",
};

/* --- Lines and words ----------------------------------------------------- */

void
pamd_text_begin(struct pamd_text *text, const char *bytes, size_t size)
{
	*text = (struct pamd_text){
		.next = bytes,
		.end = bytes + size,
		.next_number = 1,
		.line = need(malloc(size + 1)),
	};
}

void
pamd_text_end(struct pamd_text *text)
{
	free(text->line);
	text->line = NULL;
}

static void
add(struct pamd_text *text, struct span part)
{
	memcpy(text->line + text->size, part.start, part.size);
	text->size += part.size;
	text->line[text->size] = '\0';
}

/*
 * Adds the physical line at text->next: from its first character on, up to a
 * comment. Does the line go on? Only if a backslash is its last character,
 * and there is no comment in it.
 */
static bool
add_physical_line(struct pamd_text *text)
{
	size_t left = (size_t)(text->end - text->next);
	const char *newline = memchr(text->next, '\n', left);
	size_t size = newline != NULL ? (size_t)(newline - text->next) : left;
	struct span line = { text->next, strnlen(text->next, size) };
	const char *comment;
	bool goes_on;

	text->next += size + (newline != NULL);
	text->next_number++;
	line = text_trim(line);
	comment = memchr(line.start, '#', line.size);
	goes_on = comment == NULL && line.size > 0 &&
		line.start[line.size - 1] == '\\';
	if (comment != NULL)
		line.size = (size_t)(comment - line.start);
	if (goes_on)
		line.size--;
	add(text, line);
	if (goes_on && line.size > 0)
		add(text, (struct span){ " ", 1 });
	return goes_on;
}

bool
pamd_text_next(struct pamd_text *text)
{
	bool goes_on = false;

	text->size = 0;
	while (text->next < text->end) {
		if (text->size == 0)
			text->number = text->next_number;
		goes_on = add_physical_line(text);
		if (!goes_on && text->size > 0)
			return true;
	}
	text->is_cut = goes_on;
	return false;
}

/* The word in [ ] that begins at text; returns what is behind it. */
static char *
cut_brackets(char *text)
{
	char *out = text;

	for (; *text != '\0' && *text != ']'; text++) {
		if (text[0] == '\\' && text[1] == ']')
			text++;
		*out++ = *text;
	}
	if (*text == ']')
		text++;
	*out = '\0';
	return text;
}

char *
pamd_next_word(char **rest)
{
	static const char blank[] = " \t\n";
	char *word = *rest + strspn(*rest, blank), *end;

	if (*word == '\0') {
		*rest = word;
		return NULL;
	}
	if (*word == '[') {
		*rest = cut_brackets(++word);
		return word;
	}
	end = word + strcspn(word, blank);
	*rest = *end != '\0' ? end + 1 : end;
	*end = '\0';
	return word;
}

/* --- Controls ------------------------------------------------------------ */

/* What the words that are no list of [value=action] stand for. */
static const struct keyword {
	const char *word;
	enum pamd_action success, ignore, otherwise;
} keywords[] = {
	{ "required", PAMD_OK, PAMD_IGNORE, PAMD_BAD },
	{ "requisite", PAMD_OK, PAMD_IGNORE, PAMD_DIE },
	{ "optional", PAMD_OK, PAMD_IGNORE, PAMD_IGNORE },
	{ "sufficient", PAMD_DONE, PAMD_IGNORE, PAMD_IGNORE },
};

static const struct keyword *
find_keyword(const char *word)
{
	for (size_t i = 0; i < countof(keywords); i++) {
		if (strcasecmp(keywords[i].word, word) == 0)
			return &keywords[i];
	}
	return NULL;
}

bool
pamd_is_keyword(const char *control)
{
	return find_keyword(control) != NULL;
}

struct pamd_actions
pamd_always(int action)
{
	struct pamd_actions actions;

	for (int value = 0; value < PAMD_VALUES; value++)
		actions.on[value] = action;
	return actions;
}

static void
set_default(struct pamd_actions *actions, int action)
{
	for (int value = 0; value < PAMD_VALUES; value++) {
		if (actions->on[value] == PAMD_UNSET)
			actions->on[value] = action;
	}
}

static void
skip_space(const char **text)
{
	while (isspace((unsigned char)**text))
		++*text;
}

/* Which of the names does the text begin with? Moves behind it; -1: none. */
static int
take_name(const char **text, const char *const *names, size_t count)
{
	skip_space(text);
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(names[i]);

		if (strncmp(*text, names[i], size) == 0) {
			*text += size;
			return (int)i;
		}
	}
	return -1;
}

/* A name, or how many lines to jump over. */
static bool
take_action(const char **text, int *ret)
{
	int name = take_name(text, action_names, countof(action_names));
	int jump = 0;

	for (; name < 0 && isdigit((unsigned char)**text); ++*text) {
		if (jump < JUMP_MAX)
			jump = 10 * jump + (**text - '0');
	}
	*ret = name >= 0 ? -name : jump;
	return name >= 0 || jump > 0;
}

/* One value=action. False: it is none. */
static bool
take_pair(const char **text, struct pamd_actions *actions)
{
	int value = take_name(text, value_names, countof(value_names));
	int action;

	skip_space(text);
	if (value < 0 || **text != '=')
		return false;
	++*text;
	if (!take_action(text, &action))
		return false;
	if (value == PAMD_VALUES)
		set_default(actions, action);
	else
		actions->on[value] = action;
	return true;
}

static struct pamd_actions
read_list(const char *list)
{
	struct pamd_actions actions = pamd_always(PAMD_UNSET);

	for (skip_space(&list); *list != '\0'; skip_space(&list)) {
		if (!take_pair(&list, &actions))
			return pamd_always(PAMD_BAD);
	}
	set_default(&actions, PAMD_BAD);
	return actions;
}

struct pamd_actions
pamd_read_control(const char *control)
{
	const struct keyword *keyword = find_keyword(control);
	struct pamd_actions actions;

	if (keyword == NULL)
		return read_list(control);
	actions = pamd_always(keyword->otherwise);
	actions.on[PAMD_SUCCESS] = keyword->success;
	actions.on[PAMD_NEW_AUTHTOK_REQD] = keyword->success;
	actions.on[PAMD_VALUE_IGNORE] = keyword->ignore;
	return actions;
}
