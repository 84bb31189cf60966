/* SPDX-License-Identifier: MIT */
/*
 * The groups that matter, on hosts that are rows: /dev/kvm and polkit's
 * directories are the tests' own.
 */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../helper/members.h"
#include "../../helper/polkit_rules.h"

/* --- A host --------------------------------------------------------------- */

struct host {
	mode_t kvm_mode; /* of /dev/kvm; 0: there is none */
	gid_t kvm_gid;
	const char *root; /* below which polkit's directories are */
	bool is_denied; /* they cannot be opened */
};

/* NULL: the real one */
static const struct host *host;

static bool
is_polkits(const char *path)
{
	return host != NULL && strstr(path, "polkit-1/rules.d") != NULL;
}

static const char *
redirect(const char *path)
{
	return is_polkits(path) ? fake_path(host->root, path + 1) : path;
}

int
stat(const char *file, struct stat *buf)
{
	if (host == NULL || strcmp(file, "/dev/kvm") != 0)
		return fstatat(AT_FDCWD, file, buf, 0);
	if (host->kvm_mode == 0) {
		errno = ENOENT;
		return -1;
	}
	*buf = (struct stat){
		.st_mode = host->kvm_mode,
		.st_gid = host->kvm_gid,
	};
	return 0;
}

static int
open_redirected(const char *file, int oflag, mode_t mode)
{
	if (is_polkits(file) && host->is_denied) {
		errno = EACCES;
		return -1;
	}
	return openat(AT_FDCWD, redirect(file), oflag, mode);
}

int
open(const char *file, int oflag, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, oflag);
	mode = oflag & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return open_redirected(file, oflag, mode);
}

/* With _FORTIFY_SOURCE, for flags that the compiler does not know. */
int open_checked(const char *file, int oflag) __asm__("__open_2");

int
open_checked(const char *file, int oflag)
{
	return open_redirected(file, oflag, 0);
}

/* A rule of polkit's that lets a group in; and one that is not about us. */
#define RULE(group)                                                            \
	"polkit.addRule(function(action, subject) {\n"                         \
	"    if (action.id == \"org.libvirt.unix.manage\" &&\n"                \
	"        subject.isInGroup(\"" group "\")) {\n"                        \
	"            return polkit.Result.YES;\n"                              \
	"    }\n"                                                              \
	"});\n"
#define STORAGE                                                                \
	"polkit.addRule(function(action, subject) {\n"                         \
	"\tif (action.id == \"org.freedesktop.udisks2.filesystem-mount\" &&\n" \
	"\t    subject.isInGroup(\"storage\")) return polkit.Result.YES;\n"    \
	"});\n"

/* --- The groups that matter ----------------------------------------------- */

static const struct fake_user users[] = {
	{ "alice", 1000, 1000, "/home/alice" },
	{ NULL },
};

/* the build's own name for it */
#define L LIBVIRT_GROUP

static const struct fake_group groups[] = {
	{ "alice", 1000, NULL },
	{ L, 108, "alice", "ANOTHER SPELLING" },
	{ "kvm", 109, "bob" },
	{ "vm-admins", 110, "alice,bob" },
	{ "sssd", 111, "alice", .hides_members = true },
	{ "", 5000, "alice" }, /* gid 5000 has no name */
	{ "\xffodd\n", 5001, "alice" },
	{ NULL },
};

#define KVM(mode, gid)                                                         \
	.host = { .kvm_mode = S_IFCHR | (mode), .kvm_gid = (gid) }
/* mode 0: its permissions are not known */
#define SOCKET(mode, gid) .socket_mode = (mode), .socket_gid = (gid)

#define RULES_DIR "polkit-1/rules.d/60-libvirt.rules"

