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
	const struct lint_header *a = &lint->headers[i];
	const struct lint_header *b = &lint->headers[j];

	return lint->policy->rules[i]->kind != lint->policy->rules[j]->kind &&
		a->has_gid && b->has_gid && a->gid == b->gid;
}

/* A rule's number, by what its header says. */
struct link {
	size_t i;
	enum rule_kind kind; /* of a group with a known gid: RULE_GID */
	gid_t gid;
	const char *name;
};

static int
compare_people(const struct link *a, const struct link *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->gid != b->gid)
		return a->gid < b->gid ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int
compare_links(const void *left, const void *right)
{
	const struct link *a = left, *b = right;
	int order = compare_people(a, b);

	if (order != 0)
		return order;
	return a->i < b->i ? -1 : 1;
}

static struct link
link_of(const struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	const struct lint_header *header = &lint->headers[i];

	if (header->has_gid)
		return (struct link){ i, RULE_GID, header->gid, "" };
	return (struct link){ i, rule->kind, 0, rule->name ? rule->name : "" };
}

void
lint_chain_headers(struct lint *lint)
{
	size_t count = lint->policy->n_rules;
	struct link *links = need(calloc(count + 1, sizeof(*links)));

	for (size_t i = 0; i < count; i++)
		links[i] = link_of(lint, i);
	qsort(links, count, sizeof(*links), compare_links);
	for (size_t i = 0; i < count; i++)
		lint->headers[links[i].i].before =
			i > 0 && compare_people(&links[i - 1], &links[i]) == 0
			? links[i - 1].i
			: LINT_NONE;
	free(links);
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

/* Does j, which comes before i and is for the same group, leave it nothing? */
static bool
is_shadow(const struct lint *lint, size_t i, size_t j)
{
	const struct policy *policy = lint->policy;
	const struct content *other = &lint->contents[j];

	return !content_is_trial(other) &&
		(rule_same_header(policy->rules[i], policy->rules[j]) ||
			is_same_group(lint, i, j)) &&
		(is_unconditional(other) ||
			has_same_conditions(other, &lint->contents[i]));
}

/* The first rule that leaves nothing to i. */
static const struct rule *
find_shadow(const struct lint *lint, size_t i)
{
	const struct rule *shadow = NULL;
	size_t j = lint->headers[i].before;

	for (; j != LINT_NONE; j = lint->headers[j].before) {
		if (is_shadow(lint, i, j))
			shadow = lint->policy->rules[j];
	}
	return shadow;
}

static bool
check_shadow(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	const struct rule *shadow = find_shadow(lint, i);

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
	size_t place = lint->headers[i].place;

	if (rule->kind != RULE_OTHERS)
		return;
	for (size_t j = 0; j < i; j++) {
		const struct rule *before = policy->rules[j];
		char *header, *gift;

		if (!is_group_kind(before) || lint->headers[j].place >= place)
			continue;
		header = need(rule_format_header(before));
		gift = describe_gift(&lint->contents[j]);
		lint_say(lint, REMARK_WARNING, rule, rule->line,
			"[others] comes after every [group], whatever its "
			"file: "
			"members of %s %s (%s:%u)",
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
		!lint->headers[j].is_repeated &&
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
	size_t first, i; /* from the first of the file's to this one */
	const struct rule *winner;
};

static bool
is_taken(void *context, struct subject *subject)
{
	struct competition *competition = context;
	const struct policy *policy = competition->lint->policy;

	/* [group] does not speak to root, nor by another name of its gid */
	if (subject_uid(subject) == 0 ||
		!is_selected(subject, policy->rules[competition->i]))
		return false;
	for (size_t j = competition->first; j < competition->i; j++) {
		if (!is_rival(competition->lint, competition->i, j) ||
			!is_selected(subject, policy->rules[j]))
			continue;
		if (competition->winner == NULL)
			competition->winner = policy->rules[j];
		return competition->winner == policy->rules[j];
	}
	return false;
}

static void
say_competition(struct lint *lint, const struct rule *rule,
	const struct rule *winner, const char *names)
{
	char *header = need(rule_format_header(winner));

	lint_say(lint, REMARK_WARNING, rule, rule->line,
		"not for %s, whom %s in line %u is for too: within a file the "
		"upper rule decides",
		names, header, winner->line);
	free(header);
}

/* Within a file and kind the upper rule decides: does that touch anybody? */
static void
check_competition(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	struct competition competition = { lint, i, i, NULL };
	struct people people = { 0 };
	char *names;

	if (!lint->headers[i].has_gid || content_is_trial(&lint->contents[i]))
		return;
	while (competition.first > 0 &&
		lint->headers[competition.first - 1].place ==
			lint->headers[i].place)
		competition.first--;
	people_add_members(&people, &lint->census, lint->headers[i].gid);
	if (people.count > lint->members_left)
		people_truncate(&people, lint->members_left);
	lint->members_left -= people.count;
	names = people_name_those(
		&people, &lint->facts, is_taken, &competition);
	if (names != NULL)
		say_competition(lint, rule, competition.winner, names);
	free(names);
	people_clear(&people);
}

void
lint_check_reach(struct lint *lint, size_t i)
{
	check_contradiction(lint, i);
	/* a mistake, whoever it is for */
	if (lint->headers[i].is_repeated)
		return;
	if (check_shadow(lint, i))
		return;
	check_others(lint, i);
	check_competition(lint, i);
}
