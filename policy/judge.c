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

#include "countof.h"
#include "uri.h"
#include "values.h"

/* A rule being judged. */
struct hearing {
	const struct situation *situation;
	const struct rule *rule;
	struct body body;
	char *values[KEY_COUNT];
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

/*
 * The conditions. Each says in *ret* whether it holds for this session; if the
 * value is malformed it returns 0, leaves *ret* alone and says in *fault* why.
 * -ENOMEM is the only error.
 */
typedef int condition_judge(struct hearing *hearing, const char *value,
	enum answer *ret, const char **fault);

static struct span
list_of(const char *value)
{
	return (struct span){ value, strlen(value) };
}

static int
judge_services(struct hearing *hearing, const char *value, enum answer *ret,
	const char **fault)
{
	const char *service = hearing->situation->request.service;
	struct span list = list_of(value), item;
	bool is_named = false;

	while (text_next_item(&list, &item)) {
		if (item.size == 0) {
			*fault = "an empty item in a comma list";
			return 0;
		}
		if (service != NULL && text_equals(item, service))
			is_named = true;
	}
	*ret = answer_of(is_named);
	return 0;
}

static int
judge_from(struct hearing *hearing, const char *value, enum answer *ret,
	const char **fault)
{
	bool is_remote = request_is_remote(&hearing->situation->request);

	if (strcmp(value, "remote") == 0)
		*ret = answer_of(is_remote);
	else if (strcmp(value, "local") == 0)
		*ret = answer_of(!is_remote);
	else
		*fault = "write local or remote";
	return 0;
}

/* "1000", "1000-" or "1000-59999" */
static const char *
parse_range(struct span item, uint32_t *first, uint32_t *last)
{
	const char *dash = memchr(item.start, '-', item.size);
	struct span left = item, right;

	if (dash != NULL)
		left.size = (size_t)(dash - item.start);
	if (text_parse_id(text_trim(left), first) < 0)
		return "write uids as 1000, 1000- or 1000-59999";
	*last = *first;
	if (dash == NULL)
		return NULL;
	right = (struct span){ dash + 1, item.size - left.size - 1 };
	right = text_trim(right);
	*last = UINT32_MAX;
	if (right.size > 0 && text_parse_id(right, last) < 0)
		return "write uids as 1000, 1000- or 1000-59999";
	return *first <= *last ? NULL : "a range that ends before it begins";
}

static int
judge_uids(struct hearing *hearing, const char *value, enum answer *ret,
	const char **fault)
{
	uid_t uid = subject_uid(hearing->situation->subject);
	struct span list = list_of(value), item;
	bool is_inside = false;

	while (text_next_item(&list, &item)) {
		uint32_t first = 0, last = 0;
		const char *why = parse_range(item, &first, &last);

		if (why != NULL) {
			*fault = why;
			return 0;
		}
		if (uid >= first && uid <= last)
			is_inside = true;
	}
	*ret = answer_of(is_inside);
	return 0;
}

/*
 * The items of a list as an array of strings; all of it is one allocation.
 * Malformed, or memory is short: *ret* is untouched.
 */
static int
split_list(const char *value, char ***ret, size_t *count, const char **fault)
{
	struct span list = list_of(value), item;
	size_t n = 0, room = 1;
	char **items, *text;

	for (const char *c = value; *c != '\0'; c++)
		room += *c == ',';
	items = malloc(room * sizeof(*items) + list.size + room);
	if (items == NULL)
		return -ENOMEM;
	text = (char *)(items + room);
	while (text_next_item(&list, &item)) {
		if (item.size == 0) {
			*fault = "an empty item in a comma list";
			free(items);
			return 0;
		}
		items[n++] = memcpy(text, item.start, item.size);
		text += item.size;
		*text++ = '\0';
	}
	*ret = items;
	*count = n;
	return 0;
}

/* The user must be in each group (wanted: ANSWER_YES) or none (ANSWER_NO). */
static int
judge_groups(struct hearing *hearing, const char *value, enum answer wanted,
	enum answer *ret, const char **fault)
{
	struct subject *subject = hearing->situation->subject;
	enum answer all = ANSWER_YES;
	char **names = NULL;
	size_t count = 0;
	int r;

