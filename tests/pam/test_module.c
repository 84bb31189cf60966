/* SPDX-License-Identifier: MIT */
/*
 * Every outcome of the module: pam_virturi(8) has the same table. Each row is
 * a session opened by the real libpam, with the module alone in the stack and
 * `required`, and what must have come of it, the log's lines included.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_appl.h>
#include <security/pam_modules.h>

#include "../nss/nss_virturi.h"
#include "stack.h"

/* What policy= names. */
enum policy_kind {
	POLICY_TEXT, /* a file with the row's text */
	POLICY_FOR_EVERYBODY, /* … that everybody may write to */
	POLICY_FOR_ITS_GROUP, /* … that its group may write to */
	POLICY_OF_OTHERS, /* … that belongs to somebody else; root only */
	POLICY_IN_OPEN_DIRECTORY, /* … with a name in a directory of mode 0777
				   */
	POLICY_NO_FILE,
	POLICY_NO_DIRECTORY,
	POLICY_DIRECTORY,
	POLICY_FIFO, /* that nobody writes to */
	POLICY_RELATIVE,
	POLICY_EMPTY_NAME,
};

struct line {
	int priority;
	const char *pattern; /* '*' is anything, FILE the policy's path */
};

#define LINES_MAX 8

struct row {
	const char *name;
	const char *situation; /* of pam_virturi(8) that it is an example of */
	enum policy_kind kind;
	int flags;
	const char *policy;
	const char *arguments; /* besides policy= */
	const char *user; /* NULL: "alice"; "-": none */
	const char *service; /* NULL: "login" */
	const char *rhost;
	const char *before; /* what a module before ours does */
	const char *present; /* the variable's value before */
	const char *uri; /* the variable's value afterwards; NULL: not set */
	struct line log[LINES_MAX];
	unsigned int groups_max; /* look-ups; 0: any number */
	bool putenv_fails;
	int failing_item; /* PAM_USER, …; 0: none */
};

#define MEMBERS  "[group libvirt]\nuri = qemu:///system\n"
#define OTHERS   "[others]\nuri = qemu:///session\n"
#define NONE     "[user alice]\nuri = none\n" OTHERS
#define BROKEN   "[group libvirt]\nuri = qemu:///system\n[host tux]\n"
#define MISTAKEN "[group libvirt]\nuri = not a uri\n" OTHERS

#define UNUSABLE   "; the policy is unusable, nobody gets a URI"
#define LEFT_ALONE "; " VARIABLE " is left alone"

