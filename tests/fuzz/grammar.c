/* SPDX-License-Identifier: MIT */
#include "grammar.h"

#include <stdlib.h>
#include <string.h>

#include "../../helper/output.h"
#include "../../helper/people.h"
#include "../../policy/scan.h"
#include "common.h"

#define RULES_MAX 6
#define RAW_MAX   64

/* --- Policies --------------------------------------------------------------
 */

static void
write_raw(struct take *take, FILE *out)
{
	struct span raw = take_bytes(take, RAW_MAX);

	MUST(fwrite(raw.start, 1, raw.size, out) == raw.size);
}

/* One of them, or something raw. */
static void
write_one(struct take *take, FILE *out, const char *const *words, size_t count)
{
	size_t i = take_below(take, (unsigned int)count + 1);

	if (i < count)
		fputs(words[i], out);
	else
		write_raw(take, out);
}

#define WRITE_ONE(take, out, words)                                            \
	write_one((take), (out), (words), countof(words))

static void
write_user(struct take *take, FILE *out)
{
	static const char *const names[] = {
		"alice",
		"bob smith",
		"DOM\\eve",
		"root",
		"slash",
		"nobody-here",
	};

	WRITE_ONE(take, out, names);
}

static void
write_group(struct take *take, FILE *out)
{
	static const char *const names[] = {
		"libvirt",
		"kvm",
		"domain users",
		"vm-admins",
		"VM-Admins",
		"users",
		"root",
		"libvrit",
	};

	WRITE_ONE(take, out, names);
}

static void
write_gid(struct take *take, FILE *out)
{
	static const char *const gids[] = {
		"64055",
		"106",
		"100",
		"3000",
		"1482000513",
		"0",
		"4294967295",
	};

	WRITE_ONE(take, out, gids);
}

static void
write_header(struct take *take, FILE *out)
{
	static const char *const others[] = {
		"others",
		"other",
		"users alice",
		"group",
		"group  kvm",
		"others x",
	};

	fputs(take_one_in(take, 16) ? " [" : "[", out);
	switch (take_below(take, 8)) {
	case 0:
	case 1:
	case 2:
		fputs("group ", out);
		write_group(take, out);
		break;
	case 3:
	case 4:
		fputs("user ", out);
		write_user(take, out);
		break;
	case 5:
		fputs("gid ", out);
		write_gid(take, out);
		break;
	case 6:
		fputs("others", out);
		break;
	default:
		WRITE_ONE(take, out, others);
	}
	fputs(take_one_in(take, 32) ? " # ]\n" : "]\n", out);
}

static void
write_uri(struct take *take, FILE *out)
{
	static const char *const uris[] = {
		"qemu:///system",
		"qemu:///session",
		"none",
		"qemu+ssh://${user}@lab01.example.org/system",
		"qemu+ssh://lab01/system?keyfile=${home}/.ssh/id&no_tty=1",
		"test:///${uid}/${home}?of=${group}",
		"qemu:${home}",
		"qemu+tls://[2001:db8::1]:16514/system",
		"xen+ext:///?command=${user}",
		"qemu://${user}/system",
		"qemu://system",
		"qemu:///sytem",
		"NONE",
		"$$",
		"qemu:///${nobody}",
		"kvm:///system",
		"Qemu:///system",
		"nosuch:///system",
		"bhyve:///sistem",
		"vbox:///session",
		"esx:///",
		"esx://root@esx.example.org/?no_verify=1",
		"qemu+shh://lab01/system",
		"qemu+carrier-pigeon://lab01/system",
		"qemu+unix://lab01/system",
		"qemu+unix:///session?socket=/run/x",
		"qemu+ssh://lab01",
		"qemu+ssh://lab01?no_tty=1",
		"qemu:///embed?root=/srv/vm",
		"qemu:///embed?root=%2Fsrv&root=x",
		"qemu:///embed",
		"qemu+ssh://lab01/embed",
		"qemu+tcp://a:b@lab%2F1/system?name=qemu:///session",
		"qemu:/system",
	};

	WRITE_ONE(take, out, uris);
}

static void
write_services(struct take *take, FILE *out)
{
	static const char *const lists[] = {
		"sshd",
		"sshd, login",
		"systemd-user",
		"login,,su",
	};

	WRITE_ONE(take, out, lists);
}

