/* SPDX-License-Identifier: MIT */
/*
 * Does this host know what the policy names? Only doubts: the policy may be
 * meant for another host, and a directory may be away.
 */
#include "lint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/guess.h"
#include "../policy/text.h"
#include "output.h"
#include "services.h"

/* Local uids end here by login.defs(5)'s default; beyond are directories'. */
#define LOCAL_UID_FIRST 1000
#define LOCAL_UID_LAST  60000
#define NOBODY          65534
/* systemd's dynamic users: https://systemd.io/UIDS-GIDS/ */
#define DYNAMIC_UID_FIRST 61184
#define DYNAMIC_UID_LAST  65519

/* ", did you mean …?" or nothing. */
static char *
suggest(const char *guess)
{
	return need(guess != NULL ? text_format(", did you mean '%s'?", guess)
				  : strdup(""));
}

static bool
may_guess(struct lint *lint)
{
	if (lint->guesses_left == 0)
		return false;
	lint->guesses_left--;
	return true;
}

static void
say_no_user(struct lint *lint, const struct rule *rule)
{
	struct span name = { rule->name, strlen(rule->name) };
	const struct census *census = &lint->census;
	const char *guess = NULL;
	char *suggestion;

	if (may_guess(lint)) {
		const char **names =
			need(calloc(census->count + 1, sizeof(*names)));

		for (size_t i = 0; i < census->count; i++)
			names[i] = census->residents[i].name;
		guess = guess_word(name, names, census->count);
		free(names);
	}
	suggestion = suggest(guess);
	lint_say(lint, REMARK_WARNING, rule, rule->line,
		"there is no user '%s' here%s", rule->name, suggestion);
	free(suggestion);
}

static void
check_user(struct lint *lint, const struct rule *rule)
{
	const struct facts *facts = &lint->facts;
	struct account account = { 0 };
	int r = facts->find_user(facts->context, rule->name, &account);

	if (r == -ENOENT)
		say_no_user(lint, rule);
	else if (r == 0 && strcmp(account.name, rule->name) != 0)
		lint_say(lint, REMARK_WARNING, rule, rule->line,
			"the directory calls user '%s' '%s'; only that name "
			"matches",
			rule->name, account.name);
	account_clear(&account);
}

static const char *
guess_group(struct lint *lint, const char *name)
{
	struct people *groups = &lint->group_names;

	if (!may_guess(lint))
		return NULL;
	if (groups->count == 0)
		people_add_groups(groups);
	return guess_word((struct span){ name, strlen(name) },
		(const char *const *)groups->names, groups->count);
}

/* A group that is not there: was its gid meant? */
static void
say_no_group(struct lint *lint, const struct rule *rule, unsigned int line,
	const char *name)
{
	const struct facts *facts = &lint->facts;
	struct group_record record;
	const char *hint = "";
	char *suggestion;
	uint32_t gid;

	if (text_parse_id((struct span){ name, strlen(name) }, &gid) == 0 &&
		facts->find_gid(facts->context, gid, "", &record) == 0) {
		lint_say(lint, REMARK_WARNING, rule, line,
			"there is no group called '%s' here, but a gid: write "
			"[gid %s] for '%s'",
			name, name, record.name);
		free(record.name);
		return;
	}
	if (name[strlen(name) - 1] == ' ')
		hint = "; the blank before ']' counts";
	else if (line != rule->line && strchr(name, ' ') != NULL)
		hint = "; if these are several, put commas in between";
	suggestion = suggest(guess_group(lint, name));
	lint_say(lint, REMARK_WARNING, rule, line,
		"there is no group '%s' here%s%s", name, hint, suggestion);
	free(suggestion);
}

static void
check_group(struct lint *lint, const struct rule *rule, unsigned int line,
	const char *name)
{
	const struct facts *facts = &lint->facts;
	struct group_record by_name = { 0 }, by_gid = { 0 };
	int r = facts->find_group(facts->context, name, "", &by_name);

	if (r == -ENOENT)
		say_no_group(lint, rule, line, name);
	else if (r == 0 &&
		facts->find_gid(facts->context, by_name.gid, "", &by_gid) ==
			0 &&
		strcmp(by_gid.name, name) != 0)
		lint_say(lint, REMARK_WARNING, rule, line,
			"the directory calls group '%s' '%s'; only that name "
			"matches",
			name, by_gid.name);
	free(by_name.name);
	free(by_gid.name);
}

static void
check_gid(struct lint *lint, const struct rule *rule)
{
	const struct facts *facts = &lint->facts;
	struct group_record record = { 0 };

	if (facts->find_gid(facts->context, rule->gid, "", &record) == -ENOENT)
		lint_say(lint, REMARK_WARNING, rule, rule->line,
			"there is no gid %lu here", (unsigned long)rule->gid);
	free(record.name);
}

