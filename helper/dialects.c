/* SPDX-License-Identifier: MIT */
#include "dialects.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"

/* Is the word one of a list that ends with NULL? */
static bool
is_among(struct span word, const char *const *list)
{
	while (*list != NULL && !text_equals(word, *list))
		list++;
	return *list != NULL;
}

/* What is left of a command behind one of its words. */
static struct span
text_behind(const struct words *words, struct span word)
{
	struct span last = words->list[words->count - 1];
	const char *start = word.start + word.size;

	return text_trim((struct span){
		start, (size_t)(last.start + last.size - start) });
}

/* --- sh and its like ------------------------------------------------------ */

static bool
is_option(struct span word)
{
	return word.size > 1 && (word.start[0] == '-' || word.start[0] == '+');
}

/* "-gx" has g and x; "--export" has no letters. */
static bool
has_letter(struct span option, char sign, char letter)
{
	return option.start[0] == sign && option.start[1] != '-' &&
		memchr(option.start, letter, option.size) != NULL;
}

/* export, declare, typeset, readonly: options, names, assignments */
static void
read_declare(
	const struct reader *reader, const struct words *words, size_t first)
{
	bool is_export = text_equals(words->list[first], "export");
	bool is_unset = false;

	for (size_t i = first + 1; i < words->count; i++) {
		struct span word = words->list[i];
		const char *equals = memchr(word.start, '=', word.size);

		if (is_option(word)) {
			if (has_letter(word, '+', 'x') ||
				(is_export && has_letter(word, '-', 'n')))
				is_unset = true;
		} else if (!is_unset) {
			tell_assignment(reader, word);
		} else {
			if (equals != NULL)
				word.size = (size_t)(equals - word.start);
			tell_unset(reader, "", word);
		}
	}
}

static void
read_unset(const struct reader *reader, const struct words *words, size_t first)
{
	for (size_t i = first + 1; i < words->count; i++) {
		if (text_equals(words->list[i], "-f"))
			return; /* functions */
		tell_unset(reader, "", words->list[i]);
	}
}

/* "NAME=value", with any name? */
static bool
is_assignment(struct span word)
{
	size_t i = 0;

	while (i < word.size &&
		(isalnum((unsigned char)word.start[i]) || word.start[i] == '_'))
		i++;
	word = (struct span){ word.start + i, word.size - i };
	return i > 0 && (span_cut(&word, "=") || span_cut(&word, "+="));
}

static void
read_sh(const struct reader *reader, const struct words *words, size_t first)
{
	static const char *const declare[] = { "export", "declare", "typeset",
		"readonly", NULL };
	size_t i = first;

	if (is_among(words->list[first], declare)) {
		read_declare(reader, words, first);
		return;
	}
	if (text_equals(words->list[first], "unset")) {
		read_unset(reader, words, first);
		return;
	}
	while (i < words->count && is_assignment(words->list[i]))
		i++;
	if (i < words->count)
		return; /* they hold for this command only */
	for (i = first; i < words->count; i++)
		tell_assignment(reader, words->list[i]);
}

/* --- fish ----------------------------------------------------------------- */

/* What set is told to do, by its options. */
struct fish_set {
	bool is_other; /* nothing to the environment, or not for long */
	bool is_unset;
	bool is_more; /* it appends or prepends */
};

static void
read_fish_option(struct span option, struct fish_set *set)
{
	/* what comes with the environment hides universal variables */
	static const char *const other[] = { "--query", "--local", "--function",
		"--names", "--show", "--help", "--universal", NULL };
	static const char *const unset[] = { "--erase", "--unexport", NULL };
	static const char *const more[] = { "--append", "--prepend", NULL };

	set->is_other |= is_among(option, other);
	set->is_unset |= is_among(option, unset);
	set->is_more |= is_among(option, more);
	for (const char *letter = "qlfnShU"; *letter != '\0'; letter++)
		set->is_other |= has_letter(option, '-', *letter);
	for (const char *letter = "eu"; *letter != '\0'; letter++)
		set->is_unset |= has_letter(option, '-', *letter);
	for (const char *letter = "ap"; *letter != '\0'; letter++)
		set->is_more |= has_letter(option, '-', *letter);
}

