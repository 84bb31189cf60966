/* SPDX-License-Identifier: MIT */
/*
 * Service files in trees, and what `virturi check` makes of them. That libpam
 * makes the same of controls, jumps and substacks is shown by
 * ../pam/test_wiring_agrees.c.
 */
#include "fake.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../helper/doctor.h"
#include "../../helper/pamd.h"
#include "../../helper/wiring.h"

#define NODES_MAX 12

#define PAMD "etc/pam.d/"
#define LINE "-session optional pam_virturi.so\n"

/* --- Services ------------------------------------------------------------ */

/* In what is expected, paths begin below the root. */
struct row {
	const char *name;
	struct fake_node nodes[NODES_MAX];
	const char *service; /* NULL: "login" */
	const char *expected; /* see describe() */
	bool needs_openat2; /* without it links lead out of the root */
};

static const char *const state_names[] = {
	[WIRING_REACHED] = "reached",
	[WIRING_CONDITIONAL] = "conditional",
	[WIRING_SKIPPED] = "skipped",
	[WIRING_ABSENT] = "absent",
	[WIRING_NO_SERVICE] = "no service",
	[WIRING_UNREADABLE] = "unreadable",
};

/* Takes the root's path out of a text wherever it is. */
static void
strip_root(char *text, const char *root)
{
	size_t size = strlen(root);
	char *found = text;

	while ((found = strstr(found, root)) != NULL)
		memmove(found, found + size, strlen(found + size) + 1);
}

static void
add_flag(FILE *out, bool is_set, const char *name, const char *value)
{
	if (is_set)
		fprintf(out, " %s%s", name, value != NULL ? value : "");
}

/*
 * "reached /etc/pam.d/login:1 silent": the state, the line, and whatever else
 * there is to say of it. Owned.
 */
static char *
describe(const struct wiring *wiring, const char *root)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fputs(state_names[wiring->state], out);
	if (wiring->times > 0)
		fprintf(out, " %s:%u", wiring->line_file, wiring->line);
	add_flag(out, wiring->is_other, "other", NULL);
	add_flag(out, wiring->is_silent, "silent", NULL);
	add_flag(out, wiring->is_required, "required", NULL);
	add_flag(out, wiring->is_diverting, "diverting", NULL);
	add_flag(out, wiring->is_override, "override", NULL);
	add_flag(out, wiring->times > 1, "repeated", NULL);
	add_flag(out, wiring->policy != NULL, "policy=", wiring->policy);
	add_flag(out, wiring->presence == MODULE_MISSING,
		"missing=", wiring->module_file);
	add_flag(out, wiring->presence == MODULE_THERE,
		"there=", wiring->module_file);
	add_flag(out, wiring->shifted_by != NULL,
		"shifted=", wiring->shifted_by);
	add_flag(out, wiring->reason != NULL, "because ", wiring->reason);
	assert_int_equal(fclose(out), 0);
	strip_root(text, root);
	return text;
}

