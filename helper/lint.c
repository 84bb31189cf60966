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
#define MEMBERS_MAX 1000

/* So many users, groups and services are looked for. */
#define NAMES_MAX 3000

/* So often it is asked what an unknown name was meant to be. */
#define GUESSES_MAX 20

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

/* The place in reading order of the file a remark is about; or n_files. */
static size_t
find_place(const struct lint *lint, const char *path)
{
	size_t i = 0;

	if (path == NULL)
		return lint->policy->n_files;
	while (i < lint->policy->n_files && strcmp(lint->paths[i], path) != 0)
		i++;
	return i;
}

static bool
asks_for_files(const struct lint *lint)
{
	return lint->options->files[0] != NULL;
}

static bool
is_asked(const struct lint *lint, const struct policy_file *file)
{
	if (!asks_for_files(lint))
		return true;
	if (file == NULL) /* nothing could be read at all */
		return lint->policy->n_files == 0;
	return file->is_candidate;
}

bool
lint_is_asked(const struct lint *lint, const struct rule *rule)
{
	const struct policy_file *file = lint->policy->files;

	while (file->path != rule->path)
		file++;
	return is_asked(lint, file);
}

bool
lint_may_look_up(struct lint *lint)
{
	if (lint->names_left == 0)
		return false;
	lint->names_left--;
	if (lint->names_left == 0)
		complain("more than %d names: the others are not looked up",
			NAMES_MAX);
	return true;
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
say_mistake(struct lint *lint, size_t i, const struct remark *mistake)
{
	const struct rule *rule = lint->policy->rules[i];
	bool is_trial = content_is_trial(&lint->contents[i]);
	char *people = describe_people(rule);

	lint_say(lint, REMARK_ERROR, rule, mistake->line,
		"%s%s %s would get no URI%s", mistake->text,
		stop_behind(mistake->text), people,
		is_trial ? ", were it not for the trial" : "");
	free(people);
}

static void
check_form(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	struct remarks mistakes = { 0 };

	if (policy_remark_twin(lint->policy, rule, &mistakes) < 0)
		need(NULL);
	lint->headers[i].is_repeated = mistakes.count > 0;
	if (content_read(rule, &lint->contents[i], &mistakes) < 0)
		need(NULL);
	for (size_t j = 0; j < mistakes.count && lint_is_asked(lint, rule); j++)
		say_mistake(lint, i, &mistakes.list[j]);
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
		size_t place = find_place(lint, remark->path);
		const struct policy_file *file = NULL;
		bool is_read;

		if (place < lint->policy->n_files)
			file = &lint->policy->files[place];
		if (!is_asked(lint, file))
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
	unsigned int line, const char *text)
{
	if (remarks_add(&lint->found, REMARK_WARNING, file->path, line, "%s",
		    text) < 0)
		need(NULL);
}

/* The first line that ends in CRLF, of some that begin with this number. */
static unsigned int
find_crlf(struct span text, unsigned int line)
{
	for (size_t i = 0; i + 1 < text.size; i++) {
		if (text.start[i] == '\r' && text.start[i + 1] == '\n')
			return line;
		line += text.start[i] == '\n';
	}
	return 0;
}

static void
check_carriage_returns(struct lint *lint, const struct policy_file *file)
{
	struct span top = { file->bytes, strlen(file->bytes) };
	unsigned int line = find_crlf(top, 1);

	for (size_t i = 0; i < file->n_rules && line == 0; i++) {
		const struct rule *rule = &file->rules[i];
		struct span body = rule->body;

		/* with the end of the header's line */
		body.start -= 2;
		body.size += 2;
		line = find_crlf(body, rule->line);
	}
	if (line > 0)
		warn_of_file(lint, file, line,
			"this line ends in CRLF, which is read, but LF is "
			"usual here");
}

static void
check_mode(struct lint *lint, const char *path, mode_t wanted, const char *cure)
{
	struct stat status;
	char *word;

	if (stat(path, &status) < 0 || (status.st_mode & wanted) == wanted)
		return;
	word = shell_word(path);
	if (remarks_add(&lint->found, REMARK_ERROR, path, 0,
		    "not everybody can read it, so users cannot ask what they "
		    "get: chmod %s %s",
		    cure, word) < 0)
		need(NULL);
	free(word);
}

static size_t
directory_size(const struct policy_file *file)
{
	const char *slash = strrchr(file->path, '/');

	return slash != NULL ? (size_t)(slash - file->path) : 0;
}

/* Is this the first of the files in its directory? */
static bool
is_first_in_directory(const struct lint *lint, const struct policy_file *file)
{
	const struct policy_file *other = lint->policy->files;
	size_t size = directory_size(file);

	while (other != file &&
		(directory_size(other) != size ||
			memcmp(other->path, file->path, size) != 0))
		other++;
	return other == file;
}

/* A policy is public: every user may ask which URI they get, and why. */
static void
check_is_public(struct lint *lint, const struct policy_file *file)
{
	char *directory;

	if (file->is_candidate)
		return;
	check_mode(lint, file->path, S_IROTH, "a+r");
	if (!is_first_in_directory(lint, file))
		return;
	directory = need(strndup(file->path, directory_size(file)));
	check_mode(lint, directory, S_IROTH | S_IXOTH, "a+rx");
	free(directory);
}

static void
check_file(struct lint *lint, const struct policy_file *file)
{
	if (file->is_candidate && file->state == FILE_MASK)
		warn_of_file(lint, file, 0,
			"empty, and so it hides the file of this name in lower "
			"layers; there is no rule in it");
	if (file->state != FILE_IN_FORCE || !is_asked(lint, file))
		return;
	check_is_public(lint, file);
	check_carriage_returns(lint, file);
	if (file->n_rules == 0 && lint->policy->is_usable)
		warn_of_file(lint, file, 0, "there is no rule in this file");
}

static void
find_gid(struct lint *lint, size_t i)
{
	const struct rule *rule = lint->policy->rules[i];
	struct lint_header *header = &lint->headers[i];
	struct group_record record = { 0 };

	header->gid = rule->gid;
	header->has_gid = rule->kind == RULE_GID;
	if (rule->kind != RULE_GROUP || !lint_may_look_up(lint) ||
		lint->facts.find_group(
			lint->facts.context, rule->name, "", &record) < 0)
		return;
	header->gid = record.gid;
	header->has_gid = true;
	free(record.name);
}

/* Rules of one file stand together, of each kind. */
static void
find_file(struct lint *lint, size_t i)
{
	const struct policy *policy = lint->policy;
	size_t place = i > 0 ? lint->headers[i - 1].place : 0;

	while (policy->files[place].path != policy->rules[i]->path)
		place = (place + policy->n_files - 1) % policy->n_files;
	lint->headers[i].place = place;
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
		find_file(lint, i);
		check_form(lint, i);
		find_gid(lint, i);
	}
	lint_chain_headers(lint);
	for (size_t i = 0; i < lint->policy->n_rules; i++) {
		if (!lint_is_asked(lint, lint->policy->rules[i]))
			continue;
		for (size_t j = 0; j < countof(checks); j++)
			checks[j](lint, i);
	}
}