static const struct row rows[] = {
	/* a decision */
	{
		.name = "a [user] rule gives a URI",
		.policy = "[user alice]\nuri = test:///default\n" MEMBERS,
		.uri = "test:///default",
	},
	{
		.name = "a [group] rule gives a URI",
		.situation = "a rule gives a URI",
		.policy = MEMBERS OTHERS,
		.uri = "qemu:///system",
		.groups_max = 2,
	},
	{
		.name = "a [gid] rule gives a URI",
		.policy = "[gid 5001]\nuri = qemu:///system\n" OTHERS,
		.uri = "qemu:///system",
	},
	{
		.name = "the [others] rule gives a URI",
		.policy = MEMBERS OTHERS,
		.user = "bob",
		.uri = "qemu:///session",
	},
	{
		.name = "${user}, ${uid}, ${home}, ${group} expand",
		.policy = "[group libvirt]\nuri = qemu+ssh://${user}@h/"
			  "${uid}${home}?g=${group}\n",
		.uri = "qemu+ssh://alice@h/71001/home/alice?g=libvirt",
	},
	{
		.name = "the policy says none",
		.situation = "a rule says none",
		.policy = NONE,
	},
	{
		.name = "no rule applies",
		.situation = "no rule applies",
		.policy = MEMBERS,
		.user = "bob",
	},
	{
		.name = "PAM_SILENT changes nothing",
		.policy = MEMBERS,
		.flags = PAM_SILENT,
		.uri = "qemu:///system",
	},

	/* the variable is there already */
	{
		.name = "set already: stays",
		.situation = "variable set before",
		.policy = MEMBERS,
		.present = "test:///default",
		.uri = "test:///default",
	},
	{
		.name = "set already, empty: stays",
		.situation = "variable set before, empty",
		.policy = MEMBERS,
		.present = "",
		.uri = "",
	},
	{
		.name = "set already by an earlier module: stays",
		.policy = MEMBERS,
		.before = "env=" VARIABLE "=test:///default",
		.uri = "test:///default",
	},
	{
		.name = "set already, debug",
		.policy = MEMBERS,
		.arguments = "debug",
		.present = "test:///default",
		.uri = "test:///default",
		.log = { { LOG_DEBUG, VARIABLE " is set already" } },
	},
	{
		.name = "override: replaces",
		.situation = "override and a URI",
		.policy = MEMBERS,
		.arguments = "override",
		.present = "test:///default",
		.uri = "qemu:///system",
	},
	{
		.name = "override: replaces an empty one",
		.policy = MEMBERS,
		.arguments = "override",
		.present = "",
		.uri = "qemu:///system",
	},
	{
		.name = "override: sets where nothing is set",
		.policy = MEMBERS,
		.arguments = "override",
		.uri = "qemu:///system",
	},
	{
		.name = "override: stays where the policy says none",
		.policy = NONE,
		.arguments = "override",
		.present = "test:///default",
		.uri = "test:///default",
	},
	{
		.name = "override: stays where no rule applies",
		.situation = "override and no URI",
		.policy = MEMBERS,
		.arguments = "override",
		.user = "bob",
		.present = "test:///default",
		.uri = "test:///default",
	},
	{
		.name = "override: stays where the policy is unusable",
		.policy = BROKEN,
		.arguments = "override",
		.present = "test:///default",
		.uri = "test:///default",
		.log = { { LOG_ERR, "FILE:3: *" UNUSABLE } },
	},
	{
		.name = "override: stays where the rule is mistaken",
		.policy = MISTAKEN,
		.arguments = "override",
		.present = "test:///default",
		.uri = "test:///default",
		.log = { { LOG_ERR, "FILE:2: *" LEFT_ALONE } },
	},

	/* no policy */
	{
		.name = "no policy: silence",
		.situation = "no policy file",
		.policy = "",
	},
	{
		.name = "a policy without rules: silence",
		.policy = "# nothing here yet\n\n",
	},

	/* a policy that cannot be used */
	{
		.name = "unusable: unknown header",
		.situation = "policy unusable",
		.policy = BROKEN,
		.log = { { LOG_ERR, "FILE:3: '[host tux]': *" UNUSABLE } },
	},
	{
		.name = "unusable: text before the first header",
		.policy = "# rules\nuri = qemu:///system\n" MEMBERS,
		.log = { { LOG_ERR, "FILE:2: *" UNUSABLE } },
	},
	{
		.name = "unusable: two mistakes, one line",
		.policy = "[host tux]\nuri = qemu:///system\n[host nut]\n",
		.log = { { LOG_ERR, "FILE:1: *" UNUSABLE } },
	},
	{
		.name = "unusable: before anybody is looked up",
		.policy = BROKEN,
		.user = "nobody-here",
		.log = { { LOG_ERR, "FILE:3: *" UNUSABLE } },
	},
	{
		.name = "policy=: no such file",
		.situation = "policy= missing, relative, untrusted",
		.kind = POLICY_NO_FILE,
		.log = { { LOG_ERR, "FILE: *No such file*" UNUSABLE } },
	},
	{
		.name = "policy=: no such directory",
		.kind = POLICY_NO_DIRECTORY,
		.log = { { LOG_ERR, "FILE: *No such file*" UNUSABLE } },
	},
	{
		.name = "policy=: not absolute",
		.kind = POLICY_RELATIVE,
		.log = { { LOG_ERR, "*'FILE'*absolute*" UNUSABLE } },
	},
	{
		.name = "policy=: no name",
		.kind = POLICY_EMPTY_NAME,
		.log = { { LOG_ERR, "*''*absolute*" UNUSABLE } },
	},
	{
		.name = "policy=: a directory",
		.kind = POLICY_DIRECTORY,
		.log = { { LOG_ERR, "FILE: *directory*" UNUSABLE } },
	},
	{
		.name = "policy=: a FIFO",
		.kind = POLICY_FIFO,
		.log = { { LOG_ERR, "FILE: not a regular file; *" UNUSABLE } },
	},
	{
		.name = "policy=: writable by everybody",
		.kind = POLICY_FOR_EVERYBODY,
		.policy = MEMBERS,
		.log = { { LOG_ERR, "FILE: *: chmod go-w FILE" UNUSABLE } },
	},
	{
		.name = "policy=: writable by its group",
		.kind = POLICY_FOR_ITS_GROUP,
		.policy = MEMBERS,
		.log = { { LOG_ERR, "FILE: *: chmod g-w FILE" UNUSABLE } },
	},
	{
		.name = "policy=: in a directory writable by everybody",
		.kind = POLICY_IN_OPEN_DIRECTORY,
		.policy = MEMBERS,
		.log = { { LOG_ERR, "*/open: *: chmod go-w */open" UNUSABLE } },
	},

	/* a mistake in the rule that decides */
	{
		.name = "mistake: a bad URI",
		.situation = "mistake in the deciding rule",
		.policy = MISTAKEN,
		.log = { { LOG_ERR, "FILE:2: uri = not a uri: *" LEFT_ALONE } },
	},
	{
		.name = "mistake: no uri",
		.policy = "# rules\n[group libvirt]\nfrom = local\n" OTHERS,
		.log = { { LOG_ERR, "FILE:2: *'uri'*" LEFT_ALONE } },
	},
	{
		.name = "mistake: an unknown key",
		.policy = MEMBERS "service = login\n" OTHERS,
		.log = { { LOG_ERR, "FILE:3: *'services'? " VARIABLE " is left alone" } },
	},
	{
		.name = "mistake: a key twice",
		.policy = MEMBERS "uri = qemu:///session\n" OTHERS,
		.log = { { LOG_ERR, "FILE:3: *'uri'*" LEFT_ALONE } },
	},
	{
		.name = "mistake: a malformed condition",
		.policy = MEMBERS "from = here\n" OTHERS,
		.log = { { LOG_ERR, "FILE:3: from = here: *" LEFT_ALONE } },
	},
	{
		.name = "mistake: a line for each",
		.policy = MEMBERS "from = here\nservice = login\n" OTHERS,
		.log = {
			{ LOG_ERR, "FILE:4: *'services'? " VARIABLE " is left alone" },
			{ LOG_ERR, "FILE:3: from = here: *" },
		},
	},
	{
		.name = "mistake: a header twice",
		.policy = MEMBERS "[group libvirt]\nuri = qemu:///session\n",
		.log = { { LOG_ERR, "FILE:1: *header*" LEFT_ALONE } },
	},
	{
		.name = "mistake in a rule for others: does not matter",
		.policy = MISTAKEN,
		.user = "bob",
		.uri = "qemu:///session",
	},
	{
		.name = "mistake in a rule that fails: does not matter",
		.policy = MEMBERS "from = remote\nservice = login\n" OTHERS,
		.uri = "qemu:///session",
	},
	{
		.name = "mistake in a rule that comes too late: does not matter",
		.policy = MEMBERS "[group kvm]\nuri = not a uri\n",
		.uri = "qemu:///system",
	},

	/* a look-up that fails */
	{
		.name = "look-up failed: EIO",
		.situation = "group look-up failed",
		.policy = "[group away]\nuri = qemu:///system\n" OTHERS,
		.log = { { LOG_WARNING, "FILE:1: *'alice'*" LEFT_ALONE } },
	},
	{
		.name = "look-up failed: EAGAIN",
		.policy = "[group hurried]\nuri = qemu:///system\n" OTHERS,
		.log = { { LOG_WARNING, "FILE:1: *'alice'*" LEFT_ALONE } },
	},
	{
		.name = "look-up failed: ECONNREFUSED",
		.policy = "[group refused]\nuri = qemu:///system\n" OTHERS,
		.log = { { LOG_WARNING, "FILE:1: *'alice'*" LEFT_ALONE } },
	},
	{
		.name = "look-up failed: ERANGE for ever",
		.policy = "[group endless]\nuri = qemu:///system\n" OTHERS,
		.log = { { LOG_WARNING, "FILE:1: *'alice'*" LEFT_ALONE } },
	},
	{
		.name = "look-up failed: what the user's gid is called",
		.policy = "[group karls]\nuri = qemu:///system\n" OTHERS,
		.user = "karl",
		.log = { { LOG_WARNING, "FILE:1: *'karl'*" LEFT_ALONE } },
	},
	{
		.name = "look-up failed: a group that is required",
		.policy = MEMBERS "require_groups = away\n" OTHERS,
		.log = { { LOG_WARNING, "FILE:1: *'alice'*" LEFT_ALONE } },
	},
	{
		.name = "look-up failed: a later rule is not believed",
		.policy = "[group away]\nuri = qemu:///system\n"
			  "[group empty0]\nuri = qemu:///embed\n" OTHERS,
		.log = { { LOG_WARNING, "FILE:1: *'alice'*" LEFT_ALONE } },
	},
	{
		.name = "look-up failed: after a proved match",
		.policy = MEMBERS "[group away]\nuri = qemu:///session\n",
		.uri = "qemu:///system",
	},
	{
		.name = "look-up failed: where it cannot matter",
		.policy = "[group away]\nuri = qemu:///embed\n"
			  "from = remote\n" MEMBERS OTHERS,
		.uri = "qemu:///system",
	},
	{
		.name = "no such group: ENOENT",
		.policy = "[group absent]\nuri = qemu:///system\n" OTHERS,
		.uri = "qemu:///session",
	},
	{
		.name = "a directory that stalls",
		.policy = "[group slow]\nuri = qemu:///session\n" MEMBERS,
		.uri = "qemu:///system",
	},

	/* the user */
	{
		.name = "unknown user",
		.situation = "unknown user",
		.policy = OTHERS,
		.user = "nobody-here",
		.log = { { LOG_WARNING, "no such user" LEFT_ALONE } },
	},
	{
		.name = "out of memory",
		.situation = "out of memory",
		.policy = OTHERS,
		.user = "exhausted",
		.log = { { LOG_CRIT, "out of memory" LEFT_ALONE } },
	},
	{
		.name = "pam_putenv fails",
		.situation = "pam_putenv(3) fails",
		.policy = MEMBERS,
		.putenv_fails = true,
		.log = { { LOG_ERR, "pam_putenv failed" LEFT_ALONE } },
	},
	{
		.name = "pam_get_item fails: PAM_USER",
		.situation = "pam_get_item(3) fails",
		.policy = OTHERS,
		.failing_item = PAM_USER,
		.log = { { LOG_ERR, "pam_get_item failed" LEFT_ALONE } },
	},
	{
		.name = "pam_get_item fails: PAM_SERVICE",
		.policy = MEMBERS "services = login\n" OTHERS,
		.failing_item = PAM_SERVICE,
		.log = { { LOG_ERR, "pam_get_item failed" LEFT_ALONE } },
	},
	{
		.name = "pam_get_item fails: PAM_RHOST",
		.policy = MEMBERS "from = local\n" OTHERS,
		.rhost = "192.0.2.1",
		.failing_item = PAM_RHOST,
		.log = { { LOG_ERR, "pam_get_item failed" LEFT_ALONE } },
	},
	{
		.name = "unknown user: ENOENT",
		.policy = OTHERS,
		.user = "absent",
		.log = { { LOG_WARNING, "no such user" LEFT_ALONE } },
	},
	{
		.name = "user not looked up: EIO",
		.situation = "user look-up failed",
		.policy = OTHERS,
		.user = "lost",
		.log = { { LOG_WARNING, "*looked up*" LEFT_ALONE } },
	},
	{
		.name = "user not looked up: EAGAIN",
		.policy = OTHERS,
		.user = "hurried",
		.log = { { LOG_WARNING, "*looked up*" LEFT_ALONE } },
	},
	{
		.name = "user not looked up: ERANGE for ever",
		.policy = OTHERS,
		.user = "endless",
		.log = { { LOG_WARNING, "*looked up*" LEFT_ALONE } },
	},
	{
		.name = "no PAM_USER",
		.situation = "no user",
		.policy = OTHERS,
		.user = "-",
		.log = { { LOG_ERR, "no user" LEFT_ALONE } },
	},
	{
		.name = "empty PAM_USER",
		.policy = OTHERS,
		.user = "",
		.log = { { LOG_ERR, "no user" LEFT_ALONE } },
	},
	{
		.name = "PAM_USER changed by an earlier module",
		.policy = "[user alice]\nuri = qemu:///system\n"
			  "[user bob]\nuri = qemu:///session\n",
		.before = "user=bob",
		.uri = "qemu:///session",
	},
	{
		.name = "uid 0: [group], [gid] and [others] do not count",
		.situation = "uid 0, no [user] rule applies",
		.policy = MEMBERS "[gid 0]\nuri = qemu:///embed\n" OTHERS,
		.user = "root",
	},
	{
		.name = "uid 0: a [user] rule does",
		.policy = "[user root]\nuri = qemu:///system\n" OTHERS,
		.user = "root",
		.uri = "qemu:///system",
	},

	/* trial */
	{
		.name = "trial: said, not done",
		.situation = "trial rule",
		.policy = MEMBERS "trial = yes\n",
		.log = { { LOG_NOTICE,
			"FILE:1: *for alice: would set qemu:///system" } },
	},
	{
		.name = "trial: the next rule decides",
		.policy = MEMBERS "trial = yes\n" OTHERS,
		.uri = "qemu:///session",
		.log = { { LOG_NOTICE,
			"FILE:1: *for alice: would set qemu:///system" } },
	},
	{
		.name = "trial of a mistaken rule",
		.policy = "[group libvirt]\nuri = not a uri\n"
			  "trial = yes\n" OTHERS,
		.uri = "qemu:///session",
		.log = { { LOG_NOTICE, "FILE:1: *would set nothing*" } },
	},
	{
		.name = "trial: not for others",
		.policy = MEMBERS "trial = yes\n" OTHERS,
		.user = "bob",
		.uri = "qemu:///session",
	},

	/* another spelling */
	{
		.name = "spelling: a group the directory spells otherwise",
		.situation = "other spelling of a group",
		.policy = "[group LIBVIRT]\nuri = qemu:///system\n" OTHERS,
		.uri = "qemu:///session",
		.log = { { LOG_WARNING, "FILE:1: *'LIBVIRT' 'libvirt'*" } },
	},
	{
		.name = "spelling: the second name of a gid",
		.policy = "[group second-name]\nuri = qemu:///system\n" OTHERS,
		.user = "frank",
		.uri = "qemu:///session",
		.log = { { LOG_WARNING, "FILE:1: *'second-name' 'twin'*" } },
	},
	{
		.name = "spelling: not of a group the user is not in",
		.policy = "[group LIBVIRT]\nuri = qemu:///system\n" OTHERS,
		.user = "bob",
		.uri = "qemu:///session",
	},

	/* arguments */
	{
		.name = "unknown argument",
		.situation = "unknown argument",
		.policy = MEMBERS,
		.arguments = "verbose",
		.uri = "qemu:///system",
		.log = { { LOG_ERR, "unknown argument 'verbose' ignored" } },
	},
	{
		.name = "unknown arguments: a line for each",
		.policy = MEMBERS,
		.arguments = "Override policy",
		.uri = "qemu:///system",
		.log = {
			{ LOG_ERR, "unknown argument 'Override' ignored" },
			{ LOG_ERR, "unknown argument 'policy' ignored" },
		},
	},
	{
		.name = "debug: a URI",
		.policy = "[user bob]\nuri = none\n" MEMBERS OTHERS,
		.arguments = "debug",
		.uri = "qemu:///system",
		.log = {
			{ LOG_DEBUG, "FILE:1: [user bob]: another user" },
			{ LOG_DEBUG, "FILE:3: [group libvirt]: decides: "
				     "qemu:///system" },
			{ LOG_DEBUG, VARIABLE "=qemu:///system" },
		},
	},
	{
		.name = "debug: none",
		.policy = NONE,
		.arguments = "debug",
		.log = {
			{ LOG_DEBUG, "FILE:1: [user alice]: decides: none*" },
			{ LOG_DEBUG, "sets nothing" },
		},
	},
	{
		.name = "debug: a failed look-up",
		.policy = "[group away]\nuri = qemu:///system\n",
		.arguments = "debug",
		.log = {
			{ LOG_DEBUG, "FILE:1: [group away]: not known: *" },
			{ LOG_WARNING, "FILE:1: *'alice'*" LEFT_ALONE },
			{ LOG_DEBUG, "sets nothing" },
		},
	},

	/* the session */
	{
		.name = "services: this one",
		.policy = MEMBERS "services = sshd, login\n",
		.uri = "qemu:///system",
	},
	{
		.name = "services: another one",
		.policy = MEMBERS "services = sshd, login\n",
		.service = "cron",
	},
	{
		.name = "from = remote: PAM_RHOST",
		.policy = MEMBERS "from = remote\n",
		.rhost = "192.0.2.1",
		.uri = "qemu:///system",
	},
	{
		.name = "from = remote: PAM_RHOST of an earlier module",
		.policy = MEMBERS "from = remote\n",
		.before = "rhost=host.example.org",
		.uri = "qemu:///system",
	},
	{
		.name = "from = remote: no PAM_RHOST",
		.policy = MEMBERS "from = remote\n",
	},
	{
		.name = "from = remote: loopback is local",
		.policy = MEMBERS "from = remote\n",
		.rhost = "::1",
	},
	{
		.name = "from = local: no PAM_RHOST",
		.policy = MEMBERS "from = local\n",
		.uri = "qemu:///system",
	},
	{
		.name = "from = local: PAM_RHOST",
		.policy = MEMBERS "from = local\n",
		.rhost = "192.0.2.1",
	},

	/* names as real directories have them */
	{
		.name = "names: LAB\\domain users",
		.policy = "[group LAB\\domain users]\n"
			  "uri = qemu+ssh://${user}@h/system?g=${group}\n",
		.user = "LAB\\anna",
		.uri = "qemu+ssh://LAB%5Canna@h/system?g=LAB%5Cdomain%20users",
	},
	{
		.name = "names: a user by another spelling",
		.policy = "[user anna@lab.example.org]\nuri = none\n"
			  "[user LAB\\anna]\nuri = qemu:///system\n",
		.user = "anna@lab.example.org",
		.uri = "qemu:///system",
	},
	{
		.name = "names: Domain Admins@corp.example",
		.policy = "[group Domain Admins@corp.example]\n"
			  "uri = qemu+ssh://${user}@h/system\n",
		.user = "otto@corp.example",
		.uri = "qemu+ssh://otto%40corp.example@h/system",
	},
	{
		.name = "names: gr\xc3\xbcppe",
		.policy = "[group gr\xc3\xbcppe]\nuri = test:///${user}\n",
		.user = "j\xc3\xbcrgen",
		.uri = "test:///j%C3%BCrgen",
	},
	{
		.name = "names: blanks and percent signs",
		.policy = "[user a b%2f]\nuri = test:///${user}${home}\n",
		.user = "a b%2f",
		.uri = "test:///a%20b%252f/home/a%20b",
	},
	{
		.name = "names: a group called 1001",
		.policy = "[gid 1001]\nuri = qemu:///session\n"
			  "[group 1001]\nuri = qemu:///system\n",
		.user = "dave",
		.uri = "qemu:///system",
	},
	{
		.name = "names: the group with gid 1001",
		.policy = "[group 1001]\nuri = qemu:///session\n"
			  "[gid 1001]\nuri = qemu:///system\n",
		.user = "erin",
		.uri = "qemu:///system",
	},
	{
		.name = "names: the first name of a gid",
		.policy = "[group twin]\nuri = qemu:///system\n",
		.user = "frank",
		.uri = "qemu:///system",
	},
	{
		.name = "names: one for two gids",
		.policy = "[group double]\nuri = qemu:///system\n",
		.user = "gina",
		.uri = "qemu:///system",
	},
	{
		.name = "groups: the primary one, which lists nobody",
		.policy = "[group staff]\nuri = qemu:///system\n",
		.user = "carol",
		.uri = "qemu:///system",
		.groups_max = 2,
	},
	{
		.name = "groups: with an empty member list",
		.policy = "[group hidden]\nuri = qemu:///system\n",
		.user = "heidi",
		.uri = "qemu:///system",
	},
	{
		.name = "groups: 2,000 of them",
		.policy = "[group bulk1999]\nuri = qemu:///system\n",
		.user = "ivan",
		.uri = "qemu:///system",
		.groups_max = 2,
	},
	{
		.name = "groups: 2,000 of them, and not this one",
		.policy = MEMBERS OTHERS,
		.user = "ivan",
		.uri = "qemu:///session",
		.groups_max = 2001 + 8,
	},
	{
		.name = "groups: 20,001 members",
		.policy = "[group crowd]\nuri = qemu:///system\n",
		.user = "judy",
		.uri = "qemu:///system",
	},
	{
		.name = "groups: a primary gid without a name",
		.policy = "[gid 79999]\nuri = qemu:///system\n",
		.user = "liam",
		.uri = "qemu:///system",
	},
};

