/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/decide.h"

/* --- The directory -------------------------------------------------------- */

static const struct fake_user users[] = {
	{ "root", 0, 0, "/root" },
	{ "toor", 0, 0, "/root" },
	{ "daemon", 1, 1, "/" },
	{ "alice", 1000, 1000, "/home/alice", "ALICE" },
	{ "bob", 1001, 100, "/home/bob" },
	{ "LAB\\anna", 70001, 70000, "/home/LAB/anna b", "anna@lab.example" },
	{ NULL },
};

static const struct fake_group groups[] = {
	{ "root", 0, NULL },
	{ "alice", 1000, NULL },
	{ "users", 100, NULL },
	{ "libvirt", 108, "alice,root,LAB\\anna", "LIBVIRT" },
	{ "kvm", 109, "alice" },
	{ "staff", 50, "bob" },
	{ "sssd", 110, "alice", NULL, .hides_members = true },
	{ "LAB\\domain users", 70000, NULL },
	{ "Domain Admins@corp.example", 70009, "LAB\\anna" },
	{ "gr\xc3\xbcppe", 120, "alice" },
	{ "1001", 2001, "alice" },
	{ "thousandone", 1001, "bob" },
	{ "wheel", 10, "alice" },
	{ "admins", 10, "alice" },
	{ "backup", 34, NULL },
	{ "backup", 80034, "alice" },
	{ "", 5000, "alice" },
	{ NULL },
};

/* --- Policies and what they decide ---------------------------------------- */

/* The main file and two drop-ins, 10-a.conf and 20-b.conf. */
struct row {
	const char *name;
	const char *text, *a, *b;
	enum verdict verdict;
	const char *uri; /* VERDICT_URI */
	const char *rule; /* that decides: "a:1", "main:4"; NULL: not asked */
	const char *says; /* a part of the first remark; NULL: there is none */
	const char *user; /* NULL: alice */
	const char *service, *rhost;
	struct fake_failure failure;
};

#define URI(u)   .verdict = VERDICT_URI, .uri = (u)
#define NONE     .verdict = VERDICT_NONE
#define NO_RULE  .verdict = VERDICT_NO_RULE
#define MISTAKE  .verdict = VERDICT_MISTAKE
#define UNKNOWN  .verdict = VERDICT_UNKNOWN
#define UNUSABLE .verdict = VERDICT_UNUSABLE

/* Which people a header selects. */
static const struct row header_rows[] = {
	{ "a user", "[user alice]\nuri = q:///1\n", URI("q:///1"),
		.rule = "main:1" },
	{ "another user", "[user bob]\nuri = q:///1\n", NO_RULE },
	{ "a user in other letters", "[user Alice]\nuri = q:///1\n", NO_RULE },
	{ "a user asked for by another spelling",
		"[user alice]\nuri = q:///1\n", URI("q:///1"),
		.user = "ALICE" },
	{ "a spelling is not the user's name", "[user ALICE]\nuri = q:///1\n",
		NO_RULE, .user = "ALICE" },
	{ "a user of a domain", "[user LAB\\anna]\nuri = q:///1\n",
		URI("q:///1"), .user = "anna@lab.example" },
	{ "a group", "[group libvirt]\nuri = q:///1\n", URI("q:///1"),
		.rule = "main:1" },
	{ "a group of others", "[group staff]\nuri = q:///1\n", NO_RULE },
	{ "a group that is not there", "[group nosuch]\nuri = q:///1\n",
		NO_RULE },
	{ "the primary group", "[group users]\nuri = q:///1\n", URI("q:///1"),
		.user = "bob" },
	{ "a group whose record lists nobody", "[group sssd]\nuri = q:///1\n",
		URI("q:///1") },
	{ "a group with a backslash and a blank",
		"[group LAB\\domain users]\nuri = q:///1\n", URI("q:///1"),
		.user = "LAB\\anna" },
	{ "a group with an at sign",
		"[group Domain Admins@corp.example]\nuri = q:///1\n",
		URI("q:///1"), .user = "LAB\\anna" },
	{ "a group in UTF-8", "[group gr\xc3\xbcppe]\nuri = q:///1\n",
		URI("q:///1") },
	{ "a number is a name", "[group 1001]\nuri = q:///1\n", URI("q:///1") },
	{ "a number is not a gid", "[group 1001]\nuri = q:///1\n", NO_RULE,
		.user = "bob" },
	{ "the first name of a gid", "[group wheel]\nuri = q:///1\n",
		URI("q:///1") },
	{ "the second name of a gid", "[group admins]\nuri = q:///1\n", NO_RULE,
		.says = "the directory calls group 'admins' 'wheel'" },
	{ "one name, two gids", "[group backup]\nuri = q:///1\n",
		URI("q:///1") },
	{ "another spelling of a group", "[group LIBVIRT]\nuri = q:///1\n",
		NO_RULE,
		.says = "the directory calls group 'LIBVIRT' 'libvirt'" },
	{ "a group in other letters", "[group Kvm]\nuri = q:///1\n", NO_RULE },
	{ "a gid", "[gid 108]\nuri = q:///1\n", URI("q:///1"),
		.rule = "main:1" },
	{ "the primary gid", "[gid 100]\nuri = q:///1\n", URI("q:///1"),
		.user = "bob" },
	{ "a gid of others", "[gid 50]\nuri = q:///1\n", NO_RULE },
	{ "a gid without a name", "[gid 5000]\nuri = q:///1\n", URI("q:///1") },
	{ "a gid that is a group's name", "[gid 1001]\nuri = q:///1\n",
		NO_RULE },
	{ "a gid that is a group's name, its member",
		"[gid 1001]\nuri = q:///1\n", URI("q:///1"), .user = "bob" },
	{ "a gid where a record lists nobody", "[gid 110]\nuri = q:///1\n",
		URI("q:///1") },
	{ "others", "[others]\nuri = q:///1\n", URI("q:///1"),
		.rule = "main:1" },
	{ "nothing", "", NO_RULE },
	{ "comments only", "# [others]\n# uri = q:///1\n", NO_RULE },
	{ "no file at all", NULL, NO_RULE },
};

