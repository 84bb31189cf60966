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

int
main(void)
{
	struct CMUnitTest tests[countof(rows)];

	for (size_t i = 0; i < countof(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = test_join,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}