static void
write_from(struct take *take, FILE *out)
{
	static const char *const words[] = { "local", "remote", "Local" };

	WRITE_ONE(take, out, words);
}

static void
write_uids(struct take *take, FILE *out)
{
	static const char *const ids[] = {
		"0",
		"1000",
		"1001",
		"59999",
		"1482001137",
		"4294967294",
		"4294967295",
	};
	unsigned int items = 1 + take_below(take, 3);

	for (unsigned int i = 0; i < items; i++) {
		fputs(i > 0 ? ", " : "", out);
		WRITE_ONE(take, out, ids);
		fputs(take_below(take, 2) ? "-" : "", out);
		if (take_below(take, 2))
			WRITE_ONE(take, out, ids);
	}
}

static void
write_groups(struct take *take, FILE *out)
{
	unsigned int items = 1 + take_below(take, 3);

	for (unsigned int i = 0; i < items; i++) {
		fputs(i > 0 ? "," : "", out);
		write_group(take, out);
	}
}

static void
write_trial(struct take *take, FILE *out)
{
	static const char *const words[] = { "yes", "no", "maybe" };

	WRITE_ONE(take, out, words);
}

static void
write_entry(struct take *take, FILE *out, enum rule_key key)
{
	static void (*const values[KEY_COUNT])(struct take *, FILE *) = {
		[KEY_URI] = write_uri,
		[KEY_SERVICES] = write_services,
		[KEY_FROM] = write_from,
		[KEY_UIDS] = write_uids,
		[KEY_REQUIRE_GROUPS] = write_groups,
		[KEY_EXCLUDE_GROUPS] = write_groups,
		[KEY_TRIAL] = write_trial,
	};
	static const char *const endings[] = { "\n", "\n", "\n", "\n", "\r\n",
		" # c\n", "#c\n", " \t\n", "\n \n", "'\n" };

	fprintf(out, "%s = ", rule_key_names[key]);
	values[key](take, out);
	fputs(take_one(take, endings), out);
}

static void
write_noise(struct take *take, FILE *out)
{
	static const char *const lines[] = { "", " \t", "# [x]", "url = x",
		"uri", "=", "uri =", "[", "\r" };

	WRITE_ONE(take, out, lines);
	putc('\n', out);
}

static void
write_rule(struct take *take, FILE *out)
{
	unsigned int keys = take_below(take, 4);

	write_header(take, out);
	if (!take_one_in(take, 32))
		write_entry(take, out, KEY_URI);
	for (unsigned int i = 0; i < keys; i++)
		write_entry(take, out,
			take_one_in(take, 32)
				? KEY_URI
				: 1 + take_below(take, KEY_COUNT - 1));
	if (take_one_in(take, 32))
		write_noise(take, out);
}

void
grammar_write_policy(struct take *take, FILE *out)
{
	unsigned int rules = take_below(take, RULES_MAX + 1);

	if (take_one_in(take, 32))
		write_noise(take, out);
	for (unsigned int i = 0; i < rules; i++)
		write_rule(take, out);
	if (take_one_in(take, 32))
		write_raw(take, out);
}

char *
grammar_make_policy(struct take *take, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	MUST(out != NULL);
	grammar_write_policy(take, out);
	fclose(out);
	return text;
}

/* --- Questions -------------------------------------------------------------
 */

static const struct fake_user users[] = {
	{ "alice", 1000, 1000, "/home/alice", NULL },
	{ "bob smith", 1001, 100, "/home/bob", "bob" },
	{ "DOM\\eve", 1482001137, 1482000513, "/home/DOM/\xc3\xa9ve?", "eve" },
	{ "slash", 1002, 3000, "//evil.example.org/x", NULL },
	{ "@", 60000, 106, "", NULL },
	{ "root", 0, 0, "/root", NULL },
	{ NULL, 0, 0, NULL, NULL },
};

