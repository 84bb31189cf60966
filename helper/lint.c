/* SPDX-License-Identifier: MIT */
/*
 * `virturi lint`: the engine reads, as for a login, and complains; then the
 * checks look at each rule. Files that were named are candidates: they are
 * read in their place among those in force, which are context, not subject.
 */
#include "lint.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "output.h"

/* So many members of groups are asked about their other groups. */
#define MEMBERS_MAX 5000

void
lint_say(struct lint *lint, enum remark_severity severity,
	const struct rule *rule, unsigned int line, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = need(text_vformat(format, args));
	va_end(args);
	if (remarks_add(&lint->found, severity, rule->path, line, "%s", text) <
		0)
		need(NULL);
	free(text);
}

static const struct policy_file *
file_of(const struct policy *policy, const char *path)
{
	for (size_t i = 0; i < policy->n_files; i++) {
		if (strcmp(policy->files[i].path, path) == 0)
			return &policy->files[i];
	}
	return NULL;
}

static bool
asks_for_files(const struct lint *lint)
{
	return lint->options->files[0] != NULL;
}

static bool
is_asked_path(const struct lint *lint, const char *path)
{
	const struct policy_file *file = file_of(lint->policy, path);

	return !asks_for_files(lint) || (file != NULL && file->is_candidate);
}

bool
lint_is_asked(const struct lint *lint, const struct rule *rule)
{
	return is_asked_path(lint, rule->path);
}

/* Whom a mistake in this rule leaves without a URI. */
static char *
describe_people(const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_USER:
		return need(text_format("User '%s'", rule->name));
	case RULE_GROUP:
		return need(text_format("Members of '%s'", rule->name));
	case RULE_GID:
		return need(text_format(
			"Members of gid %lu", (unsigned long)rule->gid));
	case RULE_OTHERS:
		break;
	}
	return need(strdup("Everybody else"));
}

/* A text that asks needs no full stop. */
static const char *
stop_behind(const char *text)
{
	return text[strlen(text) - 1] == '?' ? "" : ".";
}

static void
say_mistake(struct lint *lint, const struct rule *rule,
	const struct remark *mistake)
{
	char *people = describe_people(rule);

	lint_say(lint, REMARK_ERROR, rule, mistake->line,
		"%s%s %s would get no URI", mistake->text,
		stop_behind(mistake->text), people);
	free(people);
}

static void
check_form(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	struct remarks mistakes = { 0 };

	if (policy_remark_twin(lint->policy, rule, &mistakes) < 0 ||
		content_read(rule, &lint->contents[i], &mistakes) < 0)
		need(NULL);
	for (size_t j = 0; j < mistakes.count && lint_is_asked(lint, rule); j++)
		say_mistake(lint, rule, &mistakes.list[j]);
	remarks_clear(&mistakes);
}

/* What the engine said of whole files. */
static void
take_engines_remarks(struct lint *lint)
{
	static const char consequence[] =
		" The whole policy would be unusable: nobody would get a URI";
	const struct remarks *remarks = &lint->policy->remarks;

	for (size_t i = 0; i < remarks->count; i++) {
		const struct remark *remark = &remarks->list[i];
		const struct policy_file *file = NULL;
		bool is_read;

		if (remark->path != NULL)
			file = file_of(lint->policy, remark->path);
		if (asks_for_files(lint) &&
			(file == NULL || !file->is_candidate))
			continue;
		is_read = file == NULL || file->state != FILE_UNREADABLE;
		if (remarks_add(&lint->found, remark->severity, remark->path,
			    remark->line, "%s%s%s", remark->text,
			    is_read ? stop_behind(remark->text) : "",
			    is_read ? consequence : "") < 0)
			need(NULL);
	}
}

static void
warn_of_file(struct lint *lint, const struct policy_file *file,
	unsigned int line, enum remark_severity severity, const char *text)
{
	if (remarks_add(&lint->found, severity, file->path, line, "%s", text) <
		0)
		need(NULL);
}

static void
check_carriage_returns(struct lint *lint, const struct policy_file *file)
{
	const char *cr =
		file->bytes != NULL ? strstr(file->bytes, "\r\n") : NULL;
	unsigned int line = 1;

	if (cr == NULL)
		return;
	for (const char *c = file->bytes; c < cr; c++)
		line += *c == '\n';
	warn_of_file(lint, file, line, REMARK_WARNING,
		"lines end in CRLF, which is read, but LF is usual here");
}

