/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"

static const char *const variables[] = {
	"LIBVIRT_DEFAULT_URI",
	"VIRSH_DEFAULT_CONNECT_URI",
};

bool
span_contains(struct span text, const char *part)
{
	return text.size > 0 &&
		memmem(text.start, text.size, part, strlen(part)) != NULL;
}

bool
span_cut(struct span *text, const char *prefix)
{
	size_t size = strlen(prefix);

	if (text->size < size || memcmp(text->start, prefix, size) != 0)
		return false;
	*text = (struct span){ text->start + size, text->size - size };
	return true;
}

bool
span_cut_name(struct span *word, const char *prefix, struct name *ret)
{
	struct span rest = *word;

	if (!span_cut(&rest, prefix))
		return false;
	for (size_t i = 0; i < countof(variables); i++) {
		const char *at = rest.start;

		if (span_cut(&rest, variables[i])) {
			*word = rest;
			*ret = (struct name){ variables[i], at };
			return true;
		}
	}
	return false;
}

/* ${NAME:-…}, ${NAME:=…} and their like: an older value counts. */
static bool
keeps_value(struct span value, const char *variable)
{
	const char *at =
		memmem(value.start, value.size, variable, strlen(variable));
	struct span rest;

	if (at == NULL)
		return false;
	rest.start = at + strlen(variable);
	rest.size = value.size - (size_t)(rest.start - value.start);
	span_cut(&rest, ":");
	return span_cut(&rest, "-") || span_cut(&rest, "=") ||
		span_contains(value, "default") || span_contains(value, "get(");
}

void
tell_value(const struct reader *reader, struct name name, struct span value)
{
	struct setting setting = { .name = name };
	char *text;

	if (keeps_value(value, name.variable))
		return;
	text = word_unquote(reader->dialect, value);
	setting.value = text;
	reader->tell(reader->context, &setting);
	free(text);
}

void
tell_unknown(const struct reader *reader, struct name name)
{
	struct setting setting = { .name = name };

	reader->tell(reader->context, &setting);
}

void
tell_unset(const struct reader *reader, const char *prefix, struct span word)
{
	struct setting setting = { .is_unset = true };

	if (span_cut_name(&word, prefix, &setting.name) && word.size == 0)
		reader->tell(reader->context, &setting);
}

static bool
begins_quoted(struct span word)
{
	return word.size > 0 && (*word.start == '"' || *word.start == '\'');
}

/* "NAME=value" in quotes as a whole */
static void
tell_quoted(const struct reader *reader, struct span word)
{
	char *text = word_unquote(reader->dialect, word);
	struct setting setting = { .value = NULL };
	const char *at = word.start + 1;

	if (text != NULL)
		word = (struct span){ text, strlen(text) };
	else
		word = (struct span){ at, word.size - 1 };
	if (span_cut_name(&word, "", &setting.name) && span_cut(&word, "=") &&
		!keeps_value(word, setting.name.variable)) {
		setting.name.at = at;
		setting.value = text != NULL ? word.start : NULL;
		reader->tell(reader->context, &setting);
	}
	free(text);
}

void
tell_assignment(const struct reader *reader, struct span word)
{
	struct name name;

	if (begins_quoted(word))
		tell_quoted(reader, word);
	if (!span_cut_name(&word, "", &name))
		return;
	if (span_cut(&word, "="))
		tell_value(reader, name, word);
	else if (span_cut(&word, "+="))
		tell_unknown(reader, name);
}
