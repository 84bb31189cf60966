/* SPDX-License-Identifier: MIT */
#include "decide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum verdict
verdict_of(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_URI:
		return VERDICT_URI;
	case OUTCOME_NONE:
		return VERDICT_NONE;
	case OUTCOME_UNKNOWN:
		return VERDICT_UNKNOWN;
	default:
		return VERDICT_MISTAKE;
	}
}

static int
tell(const struct witness *witness, const struct situation *situation,
	const struct rule *rule, const struct judgement *judgement,
	bool decides)
{
	if (witness == NULL || witness->hear == NULL)
		return 0;
	return witness->hear(
		witness->context, situation, rule, judgement, decides);
}

/* Takes what the decision is made of out of the judgement. */
static int
adopt(struct decision *decision, const struct rule *rule,
	struct judgement *judgement)
{
	if (outcome_decides(judgement->outcome)) {
		decision->verdict = verdict_of(judgement->outcome);
		decision->rule = rule;
		decision->uri = judgement->uri;
		judgement->uri = NULL;
	}
	return remarks_move(&decision->remarks, &judgement->remarks);
}

static int
ask_rules(const struct situation *situation, const struct witness *witness,
	struct decision *decision)
{
	const struct policy *policy = situation->policy;
	bool wants_all = witness != NULL && witness->wants_all;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = policy->rules[i];
		bool is_open = decision->rule == NULL;
		struct judgement judgement;
		int r;

		if (!is_open && !wants_all)
			break;
		r = rule_judge(situation, rule, &judgement);
		if (r < 0)
			return r;
		r = tell(witness, situation, rule, &judgement,
			is_open && outcome_decides(judgement.outcome));
		if (r == 0 && is_open)
			r = adopt(decision, rule, &judgement);
		judgement_clear(&judgement);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct rule *
find_group_rule(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = policy->rules[i];

		if (rule->kind == RULE_GROUP && strcmp(rule->name, name) == 0)
			return rule;
	}
	return NULL;
}

static int
warn_of_spelling(const struct situation *situation, struct decision *decision)
{
	const char *asked, *called;
	const struct rule *rule;

	if (situation->policy->n_rules == 0 ||
		!subject_noticed_spelling(situation->subject, &asked, &called))
		return 0;
	rule = find_group_rule(situation->policy, asked);
	return remarks_add(&decision->remarks, REMARK_WARNING,
		rule ? rule->path : NULL, rule ? rule->line : 0,
		"the directory calls group '%s' '%s'; "
		"only that name matches",
		asked, called);
}

static int
copy_remarks(const struct remarks *from, struct remarks *to)
{
	int r = 0;

	for (size_t i = 0; i < from->count && r == 0; i++) {
		const struct remark *remark = &from->list[i];

		r = remarks_add(to, remark->severity, remark->path,
			remark->line, "%s", remark->text);
	}
	return r;
}

int
policy_decide(const struct situation *situation, const struct witness *witness,
	struct decision *ret)
{
	struct decision decision = { .verdict = VERDICT_NO_RULE };
	int r;

	if (!situation->policy->is_usable) {
		decision.verdict = VERDICT_UNUSABLE;
		r = copy_remarks(
			&situation->policy->remarks, &decision.remarks);
	} else {
		r = ask_rules(situation, witness, &decision);
		if (r == 0)
			r = warn_of_spelling(situation, &decision);
	}
	if (r < 0) {
		decision_clear(&decision);
		return r;
	}
	*ret = decision;
	return 0;
}

const struct remark *
decision_find_cause(const struct decision *decision)
{
	switch (decision->verdict) {
	case VERDICT_MISTAKE:
	case VERDICT_UNUSABLE:
		return remarks_first(&decision->remarks, REMARK_ERROR);
	case VERDICT_UNKNOWN:
		return remarks_first(&decision->remarks, REMARK_WARNING);
	default:
		return NULL;
	}
}

void
decision_clear(struct decision *decision)
{
	free(decision->uri);
	remarks_clear(&decision->remarks);
	*decision = (struct decision){ .verdict = VERDICT_NO_RULE };
}