/* Which of several rules decides. */
static const struct row order_rows[] = {
	{ "user before group before others",
		"[others]\nuri = q:///o\n[group libvirt]\nuri = q:///g\n"
		"[user alice]\nuri = q:///u\n",
		URI("q:///u"), .rule = "main:5" },
	{ "group before others",
		"[others]\nuri = q:///o\n[group libvirt]\nuri = q:///g\n",
		URI("q:///g"), .rule = "main:3" },
	{ "gid before others",
		"[others]\nuri = q:///o\n[gid 108]\nuri = q:///g\n",
		URI("q:///g"), .rule = "main:3" },
	{ "others when nobody else",
		"[user bob]\nuri = q:///u\n[group staff]\nuri = q:///g\n"
		"[others]\nuri = q:///o\n",
		URI("q:///o"), .rule = "main:5" },
	{ "the upper group",
		"[group kvm]\nuri = q:///1\n"
		"[group libvirt]\nuri = q:///2\n",
		URI("q:///1"), .rule = "main:1" },
	{ "the upper group, the other way round",
		"[group libvirt]\nuri = q:///2\n[group kvm]\nuri = q:///1\n",
		URI("q:///2"), .rule = "main:1" },
	{ "group and gid are of one kind: group above",
		"[group kvm]\nuri = q:///1\n[gid 108]\nuri = q:///2\n",
		URI("q:///1"), .rule = "main:1" },
	{ "group and gid are of one kind: gid above",
		"[gid 108]\nuri = q:///2\n[group kvm]\nuri = q:///1\n",
		URI("q:///2"), .rule = "main:1" },
	{ "a drop-in before the main file", "[group kvm]\nuri = q:///1\n",
		.a = "[group libvirt]\nuri = q:///2\n", URI("q:///2"),
		.rule = "a:1" },
	{ "a later drop-in before an earlier", "[group kvm]\nuri = q:///1\n",
		.a = "[group libvirt]\nuri = q:///2\n",
		.b = "[gid 120]\nuri = q:///3\n", URI("q:///3"),
		.rule = "b:1" },
	{ "an earlier drop-in when the later does not apply",
		"[group kvm]\nuri = q:///1\n",
		.a = "[group libvirt]\nuri = q:///2\n",
		.b = "[group staff]\nuri = q:///3\n", URI("q:///2"),
		.rule = "a:1" },
	{ "others in a drop-in never before a group",
		"[group libvirt]\nuri = q:///1\n",
		.b = "[others]\nuri = q:///2\n", URI("q:///1"),
		.rule = "main:1" },
	{ "others in a drop-in before others", "[others]\nuri = q:///1\n",
		.b = "[others]\nuri = q:///2\n", URI("q:///2"), .rule = "b:1" },
	{ "a group in a drop-in never before a user",
		"[user alice]\nuri = q:///1\n",
		.b = "[group libvirt]\nuri = q:///2\n", URI("q:///1"),
		.rule = "main:1" },
	{ "one header in two files is no repetition",
		"[group libvirt]\nuri = q:///1\n",
		.a = "[group libvirt]\nuri = q:///2\n", URI("q:///2"),
		.rule = "a:1" },
	{ "the upper in a later file", "[user alice]\nuri = q:///1\n",
		.b = "[group kvm]\nuri = q:///2\n"
		     "[group libvirt]\nuri = q:///3\n"
		     "[user alice]\nuri = q:///4\n",
		URI("q:///4"), .rule = "b:5" },
	{ "none decides, and nobody looks further", "[others]\nuri = q:///1\n",
		.a = "[others]\nuri = none\n", NONE, .rule = "a:1" },
	{ "none for a user",
		"[user alice]\nuri = none\n[group libvirt]\nuri = q:///1\n",
		NONE, .rule = "main:1" },
	{ "no keys are merged between rules",
		"[group libvirt]\nuri = q:///1\nfrom = remote\n",
		.a = "[group libvirt]\nuri = q:///2\n", URI("q:///2"),
		.rhost = NULL },
	{ "not even the uri", "[group libvirt]\nuri = q:///1\n",
		.a = "[group libvirt]\nfrom = local\n", MISTAKE, .rule = "a:1",
		.says = "no 'uri'" },
};

/* Conditions: each holds, and fails. */
static const struct row condition_rows[] = {
	{ "services: named", "[others]\nuri = q:///1\nservices = sshd\n",
		URI("q:///1"), .service = "sshd" },
	{ "services: the second", "[others]\nuri = q:///1\nservices = a,sshd\n",
		URI("q:///1"), .service = "sshd" },
	{ "services: not named", "[others]\nuri = q:///1\nservices = sshd\n",
		NO_RULE, .service = "login" },
	{ "services: the beginning of a name",
		"[others]\nuri = q:///1\nservices = sshd\n", NO_RULE,
		.service = "ssh" },
	{ "services: more than a name",
		"[others]\nuri = q:///1\nservices = su\n", NO_RULE,
		.service = "su-l" },
	{ "services: not known", "[others]\nuri = q:///1\nservices = sshd\n",
		NO_RULE },
	{ "services: in other letters",
		"[others]\nuri = q:///1\nservices = SSHD\n", NO_RULE,
		.service = "sshd" },
	{ "from: local", "[others]\nuri = q:///1\nfrom = local\n",
		URI("q:///1") },
	{ "from: local and it is remote",
		"[others]\nuri = q:///1\nfrom = local\n", NO_RULE,
		.rhost = "192.0.2.1" },
	{ "from: remote", "[others]\nuri = q:///1\nfrom = remote\n",
		URI("q:///1"), .rhost = "192.0.2.1" },
	{ "from: remote and it is local",
		"[others]\nuri = q:///1\nfrom = remote\n", NO_RULE },
	{ "from: remote and it is loopback",
		"[others]\nuri = q:///1\nfrom = remote\n", NO_RULE,
		.rhost = "::1" },
	{ "uids: one", "[others]\nuri = q:///1\nuids = 1000\n", URI("q:///1") },
	{ "uids: another one", "[others]\nuri = q:///1\nuids = 1001\n",
		NO_RULE },
	{ "uids: open", "[others]\nuri = q:///1\nuids = 1000-\n",
		URI("q:///1") },
	{ "uids: open, too small", "[others]\nuri = q:///1\nuids = 1001-\n",
		NO_RULE },
	{ "uids: a range", "[others]\nuri = q:///1\nuids = 999-1000\n",
		URI("q:///1") },
	{ "uids: a range of one", "[others]\nuri = q:///1\nuids = 1000-1000\n",
		URI("q:///1") },
	{ "uids: a range below", "[others]\nuri = q:///1\nuids = 1-999\n",
		NO_RULE },
	{ "uids: ranges and numbers",
		"[others]\nuri = q:///1\nuids = 1-9, 500, 1000 - 2000\n",
		URI("q:///1") },
	{ "uids: ranges around",
		"[others]\nuri = q:///1\nuids = 1-999,1001-,5\n", NO_RULE },
	{ "uids: a directory's", "[others]\nuri = q:///1\nuids = 1000-59999\n",
		NO_RULE, .user = "LAB\\anna" },
	{ "uids: the largest", "[others]\nuri = q:///1\nuids = 0-4294967294\n",
		URI("q:///1") },
	{ "require_groups: in it",
		"[others]\nuri = q:///1\nrequire_groups = kvm\n",
		URI("q:///1") },
	{ "require_groups: in both",
		"[others]\nuri = q:///1\nrequire_groups = kvm, libvirt\n",
		URI("q:///1") },
	{ "require_groups: in one of two",
		"[others]\nuri = q:///1\nrequire_groups = kvm, staff\n",
		NO_RULE },
	{ "require_groups: in none",
		"[others]\nuri = q:///1\nrequire_groups = staff\n", NO_RULE },
	{ "require_groups: not there",
		"[others]\nuri = q:///1\nrequire_groups = nosuch\n", NO_RULE },
	{ "require_groups: blanks in a name",
		"[others]\nuri = q:///1\n"
		"require_groups = libvirt, LAB\\domain users\n",
		URI("q:///1"), .user = "LAB\\anna" },
	{ "require_groups: another spelling",
		"[others]\nuri = q:///1\nrequire_groups = LIBVIRT\n", NO_RULE,
		.says = "the directory calls group 'LIBVIRT' 'libvirt'" },
	{ "require_groups: a number is a name",
		"[others]\nuri = q:///1\nrequire_groups = 108\n", NO_RULE },
	{ "exclude_groups: in none",
		"[others]\nuri = q:///1\nexclude_groups = staff, nosuch\n",
		URI("q:///1") },
	{ "exclude_groups: in it",
		"[others]\nuri = q:///1\nexclude_groups = kvm\n", NO_RULE },
	{ "exclude_groups: in one of two",
		"[others]\nuri = q:///1\nexclude_groups = staff, kvm\n",
		NO_RULE },
	{ "exclude_groups: the primary group",
		"[others]\nuri = q:///1\nexclude_groups = alice\n", NO_RULE },
	{ "all hold",
		"[others]\nuri = q:///1\nservices = sshd\nfrom = remote\n"
		"uids = 1000-\nrequire_groups = kvm\nexclude_groups = staff\n"
		"trial = no\n",
		URI("q:///1"), .service = "sshd", .rhost = "192.0.2.1" },
	{ "all but one hold",
		"[others]\nuri = q:///1\nservices = sshd\nfrom = remote\n"
		"uids = 1000-\nrequire_groups = kvm\nexclude_groups = "
		"libvirt\n",
		NO_RULE, .service = "sshd", .rhost = "192.0.2.1" },
	{ "conditions of a user", "[user alice]\nuri = q:///1\nuids = 5\n",
		NO_RULE },
	{ "conditions of a group",
		"[group kvm]\nuri = q:///1\nrequire_groups = libvirt\n",
		URI("q:///1") },
	{ "conditions of a gid", "[gid 109]\nuri = q:///1\nfrom = remote\n",
		NO_RULE },
	{ "a condition that fails leads to the next rule",
		"[group kvm]\nuri = q:///1\nfrom = remote\n"
		"[group libvirt]\nuri = q:///2\n",
		URI("q:///2"), .rule = "main:4" },
	{ "none under a condition that fails",
		"[user alice]\nuri = none\nfrom = remote\n"
		"[others]\nuri = q:///2\n",
		URI("q:///2"), .rule = "main:4" },
};

