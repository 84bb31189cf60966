/* SPDX-License-Identifier: MIT */
#ifndef HELPER_LINT_H
#define HELPER_LINT_H

/*
 * What lint's checks share. The engine says what is a mistake (error); the
 * checks here know what an admin probably did not want, and ask libvirt's
 * URIs, the host's users, groups and services.
 */

#include <stdbool.h>
#include <stdint.h>

#include "../policy/content.h"
#include "../policy/facts.h"
#include "../policy/policy.h"
#include "options.h"
#include "people.h"

/* No rule. */
#define LINT_NONE SIZE_MAX

/* What a rule's header comes down to. */
struct lint_header {
	size_t place; /* of its file in reading order */
	bool is_repeated; /* in its file */
	bool has_gid; /* it is a group that this host knows */
	gid_t gid;
	size_t before; /* the next one up for the same people, or LINT_NONE */
};

struct lint {
	const struct options *options;
	const struct policy *policy;
	char **paths; /* of policy->files, as remarks have them */
	struct content *contents; /* of policy->rules, in the same order */
	struct facts facts;
	struct census census;
	struct lint_header *headers; /* for each rule, likewise */
	size_t members_left; /* that may still be looked at */
	struct people group_names; /* for guesses; see lint_names.c */
	size_t guesses_left; /* that may still be made: they are slow */
	size_t names_left; /* that may still be looked up, likewise */
	struct remarks found;
};

/* A check of one rule: policy->rules[i]. */
typedef void lint_check(struct lint *lint, size_t i);

lint_check lint_check_uri; /* lint_uri.c: what libvirt makes of it */
lint_check lint_check_names; /* lint_names.c: users, groups, services */
lint_check lint_check_reach; /* lint_reach.c: does it ever decide? */

/* Finds for all headers which come before them; for lint_check_reach(). */
void lint_chain_headers(struct lint *lint);

/* Adds a finding about a line of the rule's file. */
void lint_say(struct lint *lint, enum remark_severity severity,
	const struct rule *rule, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* The same about one of the rule's keys. */
#define lint_say_key(lint, severity, i, key, ...)                              \
	lint_say(lint, severity, (lint)->policy->rules[i],                     \
		(lint)->contents[i].lines[key], __VA_ARGS__)

/* May one more name be looked up? Says once when that is no longer so. */
bool lint_may_look_up(struct lint *lint);

/* Is the rule's file one that was asked about? */
bool lint_is_asked(const struct lint *lint, const struct rule *rule);

#endif
