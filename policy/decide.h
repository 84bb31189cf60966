/* SPDX-License-Identifier: MIT */
#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

/*
 * The decision. Rules are asked in deciding order, and the first one that
 * applies has the last word, alone: user before group before others; within a
 * kind a rule of a later file before one of an earlier; within a file the
 * upper before the lower.
 */

#include "judge.h"

/* What it is about. */
#define VARIABLE "LIBVIRT_DEFAULT_URI"

enum verdict {
	VERDICT_NO_RULE, /* no rule applies: set nothing */
	VERDICT_URI,
	VERDICT_NONE, /* a rule says none: set nothing */
	VERDICT_MISTAKE, /* the deciding rule is mistaken: set nothing */
	VERDICT_UNKNOWN, /* a look-up failed: set nothing */
	VERDICT_UNUSABLE, /* the policy is: set nothing for anybody */
};

struct decision {
	enum verdict verdict;
	char *uri; /* VERDICT_URI, else NULL */
	const struct rule *rule; /* that decided: borrowed from the policy */

	/*
	 * What should be logged: for VERDICT_UNUSABLE and VERDICT_MISTAKE
	 * errors, for VERDICT_UNKNOWN a warning; with any verdict a notice for
	 * each trial rule that was passed over, and at most one warning about
	 * a group that the directory spells otherwise.
	 */
	struct remarks remarks;
};

/* Is told of every judgement, in deciding order. NULL functions are skipped. */
struct witness {
	/*
	 * decides: this is the rule that decides. Returns 0, or −errno, which
	 * ends the decision with that error.
	 */
	int (*hear)(void *context, const struct situation *situation,
		const struct rule *rule, const struct judgement *judgement,
		bool decides);
	void *context;
	bool wants_all; /* judge the rules behind the deciding one as well */
};

/*
 * Decides. witness may be NULL. An unusable policy needs no subject.
 *
 * Returns 0 with the decision in *ret*, to be cleared by decision_clear();
 * -ENOMEM, or the witness's error, with nothing to clear.
 */
int policy_decide(const struct situation *situation,
	const struct witness *witness, struct decision *ret);

/*
 * The remark that says why nothing is set although something should perhaps
 * be: the first mistake, or the look-up that failed. NULL: all is well.
 */
const struct remark *decision_find_cause(const struct decision *decision);

void decision_clear(struct decision *decision);

#endif