static const struct row rows[] = {
	/* where files are */
	{ "in /etc/pam.d", { { PAMD "login", LINE } }, NULL,
		"reached /etc/pam.d/login:1 silent" },
	{ "in /usr/lib/pam.d", { { "usr/lib/pam.d/login", LINE } }, NULL,
		"reached /usr/lib/pam.d/login:1 silent" },
	{ "in /usr/share/pam.d", { { "usr/share/pam.d/login", LINE } }, NULL,
		"reached /usr/share/pam.d/login:1 silent" },
	{ "in /usr/etc/pam.d", { { "usr/etc/pam.d/login", LINE } }, NULL,
		"reached /usr/etc/pam.d/login:1 silent" },
	{ "the first one counts",
		{ { PAMD "login", "session required a.so\n" },
			{ "usr/lib/pam.d/login", LINE } },
		NULL, "absent" },
	{ "vendors' in their order",
		{ { "usr/lib/pam.d/login", "session required a.so\n" },
			{ "usr/share/pam.d/login", LINE } },
		NULL, "absent" },
	{ "capitals in the name", { { PAMD "login", LINE } }, "LogIn",
		"reached /etc/pam.d/login:1 silent" },
	{ "a file with capitals is never found", { { PAMD "Login", LINE } },
		"Login", "no service other" },
	{ "a path in the name", { { PAMD "login", LINE } }, "../x/login",
		"reached /etc/pam.d/login:1 silent" },
	{ "no such service", { { PAMD "sshd", LINE } }, NULL,
		"no service other" },
	{ "no pam.d at all", { { "etc/passwd", "" } }, NULL,
		"no service other" },
	{ "a link within the root",
		{ { PAMD "login", "/etc/pam.d/common", FAKE_LINK },
			{ PAMD "common", LINE } },
		NULL, "reached /etc/pam.d/login:1 silent", true },
	{ "a link that leads nowhere",
		{ { PAMD "login", "absent", FAKE_LINK },
			{ "usr/lib/pam.d/login", LINE } },
		NULL, "reached /usr/lib/pam.d/login:1 silent" },
	{ "a link to itself",
		{ { PAMD "login", "login", FAKE_LINK },
			{ "usr/lib/pam.d/login", LINE } },
		NULL, "reached /usr/lib/pam.d/login:1 silent" },
	{ "a FIFO does not block",
		{ { PAMD "login", NULL, FAKE_FIFO }, { PAMD "other", LINE } },
		NULL, "reached /etc/pam.d/other:1 other silent" },
	{ "a directory", { { PAMD "login", NULL, FAKE_DIRECTORY } }, NULL,
		"no service other" },
	{ "an empty file", { { PAMD "login", "" } }, NULL, "absent other" },
	{ "an empty file, and other",
		{ { PAMD "login", "" }, { PAMD "other", LINE } }, NULL,
		"reached /etc/pam.d/other:1 other silent" },
	{ "no session lines",
		{ { PAMD "login", "auth required a.so\n" },
			{ PAMD "other", "session required a.so\n" LINE } },
		NULL, "reached /etc/pam.d/other:2 other silent" },

	/* pam.conf */
	{ "pam.conf",
		{ { "etc/pam.conf",
			"# services\nsshd session required a.so\n"
			"LOGIN -session optional pam_virturi.so\n" } },
		NULL, "reached /etc/pam.conf:3 silent" },
	{ "pam.conf, other",
		{ { "etc/pam.conf",
			"sshd session required a.so\n"
			"other session optional pam_virturi.so\n" } },
		NULL, "reached /etc/pam.conf:2 other" },
	{ "pam.conf, not for this one",
		{ { "etc/pam.conf",
			"sshd session optional pam_virturi.so\n" } },
		NULL, "no service other" },
	{ "pam.conf, includes",
		{ { "etc/pam.conf",
			  "login session include /etc/pam.sessions\n" },
			{ "etc/pam.sessions", LINE } },
		NULL, "reached /etc/pam.sessions:1 silent" },
	{ "pam.conf, @includes",
		{ { "etc/pam.conf", "login @include /etc/pam.sessions\n" },
			{ "etc/pam.sessions", LINE } },
		NULL, "reached /etc/pam.sessions:1 silent" },
	{ "pam.conf beside pam.d",
		{ { "etc/pam.conf", "login session optional pam_virturi.so\n" },
			{ PAMD "sshd", LINE } },
		NULL, "no service other" },

	/* includes */
	{ "include",
		{ { PAMD "login", "session include common\n" },
			{ PAMD "common", "auth required a.so\n" LINE } },
		NULL, "reached /etc/pam.d/common:2 silent" },
	{ "include by path",
		{ { PAMD "login", "session include /srv/common\n" },
			{ "srv/common", LINE } },
		NULL, "reached /srv/common:1 silent" },
	{ "include from a vendor's directory",
		{ { PAMD "login", "session include common\n" },
			{ "usr/lib/pam.d/common", LINE } },
		NULL, "reached /usr/lib/pam.d/common:1 silent" },
	{ "include is for its type",
		{ { PAMD "login",
			  "auth include common\n"
			  "session required a.so\n" },
			{ PAMD "common", LINE } },
		NULL, "absent" },
	{ "substack",
		{ { PAMD "login", "session substack common\n" },
			{ PAMD "common", LINE } },
		NULL, "reached /etc/pam.d/common:1 silent" },
	{ "@include",
		{ { PAMD "login", "@include common\n" },
			{ PAMD "common", "auth required a.so\n" LINE } },
		NULL, "reached /etc/pam.d/common:2 silent" },
	{ "@include in what is included for one type",
		{ { PAMD "login", "session include common\n" },
			{ PAMD "common", "@include more\n" },
			{ PAMD "more", "auth sufficient a.so\n" LINE } },
		NULL, "reached /etc/pam.d/more:2 silent" },
	{ "@include in what is included for another type",
		{ { PAMD "login",
			  "auth include common\n"
			  "session required a.so\n" },
			{ PAMD "common", "@include more\n" },
			{ PAMD "more", LINE } },
		NULL, "absent" },
	{ "@include of nothing", { { PAMD "login", LINE "@include absent\n" } },
		NULL,
		"unreadable because /etc/pam.d/login:2: 'absent' cannot be "
		"included, so libpam refuses the service" },
	{ "@include without a name", { { PAMD "login", "@include\n" LINE } },
		NULL,
		"unreadable because /etc/pam.d/login:1: '' cannot be "
		"included, so libpam refuses the service" },
	{ "include without a name",
		{ { PAMD "login", "session include\n" LINE } }, NULL,
		"reached /etc/pam.d/login:2 silent" },
	{ "a file that includes itself",
		{ { PAMD "login", "session include login\n" LINE } }, NULL,
		"reached /etc/pam.d/login:2 silent repeated" },
	{ "a file that includes itself twice",
		{ { PAMD "login",
			"session include login\n"
			"session include login\n" LINE } },
		NULL,
		"unreadable because /etc/pam.d/login: more than 1000 lines, "
		"with the included" },
	{ "files that include each other, and are empty else",
		{ { PAMD "login", "auth include a\nsession include a\n" LINE },
			{ PAMD "a",
				"session include b\nsession include b\n"
				"session include b\nsession include b\n" },
			{ PAMD "b",
				"session include c\nsession include c\n"
				"session include c\nsession include c\n" },
			{ PAMD "c",
				"session include d\nsession include d\n"
				"session include d\nsession include d\n" },
			{ PAMD "d",
				"session include e\nsession include e\n"
				"session include e\nsession include e\n" },
			{ PAMD "e", "# nothing\n" } },
		NULL, "reached /etc/pam.d/login:3 silent" },
	{ "a file that substacks itself",
		{ { PAMD "login", "session substack login\n" LINE } }, NULL,
		"reached /etc/pam.d/login:2 silent repeated" },
	{ "a file that @includes itself",
		{ { PAMD "login", LINE "@include login\n" } }, NULL,
		"unreadable because /etc/pam.d/login:2: 'login' cannot be "
		"included, so libpam refuses the service" },

	/* lines */
	{ "continued: the first line counts",
		{ { PAMD "login",
			"auth required a.so\n-session \\\noptional "
			"\\\n pam_virturi.so override\n" } },
		NULL, "reached /etc/pam.d/login:2 silent override" },
	{ "continued by an empty line",
		{ { PAMD "login", "session optional a.so \\\n\n" LINE } }, NULL,
		"reached /etc/pam.d/login:3 silent" },
	{ "a backslash at the end", { { PAMD "login", LINE "session a \\" } },
		NULL,
		"unreadable because /etc/pam.d/login ends in a backslash, so "
		"libpam refuses the service" },
	{ "CRLF line ends name what is not there",
		{ { PAMD "login", "session optional pam_virturi.so\r\n" },
			{ "usr/lib/security/pam_permit.so", "" },
			{ "usr/lib/security/pam_virturi.so", "" } },
		NULL,
		"reached /etc/pam.d/login:1 "
		"missing=/usr/lib/security/pam_virturi.so\r" },
	{ "no newline at the end",
		{ { PAMD "login", "session optional pam_virturi.so" } }, NULL,
		"reached /etc/pam.d/login:1" },
	{ "a comment", { { PAMD "login", "session required a.so # " LINE } },
		NULL, "absent" },
	{ "blanks before, tabs between",
		{ { PAMD "login",
			" \t-session\toptional\tpam_virturi.so\t\n" } },
		NULL, "reached /etc/pam.d/login:1 silent" },
	{ "another type",
		{ { PAMD "login",
			"session required a.so\n"
			"auth optional pam_virturi.so\n" } },
		NULL, "absent" },
	{ "a name that begins with ours",
		{ { PAMD "login", "session optional pam_virturi.so.bak\n" } },
		NULL, "absent" },
	{ "a name that ends in ours",
		{ { PAMD "login", "session optional my_pam_virturi.so\n" } },
		NULL, "absent" },

	/* the line itself */
	{ "required", { { PAMD "login", "session required pam_virturi.so\n" } },
		NULL, "reached /etc/pam.d/login:1 required" },
	{ "requisite",
		{ { PAMD "login", "session requisite pam_virturi.so\n" } },
		NULL, "reached /etc/pam.d/login:1 required" },
	{ "a list without a default",
		{ { PAMD "login", "session [success=ok] pam_virturi.so\n" } },
		NULL, "reached /etc/pam.d/login:1 required" },
	{ "a list that lets it be missing",
		{ { PAMD "login",
			"session [success=ok module_unknown=ignore "
			"default=bad] pam_virturi.so\n" } },
		NULL, "reached /etc/pam.d/login:1" },
	{ "sufficient",
		{ { PAMD "login",
			"session sufficient pam_virturi.so\n"
			"session required a.so\n" } },
		NULL, "reached /etc/pam.d/login:1 diverting" },
	{ "sufficient and last",
		{ { PAMD "login",
			"session required a.so\n"
			"session sufficient pam_virturi.so\n" } },
		NULL, "reached /etc/pam.d/login:2" },
	{ "a jump of ours",
		{ { PAMD "login",
			"session [default=1] pam_virturi.so\n"
			"session required a.so\n" } },
		NULL, "reached /etc/pam.d/login:1 diverting" },
	{ "arguments",
		{ { PAMD "login",
			"session optional pam_virturi.so debug "
			"override policy=/a policy=/b\n" } },
		NULL, "reached /etc/pam.d/login:1 override policy=/b" },
	{ "an argument in brackets",
		{ { PAMD "login",
			"session optional pam_virturi.so [policy=/a b\\]c]x "
			"override=no\n" } },
		NULL, "reached /etc/pam.d/login:1 policy=/a b]c" },
	{ "twice", { { PAMD "login", LINE "session required a.so\n" LINE } },
		NULL, "reached /etc/pam.d/login:1 silent repeated" },

	/* the module's file */
	{ "a bare name, there",
		{ { PAMD "login", LINE }, { "usr/lib/security/pam_permit.so" },
			{ "usr/lib/security/pam_virturi.so" } },
		NULL,
		"reached /etc/pam.d/login:1 silent "
		"there=/usr/lib/security/pam_virturi.so" },
	{ "a bare name, multiarch",
		{ { PAMD "login", LINE },
			{ "usr/lib/x86_64-linux-gnu/security/pam_permit.so" },
			{ "usr/lib/x86_64-linux-gnu/security/"
			  "pam_virturi.so" } },
		NULL,
		"reached /etc/pam.d/login:1 silent "
		"there=/usr/lib/x86_64-linux-gnu/security/pam_virturi.so" },
	{ "a bare name, not where libpam looks",
		{ { PAMD "login", LINE },
			{ "usr/lib64/security/pam_permit.so" },
			{ "usr/local/lib/security/pam_virturi.so" } },
		NULL,
		"reached /etc/pam.d/login:1 silent "
		"missing=/usr/lib64/security/pam_virturi.so" },
	{ "a bare name below a directory",
		{ { PAMD "login", "session optional x/pam_virturi.so\n" },
			{ "lib/security/pam_permit.so" },
			{ "lib/security/x/pam_virturi.so" } },
		NULL,
		"reached /etc/pam.d/login:1 "
		"there=/lib/security/x/pam_virturi.so" },
	{ "a path",
		{ { PAMD "login", "session optional /opt/pam_virturi.so\n" },
			{ "opt/pam_virturi.so" } },
		NULL, "reached /etc/pam.d/login:1 there=/opt/pam_virturi.so" },
	{ "a path that is not there",
		{ { PAMD "login", "session optional /opt/pam_virturi.so\n" },
			{ "lib64/security/pam_permit.so" } },
		NULL,
		"reached /etc/pam.d/login:1 missing=/opt/pam_virturi.so" },
	{ "a path in a root without modules",
		{ { PAMD "login", "session optional /opt/pam_virturi.so\n" } },
		NULL, "reached /etc/pam.d/login:1" },
	{ "a path with $ISA",
		{ { PAMD "login",
			  "session optional "
			  "/lib/security/$ISA/pam_virturi.so\n" },
			{ "lib/security/pam_permit.so" },
			{ "lib64/security/pam_virturi.so" } },
		NULL,
		"reached /etc/pam.d/login:1 "
		"there=/lib/security/$ISA/pam_virturi.so" },
	{ "a path with $ISA that is not there",
		{ { PAMD "login",
			  "session optional "
			  "/lib/security/$ISA/pam_virturi.so\n" },
			{ "lib/security/pam_permit.so" } },
		NULL,
		"reached /etc/pam.d/login:1 "
		"missing=/lib/security/$ISA/pam_virturi.so" },

	/* what hinders, and how it is told */
	{ "a jump over it",
		{ { PAMD "login",
			"session [success=1 default=ignore] a.so\n" LINE
			"session required b.so\n" } },
		NULL,
		"conditional /etc/pam.d/login:2 silent "
		"shifted=/etc/pam.d/login:1 because /etc/pam.d/login:1: "
		"[success=1 default=ignore] a.so may jump over it" },
	{ "a jump over it, always",
		{ { PAMD "login",
			"session [default=1] pam_permit.so\n" LINE
			"session required b.so\n" } },
		NULL,
		"skipped /etc/pam.d/login:2 silent "
		"shifted=/etc/pam.d/login:1 because /etc/pam.d/login:1: "
		"[default=1] pam_permit.so jumps over it" },
	{ "a jump that hinders nobody counts it in",
		{ { PAMD "login",
			"session required pam_deny.so\n"
			"session [success=1 default=ignore] a.so\n" LINE
			"session required b.so\n" } },
		NULL,
		"reached /etc/pam.d/login:3 silent "
		"shifted=/etc/pam.d/login:2" },
	{ "a jump over the substack does not count it in",
		{ { PAMD "login",
			  "session [success=1 default=ignore] a.so\n"
			  "session substack common\n"
			  "session required b.so\n" },
			{ PAMD "common", LINE } },
		NULL,
		"conditional /etc/pam.d/common:1 silent because "
		"/etc/pam.d/login:1: [success=1 default=ignore] a.so may jump "
		"over it" },
	{ "sufficient", { { PAMD "login", "session sufficient a.so\n" LINE } },
		NULL,
		"conditional /etc/pam.d/login:2 silent because "
		"/etc/pam.d/login:1: sufficient a.so may end the stack before "
		"it" },
	{ "sufficient, always",
		{ { PAMD "login", "session sufficient pam_permit.so\n" LINE } },
		NULL,
		"skipped /etc/pam.d/login:2 silent because "
		"/etc/pam.d/login:1: sufficient pam_permit.so ends the stack "
		"before it" },
	{ "a refusal, always",
		{ { PAMD "login", "session requisite pam_deny.so\n" LINE } },
		NULL,
		"skipped /etc/pam.d/login:2 silent because "
		"/etc/pam.d/login:1: requisite pam_deny.so ends the stack "
		"before it" },
	{ "a way to a session is told of before a refusal",
		{ { PAMD "login",
			"session requisite a.so\n"
			"session sufficient b.so\n" LINE } },
		NULL,
		"conditional /etc/pam.d/login:3 silent because "
		"/etc/pam.d/login:2: sufficient b.so may end the stack before "
		"it" },
	{ "a line with a mistake",
		{ { PAMD "login", "session [default=die]\n" LINE } }, NULL,
		"skipped /etc/pam.d/login:2 silent because "
		"/etc/pam.d/login:1: the line has a mistake and ends the stack "
		"before it" },
	{ "a jump of many digits",
		{ { PAMD "login",
			"session [success=99999999999999999999 default=ignore] "
			"a.so\n" LINE } },
		NULL,
		"conditional /etc/pam.d/login:2 silent "
		"shifted=/etc/pam.d/login:1 because /etc/pam.d/login:1: "
		"[success=99999999999999999999 default=ignore] a.so may jump "
		"over "
		"it" },
};

