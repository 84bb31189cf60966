/* SPDX-License-Identifier: MIT */
/*
 * What check says of /dev/kvm: a device node of the test's own in a mount
 * namespace of its own, looked at by a process with the row's ids. Needs root;
 * others skip it.
 */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../../helper/doctor.h"

#define KVM   36
#define ALICE 1000

static const struct fake_user users[] = {
	{ "root", 0, 0 },
	{ "alice", ALICE, 100 },
	{ "bob", 1001, 100 },
	{ NULL },
};

/* alice joined kvm, bob did not */
static const struct fake_group groups[] = {
	{ "root", 0 },
	{ "users", 100 },
	{ "kvm", KVM, "alice" },
	{ "seat", 37, "bob" },
	{ NULL },
};

enum node {
	NODE_NONE,
	NODE_OPENS, /* the null device in its place */
	NODE_NO_DRIVER, /* a number nobody has */
};

static const struct row {
	const char *name;
	enum viewpoint viewpoint;
	const char *uri;
	enum node node;
	mode_t mode;
	gid_t group; /* of the node */
	uid_t acl_user; /* whom an ACL lets in; 0: there is none */
	gid_t acl_group;
	const char *user;
	gid_t gid; /* in this process, besides 100 */
	bool is_primary; /* … in its place */
	bool is_denying; /* the ACL lets that user do nothing */
	bool is_seats, is_in_kernel, is_namespace, is_directory_away;
	const char *flags; /* of the processor; NULL: none, as on ARM */
	const char *expected; /* "STATUS  text", then "  label: cure" */
	const char *unexpected;
} rows[] = {
	{ "session, by group", VIEW_SELF, "qemu:///session", NODE_OPENS, 0660,
		KVM, .user = "alice", .gid = KVM,
		.expected = "PASS  /dev/kvm opens, by group kvm\n" },
	{ "session, by sg or newgrp", VIEW_SELF, "qemu:///session", NODE_OPENS,
		0660, KVM, .user = "bob", .gid = KVM, .is_primary = true,
		.expected = "PASS  /dev/kvm opens, by group kvm\n" },
	{ "session, everybody", VIEW_SELF, "qemu:///session", NODE_OPENS, 0666,
		KVM, .user = "bob",
		.expected =
			"PASS  /dev/kvm opens, open to everybody (0666)\n" },
	{ "as root", VIEW_SELF, "qemu:///system", NODE_OPENS, 0600, 0,
		.user = "root", .expected = "PASS  /dev/kvm opens, as root\n" },
	{ "by the seat's ACL", VIEW_SELF, "qemu:///session", NODE_OPENS, 0660,
		KVM, 1001, .user = "bob", .is_seats = true,
		.expected = "PASS  /dev/kvm opens, by an ACL for this user: "
			    "the seat's, which does not reach ssh\n" },
	{ "by an ACL of another kind", VIEW_SELF, "qemu:///session", NODE_OPENS,
		0660, KVM, 1001, .user = "bob",
		.expected = "PASS  /dev/kvm opens, by an ACL for this user\n" },
	{ "by the seat's ACL and a group", VIEW_SELF, "qemu:///session",
		NODE_OPENS, 0660, KVM, ALICE, .user = "alice", .gid = KVM,
		.is_seats = true,
		.expected = "PASS  /dev/kvm opens, by group kvm\n" },
	{ "by a group's ACL", VIEW_SELF, "qemu:///session", NODE_OPENS, 0660,
		KVM, .acl_group = 37, .user = "bob", .gid = 37,
		.expected =
			"PASS  /dev/kvm opens, by an ACL for group seat\n" },

	{ "session, not a member", VIEW_SELF, "qemu:///session", NODE_OPENS,
		0660, KVM, .user = "bob",
		.expected = "WARN  /dev/kvm is 0660 root:kvm: bob is not in "
			    "kvm; machines will be emulated, slowly\n" },
	{ "… its cure", VIEW_SELF, "qemu:///session", NODE_OPENS, 0660, KVM,
		.user = "bob", .expected = "usermod -aG kvm bob\n" },
	{ "system, not a member", VIEW_SELF, "qemu:///system", NODE_OPENS, 0660,
		KVM, .user = "bob",
		.expected = "NOTE  /dev/kvm is 0660 root:kvm: bob is not in "
			    "kvm; not needed by qemu:///system: its machines "
			    "run as libvirt's own user\n",
		.unexpected = "usermod" },
	{ "session, an older session", VIEW_SELF, "qemu:///session", NODE_OPENS,
		0660, KVM, .user = "alice",
		.expected = "FAIL  /dev/kvm is 0660 root:kvm: alice is in kvm, "
			    "but this session is older; machines will be "
			    "emulated, slowly\n"
			    "  this shell: newgrp kvm\n"
			    "  for good: log out and in\n" },
	{ "system, an older session", VIEW_SELF, "qemu:///system", NODE_OPENS,
		0660, KVM, .user = "alice",
		.expected = "NOTE  /dev/kvm is 0660 root:kvm: alice is in kvm, "
			    "but this session is older; not needed by",
		.unexpected = "newgrp" },
	{ "a group without a name", VIEW_SELF, "qemu:///session", NODE_OPENS,
		0660, 99, .user = "alice",
		.expected =
			"WARN  /dev/kvm is 0660 root:gid 99: alice is not "
			"in gid 99; machines will be emulated, slowly\n"
			"  cure: give the group a name (sudo groupadd -g 99 "
			"NAME) and join it\n",
		.unexpected = "usermod" },
	{ "nobody knows the groups", VIEW_SELF, "qemu:///session", NODE_OPENS,
		0660, KVM, .user = "bob", .is_directory_away = true,
		.expected = "SKIP  /dev/kvm is 0660 root:kvm; the name service "
			    "does not say who is in kvm\n" },
	{ "only root, 0600", VIEW_SELF, "qemu:///session", NODE_OPENS, 0600, 0,
		.user = "alice",
		.expected = "WARN  /dev/kvm is 0600 root:root: only root may "
			    "open it; machines will be emulated, slowly\n"
			    "  cure: sudo udevadm trigger --name-match=kvm" },
	{ "only root, 0660", VIEW_SELF, "qemu:///session", NODE_OPENS, 0660, 0,
		.user = "alice", .expected = "only root may open it" },
	{ "a group that may not", VIEW_SELF, "qemu:///session", NODE_OPENS,
		0600, KVM, .user = "alice", .gid = KVM,
		.expected = "0600 root:kvm: only root may open it" },
	{ "an ACL that keeps out a member", VIEW_SELF, "qemu:///session",
		NODE_OPENS, 0660, KVM, ALICE, .user = "alice", .gid = KVM,
		.is_denying = true,
		.expected = "WARN  /dev/kvm is 0660 root:kvm: something else "
			    "denies it, an ACL or a security module" },
	{ "… seen by somebody else", VIEW_OTHER, "qemu:///session", NODE_OPENS,
		0660, KVM, ALICE, .user = "alice", .is_denying = true,
		.expected = "WARN  /dev/kvm is 0660 root:kvm: something else "
			    "denies it" },

	{ "no node, no extension", VIEW_SELF, "qemu:///session", NODE_NONE,
		.user = "alice", .flags = "fpu vmx_like sse",
		.expected = "WARN  there is no /dev/kvm: this CPU shows no "
			    "virtualization extension; machines will be "
			    "emulated, slowly\n"
			    "  cure: enable it in the firmware" },
	{ "… in a virtual machine", VIEW_SELF, "qemu:///session", NODE_NONE,
		.user = "alice", .flags = "fpu hypervisor sse",
		.expected = "  cure: nested virtualization" },
	{ "no node, Intel", VIEW_SELF, "qemu:///session", NODE_NONE,
		.user = "alice", .flags = "fpu vmx sse",
		.expected = "WARN  there is no /dev/kvm: the kvm module is not "
			    "loaded; machines will be emulated, slowly\n"
			    "  cure: sudo modprobe kvm_intel\n" },
	{ "no node, AMD", VIEW_SELF, "qemu:///system", NODE_NONE,
		.user = "alice", .flags = "fpu svm",
		.expected = "  cure: sudo modprobe kvm_amd\n" },
	{ "no node, another processor", VIEW_SELF, "qemu:///session", NODE_NONE,
		.user = "alice", .expected = "  cure: sudo modprobe kvm\n" },
	{ "no node, though the kernel has it", VIEW_SELF, "qemu:///session",
		NODE_NONE, .user = "alice", .flags = "vmx",
		.is_in_kernel = true,
		.expected = "WARN  there is no /dev/kvm, though the kernel has "
			    "it" },
	{ "no driver", VIEW_SELF, "qemu:///session", NODE_NO_DRIVER, 0666, 0,
		.user = "alice", .flags = "svm",
		.expected = "WARN  nothing is behind /dev/kvm: the kvm module "
			    "is not loaded" },

	{ "another user, by group", VIEW_OTHER, "qemu:///session", NODE_OPENS,
		0660, KVM, .user = "alice",
		.expected = "PASS  /dev/kvm would open for alice, by group "
			    "kvm\n" },
	{ "another user, kept out", VIEW_OTHER, "qemu:///session", NODE_OPENS,
		0660, KVM, .user = "bob",
		.expected = "WARN  /dev/kvm is 0660 root:kvm: bob is not in "
			    "kvm" },
	{ "another user, kept out of what they do not need", VIEW_OTHER,
		"qemu:///system", NODE_OPENS, 0660, KVM, .user = "bob",
		.expected = "NOTE  /dev/kvm is 0660 root:kvm: bob is not in "
			    "kvm" },
	{ "another user, by the seat's ACL", VIEW_OTHER, "qemu:///session",
		NODE_OPENS, 0660, KVM, 1001, .user = "bob", .is_seats = true,
		.expected = "would open for bob, by an ACL for this user: the "
			    "seat's" },
	{ "another user, who cannot be looked up", VIEW_OTHER,
		"qemu:///session", NODE_OPENS, 0660, KVM, .user = "bob",
		.is_directory_away = true,
		.expected = "SKIP  /dev/kvm is 0660 root:kvm; the name service "
			    "does not say who bob is\n" },
	{ "for another user nothing is opened", VIEW_OTHER, "qemu:///session",
		NODE_NO_DRIVER, 0666, KVM, .user = "bob",
		.expected = "PASS  /dev/kvm would open for bob, open to "
			    "everybody (0666)\n" },
	{ "another user, no node", VIEW_OTHER, "qemu:///session", NODE_NONE,
		.user = "bob", .flags = "vmx",
		.expected = "WARN  there is no /dev/kvm" },

	{ "the host", VIEW_HOST, "qemu:///system", NODE_OPENS, 0660, KVM,
		.user = "root",
		.expected = "PASS  /dev/kvm is 0660 root:kvm\n" },
	{ "the host, with an ACL", VIEW_HOST, "qemu:///system", NODE_OPENS,
		0660, KVM, ALICE, .user = "root",
		.expected = "PASS  /dev/kvm is 0660 root:kvm, with an ACL\n" },
	{ "the host, only root", VIEW_HOST, "qemu:///system", NODE_OPENS, 0600,
		0, .user = "root",
		.expected = "WARN  /dev/kvm is 0600 root:root: only root may "
			    "open it, and libvirt runs machines as somebody "
			    "else\n" },
	{ "the host, no driver", VIEW_HOST, "qemu:///system", NODE_NO_DRIVER,
		0660, KVM, .user = "root", .flags = "vmx",
		.expected = "WARN  nothing is behind /dev/kvm" },

	{ "a user namespace, open", VIEW_SELF, "qemu:///session", NODE_OPENS,
		0666, KVM, .user = "bob", .is_namespace = true,
		.expected = "PASS  /dev/kvm opens; by what is not to be seen "
			    "in a user namespace\n" },
	{ "a user namespace, closed", VIEW_SELF, "qemu:///session", NODE_OPENS,
		0660, KVM, .user = "bob", .is_namespace = true,
		.expected = "SKIP  user namespace" },
	{ "a user namespace, another user", VIEW_OTHER, "qemu:///session",
		NODE_OPENS, 0666, KVM, .user = "bob", .is_namespace = true,
		.expected = "SKIP  user namespace" },
	{ "another driver", VIEW_SELF, "lxc:///system", NODE_NONE,
		.user = "alice", .expected = "SKIP  not used by lxc\n" },
};

