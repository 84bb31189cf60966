/* SPDX-License-Identifier: MIT */
/*
 * How somebody gets into a group: the commands depend on where users and groups
 * are kept, so files of the host are replaced by text here.
 */
#include "fake.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../helper/doctor.h"
#include "../../helper/host.h"
#include "../../helper/relogin.h"

static const struct join_row {
	const char *name;
	const char *passwd, *group; /* /etc's; NULL: there is none */
	const char *image_group; /* /usr/lib/group */
	bool is_image_based;
	const char *user, *group_name;
	bool has_gid;
	unsigned int guards;
	const char *cures[4]; /* NULL: libvirt's package, as here */
	size_t n_cures;
} rows[] = {
	{ "a user and a group of files", "alice:x:1000:1000::/:/bin/sh\n",
		"libvirt:x:108:\n", NULL, false, "alice", "libvirt", true,
		GUARDS_SOCKET,
		{ "sudo usermod -aG libvirt alice", "log in again; no reboot" },
		2 },
	{ "the same, guarded by polkit", "alice:x:1000:1000::/:/bin/sh\n",
		"libvirt:x:108:\n", NULL, false, "alice", "libvirt", true,
		GUARDS_POLKIT,
		{ "sudo usermod -aG libvirt alice",
			"log in again, for the variable; no reboot" },
		2 },
	{ "names that a shell would take apart",
		"LAB\\alice:x:1000:1000::/:/bin/sh\n", "vm users:x:108:\n",
		NULL, false, "LAB\\alice", "vm users", true, GUARDS_SOCKET,
		{ "sudo usermod -aG 'vm users' 'LAB\\alice'",
			"log in again; no reboot" },
		2 },
	{ "a directory's user, a group of files",
		"bob:x:1000:1000::/:/bin/sh\n", "libvirt:x:108:\n", NULL, false,
		"alice", "libvirt", true, GUARDS_SOCKET,
		{ "sudo gpasswd -a alice libvirt (alice is a directory's user: "
		  "or add them to a group there)",
			"log in again; no reboot" },
		2 },
	{ "a directory's group", "alice:x:1000:1000::/:/bin/sh\n",
		"kvm:x:108:\n", NULL, false, "alice", "libvirt", true,
		GUARDS_SOCKET,
		{ "the group is a directory's: add alice to libvirt there",
			"log in again; no reboot" },
		2 },
	{ "a name that begins like another", "alice:x:1000:1000::/:/bin/sh\n",
		"libvirtd:x:108:\n", NULL, false, "alice", "libvirt", true,
		GUARDS_SOCKET,
		{ "the group is a directory's: add alice to libvirt there",
			"log in again; no reboot" },
		2 },
	{ "a group of the image", "alice:x:1000:1000::/:/bin/sh\n",
		"wheel:x:10:\n", "libvirt:x:108:\n", true, "alice", "libvirt",
		true, GUARDS_SOCKET,
		{ "getent group libvirt | sudo tee -a /etc/group",
			"sudo usermod -aG libvirt alice",
			"log in again; no reboot" },
		3 },
	{ "a group of the image, copied already",
		"alice:x:1000:1000::/:/bin/sh\n", "libvirt:x:108:\n",
		"libvirt:x:108:\n", true, "alice", "libvirt", true,
		GUARDS_SOCKET,
		{ "sudo usermod -aG libvirt alice", "log in again; no reboot" },
		2 },
	{ "an image, a directory's group", "alice:x:1000:1000::/:/bin/sh\n",
		"wheel:x:10:\n", "kvm:x:36:\n", true, "alice", "libvirt", true,
		GUARDS_SOCKET,
		{ "the group is a directory's: add alice to libvirt there",
			"log in again; no reboot" },
		2 },
	{ "no such group, libvirt's", "alice:x:1000:1000::/:/bin/sh\n",
		"kvm:x:108:\n", NULL, false, "alice", "libvirt", false,
		GUARDS_POLKIT,
		{ NULL, "sudo usermod -aG libvirt alice",
			"log in again, for the variable; no reboot" },
		3 },
	{ "no such group, asked about", "alice:x:1000:1000::/:/bin/sh\n",
		"kvm:x:108:\n", NULL, false, "alice", "lab users", false,
		GUARDS_ASKED,
		{ "sudo groupadd 'lab users'",
			"sudo usermod -aG 'lab users' alice",
			"log in again; no reboot" },
		3 },
	{ "no files at all", NULL, NULL, NULL, false, "alice", "libvirt", true,
		GUARDS_SOCKET,
		{ "the group is a directory's: add alice to libvirt there",
			"log in again; no reboot" },
		2 },
	{ "files of nonsense", "::::\nalice\n\n", "libvirt\n:::\n", NULL, false,
		"alice", "libvirt", true, GUARDS_SOCKET,
		{ "the group is a directory's: add alice to libvirt there",
			"log in again; no reboot" },
		2 },
};

