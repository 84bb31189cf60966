/* SPDX-License-Identifier: MIT */
/*
 * `virturi needs-relogin`: what a login made now would have, against what
 * runs, and the least that is enough.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "notice.h"
#include "relogin.h"

/* So many rows for other processes; --verbose has all. */
#define ROWS_ALWAYS 8

/* A group's name has as much room, in bytes. */
#define COLUMN_MAX 20

/* Questions put again because of a change: then whoever changes it waits. */
#define TRIES 10

/* --- The table ----------------------------------------------------------- */

static const char *
answer_name(enum answer answer)
{
	static const char *const names[] = {
		[ANSWER_NO] = "no",
		[ANSWER_YES] = "yes",
		[ANSWER_UNKNOWN] = "?",
	};

	return names[answer];
}

/* A column for each group: as wide as its name, or "yes". */
static int
column_width(const struct member *member)
{
	char *name = member_name(member);
	size_t size = text_cut(name, COLUMN_MAX);

	free(name);
	return size < 3 ? 3 : (int)size;
}

static void
print_row(const struct relogin *relogin, const char *name,
	const struct process *process, bool knows_uri, const char *uri)
{
	const struct members *members = &relogin->doctor->members;
	bool are_real = relogin->doctor->are_ids_real;
	char *shown = uri != NULL && uri[0] != '\0'
		? need(text_printable(uri))
		: need(strdup(knows_uri ? "not set" : ""));

	printf("  %-24s", name);
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = &members->list[i];
		enum answer answer = member->in_database;

		if (process != NULL && member->has_gid)
			answer = !are_real ? ANSWER_UNKNOWN
				: process_has_gid(process, member->gid)
				? ANSWER_YES
				: ANSWER_NO;
		printf("  %-*s", column_width(member), answer_name(answer));
	}
	printf("  %s\n", shown);
	free(shown);
}

static void
print_head(const struct relogin *relogin)
{
	const struct members *members = &relogin->doctor->members;

	printf("  %-24s", "");
	for (size_t i = 0; i < members->count; i++) {
		char *name = member_name(&members->list[i]);

		printf("  %-*.*s", column_width(&members->list[i]),
			(int)text_cut(name, COLUMN_MAX), name);
		free(name);
	}
	printf("  URI\n");
}

static void
print_holder(const struct relogin *relogin, const struct holder *holder)
{
	char *name = holder_name(holder);

	print_row(
		relogin, name, holder->process, holder->knows_uri, holder->uri);
	free(name);
}

static void
print_table(const struct relogin *relogin)
{
	size_t shown = relogin->n_others;

	if (!relogin->doctor->options.verbose && shown > ROWS_ALWAYS)
		shown = ROWS_ALWAYS;
	print_head(relogin);
	print_row(relogin, "a login made now", NULL, true, relogin->uri);
	if (relogin->session.process != NULL && !relogin->is_service)
		print_holder(relogin, &relogin->session);
	if (relogin->manager.process != NULL)
		print_holder(relogin, &relogin->manager);
	for (size_t i = 0; i < shown; i++)
		print_holder(relogin, &relogin->others[i]);
	if (shown < relogin->n_others)
		printf("  and %zu more (--verbose)\n",
			relogin->n_others - shown);
}

/* --- What follows from it ------------------------------------------------ */

static bool
is_missing(const struct relogin *relogin, size_t i)
{
	bool is = relogin->session.lacks != NULL && relogin->session.lacks[i];

	is = is ||
		(relogin->manager.lacks != NULL && relogin->manager.lacks[i]);
	for (size_t j = 0; j < relogin->n_others && !is; j++)
		is = relogin->others[j].lacks[i];
	return is;
}

static void
print_reasons(const struct relogin *relogin)
{
	const struct members *members = &relogin->doctor->members;

	for (size_t i = 0; i < members->count; i++) {
		char *name, *why;

		if (!is_missing(relogin, i))
			continue;
		name = member_name(&members->list[i]);
		why = relogin_explain_group(relogin, i);
		printf("%s %s: %s\n", name,
			relogin->counts[i] ? "matters" : "does not matter here",
			why);
		free(name);
		free(why);
	}
}

static void
print_last_resort(const struct relogin *relogin)
{
	char *word = shell_word(doctor_user(relogin->doctor));
	char *user = need(text_printable(word));

	printf("if that is not enough\n"
	       "  everything        loginctl terminate-user %s, or a reboot\n",
		user);
	free(user);
	free(word);
}