/* --- The host, as the row has it ------------------------------------------ */

/* Ends the process: it cannot be tried here. */
static void
must(bool is_done)
{
	if (!is_done)
		_exit(99);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	must(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Puts a file in the place of one of the host's. */
static void
replace_file(const char *path, const char *text)
{
	const char *copy = fake_path("/run", strrchr(path, '/') + 1);

	write_file(copy, text);
	must(mount(copy, path, "none", MS_BIND, NULL) == 0);
}

static void
set_acl(const struct row *row)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[5];
	} acl = {
		{ htole32(POSIX_ACL_XATTR_VERSION) },
		{
			{ ACL_USER_OBJ, 6, (uint32_t)ACL_UNDEFINED_ID },
			{ ACL_USER, row->is_denying ? 0 : 6, row->acl_user },
			{ ACL_GROUP_OBJ, 6, (uint32_t)ACL_UNDEFINED_ID },
			{ ACL_MASK, 6, (uint32_t)ACL_UNDEFINED_ID },
			{ ACL_OTHER, 0, (uint32_t)ACL_UNDEFINED_ID },
		},
	};

	if (row->acl_group != 0) {
		acl.entries[1] = acl.entries[2];
		acl.entries[2] = (struct posix_acl_xattr_entry){ ACL_GROUP, 6,
			row->acl_group };
	}
	if (row->acl_user != 0 || row->acl_group != 0)
		must(setxattr("/dev/kvm", "system.posix_acl_access", &acl,
			     sizeof(acl), 0) == 0);
}