	r = split_list(value, &names, &count, fault);
	if (names == NULL)
		return r;
	for (size_t i = 0; i < count && all != ANSWER_NO; i++) {
		enum answer answer = subject_in_group(subject, names[i]);

		if (answer != ANSWER_UNKNOWN)
			answer = answer_of(answer == wanted);
		all = both(all, answer);
		if (answer == ANSWER_NO && hearing->judgement->group == NULL) {
			hearing->judgement->group = strdup(names[i]);
			if (hearing->judgement->group == NULL)
				r = -ENOMEM;
		}
	}
	free(names);
	if (r == 0)
		*ret = all;
	return r;
}

static int
judge_require_groups(struct hearing *hearing, const char *value,
	enum answer *ret, const char **fault)
{
	return judge_groups(hearing, value, ANSWER_YES, ret, fault);
}

static int
judge_exclude_groups(struct hearing *hearing, const char *value,
	enum answer *ret, const char **fault)
{
	return judge_groups(hearing, value, ANSWER_NO, ret, fault);
}

/* No condition, but its form is checked like one. */
static int
judge_trial(struct hearing *hearing, const char *value, enum answer *ret,
	const char **fault)
{
	(void)hearing;
	if (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0)
		*ret = ANSWER_YES;
	else
		*fault = "write yes or no";
	return 0;
}

/* Cheap ones first: a group is looked up only if nothing else fails. */
static const struct {
	enum rule_key key;
	condition_judge *judge;
} conditions[] = {
	{ KEY_SERVICES, judge_services },
	{ KEY_FROM, judge_from },
	{ KEY_UIDS, judge_uids },
	{ KEY_TRIAL, judge_trial },
	{ KEY_REQUIRE_GROUPS, judge_require_groups },
	{ KEY_EXCLUDE_GROUPS, judge_exclude_groups },
};

static int
note_mistake(struct hearing *hearing, enum rule_key key, const char *what)
{
	return remarks_add(&hearing->judgement->remarks, REMARK_ERROR,
		hearing->rule->path, hearing->body.entries[key].line,
		"%s = %s: %s", rule_key_names[key], hearing->values[key], what);
}

static int
judge_conditions(struct hearing *hearing)
{
	for (size_t i = 0;
		i < countof(conditions) && hearing->answer != ANSWER_NO; i++) {
		enum rule_key key = conditions[i].key;
		char *value = hearing->values[key];
		enum answer answer = ANSWER_YES;
		const char *fault = NULL;
		int r;

		if (value == NULL)
			continue;
		r = conditions[i].judge(hearing, value, &answer, &fault);
		if (r == 0 && fault != NULL)
			r = note_mistake(hearing, key, fault);
		if (r < 0)
			return r;
		hearing->answer = both(hearing->answer, answer);
		if (answer == ANSWER_NO) {
			hearing->judgement->key = key;
			hearing->judgement->value = value;
			hearing->values[key] = NULL;
		}
	}
	return 0;
}

/* 0, also with *ret* NULL when the gid has no name; -ENOMEM. */
static int
find_group_value(struct hearing *hearing, const char *template, char **ret)
{
	const struct rule *rule = hearing->rule;
	char *name = NULL;
	int r = 0;

	if (rule->kind == RULE_GROUP) {
		name = strdup(rule->name);
		r = name != NULL ? 0 : -ENOMEM;
	} else if (rule->kind == RULE_GID && uri_uses_group(template)) {
		r = subject_name_gid(
			hearing->situation->subject, rule->gid, &name);
		if (r == -ENOENT)
			r = remarks_add(&hearing->judgement->remarks,
				REMARK_ERROR, rule->path,
				hearing->body.entries[KEY_URI].line,
				"${group}: gid %lu has no name",
				(unsigned long)rule->gid);
		else if (r < 0)
			hearing->answer = ANSWER_UNKNOWN;
	}
	if (r == -ENOMEM)
		return r;
	*ret = name;
	return 0;
}

static int
expand_uri(struct hearing *hearing)
{
	const struct subject *subject = hearing->situation->subject;
	const char *template = hearing->values[KEY_URI];
	size_t mistakes = hearing->judgement->remarks.count;
	char *group = NULL, *fault = NULL;
	char uid[3 * sizeof(uid_t) + 1];
	int r;

	r = find_group_value(hearing, template, &group);
	if (r < 0 || hearing->answer == ANSWER_UNKNOWN ||
		hearing->judgement->remarks.count > mistakes)
		goto out;
	snprintf(uid, sizeof(uid), "%lu", (unsigned long)subject_uid(subject));
	r = uri_expand(template,
		&(struct uri_values){
			.user = subject_name(subject),
			.uid = uid,
			.home = subject_home(subject),
			.group = group,
		},
		&hearing->judgement->uri, &fault);
	if (r == 0 && fault != NULL)
		r = note_mistake(hearing, KEY_URI, fault);

out:
	free(group);
	free(fault);
	return r;
}

static int
read_values(struct hearing *hearing)
{
	const struct rule *rule = hearing->rule;
	struct remarks *remarks = &hearing->judgement->remarks;
	int r;

	r = scan_body(rule, &hearing->body, remarks);
	if (r < 0)
		return r;
	r = values_read(&hearing->body, hearing->values);
	if (r == -ENOENT)
		return remarks_add(remarks, REMARK_ERROR, rule->path,
			rule->line, "values cannot be read: is /proc mounted?");
	if (r < 0 && r != -ENOMEM) {
		errno = -r;
		return remarks_add(remarks, REMARK_ERROR, rule->path,
			rule->line, "values cannot be read: %m");
	}
	return r;
}

static bool
is_trial(const struct hearing *hearing)
{
	const char *value = hearing->values[KEY_TRIAL];

	return value != NULL && strcmp(value, "yes") == 0;
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
			"trial of %s: %s for %s", header, would,
			subject_name(hearing->situation->subject));
	free(header);
	free(would);
	return r;
}

