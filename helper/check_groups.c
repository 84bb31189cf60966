/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/text.h"
#include "doctor.h"
#include "host.h"
#include "relogin.h"

/* So many processes are named; more are counted. */
#define PROCESSES_SHOWN 4

/* Whoever is in it reads and writes disks as they like; Debian's, Fedora's … */
#define DISK_GROUP "disk"

/* --- How to join --------------------------------------------------------- */

static bool
has_user(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	const struct passwd *entry;
	bool is_found = false;

	while (file != NULL && !is_found && (entry = fgetpwent(file)) != NULL)
		is_found = strcmp(entry->pw_name, name) == 0;
	if (file != NULL)
		fclose(file);
	return is_found;
}

static bool
has_group(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	const struct group *entry;
	bool is_found = false;

	while (file != NULL && !is_found && (entry = fgetgrent(file)) != NULL)
		is_found = strcmp(entry->gr_name, name) == 0;
	if (file != NULL)
		fclose(file);
	return is_found;
}

/* usermod(8) knows the users of /etc/passwd, gpasswd(1) all. */
static void
cure_in_files(const char *user, const char *group, const char *label,
	struct finding *finding)
{
	char *user_word = shell_word(user), *group_word = shell_word(group);

	if (has_user("/etc/passwd", user))
		finding_cure(finding, label, "sudo usermod -aG %s %s",
			group_word, user_word);
	else
		finding_cure(finding, label,
			"sudo gpasswd -a %s %s (%s is a directory's user: or "
			"add them to a group there)",
			user_word, group_word, user);
	free(user_word);
	free(group_word);
}

/* Has this process a group that a login made now would not have? */
static bool
is_left(const struct doctor *doctor, const struct member *member)
{
	return doctor->viewpoint == VIEW_SELF && member->has_gid &&
		member->in_database == ANSWER_NO &&
		process_has_gid(&doctor->self, member->gid);
}

/*
 * Whoever was removed, and still has the URI from before, is not to join again:
 * a new login gets what is theirs now. Is it said?
 */
static bool
cure_by_relogin(const struct doctor *doctor, const struct member *member,
	struct finding *finding)
{
	const char *uri = doctor->decision.uri != NULL
		? doctor->decision.uri
		: doctor_libvirts_choice(doctor);

	if (!is_left(doctor, member) || (member->guards & GUARDS_ASKED) ||
		strcmp(uri, doctor->uri) == 0)
		return false;
	finding_cure(finding, "cure", "log in again, for %s; no reboot", uri);
	return true;
}

void
finding_cure_join(const struct doctor *doctor, const struct member *member,
	struct finding *finding)
{
	const char *user = doctor_user(doctor), *group = member->name;
	char *word;

	if (cure_by_relogin(doctor, member, finding))
		return;
	word = shell_word(group);
	if (!member->has_gid && (member->guards & GUARDS_POLKIT)) {
		finding_cure(finding, "cure",
			"libvirt's package makes the group: %s",
			host_libvirt_install());
		cure_in_files(user, group, "then", finding);
	} else if (!member->has_gid) {
		finding_cure(finding, "cure", "sudo groupadd %s", word);
		cure_in_files(user, group, "then", finding);
	} else if (has_group("/etc/group", group)) {
		cure_in_files(user, group, "cure", finding);
	} else if (host_is_image_based() &&
		has_group("/usr/lib/group", group)) {
		/* where usermod does not see it, and says nothing */
		finding_cure(finding, "cure",
			"getent group %s | sudo tee -a /etc/group", word);
		cure_in_files(user, group, "then", finding);
	} else {
		finding_cure(finding, "cure",
			"the group is a directory's: add %s to %s there", user,
			group);
	}
	finding_cure(finding, "then", "%s",
		member->guards & GUARDS_POLKIT
			? "log in again, for the variable; no reboot"
			: "log in again; no reboot");
	free(word);
}

/* --- groups -------------------------------------------------------------- */

/* Does the URI in use work without the guard's group, if not so well? */
static bool
is_let_in(const struct doctor *doctor)
{
	return doctor->admission == ADMISSION_YES ||
		(doctor->admission == ADMISSION_PASSWORD &&
			doctor_has_agent(doctor));
}

/* Must this user be in the group, for the URI in use or because of --group? */
static bool
is_needed(const struct doctor *doctor, const struct member *member)
{
	return (member->guards & GUARDS_ASKED) ||
		(member == doctor->members.guard &&
			doctor->target == TARGET_SYSTEM && !is_let_in(doctor));
}

/* What membership of the guard's group would be good for. NULL: nothing. */
static const char *
find_use(const struct doctor *doctor)
{
	if (doctor->target != TARGET_SYSTEM)
		return "whose members may use qemu:///system";
	return doctor->admission == ADMISSION_PASSWORD
		? "whose members need no password"
		: NULL;
}