/* Only [user] rules speak to uid 0. */
static const struct row root_rows[] = {
	{ "a user rule", "[user root]\nuri = q:///1\n", URI("q:///1"),
		.user = "root" },
	{ "another name of uid 0", "[user toor]\nuri = q:///1\n", URI("q:///1"),
		.user = "toor" },
	{ "a rule for another name of uid 0", "[user root]\nuri = q:///1\n",
		NO_RULE, .user = "toor" },
	{ "a group", "[group libvirt]\nuri = q:///1\n", NO_RULE,
		.user = "root" },
	{ "the primary group", "[group root]\nuri = q:///1\n", NO_RULE,
		.user = "root" },
	{ "a gid", "[gid 108]\nuri = q:///1\n", NO_RULE, .user = "root" },
	{ "gid 0", "[gid 0]\nuri = q:///1\n", NO_RULE, .user = "root" },
	{ "others", "[others]\nuri = q:///1\n", NO_RULE, .user = "root" },
	{ "others, asked for uid 0", "[others]\nuri = q:///1\nuids = 0\n",
		NO_RULE, .user = "root" },
	{ "others, mistaken", "[others]\nuri = none\nx = y\n", NO_RULE,
		.user = "root" },
	{ "another name of uid 0 and others", "[others]\nuri = q:///1\n",
		NO_RULE, .user = "toor" },
	{ "a user rule behind others",
		"[others]\nuri = q:///1\n[user root]\nuri = q:///2\n",
		URI("q:///2"), .user = "root" },
	{ "a user rule's conditions count",
		"[user root]\nuri = q:///1\nfrom = remote\n", NO_RULE,
		.user = "root" },
	{ "a user rule may require a group",
		"[user root]\nuri = q:///1\nrequire_groups = libvirt\n",
		URI("q:///1"), .user = "root" },
	{ "uid 1 is nobody special", "[others]\nuri = q:///1\n", URI("q:///1"),
		.user = "daemon" },
};

/* A trial is judged, told of, and passed over as if it were not there. */
static const struct row trial_rows[] = {
	{ "it is passed over",
		"[group kvm]\nuri = q:///1\ntrial = yes\n"
		"[group libvirt]\nuri = q:///2\n",
		URI("q:///2"), .rule = "main:4",
		.says = "trial of [group kvm] for alice: would set q:///1" },
	{ "and nothing else decides", "[others]\nuri = q:///1\ntrial = yes\n",
		NO_RULE,
		.says = "trial of [others] for alice: would set q:///1" },
	{ "its URI is expanded",
		"[gid 108]\nuri = q:///${group}/${uid}\ntrial = yes\n", NO_RULE,
		.says = "would set q:///libvirt/1000" },
	{ "of none", "[others]\nuri = none\ntrial = yes\n", NO_RULE,
		.says = "would set nothing" },
	{ "of others", "[user bob]\nuri = q:///1\ntrial = yes\n", NO_RULE },
	{ "of a condition that fails",
		"[others]\nuri = q:///1\ntrial = yes\nfrom = remote\n",
		NO_RULE },
	{ "of a mistake",
		"[group kvm]\nuri = q:///a b\ntrial = yes\n"
		"[others]\nuri = q:///2\n",
		URI("q:///2"),
		.says = "would set nothing: uri = q:///a b: one URI" },
	{ "of an unknown key", "[others]\nuri = q:///1\ntrial = yes\nx = y\n",
		NO_RULE, .says = "would set nothing: unknown key 'x'" },
	{ "trial = no is no trial", "[others]\nuri = q:///1\ntrial = no\n",
		URI("q:///1") },
	{ "a trial that is none decides",
		"[group kvm]\nuri = q:///1\ntrial = maybe\n"
		"[others]\nuri = q:///2\n",
		MISTAKE, .rule = "main:1", .says = "write yes or no" },
	{ "a trial in capitals", "[others]\nuri = q:///1\ntrial = Yes\n",
		MISTAKE, .says = "write yes or no" },
	{ "a trial that is repeated",
		"[others]\nuri = q:///1\ntrial = yes\ntrial = yes\n", MISTAKE,
		.says = "'trial' again" },
	{ "a trial behind the deciding rule is not told of",
		"[user alice]\nuri = q:///1\n"
		"[others]\nuri = q:///2\ntrial = yes\n",
		URI("q:///1") },
	{ "of a user rule, for uid 0",
		"[user root]\nuri = q:///1\ntrial = yes\n", NO_RULE,
		.user = "root", .says = "would set q:///1" },
	{ "of a look-up that fails",
		"[group staff]\nuri = q:///1\ntrial = yes\n"
		"[others]\nuri = q:///2\n",
		URI("q:///2"), .failure = { FAKE_LIST_GIDS, NULL, 0, EIO },
		.says = "would set nothing: the groups of 'alice' cannot be "
			"looked up" },
};

/* Of a rule that applies any mistake decides; what follows does not count. */
#define MISTAKEN(body)                                                         \
	.text = "[group kvm]\n" body "[others]\nuri = q:///2\n", MISTAKE,      \
	.rule = "main:1"
/* The same rule, but a condition fails. */
#define MOOT(body)                                                             \
	.text = "[group kvm]\nfrom = remote\n" body                            \
		"[others]\nuri = q:///2\n",                                    \
	URI("q:///2")

static const struct row mistake_rows[] = {
	{ "no uri", MISTAKEN(""), .says = "no 'uri'" },
	{ "no uri, moot", MOOT("") },
	{ "an unknown key", MISTAKEN("uri = q:///1\nservice = sshd\n"),
		.says = "unknown key 'service'" },
	{ "an unknown key, moot", MOOT("uri = q:///1\nservice = sshd\n") },
	{ "a repeated key", MISTAKEN("uri = q:///1\nuri = q:///1\n"),
		.says = "again" },
	{ "a repeated key, moot", MOOT("uri = q:///1\nuri = q:///1\n") },
	{ "a repeated condition does not fail",
		MISTAKEN("uri = q:///1\nfrom = remote\nfrom = remote\n"),
		.says = "again" },
	{ "no value", MISTAKEN("uri =\n"), .says = "no value" },
	{ "no value, moot", MOOT("uri =\n") },
	{ "no value for a condition", MISTAKEN("uri = q:///1\nservices =\n"),
		.says = "no value" },
	{ "no key = value", MISTAKEN("uri = q:///1\nfoo\n"),
		.says = "no 'key = value'" },
	{ "no key = value, moot", MOOT("uri = q:///1\nfoo\n") },
	{ "quotes", MISTAKEN("uri = \"q:///1\"\n"), .says = "quotes" },
	{ "quotes, moot", MOOT("uri = \"q:///1\"\n") },
	{ "a '#' in a value", MISTAKEN("uri = q:///1#2\n"), .says = "'#'" },
	{ "a bad URI", MISTAKEN("uri = q//1\n"), .says = "scheme" },
	{ "a bad URI, moot", MOOT("uri = q//1\n") },
	{ "none in capitals is a bad URI", MISTAKEN("uri = None\n"),
		.says = "did you mean none" },
	{ "an empty item in services",
		MISTAKEN("uri = q:///1\nservices = a,,b\n"),
		.says = "empty item" },
	{ "an empty item, moot", MOOT("uri = q:///1\nservices = a,,b\n") },
	{ "an empty item at the end",
		MISTAKEN("uri = q:///1\nrequire_groups = kvm,\n"),
		.says = "empty item" },
	{ "an empty item in exclude_groups",
		MISTAKEN("uri = q:///1\nexclude_groups = ,kvm\n"),
		.says = "empty item" },
	{ "from somewhere", MISTAKEN("uri = q:///1\nfrom = lan\n"),
		.says = "local or remote" },
	{ "from in capitals", MISTAKEN("uri = q:///1\nfrom = Local\n"),
		.says = "local or remote" },
	{ "from two", MISTAKEN("uri = q:///1\nfrom = local, remote\n"),
		.says = "local or remote" },
	{ "a uid that is a name", MISTAKEN("uri = q:///1\nuids = alice\n"),
		.says = "write uids" },
	{ "a uid that is a name, moot", MOOT("uri = q:///1\nuids = alice\n") },
	{ "a range without a start", MISTAKEN("uri = q:///1\nuids = -5\n"),
		.says = "write uids" },
	{ "a range that is a dash", MISTAKEN("uri = q:///1\nuids = -\n"),
		.says = "write uids" },
	{ "a range with two dashes", MISTAKEN("uri = q:///1\nuids = 1-2-3\n"),
		.says = "write uids" },
	{ "a range that ends before it begins",
		MISTAKEN("uri = q:///1\nuids = 2000-1000\n"),
		.says = "before it begins" },
	{ "a uid with a leading zero", MISTAKEN("uri = q:///1\nuids = 01000\n"),
		.says = "write uids" },
	{ "a uid that is too large",
		MISTAKEN("uri = q:///1\nuids = 4294967295\n"),
		.says = "write uids" },
	{ "an empty item in uids", MISTAKEN("uri = q:///1\nuids = 1000-,\n"),
		.says = "write uids" },
	{ "a mistake behind what matches",
		MISTAKEN("uri = q:///1\nuids = 1000-, x\n"),
		.says = "write uids" },
	{ "an unknown variable", MISTAKEN("uri = q:///${name}\n"),
		.says = "${name}" },
	{ "a lone dollar", MISTAKEN("uri = q:///$USER\n"), .says = "$$" },
	{ "a variable for a host", MISTAKEN("uri = q://${user}/\n"),
		.says = "host" },
	{ "a mistaken none rule", MISTAKEN("uri = none\nx = y\n"),
		.says = "unknown key" },
	{ "a mistaken condition and one that fails",
		MOOT("uri = q:///1\nuids = x\nservices = a,\n") },
	{ "a condition that fails behind the mistake",
		"[group kvm]\nx = y\nuri = q:///1\nexclude_groups = kvm\n"
		"[others]\nuri = q:///2\n",
		URI("q:///2") },
	{ "a mistake of others does not matter",
		"[group staff]\nx = y\n[others]\nuri = q:///2\n",
		URI("q:///2") },
	{ "a mistake behind the deciding rule does not matter",
		"[user alice]\nuri = q:///1\n[group kvm]\nx = y\n",
		URI("q:///1") },
	{ "a mistake in a drop-in", "[group kvm]\nuri = q:///1\n",
		.b = "[gid 108]\n", MISTAKE, .rule = "b:1",
		.says = "no 'uri'" },
	{ "a group without a name in a URI",
		"[gid 5000]\nuri = q:///${group}\n[others]\nuri = q:///2\n",
		MISTAKE, .rule = "main:1", .says = "no name" },
	{ "${group} for a user", "[user alice]\nuri = q:///${group}\n", MISTAKE,
		.says = "[group]" },
	{ "${group} for others", "[others]\nuri = q:///${group}\n", MISTAKE,
		.says = "[group]" },
};

/* A repeated header decides for everybody it matches. */
static const struct row repeated_rows[] = {
	{ "a group",
		"[group kvm]\nuri = q:///1\n[group kvm]\nuri = q:///1\n"
		"[others]\nuri = q:///2\n",
		MISTAKE, .rule = "main:1", .says = "this header stands in" },
	{ "a gid", "[gid 109]\nuri = q:///1\n[gid 109]\nuri = q:///2\n",
		MISTAKE, .rule = "main:1", .says = "this header stands in" },
	{ "a user", "[user alice]\nuri = q:///1\n[user alice]\nuri = none\n",
		MISTAKE, .rule = "main:1", .says = "this header stands in" },
	{ "others", "[others]\nuri = q:///1\n[others]\nuri = none\n", MISTAKE,
		.rule = "main:1", .says = "this header stands in" },
	{ "blanks make no difference",
		"[group kvm]\nuri = q:///1\n[group \t kvm]\nuri = q:///1\n",
		MISTAKE, .says = "this header stands in" },
	{ "conditions do not count",
		"[group kvm]\nuri = q:///1\nfrom = remote\n"
		"[group kvm]\nuri = q:///2\nfrom = remote\n"
		"[others]\nuri = q:///3\n",
		MISTAKE, .rule = "main:1", .says = "this header stands in" },
	{ "nor does a trial",
		"[group kvm]\nuri = q:///1\ntrial = yes\n"
		"[group kvm]\nuri = q:///2\ntrial = yes\n",
		MISTAKE, .rule = "main:1", .says = "this header stands in" },
	{ "a rule before it decides",
		"[group libvirt]\nuri = q:///1\n"
		"[group kvm]\nuri = q:///2\n[group kvm]\nuri = q:///3\n",
		URI("q:///1") },
	{ "of others it does not matter",
		"[group staff]\nuri = q:///2\n[group staff]\nuri = q:///3\n"
		"[others]\nuri = q:///1\n",
		URI("q:///1") },
	{ "a gid and its group's name are two headers",
		"[gid 109]\nuri = q:///1\n[group kvm]\nuri = q:///2\n",
		URI("q:///1") },
	{ "for uid 0 groups do not count",
		"[gid 0]\nuri = q:///1\n[gid 0]\nuri = q:///2\n", NO_RULE,
		.user = "root" },
	{ "a later file decides",
		"[group kvm]\nuri = q:///1\n[group kvm]\nuri = q:///1\n",
		.a = "[group kvm]\nuri = q:///2\n", URI("q:///2") },
	{ "unknown membership stays unknown",
		"[group staff]\nuri = q:///1\n[group staff]\nuri = q:///1\n",
		UNKNOWN, .failure = { FAKE_LIST_GIDS, NULL, 0, EIO },
		.says = "cannot be looked up" },
};

#define NO_LIST .failure = { FAKE_LIST_GIDS, NULL, 0, EIO }