static const struct fake_group groups[] = {
	{ "root", 0, NULL, NULL, false },
	{ "alice", 1000, NULL, NULL, false },
	{ "users", 100, "alice", NULL, false },
	{ "kvm", 106, "alice,bob smith", NULL, false },
	{ "libvirt", 64055, "alice", NULL, false },
	{ "libvirt", 64056, "bob smith", NULL, false },
	{ "domain users", 1482000513, "DOM\\eve,alice", "Domain Users", true },
	{ "vm-admins", 2000, "DOM\\eve,root", "VM-Admins", true },
	{ "", 3000, "alice", NULL, false },
	{ NULL, 0, NULL, NULL, false },
};

struct fake
grammar_people(struct take *take)
{
	struct fake people = { .users = users, .groups = groups };

	if (take_one_in(take, 8))
		people.failure = (struct fake_failure){
			.call = FAKE_FIND_GROUP + take_below(take, 3),
			.gid = FAKE_ANY_GID,
			.error = 5, /* EIO */
		};
	people.lists_twice = take_one_in(take, 16);
	return people;
}

void
grammar_lose_users(struct take *take, struct fake *people)
{
	if (take_one_in(take, 16))
		people->failure = (struct fake_failure){
			.call = FAKE_FIND_USER,
			.gid = FAKE_ANY_GID,
			.error = 5, /* EIO */
		};
}

const char *
grammar_user(struct take *take)
{
	static const char *const names[] = { "alice", "bob smith", "bob",
		"DOM\\eve", "eve", "slash", "@", "root", "nobody-here" };

	return take_one(take, names);
}

struct request
grammar_request(struct take *take)
{
	static const char *const services[] = { "login", "sshd", "su",
		"systemd-user" };
	static const char *const hosts[] = { NULL, "", "10.1.2.3", "127.0.0.1",
		"::1", "::ffff:127.0.0.1", "2001:db8::1", "localhost", ":0",
		"host.example.org" };
	struct request request = { .service = take_one(take, services) };

	request.rhost = take_one(take, hosts);
	return request;
}

static bool
lists(const char *members, const char *user)
{
	size_t size = strlen(user);

	for (; members != NULL && *members != '\0';
		members += strcspn(members, ","), members += *members == ',') {
		if (strncmp(members, user, size) == 0 &&
			strchr(",", members[size]) != NULL)
			return true;
	}
	return false;
}

bool
grammar_has_gid(const struct fake *people, const char *user, gid_t gid)
{
	for (const struct fake_user *u = people->users; u->name != NULL; u++) {
		if (strcmp(u->name, user) == 0 && u->gid == gid)
			return true;
	}
	for (const struct fake_group *g = people->groups; g->name != NULL;
		g++) {
		if (g->gid == gid && lists(g->members, user))
			return true;
	}
	return false;
}

/* --- In place of the host's -------------------------------------------------
 */

static struct fake *host;

void
grammar_use_people(struct fake *people)
{
	host = people;
}

/* The linker's names; see tests/unit/alloc.c. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
struct facts __wrap_facts_nss(struct nss_buffer *buffer);
void __wrap_census_take(struct census *census);
void __wrap_people_add_members(
	struct people *people, const struct census *census, gid_t gid);
void __wrap_people_add_groups(struct people *people);

struct facts
__wrap_facts_nss(struct nss_buffer *buffer)
{
	(void)buffer;
	return fake_facts(host);
}

void
__wrap_census_take(struct census *census)
{
	*census = (struct census){ 0 };
	census->residents = calloc(countof(users), sizeof(struct resident));
	MUST(census->residents != NULL);
	for (const struct fake_user *user = host->users; user->name != NULL;
		user++)
		census->residents[census->count++] = (struct resident){
			.name = need(strdup(user->name)),
			.uid = user->uid,
			.gid = user->gid,
		};
}

static void
add_person(struct people *people, const char *name)
{
	people->names = need(realloc(
		people->names, (people->count + 1) * sizeof(*people->names)));
	people->names[people->count++] = need(strdup(name));
}

void
__wrap_people_add_members(
	struct people *people, const struct census *census, gid_t gid)
{
	(void)census;
	for (const struct fake_user *user = host->users; user->name != NULL;
		user++) {
		if (grammar_has_gid(host, user->name, gid))
			add_person(people, user->name);
	}
}

void
__wrap_people_add_groups(struct people *people)
{
	for (const struct fake_group *group = host->groups; group->name != NULL;
		group++)
		add_person(people, group->name);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */
