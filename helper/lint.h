/* SPDX-License-Identifier: MIT */
#ifndef HELPER_LINT_H
#define HELPER_LINT_H

/*
 * What lint's checks share. The engine says what is a mistake (error); the
 * checks here know what an admin probably did not want, and ask libvirt's
 * URIs, the host's users, groups and services.
 */

#include <stdbool.h>

#include "../policy/content.h"
#include "../policy/facts.h"
#include "../policy/policy.h"
#include "options.h"
#include "people.h"

/* What a group rule's header comes down to on this host. */
struct lint_group {
	bool is_known;
	gid_t gid;
};

struct lint {
	const struct options *options;
	const struct policy *policy;
	struct content *contents; /* of policy->rules, in the same order */
	struct facts facts;
	struct census census;
	struct lint_group *groups; /* for each rule, likewise */
	size_t members_left; /* that may still be looked at */
	struct remarks found;
};

/* A check of one rule: policy->rules[i]. */
typedef void lint_check(struct lint *lint, size_t i);

lint_check lint_check_uri; /* lint_uri.c: what libvirt makes of it */
lint_check lint_check_names; /* lint_names.c: users, groups, services */
lint_check lint_check_reach; /* lint_reach.c: does it ever decide? */

/* Adds a finding about a line of the rule's file. */
void lint_say(struct lint *lint, enum remark_severity severity,
	const struct rule *rule, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* The same about one of the rule's keys. */
#define lint_say_key(lint, severity, i, key, ...)                              \
	lint_say(lint, severity, (lint)->policy->rules[i],                     \
		(lint)->contents[i].lines[key], __VA_ARGS__)

/* Is the rule's file one that was asked about? */
bool lint_is_asked(const struct lint *lint, const struct rule *rule);

#endif