static const char *
make_tree(const struct fake_node *nodes)
{
	const char *root = fake_root(NULL);

	for (size_t i = 0; i < NODES_MAX && nodes[i].path != NULL; i++)
		fake_make(root, &nodes[i]);
	return root;
}

static void
assert_wiring(const char *root, const char *service, const char *expected)
{
	struct wiring wiring = wiring_follow(root, service);
	char *said = describe(&wiring, root);

	if (strcmp(said, expected) != 0)
		fail_msg("%s:\n%s\ninstead of\n%s", service, said, expected);
	free(said);
	wiring_clear(&wiring);
}

static void
test_service(void **state)
{
	const struct row *row = *state;
	const char *root = make_tree(row->nodes);

	if (row->needs_openat2 && !fake_has_openat2())
		return;
	assert_wiring(root, row->service != NULL ? row->service : "login",
		row->expected);
}

/* --- Distributions ------------------------------------------------------- */

/* The session lines of what Debian 12 and 13 ship, wired as it should be. */
#define DEBIAN_COMMON                                                          \
	"session\t[default=1]\t\t\tpam_permit.so\n"                            \
	"session\trequisite\t\t\tpam_deny.so\n"                                \
	"session\trequired\t\t\tpam_permit.so\n"                               \
	"session\trequired\tpam_unix.so \n"

#define DEBIAN_SELINUX(verb)                                                   \
	"session [success=ok ignore=ignore module_unknown=ignore "             \
	"default=bad]        pam_selinux.so " verb "\n"

