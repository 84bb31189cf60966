/* SPDX-License-Identifier: MIT */
#ifndef POLICY_CONTENT_H
#define POLICY_CONTENT_H

/*
 * What a rule says, for whomever: its values, and whether they have the form
 * that virturi.conf(5) wants. What they mean for a session is judge.h's.
 */

#include "scan.h"

/* The values that are well-formed; lines for whoever speaks of them. */
struct content {
	char *values[KEY_COUNT]; /* owned; NULL: not there, or mistaken */
	unsigned int lines[KEY_COUNT]; /* 0: not there */
};

/*
 * Reads a rule. Every mistake is added to remarks as an error: those of
 * scan_body(), conditions that are malformed, a template that is no URI
 * whoever it is expanded for, and what keeps libeconf from reading.
 *
 * Returns 0 with the content in *ret*, to be cleared; -ENOMEM with nothing to
 * clear.
 */
int content_read(
	const struct rule *rule, struct content *ret, struct remarks *remarks);

void content_clear(struct content *content);

/* uri = none */
bool content_sets_none(const struct content *content);

/* trial = yes */
bool content_is_trial(const struct content *content);

/*
 * One item of `uids`: "1000", "1000-" or "1000-59999". Returns NULL with the
 * range in *first* and *last*, else what is wrong.
 */
const char *content_parse_range(
	struct span item, uint32_t *first, uint32_t *last);

#endif