static void
read_fish(const struct reader *reader, const struct words *words, size_t first)
{
	struct fish_set set = { 0 };
	struct span word;
	struct name name;
	size_t i = first + 1;

	if (text_equals(words->list[first], "export"))
		read_declare(reader, words, first);
	if (!text_equals(words->list[first], "set"))
		return;
	for (; i < words->count && is_option(words->list[i]); i++)
		read_fish_option(words->list[i], &set);
	if (i == words->count || set.is_other)
		return;
	word = words->list[i];
	if (set.is_unset) {
		tell_unset(reader, "", word);
		return;
	}
	if (!span_cut_name(&word, "", &name) || word.size > 0)
		return;
	if (set.is_more)
		tell_unknown(reader, name);
	else
		tell_value(reader, name, text_behind(words, word));
}

/* --- csh, nu, xonsh, elvish: languages of few forms ----------------------- */

enum how {
	HOW_VALUE, /* the value stands behind the name */
	HOW_EQUALS, /* … behind the name and "=" */
	HOW_UNSET, /* what follows are names of variables to be removed */
};

static const struct form {
	enum dialect dialect;
	enum how how;
	const char *command; /* the first word; NULL: there is none */
	const char *before, *after; /* around the name, in the same word */
} forms[] = {
	{ DIALECT_CSH, HOW_VALUE, "setenv", "", "" },
	{ DIALECT_CSH, HOW_UNSET, "unsetenv", "", "" },
	{ DIALECT_NU, HOW_EQUALS, NULL, "$env.", "" },
	{ DIALECT_NU, HOW_EQUALS, "let-env", "", "" },
	{ DIALECT_NU, HOW_VALUE, NULL, "", ":" }, /* in load-env's record */
	{ DIALECT_NU, HOW_UNSET, "hide-env", "", "" },
	{ DIALECT_XONSH, HOW_EQUALS, NULL, "$", "" },
	{ DIALECT_XONSH, HOW_EQUALS, NULL, "${'", "'}" },
	{ DIALECT_XONSH, HOW_EQUALS, NULL, "__xonsh__.env['", "']" },
	{ DIALECT_XONSH, HOW_EQUALS, NULL, "__xonsh__.env[\"", "\"]" },
	{ DIALECT_XONSH, HOW_UNSET, "del", "$", "" },
	{ DIALECT_ELVISH, HOW_EQUALS, "set", "E:", "" },
	{ DIALECT_ELVISH, HOW_EQUALS, NULL, "E:", "" },
	{ DIALECT_ELVISH, HOW_VALUE, "set-env", "", "" },
	{ DIALECT_ELVISH, HOW_UNSET, "unset-env", "", "" },
	{ DIALECT_ELVISH, HOW_UNSET, "del", "E:", "" },
};

static void
read_form(const struct reader *reader, const struct form *form,
	const struct words *words, size_t first)
{
	struct span word, value;
	struct name name;

	if (form->how == HOW_UNSET) {
		for (; first < words->count; first++)
			tell_unset(reader, form->before, words->list[first]);
		return;
	}
	word = words->list[first];
	if (!span_cut_name(&word, form->before, &name) ||
		!span_cut(&word, form->after))
		return;
	if (form->how == HOW_VALUE && form->after[0] == '\0' && word.size > 0)
		return; /* a longer name */
	word.size = 0;
	value = text_behind(words, word);
	if (form->how == HOW_EQUALS && !span_cut(&value, "="))
		return;
	tell_value(reader, name, text_trim(value));
}

static void
read_forms(const struct reader *reader, const struct words *words, size_t first)
{
	for (size_t i = 0; i < countof(forms); i++) {
		const struct form *form = &forms[i];
		bool has_command = form->command != NULL;

		if (form->dialect != reader->dialect ||
			first + has_command >= words->count)
			continue;
		if (!has_command ||
			text_equals(words->list[first], form->command))
			read_form(reader, form, words, first + has_command);
	}
}