/* Only root can give a file away. */
static const struct row root_rows[] = {
	{
		.name = "policy=: somebody else's",
		.kind = POLICY_OF_OTHERS,
		.policy = MEMBERS,
		.log = { { LOG_ERR, "FILE: *: chown root FILE" UNUSABLE } },
	},
};

/* --- Policies ------------------------------------------------------------- */

static struct stack stack;

/* What policy= says, and what must be closed later. */
struct prepared {
	struct policy_text text; /* fd is -1 if there is none */
	char *path;
};

static char *
make_in_open_directory(const char *text)
{
	char *directory = format_text("%s/open", stack.directory);
	char *path = format_text("%s/open/policy", stack.directory);

	if ((mkdir(directory, 0777) < 0 && access(directory, F_OK) < 0) ||
		chmod(directory, 0777) < 0)
		fail_msg("cannot make %s", directory);
	stack_write(&stack, "open/policy", text);
	free(directory);
	return path;
}

/* Only its descriptor is left of the FIFO. */
static int
make_fifo(void)
{
	char *path = format_text("%s/fifo", stack.directory);
	int fd;

	if (mkfifo(path, 0600) < 0)
		fail_msg("cannot make %s", path);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(fchmod(fd, 0644), 0);
	unlink(path);
	free(path);
	return fd;
}

