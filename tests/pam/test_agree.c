/* SPDX-License-Identifier: MIT */
/*
 * `virturi uri` and `virturi explain` say what the module does, in every case.
 * Each row is a policy and a session, once as it stands and once among 200
 * rules, since a few rules and many are looked up in different ways. It is put
 * to the module, through the real libpam, and to the two commands.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <security/pam_appl.h>

#include "stack.h"

#define RULES_PADDED 200

enum sense {
	ANSWER, /* a URI, or that there is none */
	UNCLEAR, /* something is wrong, so there is none */
};

struct row {
	const char *name;
	const char *policy;
	const char *user; /* NULL: "alice" */
	const char *service; /* NULL: "login" */
	const char *rhost;
	const char *uri; /* NULL: none */
	const char *rule; /* the header of the rule that decides; NULL: none */
	const char *names; /* below tests/nss; NULL: "names" */
	enum sense sense;

	/*
	 * Look-ups fail: then any [group] rule that comes first is rightly
	 * undecidable, so the rules around these are [user] rules.
	 */
	bool has_failures;
};

#define SYSTEM  "uri = qemu:///system\n"
#define SESSION "uri = qemu:///session\n"
#define NONE    "uri = none\n"

static const struct row rows[] = {
	/* headers */
	{ .name = "[user]",
		.policy = "[user alice]\n" SYSTEM,
		.uri = "qemu:///system",
		.rule = "[user alice]" },
	{ .name = "[user], another", .policy = "[user bob]\n" SYSTEM },
	{ .name = "[user] by another spelling",
		.policy = "[user alice]\n" SYSTEM,
		.user = "ALICE",
		.uri = "qemu:///system",
		.rule = "[user alice]" },
	{ .name = "[user] that is another spelling",
		.policy = "[user ALICE]\n" SYSTEM,
		.user = "ALICE" },
	{ .name = "[group]",
		.policy = "[group libvirt]\n" SYSTEM,
		.uri = "qemu:///system",
		.rule = "[group libvirt]" },
	{ .name = "[group], not a member",
		.policy = "[group libvirt]\n" SYSTEM,
		.user = "bob" },
	{ .name = "[group], the primary one",
		.policy = "[group staff]\n" SYSTEM,
		.user = "carol",
		.uri = "qemu:///system",
		.rule = "[group staff]" },
	{ .name = "[group] with an empty member list",
		.policy = "[group hidden]\n" SYSTEM,
		.user = "heidi",
		.uri = "qemu:///system",
		.rule = "[group hidden]" },
	{ .name = "[group] by another spelling",
		.policy = "[group LIBVIRT]\n" SYSTEM "[others]\n" SESSION,
		.uri = "qemu:///session",
		.rule = "[others]" },
	{ .name = "[group] by the second name of its gid",
		.policy = "[group second-name]\n" SYSTEM,
		.user = "frank" },
	{ .name = "[group] by the first name of its gid",
		.policy = "[group twin]\n" SYSTEM,
		.user = "frank",
		.uri = "qemu:///system",
		.rule = "[group twin]" },
	{ .name = "[group], the first of two of one name",
		.policy = "[group double]\n" SYSTEM,
		.uri = "qemu:///system",
		.rule = "[group double]" },
	{ .name = "[group], the second of two of one name",
		.policy = "[group double]\n" SYSTEM,
		.user = "gina",
		.uri = "qemu:///system",
		.rule = "[group double]" },
	{ .name = "[group] with 20,001 members",
		.policy = "[group crowd]\n" SYSTEM,
		.user = "judy",
		.uri = "qemu:///system",
		.rule = "[group crowd]" },
	{ .name = "[group], the last of 2,000",
		.policy = "[group bulk1999]\n" SYSTEM,
		.user = "ivan",
		.uri = "qemu:///system",
		.rule = "[group bulk1999]" },
	{ .name = "[group], none of 2,000",
		.policy = "[group libvirt]\n" SYSTEM,
		.user = "ivan" },
	{ .name = "[group] with a backslash and a blank",
		.policy = "[group LAB\\domain users]\n" SYSTEM,
		.user = "LAB\\anna",
		.uri = "qemu:///system",
		.rule = "[group LAB\\domain users]" },
	{ .name = "[group] in UTF-8",
		.policy = "[group gr\xc3\xbcppe]\n" SYSTEM,
		.user = "j\xc3\xbcrgen",
		.uri = "qemu:///system",
		.rule = "[group gr\xc3\xbcppe]" },
	{ .name = "[group] that is a number",
		.policy = "[group 1001]\n" SYSTEM,
		.user = "dave",
		.uri = "qemu:///system",
		.rule = "[group 1001]" },
	{ .name = "[group] is no gid",
		.policy = "[group 1001]\n" SYSTEM,
		.user = "erin" },
	{ .name = "[gid]",
		.policy = "[gid 1001]\n" SYSTEM,
		.user = "erin",
		.uri = "qemu:///system",
		.rule = "[gid 1001]" },
	{ .name = "[gid] is no name",
		.policy = "[gid 1001]\n" SYSTEM,
		.user = "dave" },
	{ .name = "[gid] of the primary group without a name",
		.policy = "[gid 79999]\n" SYSTEM,
		.user = "liam",
		.uri = "qemu:///system",
		.rule = "[gid 79999]" },
	{ .name = "[gid] of the last of 2,000 groups",
		.policy = "[gid 101999]\n" SYSTEM,
		.user = "ivan",
		.uri = "qemu:///system",
		.rule = "[gid 101999]" },
	{ .name = "[gid] with an empty member list",
		.policy = "[gid 5009]\n" SYSTEM,
		.user = "heidi",
		.uri = "qemu:///system",
		.rule = "[gid 5009]" },
	{ .name = "[others]",
		.policy = "[others]\n" SESSION,
		.uri = "qemu:///session",
		.rule = "[others]" },

	/* order */
	{ .name = "user before group before others",
		.policy = "[others]\n" NONE "[group libvirt]\n" SESSION
			  "[user alice]\n" SYSTEM,
		.uri = "qemu:///system",
		.rule = "[user alice]" },
	{ .name = "group before others",
		.policy = "[others]\n" NONE "[group libvirt]\n" SYSTEM,
		.uri = "qemu:///system",
		.rule = "[group libvirt]" },
	{ .name = "the upper of two groups",
		.policy = "[gid 5002]\n" SESSION "[group libvirt]\n" SYSTEM,
		.uri = "qemu:///session",
		.rule = "[gid 5002]" },
	{ .name = "none decides",
		.policy = "[group kvm]\n" NONE "[group libvirt]\n" SYSTEM,
		.rule = "[group kvm]" },
	{ .name = "no rules", .policy = "# nothing\n" },
	{ .name = "no policy", .policy = "" },

	/* conditions */
	{ .name = "services, this one",
		.policy = "[group kvm]\n" SYSTEM "services = sshd, login\n",
		.uri = "qemu:///system",
		.rule = "[group kvm]" },
	{ .name = "services, another",
		.policy = "[group kvm]\n" SYSTEM "services = sshd, login\n"
			  "[others]\n" SESSION,
		.service = "cron",
		.uri = "qemu:///session",
		.rule = "[others]" },
	{ .name = "remote, from another host",
		.policy = "[others]\n" SYSTEM "from = remote\n",
		.service = "sshd",
		.rhost = "192.0.2.1",
		.uri = "qemu:///system",
		.rule = "[others]" },
	{ .name = "remote, by a name",
		.policy = "[others]\n" SYSTEM "from = remote\n",
		.rhost = "host.example.org",
		.uri = "qemu:///system",
		.rule = "[others]" },
	{ .name = "remote, IPv6",
		.policy = "[others]\n" SYSTEM "from = remote\n",
		.rhost = "2001:db8::1",
		.uri = "qemu:///system",
		.rule = "[others]" },
	{ .name = "remote, from here",
		.policy = "[others]\n" SYSTEM "from = remote\n" },
	{ .name = "remote, from 127.0.0.1",
		.policy = "[others]\n" SYSTEM "from = remote\n",
		.rhost = "127.0.0.1" },
	{ .name = "remote, from ::1",
		.policy = "[others]\n" SYSTEM "from = remote\n",
		.rhost = "::1" },
	{ .name = "remote, from ::ffff:127.0.0.1",
		.policy = "[others]\n" SYSTEM "from = remote\n",
		.rhost = "::ffff:127.0.0.1" },
	{ .name = "remote, from localhost",
		.policy = "[others]\n" SYSTEM "from = remote\n",
		.rhost = "localhost" },
	{ .name = "remote, from display :0",
		.policy = "[others]\n" SYSTEM "from = remote\n",
		.rhost = ":0" },
	{ .name = "local, from here",
		.policy = "[others]\n" SYSTEM "from = local\n",
		.uri = "qemu:///system",
		.rule = "[others]" },
	{ .name = "local, empty host",
		.policy = "[others]\n" SYSTEM "from = local\n",
		.rhost = "",
		.uri = "qemu:///system",
		.rule = "[others]" },
	{ .name = "local, from another host",
		.policy = "[others]\n" SYSTEM "from = local\n",
		.rhost = "192.0.2.1" },
	{ .name = "uids, inside",
		.policy = "[others]\n" SYSTEM "uids = 0-999, 71001\n",
		.uri = "qemu:///system",
		.rule = "[others]" },
	{ .name = "uids, outside",
		.policy = "[others]\n" SYSTEM "uids = 0-71000, 71002-\n" },
	{ .name = "require_groups, in all",
		.policy = "[others]\n" SYSTEM "require_groups = kvm, libvirt\n",
		.uri = "qemu:///system",
		.rule = "[others]" },
	{ .name = "require_groups, not in all",
		.policy = "[others]\n" SYSTEM "require_groups = kvm, libvirt\n",
		.user = "bob" },
	{ .name = "exclude_groups, in none",
		.policy = "[others]\n" SYSTEM "exclude_groups = local, staff\n",
		.uri = "qemu:///system",
		.rule = "[others]" },
	{ .name = "exclude_groups, in one",
		.policy = "[others]\n" SYSTEM "exclude_groups = local, kvm\n" },
	{ .name = "trial",
		.policy = "[group libvirt]\n" SYSTEM "trial = yes\n"
			  "[others]\n" SESSION,
		.uri = "qemu:///session",
		.rule = "[others]" },
	{ .name = "trial = no",
		.policy = "[group libvirt]\n" SYSTEM "trial = no\n",
		.uri = "qemu:///system",
		.rule = "[group libvirt]" },

	/* uid 0 */
	{ .name = "uid 0, [group], [gid], [others]",
		.policy = "[group libvirt]\n" SYSTEM "[gid 0]\n" SYSTEM
			  "[others]\n" SYSTEM,
		.user = "root" },
	{ .name = "uid 0, [user]",
		.policy = "[user root]\n" SYSTEM "[others]\n" SESSION,
		.user = "root",
		.uri = "qemu:///system",
		.rule = "[user root]" },

	/* expansion */
	{ .name = "${user}, ${uid}, ${home}",
		.policy = "[others]\n"
			  "uri = x+y://${user}@h/${uid}${home}?a=$$${user}\n",
		.user = "a b%2f",
		.uri = "x+y://a%20b%252f@h/71104/home/a%20b?a=$a%20b%252f",
		.rule = "[others]" },
	{ .name = "${group} of [group]",
		.policy = "[group LAB\\domain users]\nuri = x:/${group}\n",
		.user = "LAB\\anna",
		.uri = "x:/LAB%5Cdomain%20users",
		.rule = "[group LAB\\domain users]" },
	{ .name = "${group} of [gid]",
		.policy = "[gid 5102]\nuri = x:/${group}\n",
		.user = "otto@corp.example",
		.uri = "x:/Domain%20Admins%40corp.example",
		.rule = "[gid 5102]" },
	{ .name = "${group} of [gid] with two names",
		.policy = "[gid 5006]\nuri = x:/${group}\n",
		.user = "frank",
		.uri = "x:/twin",
		.rule = "[gid 5006]" },

	/* mistakes */
	{ .name = "a bad URI",
		.policy = "[group kvm]\nuri = qemu:///sys tem\n"
			  "[others]\n" SESSION,
		.rule = "[group kvm]",
		.sense = UNCLEAR },
	{ .name = "a variable in the host",
		.policy = "[group kvm]\nuri = qemu+ssh://${user}/system\n",
		.rule = "[group kvm]",
		.sense = UNCLEAR },
	{ .name = "${group} in [others]",
		.policy = "[others]\nuri = x:/${group}\n",
		.rule = "[others]",
		.sense = UNCLEAR },
	{ .name = "${group} of a gid without a name",
		.policy = "[gid 79999]\nuri = x:/${group}\n",
		.user = "liam",
		.rule = "[gid 79999]",
		.sense = UNCLEAR },
	{ .name = "no uri",
		.policy = "[others]\nfrom = local\n",
		.rule = "[others]",
		.sense = UNCLEAR },
	{ .name = "an unknown key",
		.policy = "[others]\n" SYSTEM "group = kvm\n",
		.rule = "[others]",
		.sense = UNCLEAR },
	{ .name = "a malformed condition beside one that fails",
		.policy = "[others]\n" SYSTEM "uids = -\nfrom = remote\n" },
	{ .name = "a malformed condition beside one that holds",
		.policy = "[others]\n" SYSTEM "uids = -\nfrom = local\n",
		.rule = "[others]",
		.sense = UNCLEAR },
	{ .name = "a header twice",
		.policy = "[group kvm]\n" SYSTEM "[group libvirt]\n" SYSTEM
			  "[group kvm]\n" SESSION,
		.rule = "[group kvm]",
		.sense = UNCLEAR },
	{ .name = "a header of other people's twice",
		.policy = "[group staff]\n" SYSTEM "[others]\n" SESSION
			  "[group staff]\n" SESSION,
		.uri = "qemu:///session",
		.rule = "[others]" },
	{ .name = "a mistake in another's rule",
		.policy = "[group libvirt]\nuri =\n[others]\n" SESSION,
		.user = "bob",
		.uri = "qemu:///session",
		.rule = "[others]" },
	{ .name = "an unusable policy",
		.policy = "[group kvm]\n" SYSTEM "[groups kvm]\n" SYSTEM,
		.sense = UNCLEAR },
	{ .name = "blank lines, trailing blanks, CRLF",
		.policy = "\r\n \t\r\n[group kvm] \r\n  \r\n"
			  "uri = qemu:///system \t\r\n\t\r\n",
		.uri = "qemu:///system",
		.rule = "[group kvm]" },

	/* look-ups that fail */
	{ .name = "the directory is away",
		.policy = "[group LAB\\vm users]\n" SYSTEM "[others]\n" SESSION,
		.names = "away",
		.has_failures = true,
		.rule = "[group LAB\\vm users]",
		.sense = UNCLEAR },
	{ .name = "the directory is away, after a proved match",
		.policy = "[group libvirt]\n" SYSTEM
			  "[group LAB\\vm users]\n" SESSION,
		.names = "away",
		.has_failures = true,
		.uri = "qemu:///system",
		.rule = "[group libvirt]" },
	{ .name = "the directory is away, after a local group",
		.policy = "[group local]\n" NONE
			  "[group LAB\\vm users]\n" SYSTEM "[others]\n" SESSION,
		.names = "away",
		.has_failures = true,
		.rule = "[group LAB\\vm users]",
		.sense = UNCLEAR },
	{ .name = "the directory is away, and it is required",
		.policy = "[others]\n" SYSTEM
			  "require_groups = local, LAB\\vm users\n",
		.names = "away",
		.has_failures = true },
	{ .name = "the directory is away, [user] decides",
		.policy = "[user alice]\n" SYSTEM
			  "[group LAB\\vm users]\n" SESSION,
		.names = "away",
		.has_failures = true,
		.uri = "qemu:///system",
		.rule = "[user alice]" },
	{ .name = "the gid of a group of the user's has no answer",
		.policy = "[group karls]\n" SYSTEM "[others]\n" SESSION,
		.user = "karl",
		.has_failures = true,
		.rule = "[group karls]",
		.sense = UNCLEAR },
};

