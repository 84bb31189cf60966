/* SPDX-License-Identifier: MIT */
/*
 * /dev/kvm, without which machines are emulated. Those of qemu:///session run
 * as the user, who must be able to open it; those of qemu:///system run as a
 * user of libvirt's, whatever this one may do.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../policy/text.h"
#include "device.h"
#include "doctor.h"
#include "output.h"

#define KVM "/dev/kvm"

/* The device, and who looks at it. */
struct kvm {
	struct doctor *doctor;
	struct permissions permissions;
	struct member group; /* that owns it; name NULL: it has none */
	char *group_name; /* printable */
	char *mode; /* "0660 root:kvm" */
};

/* --- No device ------------------------------------------------------------ */

/* What the processor's flags in proc(5)'s cpuinfo say. */
struct cpu {
	bool has_flags; /* as x86 has them */
	bool has_vmx, has_svm;
	bool is_guest; /* in a virtual machine */
};

static void
parse_flags(const char *line, struct cpu *cpu)
{
	struct span words = { line, strcspn(line, "\n") };

	cpu->has_flags = true;
	while (words.size > 0) {
		struct span word = { words.start, 0 };

		while (word.size < words.size && word.start[word.size] != ' ')
			word.size++;
		cpu->has_vmx = cpu->has_vmx || text_equals(word, "vmx");
		cpu->has_svm = cpu->has_svm || text_equals(word, "svm");
		cpu->is_guest =
			cpu->is_guest || text_equals(word, "hypervisor");
		words.start += word.size + (word.size < words.size);
		words.size -= word.size + (word.size < words.size);
	}
}

static struct cpu
read_cpu(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	struct cpu cpu = { 0 };
	char *line = NULL;
	size_t room = 0;

	/* all processors have the same */
	while (file != NULL && !cpu.has_flags &&
		getline(&line, &room, file) >= 0) {
		if (strncmp(line, "flags\t", 6) == 0)
			parse_flags(line, &cpu);
	}
	free(line);
	if (file != NULL)
		fclose(file);
	return cpu;
}

/* what: "there is no /dev/kvm", … */
static void
say_no_kvm(const char *what, struct finding *finding)
{
	struct cpu cpu = read_cpu();

	if (access("/sys/class/misc/kvm", F_OK) == 0) {
		finding_say(finding, FINDING_WARN,
			"%s, though the kernel has it; machines will be "
			"emulated, slowly",
			what);
		finding_cure(finding, "cure",
			"in a container: pass " KVM " into it; else "
			"sudo udevadm trigger --name-match=kvm");
		return;
	}
	if (cpu.has_flags && !cpu.has_vmx && !cpu.has_svm) {
		finding_say(finding, FINDING_WARN,
			"%s: this CPU shows no virtualization extension; "
			"machines will be emulated, slowly",
			what);
		finding_cure(finding, "cure", "%s",
			cpu.is_guest ? "nested virtualization: enable it on "
				       "the host of this virtual machine"
				     : "enable it in the firmware (VT-x, "
				       "AMD-V, SVM)");
		return;
	}
	finding_say(finding, FINDING_WARN,
		"%s: the kvm module is not loaded; machines will be emulated, "
		"slowly",
		what);
	finding_cure(finding, "cure", "sudo modprobe %s",
		cpu.has_vmx           ? "kvm_intel"
			: cpu.has_svm ? "kvm_amd"
				      : "kvm");
}

/* --- The device ----------------------------------------------------------- */

static void
find_group(struct kvm *kvm)
{
	const struct facts *facts = &kvm->doctor->inquiry.facts;
	const struct stat *status = &kvm->permissions.status;
	struct group_record record = { 0 };

	facts->find_gid(facts->context, status->st_gid, "", &record);
	kvm->group = (struct member){
		.name = record.name,
		.has_gid = true,
		.gid = status->st_gid,
	};
	kvm->group_name = member_name(&kvm->group);
}

