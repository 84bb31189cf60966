/* SPDX-License-Identifier: MIT */
/*
 * Which sessions reach the module? Services with the same trouble are told of
 * together, with the line that cures it and the file it belongs in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "output.h"
#include "pam_survey.h"

/* Debian's way, where our package has brought the profile. */
#define PROFILE         "/usr/share/pam-configs/virturi"
#define PROFILE_COMMAND "sudo pam-auth-update --enable virturi"

/* A survey, and where to tell of it. */
struct report {
	struct pam_survey *survey;
	struct finding *finding;
};

/* --- Groups -------------------------------------------------------------- */

/* What rows have in common; NULL: the row is not meant. Borrowed. */
typedef const char *get_key(const struct row *row);

/* Tells of a group: its first row, and "login, sshd". */
typedef void say_group(
	struct report *report, const struct row *row, const char *names);

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static char *
join_names(const struct pam_survey *survey, get_key *get, const char *key)
{
	char *names = need(strdup(""));

	for (size_t i = 0; i < survey->count; i++) {
		const struct row *row = &survey->rows[i];
		char *longer;

		if (!is_same(get(row), key))
			continue;
		longer = format_raw("%s%s%s", names,
			names[0] != '\0' ? ", " : "", row->wiring.service);
		free(names);
		names = longer;
	}
	return names;
}

static void
for_each_group(struct report *report, get_key *get, say_group *say)
{
	const struct pam_survey *survey = report->survey;

	for (size_t i = 0; i < survey->count; i++) {
		const char *key = get(&survey->rows[i]);
		size_t first = 0;
		char *names;

		while (first < i && !is_same(get(&survey->rows[first]), key))
			first++;
		if (key == NULL || first < i)
			continue;
		names = join_names(survey, get, key);
		say(report, &survey->rows[i], names);
		free(names);
	}
}

/* Have some of those that call the module this key, others another or none? */
static bool
differ(const struct pam_survey *survey, get_key *get)
{
	const struct row *first = NULL;

	for (size_t i = 0; i < survey->count; i++) {
		const struct row *row = &survey->rows[i];

		if (!row->matters || !row_is_called(row))
			continue;
		if (first == NULL)
			first = row;
		if (get(row) != get(first) && !is_same(get(row), get(first)))
			return true;
	}
	return false;
}

/* --- How bad it is ------------------------------------------------------- */

static enum finding_status
judge_hindrance(const struct pam_survey *survey)
{
	if (!survey->is_any_wanted)
		return FINDING_NOTE;
	return pam_survey_has_called(survey) ? FINDING_WARN : FINDING_FAIL;
}

static enum finding_status
judge_broken(const struct pam_survey *survey)
{
	return survey->is_any_wanted ? FINDING_FAIL : FINDING_WARN;
}

/* --- Cures --------------------------------------------------------------- */

static void
cure_line(struct report *report)
{
	finding_cure(
		report->finding, "", "write instead: %s", report->survey->line);
}

static void
cure_control(struct report *report)
{
	finding_cure(
		report->finding, "", "begin that line with: -session optional");
}

static void
cure_order(struct report *report, const struct row *row)
{
	finding_cure(report->finding, "",
		"make %s:%u the last line of its file", row->wiring.line_file,
		row->wiring.line);
}

static bool
has_profile(const struct row *row)
{
	return strstr(row->place, "/common-session") != NULL &&
		root_has(&row->survey->root, PROFILE);
}

/* What to do for a row whose stack lacks the line. */
static const char *
get_cure(const struct row *row)
{
	if (row->place != NULL && has_profile(row))
		return PROFILE_COMMAND;
	return row->place;
}

static const char *
get_login_cure(const struct row *row)
{
	return row_is_manager(row) ? NULL : get_cure(row);
}

/* What cures a login as well has been told. */
static const char *
get_manager_cure(const struct row *row)
{
	const struct pam_survey *survey = row->survey;

	if (!row_is_manager(row))
		return NULL;
	for (size_t i = 0; i < survey->count; i++) {
		if (is_same(get_login_cure(&survey->rows[i]), get_cure(row)))
			return NULL;
	}
	return get_cure(row);
}