/* --- Padding -------------------------------------------------------------- */

static size_t
count_rules(const char *policy)
{
	size_t count = 0;

	for (const char *c = policy; *c != '\0'; c++) {
		if (*c == '[' && (c == policy || c[-1] == '\n'))
			count++;
	}
	return count;
}

/* Rules of each kind that select nobody: some of groups that exist. */
static void
write_padding(FILE *out, size_t i, bool only_users)
{
	switch (only_users ? 0 : i % 5) {
	case 0:
		fprintf(out, "[user padding%zu]\n", i);
		break;
	case 1:
		fprintf(out, "[group empty%zu]\n", i);
		break;
	case 2:
		fprintf(out, "[group padding%zu]\n", i);
		break;
	case 3:
		fprintf(out, "[gid %zu]\n", 200000 + i);
		break;
	default:
		fprintf(out, "[gid %zu]\n", 300000 + i);
	}
	fputs("uri = test:///padding\n", out);
}

/* The row's policy among so many rules. Owned by the caller. */
static char *
pad(const struct row *row, size_t padding)
{
	size_t size, before = padding / 2;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < before; i++)
		write_padding(out, i, row->has_failures);
	fputs(row->policy, out);
	for (size_t i = before; i < padding; i++)
		write_padding(out, i, row->has_failures);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* --- Asking --------------------------------------------------------------- */