static const struct fake_node debian[] = {
	{ PAMD "common-session",
		DEBIAN_COMMON "session\toptional\tpam_systemd.so \n"
			      "# end of pam-auth-update config\n" LINE },
	{ PAMD "common-session-noninteractive",
		DEBIAN_COMMON "# end of pam-auth-update config\n" LINE },
	{ PAMD "common-auth",
		"auth\t[success=1 default=ignore]\tpam_unix.so\n"
		"auth\trequisite\tpam_deny.so\n" },
	{ PAMD "common-account", "account\trequired\tpam_permit.so\n" },
	{ PAMD "common-password", "password\trequired\tpam_permit.so\n" },
	{ PAMD "login",
		"auth       requisite  pam_nologin.so\n" DEBIAN_SELINUX(
			"close") "session    required     pam_loginuid.so\n"
				 "session    optional   pam_motd.so "
				 "motd=/run/motd.dynamic\n" DEBIAN_SELINUX(
					 "open") "session       required   "
						 "pam_env.so readenv=1\n"
						 "@include common-auth\n"
						 "session    required   "
						 "pam_limits.so\n"
						 "session    optional   "
						 "pam_keyinit.so force revoke\n"
						 "@include common-account\n"
						 "@include common-session\n"
						 "@include common-password\n" },
	{ PAMD "sshd",
		"@include common-auth\n"
		"account    required     pam_nologin.so\n"
		"@include common-account\n" DEBIAN_SELINUX(
			"close") "session    required     pam_loginuid.so\n"
				 "@include common-session\n"
				 "session    optional     pam_mail.so standard "
				 "noenv # [1]\n"
				 "session    required     pam_env.so # "
				 "[1]\n" DEBIAN_SELINUX(
					 "open") "@include common-password\n" },
	{ PAMD "su",
		"auth       sufficient pam_rootok.so\n"
		"session    required   pam_limits.so\n"
		"@include common-auth\n"
		"@include common-account\n"
		"@include common-session\n" },
	{ PAMD "su-l",
		"auth\t\tinclude\t\tsu\n"
		"session\t\toptional\tpam_keyinit.so force revoke\n"
		"session\t\tinclude\t\tsu\n" },
	{ PAMD "sudo",
		"#%PAM-1.0\n\n# Set up user limits.\n"
		"session    required   pam_limits.so\n\n"
		"@include common-auth\n"
		"@include common-account\n"
		"@include common-session-noninteractive\n" },
	{ PAMD "sudo-i",
		"session    required   pam_limits.so\n"
		"@include common-auth\n"
		"@include common-account\n"
		"@include common-session\n" },
	{ PAMD "cron",
		"@include common-auth\n"
		"session    required     pam_loginuid.so\n"
		"@include common-account\n"
		"@include common-session-noninteractive \n"
		"session    required   pam_limits.so\n" },
	{ PAMD "gdm-password",
		"@include common-auth\n"
		"@include common-account\n" DEBIAN_SELINUX(
			"close") "session required        "
				 "pam_loginuid.so\n" DEBIAN_SELINUX(
					 "open") "@i"
						 "nc"
						 "lu"
						 "de"
						 " c"
						 "om"
						 "mo"
						 "n-"
						 "se"
						 "ss"
						 "io"
						 "n"
						 "\n"
						 "se"
						 "ss"
						 "io"
						 "n "
						 "op"
						 "ti"
						 "on"
						 "al"
						 "  "
						 "  "
						 "  "
						 "  "
						 "pa"
						 "m_"
						 "gn"
						 "om"
						 "e_"
						 "ke"
						 "yr"
						 "in"
						 "g."
						 "so"
						 " a"
						 "ut"
						 "o_"
						 "st"
						 "ar"
						 "t"
						 "\n" },
	{ PAMD "greetd",
		"@include login\n"
		"-session     optional        pam_kwallet5.so\n" },
	{ PAMD "cockpit",
		"auth       required     pam_sepermit.so\n"
		"session    required     pam_selinux.so close\n"
		"session    include      common-session\n" },
	{ PAMD "runuser",
		"auth\t\tsufficient\tpam_rootok.so\n"
		"session\t\toptional\tpam_keyinit.so revoke\n"
		"session\t\trequired\tpam_limits.so\n"
		"session\t\trequired\tpam_unix.so\n" },
	{ PAMD "runuser-l",
		"auth\t\tinclude\t\trunuser\n"
		"-session\toptional\tpam_systemd.so\n"
		"session\t\tinclude\t\trunuser\n" },
	{ PAMD "passwd", "@include common-password\n" },
	{ PAMD "other",
		"@include common-auth\n"
		"@include common-account\n"
		"@include common-password\n"
		"@include common-session\n" },
	{ "usr/lib/pam.d/systemd-user",
		"@include common-account\n\n"
		"session  required pam_selinux.so close\n"
		"session  required pam_limits.so\n"
		"@include common-session-noninteractive\n"
		"session  optional pam_systemd.so\n" },
	{ NULL },
};

/* Fedora 41 and RHEL 10: authselect's profile local, the line last in
 * postlogin. */
#define FEDORA_AUTH                                                            \
	"session     optional                   pam_keyinit.so revoke\n"       \
	"session     required                   pam_limits.so\n"               \
	"-session    optional                   pam_systemd.so\n"              \
	"session     [success=1 default=ignore] pam_succeed_if.so service in " \
	"crond quiet use_uid\n"                                                \
	"session     required                   pam_unix.so\n"

static const struct fake_node fedora[] = {
	{ PAMD "system-auth", FEDORA_AUTH },
	{ PAMD "password-auth", FEDORA_AUTH },
	{ PAMD "postlogin",
		"session     optional                   pam_umask.so silent\n"
		"session     [success=1 default=ignore] pam_succeed_if.so "
		"service !~ gdm* service !~ su* quiet\n"
		"session     [default=1]                pam_lastlog2.so \n"
		"session     optional                   pam_lastlog2.so "
		"silent\n" LINE },
	{ PAMD "login",
		"auth       substack     system-auth\n"
		"session    required     pam_selinux.so close\n"
		"session    required     pam_loginuid.so\n"
		"session    required     pam_selinux.so open\n"
		"session    required     pam_namespace.so\n"
		"session    optional     pam_keyinit.so force revoke\n"
		"session    include      system-auth\n"
		"session    include      postlogin\n"
		"-session   optional     pam_ck_connector.so\n" },
	{ PAMD "sshd",
		"session    required     pam_loginuid.so\n"
		"session    optional     pam_motd.so\n"
		"session    include      password-auth\n"
		"session    include      postlogin\n" },
	{ PAMD "su",
		"session\t\tinclude\t\tsystem-auth\n"
		"session\t\tinclude\t\tpostlogin\n"
		"session\t\toptional\tpam_xauth.so\n" },
	{ PAMD "su-l",
		"session\t\toptional\tpam_keyinit.so force revoke\n"
		"session\t\tinclude\t\tsu\n" },
	{ PAMD "sudo",
		"session    optional     pam_keyinit.so revoke\n"
		"session    required     pam_limits.so\n"
		"session    include      system-auth\n" },
	{ PAMD "crond",
		"session    required   pam_loginuid.so\n"
		"session    include    password-auth\n" },
	{ PAMD "systemd-user",
		"session  required pam_selinux.so close\n"
		"session  required pam_namespace.so\n"
		"session  include system-auth\n" },
	{ NULL },
};

static const struct fake_node arch[] = {
	{ PAMD "system-auth",
		"auth       [success=1 default=bad]     pam_unix.so\n"
		"-session   optional   pam_systemd_home.so\n"
		"session    required   pam_limits.so\n"
		"session    required   pam_unix.so\n"
		"session    optional   pam_permit.so\n" LINE },
	{ PAMD "system-login",
		"auth       required   pam_shells.so\n"
		"session    optional   pam_loginuid.so\n"
		"session    optional   pam_keyinit.so       force revoke\n"
		"session    include    system-auth\n"
		"session    optional   pam_motd.so\n"
		"-session   optional   pam_systemd.so\n"
		"session    required   pam_env.so\n" },
	{ PAMD "system-local-login", "session   include   system-login\n" },
	{ PAMD "system-remote-login", "session   include   system-login\n" },
	{ PAMD "login",
		"auth       requisite    pam_nologin.so\n"
		"session    include      system-local-login\n" },
	{ PAMD "sshd", "session   include   system-remote-login\n" },
	{ PAMD "sudo", "session\t\tinclude\t\tsystem-auth\n" },
	{ PAMD "systemd-user", "session  include  system-login\n" },
	{ NULL },
};

static const struct fake_node suse[] = {
	{ PAMD "common-session-pc",
		"session optional\tpam_systemd.so\n"
		"session required\tpam_limits.so\t\n"
		"session required\tpam_unix.so\ttry_first_pass \n"
		"session optional\tpam_umask.so\t\n"
		"session optional\tpam_env.so\t\n" },
	{ PAMD "common-session", "common-session-pc", FAKE_LINK },
	{ PAMD "postlogin-session", LINE },
	{ "usr/lib/pam.d/login",
		"session  required       pam_loginuid.so\n"
		"session  optional       pam_keyinit.so   revoke force\n"
		"session  substack       common-session\n"
		"session  include        postlogin-session\n"
		"session  optional       pam_mail.so      standard\n" },
	{ "usr/lib/pam.d/systemd-user",
		"session  required pam_loginuid.so\n"
		"session  include  common-session\n" },
	{ NULL },
};