/* A policy is public: every user may ask which URI they get, and why. */
static void
check_is_public(struct lint *lint, const struct policy_file *file)
{
	struct stat status;
	char *text;

	if (file->is_candidate || stat(file->path, &status) < 0 ||
		(status.st_mode & S_IROTH))
		return;
	text = need(text_format("not everybody can read it, so users cannot "
				"ask what they get: chmod a+r %s",
		file->path));
	warn_of_file(lint, file, 0, REMARK_ERROR, text);
	free(text);
}

static void
check_file(struct lint *lint, const struct policy_file *file)
{
	if (file->state != FILE_IN_FORCE || !is_asked_path(lint, file->path))
		return;
	check_is_public(lint, file);
	check_carriage_returns(lint, file);
	if (file->n_rules == 0 && lint->policy->is_usable)
		warn_of_file(lint, file, 0, REMARK_WARNING,
			"there is no rule in this file");
}

static void
find_group(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	struct lint_group *group = &lint->groups[i];
	struct group_record record = { 0 };

	if (rule->kind == RULE_GID)
		*group = (struct lint_group){ true, rule->gid };
	if (rule->kind != RULE_GROUP ||
		lint->facts.find_group(
			lint->facts.context, rule->name, "", &record) < 0)
		return;
	*group = (struct lint_group){ true, record.gid };
	free(record.name);
}

static void
check_rules(struct lint *lint)
{
	static lint_check *const checks[] = {
		lint_check_uri,
		lint_check_names,
		lint_check_reach,
	};

	for (size_t i = 0; i < lint->policy->n_rules; i++) {
		check_form(lint, i);
		find_group(lint, i);
	}
	for (size_t i = 0; i < lint->policy->n_rules; i++) {
		if (!lint_is_asked(lint, lint->policy->rules[i]))
			continue;
		for (size_t j = 0; j < countof(checks); j++)
			checks[j](lint, i);
	}
}

/* Files in reading order, lines within them, errors first. */
static const struct policy *sorted_policy;

static size_t
place_of(const char *path)
{
	size_t i = 0;

	while (path != NULL && i < sorted_policy->n_files &&
		strcmp(sorted_policy->files[i].path, path) != 0)
		i++;
	return i;
}

static int
compare_remarks(const void *left, const void *right)
{
	const struct remark *a = left, *b = right;
	size_t place_a = place_of(a->path), place_b = place_of(b->path);

	if (place_a != place_b)
		return place_a < place_b ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (int)a->severity - (int)b->severity;
}

static size_t
count_severity(const struct lint *lint, enum remark_severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < lint->found.count; i++)
		count += lint->found.list[i].severity == severity;
	return count;
}

static const char *
severity_name(const struct remark *remark)
{
	return remark->severity == REMARK_ERROR ? "error" : "warning";
}

static const char *
plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void
print_closing_line(const struct lint *lint)
{
	size_t errors = count_severity(lint, REMARK_ERROR);
	size_t warnings = count_severity(lint, REMARK_WARNING);
	size_t files = 0, rules = 0;

	for (size_t i = 0; i < lint->policy->n_files; i++) {
		const struct policy_file *file = &lint->policy->files[i];

		if (!is_asked_path(lint, file->path) ||
			file->state == FILE_REPLACED ||
			file->state == FILE_MASKED)
			continue;
		files++;
		rules += file->n_rules;
	}
	printf("%zu file%s, %zu rule%s: %zu error%s, %zu warning%s%s\n", files,
		plural(files), rules, plural(rules), errors, plural(errors),
		warnings, plural(warnings),
		errors > 0 ? ". Logins would go on" : "");
}

static void
print_text(const struct lint *lint)
{
	for (size_t i = 0; i < lint->found.count; i++) {
		const struct remark *remark = &lint->found.list[i];

		if (lint->options->quiet && remark->severity != REMARK_ERROR)
			continue;
		printf("%s:%u: %s: %s\n",
			remark->path ? remark->path : "policy",
			remark->line > 0 ? remark->line : 1,
			severity_name(remark), remark->text);
	}
	if (lint->options->quiet)
		return;
	if (lint->policy->n_files == 0)
		print_where_looked(lint->options->root);
	print_closing_line(lint);
}