static struct stack stack;

/* What one of the three says; strings are owned. */
struct said {
	int status; /* exit status of a command */
	char *uri; /* NULL: none */
	json_t *document; /* of `explain` */
};

static void
forget(struct said *said)
{
	free(said->uri);
	json_decref(said->document);
}

static void
ask_module(const struct row *row, const char *path, struct said *ret)
{
	struct session session = {
		.service = row->service != NULL ? row->service : "login",
		.user = row->user != NULL ? row->user : "alice",
		.rhost = row->rhost,
	};
	char *arguments = format_text("policy=%s", path);
	struct outcome outcome;
	const char *uri;

	stack_write_session(&stack, session.service, NULL, arguments);
	session_run(&stack, &session, &outcome);
	assert_int_equal(outcome.opened, PAM_SUCCESS);
	uri = outcome_getenv(&outcome, VARIABLE);
	*ret = (struct said){ .uri = uri != NULL ? strdup(uri) : NULL };
	/* what is wrong is logged, and nothing else as an error */
	for (size_t i = 0; i < outcome.log.count; i++) {
		if (row->sense == ANSWER &&
			strstr(outcome.log.lines[i].text, "is left alone") !=
				NULL)
			fail_msg("%s", outcome.log.lines[i].text);
	}
	if (row->sense == UNCLEAR)
		assert_int_not_equal(outcome.log.count, 0);
	outcome_clear(&outcome);
	free(arguments);
}