static void
check_header(struct lint *lint, const struct rule *rule)
{
	if (rule->kind == RULE_USER)
		check_user(lint, rule);
	else if (rule->kind == RULE_GROUP)
		check_group(lint, rule, rule->line, rule->name);
	else
		check_gid(lint, rule);
}

static void
check_group_list(struct lint *lint, size_t i, enum rule_key key)
{
	const struct content *content = &lint->contents[i];
	struct span list = { content->values[key], 0 }, item;

	if (content->values[key] == NULL)
		return;
	list.size = strlen(content->values[key]);
	while (text_next_item(&list, &item) && lint_may_look_up(lint)) {
		char *name = need(strndup(item.start, item.size));

		check_group(lint, lint->policy->rules[i], content->lines[key],
			name);
		free(name);
	}
}

static void
say_no_service(struct lint *lint, size_t i, const char *service)
{
	char *guess = NULL, *suggestion;

	if (strchr(service, ' ') != NULL) {
		lint_say_key(lint, REMARK_WARNING, i, KEY_SERVICES,
			"'%s' is taken for one service; put commas in between",
			service);
		return;
	}
	if (may_guess(lint))
		guess = service_guess(lint->options->root, service);
	suggestion = suggest(guess);
	lint_say_key(lint, REMARK_WARNING, i, KEY_SERVICES,
		"there is no PAM service '%s' here (no such file in pam.d)%s",
		service, suggestion);
	free(suggestion);
	free(guess);
}

static void
check_services(struct lint *lint, size_t i)
{
	const char *value = lint->contents[i].values[KEY_SERVICES];
	struct span list = { value, 0 }, item;

	if (value == NULL)
		return;
	list.size = strlen(value);
	while (text_next_item(&list, &item) && lint_may_look_up(lint)) {
		char *service = need(strndup(item.start, item.size));

		if (strchr(service, ' ') != NULL ||
			service_find(lint->options->root, service) ==
				PRESENCE_NO)
			say_no_service(lint, i, service);
		free(service);
	}
}

/* Is 0 all that the ranges hold? */
static bool
is_only_root(const char *uids)
{
	struct span list = { uids, strlen(uids) }, item;
	uint32_t first, last;

	while (text_next_item(&list, &item)) {
		if (content_parse_range(item, &first, &last) != NULL ||
			last > 0)
			return false;
	}
	return true;
}

/* A rule's ranges, and whom else it selects. */
struct selection {
	const struct rule *rule;
	const char *uids;
};

static bool
includes_uid(const char *uids, uid_t uid)
{
	struct span list = { uids, strlen(uids) }, item;
	uint32_t first, last;

	while (text_next_item(&list, &item)) {
		if (content_parse_range(item, &first, &last) == NULL &&
			uid >= first && uid <= last)
			return true;
	}
	return false;
}

/* Is this a directory's user whom only the ranges leave out? */
static bool
is_left_out(void *context, struct subject *subject)
{
	const struct selection *selection = context;
	const struct rule *rule = selection->rule;
	uid_t uid = subject_uid(subject);

	if (uid <= LOCAL_UID_LAST || uid == NOBODY ||
		(uid >= DYNAMIC_UID_FIRST && uid <= DYNAMIC_UID_LAST) ||
		includes_uid(selection->uids, uid))
		return false;
	if (rule->kind == RULE_GROUP)
		return subject_in_group(subject, rule->name) == ANSWER_YES;
	if (rule->kind == RULE_GID)
		return subject_in_gid(subject, rule->gid) == ANSWER_YES;
	return true;
}

static void
check_uids(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	struct selection selection = { rule,
		lint->contents[i].values[KEY_UIDS] };
	struct people people = { 0 };
	char *names;

	if (selection.uids == NULL || rule->kind == RULE_USER)
		return;
	if (is_only_root(selection.uids))
		lint_say_key(lint, REMARK_WARNING, i, KEY_UIDS,
			"never applies: only a [user] rule speaks to uid 0");
	/* ranges that want people in general, not some few uids */
	if (!includes_uid(selection.uids, LOCAL_UID_FIRST))
		return;
	people_add_uids(&people, &lint->census, LOCAL_UID_LAST + 1);
	names = people_name_those(
		&people, &lint->facts, is_left_out, &selection);
	if (names != NULL)
		lint_say_key(lint, REMARK_WARNING, i, KEY_UIDS,
			"these ranges leave out existing users of a directory: "
			"%s; write 1000- for everybody",
			names);
	free(names);
	people_clear(&people);
}

void
lint_check_names(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];

	if (rule->kind != RULE_OTHERS && lint_may_look_up(lint))
		check_header(lint, rule);
	check_group_list(lint, i, KEY_REQUIRE_GROUPS);
	check_group_list(lint, i, KEY_EXCLUDE_GROUPS);
	check_services(lint, i);
	check_uids(lint, i);
}