/* "a, b": adds one; owned. */
static char *
join_name(char *list, const char *name)
{
	char *longer = need(text_format("%s%s%s", list != NULL ? list : "",
		list != NULL ? ", " : "", name));

	free(list);
	return longer;
}

/* without: groups that nobody needs here, to be said at the end */
static void
say_absent(const struct doctor *doctor, const struct member *member,
	char **without, struct finding *finding)
{
	const char *user = doctor_user(doctor);
	bool is_guard = member == doctor->members.guard;
	const char *use = is_guard ? find_use(doctor) : NULL;
	char *name = member_name(member);

	if (is_needed(doctor, member))
		finding_say(finding, FINDING_FAIL, "%s is not in %s%s", user,
			name, member->has_gid ? "" : ", which does not exist");
	else if (use != NULL)
		finding_say(finding, FINDING_NOTE, "%s is not in %s, %s", user,
			name, use);
	else if (is_guard)
		finding_say(finding, FINDING_PASS,
			"%s is not in %s, but let in all the same", user, name);
	else
		*without = join_name(*without, name);
	if (member->name != NULL && (use != NULL || is_needed(doctor, member)))
		finding_cure_join(doctor, member, finding);
	free(name);
}

static void
add_session_cures(const struct doctor *doctor, struct finding *finding)
{
	const struct cures *cures = &doctor->relogin->cures;

	for (size_t i = 0; i < cures->count; i++)
		finding_cure(finding, cures->steps[i].label, "%s%s%s%s",
			cures->steps[i].command,
			cures->steps[i].price != NULL ? " (" : "",
			cures->steps[i].price != NULL ? cures->steps[i].price
						      : "",
			cures->steps[i].price != NULL ? ")" : "");
}

/* A member of which it is known that the database has it. */
static void
say_present(const struct doctor *doctor, size_t i, char **fine,
	struct finding *finding)
{
	const struct relogin *relogin = doctor->relogin;
	char *name = member_name(&doctor->members.list[i]);
	char *why = relogin_explain_group(relogin, i);

	if (relogin->session.lacks == NULL || !relogin->session.lacks[i]) {
		*fine = join_name(*fine, name);
	} else if (relogin->counts[i]) {
		finding_say(finding, FINDING_FAIL,
			"%s: in the database, not in this session; %s", name,
			why);
		add_session_cures(doctor, finding);
	} else {
		finding_say(finding, FINDING_PASS,
			"%s: in the database, not in this session; %s", name,
			why);
	}
	free(name);
	free(why);
}

/* Groups this process has, and a login made now would not have. */
static void
say_left(const struct doctor *doctor, const struct member *member,
	struct finding *finding)
{
	char *name;

	if (!is_left(doctor, member))
		return;
	name = member_name(member);
	finding_say(finding, FINDING_NOTE,
		"%s: in this session, not in the database: a new login will "
		"not have it",
		name);
	free(name);
}

static void
say_member(const struct doctor *doctor, size_t i, char **fine, char **without,
	struct finding *finding)
{
	const struct member *member = &doctor->members.list[i];
	char *name;

	switch (member->in_database) {
	case ANSWER_YES:
		say_present(doctor, i, fine, finding);
		break;
	case ANSWER_NO:
		say_absent(doctor, member, without, finding);
		say_left(doctor, member, finding);
		break;
	case ANSWER_UNKNOWN:
		name = member_name(member);
		finding_say(finding, FINDING_SKIP,
			"%s: the name service does not answer", name);
		free(name);
		break;
	}
}

/* As root about the host: do the groups exist? */
static void
say_existence(const struct doctor *doctor, struct finding *finding)
{
	char *fine = NULL;

	for (size_t i = 0; i < doctor->members.count; i++) {
		const struct member *member = &doctor->members.list[i];
		char *name = member_name(member);

		if (member->has_gid)
			fine = join_name(fine, name);
		else
			finding_say(finding, FINDING_FAIL,
				"group %s does not exist", name);
		free(name);
	}
	if (fine != NULL)
		finding_say(finding, FINDING_PASS, "%s: there", fine);
	free(fine);
}

static void
say_all(const struct doctor *doctor, struct finding *finding)
{
	const char *user = doctor_user(doctor);
	const char *where = doctor->viewpoint == VIEW_SELF
		? "in the database and in this session"
		: "in the database";
	char *fine = NULL, *without = NULL;

	for (size_t i = 0; i < doctor->members.count; i++)
		say_member(doctor, i, &fine, &without, finding);
	if (fine != NULL && without != NULL)
		finding_say(finding, FINDING_PASS, "%s: %s; %s is not in %s",
			fine, where, user, without);
	else if (fine != NULL)
		finding_say(finding, FINDING_PASS, "%s: %s", fine, where);
	else if (without != NULL)
		finding_say(finding, FINDING_PASS, "%s is not in %s", user,
			without);
	free(fine);
	free(without);
}