/* A look-up that fails makes this rule and all later ones undecidable. */
static const struct row failure_rows[] = {
	{ "a group that cannot be decided",
		"[group staff]\nuri = q:///1\n[others]\nuri = q:///2\n",
		UNKNOWN, NO_LIST, .rule = "main:1",
		.says = "the groups of 'alice' cannot be looked up" },
	{ "a proved match decides",
		"[group kvm]\nuri = q:///1\n[group staff]\nuri = q:///2\n",
		URI("q:///1"), NO_LIST },
	{ "a proved match behind one that is not",
		"[group staff]\nuri = q:///2\n[group kvm]\nuri = q:///1\n",
		UNKNOWN, NO_LIST, .rule = "main:1",
		.says = "cannot be looked up" },
	{ "a user rule needs no look-up",
		"[user alice]\nuri = q:///1\n[group staff]\nuri = q:///2\n",
		URI("q:///1"), NO_LIST },
	{ "others need no look-up", "[others]\nuri = q:///1\n", URI("q:///1"),
		NO_LIST },
	{ "a gid that cannot be decided",
		"[gid 50]\nuri = q:///1\n[others]\nuri = q:///2\n", UNKNOWN,
		NO_LIST, .says = "cannot be looked up" },
	{ "the primary gid needs no look-up", "[gid 1000]\nuri = q:///1\n",
		URI("q:///1"), NO_LIST },
	{ "not found is not failed",
		"[group staff]\nuri = q:///1\n[others]\nuri = q:///2\n",
		URI("q:///2"),
		.failure = { FAKE_FIND_GROUP, NULL, 0, ENOENT } },
	{ "a record that cannot be had",
		"[group staff]\nuri = q:///1\n[others]\nuri = q:///2\n",
		UNKNOWN, .failure = { FAKE_FIND_GROUP, "staff", 0, EIO },
		.says = "cannot be looked up" },
	{ "a record that is too large",
		"[group staff]\nuri = q:///1\n[others]\nuri = q:///2\n",
		UNKNOWN, .failure = { FAKE_FIND_GROUP, "staff", 0, ERANGE },
		.says = "cannot be looked up" },
	{ "a gid whose name cannot be had",
		"[group staff]\nuri = q:///1\n[others]\nuri = q:///2\n",
		UNKNOWN, .failure = { FAKE_FIND_GID, NULL, 120, ETIMEDOUT },
		.says = "cannot be looked up" },
	{ "required and it cannot be decided",
		"[others]\nuri = q:///1\nrequire_groups = staff\n", UNKNOWN,
		NO_LIST, .says = "cannot be looked up" },
	{ "required: one that cannot be decided, one that is proved",
		"[group kvm]\nuri = q:///1\nfrom = remote\n"
		"[others]\nuri = q:///2\nrequire_groups = staff, kvm\n",
		UNKNOWN, NO_LIST, .says = "cannot be looked up" },
	{ "required and proved",
		"[others]\nuri = q:///1\nrequire_groups = kvm\n", URI("q:///1"),
		NO_LIST },
	{ "excluded and it cannot be decided",
		"[others]\nuri = q:///1\nexclude_groups = staff\n", UNKNOWN,
		NO_LIST, .says = "cannot be looked up" },
	{ "excluded and proved",
		"[others]\nuri = q:///1\nexclude_groups = kvm\n", NO_RULE,
		NO_LIST },
	{ "a condition that fails settles it",
		"[group staff]\nuri = q:///1\nfrom = remote\n"
		"[others]\nuri = q:///2\n",
		URI("q:///2"), NO_LIST },
	{ "a group that excludes, proved before, settles it",
		"[group kvm]\nuri = q:///1\nfrom = remote\n"
		"[group staff]\nuri = q:///2\nexclude_groups = kvm\n"
		"[others]\nuri = q:///3\n",
		URI("q:///3"), NO_LIST },
	{ "a group that excludes, proved by its record, settles it",
		"[group staff]\nuri = q:///1\nexclude_groups = kvm\n"
		"[others]\nuri = q:///2\n",
		URI("q:///2"), NO_LIST },
	{ "a group that excludes, not proved",
		"[group staff]\nuri = q:///1\nexclude_groups = nosuch\n"
		"[others]\nuri = q:///2\n",
		UNKNOWN, NO_LIST, .says = "cannot be looked up" },
	{ "a required group that is unknown and one that excludes",
		"[group kvm]\nuri = q:///1\nfrom = remote\n"
		"[others]\nuri = q:///2\nrequire_groups = staff\n"
		"exclude_groups = kvm\n",
		NO_RULE, NO_LIST },
	{ "a mistake does not settle it",
		"[group staff]\nuri = q:///1\nx = y\n"
		"[others]\nuri = q:///2\n",
		UNKNOWN, NO_LIST, .says = "cannot be looked up" },
	{ "a mistaken condition does not settle it",
		"[group staff]\nuri = q:///1\nfrom = x\n"
		"[others]\nuri = q:///2\n",
		UNKNOWN, NO_LIST, .says = "cannot be looked up" },
	{ "none does not settle it",
		"[group staff]\nuri = none\n[others]\nuri = q:///2\n", UNKNOWN,
		NO_LIST, .says = "cannot be looked up" },
	{ "uid 0 is not in the groups' rules",
		"[group staff]\nuri = q:///1\n[user root]\nuri = q:///2\n",
		URI("q:///2"), NO_LIST, .user = "root" },
	{ "a gid's name for its URI cannot be had",
		"[gid 1000]\nuri = q:///${group}\n[others]\nuri = q:///2\n",
		UNKNOWN, .failure = { FAKE_FIND_GID, NULL, 1000, EIO },
		.says = "cannot be looked up" },
	{ "a gid's name is not needed", "[gid 1000]\nuri = q:///1\n",
		URI("q:///1"), .failure = { FAKE_FIND_GID, NULL, 1000, EIO } },
};

/* URIs as they leave. */
static const struct row uri_rows[] = {
	{ "the user", "[others]\nuri = q://${user}@h/\n", URI("q://alice@h/") },
	{ "the directory's spelling", "[others]\nuri = q:///${user}\n",
		URI("q:///LAB%5Canna"), .user = "anna@lab.example" },
	{ "uid and home", "[others]\nuri = q:///${uid}?k=${home}\n",
		URI("q:///70001?k=/home/LAB/anna%20b"), .user = "LAB\\anna" },
	{ "the group of a [group]",
		"[group LAB\\domain users]\nuri = q:///${group}\n",
		URI("q:///LAB%5Cdomain%20users"), .user = "LAB\\anna" },
	{ "the group of a [gid]", "[gid 70009]\nuri = q:///${group}\n",
		URI("q:///Domain%20Admins%40corp.example"),
		.user = "LAB\\anna" },
	{ "the first name of a [gid]", "[gid 10]\nuri = q:///${group}\n",
		URI("q:///wheel") },
	{ "the group of a primary [gid]", "[gid 100]\nuri = q:///${group}\n",
		URI("q:///users"), .user = "bob" },
	{ "a comment", "[others]\nuri = q:///1 # mine\n", URI("q:///1") },
	{ "CRLF", "[others]\r\nuri = q:///1\r\n", URI("q:///1") },
	{ "a query", "[others]\nuri = q://h/s?a=b&c=d\n",
		URI("q://h/s?a=b&c=d") },
};

/* Files that make the policy unusable, for everybody. */
static const struct row unusable_rows[] = {
	{ "an unknown header", "[user alice]\nuri = q:///1\n[foo]\n", UNUSABLE,
		.says = "unknown header" },
	{ "in a drop-in", "[user alice]\nuri = q:///1\n", .a = "uri = x\n",
		UNUSABLE, .says = "text before the first header" },
	{ "for uid 0 too", "[user root]\nuri = q:///1\n[foo]\n", UNUSABLE,
		.user = "root", .says = "unknown header" },
	{ "a CR", "[user alice]\ruri = q:///1\r", UNUSABLE, .says = "CR" },
};

/* --- Running them --------------------------------------------------------- */

/* What matters of a decision. */
struct result {
	enum verdict verdict;
	char uri[128];
	char rule[64]; /* "a:1" */
	char remark[512];
	enum remark_severity severity;
	size_t n_remarks;
};

static const char *
short_name(const char *path)
{
	const char *base = strrchr(path, '/') + 1;

	return strcmp(base, "virturi.conf") == 0 ? "main"
		: strcmp(base, "10-a.conf") == 0 ? "a"
		: strcmp(base, "20-b.conf") == 0 ? "b"
						 : base;
}

static void
copy_result(const struct decision *decision, struct result *ret)
{
	*ret = (struct result){
		.verdict = decision->verdict,
		.n_remarks = decision->remarks.count,
	};
	if (decision->uri != NULL)
		snprintf(ret->uri, sizeof(ret->uri), "%s", decision->uri);
	if (decision->rule != NULL)
		snprintf(ret->rule, sizeof(ret->rule), "%s:%u",
			short_name(decision->rule->path), decision->rule->line);
	if (decision->remarks.count > 0) {
		snprintf(ret->remark, sizeof(ret->remark), "%s",
			decision->remarks.list[0].text);
		ret->severity = decision->remarks.list[0].severity;
	}
}

/* Rules for nobody in the directory. */
static char *
make_padding(unsigned int count)
{
	char *text = malloc(count * 64 + 1);
	size_t used = 0;

	assert_non_null(text);
	text[0] = '\0';
	for (unsigned int i = 0; i < count; i++) {
		static const char *const formats[] = {
			"[user nobody%u]\nuri = q:///pad\n",
			"[group nosuch%u]\nuri = q:///pad\n",
			"[gid 9%06u]\nuri = q:///pad\n",
		};
		const char *format = formats[i % 3];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		used += (size_t)sprintf(text + used, format, i);
#pragma GCC diagnostic pop
	}
	return text;
}

static void
write_padded(const char *root, const char *path, const char *text,
	const char *padding)
{
	char *whole;

	if (text == NULL)
		return;
	assert_true(asprintf(&whole, "%s%s", text, padding) >= 0);
	fake_write(root, path, whole);
	free(whole);
}

