/* SPDX-License-Identifier: MIT */
#include "pam_survey.h"

#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"
#include "output.h"

#define MANAGER "systemd-user"

/* An address of nobody (RFC 5737), for "from somewhere else". */
#define SOME_HOST "192.0.2.1"

/* --- Rows ---------------------------------------------------------------- */

/* Who opens sessions, in the order in which people think of it. */
static const struct {
	const char *service, *program;
} openers[] = {
	{ "login", "login" },
	{ "sshd", "sshd" },
	{ "su", "su" },
	{ "su-l", "su" },
	{ "sudo", "sudo" },
	{ "sudo-i", "sudo" },
	{ "systemd-run0", "run0" },
	{ "gdm-password", "gdm3" },
	{ "gdm-password", "gdm" },
	{ "sddm", "sddm" },
	{ "lightdm", "lightdm" },
	{ "greetd", "greetd" },
	{ "ly", "ly" },
	{ "lxdm", "lxdm" },
	{ "xdm", "xdm" },
	{ "cockpit", "cockpit-session" },
	{ "cockpit", "cockpit/cockpit-session" },
	{ "xrdp-sesman", "xrdp-sesman" },
	{ "cron", "cron" },
	{ "crond", "crond" },
	{ MANAGER, "systemd/systemd" },
};

static const char *const program_directories[] = {
	"/usr/bin",
	"/usr/sbin",
	"/bin",
	"/sbin",
	"/usr/local/bin",
	"/usr/local/sbin",
	"/usr/libexec",
	"/usr/lib",
	"/lib",
	"/run/current-system/sw/bin",
	"/run/current-system/sw/lib",
};

static bool
has_program(const struct root *root, const char *name)
{
	for (size_t i = 0; i < countof(program_directories); i++) {
		char *path = format_raw("%s/%s", program_directories[i], name);
		bool is_there = root_has(root, path);

		free(path);
		if (is_there)
			return true;
	}
	return false;
}

static bool
gives_uri(struct pam_survey *survey, const char *service, const char *rhost)
{
	struct situation situation = survey->doctor->inquiry.situation;
	struct decision decision;
	bool is_uri;

	situation.request = (struct request){ service, rhost };
	if (policy_decide(&situation, NULL, &decision) < 0)
		need(NULL);
	is_uri = decision.verdict == VERDICT_URI;
	decision_clear(&decision);
	return is_uri;
}

/* For a host as such any rule will do: it is for somebody. */
static bool
is_wanted(struct pam_survey *survey, const char *service)
{
	const struct policy *policy = survey->doctor->inquiry.policy;

	if (survey->doctor->viewpoint == VIEW_HOST)
		return policy->is_usable && policy->n_rules > 0;
	return gives_uri(survey, service, NULL) ||
		gives_uri(survey, service, SOME_HOST);
}

/* What has no file of its own opens no sessions here. */
static struct row *
add_row(struct pam_survey *survey, const char *service, bool matters)
{
	struct wiring wiring;

	for (size_t i = 0; i < survey->count; i++) {
		if (strcmp(survey->rows[i].wiring.service, service) == 0)
			return NULL;
	}
	wiring = wiring_follow(survey->doctor->options.root, service);
	if (wiring.file == NULL && strcmp(service, MANAGER) != 0) {
		wiring_clear(&wiring);
		return NULL;
	}
	survey->rows = need(reallocarray(
		survey->rows, survey->count + 1, sizeof(*survey->rows)));
	survey->rows[survey->count] = (struct row){
		.survey = survey,
		.matters = matters,
		.is_wanted = is_wanted(survey, service),
		.wiring = wiring,
	};
	return &survey->rows[survey->count++];
}

/* Files that are there to be included are no services. */
static bool
is_shared(const char *name)
{
	static const char *const beginnings[] = {
		"common-",
		"base-",
		"system-",
		"postlogin",
		"password-auth",
		"fingerprint-auth",
		"smartcard-auth",
		"other",
	};

	for (size_t i = 0; i < countof(beginnings); i++) {
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	}
	return false;
}

/* All that have session lines. */
static void
add_others(struct pam_survey *survey, bool matter)
{
	char **services = wiring_list_services(survey->doctor->options.root);

	for (char **name = services; *name != NULL; name++) {
		struct row *row = NULL;

		if (!is_shared(*name))
			row = add_row(survey, *name, matter);
		if (row != NULL && row->wiring.is_other) {
			wiring_clear(&row->wiring);
			survey->count--;
		}
	}
	wiring_free_list(services);
}

/* One trial for each file. */
static void
try_modules(struct pam_survey *survey)
{
	const struct options *options = &survey->doctor->options;

	for (size_t i = 0; i < survey->count && options->root == NULL; i++) {
		struct row *row = &survey->rows[i];
		const struct row *same = survey->rows;

		if (row->wiring.presence != MODULE_THERE)
			continue;
		while (same < row &&
			(same->wiring.presence != MODULE_THERE ||
				strcmp(same->wiring.module_file,
					row->wiring.module_file) != 0))
			same++;
		if (same == row)
			row->load_error = module_find_load_error(
				row->wiring.module_file, options->timeout_ms);
		else if (same->load_error != NULL)
			row->load_error = need(strdup(same->load_error));
	}
}

/*
 * Without any program that opens sessions the root is no whole system: then
 * all services it has are meant.
 */