static struct prepared
prepare(const struct row *row)
{
	struct prepared prepared = { .text = { .fd = -1 } };

	switch (row->kind) {
	case POLICY_TEXT:
	case POLICY_OF_OTHERS:
		prepared.text = policy_text_new(row->policy, 0644);
		break;
	case POLICY_FOR_EVERYBODY:
		prepared.text = policy_text_new(row->policy, 0666);
		break;
	case POLICY_FOR_ITS_GROUP:
		prepared.text = policy_text_new(row->policy, 0664);
		break;
	case POLICY_FIFO:
		prepared.text.fd = make_fifo();
		break;
	case POLICY_IN_OPEN_DIRECTORY:
		prepared.path = make_in_open_directory(row->policy);
		break;
	case POLICY_NO_FILE:
		prepared.path = format_text("/virturi-missing.conf");
		break;
	case POLICY_NO_DIRECTORY:
		prepared.path = format_text("/virturi-missing/virturi.conf");
		break;
	case POLICY_DIRECTORY:
		prepared.path = format_text("/proc/self/fd");
		break;
	case POLICY_RELATIVE:
		prepared.path = format_text("virturi.conf");
		break;
	case POLICY_EMPTY_NAME:
		prepared.path = format_text("%s", "");
		break;
	}
	if (row->kind == POLICY_OF_OTHERS)
		assert_int_equal(fchown(prepared.text.fd, 71001, 0), 0);
	if (prepared.path == NULL)
		prepared.path =
			format_text("/proc/self/fd/%d", prepared.text.fd);
	return prepared;
}

