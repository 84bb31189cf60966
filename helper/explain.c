/* SPDX-License-Identifier: MIT */
/*
 * `virturi explain`: the answer first, then what made it. The rows are what
 * the engine's witness hears, in deciding order, so what is printed is what
 * was decided.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/text.h"
#include "elsewhere.h"
#include "inquiry.h"
#include "meaning.h"

/* Up to so many rules all are listed; of more, those for others are counted. */
#define ROWS_ALWAYS 8

/* A rule and what came of it. */
struct row {
	const struct rule *rule;
	enum outcome outcome;
	bool decides; /* or, of OUTCOME_UNKNOWN, keeps others from it */
	bool is_remarkable; /* not just a rule for other people */
	char *header;
	char *reason;
	char *services; /* that ruled it out, or NULL */
};

struct explanation {
	struct row *rows;
	size_t count;
	const struct rule *decider; /* among the rows heard so far */
	enum outcome outcome; /* the decider's */
};

/* "matches too; its file comes earlier" */
static char *
explain_too_late(const struct rule *rule, const struct rule *decider)
{
	static const char *const kinds[] = {
		[RULE_USER] = "[user]",
		[RULE_GROUP] = "[group]",
		[RULE_GID] = "[group]",
		[RULE_OTHERS] = "[others]",
	};
	const char *kind = kinds[rule->kind], *by = kinds[decider->kind];

	if (strcmp(kind, by) != 0)
		return need(text_format(
			"matches too; %s comes before %s", by, kind));
	if (strcmp(rule->path, decider->path) != 0)
		return need(text_format("matches too; its file comes earlier"));
	return need(text_format("matches too; it stands further down"));
}

static char *
explain_row(const struct explanation *explanation,
	const struct situation *situation, const struct rule *rule,
	const struct judgement *judgement)
{
	bool applies = judgement->outcome == OUTCOME_URI ||
		judgement->outcome == OUTCOME_NONE;

	if (explanation->decider != NULL && applies &&
		explanation->outcome == OUTCOME_UNKNOWN)
		return need(strdup("applies only if a rule above does not, "
				   "which is not known"));
	if (explanation->decider != NULL && applies)
		return explain_too_late(rule, explanation->decider);
	return need(judgement_explain(situation, rule, judgement));
}

static bool
is_for_others(enum outcome outcome)
{
	return outcome == OUTCOME_NO_MATCH || outcome == OUTCOME_NOT_ROOT;
}

static int
hear(void *context, const struct situation *situation, const struct rule *rule,
	const struct judgement *judgement, bool decides)
{
	struct explanation *explanation = context;
	struct row *row = &explanation->rows[explanation->count++];
	bool is_service = judgement->outcome == OUTCOME_CONDITION &&
		judgement->key == KEY_SERVICES;

	*row = (struct row){
		.rule = rule,
		.outcome = judgement->outcome,
		.decides = decides,
		.is_remarkable = !is_for_others(judgement->outcome),
		.header = need(rule_format_header(rule)),
		.reason = explain_row(explanation, situation, rule, judgement),
		.services = is_service ? need(strdup(judgement->value)) : NULL,
	};
	if (decides) {
		explanation->decider = rule;
		explanation->outcome = judgement->outcome;
	}
	return 0;
}

/*
 * Names that do not match because the directory has others. Asked when all is
 * decided: these look-ups are the explanation's own, and what they run into
 * must not colour the decision.
 */
static void
explain_spellings(
	const struct inquiry *inquiry, struct explanation *explanation)
{
	for (size_t i = 0; i < explanation->count; i++) {
		struct row *row = &explanation->rows[i];
		char *called = NULL;

		if (row->is_remarkable || row->rule->kind != RULE_GROUP ||
			subject_find_spelling(
				inquiry->subject, row->rule->name, &called) < 0)
			continue;
		row->is_remarkable = true;
		free(row->reason);
		row->reason = need(
			text_format("the directory calls it '%s'", called));
		free(called);
	}
}

/* Does the rule apply, whether or not another comes first? */
static bool
applies(enum outcome outcome)
{
	return outcome == OUTCOME_TRIAL || outcome == OUTCOME_URI ||
		outcome == OUTCOME_NONE || outcome == OUTCOME_MISTAKE;
}

