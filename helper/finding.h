/* SPDX-License-Identifier: MIT */
#ifndef HELPER_FINDING_H
#define HELPER_FINDING_H

/*
 * What one check of the doctor's has to say: a few observations, each with
 * what to do about it. The worst of them is the check's own status. All text
 * is made printable here.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* From good to bad; a check is as bad as its worst observation. */
enum finding_status {
	FINDING_PASS,
	FINDING_SKIP, /* it could not be found out, or does not matter here */
	FINDING_NOTE, /* good to know */
	FINDING_WARN, /* works, but will surprise */
	FINDING_FAIL, /* what this user's URI needs does not work */
};

/* What to do: "this shell", "newgrp libvirt". Owned. */
struct cure {
	char *label; /* may be empty */
	char *text;
};

struct observation {
	enum finding_status status;
	char *text;
	struct cure *cures;
	size_t n_cures;
};

/* All zero, but for id: nothing said yet. */
struct finding {
	const char *id; /* of the check */
	struct observation *observations; /* worst first */
	size_t count;
	size_t latest; /* the one said last */
};

/* Adds an observation. Half a sentence, no full stop. */
void finding_say(struct finding *finding, enum finding_status status,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Adds a cure to what was said last. label is short ("this shell", "for
 * good"), or "" where the text says it all.
 */
void finding_cure(struct finding *finding, const char *label,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The worst; FINDING_SKIP if nothing was said. */
enum finding_status finding_status(const struct finding *finding);

/* "PASS", … */
const char *finding_status_name(enum finding_status status);

/*
 * Prints it: the worst observation in the check's line, the others below it,
 * cures below each. With is_verbose unset, what PASSes is left out beside
 * anything else.
 */
void finding_print(
	const struct finding *finding, bool is_verbose, bool is_colored);

/* {"id": …, "status": …, "text": …, "remedy": …} */
json_t *finding_to_json(const struct finding *finding);

void finding_clear(struct finding *finding);

#endif