static void
clean(struct prepared *prepared)
{
	if (prepared->text.fd >= 0)
		close(prepared->text.fd);
	free(prepared->path);
}

/* --- Looking at the outcome ----------------------------------------------- */

/* '*' is anything, FILE the policy's path. */
static bool
matches(const char *pattern, const char *text, const char *file)
{
	for (;;) {
		if (strncmp(pattern, "FILE", 4) == 0) {
			if (strncmp(text, file, strlen(file)) != 0)
				return false;
			pattern += 4;
			text += strlen(file);
		} else if (*pattern == '*') {
			while (!matches(pattern + 1, text, file)) {
				if (*text++ == '\0')
					return false;
			}
			return true;
		} else if (*pattern != *text) {
			return false;
		} else if (*pattern == '\0') {
			return true;
		} else {
			pattern++;
			text++;
		}
	}
}

static void
check_log(const struct row *row, const struct log *log, const char *service,
	const char *file)
{
	char *prefix = format_text("pam_virturi(%s:session): ", service);
	size_t count = 0;

	while (count < LINES_MAX && row->log[count].pattern != NULL)
		count++;
	for (size_t i = 0; i < log->count; i++) {
		const struct log_line *line = &log->lines[i];
		const struct line *expected = &row->log[i];

		if (strncmp(line->text, prefix, strlen(prefix)) != 0)
			fail_msg("logged by somebody else: %s", line->text);
		else if (i >= count)
			fail_msg("logged too: <%d>%s", line->priority,
				line->text);
		else if (line->priority != expected->priority ||
			!matches(expected->pattern, line->text + strlen(prefix),
				file))
			fail_msg("logged: <%d>%s, not <%d>%s", line->priority,
				line->text, expected->priority,
				expected->pattern);
	}
	if (log->count < count)
		fail_msg("not logged: %s", row->log[log->count].pattern);
	free(prefix);
}

/* The variable is as it should be, and nothing else is in the environment. */
static void
check_environment(const struct row *row, const struct outcome *outcome)
{
	const char *value = outcome_getenv(outcome, VARIABLE);
	size_t count = 0;

	while (outcome->environment[count] != NULL)
		count++;
	if (row->uri == NULL && value != NULL)
		fail_msg("%s is set: %s", VARIABLE, value);
	if (row->uri != NULL && value == NULL)
		fail_msg("%s is not set", VARIABLE);
	if (row->uri != NULL && value != NULL)
		assert_string_equal(value, row->uri);
	assert_int_equal(count, row->uri != NULL ? 1 : 0);
}

/* Largest buffer that may be offered for a record. */
#define BUFFER_MAX (64UL * 1024 * 1024)

static void
check_calls(const struct row *row, const struct nss_virturi_calls *calls)
{
	assert_in_range(calls->users, 0, 1);
	assert_in_range(calls->lists, 0, 1);
	assert_in_range(calls->largest, 0, BUFFER_MAX);
	if (row->groups_max > 0)
		assert_in_range(calls->groups, 0, row->groups_max);
}

/* libpam's, unless a row wants it to fail; the module is bound to this one. */
static bool putenv_fails;

__attribute__((visibility("default"))) int
pam_putenv(pam_handle_t *pamh, const char *name_value)
{
	int (*real)(pam_handle_t *, const char *);

	if (putenv_fails)
		return PAM_BUF_ERR;
	real = (int (*)(pam_handle_t *, const char *))dlsym(
		RTLD_NEXT, "pam_putenv");
	return real(pamh, name_value);
}

