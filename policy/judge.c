/* SPDX-License-Identifier: MIT */
/*
 * Three-valued throughout: a condition that certainly fails settles a rule,
 * even if a look-up failed for another part of it, and a look-up that failed
 * never settles anything.
 */
#include "judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "countof.h"
#include "uri.h"

/* A rule being judged. */
struct hearing {
	const struct situation *situation;
	const struct rule *rule;
	struct content content;
	enum answer answer; /* so far: header and conditions */
	struct judgement *judgement;
};

/* ANSWER_NO beats ANSWER_UNKNOWN beats ANSWER_YES. */
static enum answer
both(enum answer a, enum answer b)
{
	if (a == ANSWER_NO || b == ANSWER_NO)
		return ANSWER_NO;
	return a == ANSWER_UNKNOWN ? a : b;
}

static enum answer
answer_of(bool holds)
{
	return holds ? ANSWER_YES : ANSWER_NO;
}

static enum answer
match_header(struct subject *subject, const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_USER:
		return answer_of(
			strcmp(subject_name(subject), rule->name) == 0);
	case RULE_GROUP:
		return subject_in_group(subject, rule->name);
	case RULE_GID:
		return subject_in_gid(subject, rule->gid);
	case RULE_OTHERS:
		break;
	}
	return ANSWER_YES;
}

/* Does a condition, which is well-formed, hold? -ENOMEM is the only error. */
typedef int condition_judge(
	struct hearing *hearing, const char *value, enum answer *ret);

static struct span
list_of(const char *value)
{
	return (struct span){ value, strlen(value) };
}

static int
judge_services(struct hearing *hearing, const char *value, enum answer *ret)
{
	const char *service = hearing->situation->request.service;
	struct span list = list_of(value), item;
	bool is_named = false;

	while (!is_named && text_next_item(&list, &item))
		is_named = service != NULL && text_equals(item, service);
	*ret = answer_of(is_named);
	return 0;
}

static int
judge_from(struct hearing *hearing, const char *value, enum answer *ret)
{
	bool wants_remote = strcmp(value, "remote") == 0;

	*ret = answer_of(wants_remote ==
		request_is_remote(&hearing->situation->request));
	return 0;
}

static int
judge_uids(struct hearing *hearing, const char *value, enum answer *ret)
{
	uid_t uid = subject_uid(hearing->situation->subject);
	struct span list = list_of(value), item;
	uint32_t first, last;

	*ret = ANSWER_NO;
	while (text_next_item(&list, &item)) {
		if (content_parse_range(item, &first, &last) == NULL &&
			uid >= first && uid <= last)
			*ret = ANSWER_YES;
	}
	return 0;
}

/* The user must be in each group (wanted: ANSWER_YES) or none (ANSWER_NO). */
static int
judge_groups(struct hearing *hearing, const char *value, enum answer wanted,
	enum answer *ret)
{
	struct subject *subject = hearing->situation->subject;
	struct span list = list_of(value), item;
	enum answer all = ANSWER_YES;

	while (all != ANSWER_NO && text_next_item(&list, &item)) {
		char *name = strndup(item.start, item.size);
		enum answer answer;

		if (name == NULL)
			return -ENOMEM;
		answer = subject_in_group(subject, name);
		if (answer != ANSWER_UNKNOWN)
			answer = answer_of(answer == wanted);
		all = both(all, answer);
		if (answer == ANSWER_NO)
			hearing->judgement->group = name;
		else
			free(name);
	}
	*ret = all;
	return 0;
}

static int
judge_require_groups(
	struct hearing *hearing, const char *value, enum answer *ret)
{
	return judge_groups(hearing, value, ANSWER_YES, ret);
}

static int
judge_exclude_groups(
	struct hearing *hearing, const char *value, enum answer *ret)
{
	return judge_groups(hearing, value, ANSWER_NO, ret);
}

/* Cheap ones first: a group is looked up only if nothing else fails. */
static const struct {
	enum rule_key key;
	condition_judge *judge;
} conditions[] = {
	{ KEY_SERVICES, judge_services },
	{ KEY_FROM, judge_from },
	{ KEY_UIDS, judge_uids },
	{ KEY_REQUIRE_GROUPS, judge_require_groups },
	{ KEY_EXCLUDE_GROUPS, judge_exclude_groups },
};