static const struct members_row {
	const char *name;
	struct host host;
	mode_t socket_mode;
	gid_t socket_gid;
	struct fake_node rules[2]; /* polkit's, below the root */
	const char *policy; /* its first rule decides; NULL: none does */
	const char *asked[4];
	struct fake_failure failure;
	/* A line each: "name gid: in the database: guards"; * marks the
	 * guard of the system's libvirt. */
	const char *members;
	bool is_polkit;
} members_rows[] = {
	/* whoever may write to the socket */
	{ "the socket's group", SOCKET(0770, 108),
		.members = "*" L " 108: yes: socket\n" },
	{ "the socket's group, not a member", SOCKET(0770, 109),
		.members = "*kvm 109: no: socket\n" },
	{ "the socket's group has no name", SOCKET(0770, 5000),
		.members = "*gid 5000 5000: yes: socket\n" },
	{ "the socket's group has an odd name", SOCKET(0770, 5001),
		.members = "*\\xffodd\\x0a 5001: yes: socket\n" },
	{ "the socket's group may only read", SOCKET(0740, 108),
		.members = "" },
	{ "the socket is root's", SOCKET(0700, 0), .members = "" },
	{ "the socket's group is root's", SOCKET(0770, 0), .members = "" },

	/* whom polkit's rule names */
	{ "everybody's socket", SOCKET(0777, 0),
		.rules = { { "etc/" RULES_DIR, RULE("vm-admins") } },
		.members = "*vm-admins 110: yes: polkit\n", .is_polkit = true },
	{ "everybody's socket, whatever its group", SOCKET(0666, 109),
		.rules = { { "usr/share/" RULES_DIR, RULE(L) } },
		.members = "*" L " 108: yes: polkit\n", .is_polkit = true },
	{ "no socket to be seen",
		.rules = { { "usr/local/share/" RULES_DIR,
			RULE("vm-admins") } },
		.members = "*vm-admins 110: yes: polkit\n", .is_polkit = true },
	{ "a rule for a group that does not exist", SOCKET(0777, 0),
		.rules = { { "run/" RULES_DIR, RULE("nosuch") } },
		.members = "*nosuch -: no: polkit\n", .is_polkit = true },
	{ "a rule for a group that cannot be looked up", SOCKET(0777, 0),
		.rules = { { "etc/" RULES_DIR, RULE("vm-admins") } },
		.failure = { FAKE_FIND_GROUP, "vm-admins", 0, EIO },
		.members = "*vm-admins ?: unknown: polkit\n",
		.is_polkit = true },
	{ "no rule", SOCKET(0777, 0),
		.rules = { { "etc/" RULES_DIR, STORAGE } }, .members = "",
		.is_polkit = true },
	{ "no rules at all", SOCKET(0777, 0), .members = "",
		.is_polkit = true },
	{ "rules that are not for us", SOCKET(0777, 0),
		.host = { .is_denied = true },
		.members = "*" L " 108: yes: polkit by default\n",
		.is_polkit = true },
	{ "the socket's group needs no rule", SOCKET(0770, 108),
		.rules = { { "etc/" RULES_DIR, RULE("vm-admins") } },
		.members = "*" L " 108: yes: socket\n" },

	/* /dev/kvm */
	{ "kvm's group", SOCKET(0700, 0), KVM(0660, 109),
		.members = "kvm 109: no: kvm\n" },
	{ "kvm is everybody's", SOCKET(0700, 0), KVM(0666, 109),
		.members = "" },
	{ "kvm's group may only read", SOCKET(0700, 0), KVM(0640, 109),
		.members = "" },
	{ "kvm is root's group's", SOCKET(0700, 0), KVM(0660, 0),
		.members = "" },
	{ "kvm is no device", SOCKET(0700, 0),
		.host = { .kvm_mode = S_IFREG | 0660, .kvm_gid = 109 },
		.members = "" },
	{ "one group for both", SOCKET(0770, 108), KVM(0660, 108),
		.members = "*" L " 108: yes: socket kvm\n" },
	{ "a group for each", SOCKET(0770, 108), KVM(0660, 109),
		.members = "*" L " 108: yes: socket\n"
			   "kvm 109: no: kvm\n" },
	{ "polkit's and kvm's", SOCKET(0777, 0), KVM(0660, 109),
		.rules = { { "etc/" RULES_DIR, RULE("kvm") } },
		.members = "*kvm 109: no: polkit kvm\n", .is_polkit = true },

	/* the policy's */
	{ "a [group] rule", SOCKET(0700, 0),
		.policy = "[group vm-admins]\nuri = a:///\n",
		.members = "vm-admins 110: yes: policy\n" },
	{ "a [gid] rule", SOCKET(0700, 0), .policy = "[gid 111]\nuri = a:///\n",
		.members = "sssd 111: yes: policy\n" },
	{ "a [gid] rule, no name", SOCKET(0700, 0),
		.policy = "[gid 5000]\nuri = a:///\n",
		.members = "gid 5000 5000: yes: policy\n" },
	{ "a [user] rule names no group", SOCKET(0700, 0),
		.policy = "[user alice]\nuri = a:///\n", .members = "" },
	{ "an [others] rule names no group", SOCKET(0700, 0),
		.policy = "[others]\nuri = a:///\n", .members = "" },
	{ "required groups", SOCKET(0700, 0),
		.policy = "[others]\nuri = a:///\n"
			  "require_groups = kvm , sssd\n",
		.members = "kvm 109: no: policy\n"
			   "sssd 111: yes: policy\n" },
	{ "excluded groups do not matter", SOCKET(0700, 0),
		.policy = "[others]\nuri = a:///\nexclude_groups = kvm\n",
		.members = "" },
	{ "a rule, and what it requires", SOCKET(0700, 0),
		.policy = "[group vm-admins]\nuri = a:///\n"
			  "require_groups = kvm,vm-admins\n",
		.members = "vm-admins 110: yes: policy\n"
			   "kvm 109: no: policy\n" },
	{ "the policy's is the socket's", SOCKET(0770, 108),
		.policy = "[group " L "]\nuri = a:///\n",
		.members = "*" L " 108: yes: socket policy\n" },

	/* those asked about */
	{ "asked about", SOCKET(0700, 0), .asked = { "kvm", "vm-admins" },
		.members = "kvm 109: no: asked\n"
			   "vm-admins 110: yes: asked\n" },
	{ "asked about twice", SOCKET(0700, 0),
		.asked = { "kvm", "sssd", "sssd" },
		.members = "kvm 109: no: asked\n"
			   "sssd 111: yes: asked\n" },
	{ "asked about, does not exist", SOCKET(0700, 0),
		.asked = { "nosuch", "nosuch" },
		.members = "nosuch -: no: asked\n" },
	{ "asked about, the primary one", SOCKET(0700, 0), .asked = { "alice" },
		.members = "alice 1000: yes: asked\n" },
	{ "asked about, another spelling", SOCKET(0770, 108),
		.asked = { "ANOTHER SPELLING" },
		.members = "*" L " 108: yes: socket asked\n" },
	{ "all of one", SOCKET(0770, 108), KVM(0660, 108),
		.policy = "[group " L "]\nuri = a:///\n", .asked = { L },
		.members = "*" L " 108: yes: socket kvm policy asked\n" },

	/* look-ups that fail */
	{ "asked about, cannot be looked up", SOCKET(0700, 0),
		.asked = { "kvm", "vm-admins" },
		.failure = { FAKE_FIND_GROUP, "kvm", 0, EIO },
		.members = "kvm ?: unknown: asked\n"
			   "vm-admins 110: yes: asked\n" },
	{ "a rule's, cannot be looked up until it is asked about",
		SOCKET(0700, 0), .policy = "[group vm-admins]\nuri = a:///\n",
		.asked = { "vm-admins" },
		.failure = { FAKE_FIND_GROUP, "vm-admins", 0, EIO, true },
		.members = "vm-admins 110: yes: policy asked\n" },
	{ "kvm's, cannot be looked up by its name", SOCKET(0777, 0),
		KVM(0660, 109), .rules = { { "etc/" RULES_DIR, RULE("kvm") } },
		.failure = { FAKE_FIND_GROUP, "kvm", 0, EIO },
		.members = "*kvm 109: no: polkit kvm\n", .is_polkit = true },
	{ "does not exist, once that can be looked up", SOCKET(0700, 0),
		.policy = "[group nosuch]\nuri = a:///\n",
		.asked = { "nosuch" },
		.failure = { FAKE_FIND_GROUP, "nosuch", 0, EIO, true },
		.members = "nosuch ?: unknown: policy asked\n" },
	{ "found before, cannot be looked up", SOCKET(0770, 108),
		.asked = { L }, .failure = { FAKE_FIND_GROUP, L, 0, EIO },
		.members = "*" L " 108: yes: socket asked\n" },
	{ "a gid cannot be looked up", SOCKET(0770, 108),
		.failure = { FAKE_FIND_GID, NULL, 108, EIO },
		.members = "*gid 108 108: yes: socket\n" },
	{ "the user's groups cannot be listed", SOCKET(0770, 111),
		.failure = { FAKE_LIST_GIDS, NULL, 0, EIO },
		.members = "*sssd 111: unknown: socket\n" },
	{ "the user's groups cannot be listed, a record does",
		SOCKET(0770, 108), .failure = { FAKE_LIST_GIDS, NULL, 0, EIO },
		.members = "*" L " 108: yes: socket\n" },
};