/* The same. */
static int failing_item;

__attribute__((visibility("default"))) int
pam_get_item(const pam_handle_t *pamh, int type, const void **item)
{
	int (*real)(const pam_handle_t *, int, const void **);

	if (type == failing_item)
		return PAM_SYSTEM_ERR;
	real = (int (*)(const pam_handle_t *, int, const void **))dlsym(
		RTLD_NEXT, "pam_get_item");
	return real(pamh, type, item);
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct prepared prepared = prepare(row);
	char *arguments = format_text("policy=%s %s", prepared.path,
		row->arguments != NULL ? row->arguments : "");
	char *present = row->present == NULL
		? NULL
		: format_text("%s=%s", VARIABLE, row->present);
	struct session session = {
		.service = row->service != NULL ? row->service : "login",
		.user = row->user != NULL ? row->user : "alice",
		.rhost = row->rhost,
		.environment = present,
		.flags = row->flags,
	};
	struct nss_virturi_calls *calls = names_calls();
	unsigned int descriptors;
	struct outcome outcome;

	if (strcmp(session.user, "-") == 0)
		session.user = NULL;
	stack_write_session(&stack, session.service, row->before, arguments);
	memset(calls, 0, sizeof(*calls));
	descriptors = count_descriptors();
	putenv_fails = row->putenv_fails;
	failing_item = row->failing_item;
	session_run(&stack, &session, &outcome);
	putenv_fails = false;
	failing_item = 0;
	assert_int_equal(count_descriptors(), descriptors);
	assert_int_equal(outcome.opened, PAM_SUCCESS);
	assert_int_equal(outcome.closed, PAM_SUCCESS);
	assert_int_equal(outcome.conversations, 0);
	check_environment(row, &outcome);
	check_log(row, &outcome.log, session.service, prepared.path);
	check_calls(row, calls);
	outcome_clear(&outcome);
	free(present);
	free(arguments);
	clean(&prepared);
}