static void
describe_mode(struct kvm *kvm)
{
	const struct stat *status = &kvm->permissions.status;
	unsigned int mode = status->st_mode & 07777U;

	kvm->mode = status->st_uid == 0
		? need(text_format("%04o root:%s", mode, kvm->group_name))
		: need(text_format("%04o %lu:%s", mode,
			  (unsigned long)status->st_uid, kvm->group_name));
}

/* 0, to be cleared, or −errno. */
static int
look_at(struct doctor *doctor, struct kvm *ret)
{
	struct kvm kvm = { .doctor = doctor };
	int r = permissions_read(KVM, &kvm.permissions);

	if (r < 0)
		return r;
	find_group(&kvm);
	describe_mode(&kvm);
	*ret = kvm;
	return 0;
}

static void
kvm_clear(struct kvm *kvm)
{
	permissions_clear(&kvm->permissions);
	free(kvm->group.name);
	free(kvm->group_name);
	free(kvm->mode);
}

/* Do the user's own machines need it? */
static bool
is_needed(const struct doctor *doctor)
{
	return doctor->target != TARGET_SYSTEM;
}

/* --- Let in --------------------------------------------------------------- */

static char *
name_gid(const struct kvm *kvm, gid_t gid)
{
	const struct facts *facts = &kvm->doctor->inquiry.facts;
	struct group_record record = { 0 };
	struct member member = { .gid = gid };
	char *name;

	facts->find_gid(facts->context, gid, "", &record);
	member.name = record.name;
	name = member_name(&member);
	free(record.name);
	return name;
}

/* "by group kvm": owned. */
static char *
describe_access(const struct kvm *kvm, enum access_by by, gid_t gid)
{
	const struct stat *status = &kvm->permissions.status;
	char *name, *text;

	switch (by) {
	case ACCESS_ROOT:
		return need(strdup("as root"));
	case ACCESS_OWNER:
		return need(strdup("as its owner"));
	case ACCESS_OTHER:
		return need(text_format("open to everybody (%04o)",
			(unsigned int)status->st_mode & 07777U));
	case ACCESS_USER_ACL:
		return need(strdup(device_is_seats(status->st_rdev)
				? "by an ACL for this user: the seat's, which "
				  "does not reach ssh"
				: "by an ACL for this user"));
	case ACCESS_GROUP:
	case ACCESS_GROUP_ACL:
		name = name_gid(kvm, gid);
		text = need(text_format("by %sgroup %s",
			by == ACCESS_GROUP ? "" : "an ACL for ", name));
		free(name);
		return text;
	case ACCESS_NONE:
		break;
	}
	return need(strdup("by a privilege"));
}

/* An ACL entry that comes and goes with the seat is named last. */
static enum access_by
judge(const struct kvm *kvm, struct credentials who, gid_t *gid)
{
	enum access_by by = permissions_judge(&kvm->permissions, &who, gid);
	enum access_by without;

	if (by != ACCESS_USER_ACL)
		return by;
	who.uid = (uid_t)-1;
	without = permissions_judge(&kvm->permissions, &who, gid);
	return without != ACCESS_NONE ? without : by;
}

static void
say_open(const struct kvm *kvm, const char *opens, enum access_by by, gid_t gid,
	struct finding *finding)
{
	char *access = describe_access(kvm, by, gid);

	finding_say(finding, FINDING_PASS, "%s, %s", opens, access);
	free(access);
}

/* --- Kept out ------------------------------------------------------------- */

/*
 * Says what keeps them out; true: it matters, and wants a cure. bad: how much,
 * if their machines need it: without, they are slow.
 */
static bool
say_closed(const struct kvm *kvm, const char *why, enum finding_status bad,
	struct finding *finding)
{
	if (is_needed(kvm->doctor)) {
		finding_say(finding, bad,
			KVM " is %s: %s; machines will be emulated, slowly",
			kvm->mode, why);
		return true;
	}
	finding_say(finding, FINDING_NOTE,
		KVM " is %s: %s; not needed by %s: its machines run as "
		    "libvirt's own user",
		kvm->mode, why, kvm->doctor->uri);
	return false;
}