static const struct fake_node alpine[] = {
	{ PAMD "base-session",
		"# basic PAM configuration for Alpine.\n\n"
		"session\t\tinclude\t\t"
		"base-session-noninteractive\n"
		"-session\toptional\tpam_rundir.so\n"
		"-session\toptional\tpam_elogind.so\n" },
	{ PAMD "base-session-noninteractive",
		"session required pam_env.so\n"
		"session required pam_limits.so\n"
		"session required pam_unix.so\n" LINE },
	{ PAMD "login",
		"auth include base-auth\n"
		"session include base-session\n" },
	{ PAMD "su", "session\t\tinclude\t\tbase-session-noninteractive\n" },
	{ NULL },
};

static const struct host {
	const char *name;
	const struct fake_node *nodes;
	const char *reached[16], *absent[6];
} hosts[] = {
	{ "Debian", debian,
		{ "login", "sshd", "su", "su-l", "sudo", "sudo-i", "cron",
			"gdm-password", "greetd", "cockpit", "systemd-user",
			"other", "lightdm" },
		{ "runuser", "runuser-l" } },
	{ "Fedora", fedora, { "login", "sshd", "su", "su-l" },
		{ "sudo", "crond", "systemd-user" } },
	{ "Arch", arch, { "login", "sshd", "sudo", "systemd-user" }, { NULL } },
	{ "openSUSE", suse, { "login" }, { "systemd-user" } },
	{ "Alpine", alpine, { "login", "su" }, { NULL } },
};

static const char *
make_host(const struct fake_node *nodes)
{
	const char *root = fake_root(NULL);

	for (; nodes->path != NULL; nodes++)
		fake_make(root, nodes);
	return root;
}

static void
assert_states(
	const char *root, const char *const *services, enum wiring_state state)
{
	for (; *services != NULL; services++) {
		struct wiring wiring = wiring_follow(root, *services);

		if (wiring.state != state || wiring.reason != NULL)
			fail_msg("%s: %s %s", *services,
				state_names[wiring.state],
				wiring.reason != NULL ? wiring.reason : "");
		assert_null(wiring.shifted_by);
		assert_int_equal(wiring.times, state == WIRING_REACHED);
		wiring_clear(&wiring);
	}
}

static void
test_host(void **state)
{
	const struct host *host = *state;
	const char *root = make_host(host->nodes);

	assert_states(root, host->reached, WIRING_REACHED);
	assert_states(root, host->absent, WIRING_ABSENT);
}

/* In Fedora's stacks any other place than the last is wrong. */
static void
test_wrong_place(void **state)
{
	const char *root = make_host(fedora);

	(void)state;
	fake_write(root, PAMD "postlogin",
		"session     [success=1 default=ignore] pam_succeed_if.so "
		"service !~ gdm* service !~ su* quiet\n"
		"session     [default=1]                pam_lastlog2.so \n" LINE
		"session     optional                   pam_lastlog2.so "
		"silent\n");
	assert_wiring(root, "sshd",
		"conditional /etc/pam.d/postlogin:3 silent "
		"shifted=/etc/pam.d/postlogin:2 because "
		"/etc/pam.d/postlogin:2: [default=1] pam_lastlog2.so may jump "
		"over it");
}

/* --- Lists, limits, people ----------------------------------------------- */

static void
test_list(void **state)
{
	static const char *const expected[] = { "cron", "login", "sshd", "su" };
	const char *root = make_tree((struct fake_node[NODES_MAX]){
		{ PAMD "login" },
		{ PAMD "su" },
		{ PAMD "Capital" },
		{ PAMD ".hidden" },
		{ PAMD "sshd.dpkg-old" },
		{ PAMD "sshd~" },
		{ PAMD "login.rpmnew" },
		{ "usr/lib/pam.d/login" },
		{ "usr/lib/pam.d/cron" },
		{ "usr/share/pam.d/sshd" },
	});
	char **list = wiring_list_services(root);

	(void)state;
	for (size_t i = 0; i < countof(expected); i++) {
		assert_non_null(list[i]);
		assert_string_equal(list[i], expected[i]);
	}
	assert_null(list[countof(expected)]);
	wiring_free_list(list);
}

static void
test_list_nothing(void **state)
{
	const char *root = fake_root(NULL);
	char **list = wiring_list_services(root);

	(void)state;
	assert_null(list[0]);
	wiring_free_list(list);
	list = wiring_list_services(fake_path(root, "absent"));
	assert_null(list[0]);
	wiring_free_list(list);
}

static void
test_slashes(void **state)
{
	const char *root = make_tree((struct fake_node[NODES_MAX]){
		{ PAMD "login", LINE },
	});
	struct wiring wiring;
	char *slashes;

	(void)state;
	assert_true(asprintf(&slashes, "%s//", root) > 0);
	wiring = wiring_follow(slashes, "login");
	assert_int_equal(wiring.state, WIRING_REACHED);
	assert_string_equal(wiring.line_file, fake_path(root, PAMD "login"));
	wiring_clear(&wiring);
	free(slashes);
}

static void
test_no_root(void **state)
{
	const char *root = fake_root(NULL);

	(void)state;
	assert_wiring(fake_path(root, "absent"), "login",
		"unreadable because : No such file or directory");
}

static void
test_denied(void **state)
{
	const char *root = make_tree((struct fake_node[NODES_MAX]){
		{ PAMD "login", LINE "session include common\n" },
		{ PAMD "common", LINE, FAKE_FILE, 0200 },
		{ PAMD "sshd", LINE, FAKE_FILE, 0200 },
		{ "usr/lib/pam.d/sshd", LINE },
	});

	(void)state;
	/* others are kept out by the modes, too */
	fake_become_nobody();
	assert_wiring(root, "login",
		"unreadable because /etc/pam.d/common: Permission denied");
	assert_wiring(root, "sshd",
		"unreadable because /etc/pam.d/sshd: Permission denied");
	fake_back();
}

/* Text of this many bytes, of one piece again and again. Owned. */
static char *
repeat(const char *piece, size_t count)
{
	size_t size = strlen(piece);
	char *text = malloc(count * size + 1);

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * size, piece, size);
	text[count * size] = '\0';
	return text;
}

static const struct size {
	const char *name, *piece;
	size_t count;
	const char *end;
	const char *expected;
} sizes[] = {
	{ "a line of 60,000 words", "session optional a.so\\\n", 20000,
		"\n" LINE, "reached /etc/pam.d/login:20002 silent" },
	{ "900 lines", "session required a.so\n", 900, LINE,
		"reached /etc/pam.d/login:901 silent" },
	{ "1,001 lines", "session required a.so\n", 1000, LINE,
		"unreadable because /etc/pam.d/login: more than 1000 lines, "
		"with the included" },
	{ "900 jumps", "session [success=2 default=1] a.so\n", 900, LINE,
		"conditional /etc/pam.d/login:901 silent "
		"shifted=/etc/pam.d/login:899 because /etc/pam.d/login:899: "
		"[success=2 default=1] a.so may jump over it" },
	{ "more than 1 MiB", "# some more of it\n", 60000, LINE,
		"unreadable because /etc/pam.d/login: File too large" },
};

static void
test_size(void **state)
{
	const struct size *size = *state;
	const char *root = fake_root(NULL);
	char *text = repeat(size->piece, size->count), *all;

	if (asprintf(&all, "%s%s", text, size->end) < 0)
		fail();
	fake_write(root, PAMD "login", all);
	free(text);
	free(all);
	assert_wiring(root, "login", size->expected);
}

/* Whatever the bytes, nothing but an answer comes of them. */
static void
test_any_bytes(void **state)
{
	static const char *const pieces[] = { "session", "-", " ", "\t", "\n",
		"\\\n", "#", "[", "]", "=", "success", "default", "1", "9",
		"die", "done", "include", "substack", "@include", "login",
		"pam_virturi.so", "\r", "\xff", "required", "optional" };
	const char *root = fake_root(NULL);
	uint64_t seed = 4;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		char text[1024] = "";
		struct wiring wiring;

		for (int j = 0; j < 60; j++)
			strcat(text,
				pieces[fake_random(&seed) % countof(pieces)]);
		fake_write(root, PAMD "login", text);
		wiring = wiring_follow(root, "login");
		assert_non_null(wiring.files);
		wiring_clear(&wiring);
	}
}