static bool
is_link(const char *path)
{
	char target;

	return readlink(path, &target, 1) >= 0;
}

/* Vendors' files, and those that a program writes, are not to be edited. */
static void
cure_place(struct report *report, const struct row *row, const char *names)
{
	char *own = path_below(row->survey->root.path, "/etc/pam.d/");
	const char *place = row->place, *line = report->survey->line;

	(void)names;
	if (has_profile(row))
		finding_cure(report->finding, "", "%s", PROFILE_COMMAND);
	else if (strstr(place, "/pam.conf") != NULL)
		finding_cure(report->finding, "",
			"append to %s, for each service: SERVICE %s", place,
			line);
	else if (strncmp(place, own, strlen(own)) != 0)
		finding_cure(report->finding, "",
			"copy %s to %s, and append there: %s", place, own,
			line);
	else if (is_link(place))
		finding_cure(report->finding, "",
			"append to what %s is made from, see pam_virturi(8): "
			"%s",
			place, line);
	else
		finding_cure(
			report->finding, "", "append to %s: %s", place, line);
	free(own);
}

/* --- The module ---------------------------------------------------------- */

static const char *
get_missing(const struct row *row)
{
	return row->matters && row->wiring.presence == MODULE_MISSING
		? row->wiring.module_file
		: NULL;
}

static void
say_missing(struct report *report, const struct row *row, const char *names)
{
	const struct wiring *wiring = &row->wiring;

	finding_say(report->finding, judge_broken(report->survey),
		"%s:%u: %s is not there%s%s", wiring->line_file, wiring->line,
		wiring->module_file,
		wiring->is_required ? ", and libpam refuses sessions of " : "",
		wiring->is_required ? names : "");
	if (report->survey->is_installed)
		cure_line(report);
	else
		finding_cure(report->finding, "",
			"install the module there, or remove the line");
}

static const char *
get_unloadable(const struct row *row)
{
	return row->matters && row->load_error != NULL ? row->wiring.module_file
						       : NULL;
}

static void
say_unloadable(struct report *report, const struct row *row, const char *names)
{
	const char *file = row->wiring.module_file;

	(void)names;
	finding_say(report->finding, judge_broken(report->survey),
		"%s cannot be loaded: %s", file, row->load_error);
	finding_cure(report->finding, "see", "ldd %s", file);
}

/* --- Who reaches it ------------------------------------------------------ */

static const char *
get_reached(const struct row *row)
{
	return row->matters && row_is_called(row) &&
			row->wiring.state == WIRING_REACHED
		? ""
		: NULL;
}

static void
say_reached(struct report *report, const struct row *row, const char *names)
{
	(void)row;
	finding_say(report->finding, FINDING_PASS, "reached by %s", names);
}

static const char *
get_hindrance(const struct row *row)
{
	bool is_hindered = row->wiring.state == WIRING_CONDITIONAL ||
		row->wiring.state == WIRING_SKIPPED;

	return is_hindered && row_is_missed(row) ? row->wiring.reason : NULL;
}

static void
say_hindrance(struct report *report, const struct row *row, const char *names)
{
	finding_say(report->finding, judge_hindrance(report->survey), "%s: %s",
		names, row->wiring.reason);
	if (row->wiring.shifted_by != NULL)
		cure_order(report, row);
	else
		finding_cure(report->finding, "", "put above that line: %s",
			report->survey->line);
}

static const char *
get_absent_login(const struct row *row)
{
	return row_is_absent(row) && row_is_missed(row) && !row_is_manager(row)
		? ""
		: NULL;
}

static void
say_absent_login(
	struct report *report, const struct row *row, const char *names)
{
	(void)row;
	if (!report->survey->is_any_wanted)
		finding_say(report->finding, FINDING_NOTE,
			"not reached by %s, to which the policy gives nothing",
			names);
	else if (pam_survey_has_line(report->survey))
		finding_say(report->finding, FINDING_WARN, "not reached by %s",
			names);
	else
		finding_say(report->finding, FINDING_FAIL,
			"no session's PAM stack has " MODULE_NAME);
	if (!report->survey->is_installed)
		finding_cure(report->finding, "first",
			"install " MODULE_NAME ", which is not on this host");
	for_each_group(report, get_login_cure, cure_place);
}

