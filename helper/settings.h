/* SPDX-License-Identifier: MIT */
#ifndef HELPER_SETTINGS_H
#define HELPER_SETTINGS_H

/*
 * What a line says of one of the variables a libvirt client takes its URI
 * from; and the small change of those who read such lines.
 */

#include <stdbool.h>

#include "words.h"

/* One of the variables, in a line. */
struct name {
	const char *variable; /* LIBVIRT_DEFAULT_URI or … */
	const char *at; /* where it stands */
};

/* Strings are the teller's. */
struct setting {
	struct name name;
	const char *value; /* NULL: not a plain value */
	bool is_unset; /* it removes the variable; value is NULL */
};

/* Who reads, and whom it is told. */
struct reader {
	enum dialect dialect;
	void (*tell)(void *context, const struct setting *setting);
	void *context;
};

/* Does it begin so? Then that is cut off. */
bool span_cut(struct span *text, const char *prefix);

bool span_contains(struct span text, const char *part);

/* Does one of the names stand behind this prefix? Then both are cut off. */
bool span_cut_name(struct span *word, const char *prefix, struct name *ret);

/*
 * Tells of a value as it is written; no text at all is the empty value. Not
 * if it leaves an older one alone, as ${NAME:-value} does.
 */
void tell_value(
	const struct reader *reader, struct name name, struct span value);

/* … of a value that is not plain */
void tell_unknown(const struct reader *reader, struct name name);

/* … of a variable being removed, if the word is one, behind a prefix */
void tell_unset(
	const struct reader *reader, const char *prefix, struct span word);

/* … of "NAME=value" or "NAME+=value", if the name is one of ours; the whole
 * may be in quotes */
void tell_assignment(const struct reader *reader, struct span word);

#endif
