/* SPDX-License-Identifier: MIT */
/*
 * Does a rule ever decide, and does it decide for whom its author thinks?
 */
#include "lint.h"

#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "output.h"

static const enum rule_key conditions[] = { KEY_SERVICES, KEY_FROM, KEY_UIDS,
	KEY_REQUIRE_GROUPS, KEY_EXCLUDE_GROUPS };

static bool
is_group_kind(const struct rule *rule)
{
	return rule->kind == RULE_GROUP || rule->kind == RULE_GID;
}

/* A name and a gid, of one group? Two names are the directory's business. */
static bool
is_same_group(const struct lint *lint, size_t i, size_t j)
{
	const struct lint_group *a = &lint->groups[i], *b = &lint->groups[j];

	return lint->policy->rules[i]->kind != lint->policy->rules[j]->kind &&
		a->is_known && b->is_known && a->gid == b->gid;
}

static bool
is_unconditional(const struct content *content)
{
	for (size_t i = 0; i < countof(conditions); i++) {
		if (content->lines[conditions[i]] != 0)
			return false;
	}
	return true;
}

static bool
has_same_conditions(const struct content *a, const struct content *b)
{
	for (size_t i = 0; i < countof(conditions); i++) {
		const char *x = a->values[conditions[i]];
		const char *y = b->values[conditions[i]];

		if ((x == NULL) != (y == NULL) ||
			(x != NULL && strcmp(x, y) != 0))
			return false;
	}
	return true;
}

/* A rule before i in deciding order that leaves nothing to it. */
static const struct rule *
find_shadow(const struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	const struct content *content = &lint->contents[i];

	for (size_t j = 0; j < i; j++) {
		const struct rule *before = lint->policy->rules[j];
		const struct content *other = &lint->contents[j];

		/* a header that stands in a file twice is a mistake, and said
		 */
		bool is_same = rule_same_header(before, rule)
			? before->path != rule->path
			: is_same_group(lint, j, i);

		if (!is_same || content_is_trial(other))
			continue;
		if (is_unconditional(other) ||
			has_same_conditions(other, content))
			return before;
	}
	return NULL;
}

static bool
check_shadow(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	const struct rule *shadow;

	shadow = find_shadow(lint, i);
	if (shadow == NULL)
		return false;
	lint_say(lint, REMARK_WARNING, rule, rule->line,
		"never decides: %s:%u speaks to the same people and comes "
		"first",
		shadow->path, shadow->line);
	return true;
}

/* Is the item also in the list? */
static bool
contains(const char *list, struct span wanted)
{
	struct span rest = { list, strlen(list) }, item;

	while (text_next_item(&rest, &item)) {
		if (item.size == wanted.size &&
			memcmp(item.start, wanted.start, item.size) == 0)
			return true;
	}
	return false;
}

static void
check_contradiction(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	const char *excluded = lint->contents[i].values[KEY_EXCLUDE_GROUPS];
	const char *required = lint->contents[i].values[KEY_REQUIRE_GROUPS];
	struct span rest, item;

	if (excluded == NULL)
		return;
	if (rule->kind == RULE_GROUP &&
		contains(excluded,
			(struct span){ rule->name, strlen(rule->name) }))
		lint_say_key(lint, REMARK_WARNING, i, KEY_EXCLUDE_GROUPS,
			"never applies: it excludes the group it is for");
	if (required == NULL)
		return;
	rest = (struct span){ required, strlen(required) };
	while (text_next_item(&rest, &item)) {
		if (contains(excluded, item))
			lint_say_key(lint, REMARK_WARNING, i,
				KEY_EXCLUDE_GROUPS,
				"never applies: '%.*s' is required and "
				"excluded",
				(int)item.size, item.start);
	}
}

static size_t
place_of(const struct policy *policy, const struct rule *rule)
{
	size_t i = 0;

	while (policy->files[i].path != rule->path)
		i++;
	return i;
}

static char *
describe_gift(const struct content *content)
{
	const char *uri = content->values[KEY_URI];

	if (uri == NULL || content_sets_none(content))
		return need(strdup("get no URI"));
	return need(text_format("keep %s", uri));
}

/* "[others]" in a late file looks as if it overrode what came before. */
static void
check_others(struct lint *lint, size_t i)
{
	const struct policy *policy = lint->policy;
	const struct rule *rule = policy->rules[i];
	size_t place = place_of(policy, rule);

	if (rule->kind != RULE_OTHERS)
		return;
	for (size_t j = 0; j < i; j++) {
		const struct rule *before = policy->rules[j];
		char *header, *gift;

		if (!is_group_kind(before) || place_of(policy, before) >= place)
			continue;
		header = need(rule_format_header(before));
		gift = describe_gift(&lint->contents[j]);
		lint_say(lint, REMARK_WARNING, rule, rule->line,
			"[others] comes after every [group]: those of %s %s "
			"(%s:%u)",
			header, gift, before->path, before->line);
		free(header);
		free(gift);
		return;
	}
}

static bool
gives_the_same(const struct content *a, const struct content *b)
{
	const char *x = a->values[KEY_URI], *y = b->values[KEY_URI];

	return x != NULL && y != NULL && strcmp(x, y) == 0;
}

/* May j, before i in the same file, take people from i? */
static bool
is_rival(const struct lint *lint, size_t i, size_t j)
{
	const struct rule *rule = lint->policy->rules[i];
	const struct rule *before = lint->policy->rules[j];

	return is_group_kind(before) && before->path == rule->path &&
		!content_is_trial(&lint->contents[j]) &&
		has_same_conditions(&lint->contents[i], &lint->contents[j]) &&
		!gives_the_same(&lint->contents[i], &lint->contents[j]);
}

static bool
is_selected(struct subject *subject, const struct rule *rule)
{
	enum answer answer = rule->kind == RULE_GID
		? subject_in_gid(subject, rule->gid)
		: subject_in_group(subject, rule->name);

	return answer == ANSWER_YES;
}

/* The rule that takes people from rule i, once somebody is found. */
struct competition {
	const struct lint *lint;
	size_t i;
	const struct rule *winner;
};

static bool
is_taken(void *context, struct subject *subject)
{
	struct competition *competition = context;
	const struct policy *policy = competition->lint->policy;

	for (size_t j = 0; j < competition->i; j++) {
		if (!is_rival(competition->lint, competition->i, j) ||
			!is_selected(subject, policy->rules[j]))
			continue;
		if (competition->winner == NULL)
			competition->winner = policy->rules[j];
		return competition->winner == policy->rules[j];
	}
	return false;
}

/* Within a file and kind the upper rule decides: does that touch anybody? */
static void
check_competition(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	struct competition competition = { .lint = lint, .i = i };
	struct people people = { 0 };
	char *names;

	if (!lint->groups[i].is_known || content_is_trial(&lint->contents[i]))
		return;
	people_add_members(&people, &lint->census, lint->groups[i].gid);
	if (people.count > lint->members_left)
		people_truncate(&people, lint->members_left);
	lint->members_left -= people.count;
	names = people_name_those(
		&people, &lint->facts, is_taken, &competition);
	if (names != NULL)
		lint_say(lint, REMARK_WARNING, rule, rule->line,
			"for %s line %u decides, since they are in that group "
			"too; the upper rule counts",
			names, competition.winner->line);
	free(names);
	people_clear(&people);
}

void
lint_check_reach(struct lint *lint, size_t i)
{
	check_contradiction(lint, i);
	if (check_shadow(lint, i))
		return;
	check_others(lint, i);
	check_competition(lint, i);
}