static const char *
strong(const struct inquiry *inquiry, bool begins)
{
	if (!inquiry->options->color)
		return "";
	return begins ? "\033[1m" : "\033[0m";
}

static void
print_who(const struct inquiry *inquiry)
{
	const struct request *request = &inquiry->situation.request;
	char *who = need(text_format("%s (uid %lu), %s%s, ",
		subject_name(inquiry->subject),
		(unsigned long)subject_uid(inquiry->subject),
		inquiry->is_own_session ? "this session: " : "",
		request->service));
	char *from;

	if (!request_is_remote(request))
		from = need(strdup("local"));
	else
		from = need(text_format("from %s", request->rhost));
	printf("%s%s\n\n", who, from);
	free(who);
	free(from);
}

static void
print_cause(const struct remark *cause)
{
	char *place;

	if (cause == NULL)
		return;
	place = need(remark_format_place(cause));
	printf("  %s%s\n", place, cause->text);
	free(place);
}

static void
print_answer(const struct inquiry *inquiry, const struct decision *decision)
{
	static const char *const nothing[] = {
		[VERDICT_NO_RULE] = "no URI: no rule applies",
		[VERDICT_NONE] = "no URI: the policy says none",
		[VERDICT_MISTAKE] = "no URI: the rule that decides is mistaken",
		[VERDICT_UNKNOWN] = "no URI: it could not be found out which "
				    "rule decides",
		[VERDICT_UNUSABLE] = "no URI for anybody: the policy is "
				     "unusable",
	};
	const struct rule *rule = decision->rule;

	printf("  %s%s%s\n", strong(inquiry, true),
		decision->verdict == VERDICT_URI ? decision->uri
						 : nothing[decision->verdict],
		strong(inquiry, false));
	if (rule != NULL) {
		char *header = need(rule_format_header(rule));
		char *path = need(text_printable(rule->path));

		printf("  %s %s, %s:%u\n",
			decision->verdict == VERDICT_UNKNOWN ? "stopped at"
							     : "by",
			header, path, rule->line);
		free(header);
		free(path);
	}
	print_cause(decision_find_cause(decision));
}

/* What libvirt makes of a missing URI: https://libvirt.org/uri.html */
static void
print_meaning(const struct inquiry *inquiry, const struct decision *decision)
{
	char *meaning;

	if (decision->verdict == VERDICT_URI) {
		meaning = uri_describe(decision->uri);
		printf("  %s\n", meaning);
		free(meaning);
	} else {
		printf("  libvirt then chooses by itself: %s, unless the "
		       "user's libvirt.conf\n  or environment says "
		       "otherwise\n",
			subject_uid(inquiry->subject) == 0 ? "qemu:///system"
							   : "qemu:///session");
	}
}

static char *
format_place(const struct rule *rule)
{
	const char *slash = strrchr(rule->path, '/');

	return need(text_format(
		"%s:%u", slash != NULL ? slash + 1 : rule->path, rule->line));
}

/* Columns wide enough for all rows, within reason. */
struct widths {
	size_t header, place;
};

static void
widen(size_t *width, const char *text)
{
	size_t size = strlen(text);

	if (size > *width && size <= 40)
		*width = size;
}

static struct widths
find_widths(const struct explanation *explanation)
{
	struct widths widths = { 8, 8 };

	for (size_t i = 0; i < explanation->count; i++) {
		char *place = format_place(explanation->rows[i].rule);

		widen(&widths.header, explanation->rows[i].header);
		widen(&widths.place, place);
		free(place);
	}
	return widths;
}

static void
print_row(const struct inquiry *inquiry, const struct row *row, size_t number,
	const struct widths *widths)
{
	bool says_why = !row->decides ||
		(row->outcome != OUTCOME_URI && row->outcome != OUTCOME_NONE);
	const char *what =
		row->outcome == OUTCOME_UNKNOWN ? "NOT KNOWN" : "DECIDES";
	char *place = format_place(row->rule);

	printf("%3zu  %-*s  %-*s  ", number, (int)widths->header, row->header,
		(int)widths->place, place);
	if (row->decides)
		printf("%s%s%s%s", strong(inquiry, true), what,
			strong(inquiry, false), says_why ? ": " : "");
	printf("%s\n", says_why ? row->reason : "");
	free(place);
}

