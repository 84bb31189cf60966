/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"
#include "doctor.h"

/*
 * Programs that ask for passwords on polkit's behalf; comm has 15 bytes. There
 * is no way to ask polkit who is registered.
 */
static const char *const agents[] = {
	"budgie-polkit-d",
	"cinnamon",
	"cosmic-osd",
	"gnome-shell",
	"hyprpolkitagent",
	"lxpolkit",
	"lxqt-policykit-",
	"mate-polkit",
	"phosh",
	"pkttyagent",
	"polkit-gnome-au",
	"polkit-kde-auth",
	"polkit-mate-aut",
	"soteria",
	"xfce-polkit",
};

bool
doctor_has_agent(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->processes.count; i++) {
		const char *name = doctor->processes.list[i].name;

		for (size_t j = 0; j < countof(agents); j++) {
			if (strcmp(name, agents[j]) == 0)
				return true;
		}
	}
	return false;
}

/* Who is let in without a password, for those who are not. */
static void
cure_by_group(const struct doctor *doctor, struct finding *finding)
{
	const struct member *guard = doctor->members.guard;

	if (guard == NULL || guard->in_database != ANSWER_NO ||
		guard->name == NULL)
		return;
	finding_cure(finding, "", "group %s is let in%s: see groups",
		guard->name, guard->is_default ? " by default" : "");
}

static void
say_password(const struct doctor *doctor, struct finding *finding)
{
	if (doctor_has_agent(doctor))
		finding_say(finding, FINDING_NOTE,
			"polkit: yes, after an administrator's password");
	else
		finding_say(finding, FINDING_FAIL,
			"polkit wants an administrator's password, and no "
			"agent runs to ask for it");
	cure_by_group(doctor, finding);
}

/* Polkit is asked about processes; of somebody without one, by its rule. */
static void
say_by_database(const struct doctor *doctor, struct finding *finding)
{
	const struct member *guard = doctor->members.guard;
	char *name = guard != NULL ? member_name(guard) : NULL;

	if (guard == NULL || guard->in_database == ANSWER_UNKNOWN)
		finding_say(finding, FINDING_SKIP,
			"polkit is asked about processes, and %s has none to "
			"be seen from here",
			doctor_user(doctor));
	else if (guard->in_database == ANSWER_YES)
		finding_say(finding, FINDING_PASS,
			"polkit lets in group %s%s, and so %s", name,
			guard->is_default ? " by default" : "",
			doctor_user(doctor));
	else
		finding_say(finding, FINDING_NOTE,
			"polkit lets in group %s%s; %s needs an "
			"administrator's password",
			name, guard->is_default ? " by default" : "",
			doctor_user(doctor));
	free(name);
}

static void
say_polkit(const struct doctor *doctor, struct finding *finding)
{
	switch (doctor->admission) {
	case ADMISSION_YES:
		finding_say(finding, FINDING_PASS, "polkit: yes, no password");
		break;
	case ADMISSION_PASSWORD:
		say_password(doctor, finding);
		break;
	case ADMISSION_NO:
		finding_say(finding, FINDING_FAIL,
			"polkit: no, by a rule for org.libvirt.unix.manage");
		cure_by_group(doctor, finding);
		break;
	case ADMISSION_UNKNOWN:
		if (doctor->polkit_error == -ENODATA)
			say_by_database(doctor, finding);
		else if (doctor->polkit_error == -ENXIO)
			finding_say(finding, FINDING_SKIP,
				"polkit does not know libvirt's action");
		else
			finding_say(finding, FINDING_SKIP,
				"polkit does not answer: %s",
				strerror(-doctor->polkit_error));
		break;
	}
}

/* Of oneself it was tried; of others it is what the database says. */
static void
say_socket_group(const struct doctor *doctor, struct finding *finding)
{
	const struct member *guard = doctor->members.guard;
	bool is_self = doctor->viewpoint == VIEW_SELF;
	const char *who = is_self ? "this process" : doctor_user(doctor);
	const char *group = guard != NULL ? "group " : "";
	char *name =
		guard != NULL ? member_name(guard) : need(strdup("root alone"));

	if (doctor->admission == ADMISSION_YES && is_self)
		finding_say(finding, FINDING_PASS,
			"the socket lets this process in");
	else if (doctor->admission == ADMISSION_YES)
		finding_say(finding, FINDING_PASS,
			"the socket lets in %s%s, and so %s", group, name, who);
	else if (doctor->admission == ADMISSION_NO)
		finding_say(finding, FINDING_FAIL,
			"the socket lets in %s%s, not %s (see %s)", group, name,
			who, guard != NULL ? "groups" : "socket");
	else
		finding_say(finding, FINDING_SKIP,
			"the socket lets in %s%s, and whether that has %s is "
			"not known",
			group, name, who);
	free(name);
}

/* Root about the host: who is let in? */
static void
say_who(const struct doctor *doctor, struct finding *finding)
{
	const struct member *guard = doctor->members.guard;
	char *name = guard != NULL ? member_name(guard) : NULL;

	if (!doctor->members.is_polkit)
		finding_say(finding, FINDING_PASS, "the socket lets in %s",
			name != NULL ? name : "root alone");
	else if (name != NULL)
		finding_say(finding, FINDING_PASS, "polkit lets in group %s%s",
			name, guard->is_default ? ", by default" : "");
	else
		finding_say(finding, FINDING_NOTE,
			"polkit has no rule for a group: users need an "
			"administrator's password");
	free(name);
}

void
check_authorisation(struct doctor *doctor, struct finding *finding)
{
	enum socket_state state = doctor->socket.state;

	if (doctor->viewpoint == VIEW_HOST)
		say_who(doctor, finding);
	else if (doctor_uid(doctor) == 0)
		finding_say(finding, FINDING_PASS, "root is let in");
	else if (doctor->target == TARGET_SESSION)
		finding_say(
			finding, FINDING_PASS, "one's own libvirt asks nobody");
	else if (state == SOCKET_MISSING || state == SOCKET_REFUSED)
		finding_say(
			finding, FINDING_SKIP, "no daemon to ask (see socket)");
	else if (doctor->members.is_polkit)
		say_polkit(doctor, finding);
	else
		say_socket_group(doctor, finding);
}