static void
print_cures(const struct relogin *relogin)
{
	const struct cures *cures = &relogin->cures;
	size_t width = 0;

	for (size_t i = 0; i < cures->count; i++) {
		size_t size = strlen(cures->steps[i].command);

		if (size > width && size <= 44)
			width = size;
	}
	printf("least that is enough\n");
	for (size_t i = 0; i < cures->count; i++) {
		const struct step *step = &cures->steps[i];

		if (step->price == NULL)
			printf("  %-16s  %s\n", step->label, step->command);
		else
			printf("  %-16s  %-*s  (%s)\n", step->label, (int)width,
				step->command, step->price);
	}
	if (relogin->doctor->options.verbose)
		print_last_resort(relogin);
}

static bool
lacks_only_uri(const struct relogin *relogin)
{
	bool group =
		relogin->session.lacks_group || relogin->manager.lacks_group;

	for (size_t i = 0; i < relogin->n_others; i++)
		group = group || relogin->others[i].lacks_group;
	return !group;
}

/* Has what lags another URI, rather than none? */
static bool
has_other_uri(const struct relogin *relogin)
{
	const struct holder *holder = relogin->session.lacks_uri
		? &relogin->session
		: &relogin->manager;

	return holder->lacks_uri && holder->uri != NULL &&
		holder->uri[0] != '\0';
}

/* User services alone, and they can be told. */
static bool
lacks_only_managers_uri(const struct relogin *relogin)
{
	return relogin->manager.lacks_uri && !relogin->session.lacks_uri &&
		relogin->n_others == 0 && lacks_only_uri(relogin);
}

/* What a login made now would not have. */
static bool
has_more(const struct relogin *relogin, const struct holder *holder,
	const char *uri)
{
	const struct members *members = &relogin->doctor->members;

	if (holder->process == NULL || !relogin->doctor->are_ids_real)
		return false;
	if (uri == NULL && holder->uri != NULL && holder->uri[0] != '\0')
		return true;
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = &members->list[i];

		if (member->in_database == ANSWER_NO && member->has_gid &&
			process_has_gid(holder->process, member->gid))
			return true;
	}
	return false;
}

static const char *
describe_enough(const struct relogin *relogin)
{
	return has_more(relogin, &relogin->session, relogin->uri) ||
			has_more(relogin, &relogin->manager,
				relogin->manager_uri)
		? "more than"
		: "all that";
}

/* What has happened, as a person would put it. */
static void
print_headline(const struct relogin *relogin)
{
	const struct members *members = &relogin->doctor->members;
	const char *began =
		relogin->session.lacks_group || relogin->session.lacks_uri
		? "this session began"
		: "some processes began";
	char *user = need(text_printable(doctor_user(relogin->doctor)));

	if (!relogin->is_needed) {
		printf("%s has %s a login made now would have\n\n", user,
			describe_enough(relogin));
		free(user);
		return;
	}
	for (size_t i = 0; i < members->count; i++) {
		char *name;

		if (!is_missing(relogin, i))
			continue;
		name = member_name(&members->list[i]);
		printf("%s was added to %s; %s before\n\n", user, name, began);
		free(name);
		free(user);
		return;
	}
	printf("the policy gives %s %s; %s %s\n\n", user,
		relogin->uri != NULL ? relogin->uri : relogin->manager_uri,
		began, has_other_uri(relogin) ? "with another" : "without");
	free(user);
}

/* The conclusion, in one line. */
static const char *
conclude(const struct relogin *relogin)
{
	if (!relogin->is_needed)
		return "no relogin needed";
	if (lacks_only_managers_uri(relogin))
		return "no relogin needed, but that command for user services";
	if (lacks_only_uri(relogin))
		return "relogin needed, for the variable alone; no reboot";
	return "relogin needed; no reboot";
}

static void
print_text(const struct relogin *relogin)
{
	const struct doctor *doctor = relogin->doctor;

	if (doctor->options.quiet && !relogin->is_needed)
		return;
	if (!doctor->options.quiet) {
		print_headline(relogin);
		print_table(relogin);
		putchar('\n');
		print_reasons(relogin);
	}
	if (relogin->is_needed)
		print_cures(relogin);
	printf("%s.\n", conclude(relogin));
}

/* --- JSON ---------------------------------------------------------------- */

static json_t *
groups_to_json(const struct relogin *relogin)
{
	const struct members *members = &relogin->doctor->members;
	json_t *list = need(json_array());

	for (size_t i = 0; i < members->count; i++) {
		json_t *object = need(json_object());
		const struct member *member = &members->list[i];
		enum answer answer = member->in_database;
		char *name = member_name(member);
		char *why = relogin_explain_group(relogin, i);

		json_add(object, "name", json_text(name));
		json_add(object, "database",
			answer == ANSWER_UNKNOWN
				? json_null()
				: json_boolean(answer == ANSWER_YES));
		json_add(object, "matters", json_boolean(relogin->counts[i]));
		json_add(object, "reason", json_text(why));
		json_append(list, object);
		free(name);
		free(why);
	}
	return list;
}