/* The row that is being tested; NULL: files are the host's. */
static const struct join_row *host;

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc's */

FILE *
fopen(const char *path, const char *mode)
{
	const char *text = NULL;

	if (host == NULL)
		return fopen64(path, mode);
	if (strcmp(path, "/etc/passwd") == 0)
		text = host->passwd;
	else if (strcmp(path, "/etc/group") == 0)
		text = host->group;
	else if (strcmp(path, "/usr/lib/group") == 0)
		text = host->image_group;
	else
		return fopen64(path, mode);
	return text != NULL
		? fmemopen((void *)(uintptr_t)text, strlen(text), "r")
		: NULL;
}

int
access(const char *path, int mode)
{
	if (host != NULL && strcmp(path, "/run/ostree-booted") == 0)
		return host->is_image_based ? 0 : -1;
	return faccessat(AT_FDCWD, path, mode, 0);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static void
test_join(void **state)
{
	const struct join_row *row = *state;
	struct fake_user users[] = { { row->user, 1000, 1000, "/home" },
		{ NULL } };
	const struct fake_group groups[] = { { NULL } };
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct doctor doctor = { .viewpoint = VIEW_SELF };
	struct finding finding = { .id = "groups" };
	char *name = strdup(row->group_name);
	struct member member = { .name = name,
		.has_gid = row->has_gid,
		.gid = 108,
		.guards = row->guards };
	const char *package = host_libvirt_install();
	const struct observation *observation;

	assert_int_equal(
		subject_new(&facts, row->user, &doctor.inquiry.subject), 0);
	host = row;
	finding_say(&finding, FINDING_FAIL, "not in it");
	finding_cure_join(&doctor, &member, &finding);
	host = NULL;
	observation = &finding.observations[0];
	assert_int_equal(observation->n_cures, row->n_cures);
	for (size_t i = 0; i < row->n_cures; i++) {
		if (row->cures[i] != NULL)
			assert_string_equal(
				observation->cures[i].text, row->cures[i]);
		else
			assert_non_null(
				strstr(observation->cures[i].text, package));
	}
	finding_clear(&finding);
	subject_free(doctor.inquiry.subject);
	free(name);
}

/* --- The check ------------------------------------------------------------ */

#define LIBVIRT 108
#define KVM     36

/* The user's libvirt guards the system's, kvm /dev/kvm. */
static const struct check_row {
	const char *name;
	enum viewpoint viewpoint;
	const char *uri, *given; /* in use; by the policy, or NULL */
	enum admission admission;
	enum answer in_libvirt, in_kvm; /* of the database */
	gid_t gids[3]; /* of this process; 0: no more */
	const char *said[5]; /* status, text and cures */
} check_rows[] = {
	{ "in both", VIEW_SELF, "qemu:///system", "qemu:///system",
		ADMISSION_YES, ANSWER_YES, ANSWER_YES, { LIBVIRT, KVM },
		{ "PASS libvirt, kvm: in the database and in this session" } },
	{ "in one, and the other does not matter", VIEW_SELF, "qemu:///system",
		"qemu:///system", ADMISSION_YES, ANSWER_YES, ANSWER_NO,
		{ LIBVIRT },
		{ "PASS libvirt: in the database and in this session; alice is "
		  "not in kvm" } },
	{ "somebody else, in one", VIEW_OTHER, "qemu:///system",
		"qemu:///system", ADMISSION_YES, ANSWER_YES, ANSWER_NO, { 0 },
		{ "PASS libvirt: in the database; alice is not in kvm" } },
	{ "in none, and let in all the same", VIEW_SELF, "qemu:///system",
		"qemu:///system", ADMISSION_YES, ANSWER_NO, ANSWER_NO, { 0 },
		{ "PASS alice is not in libvirt, but let in all the same",
			"PASS alice is not in kvm" } },
	{ "not in libvirt, which the URI needs", VIEW_SELF, "qemu:///system",
		"qemu:///system", ADMISSION_NO, ANSWER_NO, ANSWER_NO, { 0 },
		{ "FAIL alice is not in libvirt",
			"  cure: the group is a directory's: add alice to "
			"libvirt there",
			"  then: log in again, for the variable; no reboot",
			"PASS alice is not in kvm" } },
	{ "removed, with the URI from before", VIEW_SELF, "qemu:///system",
		NULL, ADMISSION_NO, ANSWER_NO, ANSWER_YES, { LIBVIRT, KVM },
		{ "FAIL alice is not in libvirt",
			"  cure: log in again, for qemu:///session; no reboot",
			"NOTE libvirt: in this session, not in the database: a "
			"new login will not have it",
			"PASS kvm: in the database and in this session" } },
	{ "removed, and the policy gives another URI", VIEW_SELF,
		"qemu:///system", "test:///default", ADMISSION_NO, ANSWER_NO,
		ANSWER_YES, { LIBVIRT, KVM },
		{ "FAIL alice is not in libvirt",
			"  cure: log in again, for test:///default; no "
			"reboot",
			"NOTE libvirt: in this session, not in the database: a "
			"new login will not have it",
			"PASS kvm: in the database and in this session" } },
	{ "removed, and the policy gives the URI all the same", VIEW_SELF,
		"qemu:///system", "qemu:///system", ADMISSION_NO, ANSWER_NO,
		ANSWER_YES, { LIBVIRT, KVM },
		{ "FAIL alice is not in libvirt",
			"  cure: the group is a directory's: add alice to "
			"libvirt there",
			"  then: log in again, for the variable; no reboot",
			"NOTE libvirt: in this session, not in the database: a "
			"new login will not have it",
			"PASS kvm: in the database and in this session" } },
};

/* The lines of a finding, one after another; their number. */
static size_t
list_lines(const struct finding *finding, char *lines[16])
{
	size_t count = 0;

	for (size_t i = 0; i < finding->count; i++) {
		const struct observation *observation =
			&finding->observations[i];

		assert_true(asprintf(&lines[count++], "%s %s",
				    finding_status_name(observation->status),
				    observation->text) > 0);
		for (size_t j = 0; j < observation->n_cures; j++)
			assert_true(asprintf(&lines[count++], "  %s: %s",
					    observation->cures[j].label,
					    observation->cures[j].text) > 0);
	}
	return count;
}

static void
assert_said(const struct finding *finding, const struct check_row *row)
{
	char *lines[16];
	size_t count = list_lines(finding, lines);

	for (size_t i = 0; i < count; i++) {
		if (i < countof(row->said) && row->said[i] != NULL)
			assert_string_equal(lines[i], row->said[i]);
		else
			fail_msg("too much is said: %s", lines[i]);
		free(lines[i]);
	}
	assert_true(count == countof(row->said) || row->said[count] == NULL);
}

/* The session has the row's groups, up to one of 0, and lacks the others. */
static void
open_session(const struct check_row *row, struct doctor *doctor, gid_t *gids,
	bool *lacks)
{
	const struct members *members = &doctor->members;

	memcpy(gids, row->gids, sizeof(row->gids));
	doctor->self.groups = gids;
	while (doctor->self.n_groups < countof(row->gids) &&
		gids[doctor->self.n_groups] != 0)
		doctor->self.n_groups++;
	for (size_t i = 0; i < members->count; i++)
		lacks[i] = row->viewpoint == VIEW_SELF &&
			members->list[i].in_database == ANSWER_YES &&
			!process_has_gid(&doctor->self, members->list[i].gid);
}

static void
test_check(void **state)
{
	static char libvirt[] = "libvirt", kvm[] = "kvm";
	const struct check_row *row = *state;
	struct fake_user users[] = { { "alice", 1000, 1000, "/home" },
		{ NULL } };
	const struct fake_group groups[] = { { NULL } };
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct finding finding = { .id = "groups" };
	struct member members[] = {
		{ .name = libvirt,
			.has_gid = true,
			.gid = LIBVIRT,
			.guards = GUARDS_POLKIT,
			.in_database = row->in_libvirt },
		{ .name = kvm,
			.has_gid = true,
			.gid = KVM,
			.guards = GUARDS_KVM,
			.in_database = row->in_kvm },
	};
	struct doctor doctor = {
		.viewpoint = row->viewpoint,
		.uri = strdup(row->uri),
		.decision = { .uri = row->given ? strdup(row->given) : NULL },
		.target = TARGET_SYSTEM,
		.are_ids_real = true,
		.admission = row->admission,
		.members = { members, countof(members), members, true },
	};
	bool lacks[countof(members)], counts[countof(members)] = { false };
	struct relogin relogin = { .doctor = &doctor,
		.counts = counts,
		.session = { .lacks = lacks } };
	gid_t gids[countof(row->gids)];

	open_session(row, &doctor, gids, lacks);
	doctor.relogin = &relogin;
	assert_int_equal(
		subject_new(&facts, "alice", &doctor.inquiry.subject), 0);
	host = &rows[countof(rows) - 2]; /* no files at all */
	check_groups(&doctor, &finding);
	host = NULL;
	assert_said(&finding, row);
	finding_clear(&finding);
	subject_free(doctor.inquiry.subject);
	free(doctor.uri);
	free(doctor.decision.uri);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "join", test_join, SUITE_ROWS(rows));
	suite_add(&suite, "check", test_check, SUITE_ROWS(check_rows));
	return suite_run(&suite, "check_groups");
}