/* Rules for nobody in each file, and in files before and behind. */
static struct policy *
load_padded(const struct row *row, unsigned int pad)
{
	const char *root = fake_root(NULL);
	char *padding = make_padding(pad);

	write_padded(root, "etc/security/virturi.conf", row->text, padding);
	write_padded(
		root, "etc/security/virturi.conf.d/10-a.conf", row->a, padding);
	write_padded(
		root, "run/virturi/virturi.conf.d/20-b.conf", row->b, padding);
	if (pad > 0) {
		fake_write(root, "etc/security/virturi.conf.d/00-pad.conf",
			padding);
		fake_write(root, "etc/security/virturi.conf.d/99-pad.conf",
			padding);
	}
	free(padding);
	return fake_load(root);
}

static void
decide(const struct row *row, const struct policy *policy, struct fake *fake,
	struct result *ret)
{
	struct facts facts = fake_facts(fake);
	struct situation situation = {
		.policy = policy,
		.request = { .service = row->service, .rhost = row->rhost },
	};
	struct decision decision;

	assert_int_equal(subject_new(&facts, row->user ? row->user : "alice",
				 &situation.subject),
		0);
	assert_int_equal(policy_decide(&situation, NULL, &decision), 0);
	assert_int_equal(decision.uri != NULL, decision.verdict == VERDICT_URI);
	copy_result(&decision, ret);
	decision_clear(&decision);
	subject_free(situation.subject);
}

static void
run(const struct row *row, unsigned int pad, struct result *ret)
{
	struct policy *policy = load_padded(row, pad);
	struct fake fake = {
		.users = users,
		.groups = groups,
		.failure = row->failure,
	};

	decide(row, policy, &fake, ret);
	policy_free(policy);
}

static void
check_remarks(const struct row *row, const struct result *result)
{
	if (row->says == NULL) {
		assert_string_equal(result->remark, "");
		assert_int_equal(result->n_remarks, 0);
		return;
	}
	fake_assert_says(result->remark, row->says);
	if (result->verdict == VERDICT_MISTAKE ||
		result->verdict == VERDICT_UNUSABLE)
		assert_int_equal(result->severity, REMARK_ERROR);
	else if (strncmp(result->remark, "trial", 5) == 0)
		assert_int_equal(result->severity, REMARK_NOTICE);
	else
		assert_int_equal(result->severity, REMARK_WARNING);
	if (result->verdict == VERDICT_UNKNOWN)
		assert_int_equal(result->n_remarks, 1);
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct result result;

	run(row, 0, &result);
	assert_string_equal(result.uri, row->uri ? row->uri : "");
	assert_int_equal(result.verdict, row->verdict);
	if (row->rule != NULL)
		assert_string_equal(result.rule, row->rule);
	check_remarks(row, &result);
}

/*
 * Rules for others never change a verdict. When look-ups fail they may change
 * which ones are made: then a verdict may become unknown, or be found after
 * all, but not become another.
 */
static void
test_padded(void **state)
{
	static const unsigned int pads[] = { 1, 200 };
	struct row row = *(const struct row *)*state, sound = row;
	struct result want, result;

	if (row.verdict == VERDICT_UNUSABLE)
		return;
	sound.failure = (struct fake_failure){ 0 };
	run(&sound, 0, &want);
	for (size_t i = 0; i < countof(pads); i++) {
		run(&row, pads[i], &result);
		if (row.failure.error != 0 && result.verdict == VERDICT_UNKNOWN)
			continue;
		if (strncmp(want.remark, "trial", 5) == 0 &&
			row.failure.error != 0)
			continue;
		assert_int_equal(result.verdict, want.verdict);
		assert_string_equal(result.uri, want.uri);
		assert_string_equal(result.rule, want.rule);
	}
}

/* --- Random policies, and a second opinion on them ------------------------ */

/* What a random rule is made of. */
struct random_rule {
	int file; /* 0: main, 1: a, 2: b */
	unsigned int line;
	int header, condition, body;
	bool is_trial;
};

static const struct {
	const char *text;
	int rank; /* user, group, others */
	bool matches[3]; /* alice, bob, root */
} random_headers[] = {
	{ "[user alice]", 0, { true, false, false } },
	{ "[user bob]", 0, { false, true, false } },
	{ "[user root]", 0, { false, false, true } },
	{ "[group libvirt]", 1, { true, false, false } },
	{ "[group kvm]", 1, { true, false, false } },
	{ "[group staff]", 1, { false, true, false } },
	{ "[group sssd]", 1, { true, false, false } },
	{ "[group nosuch]", 1, { false, false, false } },
	{ "[gid 100]", 1, { false, true, false } },
	{ "[gid 108]", 1, { true, false, false } },
	{ "[gid 0]", 1, { false, false, false } }, /* not for uid 0 */
	{ "[others]", 2, { true, true, false } },
};

static const struct {
	const char *text;
	bool holds[3]; /* alice, bob, root; for sshd, from 192.0.2.1 */
	bool is_mistaken;
} random_conditions[] = {
	{ "", { true, true, true } },
	{ "", { true, true, true } },
	{ "from = remote\n", { true, true, true } },
	{ "from = local\n", { false, false, false } },
	{ "services = login, sshd\n", { true, true, true } },
	{ "services = login\n", { false, false, false } },
	{ "uids = 1001-\n", { false, true, false } },
	{ "uids = 0, 1000\n", { true, false, true } },
	{ "require_groups = kvm\n", { true, false, false } },
	{ "require_groups = staff, users\n", { false, true, false } },
	{ "exclude_groups = kvm, nosuch\n", { false, true, true } },
	{ "exclude_groups = staff\n", { true, false, true } },
	{ "uids = x\n", { true, true, true }, true },
	{ "uids = x\nfrom = local\n", { false, false, false }, true },
	{ "services = ,\nexclude_groups = kvm\n", { false, true, true }, true },
};

static const struct {
	const char *text;
	enum verdict verdict;
} random_bodies[] = {
	{ "uri = q:///%u\n", VERDICT_URI },
	{ "uri = q:///%u\n", VERDICT_URI },
	{ "uri = q:///%u\n", VERDICT_URI },
	{ "uri = none\n", VERDICT_NONE },
	{ "", VERDICT_MISTAKE },
	{ "uri = q:///%u\nfoo = bar\n", VERDICT_MISTAKE },
	{ "uri = q:// %u\n", VERDICT_MISTAKE },
};