/* Everything that can be read; owned by the caller. */
static char *
read_output(int fd)
{
	size_t size = 0, room = 4096;
	char *text = NULL, *bigger;
	ssize_t n = 0;

	do {
		size += (size_t)n;
		if (text == NULL || size + 1 == room) {
			room *= 4;
			bigger = realloc(text, room);
			assert_non_null(bigger);
			text = bigger;
		}
		n = read(fd, text + size, room - size - 1);
	} while (n > 0);
	text[size] = '\0';
	return text;
}

/* Runs a command of virturi. Returns what it prints, owned by the caller. */
static char *
run_command(char *const *arguments, int *status)
{
	char *program = build_path("tests/nss/virturi");
	posix_spawn_file_actions_t actions;
	int pipe_fds[2];
	char *output;
	pid_t child;

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(
		&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawn(&child, program, &actions, NULL, arguments,
				 environ),
		0);
	close(pipe_fds[1]);
	output = read_output(pipe_fds[0]);
	close(pipe_fds[0]);
	posix_spawn_file_actions_destroy(&actions);
	free(program);
	assert_int_equal(waitpid(child, status, 0), child);
	assert_true(WIFEXITED(*status));
	*status = WEXITSTATUS(*status);
	return output;
}

static char *
ask(const struct row *row, const char *path, const char *command,
	const char *option, int *status)
{
	const char *arguments[12] = {
		"virturi",
		command,
		row->user != NULL ? row->user : "alice",
		"--service",
		row->service != NULL ? row->service : "login",
		"--policy",
		path,
	};
	size_t count = 7;

	if (row->rhost != NULL) {
		arguments[count++] = "--rhost";
		arguments[count++] = row->rhost;
	}
	arguments[count] = option;
	return run_command((char *const *)arguments, status);
}

