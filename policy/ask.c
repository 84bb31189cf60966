/* SPDX-License-Identifier: MIT */
#include "ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define LEFT_ALONE "; " VARIABLE " is left alone"

static void
say(const struct reporter *reporter, enum remark_severity severity,
	const char *line)
{
	reporter->say(reporter->context, severity, line);
}

static void
say_memory_is_short(const struct reporter *reporter)
{
	say(reporter, REMARK_CRITICAL, "out of memory" LEFT_ALONE);
}

/* Takes the line over; NULL: memory was too short for it. */
static void
say_line(const struct reporter *reporter, enum remark_severity severity,
	char *line)
{
	if (line != NULL)
		say(reporter, severity, line);
	else
		say_memory_is_short(reporter);
	free(line);
}

/*
 * What a remark comes down to that is the cause of a verdict. A question is a
 * sentence of its own.
 */
static const char *
consequence_of(const struct remark *remark, enum verdict verdict)
{
	size_t size = strlen(remark->text);
	bool asks = size > 0 && remark->text[size - 1] == '?';

	switch (verdict) {
	case VERDICT_UNUSABLE:
		return asks ? " The policy is unusable, nobody gets a URI"
			    : "; the policy is unusable, nobody gets a URI";
	case VERDICT_MISTAKE:
	case VERDICT_UNKNOWN:
		return asks ? " " VARIABLE " is left alone" : LEFT_ALONE;
	default:
		return "";
	}
}

static void
say_remark(const struct reporter *reporter, const struct remark *remark,
	const char *consequence)
{
	size_t size = text_cut(remark->text, LOG_TEXT_MAX);
	char *place = remark_format_place(remark);
	char *line = NULL;

	if (place != NULL)
		line = text_format("%s%.*s%s%s", place, (int)size, remark->text,
			remark->text[size] != '\0' ? "..." : "", consequence);
	say_line(reporter, remark->severity, line);
	free(place);
}

/*
 * One line for each mistake; of an unusable policy, which may have many, the
 * first: the cure begins there and `virturi lint` knows the others.
 */
static void
say_remarks(const struct reporter *reporter, const struct decision *decision)
{
	const struct remark *cause = decision_find_cause(decision);
	const struct remarks *remarks = &decision->remarks;
	size_t count = remarks->count;

	if (decision->verdict == VERDICT_UNUSABLE && count > 1)
		count = 1;
	for (size_t i = 0; i < count; i++) {
		const struct remark *remark = &remarks->list[i];

		say_remark(reporter, remark,
			remark == cause
				? consequence_of(remark, decision->verdict)
				: "");
	}
}

static int
decide(const struct question *question, const struct policy *policy,
	struct subject *subject, char **ret)
{
	const struct situation situation = {
		.policy = policy,
		.subject = subject,
		.request = question->request,
	};
	struct decision decision;
	int r = policy_decide(&situation, &question->witness, &decision);

	if (r < 0)
		return r;
	say_remarks(&question->reporter, &decision);
	*ret = decision.uri;
	decision.uri = NULL;
	decision_clear(&decision);
	return 0;
}

/* 0 with the subject; 0 without after saying why; -ENOMEM. */
static int
find_subject(const struct question *question, const struct facts *facts,
	struct subject **ret)
{
	const struct reporter *reporter = &question->reporter;
	const char *user = question->user != NULL ? question->user : "";
	int r;

	if (user[0] == '\0' && !question->is_own) {
		say(reporter, REMARK_ERROR, "no user" LEFT_ALONE);
		return 0;
	}
	if (question->is_own)
		r = subject_new_uid(facts, getuid(), ret);
	else
		r = subject_new(facts, user, ret);
	if (r == -ENOMEM)
		return r;
	if (r == -ENOENT && question->is_own) {
		say_line(reporter, REMARK_WARNING,
			text_format("uid %lu has no name here" LEFT_ALONE,
				(unsigned long)getuid()));
	} else if (r == -ENOENT) {
		say(reporter, REMARK_WARNING, "no such user" LEFT_ALONE);
	} else if (r < 0) {
		errno = -r;
		say_line(reporter, REMARK_WARNING,
			text_format("the user cannot be looked up: "
				    "%m" LEFT_ALONE));
	}
	return 0;
}

char *
policy_ask(const struct question *question)
{
	struct policy_where where = policy_installed;
	struct nss_buffer buffer = { 0 };
	struct facts facts = facts_nss(&buffer);
	struct subject *subject = NULL;
	struct policy *policy = NULL;
	char *uri = NULL;
	int r;

	where.file = question->policy;
	r = policy_load(&where, &policy);
	if (r == 0 && policy->is_usable && policy->n_rules > 0)
		r = find_subject(question, &facts, &subject);
	if (r == 0 && (subject != NULL || !policy->is_usable))
		r = decide(question, policy, subject, &uri);
	if (r == -ENOMEM)
		say_memory_is_short(&question->reporter);
	subject_free(subject);
	policy_free(policy);
	nss_buffer_clear(&buffer);
	return uri;
}
