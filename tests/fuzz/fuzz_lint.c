/* SPDX-License-Identifier: MIT */
/*
 * lint against the engine. Whatever keeps any user from a URI because of what
 * stands in a file, lint calls an error of that file and line; and it says
 * that a policy would be unusable exactly when it is.
 */
#include "grammar.h"

#include <stdlib.h>
#include <string.h>

#include "../../policy/decide.h"
#include "spoken.h"

#define FILES_MAX 3

static const char *
string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static bool
is_error(const json_t *diagnostic)
{
	return strcmp(string_of(diagnostic, "severity"), "error") == 0;
}

/* Only the user's own expansion shows it, and lint cannot know. */
static bool
is_of_one_user(const struct remark *remark)
{
	static const char *const faults[] = {
		": it is longer than 2048 bytes",
		": a variable would choose the host",
		": this gid has no name",
	};

	for (size_t i = 0; i < countof(faults); i++) {
		if (strstr(remark->text, faults[i]) != NULL)
			return true;
	}
	return false;
}

/* A name that is quoted may say so too, but not last. */
static bool
says_unusable(const json_t *diagnostic)
{
	static const char words[] =
		" The whole policy would be unusable: nobody would get a URI";
	const char *text = string_of(diagnostic, "text");
	size_t size = strlen(text), end = strlen(words);

	return is_error(diagnostic) && size >= end &&
		strcmp(text + size - end, words) == 0;
}

static bool
is_among(const struct remark *remark, const json_t *diagnostics)
{
	for (size_t i = 0; i < json_array_size(diagnostics); i++) {
		const json_t *one = json_array_get(diagnostics, i);

		if (is_error(one) &&
			strcmp(string_of(one, "file"), remark->path) == 0 &&
			json_integer_value(json_object_get(one, "line")) ==
				remark->line &&
			strncmp(string_of(one, "text"), remark->text,
				strlen(remark->text)) == 0)
			return true;
	}
	return false;
}

static void
check_user(struct situation *situation, struct fake *people, const char *user,
	const json_t *diagnostics)
{
	struct facts facts = fake_facts(people);
	struct decision decision;

	MUST(subject_new(&facts, user, &situation->subject) == 0);
	MUST(policy_decide(situation, NULL, &decision) == 0);
	for (size_t i = 0; i < decision.remarks.count; i++) {
		const struct remark *remark = &decision.remarks.list[i];

		if (remark->severity == REMARK_ERROR)
			MUST(is_of_one_user(remark) ||
				is_among(remark, diagnostics));
	}
	decision_clear(&decision);
	subject_free(situation->subject);
}

static void
check_everybody(const char *const *paths, struct fake *people,
	struct request request, const json_t *diagnostics)
{
	struct policy_where where = { .candidates = paths };
	struct situation situation = { .request = request };
	struct policy *policy = NULL;
	bool is_unusable = false;

	MUST(policy_load(&where, &policy) == 0);
	situation.policy = policy;
	for (const struct fake_user *user = people->users; user->name != NULL;
		user++)
		check_user(&situation, people, user->name, diagnostics);
	for (size_t i = 0; i < json_array_size(diagnostics); i++)
		is_unusable = is_unusable ||
			says_unusable(json_array_get(diagnostics, i));
	MUST(is_unusable == !policy->is_usable);
	policy_free(policy);
}

static void
check_status(const struct spoken *spoken, const struct options *options,
	const json_t *diagnostics)
{
	size_t count = json_array_size(diagnostics), errors = 0;

	for (size_t i = 0; i < count; i++)
		errors += is_error(json_array_get(diagnostics, i));
	MUST(spoken->status ==
		(errors > 0 || (options->strict && count > 0) ? STATUS_NO
							      : STATUS_OK));
}

/* A line for each, and one more. */
static void
check_text(struct options options, const json_t *diagnostics)
{
	struct spoken spoken;

	options.json = false;
	spoken = spoken_run(command_lint, &options);
	check_status(&spoken, &options, diagnostics);
	MUST(fuzz_count_lines(spoken.out, strlen(spoken.out)) ==
		json_array_size(diagnostics) + 2);
	spoken_clear(&spoken);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take take = { data, size };
	struct request request = grammar_request(&take);
	struct fake people = grammar_people(&take);
	struct options options = {
		.root = spoken_root(),
		.json = true,
		.strict = take_below(&take, 2),
		.allow_command = take_below(&take, 2),
	};
	bool wants_text = take_one_in(&take, 4);
	unsigned int files = 1 + take_below(&take, FILES_MAX);
	const char *paths[FILES_MAX + 1] = { NULL };
	struct spoken spoken;
	size_t descriptors;
	json_t *document;

	for (unsigned int i = 0; i < files; i++) {
		size_t length = 0;
		char *text = grammar_make_policy(&take, &length);

		paths[i] = fuzz_file(i, text, length);
		free(text);
	}
	options.files = (char *const *)paths;
	grammar_use_people(&people);
	descriptors = fake_descriptors();
	spoken = spoken_run(command_lint, &options);
	document = spoken_parse(&spoken);
	check_status(
		&spoken, &options, json_object_get(document, "diagnostics"));
	check_everybody(paths, &people, request,
		json_object_get(document, "diagnostics"));
	if (wants_text)
		check_text(options, json_object_get(document, "diagnostics"));
	json_decref(document);
	spoken_clear(&spoken);
	MUST(fake_descriptors() == descriptors);
	return 0;
}
