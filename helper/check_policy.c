/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../policy/text.h"
#include "child.h"
#include "doctor.h"

/* So many of lint's errors are shown; more are counted. */
#define ERRORS_SHOWN 3

/* Lint asks for all users and groups, which may take long: in a child. */
static void
run_lint(void *context, int fd)
{
	struct options options = *(const struct options *)context;
	char *const no_files[] = { NULL };

	options.files = no_files;
	options.json = true;
	if (dup2(fd, STDOUT_FILENO) < 0)
		return;
	command_lint(&options);
	fflush(stdout);
}

/* Lint's diagnostics, owned, or why there are none: −errno. */
static int
ask_lint(struct doctor *doctor, json_t **ret)
{
	struct child_result result;
	int r;

	fflush(stdout);
	r = child_call(run_lint, &doctor->options, doctor->options.timeout_ms,
		&result);
	if (r < 0)
		return r;
	*ret = json_loadb(result.output, result.size, 0, NULL);
	child_result_clear(&result);
	return *ret != NULL ? 0 : -EBADMSG;
}

static void
say_no_answer(const struct doctor *doctor, int error, struct finding *finding)
{
	int timeout_s = doctor->options.timeout_ms / 1000;

	if (error == -ETIMEDOUT)
		finding_say(finding, FINDING_SKIP,
			"not searched for mistakes: the name service took "
			"longer than %d s to tell all users and groups",
			timeout_s);
	else
		finding_say(finding, FINDING_SKIP,
			"not searched for mistakes: virturi lint ended "
			"without an answer");
	finding_cure(finding, "try", "virturi lint");
}

/* In a rule for other people they do not hinder this user. */
static enum finding_status
judge_errors(const struct doctor *doctor)
{
	return doctor->inquiry.policy->is_usable &&
			doctor->viewpoint != VIEW_HOST
		? FINDING_WARN
		: FINDING_FAIL;
}

static void
say_errors(
	const struct doctor *doctor, json_t *document, struct finding *finding)
{
	enum finding_status status = judge_errors(doctor);
	json_t *diagnostic;
	size_t i, errors = 0;

	json_array_foreach(
		json_object_get(document, "diagnostics"), i, diagnostic)
	{
		const char *file, *severity, *text;
		char *place;
		json_t *path;
		int line;

		if (json_unpack(diagnostic, "{s:o, s:i, s:s, s:s}", "file",
			    &path, "line", &line, "severity", &severity, "text",
			    &text) < 0 ||
			strcmp(severity, "error") != 0 ||
			++errors > ERRORS_SHOWN)
			continue;
		file = json_string_value(path);
		place = line > 0 ? need(text_format("%s:%d: ", file, line))
			: file != NULL ? need(text_format("%s: ", file))
				       : need(strdup(""));
		finding_say(finding, status, "%s%s", place, text);
		free(place);
	}
	if (errors > ERRORS_SHOWN)
		finding_say(
			finding, status, "and %zu more", errors - ERRORS_SHOWN);
	if (errors > 0)
		finding_cure(finding, "see", "virturi lint");
}

static void
say_what_there_is(const struct doctor *doctor, struct finding *finding)
{
	const struct policy *policy = doctor->inquiry.policy;
	const char *vendor = policy_installed.layers[LAYER_VENDOR];
	const struct policy_file *mask = NULL;
	size_t files = 0;
	char *layers;

	for (size_t i = 0; i < policy->n_files; i++) {
		files += policy->files[i].state == FILE_IN_FORCE;
		if (policy->files[i].state == FILE_MASK)
			mask = &policy->files[i];
	}
	if (files > 0) {
		finding_say(finding, FINDING_PASS, "%zu file%s, %zu rule%s",
			files, plural(files), policy->n_rules,
			plural(policy->n_rules));
		return;
	}
	if (mask != NULL) {
		finding_say(finding, FINDING_WARN,
			"%s masks it, so nobody gets a URI", mask->path);
		return;
	}
	layers = layers_format(doctor->options.root, ", ");
	finding_say(finding, FINDING_WARN,
		"there is none, so nobody gets a URI; looked in %s", layers);
	if (vendor != NULL && vendor[0] != '\0')
		finding_cure(finding, "cure",
			"reinstall the package that has %s/virturi.conf, or "
			"write one",
			vendor);
	free(layers);
}

/* In a user namespace owners look as if they were others. */
static bool
is_not_to_be_judged(const struct doctor *doctor)
{
	return !doctor->are_ids_real && !doctor->inquiry.policy->is_usable;
}

void
check_policy(struct doctor *doctor, struct finding *finding)
{
	json_t *document = NULL;
	int r;

	if (is_not_to_be_judged(doctor)) {
		finding_say(finding, FINDING_SKIP,
			"user namespace: owners of files here are not the "
			"host's");
		return;
	}
	r = ask_lint(doctor, &document);
	if (doctor->inquiry.policy->is_usable)
		say_what_there_is(doctor, finding);
	if (r == 0)
		say_errors(doctor, document, finding);
	else
		say_no_answer(doctor, r, finding);
	json_decref(document);
}

static void
say_rule(const struct doctor *doctor, struct finding *finding)
{
	const struct decision *decision = &doctor->decision;
	const struct rule *rule = decision->rule;
	char *header = need(rule_format_header(rule));

	if (decision->verdict == VERDICT_URI)
		finding_say(finding, FINDING_PASS, "%s by %s, %s:%u",
			decision->uri, header, rule->path, rule->line);
	else
		finding_say(finding, FINDING_PASS,
			"no URI by %s, %s:%u; libvirt will choose %s", header,
			rule->path, rule->line, doctor_libvirts_choice(doctor));
	free(header);
}

void
check_decision(struct doctor *doctor, struct finding *finding)
{
	const struct decision *decision = &doctor->decision;
	const struct remark *cause = decision_find_cause(decision);
	char *place;

	if (is_not_to_be_judged(doctor)) {
		finding_say(finding, FINDING_SKIP,
			"not known in a user namespace (see policy)");
		return;
	}
	for (size_t i = 0; i < decision->remarks.count; i++) {
		const struct remark *remark = &decision->remarks.list[i];

		if (remark == cause)
			continue;
		place = need(remark_format_place(remark));
		finding_say(finding,
			remark->severity == REMARK_NOTICE ? FINDING_NOTE
							  : FINDING_WARN,
			"%s%s", place, remark->text);
		free(place);
	}
	if (cause != NULL) {
		place = need(remark_format_place(cause));
		finding_say(finding,
			decision->verdict == VERDICT_UNKNOWN ? FINDING_SKIP
							     : FINDING_FAIL,
			"no URI: %s%s", place, cause->text);
		free(place);
	} else if (decision->rule != NULL) {
		say_rule(doctor, finding);
	} else {
		finding_say(finding, FINDING_PASS,
			"no rule is for %s; libvirt will choose %s",
			doctor_user(doctor), doctor_libvirts_choice(doctor));
	}
}