static unsigned int
count_lines(const char *text)
{
	unsigned int lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

/* Writes a rule behind what its file has; notes its line. */
static void
write_random_rule(
	struct random_rule *rule, unsigned int number, char *text, size_t room)
{
	size_t used = strlen(text);
	char body[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(body, sizeof(body), random_bodies[rule->body].text, number);
#pragma GCC diagnostic pop
	rule->line = count_lines(text) + 1;
	snprintf(text + used, room - used, "%s\n%s%s%s",
		random_headers[rule->header].text,
		random_conditions[rule->condition].text, body,
		rule->is_trial ? "trial = yes\n" : "");
}

/* Is a asked before b? */
static bool
comes_before(const struct random_rule *a, const struct random_rule *b)
{
	int ranks[] = { random_headers[a->header].rank,
		random_headers[b->header].rank };

	if (ranks[0] != ranks[1])
		return ranks[0] < ranks[1];
	return a->file != b->file ? a->file > b->file : a->line < b->line;
}

/* What one rule says to one user; VERDICT_NO_RULE: it is passed over. */
static enum verdict
judge_alone(const struct random_rule *rules, size_t count, size_t i, int user)
{
	const struct random_rule *rule = &rules[i];

	if (!random_headers[rule->header].matches[user])
		return VERDICT_NO_RULE;
	for (size_t j = 0; j < count; j++) {
		if (j != i && rules[j].file == rule->file &&
			rules[j].header == rule->header)
			return VERDICT_MISTAKE;
	}
	if (!random_conditions[rule->condition].holds[user] || rule->is_trial)
		return VERDICT_NO_RULE;
	if (random_conditions[rule->condition].is_mistaken)
		return VERDICT_MISTAKE;
	return random_bodies[rule->body].verdict;
}

/* The rule that decides, by comparing all with all; -1: none. */
static int
find_deciding(const struct random_rule *rules, size_t count, int user)
{
	int best = -1;

	for (size_t i = 0; i < count; i++) {
		if (judge_alone(rules, count, i, user) == VERDICT_NO_RULE)
			continue;
		if (best < 0 || comes_before(&rules[i], &rules[best]))
			best = (int)i;
	}
	return best;
}

static void
check_random(const struct random_rule *rules, size_t count,
	const struct policy *policy, int user)
{
	static const char *const names[] = { "alice", "bob", "root" };
	static const char *const files[] = { "main", "a", "b" };
	struct row row = {
		.user = names[user],
		.service = "sshd",
		.rhost = "192.0.2.1",
	};
	struct fake fake = { .users = users, .groups = groups };
	int best = find_deciding(rules, count, user);
	struct result result;
	char rule[64] = "", uri[64] = "";
	enum verdict verdict = VERDICT_NO_RULE;

	if (best >= 0) {
		verdict = judge_alone(rules, count, (size_t)best, user);
		snprintf(rule, sizeof(rule), "%s:%u", files[rules[best].file],
			rules[best].line);
	}
	if (verdict == VERDICT_URI)
		snprintf(uri, sizeof(uri), "q:///%d", best);
	decide(&row, policy, &fake, &result);
	assert_string_equal(result.rule, rule);
	assert_int_equal(result.verdict, verdict);
	assert_string_equal(result.uri, uri);
}

static void
test_random(void **state)
{
	static const char *const paths[] = { "etc/security/virturi.conf",
		"etc/security/virturi.conf.d/10-a.conf",
		"etc/security/virturi.conf.d/20-b.conf" };
	const char *root = fake_root(NULL);
	uint64_t seed = 8;

	(void)state;
	for (int round = 0; round < 1500; round++) {
		struct random_rule rules[12];
		size_t count = fake_random(&seed) % countof(rules) + 1;
		char texts[3][4096] = { "", "", "" };
		struct policy *policy;

		for (size_t i = 0; i < count; i++) {
			rules[i] = (struct random_rule){
				.file = (int)(fake_random(&seed) % 3),
				.header = (int)(fake_random(&seed) %
					countof(random_headers)),
				.condition = (int)(fake_random(&seed) %
					countof(random_conditions)),
				.body = (int)(fake_random(&seed) %
					countof(random_bodies)),
				.is_trial = fake_random(&seed) % 4 == 0,
			};
			write_random_rule(&rules[i], (unsigned int)i,
				texts[rules[i].file], sizeof(texts[0]));
		}
		for (size_t i = 0; i < 3; i++)
			fake_write(root, paths[i], texts[i]);
		policy = fake_load(root);
		for (int user = 0; user < 3; user++)
			check_random(rules, count, policy, user);
		policy_free(policy);
	}
}

/* --- Look-ups ------------------------------------------------------------- */

static const struct count_row {
	const char *name, *text;
	const char *user; /* NULL: alice */
	unsigned int lookups_max, lists_max;
	unsigned int lookups_min;
} count_rows[] = {
	{ "the shipped policy, a member",
		"[group libvirt]\nuri = qemu:///system\n", NULL, 2, 0, 2 },
	{ "the shipped policy, a member by primary group",
		"[group users]\nuri = qemu:///system\n", "bob", 2, 0, 2 },
	{ "the shipped policy, no member",
		"[group libvirt]\nuri = qemu:///system\n", "bob", 3 + 8, 1, 1 },
	{ "the shipped policy, root", "[group libvirt]\nuri = qemu:///system\n",
		"root", 0, 0, 0 },
	{ "a user rule decides",
		"[group libvirt]\nuri = q:///1\n[user alice]\nuri = q:///2\n",
		NULL, 0, 0, 0 },
	{ "a user rule says none",
		"[group libvirt]\nuri = q:///1\n[user alice]\nuri = none\n",
		NULL, 0, 0, 0 },
	{ "others only", "[others]\nuri = q:///1\n", NULL, 0, 0, 0 },
	{ "the primary gid", "[gid 1000]\nuri = q:///1\n", NULL, 0, 0, 0 },
	{ "a gid whose record decides", "[gid 108]\nuri = q:///1\n", NULL, 1, 0,
		1 },
	{ "a condition that fails is cheaper than a group",
		"[others]\nuri = q:///1\nfrom = remote\n"
		"require_groups = nosuch\n",
		NULL, 0, 0, 0 },
	{ "no policy", "", NULL, 0, 0, 0 },
};

static void
test_count(void **state)
{
	const struct count_row *row = *state;
	struct row as_row = { .text = row->text, .user = row->user };
	struct fake fake = { .users = users, .groups = groups };
	struct policy *policy = load_padded(&as_row, 0);
	struct result result;

	decide(&as_row, policy, &fake, &result);
	assert_int_equal(fake.calls[FAKE_FIND_USER], 1);
	fake_assert_between(
		fake_group_lookups(&fake), row->lookups_min, row->lookups_max);
	fake_assert_between(fake.calls[FAKE_LIST_GIDS], 0, row->lists_max);
	policy_free(policy);
}

/* Policies that ask as much as can be asked, for a user in 30 groups. */
static const struct bound_row {
	const char *name;
	const char *format; /* of each rule, with a number in it */
	const char *last; /* rule */
	unsigned int first; /* number */
} bound_rows[] = {
	{ "no rule matches", "[group nosuch%u]\nuri = q:///1\n", "", 0 },
	{ "no gid matches", "[gid 9%05u]\nuri = q:///1\n", "", 0 },
	{ "the last one matches", "[group nosuch%u]\nuri = q:///1\n",
		"[group g29]\nuri = q:///2\n", 0 },
	{ "all match but for a condition",
		"[group g%u]\nuri = q:///1\nexclude_groups = g29\n", "", 0 },
	{ "all are members and required to be in another",
		"[group g%u]\nuri = q:///1\nrequire_groups = nosuch%u\n", "",
		0 },
	{ "all are trials", "[group g%u]\nuri = q:///${group}\ntrial = yes\n",
		"", 0 },
	{ "all are gids on trial",
		"[gid %u]\nuri = q:///${group}\ntrial = yes\n",
		"[group nosuch]\nuri = q:///1\n", 20000 },
};

static void
write_rules(const struct bound_row *row, const char *root)
{
	char *text = malloc((size_t)200 * 128);
	size_t used = 0;

	assert_non_null(text);
	for (unsigned int i = 0; i < 200; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		used += (size_t)sprintf(text + used, row->format,
			row->first + i, row->first + i);
#pragma GCC diagnostic pop
	}
	strcpy(text + used, row->last);
	fake_write(root, "etc/security/virturi.conf", text);
	free(text);
}

static void
test_bound(void **state)
{
	enum { GROUPS = 30 };
	const struct bound_row *row = *state;
	const char *root = fake_root(NULL);
	struct row as_row = { 0 };
	struct fake_group many[GROUPS + 1] = { 0 };
	char names[GROUPS][8];
	struct fake fake = { .users = users, .groups = many };
	struct policy *policy;
	struct result result;

	for (unsigned int i = 0; i < GROUPS; i++) {
		snprintf(names[i], sizeof(names[i]), "g%u", i);
		many[i] = (struct fake_group){ names[i], 20000 + i, "alice" };
	}
	write_rules(row, root);
	policy = fake_load(root);
	decide(&as_row, policy, &fake, &result);
	assert_int_equal(fake.calls[FAKE_FIND_USER], 1);
	fake_assert_between(fake.calls[FAKE_LIST_GIDS], 0, 1);
	/* and the primary group */
	fake_assert_between(fake_group_lookups(&fake), 0, GROUPS + 1 + 8);
	policy_free(policy);
}

/* --- Witnesses ------------------------------------------------------------ */

struct heard {
	char text[512];
	int result;
};

static int
hear(void *context, const struct situation *situation, const struct rule *rule,
	const struct judgement *judgement, bool decides)
{
	struct heard *heard = context;
	size_t used = strlen(heard->text);

	assert_non_null(situation->subject);
	snprintf(heard->text + used, sizeof(heard->text) - used, "%s%u%s",
		used > 0 ? " " : "", rule->line, decides ? "!" : "");
	if (judgement->outcome == OUTCOME_NO_MATCH)
		strcat(heard->text, "-");
	return decides ? heard->result : 0;
}

static const struct witness_row {
	const char *name;
	bool wants_all, is_deaf;
	int result;
	const char *heard; /* lines; "!" decides, "-" other people */
} witness_rows[] = {
	{ "up to the deciding rule", false, false, 0, "7- 3 5!" },
	{ "all rules", true, false, 0, "7- 3 5! 10 1" },
	{ "an error ends it", true, false, -EPIPE, "7- 3 5!" },
	{ "nothing to hear", false, true, 0, "" },
	{ "nothing to hear, all", true, true, 0, "" },
};

static void
test_witness(void **state)
{
	const struct witness_row *row = *state;
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct heard heard = { .result = row->result };
	struct witness witness = {
		.hear = row->is_deaf ? NULL : hear,
		.context = &heard,
		.wants_all = row->wants_all,
	};
	struct policy *policy = fake_policy("[others]\nuri = q:///o\n"
					    "[group kvm]\n"
					    "from = remote\n"
					    "[group libvirt]\nuri = q:///1\n"
					    "[user bob]\nuri = q:///2\n"
					    "\n"
					    "[gid 108]\nx = y\n");
	struct situation situation = { .policy = policy };
	struct decision decision = { .verdict = VERDICT_NONE };

	assert_int_equal(subject_new(&facts, "alice", &situation.subject), 0);
	assert_int_equal(
		policy_decide(&situation, &witness, &decision), row->result);
	assert_string_equal(heard.text, row->heard);
	if (row->result == 0) {
		assert_int_equal(decision.verdict, VERDICT_URI);
		assert_string_equal(decision.uri, "q:///1");
		/* mistakes behind the deciding rule are not the decision's */
		assert_int_equal(decision.remarks.count, 0);
		decision_clear(&decision);
	}
	subject_free(situation.subject);
	policy_free(policy);
}

/* An unusable policy's remarks are the decision's, all of them. */
static void
test_unusable_remarks(void **state)
{
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct policy *policy = fake_policy("[a]\n[others]\n[b]\n");
	struct heard heard = { .result = 0 };
	struct witness witness = { hear, &heard, true };
	struct situation situation = { .policy = policy };
	struct decision decision;

	(void)state;
	assert_int_equal(subject_new(&facts, "alice", &situation.subject), 0);
	assert_int_equal(policy_decide(&situation, &witness, &decision), 0);
	assert_int_equal(decision.verdict, VERDICT_UNUSABLE);
	assert_null(decision.rule);
	assert_int_equal(decision.remarks.count, 2);
	assert_int_equal(decision.remarks.list[0].line, 1);
	assert_int_equal(decision.remarks.list[1].line, 3);
	assert_non_null(strstr(decision.remarks.list[0].path, "virturi.conf"));
	assert_string_equal(heard.text, "");
	decision_clear(&decision);
	subject_free(situation.subject);
	policy_free(policy);
}

/* The one remark to tell when nothing is set: not a trial's notice. */
static const struct cause_row {
	const char *name, *text;
	struct fake_failure failure;
	const char *says; /* NULL: there is no cause */
} cause_rows[] = {
	{ "a URI", "[others]\nuri = q:///1\n" },
	{ "none", "[others]\nuri = none\n" },
	{ "no rule", "[group staff]\nuri = q:///1\n" },
	{ "a spelling is no cause", "[group LIBVIRT]\nuri = q:///1\n" },
	{ "a mistake behind a trial",
		"[user alice]\nuri = q:///1\ntrial = yes\n"
		"[others]\nuri = q//\n",
		.says = "scheme" },
	{ "a failed look-up behind a trial",
		"[user alice]\nuri = q:///1\ntrial = yes\n"
		"[group staff]\nuri = q:///1\n",
		NO_LIST, .says = "cannot be looked up" },
	{ "an unusable policy", "foo\n", .says = "text before" },
};

static void
test_cause(void **state)
{
	const struct cause_row *row = *state;
	struct fake fake = {
		.users = users,
		.groups = groups,
		.failure = row->failure,
	};
	struct facts facts = fake_facts(&fake);
	struct policy *policy = fake_policy(row->text);
	struct situation situation = { .policy = policy };
	const struct remark *cause;
	struct decision decision;

	assert_int_equal(subject_new(&facts, "alice", &situation.subject), 0);
	assert_int_equal(policy_decide(&situation, NULL, &decision), 0);
	cause = decision_find_cause(&decision);
	if (row->says == NULL)
		assert_null(cause);
	else
		fake_assert_says(cause ? cause->text : NULL, row->says);
	decision_clear(&decision);
	subject_free(situation.subject);
	policy_free(policy);
}

/* Each trial that was passed over is told of, and where a group is misspelt. */
static void
test_many_remarks(void **state)
{
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct policy *policy =
		fake_policy("[group LIBVIRT]\nuri = q:///1\n"
			    "[group kvm]\nuri = q:///2\ntrial = yes\n"
			    "[gid 108]\nuri = none\ntrial = yes\n"
			    "[others]\nx = y\n");
	struct situation situation = { .policy = policy };
	struct decision decision;

	(void)state;
	assert_int_equal(subject_new(&facts, "alice", &situation.subject), 0);
	assert_int_equal(policy_decide(&situation, NULL, &decision), 0);
	assert_int_equal(decision.verdict, VERDICT_MISTAKE);
	assert_int_equal(decision.remarks.count, 5);
	assert_int_equal(decision.remarks.list[0].severity, REMARK_NOTICE);
	assert_int_equal(decision.remarks.list[0].line, 3);
	assert_int_equal(decision.remarks.list[1].severity, REMARK_NOTICE);
	assert_int_equal(decision.remarks.list[1].line, 6);
	assert_int_equal(decision.remarks.list[2].severity, REMARK_ERROR);
	assert_int_equal(decision.remarks.list[3].severity, REMARK_ERROR);
	assert_int_equal(decision.remarks.list[4].severity, REMARK_WARNING);
	assert_int_equal(decision.remarks.list[4].line, 1);
	decision_clear(&decision);
	subject_free(situation.subject);
	policy_free(policy);
}

int
main(void)
{
	struct suite suite = { 0 };
	static const struct {
		const char *name;
		const struct row *rows;
		size_t count;
	} tables[] = {
		{ "header", header_rows, countof(header_rows) },
		{ "order", order_rows, countof(order_rows) },
		{ "condition", condition_rows, countof(condition_rows) },
		{ "uid 0", root_rows, countof(root_rows) },
		{ "trial", trial_rows, countof(trial_rows) },
		{ "mistake", mistake_rows, countof(mistake_rows) },
		{ "repeated", repeated_rows, countof(repeated_rows) },
		{ "failure", failure_rows, countof(failure_rows) },
		{ "uri", uri_rows, countof(uri_rows) },
		{ "unusable", unusable_rows, countof(unusable_rows) },
	};

	for (size_t i = 0; i < countof(tables); i++) {
		char padded[64];

		snprintf(padded, sizeof(padded), "%s, padded", tables[i].name);
		suite_add(&suite, tables[i].name, test_row, tables[i].rows,
			tables[i].count, sizeof(struct row));
		suite_add(&suite, padded, test_padded, tables[i].rows,
			tables[i].count, sizeof(struct row));
	}
	suite_add_one(&suite, "random policies, a second opinion", test_random);
	suite_add(&suite, "look-ups", test_count, SUITE_ROWS(count_rows));
	suite_add(&suite, "look-ups are bounded", test_bound,
		SUITE_ROWS(bound_rows));
	suite_add(&suite, "witness", test_witness, SUITE_ROWS(witness_rows));
	suite_add(&suite, "cause", test_cause, SUITE_ROWS(cause_rows));
	suite_add_one(
		&suite, "an unusable policy tells all", test_unusable_remarks);
	suite_add_one(&suite, "many remarks", test_many_remarks);
	return suite_run(&suite, "decide");
}