static int
judge_conditions(struct hearing *hearing)
{
	struct judgement *judgement = hearing->judgement;

	for (size_t i = 0;
		i < countof(conditions) && hearing->answer != ANSWER_NO; i++) {
		enum rule_key key = conditions[i].key;
		char *value = hearing->content.values[key];
		enum answer answer = ANSWER_YES;
		int r;

		if (value == NULL)
			continue;
		r = conditions[i].judge(hearing, value, &answer);
		if (r < 0)
			return r;
		hearing->answer = both(hearing->answer, answer);
		if (answer == ANSWER_NO) {
			judgement->key = key;
			judgement->value = value;
			hearing->content.values[key] = NULL;
		}
	}
	return 0;
}

/* A mistake that only this user's expansion shows. */
static int
note_uri_mistake(struct hearing *hearing, const char *fault)
{
	return remarks_add(&hearing->judgement->remarks, REMARK_ERROR,
		hearing->rule->path, hearing->content.lines[KEY_URI],
		"uri = %s: %s", hearing->content.values[KEY_URI], fault);
}

/*
 * The value of ${group}: NULL in *ret* where there is none, or where that is
 * remarked or undecidable by now.
 */
static int
find_group_value(struct hearing *hearing, char **ret)
{
	const char *template = hearing->content.values[KEY_URI];
	const struct rule *rule = hearing->rule;
	int r;

	if (!uri_uses_group(template))
		return 0;
	if (rule->kind == RULE_GROUP) {
		*ret = strdup(rule->name);
		return *ret != NULL ? 0 : -ENOMEM;
	}
	r = subject_name_gid(hearing->situation->subject, rule->gid, ret);
	if (r == -ENOENT)
		return note_uri_mistake(hearing, "this gid has no name");
	if (r < 0 && r != -ENOMEM) {
		hearing->answer = ANSWER_UNKNOWN;
		return 0;
	}
	return r;
}

static int
expand_uri(struct hearing *hearing)
{
	const struct subject *subject = hearing->situation->subject;
	const char *template = hearing->content.values[KEY_URI];
	struct judgement *judgement = hearing->judgement;
	char *group = NULL, *fault = NULL;
	char uid[3 * sizeof(uid_t) + 1];
	int r;

	r = find_group_value(hearing, &group);
	if (r < 0 || hearing->answer == ANSWER_UNKNOWN ||
		judgement->remarks.count > 0)
		goto out;
	snprintf(uid, sizeof(uid), "%lu", (unsigned long)subject_uid(subject));
	r = uri_expand(template,
		&(struct uri_values){
			.user = subject_name(subject),
			.uid = uid,
			.home = subject_home(subject),
			.group = group,
		},
		&judgement->uri, &fault);
	if (r == 0 && fault != NULL)
		r = note_uri_mistake(hearing, fault);

out:
	free(group);
	free(fault);
	return r;
}

static int
note_failed_lookup(struct hearing *hearing)
{
	const struct subject *subject = hearing->situation->subject;

	errno = -subject_failure(subject);
	return remarks_add(&hearing->judgement->remarks, REMARK_WARNING,
		hearing->rule->path, hearing->rule->line,
		"the groups of '%s' cannot be looked up: %m",
		subject_name(subject));
}

/* What a trial rule would have done, as its one remark. */
static int
note_trial(struct hearing *hearing, enum outcome outcome)
{
	struct remarks *remarks = &hearing->judgement->remarks;
	const struct rule *rule = hearing->rule;
	char *would, *header = rule_format_header(rule);
	int r = -ENOMEM;

	if (outcome == OUTCOME_URI)
		would = text_format("would set %s", hearing->judgement->uri);
	else if (outcome == OUTCOME_NONE)
		would = text_format("would set nothing");
	else
		would = text_format(
			"would set nothing: %s", remarks->list[0].text);
	remarks_clear(remarks);
	if (header != NULL && would != NULL)
		r = remarks_add(remarks, REMARK_NOTICE, rule->path, rule->line,
			"trial of %s for %s: %s", header,
			subject_name(hearing->situation->subject), would);
	free(header);
	free(would);
	return r;
}

/* What a rule says that applies as far as is known. */
static int
conclude(struct hearing *hearing, enum outcome *ret)
{
	struct judgement *judgement = hearing->judgement;
	bool is_none = content_sets_none(&hearing->content);
	int r = 0;

	if (hearing->answer == ANSWER_YES && judgement->remarks.count == 0 &&
		!is_none)
		r = expand_uri(hearing);
	if (r < 0)
		return r;
	if (hearing->answer == ANSWER_UNKNOWN) {
		remarks_clear(&judgement->remarks);
		*ret = OUTCOME_UNKNOWN;
		return note_failed_lookup(hearing);
	}
	if (judgement->remarks.count > 0)
		*ret = OUTCOME_MISTAKE;
	else
		*ret = is_none ? OUTCOME_NONE : OUTCOME_URI;
	return 0;
}