/* --- The check ----------------------------------------------------------- */

#define SECURITY "usr/lib/x86_64-linux-gnu/security/"
#define MEMBERS  "[group libvirt]\nuri = qemu:///system\n"

/* A Debian with its programs and modules; not wired. */
static const struct fake_node unwired[] = {
	{ PAMD "common-session", DEBIAN_COMMON },
	{ PAMD "common-session-noninteractive", DEBIAN_COMMON },
	{ "usr/bin/login" },
	{ "usr/sbin/sshd" },
	{ "usr/bin/su" },
	{ "usr/bin/sudo" },
	{ "usr/sbin/cron" },
	{ "usr/lib/systemd/systemd" },
	{ SECURITY "pam_permit.so" },
	{ SECURITY "pam_virturi.so" },
	{ NULL },
};

#define WIRED                                                                  \
	{ PAMD "common-session", DEBIAN_COMMON LINE },                         \
	{                                                                      \
		PAMD "common-session-noninteractive", DEBIAN_COMMON LINE       \
	}

/* What opens sessions there, but for systemd --user. */
#define ALL "login, sshd, su, su-l, sudo, sudo-i, cron"

#define NOWHERE "FAIL no session's PAM stack has pam_virturi.so\n"

struct check {
	const char *name;
	struct fake_node nodes[NODES_MAX]; /* above those */
	const char *expected; /* see tell() */
	const char *policy; /* NULL: MEMBERS */
	const char *gone; /* a file that is not there */
	bool is_verbose;
	enum viewpoint viewpoint;
};