static void
print_guards(FILE *stream, unsigned int guards)
{
	static const struct {
		unsigned int guard;
		const char *name;
	} names[] = {
		{ GUARDS_SOCKET, " socket" },
		{ GUARDS_POLKIT, " polkit" },
		{ GUARDS_KVM, " kvm" },
		{ GUARDS_POLICY, " policy" },
		{ GUARDS_ASKED, " asked" },
	};

	for (size_t i = 0; i < countof(names); i++) {
		if (guards & names[i].guard)
			fputs(names[i].name, stream);
	}
}

/* As in members_rows. Owned by the caller. */
static char *
format_members(const struct members *members)
{
	static const char *const answers[] = {
		[ANSWER_NO] = "no",
		[ANSWER_YES] = "yes",
		[ANSWER_UNKNOWN] = "unknown",
	};
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = &members->list[i];
		char *name = member_name(member);

		fprintf(stream, "%s%s ", member == members->guard ? "*" : "",
			name);
		if (member->has_gid)
			fprintf(stream, "%u", member->gid);
		fputs(member->is_unknown          ? "?"
				: member->has_gid ? ""
						  : "-",
			stream);
		fprintf(stream, ": %s:", answers[member->in_database]);
		print_guards(stream, member->guards);
		fputs(member->is_default ? " by default\n" : "\n", stream);
		free(name);
	}
	assert_int_equal(fclose(stream), 0);
	return text;
}