static void
ask_uri(const struct row *row, const char *path, struct said *ret)
{
	char *output = ask(row, path, "uri", NULL, &ret->status);
	char *newline = strchr(output, '\n');

	ret->document = NULL;
	ret->uri = NULL;
	if (newline == NULL) {
		assert_string_equal(output, "");
		free(output);
		return;
	}
	assert_int_equal(newline[1], '\0');
	*newline = '\0';
	ret->uri = output;
}

static void
ask_explain(const struct row *row, const char *path, struct said *ret)
{
	char *output = ask(row, path, "explain", "--json", &ret->status);
	json_error_t error;
	const char *uri;

	ret->document = json_loads(output, 0, &error);
	if (ret->document == NULL)
		fail_msg("%s in %s", error.text, output);
	uri = json_string_value(json_object_get(ret->document, "uri"));
	ret->uri = uri != NULL ? strdup(uri) : NULL;
	free(output);
}

/* --- Comparing ------------------------------------------------------------ */

static void
check_uri(const struct row *row, const char *who, const struct said *said)
{
	const char *uri = said->uri != NULL ? said->uri : "none";
	const char *expected = row->uri != NULL ? row->uri : "none";

	if (strcmp(uri, expected) != 0)
		fail_msg("%s says %s, not %s", who, uri, expected);
}