static const struct check checks[] = {
	{ "all is well", { WIRED }, "PASS reached by " ALL ", systemd-user\n" },
	{ "verbose", { WIRED },
		"PASS reached by " ALL ", systemd-user\n"
		"PASS also reached by cockpit, gdm-password, greetd\n"
		"PASS not reached by runuser, runuser-l, which is no matter\n",
		.is_verbose = true },
	{ "nothing is wired", { { NULL } },
		NOWHERE
		"\tappend to /etc/pam.d/common-session: "
		"-session optional pam_virturi.so\n"
		"\tappend to /etc/pam.d/common-session-noninteractive: "
		"-session optional pam_virturi.so\n"
		"WARN not reached by systemd-user: user services do not get "
		"the URI\n" },
	{ "nothing is wired, but there is a profile",
		{ { "usr/share/pam-configs/virturi" } },
		NOWHERE
		"\tsudo pam-auth-update --enable virturi\n"
		"WARN not reached by systemd-user: user services do not get "
		"the URI\n" },
	{ "nothing is wired, nor installed", { { NULL } },
		NOWHERE
		"\tfirst: install pam_virturi.so, which is not on this host\n"
		"\tappend to /etc/pam.d/common-session: "
		"-session optional pam_virturi.so\n"
		"\tappend to /etc/pam.d/common-session-noninteractive: "
		"-session optional pam_virturi.so\n"
		"WARN not reached by systemd-user: user services do not get "
		"the URI\n",
		.gone = SECURITY "pam_virturi.so" },
	{ "nothing is wired, and the module is elsewhere",
		{ { "usr/local/lib/security/pam_virturi.so" } },
		NOWHERE
		"\tappend to /etc/pam.d/common-session: -session optional "
		"/usr/local/lib/security/pam_virturi.so\n"
		"\tappend to /etc/pam.d/common-session-noninteractive: "
		"-session optional /usr/local/lib/security/pam_virturi.so\n"
		"WARN not reached by systemd-user: user services do not get "
		"the URI\n",
		.gone = SECURITY "pam_virturi.so" },
	{ "nothing is wired, and the policy gives nothing", { { NULL } },
		"NOTE not reached by " ALL ", to which the policy gives "
		"nothing\n"
		"\tappend to /etc/pam.d/common-session: "
		"-session optional pam_virturi.so\n"
		"\tappend to /etc/pam.d/common-session-noninteractive: "
		"-session optional pam_virturi.so\n"
		"NOTE not reached by systemd-user: user services do not get "
		"the URI\n",
		.policy = "[user bob]\nuri = qemu:///system\n" },
	{ "nothing is wired on this host",
		{ { "usr/share/pam-configs/virturi" } },
		NOWHERE
		"\tsudo pam-auth-update --enable virturi\n"
		"WARN not reached by systemd-user: user services do not get "
		"the URI\n",
		.policy = "[user bob]\nuri = qemu:///system\n",
		.viewpoint = VIEW_HOST },
	{ "nothing is wired on this host, which has no rules",
		{ { "usr/share/pam-configs/virturi" } },
		"NOTE not reached by " ALL ", to which the policy gives "
		"nothing\n"
		"\tsudo pam-auth-update --enable virturi\n"
		"NOTE not reached by systemd-user: user services do not get "
		"the URI\n",
		.policy = "# none\n", .viewpoint = VIEW_HOST },
	{ "only where the policy gives a URI it is missed", { { NULL } },
		NOWHERE "\tappend to /etc/pam.d/common-session: "
			"-session optional pam_virturi.so\n"
			"\tappend to /etc/pam.d/common-session-noninteractive: "
			"-session optional pam_virturi.so\n",
		.policy = "[others]\nuri = qemu:///system\nservices = sshd, "
			  "cron\n" },
	{ "remote sessions count", { { NULL } },
		NOWHERE "\tappend to /etc/pam.d/common-session: "
			"-session optional pam_virturi.so\n",
		.policy = "[others]\nuri = qemu:///system\nfrom = remote\n"
			  "services = sshd\n" },
	{ "half is wired", { { PAMD "common-session", DEBIAN_COMMON LINE } },
		"WARN not reached by sudo, cron\n"
		"\tappend to /etc/pam.d/common-session-noninteractive: "
		"-session optional pam_virturi.so\n"
		"WARN not reached by systemd-user: user services do not get "
		"the URI\n"
		"PASS reached by login, sshd, su, su-l, sudo-i\n" },
	{ "half is wired, the rest by 70-virturi",
		{ { PAMD "common-session", DEBIAN_COMMON LINE },
			{ "usr/lib/systemd/user-environment-generators/"
			  "70-virturi" } },
		"WARN not reached by sudo, cron\n"
		"\tappend to /etc/pam.d/common-session-noninteractive: "
		"-session optional pam_virturi.so\n"
		"NOTE not reached by systemd-user, but 70-virturi tells user "
		"services\n"
		"PASS reached by login, sshd, su, su-l, sudo-i\n" },
	{ "one that goes its own way",
		{ WIRED, { PAMD "cron", "session required a.so\n" } },
		"WARN not reached by cron\n"
		"\tappend to /etc/pam.d/cron: "
		"-session optional pam_virturi.so\n"
		"PASS reached by login, sshd, su, su-l, sudo, sudo-i, "
		"systemd-user\n" },
	{ "one that shares a file that would serve others twice",
		{ WIRED, { PAMD "system-auth", "session required a.so\n" },
			{ PAMD "su",
				"session include system-auth\n"
				"@include common-session\n" },
			{ PAMD "cron", "session include system-auth\n" } },
		"WARN not reached by cron\n"
		"\tappend to /etc/pam.d/cron: "
		"-session optional pam_virturi.so\n"
		"PASS reached by login, sshd, su, su-l, sudo, sudo-i, "
		"systemd-user\n" },
	{ "one that is other's",
		{ WIRED, { PAMD "cron", "auth required a.so\n" },
			{ PAMD "other", "session required a.so\n" } },
		"WARN not reached by cron\n"
		"\tappend to /etc/pam.d/other: "
		"-session optional pam_virturi.so\n"
		"PASS reached by login, sshd, su, su-l, sudo, sudo-i, "
		"systemd-user\n" },
	{ "a vendor's file",
		{ WIRED,
			{ "usr/lib/pam.d/systemd-user",
				"session required a.so\n" } },
		"WARN not reached by systemd-user: user services do not get "
		"the URI\n"
		"\tcopy /usr/lib/pam.d/systemd-user to /etc/pam.d/, and "
		"append there: -session optional pam_virturi.so\n"
		"PASS reached by " ALL "\n" },
	{ "a file that is made from another",
		{ WIRED, { PAMD "cron", "../../srv/cron", FAKE_LINK },
			{ "srv/cron", "session required a.so\n" } },
		"WARN not reached by cron\n"
		"\tappend to what /etc/pam.d/cron is made from, see "
		"pam_virturi(8): -session optional pam_virturi.so\n"
		"PASS reached by login, sshd, su, su-l, sudo, sudo-i, "
		"systemd-user\n",
		.gone = PAMD "cron" },
	{ "no systemd-user: other counts", { WIRED },
		"PASS reached by " ALL ", systemd-user\n",
		.gone = "usr/lib/pam.d/systemd-user" },
	{ "a jump",
		{ WIRED,
			{ PAMD "common-session-noninteractive",
				"session [success=1 default=ignore] "
				"pam_succeed_if.so service in cron\n" LINE
				"session required pam_unix.so\n" } },
		"WARN sudo, cron, systemd-user: /etc/pam.d/"
		"common-session-noninteractive:1: [success=1 default=ignore] "
		"pam_succeed_if.so may jump over it\n"
		"\tmake /etc/pam.d/common-session-noninteractive:2 the last "
		"line of its file\n"
		"PASS reached by login, sshd, su, su-l, sudo-i\n" },
	{ "a jump, where the policy gives nothing",
		{ WIRED,
			{ PAMD "cron",
				"session [success=1 default=ignore] "
				"a.so\n" LINE "session required b.so\n" } },
		"NOTE cron: /etc/pam.d/cron:1: [success=1 default=ignore] a.so "
		"may jump over it\n"
		"\tmake /etc/pam.d/cron:2 the last line of its file\n"
		"PASS reached by login, sshd, su, su-l, sudo, sudo-i, "
		"systemd-user\n",
		.policy = "# none\n" },
	{ "a line that ends the stack",
		{ WIRED,
			{ PAMD "cron",
				"session sufficient a.so\n"
				"@include common-session\n" } },
		"WARN cron: /etc/pam.d/cron:1: sufficient a.so may end the "
		"stack before it\n"
		"\tput above that line: -session optional pam_virturi.so\n"
		"PASS reached by login, sshd, su, su-l, sudo, sudo-i, "
		"systemd-user\n" },
	{ "nobody gets there",
		{ WIRED,
			{ PAMD "common-session",
				"session sufficient pam_permit.so\n" LINE },
			{ PAMD "common-session-noninteractive",
				"session sufficient pam_permit.so\n" LINE } },
		"FAIL login, sshd, su, su-l, sudo-i: /etc/pam.d/"
		"common-session:1: sufficient pam_permit.so ends the stack "
		"before it\n"
		"\tput above that line: -session optional pam_virturi.so\n"
		"FAIL sudo, cron, systemd-user: /etc/pam.d/"
		"common-session-noninteractive:1: sufficient pam_permit.so "
		"ends the stack before it\n"
		"\tput above that line: -session optional pam_virturi.so\n" },
	{ "the module's file is missing", { WIRED },
		"FAIL /etc/pam.d/common-session:5: /usr/lib/"
		"x86_64-linux-gnu/security/pam_virturi.so is not there\n"
		"\tinstall the module there, or remove the line\n",
		.gone = SECURITY "pam_virturi.so" },
	{ "the module's file is elsewhere",
		{ WIRED, { "usr/local/lib/security/pam_virturi.so" } },
		"FAIL /etc/pam.d/common-session:5: /usr/lib/"
		"x86_64-linux-gnu/security/pam_virturi.so is not there\n"
		"\twrite instead: -session optional "
		"/usr/local/lib/security/pam_virturi.so\n",
		.gone = SECURITY "pam_virturi.so" },
	{ "a path that is wrong, and required",
		{ WIRED,
			{ PAMD "cron",
				"session required "
				"/opt/pam_virturi.so\n" } },
		"FAIL /etc/pam.d/cron:1: /opt/pam_virturi.so is not there, and "
		"libpam refuses sessions of cron\n"
		"\twrite instead: -session optional pam_virturi.so\n"
		"PASS reached by login, sshd, su, su-l, sudo, sudo-i, "
		"systemd-user\n" },
	{ "the module's file is missing, and one lacks the line",
		{ WIRED, { PAMD "cron", "session required a.so\n" } },
		"FAIL /etc/pam.d/common-session:5: /usr/lib/"
		"x86_64-linux-gnu/security/pam_virturi.so is not there\n"
		"\tinstall the module there, or remove the line\n"
		"WARN not reached by cron\n"
		"\tfirst: install pam_virturi.so, which is not on this host\n"
		"\tappend to /etc/pam.d/cron: -session optional "
		"pam_virturi.so\n",
		.gone = SECURITY "pam_virturi.so" },
	{ "override only for some",
		{ WIRED,
			{ PAMD "cron",
				"session optional pam_virturi.so "
				"override\n" } },
		"WARN /etc/pam.d/cron:1: override only for cron\n"
		"PASS reached by " ALL ", systemd-user\n" },
	{ "override for all",
		{ { PAMD "common-session",
			  "session optional pam_virturi.so override\n" },
			{ PAMD "common-session-noninteractive",
				"session optional pam_virturi.so "
				"override\n" } },
		"PASS reached by " ALL ", systemd-user\n" },
	{ "policy= only for some",
		{ WIRED,
			{ PAMD "cron",
				"session optional pam_virturi.so "
				"policy=/etc/cron.policy\n" },
			{ "etc/cron.policy" } },
		"WARN /etc/pam.d/cron:1: policy=/etc/cron.policy only for "
		"cron\n"
		"PASS reached by " ALL ", systemd-user\n" },
	{ "policy= that is not there",
		{ WIRED,
			{ PAMD "cron",
				"session optional pam_virturi.so "
				"policy=/etc/cron.policy\n" } },
		"FAIL /etc/pam.d/cron:1: policy=/etc/cron.policy does not "
		"exist: no URI for cron\n"
		"WARN /etc/pam.d/cron:1: policy=/etc/cron.policy only for "
		"cron\n"
		"PASS reached by " ALL ", systemd-user\n" },
	{ "policy= that is relative",
		{ WIRED,
			{ PAMD "cron",
				"session optional pam_virturi.so "
				"policy=cron.policy\n" } },
		"FAIL /etc/pam.d/cron:1: policy=cron.policy is no absolute "
		"path: no URI for cron\n"
		"WARN /etc/pam.d/cron:1: policy=cron.policy only for cron\n"
		"PASS reached by " ALL ", systemd-user\n" },
	{ "policy= that only the session's opener knows",
		{ WIRED,
			{ PAMD "cron",
				"session optional pam_virturi.so "
				"policy=/proc/self/fd/3\n" } },
		"WARN /etc/pam.d/cron:1: policy=/proc/self/fd/3 only for cron\n"
		"PASS reached by " ALL ", systemd-user\n" },
	{ "required",
		{ WIRED, { PAMD "cron", "session required pam_virturi.so\n" } },
		"NOTE /etc/pam.d/cron:1: should the module ever be missing, "
		"libpam refuses these sessions\n"
		"\tbegin that line with: -session optional\n"
		"PASS reached by " ALL ", systemd-user\n" },
	{ "sufficient",
		{ WIRED,
			{ PAMD "cron",
				"session sufficient pam_virturi.so\n"
				"session required a.so\n" } },
		"WARN /etc/pam.d/cron:1: because of its control lines behind "
		"it are left out, for cron\n"
		"\tbegin that line with: -session optional\n"
		"PASS reached by " ALL ", systemd-user\n" },
	{ "twice", { WIRED, { PAMD "cron", LINE "@include common-session\n" } },
		"NOTE /etc/pam.d/cron:1: named again later, for cron\n"
		"PASS reached by " ALL ", systemd-user\n" },
	{ "a jump that only shifts",
		{ WIRED,
			{ PAMD "cron",
				"session required pam_deny.so\n"
				"session [default=1] a.so\n"
				"session required b.so\n" LINE
				"session [default=1] a.so\n" } },
		"PASS reached by " ALL ", systemd-user\n" },
	{ "a jump that only shifts, over it",
		{ WIRED,
			{ PAMD "cron",
				"session required pam_deny.so\n"
				"session [success=1 default=ok] a.so\n" LINE
				"session required b.so\n" } },
		"WARN /etc/pam.d/cron:2 jumps over /etc/pam.d/cron:3, and "
		"leads "
		"elsewhere than without it\n"
		"\tmake /etc/pam.d/cron:3 the last line of its file\n"
		"PASS reached by " ALL ", systemd-user\n" },
	{ "a service that libpam refuses",
		{ WIRED, { PAMD "cron", "@include absent\n" } },
		"NOTE cron: /etc/pam.d/cron:1: 'absent' cannot be included, so "
		"libpam refuses the service\n"
		"PASS reached by login, sshd, su, su-l, sudo, sudo-i, "
		"systemd-user\n" },
	{ "names are made printable",
		{ WIRED,
			{ PAMD "cron",
				"session optional pam_virturi.so "
				"policy=/\033[2J\n" } },
		"FAIL /etc/pam.d/cron:1: policy=/\\x1b[2J does not exist: no "
		"URI for cron\n"
		"WARN /etc/pam.d/cron:1: policy=/\\x1b[2J only for cron\n"
		"PASS reached by " ALL ", systemd-user\n" },
};

