/* SPDX-License-Identifier: MIT */
#include "elsewhere.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "services.h"

/* Services people meet, in the order they think of them. */
static const struct {
	const char *name;
	bool is_remote; /* usually opened from another host */
} well_known[] = {
	{ "login", false },
	{ "sshd", true },
	{ "gdm-password", false },
	{ "sddm", false },
	{ "lightdm", false },
	{ "greetd", false },
	{ "systemd-user", false },
	{ "su-l", false },
	{ "su", false },
	{ "sudo-i", false },
	{ "sudo", false },
	{ "cron", false },
	{ "crond", false },
	{ "cockpit", true },
	{ "xrdp-sesman", true },
};

/* An address of nobody (RFC 5737), for "from somewhere else". */
#define SOME_HOST "192.0.2.1"

#define SERVICES_MAX 64

/* One service's answer. */
struct answer_of {
	char *name;
	char *text; /* "gets …", with the rule */
	bool is_printed;
};

struct elsewhere {
	const struct inquiry *inquiry;
	const struct decision *here;
	struct subject
		*subject; /* anew: what was asked before is nothing here */
	struct answer_of answers[SERVICES_MAX];
	size_t count;
};

static bool
is_same_answer(const struct decision *a, const struct decision *b)
{
	bool has_uri = a->verdict == VERDICT_URI;

	if (has_uri != (b->verdict == VERDICT_URI))
		return false;
	return !has_uri || strcmp(a->uri, b->uri) == 0;
}

/* The rule's place in the list that explain prints. */
static size_t
number_of(const struct policy *policy, const struct rule *rule)
{
	size_t i = 0;

	while (i < policy->n_rules && policy->rules[i] != rule)
		i++;
	return i + 1;
}

static char *
describe(const struct policy *policy, const struct decision *decision)
{
	const struct remark *cause = decision_find_cause(decision);

	if (decision->rule == NULL)
		return need(text_format("no URI (no rule)"));
	if (cause != NULL)
		return need(text_format("no URI (rule %zu: %s)",
			number_of(policy, decision->rule), cause->text));
	return need(text_format("%s (rule %zu)",
		decision->verdict == VERDICT_URI ? decision->uri : "no URI",
		number_of(policy, decision->rule)));
}

static bool
is_usually_remote(const char *service)
{
	for (size_t i = 0; i < countof(well_known); i++) {
		if (strcmp(well_known[i].name, service) == 0)
			return well_known[i].is_remote;
	}
	return false;
}

static void
ask(struct elsewhere *elsewhere, const char *service)
{
	const struct inquiry *inquiry = elsewhere->inquiry;
	struct situation situation = {
		.policy = inquiry->policy,
		.subject = elsewhere->subject,
		.request = { service,
			is_usually_remote(service) ? SOME_HOST : NULL },
	};
	struct decision decision;
	struct answer_of *answer;

	for (size_t i = 0; i < elsewhere->count; i++) {
		if (strcmp(elsewhere->answers[i].name, service) == 0)
			return;
	}
	if (strcmp(service, inquiry->session.service) == 0 ||
		elsewhere->count == SERVICES_MAX)
		return;
	if (policy_decide(&situation, NULL, &decision) < 0)
		need(NULL);
	if (!is_same_answer(&decision, elsewhere->here)) {
		answer = &elsewhere->answers[elsewhere->count++];
		answer->name = need(strdup(service));
		answer->text = describe(inquiry->policy, &decision);
	}
	decision_clear(&decision);
}

static void
ask_named(struct elsewhere *elsewhere, const char *list)
{
	struct span rest = { list, strlen(list) }, item;

	while (text_next_item(&rest, &item)) {
		char *service = need(strndup(item.start, item.size));

		ask(elsewhere, service);
		free(service);
	}
}

static void
print_name(const char *name)
{
	char *printable = need(text_printable(name));

	printf("%s", printable);
	free(printable);
}

static void
print_answers(struct elsewhere *elsewhere)
{
	for (size_t i = 0; i < elsewhere->count; i++) {
		struct answer_of *first = &elsewhere->answers[i];
		size_t others = 0;

		if (first->is_printed)
			continue;
		printf("differs elsewhere: ");
		print_name(first->name);
		for (size_t j = i + 1; j < elsewhere->count; j++) {
			struct answer_of *next = &elsewhere->answers[j];

			if (strcmp(next->text, first->text) != 0)
				continue;
			next->is_printed = true;
			printf(", ");
			print_name(next->name);
			others++;
		}
		printf(" get%s %s\n", others > 0 ? "" : "s", first->text);
	}
}

void
elsewhere_print(const struct inquiry *inquiry, const struct decision *here,
	char *const *named)
{
	struct elsewhere elsewhere = { .inquiry = inquiry, .here = here };
	int r = subject_new(&inquiry->facts, subject_name(inquiry->subject),
		&elsewhere.subject);

	if (r < 0) {
		errno = -r;
		printf("\nelsewhere: cannot be found out: %m\n");
		return;
	}
	for (size_t i = 0; i < countof(well_known); i++) {
		if (service_find(inquiry->options->root, well_known[i].name) ==
			PRESENCE_YES)
			ask(&elsewhere, well_known[i].name);
	}
	for (; *named != NULL; named++)
		ask_named(&elsewhere, *named);
	if (elsewhere.count > 0)
		putchar('\n');
	print_answers(&elsewhere);
	for (size_t i = 0; i < elsewhere.count; i++) {
		free(elsewhere.answers[i].name);
		free(elsewhere.answers[i].text);
	}
	subject_free(elsewhere.subject);
}
