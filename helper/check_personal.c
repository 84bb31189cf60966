/* SPDX-License-Identifier: MIT */
/*
 * What lies about at a user's: their runtime directory, machines in the other
 * libvirt, clients that go their own way.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"
#include "host.h"
#include "output.h"
#include "root.h"

/* So many machines are named. */
#define NAMES_MAX 5

#define LIST_MACHINES "virsh -c qemu:///session list --all"

/* --- runtime-dir ---------------------------------------------------------- */

/* Only session mode uses it; there it has to be right. */
static enum finding_status
grade(const struct doctor *doctor, enum finding_status otherwise)
{
	return doctor->target == TARGET_SESSION ? FINDING_FAIL : otherwise;
}

/* The directory the user's logins get, if it is there; owned, or NULL. */
static char *
find_own_runtime_dir(const struct doctor *doctor)
{
	char *path =
		format_raw("/run/user/%lu", (unsigned long)doctor_uid(doctor));
	struct stat status;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
		status.st_uid == doctor_uid(doctor))
		return path;
	free(path);
	return NULL;
}

/* With env and $SHELL, which work in every shell. */
static void
cure_this_shell(
	const struct doctor *doctor, bool is_set, struct finding *finding)
{
	char *own = find_own_runtime_dir(doctor);

	if (own != NULL)
		finding_cure(finding, "this shell",
			"exec env XDG_RUNTIME_DIR=%s $SHELL", own);
	else if (is_set)
		finding_cure(finding, "this shell",
			"exec env -u XDG_RUNTIME_DIR $SHELL");
	free(own);
}

static void
cure_by_login(struct finding *finding)
{
	finding_cure(finding, "for good",
		"log in by ssh, at a console or on the desktop, not by su or "
		"sudo");
}

static void
say_unset(const struct doctor *doctor, struct finding *finding)
{
	finding_say(finding,
		doctor->target == TARGET_SESSION ? FINDING_WARN : FINDING_NOTE,
		"XDG_RUNTIME_DIR is not set: qemu:///session is then another "
		"daemon, below ~/.cache/libvirt");
	cure_this_shell(doctor, false, finding);
	cure_by_login(finding);
}

static void
say_foreign(const struct doctor *doctor, const char *path, uid_t owner,
	struct finding *finding)
{
	struct facts facts = lookup_facts(doctor->lookup);
	struct account account = { 0 };

	if (facts.find_uid(facts.context, owner, &account) < 0)
		account.name = format_raw("uid %lu", (unsigned long)owner);
	finding_say(finding, grade(doctor, FINDING_WARN),
		"XDG_RUNTIME_DIR is %s, which belongs to %s: qemu:///session "
		"cannot be reached",
		path, account.name);
	cure_this_shell(doctor, true, finding);
	finding_cure(finding, "for good",
		"su -l or sudo -i, which leave the caller's environment "
		"behind");
	account_clear(&account);
}

static void
say_writable(const char *path, struct finding *finding)
{
	char *word = shell_word(path);

	finding_say(finding, FINDING_WARN,
		"XDG_RUNTIME_DIR is %s, where others can write", path);
	finding_cure(finding, "", "chmod 700 %s", word);
	free(word);
}

static void
judge_runtime_dir(
	const struct doctor *doctor, const char *path, struct finding *finding)
{
	struct stat status;
	int r = stat(path, &status) < 0 ? errno : 0;

	if (r == 0 && !S_ISDIR(status.st_mode))
		r = ENOTDIR;
	if (r != 0) {
		finding_say(finding, grade(doctor, FINDING_NOTE),
			"XDG_RUNTIME_DIR is %s: %s", path, strerror(r));
		cure_this_shell(doctor, true, finding);
		cure_by_login(finding);
	} else if (status.st_uid != doctor_uid(doctor)) {
		say_foreign(doctor, path, status.st_uid, finding);
	} else if (status.st_mode & (S_IWGRP | S_IWOTH)) {
		say_writable(path, finding);
	} else {
		finding_say(finding, FINDING_PASS, "%s", path);
	}
}

void
check_runtime_dir(struct doctor *doctor, struct finding *finding)
{
	const char *path = getenv("XDG_RUNTIME_DIR");

	if (doctor->viewpoint != VIEW_SELF)
		finding_say(finding, FINDING_SKIP, "only %s can see that",
			doctor_user(doctor));
	else if (doctor_uid(doctor) == 0)
		finding_say(finding, FINDING_PASS,
			"root's libvirt does not use it");
	else if (path == NULL || path[0] == '\0')
		say_unset(doctor, finding);
	else
		judge_runtime_dir(doctor, path, finding);
}

/* --- machines ------------------------------------------------------------- */

/* "win10, test, and 3 more"; raw, owned. */
static char *
format_names(const struct personal *personal)
{
	char *names = need(strdup("")), *longer;
	size_t n = personal->n_machines;

	for (size_t i = 0; i < n && i < NAMES_MAX; i++) {
		longer = format_raw("%s%s%s", names, i > 0 ? ", " : "",
			personal->machines[i]);
		free(names);
		names = longer;
	}
	if (n <= NAMES_MAX)
		return names;
	longer = format_raw("%s, and %zu more", names, n - NAMES_MAX);
	free(names);
	return longer;
}