/* "FAIL text\n\tlabel: cure\n": all there is, worst first. Owned. */
static char *
tell(const struct finding *finding, const char *root)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < finding->count; i++) {
		const struct observation *said = &finding->observations[i];

		fprintf(out, "%s %s\n", finding_status_name(said->status),
			said->text);
		for (size_t j = 0; j < said->n_cures; j++)
			fprintf(out, "\t%s%s%s\n", said->cures[j].label,
				said->cures[j].label[0] != '\0' ? ": " : "",
				said->cures[j].text);
	}
	assert_int_equal(fclose(out), 0);
	strip_root(text, root);
	return text;
}

static const struct fake_user users[] = {
	{ "alice", 1000, 1000, "/home/alice" },
	{ NULL },
};

static const struct fake_group groups[] = {
	{ "alice", 1000 },
	{ "libvirt", 113, "alice" },
	{ NULL },
};

/* Below this root, for alice. */
static void
assert_check(const char *root, const struct check *check)
{
	struct fake directory = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&directory);
	struct finding finding = { .id = "pam" };
	struct doctor doctor = {
		.options = { .root = root, .verbose = check->is_verbose },
		.viewpoint = check->viewpoint,
	};
	struct inquiry *inquiry = &doctor.inquiry;
	char *said;

	inquiry->policy =
		fake_policy(check->policy != NULL ? check->policy : MEMBERS);
	assert_int_equal(subject_new(&facts, "alice", &inquiry->subject), 0);
	inquiry->situation.policy = inquiry->policy;
	inquiry->situation.subject = inquiry->subject;
	check_pam(&doctor, &finding);
	said = tell(&finding, root);
	if (strcmp(said, check->expected) != 0)
		fail_msg("%s\ninstead of\n%s", said, check->expected);
	free(said);
	finding_clear(&finding);
	subject_free(inquiry->subject);
	policy_free(inquiry->policy);
}

static void
test_check(void **state)
{
	const struct check *check = *state;
	const char *root = make_host(debian);

	for (const struct fake_node *node = unwired; node->path != NULL; node++)
		fake_make(root, node);
	if (check->gone != NULL)
		assert_int_equal(unlink(fake_path(root, check->gone)), 0);
	for (size_t i = 0; i < NODES_MAX && check->nodes[i].path != NULL; i++)
		fake_make(root, &check->nodes[i]);
	assert_check(root, check);
}

/* As below build/demo: there is nothing but a service. */
static void
test_check_no_system(void **state)
{
	static const struct check check = {
		.expected = "NOTE /etc/pam.d/virturi-demo:1: should the module "
			    "ever be missing, libpam refuses these sessions\n"
			    "\tbegin that line with: -session optional\n"
			    "PASS reached by virturi-demo\n",
	};
	const char *root = make_tree((struct fake_node[NODES_MAX]){
		{ PAMD "virturi-demo",
			"session required /srv/pam_virturi.so "
			"policy=/proc/self/fd/3\n" },
	});

	(void)state;
	assert_check(root, &check);
}

static void
test_check_nothing(void **state)
{
	static const struct check check = {
		.expected = "SKIP no PAM services here that open sessions\n",
	};
	static const struct check no_root = {
		.expected = "SKIP : No such file or directory\n",
	};
	const char *root = fake_root(NULL);
	char *absent;

	(void)state;
	assert_check(root, &check);
	assert_true(asprintf(&absent, "%s/absent", root) > 0);
	assert_check(absent, &no_root);
	free(absent);
}

/* --- Loading ------------------------------------------------------------- */

static void
assert_load_error(const char *path, const char *part)
{
	char *error = module_find_load_error(path, 5000);

	if (part == NULL)
		assert_null(error);
	else
		fake_assert_says(error, part);
	free(error);
}

/* Files of the tests' own are root's only if root runs them. */
static void
test_load(void **state)
{
	const char *root = make_tree((struct fake_node[NODES_MAX]){
		{ "empty.so" },
		{ "text.so", "no library\n" },
		{ "others.so", "no library\n" },
		{ "group.so", "no library\n", FAKE_FILE, 0664 },
		{ "everybody.so", "no library\n", FAKE_FILE, 0646 },
		{ "fifo.so", NULL, FAKE_FIFO },
	});
	bool is_root = geteuid() == 0;

	(void)state;
	assert_load_error(fake_path(root, "text.so"),
		is_root ? "text.so: file too short" : NULL);
	assert_load_error(fake_path(root, "empty.so"),
		is_root ? "empty.so: file too short" : NULL);
	if (is_root)
		assert_int_equal(chown(fake_path(root, "others.so"),
					 FAKE_NOBODY, (gid_t)-1),
			0);
	assert_load_error(fake_path(root, "others.so"), NULL);
	assert_load_error(fake_path(root, "group.so"), NULL);
	assert_load_error(fake_path(root, "everybody.so"), NULL);
	assert_load_error(fake_path(root, "fifo.so"), NULL);
	assert_load_error(fake_path(root, "absent.so"), NULL);
}

/* A library of the system's that is no module. */
static void
test_load_library(void **state)
{
	Dl_info info;
	struct stat status;

	(void)state;
	assert_true(dladdr((void *)(uintptr_t)json_object, &info) != 0);
	assert_int_equal(stat(info.dli_fname, &status), 0);
	assert_load_error(info.dli_fname,
		status.st_uid == 0 ? "no pam_sm_open_session" : NULL);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "service", test_service, SUITE_ROWS(rows));
	suite_add(&suite, "host", test_host, SUITE_ROWS(hosts));
	suite_add_one(&suite, "the line in a wrong place", test_wrong_place);
	suite_add_one(&suite, "list of services", test_list);
	suite_add_one(&suite, "list of no services", test_list_nothing);
	suite_add_one(&suite, "slashes behind the root", test_slashes);
	suite_add_one(&suite, "no root", test_no_root);
	suite_add_one(&suite, "files that we may not read", test_denied);
	suite_add(&suite, "size", test_size, SUITE_ROWS(sizes));
	suite_add_one(&suite, "any bytes", test_any_bytes);
	suite_add(&suite, "check", test_check, SUITE_ROWS(checks));
	suite_add_one(&suite, "check of a service alone", test_check_no_system);
	suite_add_one(&suite, "check of nothing", test_check_nothing);
	suite_add_one(&suite, "modules that cannot be loaded", test_load);
	suite_add_one(&suite, "a library that is no module", test_load_library);
	return suite_run(&suite, "wiring");
}