static const char *
get_absent_manager(const struct row *row)
{
	return row_is_absent(row) && row_is_missed(row) && row_is_manager(row)
		? ""
		: NULL;
}

static bool
has_generator(const struct pam_survey *survey)
{
	static const char *const paths[] = {
		"/etc/systemd/user-environment-generators/70-virturi",
		"/run/systemd/user-environment-generators/70-virturi",
		"/usr/local/lib/systemd/user-environment-generators/70-virturi",
		"/usr/lib/systemd/user-environment-generators/70-virturi",
	};

	for (size_t i = 0; i < countof(paths); i++) {
		if (root_has(&survey->root, paths[i]))
			return true;
	}
	return false;
}

static void
say_absent_manager(
	struct report *report, const struct row *row, const char *names)
{
	bool has_other_way = has_generator(report->survey);

	(void)row;
	if (has_other_way)
		finding_say(report->finding, FINDING_NOTE,
			"not reached by %s, but 70-virturi tells user services",
			names);
	else
		finding_say(report->finding,
			report->survey->is_any_wanted ? FINDING_WARN
						      : FINDING_NOTE,
			"not reached by %s: user services do not get the URI",
			names);
	if (!has_other_way)
		for_each_group(report, get_manager_cure, cure_place);
}

static const char *
get_unreadable(const struct row *row)
{
	return row->matters && row->wiring.state == WIRING_UNREADABLE
		? row->wiring.reason
		: NULL;
}

static void
say_unreadable(struct report *report, const struct row *row, const char *names)
{
	finding_say(report->finding, FINDING_NOTE, "%s: %s", names,
		row->wiring.reason);
}

static const char *
get_other_reached(const struct row *row)
{
	return !row->matters && row_is_called(row) ? "" : NULL;
}

static void
say_other_reached(
	struct report *report, const struct row *row, const char *names)
{
	(void)row;
	finding_say(report->finding, FINDING_PASS, "also reached by %s", names);
}

static const char *
get_other_unreached(const struct row *row)
{
	return !row->matters && !row_is_called(row) ? "" : NULL;
}

static void
say_other_unreached(
	struct report *report, const struct row *row, const char *names)
{
	(void)row;
	finding_say(report->finding, FINDING_PASS,
		"not reached by %s, which is no matter", names);
}

/* --- What the line says -------------------------------------------------- */

static const char *
get_override(const struct row *row)
{
	return row->matters && row_is_called(row) && row->wiring.is_override
		? ""
		: NULL;
}

static void
say_override(struct report *report, const struct row *row, const char *names)
{
	finding_say(report->finding, FINDING_WARN,
		"%s:%u: override only for %s", row->wiring.line_file,
		row->wiring.line, names);
}

static const char *
get_policy(const struct row *row)
{
	return row->matters && row_is_called(row) ? row->wiring.policy : NULL;
}

static void
say_policy(struct report *report, const struct row *row, const char *names)
{
	finding_say(report->finding, FINDING_WARN,
		"%s:%u: policy=%s only for %s", row->wiring.line_file,
		row->wiring.line, row->wiring.policy, names);
}

/* Where /proc/self leads, only who opens the session knows. */
static const char *
get_lost_policy(const struct row *row)
{
	const char *policy = get_policy(row);

	if (policy == NULL || strncmp(policy, "/proc/", 6) == 0)
		return NULL;
	return policy[0] != '/' || !root_has(&row->survey->root, policy)
		? policy
		: NULL;
}

static void
say_lost_policy(struct report *report, const struct row *row, const char *names)
{
	const struct wiring *wiring = &row->wiring;

	finding_say(report->finding, judge_broken(report->survey),
		"%s:%u: policy=%s %s: no URI for %s", wiring->line_file,
		wiring->line, wiring->policy,
		wiring->policy[0] == '/' ? "does not exist"
					 : "is no absolute path",
		names);
}

