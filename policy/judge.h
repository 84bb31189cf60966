/* SPDX-License-Identifier: MIT */
#ifndef POLICY_JUDGE_H
#define POLICY_JUDGE_H

/*
 * One rule and one session: does the rule apply, and what does it say? The
 * order of rules is none of its business; see decide.h.
 */

#include <stdbool.h>

#include "policy.h"
#include "request.h"
#include "subject.h"

enum outcome {
	/* The rule does not count; the next one is asked. */
	OUTCOME_NOT_ROOT, /* only [user] rules speak to uid 0 */
	OUTCOME_NO_MATCH, /* the header selects other people */
	OUTCOME_CONDITION, /* a condition fails */
	OUTCOME_TRIAL, /* it would decide, but is only tried out */
	/* The rule decides. */
	OUTCOME_URI,
	OUTCOME_NONE, /* uri = none */
	OUTCOME_MISTAKE, /* no URI, because of what stands in the rule */
	OUTCOME_UNKNOWN, /* no URI, because a look-up failed */
};

struct judgement {
	enum outcome outcome;
	enum answer selected; /* by the header */
	char *uri; /* OUTCOME_URI, and OUTCOME_TRIAL if it would set one */
	enum rule_key key; /* OUTCOME_CONDITION: which one */
	char *value; /* … and as it is written */
	char *group; /* … and for the group keys, the group it failed for */
	struct remarks remarks; /* mistakes, failed look-ups, trials */
};

/* Everything a rule is judged by. */
struct situation {
	const struct policy *policy;
	struct subject *subject;
	struct request request;
};

/*
 * Judges a rule. Returns 0 with the judgement in *ret*, to be cleared by
 * judgement_clear(); -ENOMEM with nothing to clear.
 */
int rule_judge(const struct situation *situation, const struct rule *rule,
	struct judgement *ret);

void judgement_clear(struct judgement *judgement);

/* Is this the last word? */
bool outcome_decides(enum outcome outcome);

/*
 * Says in a few words why a rule did or did not count, e.g. "member, but from
 * = local and this is remote". Printable, owned by the caller; NULL when
 * memory is short.
 */
char *judgement_explain(const struct situation *situation,
	const struct rule *rule, const struct judgement *judgement);

#endif