/* Words that a command may follow: the first behind them. */
static size_t
skip_reserved(const struct words *words)
{
	static const char *const reserved[] = { "if", "then", "else", "elif",
		"while", "until", "do", "time", "builtin", "command", "begin",
		"and", "or", NULL };
	size_t i = 0;

	while (i < words->count && is_among(words->list[i], reserved))
		i++;
	return i;
}

static struct span
read_commands(const struct reader *reader, struct span line)
{
	struct cutter cutter = cutter_begin(reader->dialect, line);
	struct words words;

	while (words_next(&cutter, &words)) {
		size_t first = skip_reserved(&words);

		if (first == words.count)
			continue;
		if (reader->dialect == DIALECT_SH)
			read_sh(reader, &words, first);
		else if (reader->dialect == DIALECT_FISH)
			read_fish(reader, &words, first);
		else
			read_forms(reader, &words, first);
	}
	return cutter.here;
}

/* --- Files that are no scripts -------------------------------------------- */

/* "NAME=value", the value up to the line's end. */
static void
read_environment(const struct reader *reader, struct span line)
{
	struct name name;

	if (span_cut(&line, "export "))
		line = text_trim(line);
	if (!span_cut_name(&line, "", &name))
		return;
	line = text_trim(line);
	if (!span_cut(&line, "="))
		return;
	/* which of it is a comment, they do not agree on */
	if (span_contains(line, "#"))
		tell_unknown(reader, name);
	else
		tell_value(reader, name, text_trim(line));
}

/* "NAME DEFAULT=value OVERRIDE=value", or as Debian allows it, NAME=value. */
static void
read_pam_env(const struct reader *reader, struct span line)
{
	struct cutter cutter = cutter_begin(reader->dialect, line);
	struct span value = { 0 }, word;
	struct words words;
	struct name name;

	if (!words_next(&cutter, &words))
		return;
	word = words.list[0];
	if (!span_cut_name(&word, "", &name))
		return;
	if (span_cut(&word, "="))
		value = word;
	else if (word.size > 0)
		return;
	for (size_t i = 1; i < words.count; i++) {
		word = words.list[i];
		if (span_cut(&word, "DEFAULT=")
				? value.size == 0
				: span_cut(&word, "OVERRIDE=") && word.size > 0)
			value = word;
	}
	if (value.size == 0)
		tell_unset(reader, "",
			(struct span){ name.at, strlen(name.variable) });
	else if (!span_contains(value, name.variable))
		tell_value(reader, name, value);
}

/* 'DefaultEnvironment=A=b "C=d e"' */
static void
read_systemd(const struct reader *reader, struct span line)
{
	static const char *const keys[] = { "Environment", "DefaultEnvironment",
		"ManagerEnvironment", NULL };
	const char *equals = memchr(line.start, '=', line.size);
	struct span key = line;
	struct cutter cutter;
	struct words words;

	if (equals == NULL)
		return;
	key.size = (size_t)(equals - line.start);
	line.size -= key.size + 1;
	line.start = equals + 1;
	cutter = cutter_begin(reader->dialect, line);
	if (!is_among(text_trim(key), keys) || !words_next(&cutter, &words))
		return;
	for (size_t i = 0; i < words.count; i++)
		tell_assignment(reader, words.list[i]);
}

struct span
dialect_read_line(const struct reader *reader, struct span line)
{
	struct span none = { 0 };

	line = text_trim(line);
	if (reader->dialect == DIALECT_ENVIRONMENT)
		read_environment(reader, line);
	else if (reader->dialect == DIALECT_PAM_ENV)
		read_pam_env(reader, line);
	else if (reader->dialect == DIALECT_SYSTEMD)
		read_systemd(reader, line);
	else
		return read_commands(reader, line);
	return none;
}