static void
find_rows(struct pam_survey *survey)
{
	const struct inquiry *inquiry = &survey->doctor->inquiry;
	const struct options *options = &survey->doctor->options;

	for (size_t i = 0; i < countof(openers); i++) {
		if (has_program(&survey->root, openers[i].program))
			add_row(survey, openers[i].service, true);
	}
	if (options->root == NULL && inquiry->is_own_session)
		add_row(survey, inquiry->session.service, true);
	if (options->root != NULL && survey->count == 0)
		add_others(survey, true);
	else if (options->verbose)
		add_others(survey, false);
	for (size_t i = 0; i < survey->count; i++) {
		if (survey->rows[i].matters && survey->rows[i].is_wanted)
			survey->is_any_wanted = true;
	}
	try_modules(survey);
}

/* --- What rows are ------------------------------------------------------- */

bool
row_is_manager(const struct row *row)
{
	return strcmp(row->wiring.service, MANAGER) == 0;
}

bool
row_is_called(const struct row *row)
{
	return (row->wiring.state == WIRING_REACHED ||
		       row->wiring.state == WIRING_CONDITIONAL) &&
		row->wiring.presence != MODULE_MISSING &&
		row->load_error == NULL;
}

bool
row_is_absent(const struct row *row)
{
	return row->wiring.state == WIRING_ABSENT ||
		row->wiring.state == WIRING_NO_SERVICE;
}

bool
row_is_missed(const struct row *row)
{
	return row->matters && (row->is_wanted || !row->survey->is_any_wanted);
}

static bool
has_line(const struct row *row)
{
	return row->wiring.times > 0;
}

static bool
has_login(const struct pam_survey *survey, bool (*test)(const struct row *))
{
	for (size_t i = 0; i < survey->count; i++) {
		const struct row *row = &survey->rows[i];

		if (row->matters && !row_is_manager(row) && test(row))
			return true;
	}
	return false;
}

bool
pam_survey_has_line(const struct pam_survey *survey)
{
	return has_login(survey, has_line);
}

bool
pam_survey_has_called(const struct pam_survey *survey)
{
	return has_login(survey, row_is_called);
}

/* --- Where the line belongs ---------------------------------------------- */

/* Files that all sessions of a distribution share; pam_virturi(8). */
static const char *const shared_files[] = {
	"postlogin",
	"postlogin-session",
	"common-session",
	"common-session-noninteractive",
	"base-session-noninteractive",
	"system-auth",
	"system-session",
};

/* The file of this name that the row's stack is read from, or NULL. */
static const char *
find_file(const struct row *row, const char *name)
{
	for (char **file = row->wiring.files; *file != NULL; file++) {
		if (strcmp(path_name(*file), name) == 0)
			return *file;
	}
	return NULL;
}

static bool
reads(const struct row *row, const char *path)
{
	const char *file = find_file(row, path_name(path));

	return file != NULL && strcmp(file, path) == 0;
}

/* Would some session meet the line twice if it stood in this file, too? */
static bool
is_served_otherwise(const struct pam_survey *survey, const char *path)
{
	for (size_t i = 0; i < survey->count; i++) {
		const struct row *row = &survey->rows[i];
		bool has_other = has_line(row) ||
			(row->place != NULL && strcmp(row->place, path) != 0);

		if (has_other && reads(row, path))
			return true;
	}
	return false;
}

/* Sessions that are "other"'s would have no more than our line in their own. */
static const char *
choose_place(const struct pam_survey *survey, const struct row *row)
{
	const char *own = row->wiring.file;

	for (size_t i = 0; i < countof(shared_files); i++) {
		const char *path = find_file(row, shared_files[i]);

		if (path != NULL && !is_served_otherwise(survey, path))
			return path;
	}
	if (row->wiring.is_other || own == NULL)
		own = find_file(row, "other");
	return own;
}

/* In the order of rows: what serves the first may serve others as well. */
static void
choose_places(struct pam_survey *survey)
{
	for (size_t i = 0; i < survey->count; i++) {
		struct row *row = &survey->rows[i];

		if (row_is_absent(row) && row_is_missed(row))
			row->place = choose_place(survey, row);
	}
}

/* --- The survey ---------------------------------------------------------- */

/* The line to add, with the module's path if libpam would not find it. */
static void
find_line(struct pam_survey *survey)
{
	char *name = module_find_name(survey->doctor->options.root);
	char *path = NULL;

	survey->is_installed = name != NULL ||
		module_find(&survey->root, "pam_permit.so", &path) !=
			MODULE_THERE;
	free(path);
	survey->line = format_raw(
		"-session optional %s", name != NULL ? name : MODULE_NAME);
	free(name);
}

int
pam_survey_begin(struct doctor *doctor, struct pam_survey *ret)
{
	int r;

	*ret = (struct pam_survey){ .doctor = doctor };
	r = root_open(doctor->options.root, &ret->root);
	if (r < 0)
		return r;
	find_line(ret);
	find_rows(ret);
	choose_places(ret);
	return 0;
}

void
pam_survey_end(struct pam_survey *survey)
{
	for (size_t i = 0; i < survey->count; i++) {
		wiring_clear(&survey->rows[i].wiring);
		free(survey->rows[i].load_error);
	}
	free(survey->rows);
	free(survey->line);
	root_close(&survey->root);
}