static void
make_node(const struct row *row)
{
	dev_t device =
		row->node == NODE_OPENS ? makedev(1, 3) : makedev(511, 511);

	if (row->node == NODE_NONE)
		return;
	must(mknod("/dev/kvm", S_IFCHR | 0600, device) == 0 &&
		chown("/dev/kvm", 0, row->group) == 0 &&
		chmod("/dev/kvm", row->mode) == 0);
	set_acl(row);
}

static void
make_host(const struct row *row)
{
	char cpu[256] = "processor\t: 0\n";

	must(unshare(CLONE_NEWNS) == 0 &&
		mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("none", "/run", "tmpfs", 0, "mode=755") == 0 &&
		mount("none", "/dev", "tmpfs", 0, "mode=755") == 0 &&
		mount("none", "/sys", "tmpfs", 0, "mode=755") == 0);
	if (row->flags != NULL)
		snprintf(cpu, sizeof(cpu), "flags\t\t: %s\n", row->flags);
	replace_file("/proc/cpuinfo", cpu);
	replace_file("/etc/passwd", "bob:x:1001:100::/:/bin/sh\n");
	replace_file("/etc/group", "kvm:x:36:alice\n");
	if (row->is_seats) {
		must(mkdir("/run/udev", 0755) == 0 &&
			mkdir("/run/udev/tags", 0755) == 0 &&
			mkdir("/run/udev/tags/uaccess", 0755) == 0);
		write_file("/run/udev/tags/uaccess/c1:3", "");
	}
	if (row->is_in_kernel)
		must(mkdir("/sys/class", 0755) == 0 &&
			mkdir("/sys/class/misc", 0755) == 0 &&
			mkdir("/sys/class/misc/kvm", 0755) == 0);
	make_node(row);
}