/* A remark, and where it belongs. */
struct found {
	const struct remark *remark;
	size_t place; /* of its file in reading order */
	size_t number; /* in the order in which it was found */
};

/* Files in reading order, lines within them, errors first. */
static int
compare_found(const void *left, const void *right)
{
	const struct found *a = left, *b = right;

	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	if (a->remark->line != b->remark->line)
		return a->remark->line < b->remark->line ? -1 : 1;
	if (a->remark->severity != b->remark->severity)
		return a->remark->severity < b->remark->severity ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

static void
sort_found(struct lint *lint)
{
	size_t count = lint->found.count, place = 0;
	struct found *findings = need(calloc(count + 1, sizeof(*findings)));
	struct remark *list = need(calloc(count + 1, sizeof(*list)));

	for (size_t i = 0; i < count; i++) {
		const struct remark *remark = &lint->found.list[i];

		/* most are about the same file as the one before */
		if (i == 0 || remark->path == NULL ||
			findings[i - 1].remark->path == NULL ||
			strcmp(remark->path, findings[i - 1].remark->path) != 0)
			place = find_place(lint, remark->path);
		findings[i] = (struct found){ remark, place, i };
	}
	qsort(findings, count, sizeof(*findings), compare_found);
	for (size_t i = 0; i < count; i++)
		list[i] = *findings[i].remark;
	free(lint->found.list);
	lint->found.list = list;
	free(findings);
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

static void
print_closing_line(const struct lint *lint)
{
	size_t errors = count_severity(lint, REMARK_ERROR);
	size_t warnings = count_severity(lint, REMARK_WARNING);
	size_t files = 0, rules = 0;

	for (size_t i = 0; i < lint->policy->n_files; i++) {
		const struct policy_file *file = &lint->policy->files[i];

		if (!is_asked(lint, file) || file->state == FILE_REPLACED ||
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
	if (lint->policy->n_files == 0 && !asks_for_files(lint))
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
		json_append(list, object);
	}
	json_add(document, "diagnostics", list);
	json_print(document);
}

static enum status
conclude(const struct lint *lint)
{
	if (lint->policy->n_files == 0 && lint->policy->remarks.count > 0)
		return STATUS_UNKNOWN;
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
	for (size_t i = 0; i < lint->policy->n_files; i++)
		free(lint->paths[i]);
	free(lint->paths);
	free(lint->contents);
	free(lint->headers);
	census_clear(&lint->census);
	people_clear(&lint->group_names);
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
		.guesses_left = GUESSES_MAX,
		.names_left = NAMES_MAX,
	};
	enum status status;

	lint.contents =
		need(calloc(policy->n_rules + 1, sizeof(*lint.contents)));
	lint.headers = need(calloc(policy->n_rules + 1, sizeof(*lint.headers)));
	lint.paths = need(calloc(policy->n_files + 1, sizeof(*lint.paths)));
	for (size_t i = 0; i < policy->n_files; i++)
		lint.paths[i] = need(text_printable(policy->files[i].path));
	census_take(&lint.census);
	take_engines_remarks(&lint);
	for (size_t i = 0; i < policy->n_files; i++)
		check_file(&lint, &policy->files[i]);
	check_rules(&lint);
	sort_found(&lint);
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