static void
check_status(const char *who, int status, int expected)
{
	if (status != expected)
		fail_msg("%s: exit status %d, not %d", who, status, expected);
}

/* Does this line of the text hold the header? */
static bool
has_header(const char *text, json_int_t line, const char *header)
{
	for (; line > 1 && text != NULL; line--) {
		text = strchr(text, '\n');
		if (text != NULL)
			text++;
	}
	return text != NULL && strncmp(text, header, strlen(header)) == 0;
}

/* The rule that explain names is the one, in the place where it stands. */
static void
check_rule(const struct row *row, const char *text, const char *path,
	const json_t *document)
{
	const json_t *rule = json_object_get(document, "rule");
	const char *header, *file;
	json_int_t line;

	if (row->rule == NULL) {
		assert_true(json_is_null(rule));
		return;
	}
	header = json_string_value(json_object_get(rule, "header"));
	file = json_string_value(json_object_get(rule, "file"));
	line = json_integer_value(json_object_get(rule, "line"));
	assert_non_null(header);
	assert_non_null(file);
	assert_string_equal(header, row->rule);
	assert_string_equal(file, path);
	assert_true(has_header(text, line, row->rule));
}

/* It lists every rule; of the one that decides it says that it matched. */
static void
check_rules(const struct row *row, const char *text, const json_t *document)
{
	const json_t *rules = json_object_get(document, "rules");
	const json_t *decider = json_object_get(document, "rule");
	json_int_t line = json_integer_value(json_object_get(decider, "line"));
	bool is_matched = false;

	if (row->rule == NULL)
		return;
	assert_int_equal(json_array_size(rules), count_rules(text));
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);

		if (json_integer_value(json_object_get(rule, "line")) == line)
			is_matched =
				json_is_true(json_object_get(rule, "matched"));
	}
	if (row->sense == ANSWER)
		assert_true(is_matched);
}

static void
compare(const struct row *row, size_t padding)
{
	char *text = pad(row, padding);
	struct policy_text policy = policy_text_new(text, 0644);
	struct said module, uri, explain;

	ask_module(row, policy.path, &module);
	check_uri(row, "the module", &module);
	ask_uri(row, policy.path, &uri);
	check_uri(row, "virturi uri", &uri);
	check_status("virturi uri", uri.status,
		row->sense == UNCLEAR      ? 3
			: row->uri == NULL ? 1
					   : 0);
	ask_explain(row, policy.path, &explain);
	check_uri(row, "virturi explain", &explain);
	check_status("virturi explain", explain.status,
		row->sense == UNCLEAR ? 3 : 0);
	check_rule(row, text, policy.path, explain.document);
	check_rules(row, text, explain.document);
	forget(&module);
	forget(&uri);
	forget(&explain);
	policy_text_end(&policy);
	free(text);
}

static void
test_as_it_stands(void **state)
{
	const struct row *row = *state;

	names_use(row->names != NULL ? row->names : "names");
	compare(row, 0);
}

static void
test_among_many(void **state)
{
	const struct row *row = *state;
	size_t rules = count_rules(row->policy);

	names_use(row->names != NULL ? row->names : "names");
	compare(row, RULES_PADDED - rules);
}

static int
begin(void **state)
{
	(void)state;
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

int
main(void)
{
	struct row_table table = {
		.name = "as it stands",
		.rows = rows,
		.size = sizeof(rows[0]),
		.count = sizeof(rows) / sizeof(rows[0]),
		.test = test_as_it_stands,
		.begin = begin,
		.end = end,
	};
	int failed = row_table_run(&table);

	table.name = "among 200 rules";
	table.test = test_among_many;
	return failed + row_table_run(&table);
}