/* --- The check ------------------------------------------------------------ */

static void
print_finding(const struct finding *finding)
{
	for (size_t i = 0; i < finding->count; i++) {
		const struct observation *said = &finding->observations[i];

		printf("%s  %s\n", finding_status_name(said->status),
			said->text);
		for (size_t j = 0; j < said->n_cures; j++)
			printf("  %s: %s\n", said->cures[j].label,
				said->cures[j].text);
	}
	fflush(stdout);
}

static void
run_check(const struct row *row, struct doctor *doctor)
{
	struct finding finding = { .id = "kvm" };
	gid_t gids[] = { 100, row->gid };

	doctor->viewpoint = row->viewpoint;
	doctor->uri = strdup(row->uri);
	doctor->parts = uri_split(doctor->uri);
	doctor->target = strstr(row->uri, "system") != NULL ? TARGET_SYSTEM
							    : TARGET_SESSION;
	doctor->are_ids_real = !row->is_namespace;
	make_host(row);
	if (row->viewpoint == VIEW_SELF)
		must(setgroups(row->gid != 0 && !row->is_primary ? 2 : 1,
			     gids) == 0 &&
			setgid(row->is_primary ? row->gid : 100) == 0 &&
			setuid(doctor_uid(doctor)) == 0);
	must(process_read(getpid(), &doctor->self) == 0);
	check_kvm(doctor, &finding);
	print_finding(&finding);
	finding_clear(&finding);
	process_clear(&doctor->self);
	free(doctor->uri);
}

/* In a process of its own, which prints what is found. */
static int
run_row(const struct row *row)
{
	struct fake fake = { users, groups };
	struct doctor doctor = { .inquiry = { .facts = fake_facts(&fake) } };

	must(subject_new(&doctor.inquiry.facts, row->user,
		     &doctor.inquiry.subject) == 0);
	if (row->is_directory_away)
		fake.failure = (struct fake_failure){ FAKE_LIST_GIDS, NULL,
			FAKE_ANY_GID, EIO };
	run_check(row, &doctor);
	subject_free(doctor.inquiry.subject);
	return 0;
}

static void
test_kvm(void **state)
{
	const struct row *row = *state;
	char text[4096];
	int ends[2], status = 0;
	size_t size;
	FILE *reader;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		_exit(run_row(row));
	}
	close(ends[1]);
	reader = fdopen(ends[0], "r");
	assert_non_null(reader);
	size = fread(text, 1, sizeof(text) - 1, reader);
	text[size] = '\0';
	fclose(reader);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		skip();
	assert_int_equal(status, 0);
	fake_assert_says(text, row->expected);
	if (row->unexpected != NULL)
		assert_null(strstr(text, row->unexpected));
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "kvm", test_kvm, SUITE_ROWS(rows));
	return suite_run(&suite, "check_kvm");
}