static void
add_holder(const struct relogin *relogin, const struct holder *holder,
	json_t *list)
{
	const struct members *members = &relogin->doctor->members;
	json_t *object, *missing;

	if (holder->process == NULL ||
		(!holder->lacks_group && !holder->lacks_uri))
		return;
	object = need(json_object());
	missing = need(json_array());
	for (size_t i = 0; i < members->count; i++) {
		char *name = member_name(&members->list[i]);

		if (holder->lacks[i])
			json_append(missing, json_text(name));
		free(name);
	}
	if (holder->lacks_uri)
		json_append(missing, json_string("LIBVIRT_DEFAULT_URI"));
	json_add(object, "pid", json_integer(holder->process->pid));
	json_add(object, "name", json_text(holder->process->name));
	json_add(object, "missing", missing);
	json_append(list, object);
}

static json_t *
cures_to_json(const struct relogin *relogin)
{
	json_t *list = need(json_array());

	for (size_t i = 0; i < relogin->cures.count; i++) {
		const struct step *step = &relogin->cures.steps[i];
		json_t *object = need(json_object());

		json_add(object, "for", json_text(step->label));
		json_add(object, "command", json_text(step->command));
		json_add(object, "price", json_text(step->price));
		json_append(list, object);
	}
	return list;
}

/* obstacle: NULL, or why it is not known whether a login is needed. */
static void
print_json(const struct relogin *relogin, const char *obstacle)
{
	json_t *document = json_document("needs-relogin");
	json_t *list = need(json_array());

	add_holder(relogin, &relogin->session, list);
	add_holder(relogin, &relogin->manager, list);
	for (size_t i = 0; i < relogin->n_others; i++)
		add_holder(relogin, &relogin->others[i], list);
	json_add(document, "needed", json_boolean(relogin->is_needed));
	json_add(document, "uri", json_text(relogin->uri));
	json_add(document, "groups", groups_to_json(relogin));
	json_add(document, "processes", list);
	json_add(document, "cure", cures_to_json(relogin));
	if (obstacle != NULL)
		json_add(document, "error", json_text(obstacle));
	json_print(document);
}

static void
print_json_error(const char *error)
{
	json_t *document = json_document("needs-relogin");

	json_add(document, "needed", json_null());
	json_add(document, "error", json_text(error));
	json_print(document);
}

/* --- The command --------------------------------------------------------- */

/* What keeps the question from being answered. NULL: nothing. */
static const char *
find_obstacle(const struct relogin *relogin)
{
	const struct doctor *doctor = relogin->doctor;

	if (!doctor->are_ids_real)
		return "user namespace: groups here are not the host's";
	if (lookup_is_dead(doctor->lookup))
		return "the name service does not answer";
	if (decision_find_cause(&doctor->decision) != NULL)
		return "the policy does not decide; see virturi explain";
	if (relogin->is_in_doubt)
		return "the name service does not say who is in a group that "
		       "matters";
	return NULL;
}

static enum status
answer(struct doctor *doctor)
{
	struct relogin relogin = relogin_find(doctor);
	const char *obstacle = find_obstacle(&relogin);
	enum status status = relogin.is_needed ? STATUS_NO : STATUS_OK;

	if (obstacle != NULL) {
		complain("%s", obstacle);
		status = STATUS_UNKNOWN;
	}
	if (doctor->options.notify)
		status = notice_update(&relogin, status);
	else if (doctor->options.json)
		print_json(&relogin, obstacle);
	else if (obstacle == NULL)
		print_text(&relogin);
	relogin_clear(&relogin);
	return status;
}

static enum status
ask_once(const struct options *options)
{
	struct doctor doctor;
	char *error = NULL;
	enum status status = doctor_begin(&doctor, options, false, &error);

	if (status == STATUS_OK) {
		status = answer(&doctor);
	} else {
		complain("%s", error);
		if (options->json)
			print_json_error(error);
	}
	free(error);
	doctor_clear(&doctor);
	return status;
}

/* Is it the very file, unchanged? Absent ones are the same. */
static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static struct stat
look_at_groups(void)
{
	struct stat status;

	if (stat("/etc/group", &status) < 0)
		status = (struct stat){ 0 };
	return status;
}

/*
 * A path unit does not see what changes while its service runs, and usermod(8)
 * makes it start a little early: the old /etc/group is closed before the new
 * one takes its place. So the question is put again until nothing has changed
 * meanwhile.
 */
static enum status
ask_until_settled(const struct options *options)
{
	struct stat before, after = look_at_groups();
	enum status status;
	int tries = TRIES;

	do {
		before = after;
		status = ask_once(options);
		after = look_at_groups();
	} while (!is_same_file(&before, &after) && --tries > 0);
	return status;
}

enum status
command_needs_relogin(const struct options *options)
{
	return options->notify ? ask_until_settled(options) : ask_once(options);
}