/* What a rule says that applies as far as is known. */
static int
conclude(struct hearing *hearing, enum outcome *ret)
{
	struct judgement *judgement = hearing->judgement;
	const char *uri = hearing->values[KEY_URI];
	bool is_none = uri != NULL && strcmp(uri, "none") == 0;
	int r = 0;

	if (uri != NULL && !is_none && hearing->answer == ANSWER_YES)
		r = expand_uri(hearing);
	if (r < 0)
		return r;
	if (hearing->answer == ANSWER_UNKNOWN) {
		remarks_clear(&judgement->remarks);
		*ret = OUTCOME_UNKNOWN;
		return note_failed_lookup(hearing);
	}
	if (judgement->remarks.count == 0) {
		*ret = is_none ? OUTCOME_NONE : OUTCOME_URI;
		return 0;
	}
	free(judgement->uri);
	judgement->uri = NULL;
	*ret = OUTCOME_MISTAKE;
	return 0;
}

static int
judge_body(struct hearing *hearing)
{
	struct judgement *judgement = hearing->judgement;
	int r;

	r = read_values(hearing);
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
	if (r == 0 && is_trial(hearing)) {
		r = note_trial(hearing, judgement->outcome);
		judgement->outcome = OUTCOME_TRIAL;
	}
	return r;
}

/* Whose conditions are whose? Nobody can say, so none of them is read. */
static int
judge_repeated_header(struct hearing *hearing)
{
	if (hearing->answer == ANSWER_UNKNOWN)
		return conclude(hearing, &hearing->judgement->outcome);
	hearing->judgement->outcome = OUTCOME_MISTAKE;
	return remarks_add(&hearing->judgement->remarks, REMARK_ERROR,
		hearing->rule->path, hearing->rule->line,
		"this header stands in the file twice; "
		"put the second rule into a drop-in");
}

int
rule_judge(const struct situation *situation, const struct rule *rule,
	struct judgement *ret)
{
	struct judgement judgement = { .outcome = OUTCOME_NO_MATCH };
	struct hearing hearing = {
		.situation = situation,
		.rule = rule,
		.judgement = &judgement,
	};
	int r = 0;

	if (subject_uid(situation->subject) == 0 && rule->kind != RULE_USER) {
		judgement.outcome = OUTCOME_NOT_ROOT;
	} else {
		hearing.answer = match_header(situation->subject, rule);
		if (hearing.answer != ANSWER_NO)
			r = policy_repeats_header(situation->policy, rule)
				? judge_repeated_header(&hearing)
				: judge_body(&hearing);
	}
	values_free(hearing.values);
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
describe_match(const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_GROUP:
	case RULE_GID:
		return "member, but ";
	case RULE_USER:
	case RULE_OTHERS:
		break;
	}
	return "";
}

static char *
explain_condition(const struct situation *situation, const struct rule *rule,
	const struct judgement *judgement)
{
	const char *match = describe_match(rule);
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