static bool
is_for_group(const struct kvm *kvm)
{
	const struct credentials member = { (uid_t)-1, &kvm->group.gid, 1 };

	return kvm->group.gid != 0 &&
		permissions_judge(&kvm->permissions, &member, NULL) ==
		ACCESS_GROUP;
}

static void
say_not_member(const struct kvm *kvm, struct finding *finding)
{
	char *why = need(text_format(
		"%s is not in %s", doctor_user(kvm->doctor), kvm->group_name));

	if (say_closed(kvm, why, FINDING_WARN, finding)) {
		if (kvm->group.name != NULL)
			finding_cure_join(kvm->doctor, &kvm->group, finding);
		else
			finding_cure(finding, "cure",
				"give the group a name (sudo groupadd -g %lu "
				"NAME) and join it",
				(unsigned long)kvm->group.gid);
	}
	free(why);
}

static void
say_older(const struct kvm *kvm, struct finding *finding)
{
	char *why = need(text_format("%s is in %s, but this session is older",
		doctor_user(kvm->doctor), kvm->group_name));
	char *group = NULL;

	if (say_closed(kvm, why, FINDING_FAIL, finding)) {
		if (kvm->group.name != NULL) {
			group = shell_word(kvm->group.name);
			finding_cure(finding, "this shell", "newgrp %s", group);
		}
		finding_cure(finding, "for good", "log out and in");
	}
	free(group);
	free(why);
}

static void
cure_by_udev(struct finding *finding)
{
	finding_cure(finding, "cure",
		"sudo udevadm trigger --name-match=kvm (udev's rules give it "
		"to a group)");
}

/* has_it: is its group in force where it would count? */
static void
say_denied(const struct kvm *kvm, bool has_it, struct finding *finding)
{
	enum answer in_database;

	if (!is_for_group(kvm)) {
		if (say_closed(kvm, "only root may open it", FINDING_WARN,
			    finding))
			cure_by_udev(finding);
		return;
	}
	in_database =
		subject_in_gid(kvm->doctor->inquiry.subject, kvm->group.gid);
	if (has_it)
		say_closed(kvm,
			"something else denies it, an ACL or a security module",
			FINDING_WARN, finding);
	else if (in_database == ANSWER_UNKNOWN)
		finding_say(finding, FINDING_SKIP,
			KVM " is %s; the name service does not say who is in "
			    "%s",
			kvm->mode, kvm->group_name);
	else if (in_database == ANSWER_YES)
		say_older(kvm, finding);
	else
		say_not_member(kvm, finding);
}

/* --- Views ---------------------------------------------------------------- */

static void
judge_self(struct kvm *kvm, int opened, struct finding *finding)
{
	const struct process *self = &kvm->doctor->self;
	gid_t *gids = need(calloc(self->n_groups + 1, sizeof(*gids)));
	struct credentials who = { geteuid(), gids, self->n_groups + 1 };
	enum access_by by;
	gid_t gid = 0;

	gids[0] = self->gid;
	if (self->n_groups > 0)
		memcpy(gids + 1, self->groups, self->n_groups * sizeof(*gids));
	by = judge(kvm, who, &gid);
	if (opened == 0)
		say_open(kvm, KVM " opens", by, gid, finding);
	else if (opened == -EPERM)
		say_closed(kvm, "this container may not use it", FINDING_WARN,
			finding);
	else
		say_denied(kvm, credentials_have_gid(&who, kvm->group.gid),
			finding);
	free(gids);
}

/* What the database says of another user's groups. */
static int
list_gids(struct doctor *doctor, gid_t **ret, size_t *count)
{
	const struct facts *facts = &doctor->inquiry.facts;
	const char *name = doctor_user(doctor);
	struct account account;
	int r = facts->find_user(facts->context, name, &account);

	if (r < 0)
		return r;
	r = facts->list_gids(facts->context, name, account.gid, ret, count);
	account_clear(&account);
	return r;
}