/* --- The functions that are not a session's ------------------------------- */

typedef int module_function(pam_handle_t *, int, int, const char **);

struct function_row {
	const char *name;
	const char *function;
	const char *type; /* in a service file */
	int (*call)(pam_handle_t *pamh, int flags);
};

static const struct function_row function_rows[] = {
	{ "authenticate is ignored", "pam_sm_authenticate", "auth",
		pam_authenticate },
	{ "setcred is ignored", "pam_sm_setcred", "auth", pam_setcred },
	{ "acct_mgmt is ignored", "pam_sm_acct_mgmt", "account",
		pam_acct_mgmt },
	{ "chauthtok is ignored", "pam_sm_chauthtok", "password",
		pam_chauthtok },
};

/* Calls one function of a stack of up to two modules. */
static int
call_stack(const struct function_row *row, const char *other)
{
	int conversations = 0;
	const struct pam_conv conversation = { refuse_to_converse,
		&conversations };
	char *module = build_path("pam_virturi.so");
	char *text = format_text("%s required %s\n%s%s%s\n", row->type, module,
		other != NULL ? row->type : "",
		other != NULL ? " required " : "", other != NULL ? other : "");
	pam_handle_t *pamh = NULL;
	struct log log;
	int r;

	stack_write(&stack, "functions", text);
	log_begin(&log);
	assert_int_equal(pam_start_confdir("functions", "alice", &conversation,
				 stack.directory, &pamh),
		PAM_SUCCESS);
	r = row->call(pamh, 0);
	pam_end(pamh, r);
	log_end();
	assert_int_equal(log.count, 0);
	assert_int_equal(conversations, 0);
	log_clear(&log);
	free(text);
	free(module);
	return r;
}

static void
test_function(void **state)
{
	const struct function_row *row = *state;
	char *path = build_path("pam_virturi.so");
	char *other = build_path("tests/pam/pam_before.so");
	void *module = dlopen(path, RTLD_NOW);
	module_function *function;

	assert_non_null(module);
	function = (module_function *)dlsym(module, row->function);
	assert_non_null(function);
	assert_int_equal(function(NULL, 0, 0, NULL), PAM_IGNORE);
	dlclose(module);
	/* alone it lets nobody in; beside another it does not matter */
	assert_int_not_equal(call_stack(row, NULL), PAM_SUCCESS);
	assert_int_equal(call_stack(row, other), PAM_SUCCESS);
	free(other);
	free(path);
}

/* --- The manual page ------------------------------------------------------ */

static bool
has_example(const char *situation, size_t size)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *own = rows[i].situation;

		if (own != NULL && strlen(own) == size &&
			memcmp(own, situation, size) == 0)
			return true;
	}
	return false;
}

/* Every row of pam_virturi(8)'s table is tried by a row here. */
static void
test_manual(void **state)
{
	char *path = source_path("man/pam_virturi.8.in");
	FILE *page = fopen(path, "r");
	size_t count = 0, room = 0;
	char *line = NULL;

	(void)state;
	assert_non_null(page);
	while (getline(&line, &room, page) >= 0) {
		const char *end = strstr(line, " Ta ");

		if (strncmp(line, ".It ", 4) != 0 || end == NULL ||
			strncmp(line, ".It Em", 6) == 0)
			continue;
		count++;
		if (!has_example(line + 4, (size_t)(end - line) - 4))
			fail_msg("no row for: %s", line);
	}
	assert_int_equal(count, 22);
	free(line);
	fclose(page);
	free(path);
}

/* --- Running -------------------------------------------------------------- */

static int
begin(void **state)
{
	(void)state;
	names_use("names");
	stack = stack_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	stack_end(&stack);
	return 0;
}

static int
run_table(const char *name, const void *table_rows, size_t size, size_t count,
	void (*test)(void **state))
{
	const struct row_table table = {
		.name = name,
		.rows = table_rows,
		.size = size,
		.count = count,
		.test = test,
		.begin = begin,
		.end = end,
	};

	return row_table_run(&table);
}

#define RUN(table, test)                                                       \
	run_table(#table, table, sizeof((table)[0]),                           \
		sizeof(table) / sizeof((table)[0]), test)

int
main(void)
{
	const struct CMUnitTest manual[] = {
		cmocka_unit_test(test_manual),
	};
	int failed = RUN(rows, test_row);

	failed += cmocka_run_group_tests(manual, NULL, NULL);
	if (geteuid() == 0)
		failed += RUN(root_rows, test_row);
	return failed + RUN(function_rows, test_function);
}