/* Why they are not known; false: they are. */
static bool
say_unknown(const struct doctor *doctor, struct finding *finding)
{
	int error = doctor->personal_error < 0
		? -doctor->personal_error
		: doctor->personal.machines_error;

	if (error == ETIMEDOUT)
		finding_say(finding, FINDING_SKIP,
			"%s did not answer within %d s", doctor_home(doctor),
			doctor->options.timeout_ms / 1000);
	else if (error != 0)
		finding_say(finding, FINDING_SKIP,
			"those of %s cannot be listed: %s", doctor_user(doctor),
			strerror(error));
	return error != 0;
}

static void
say_elsewhere(const struct doctor *doctor, struct finding *finding)
{
	const struct personal *personal = &doctor->personal;
	char *names = format_names(personal);

	finding_say(finding, FINDING_NOTE, "%zu in qemu:///session (%s)",
		personal->n_machines, names);
	if (doctor->viewpoint == VIEW_SELF)
		finding_cure(finding, "to see them", LIST_MACHINES);
	else
		finding_cure(finding, "to see them", "as %s: " LIST_MACHINES,
			doctor_user(doctor));
	free(names);
}

void
check_machines(struct doctor *doctor, struct finding *finding)
{
	size_t n = doctor->personal.n_machines;

	if (say_unknown(doctor, finding))
		return;
	if (n == 0)
		finding_say(finding, FINDING_PASS, "none in qemu:///session");
	else if (doctor->target == TARGET_SESSION)
		finding_say(finding, FINDING_PASS,
			"%zu, all in the libvirt in use", n);
	else
		say_elsewhere(doctor, finding);
}

/* --- clients -------------------------------------------------------------- */

/* Is there a LIBVIRT_DEFAULT_URI to ignore? */
static bool
has_variable(const struct doctor *doctor)
{
	const char *own = getenv("LIBVIRT_DEFAULT_URI");

	if (doctor->decision.uri != NULL)
		return true;
	return doctor->viewpoint == VIEW_SELF && own != NULL && own[0] != '\0';
}

/* Its first connection is qemu:///system, its others those it is told. */
static void
look_for_virt_manager(const struct doctor *doctor, struct finding *finding)
{
	if (!host_has_program("virt-manager") ||
		strcmp(doctor->uri, "qemu:///system") == 0)
		return;
	finding_say(finding, FINDING_NOTE, "virt-manager ignores the variable");
	finding_cure(finding, "", "virt-manager --connect \"$(virturi uri)\"");
}

/* It shows both of this host's qemu, and nothing else. */
static void
look_for_cockpit(const struct doctor *doctor, struct finding *finding)
{
	bool is_shown = (doctor->target == TARGET_SYSTEM ||
				doctor->target == TARGET_SESSION) &&
		text_equals(doctor->parts.driver, "qemu");
	char *path =
		path_below(doctor->options.root, "/usr/share/cockpit/machines");

	if (!is_shown && access(path, F_OK) == 0)
		finding_say(finding, FINDING_NOTE,
			"cockpit-machines ignores the variable: it shows "
			"qemu:///system and qemu:///session");
	free(path);
}

static void
look_for_boxes(const struct doctor *doctor, struct finding *finding)
{
	if (!doctor->personal.is_boxes_flatpak ||
		doctor->target == TARGET_SESSION)
		return;
	finding_say(finding, FINDING_WARN,
		"GNOME Boxes, as a flatpak, is given the variable and finds "
		"no libvirt by it");
	finding_cure(finding, "",
		"flatpak override --user --unset-env=LIBVIRT_DEFAULT_URI "
		"org.gnome.Boxes");
}

/* libvirt refuses the whole file, and with it every connection. */
static void
look_for_mistake(const struct doctor *doctor, struct finding *finding)
{
	const struct personal *personal = &doctor->personal;
	int error = personal->client_conf_error;

	if (error == EBADMSG) {
		finding_say(finding, FINDING_FAIL,
			"%s:%u is no line of libvirt's: with it no client "
			"connects to anything",
			personal->client_conf, personal->client_conf_line);
		finding_cure(finding, "", "mend the line or remove it");
	} else if (error == EACCES && doctor->viewpoint == VIEW_SELF &&
		access(personal->client_conf, F_OK) == 0) {
		/* what libvirt cannot see it takes for absent */
		finding_say(finding, FINDING_FAIL,
			"%s cannot be read: so no client connects to anything",
			personal->client_conf);
	}
}

void
check_clients(struct doctor *doctor, struct finding *finding)
{
	look_for_mistake(doctor, finding);
	if (has_variable(doctor)) {
		look_for_virt_manager(doctor, finding);
		look_for_cockpit(doctor, finding);
		look_for_boxes(doctor, finding);
	}
	if (finding->count == 0)
		finding_say(finding, FINDING_PASS,
			"none installed that ignores LIBVIRT_DEFAULT_URI");
}