static void
judge_other(struct kvm *kvm, int opened, struct finding *finding)
{
	const char *name = doctor_user(kvm->doctor);
	struct credentials who = { .uid = doctor_uid(kvm->doctor) };
	gid_t *gids = NULL, gid = 0;
	enum access_by by;
	char *opens;

	(void)opened;
	if (list_gids(kvm->doctor, &gids, &who.n_gids) < 0) {
		finding_say(finding, FINDING_SKIP,
			KVM " is %s; the name service does not say who %s is",
			kvm->mode, name);
		return;
	}
	who.gids = gids;
	by = judge(kvm, who, &gid);
	opens = need(text_format(KVM " would open for %s", name));
	if (by == ACCESS_NONE)
		say_denied(kvm, credentials_have_gid(&who, kvm->group.gid),
			finding);
	else
		say_open(kvm, opens, by, gid, finding);
	free(opens);
	free(gids);
}

static void
judge_host(struct kvm *kvm, int opened, struct finding *finding)
{
	const struct credentials somebody = { (uid_t)-1, NULL, 0 };

	(void)opened;
	if (is_for_group(kvm) || kvm->permissions.acl != NULL ||
		permissions_judge(&kvm->permissions, &somebody, NULL) !=
			ACCESS_NONE) {
		finding_say(finding, FINDING_PASS, KVM " is %s%s", kvm->mode,
			kvm->permissions.acl != NULL ? ", with an ACL" : "");
		return;
	}
	finding_say(finding, FINDING_WARN,
		KVM " is %s: only root may open it, and libvirt runs machines "
		    "as somebody else",
		kvm->mode);
	cure_by_udev(finding);
}

/* 0: it opens, or for somebody else: it is there; -ENOTBLK: something else is;
 * or another −errno. */
static int
try_to_open(const struct doctor *doctor)
{
	struct stat status;
	int fd;

	if (stat(KVM, &status) == 0 && !S_ISCHR(status.st_mode))
		return -ENOTBLK;
	if (doctor->viewpoint == VIEW_OTHER)
		return access(KVM, F_OK) == 0 ? 0 : -errno;
	fd = open(KVM, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* In a user namespace ids are not those that the kernel compares. */
static void
say_of_namespace(
	const struct doctor *doctor, int opened, struct finding *finding)
{
	if (doctor->viewpoint == VIEW_SELF && opened == 0)
		finding_say(finding, FINDING_PASS,
			KVM " opens; by what is not to be seen in a user "
			    "namespace");
	else
		finding_say(finding, FINDING_SKIP,
			"user namespace: who may open " KVM
			" is not to be seen");
}

static void
judge_permissions(struct doctor *doctor, int opened, struct finding *finding)
{
	static void (*const judges[])(struct kvm *, int, struct finding *) = {
		[VIEW_SELF] = judge_self,
		[VIEW_OTHER] = judge_other,
		[VIEW_HOST] = judge_host,
	};
	struct kvm kvm;
	int r;

	if (!doctor->are_ids_real) {
		say_of_namespace(doctor, opened, finding);
		return;
	}
	r = look_at(doctor, &kvm);
	if (r < 0) {
		finding_say(finding, FINDING_SKIP,
			KVM " cannot be looked at: %s", strerror(-r));
		return;
	}
	judges[doctor->viewpoint](&kvm, opened, finding);
	kvm_clear(&kvm);
}

void
check_kvm(struct doctor *doctor, struct finding *finding)
{
	const struct span *driver = &doctor->parts.driver;
	int opened;

	if (doctor->viewpoint != VIEW_HOST && driver->size > 0 &&
		!text_equals(*driver, "qemu")) {
		finding_say(finding, FINDING_SKIP, "not used by %.*s",
			(int)driver->size, driver->start);
		return;
	}
	opened = try_to_open(doctor);
	switch (-opened) {
	case ENOTBLK:
		say_no_kvm(KVM " is not a device", finding);
		break;
	case ENOENT:
		say_no_kvm("there is no " KVM, finding);
		break;
	case ENODEV:
	case ENXIO:
		say_no_kvm("nothing is behind " KVM, finding);
		break;
	case 0:
	case EACCES:
	case EPERM:
		judge_permissions(doctor, opened, finding);
		break;
	default:
		finding_say(finding, FINDING_SKIP, KVM " cannot be opened: %s",
			strerror(-opened));
	}
}
