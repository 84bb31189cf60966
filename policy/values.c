/* SPDX-License-Identifier: MIT */
/*
 * libeconf's versions differ in what they make of comments, repetitions, long
 * files and lines without '='. So it never sees a file: it is given, one by
 * one, the entries that the scanner accepted. A file in memory with just these
 * would do too, and was a third of a session's cost (tests/bench/README.md).
 * It also keeps libeconf's own, which grows with entries times sections, out
 * of policies with many rules.
 */
#include "values.h"

#include <errno.h>
#include <libeconf.h>
#include <stdlib.h>
#include <string.h>

#define SECTION "rule"

static bool
has_sound_entry(const struct body *body)
{
	for (int key = 0; key < KEY_COUNT; key++) {
		if (body->entries[key].is_sound)
			return true;
	}
	return false;
}

/*
 * Not each version of libeconf looks at all that it allocates (initialize() and
 * addbrackets() do not), and where memory is short it would take the login down
 * with it. So it is only asked while there is enough for its tables, and as
 * many copies of the text as any version makes.
 */
static bool
has_memory(const struct body *body)
{
	size_t size = 65536;
	void *volatile room; /* or compilers see that it is not used */

	for (int key = 0; key < KEY_COUNT; key++)
		size += 16 * body->entries[key].value.size;
	room = malloc(size);
	free(room);
	return room != NULL;
}

static int
errno_of(econf_err error)
{
	return error == ECONF_NOMEM ? -ENOMEM : -EIO;
}

static int
store(econf_file *file, const struct body *body)
{
	for (int key = 0; key < KEY_COUNT; key++) {
		const struct entry *entry = &body->entries[key];
		econf_err error;
		char *value;

		if (!entry->is_sound)
			continue;
		value = strndup(entry->value.start, entry->value.size);
		if (value == NULL)
			return -ENOMEM;
		error = econf_setStringValue(
			file, SECTION, rule_key_names[key], value);
		free(value);
		if (error != ECONF_SUCCESS)
			return errno_of(error);
	}
	return 0;
}

static int
fetch(econf_file *file, const struct body *body, char *values[KEY_COUNT])
{
	for (int key = 0; key < KEY_COUNT; key++) {
		econf_err error;

		if (!body->entries[key].is_sound)
			continue;
		error = econf_getStringValue(
			file, SECTION, rule_key_names[key], &values[key]);
		if (error != ECONF_SUCCESS)
			return errno_of(error);
		if (values[key] == NULL)
			return -ENOMEM;
	}
	return 0;
}

int
values_read(const struct body *body, char *values[KEY_COUNT])
{
	econf_file *file = NULL;
	econf_err error;
	int r;

	memset(values, 0, KEY_COUNT * sizeof(*values));
	if (!has_sound_entry(body))
		return 0;
	if (!has_memory(body))
		return -ENOMEM;
	error = econf_newKeyFile(&file, '=', '#');
	r = error == ECONF_SUCCESS ? store(file, body) : errno_of(error);
	if (r == 0)
		r = fetch(file, body, values);
	econf_freeFile(file);
	if (r < 0)
		values_free(values);
	return r;
}

void
values_free(char *values[KEY_COUNT])
{
	for (int key = 0; key < KEY_COUNT; key++) {
		free(values[key]);
		values[key] = NULL;
	}
}