void
check_groups(struct doctor *doctor, struct finding *finding)
{
	if (!doctor->are_ids_real)
		finding_say(finding, FINDING_SKIP,
			"user namespace: group ids here are not the host's");
	else if (doctor->viewpoint == VIEW_HOST)
		say_existence(doctor, finding);
	else if (doctor_uid(doctor) == 0)
		finding_say(finding, FINDING_PASS, "root needs none");
	else
		say_all(doctor, finding);
	if (finding->count == 0)
		finding_say(
			finding, FINDING_PASS, "no group guards anything here");
}

/* --- processes ----------------------------------------------------------- */

static void
say_lagging(const struct relogin *relogin, bool is_for_groups,
	struct finding *finding)
{
	char *list = NULL;
	size_t count = 0;

	for (size_t i = 0; i < relogin->n_others; i++) {
		const struct holder *holder = &relogin->others[i];
		char *name;

		if (is_for_groups ? !holder->lacks_group
				  : holder->lacks_group || !holder->lacks_uri)
			continue;
		if (++count > PROCESSES_SHOWN)
			continue;
		name = holder_name(holder);
		list = join_name(list, name);
		free(name);
	}
	if (count == 0)
		return;
	if (count > PROCESSES_SHOWN) {
		char *more =
			need(text_format("%zu more", count - PROCESSES_SHOWN));

		list = join_name(list, more);
		free(more);
	}
	finding_say(finding, FINDING_WARN, "%s: %s", list,
		is_for_groups ? "with older groups" : "without the URI");
	finding_cure(finding, "see", "virturi needs-relogin%s%s",
		relogin->doctor->viewpoint == VIEW_OTHER ? ", run by " : "",
		relogin->doctor->viewpoint == VIEW_OTHER
			? doctor_user(relogin->doctor)
			: "");
	free(list);
}

void
check_processes(struct doctor *doctor, struct finding *finding)
{
	const struct relogin *relogin = doctor->relogin;

	if (!doctor->are_ids_real) {
		finding_say(finding, FINDING_SKIP, "user namespace");
		return;
	}
	say_lagging(relogin, true, finding);
	say_lagging(relogin, false, finding);
	if (finding->count > 0)
		return;
	if (relogin->n_seen == 0)
		finding_say(finding, FINDING_PASS, "no others of %s's",
			doctor_user(doctor));
	else
		finding_say(finding, FINDING_PASS,
			"%zu more of %s's, none behind", relogin->n_seen,
			doctor_user(doctor));
}

/* --- risks --------------------------------------------------------------- */

static void
say_disk(struct doctor *doctor, struct finding *finding)
{
	const struct facts *facts = &doctor->inquiry.facts;
	struct group_record record;
	char *user;
	int r = facts->find_group(facts->context, DISK_GROUP, "", &record);

	if (r < 0 && r != -ENOENT)
		finding_say(finding, FINDING_SKIP,
			DISK_GROUP ": the name service does not answer");
	if (r < 0)
		return;
	if (subject_in_gid(doctor->inquiry.subject, record.gid) == ANSWER_YES) {
		user = shell_word(doctor_user(doctor));
		finding_say(finding, FINDING_WARN,
			DISK_GROUP ": reads and writes every disk raw, which "
				   "is as good as root; libvirt does not "
				   "need it");
		finding_cure(finding, "cure", "sudo gpasswd -d %s " DISK_GROUP,
			user);
		free(user);
	}
	free(record.name);
}

void
check_risks(struct doctor *doctor, struct finding *finding)
{
	const struct member *guard = doctor->members.guard;
	char *name;

	if (doctor_uid(doctor) == 0) {
		finding_say(finding, FINDING_PASS, "root is root");
		return;
	}
	if (guard != NULL && guard->in_database == ANSWER_YES) {
		name = member_name(guard);
		finding_say(finding, FINDING_NOTE,
			"%s: as good as root, through a machine's disks; for "
			"those you would give sudo",
			name);
		free(name);
	}
	if (guard != NULL && guard->in_database == ANSWER_UNKNOWN)
		finding_say(finding, FINDING_SKIP,
			"the name service does not say which groups %s is in",
			doctor_user(doctor));
	say_disk(doctor, finding);
	if (finding->count == 0)
		finding_say(finding, FINDING_PASS,
			"in no group that is as good as root by libvirt or by "
			"disks");
}