static void
print_rows(const struct inquiry *inquiry, const struct explanation *explanation)
{
	bool lists_all =
		inquiry->options->verbose || explanation->count <= ROWS_ALWAYS;
	struct widths widths = find_widths(explanation);
	size_t hidden = 0;

	if (explanation->count > 0)
		putchar('\n');
	for (size_t i = 0; i < explanation->count; i++) {
		const struct row *row = &explanation->rows[i];

		if (lists_all || row->is_remarkable)
			print_row(inquiry, row, i + 1, &widths);
		else
			hidden++;
	}
	if (hidden > 0)
		printf("and %zu rules for other users and groups (--verbose)\n",
			hidden);
}

static void
print_elsewhere(const struct inquiry *inquiry, const struct decision *decision,
	const struct explanation *explanation)
{
	char **named = need(calloc(explanation->count + 1, sizeof(*named)));
	size_t count = 0;

	for (size_t i = 0; i < explanation->count; i++) {
		if (explanation->rows[i].services != NULL)
			named[count++] = explanation->rows[i].services;
	}
	elsewhere_print(inquiry, decision, named);
	free(named);
}

static void
print_text(const struct inquiry *inquiry, const struct decision *decision,
	const struct explanation *explanation)
{
	print_who(inquiry);
	print_answer(inquiry, decision);
	if (inquiry->policy->n_files == 0 && inquiry->options->policy == NULL)
		print_where_looked(inquiry->options->root);
	print_meaning(inquiry, decision);
	print_rows(inquiry, explanation);
	if (decision->verdict != VERDICT_UNUSABLE)
		print_elsewhere(inquiry, decision, explanation);
}

static void
print_json(const struct inquiry *inquiry, const struct decision *decision,
	const struct explanation *explanation)
{
	json_t *document = json_document("explain");
	json_t *rules = need(json_array());

	inquiry_add_json(inquiry, decision, document);
	for (size_t i = 0; i < explanation->count; i++) {
		const struct row *row = &explanation->rows[i];
		json_t *object = need(json_object());

		json_add_rule(object, row->rule);
		json_add(
			object, "matched", json_boolean(applies(row->outcome)));
		json_add(object, "decides",
			json_boolean(row->decides &&
				row->outcome != OUTCOME_UNKNOWN));
		json_add(object, "reason", json_text(row->reason));
		json_append(rules, object);
	}
	json_add(document, "rules", rules);
	json_print(document);
}

static void
explanation_clear(struct explanation *explanation)
{
	for (size_t i = 0; i < explanation->count; i++) {
		free(explanation->rows[i].header);
		free(explanation->rows[i].reason);
		free(explanation->rows[i].services);
	}
	free(explanation->rows);
}

static enum status
explain(const struct inquiry *inquiry)
{
	struct explanation explanation = { 0 };
	const struct witness witness = { hear, &explanation, true };
	struct decision decision;
	enum status status;

	explanation.rows = need(calloc(
		inquiry->policy->n_rules + 1, sizeof(*explanation.rows)));
	if (policy_decide(&inquiry->situation, &witness, &decision) < 0)
		need(NULL);
	explain_spellings(inquiry, &explanation);
	if (inquiry->options->json)
		print_json(inquiry, &decision, &explanation);
	else
		print_text(inquiry, &decision, &explanation);
	status = decision_status(&decision);
	decision_clear(&decision);
	explanation_clear(&explanation);
	/* that there is none is an answer like any other */
	return status == STATUS_NO ? STATUS_OK : status;
}

enum status
command_explain(const struct options *options)
{
	struct inquiry inquiry;
	char *error = NULL;
	enum status status = inquiry_begin(&inquiry, options, NULL, &error);

	status = status == STATUS_OK ? explain(&inquiry)
				     : inquiry_fail(&inquiry, "explain", error);
	free(error);
	inquiry_clear(&inquiry);
	return status;
}