static void
print_json(const struct lint *lint)
{
	json_t *document = json_document("lint");
	json_t *list = need(json_array());

	for (size_t i = 0; i < lint->found.count; i++) {
		const struct remark *remark = &lint->found.list[i];
		json_t *object = need(json_object());

		json_add(object, "file", json_text(remark->path));
		json_add(object, "line", json_integer(remark->line));
		json_add(object, "severity", json_text(severity_name(remark)));
		json_add(object, "text", json_text(remark->text));
		if (json_array_append_new(list, object) < 0)
			need(NULL);
	}
	json_add(document, "diagnostics", list);
	json_print(document);
}

static enum status
conclude(const struct lint *lint)
{
	for (size_t i = 0; i < lint->policy->n_files; i++) {
		const struct policy_file *file = &lint->policy->files[i];

		if (file->is_candidate && file->state == FILE_UNREADABLE)
			return STATUS_UNKNOWN;
	}
	if (count_severity(lint, REMARK_ERROR) > 0)
		return STATUS_NO;
	if (lint->options->strict && lint->found.count > 0)
		return STATUS_NO;
	return STATUS_OK;
}

/* The files to be read: those that were named, and those in directories. */
struct paths {
	char **list;
	size_t count;
	bool is_incomplete;
};

static void
add_path(struct paths *paths, char *path)
{
	paths->list = need(realloc(
		paths->list, (paths->count + 2) * sizeof(*paths->list)));
	paths->list[paths->count++] = path;
	paths->list[paths->count] = NULL;
}

static int
is_policy_name(const struct dirent *entry)
{
	return policy_is_dropin_name(entry->d_name);
}

static void
add_directory(struct paths *paths, const char *directory)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, is_policy_name, alphasort);

	if (count < 0) {
		complain("%s: %m", directory);
		paths->is_incomplete = true;
		return;
	}
	for (int i = 0; i < count; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", directory, entries[i]->d_name) < 0)
			need(NULL);
		add_path(paths, path);
		free(entries[i]);
	}
	free(entries);
	if (count == 0)
		complain("%s: no *.conf in this directory", directory);
}

static struct paths
find_paths(char *const *files)
{
	struct paths paths = { 0 };
	struct stat status;

	for (; *files != NULL; files++) {
		if (stat(*files, &status) == 0 && S_ISDIR(status.st_mode))
			add_directory(&paths, *files);
		else
			add_path(&paths, need(strdup(*files)));
	}
	return paths;
}

static void
paths_clear(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->list[i]);
	free(paths->list);
}

static void
lint_clear(struct lint *lint)
{
	for (size_t i = 0; i < lint->policy->n_rules; i++)
		content_clear(&lint->contents[i]);
	free(lint->contents);
	free(lint->groups);
	census_clear(&lint->census);
	remarks_clear(&lint->found);
}

static enum status
lint_policy(const struct options *options, const struct policy *policy)
{
	struct nss_buffer buffer = { 0 };
	struct lint lint = {
		.options = options,
		.policy = policy,
		.facts = facts_nss(&buffer),
		.members_left = MEMBERS_MAX,
	};
	enum status status;

	lint.contents =
		need(calloc(policy->n_rules + 1, sizeof(*lint.contents)));
	lint.groups = need(calloc(policy->n_rules + 1, sizeof(*lint.groups)));
	census_take(&lint.census);
	take_engines_remarks(&lint);
	for (size_t i = 0; i < policy->n_files; i++)
		check_file(&lint, &policy->files[i]);
	check_rules(&lint);
	sorted_policy = policy;
	if (lint.found.count > 1)
		qsort(lint.found.list, lint.found.count,
			sizeof(*lint.found.list), compare_remarks);
	if (options->json)
		print_json(&lint);
	else
		print_text(&lint);
	status = conclude(&lint);
	lint_clear(&lint);
	nss_buffer_clear(&buffer);
	return status;
}

enum status
command_lint(const struct options *options)
{
	struct paths paths = find_paths(options->files);
	struct policy_where where = policy_installed;
	struct policy *policy = NULL;
	enum status status;
	char *absolute = NULL;

	where.root = options->root;
	where.candidates = (const char *const *)paths.list;
	if (options->policy != NULL)
		where.file = absolute = path_make_absolute(options->policy);
	if (policy_load(&where, &policy) < 0)
		need(NULL);
	status = lint_policy(options, policy);
	if (paths.is_incomplete)
		status = STATUS_UNKNOWN;
	policy_free(policy);
	paths_clear(&paths);
	free(absolute);
	return status;
}