static int
judge_body(struct hearing *hearing)
{
	struct judgement *judgement = hearing->judgement;
	int r;

	r = content_read(hearing->rule, &hearing->content, &judgement->remarks);
	if (r == 0)
		r = judge_conditions(hearing);
	if (r < 0)
		return r;
	if (hearing->answer == ANSWER_NO) {
		judgement->outcome = OUTCOME_CONDITION;
		remarks_clear(&judgement->remarks);
		return 0;
	}
	r = conclude(hearing, &judgement->outcome);
	if (r == 0 && content_is_trial(&hearing->content)) {
		r = note_trial(hearing, judgement->outcome);
		judgement->outcome = OUTCOME_TRIAL;
	}
	return r;
}

static int
judge_rule(struct hearing *hearing)
{
	struct judgement *judgement = hearing->judgement;
	int r = policy_remark_twin(
		hearing->situation->policy, hearing->rule, &judgement->remarks);

	if (r < 0)
		return r;
	/* of two rules with one header nobody can say whose conditions count */
	if (judgement->remarks.count > 0)
		return conclude(hearing, &judgement->outcome);
	return judge_body(hearing);
}

int
rule_judge(const struct situation *situation, const struct rule *rule,
	struct judgement *ret)
{
	struct judgement judgement = { .outcome = OUTCOME_NO_MATCH };
	struct hearing hearing = {
		.situation = situation,
		.rule = rule,
		.answer = ANSWER_NO,
		.judgement = &judgement,
	};
	int r = 0;

	if (subject_uid(situation->subject) == 0 && rule->kind != RULE_USER)
		judgement.outcome = OUTCOME_NOT_ROOT;
	else
		hearing.answer = match_header(situation->subject, rule);
	judgement.selected = hearing.answer;
	if (hearing.answer != ANSWER_NO)
		r = judge_rule(&hearing);
	content_clear(&hearing.content);
	if (r < 0) {
		judgement_clear(&judgement);
		return r;
	}
	*ret = judgement;
	return 0;
}

void
judgement_clear(struct judgement *judgement)
{
	free(judgement->uri);
	free(judgement->value);
	free(judgement->group);
	remarks_clear(&judgement->remarks);
	*judgement = (struct judgement){ .outcome = OUTCOME_NO_MATCH };
}

bool
outcome_decides(enum outcome outcome)
{
	return outcome >= OUTCOME_URI;
}

/* "member, " or whatever the header found out */
static const char *
describe_match(const struct rule *rule, const struct judgement *judgement)
{
	if (rule->kind == RULE_USER || rule->kind == RULE_OTHERS)
		return "";
	return judgement->selected == ANSWER_YES ? "member, but "
						 : "whoever is in it, ";
}

static char *
explain_condition(const struct situation *situation, const struct rule *rule,
	const struct judgement *judgement)
{
	const char *match = describe_match(rule, judgement);
	const char *key = rule_key_names[judgement->key];
	const char *service = situation->request.service;

	switch (judgement->key) {
	case KEY_SERVICES:
		return text_format("%s%s = %s and this is %s", match, key,
			judgement->value, service ? service : "no service");
	case KEY_FROM:
		return text_format("%s%s = %s and this is %s", match, key,
			judgement->value,
			request_is_remote(&situation->request) ? "remote"
							       : "local");
	case KEY_UIDS:
		return text_format("%s%s = %s and this is %lu", match, key,
			judgement->value,
			(unsigned long)subject_uid(situation->subject));
	case KEY_REQUIRE_GROUPS:
		return text_format("%snot in %s, which it requires", match,
			judgement->group);
	default:
		return text_format(
			"%sin %s, which it excludes", match, judgement->group);
	}
}

char *
judgement_explain(const struct situation *situation, const struct rule *rule,
	const struct judgement *judgement)
{
	switch (judgement->outcome) {
	case OUTCOME_NOT_ROOT:
		return text_format("only [user] rules speak to uid 0");
	case OUTCOME_NO_MATCH:
		if (rule->kind == RULE_USER)
			return text_format("another user");
		return text_format(
			"%s is not a member", subject_name(situation->subject));
	case OUTCOME_CONDITION:
		return explain_condition(situation, rule, judgement);
	case OUTCOME_URI:
		return text_format("%s", judgement->uri);
	case OUTCOME_NONE:
		return text_format("none: sets nothing, looks no further");
	case OUTCOME_TRIAL:
	case OUTCOME_MISTAKE:
	case OUTCOME_UNKNOWN:
		break;
	}
	return text_format("%s", judgement->remarks.list[0].text);
}
