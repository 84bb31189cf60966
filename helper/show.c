/* SPDX-License-Identifier: MIT */
/*
 * `virturi show`: which files there are and what became of each, then the
 * rules in the order in which they are asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/content.h"
#include "../policy/policy.h"
#include "../policy/text.h"
#include "options.h"
#include "output.h"

static const char *const state_names[] = {
	[FILE_IN_FORCE] = "in force",
	[FILE_MASK] = "mask",
	[FILE_REPLACED] = "replaced",
	[FILE_MASKED] = "masked",
	[FILE_REFUSED] = "refused",
	[FILE_UNREADABLE] = "refused",
};

/* Is the remark about the file, or about the directory it is in? */
static bool
is_about(const struct remark *remark, const char *path)
{
	size_t size = remark->path != NULL ? strlen(remark->path) : 0;

	return size > 0 && strncmp(remark->path, path, size) == 0 &&
		(path[size] == '\0' ||
			(path[size] == '/' &&
				strchr(path + size + 1, '/') == NULL));
}

/* Why the file is not used, and makes the policy unusable; NULL: it is. */
static const struct remark *
find_refusal(const struct policy *policy, const char *path)
{
	for (size_t i = 0; i < policy->remarks.count; i++) {
		const struct remark *remark = &policy->remarks.list[i];

		if (is_about(remark, path))
			return remark;
	}
	return NULL;
}

/* "in force", "replaced by /etc/…", "refused: why". path: printable. */
static char *
describe_state(const struct policy *policy, const struct policy_file *file,
	const char *path)
{
	const char *state = state_names[file->state];
	const struct remark *refusal;

	if (file->by != NULL)
		return need(text_format("%s by %s", state, file->by->path));
	refusal = find_refusal(policy, path);
	if (refusal == NULL)
		return need(strdup(state));
	if (refusal->line == 0)
		return need(text_format("refused: %s", refusal->text));
	return need(text_format(
		"refused: line %u: %s", refusal->line, refusal->text));
}

static void
print_file(const struct policy *policy, const struct policy_file *file)
{
	char *path = need(text_printable(file->path));
	char *state = describe_state(policy, file, path);

	printf("%-50s  %s", path, state);
	if (file->state == FILE_IN_FORCE && find_refusal(policy, path) == NULL)
		printf(", %zu rule%s", file->n_rules,
			file->n_rules == 1 ? "" : "s");
	putchar('\n');
	free(state);
	free(path);
}

/* The value as it would be read, or why there is none. */
static char *
describe_rule(const struct policy *policy, const struct rule *rule)
{
	struct remarks remarks = { 0 };
	struct content content = { 0 };
	char *text;

	if (policy_remark_twin(policy, rule, &remarks) < 0 ||
		content_read(rule, &content, &remarks) < 0)
		need(NULL);
	if (remarks.count > 0)
		text = text_format("MISTAKE in line %u: %s",
			remarks.list[0].line, remarks.list[0].text);
	else
		text = text_format("%s%s", content.values[KEY_URI],
			content_is_trial(&content) ? "  (trial)" : "");
	need(text);
	for (int key = KEY_SERVICES; key < KEY_TRIAL && remarks.count == 0;
		key++) {
		char *longer;

		if (content.values[key] == NULL)
			continue;
		longer = need(text_format("%s  %s = %s", text,
			rule_key_names[key], content.values[key]));
		free(text);
		text = longer;
	}
	content_clear(&content);
	remarks_clear(&remarks);
	return text;
}

static void
print_rules(const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = policy->rules[i];
		const char *slash = strrchr(rule->path, '/');
		char *header = need(rule_format_header(rule));
		char *place = need(text_format("%s:%u",
			slash != NULL ? slash + 1 : rule->path, rule->line));
		char *what = describe_rule(policy, rule);

		printf("%3zu  %-24s  %-20s  %s\n", i + 1, header, place, what);
		free(header);
		free(place);
		free(what);
	}
}

static void
print_text(const struct options *options, const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_files; i++)
		print_file(policy, &policy->files[i]);
	if (policy->n_files == 0 && policy->is_usable)
		print_where_looked(options->root);
	if (policy->n_rules > 0) {
		printf("\n%s\n",
			policy->is_usable
				? "Rules, in the order in which they are "
				  "asked:"
				: "Unusable: nobody gets a URI. Rules that "
				  "could be read:");
		print_rules(policy);
	}
}

static void
print_json(const struct policy *policy)
{
	json_t *document = json_document("show");
	json_t *files = need(json_array());

	for (size_t i = 0; i < policy->n_files; i++) {
		const struct policy_file *file = &policy->files[i];
		json_t *object = need(json_object());
		json_t *rules = need(json_array());
		char *path = need(text_printable(file->path));
		char *state = describe_state(policy, file, path);

		json_add(object, "path", json_text(path));
		json_add(object, "state", json_text(state));
		for (size_t j = 0; j < file->n_rules; j++) {
			json_t *rule = need(json_object());

			json_add_rule(rule, &file->rules[j]);
			json_append(rules, rule);
		}
		json_add(object, "rules", rules);
		json_append(files, object);
		free(state);
		free(path);
	}
	json_add(document, "files", files);
	json_add(document, "usable", json_boolean(policy->is_usable));
	json_print(document);
}

enum status
command_show(const struct options *options)
{
	struct policy_where where = policy_installed;
	struct policy *policy = NULL;
	char *absolute = NULL;
	bool is_usable;

	where.root = options->root;
	if (options->policy != NULL)
		where.file = absolute = path_make_absolute(options->policy);
	if (policy_load(&where, &policy) < 0)
		need(NULL);
	if (options->json)
		print_json(policy);
	else if (!options->quiet)
		print_text(options, policy);
	fflush(stdout);
	for (size_t i = 0; i < policy->remarks.count; i++)
		complain_remark(&policy->remarks.list[i]);
	is_usable = policy->is_usable;
	policy_free(policy);
	free(absolute);
	return is_usable ? STATUS_OK : STATUS_UNKNOWN;
}