/* The situation of a row, and what members_find() makes of it. */
static struct members
find_members(const struct members_row *row, const struct policy *policy,
	const struct facts *facts, struct subject *subject)
{
	struct libvirt_socket socket = {
		.has_permissions = row->socket_mode != 0,
		.permissions.status = {
			.st_mode = S_IFSOCK | row->socket_mode,
			.st_gid = row->socket_gid,
		},
	};
	struct members_where where = {
		.socket = &socket,
		.decider = policy != NULL ? policy->rules[0] : NULL,
		.asked = row->asked[0] != NULL ? row->asked : NULL,
	};
	struct host here = row->host;
	struct members members;

	here.root = fake_root(NULL);
	for (const struct fake_node *node = row->rules; node->path != NULL;
		node++)
		fake_make(here.root, node);
	host = &here;
	members = members_find(&where, facts, subject);
	host = NULL;
	return members;
}

static void
test_members(void **state)
{
	const struct members_row *row = *state;
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct policy *policy =
		row->policy != NULL ? fake_policy(row->policy) : NULL;
	struct subject *subject = NULL;
	struct members members;
	char *text;

	assert_int_equal(subject_new(&facts, "alice", &subject), 0);
	fake.failure = row->failure;
	members = find_members(row, policy, &facts, subject);
	text = format_members(&members);
	assert_string_equal(text, row->members);
	assert_int_equal(members.is_polkit, row->is_polkit);
	free(text);
	members_clear(&members);
	assert_null(members.list);
	subject_free(subject);
	policy_free(policy);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "members", test_members, SUITE_ROWS(members_rows));
	return suite_run(&suite, "members");
}