static const char *
get_unknown_argument(const struct row *row)
{
	return row->matters && row_is_called(row) ? row->wiring.unknown : NULL;
}

static void
say_unknown_argument(
	struct report *report, const struct row *row, const char *names)
{
	(void)names;
	finding_say(report->finding, FINDING_WARN,
		"%s:%u: the module knows no argument '%s', but override, "
		"debug and policy=FILE",
		row->wiring.line_file, row->wiring.line, row->wiring.unknown);
}

static const char *
get_diverting(const struct row *row)
{
	return row->matters && row_is_called(row) && row->wiring.is_diverting
		? row->wiring.line_file
		: NULL;
}

static void
say_diverting(struct report *report, const struct row *row, const char *names)
{
	finding_say(report->finding, FINDING_WARN,
		"%s:%u: because of its control lines behind it are left out, "
		"for %s",
		row->wiring.line_file, row->wiring.line, names);
	cure_control(report);
}

static const char *
get_required(const struct row *row)
{
	return row->matters && row_is_called(row) && row->wiring.is_required
		? row->wiring.line_file
		: NULL;
}

static void
say_required(struct report *report, const struct row *row, const char *names)
{
	(void)names;
	finding_say(report->finding, FINDING_NOTE,
		"%s:%u: should the module ever be missing, libpam refuses "
		"these sessions",
		row->wiring.line_file, row->wiring.line);
	cure_control(report);
}

static const char *
get_repeated(const struct row *row)
{
	return row->matters && row->wiring.times > 1 ? "" : NULL;
}

static void
say_repeated(struct report *report, const struct row *row, const char *names)
{
	finding_say(report->finding, FINDING_NOTE,
		"%s:%u: named again later, for %s", row->wiring.line_file,
		row->wiring.line, names);
}

/* Where the jump hinders it as well, that has been said. */
static const char *
get_shifted(const struct row *row)
{
	return row->matters && row->wiring.state == WIRING_REACHED
		? row->wiring.shifted_by
		: NULL;
}

static void
say_shifted(struct report *report, const struct row *row, const char *names)
{
	(void)names;
	finding_say(report->finding, FINDING_WARN,
		"%s jumps over %s:%u, and leads elsewhere than without it",
		row->wiring.shifted_by, row->wiring.line_file,
		row->wiring.line);
	cure_order(report, row);
}

/* --- The check ----------------------------------------------------------- */

static void
say_all(struct report *report)
{
	static const struct {
		get_key *get;
		say_group *say;
		bool is_fine_for_all; /* what all have alike is no matter */
	} groups[] = {
		{ get_missing, say_missing, false },
		{ get_unloadable, say_unloadable, false },
		{ get_lost_policy, say_lost_policy, false },
		{ get_absent_login, say_absent_login, false },
		{ get_hindrance, say_hindrance, false },
		{ get_absent_manager, say_absent_manager, false },
		{ get_unknown_argument, say_unknown_argument, false },
		{ get_diverting, say_diverting, false },
		{ get_shifted, say_shifted, false },
		{ get_override, say_override, true },
		{ get_policy, say_policy, true },
		{ get_required, say_required, false },
		{ get_repeated, say_repeated, false },
		{ get_unreadable, say_unreadable, false },
		{ get_reached, say_reached, false },
		{ get_other_reached, say_other_reached, false },
		{ get_other_unreached, say_other_unreached, false },
	};

	for (size_t i = 0; i < countof(groups); i++) {
		if (!groups[i].is_fine_for_all ||
			differ(report->survey, groups[i].get))
			for_each_group(report, groups[i].get, groups[i].say);
	}
}

void
check_pam(struct doctor *doctor, struct finding *finding)
{
	struct pam_survey survey;
	struct report report = { &survey, finding };
	int r = pam_survey_begin(doctor, &survey);

	if (r < 0) {
		errno = -r;
		finding_say(
			finding, FINDING_SKIP, "%s: %m", doctor->options.root);
		return;
	}
	say_all(&report);
	if (finding->count == 0)
		finding_say(finding, FINDING_SKIP,
			"no PAM services here that open sessions");
	pam_survey_end(&survey);
}
