/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/subject.h"

/* --- Names as real directories have them ---------------------------------- */

static const struct fake_user users[] = {
	{ "alice", 1000, 1000, "/home/alice", "ALICE" },
	{ "LAB\\bob", 70001, 70000, "/home/LAB/bob", "bob@lab.example" },
	{ "carol", 1002, 4242, "/home/carol" }, /* 4242 has no name */
	{ "dave", 1003, 100, "/home/dave" },
	{ NULL },
};

static const struct fake_group groups[] = {
	{ "alice", 1000, NULL },
	{ "users", 100, "alice" },
	{ "libvirt", 108, "alice,carol", "LIBVIRT" },
	{ "kvm", 109, "bobby,alicea,malice" }, /* nobody, nearly */
	{ "sssd", 110, "alice", "SSSD@corp", .hides_members = true },
	{ "LAB\\domain users", 70000, NULL, "domain users" },
	{ "Domain Admins@corp.example", 70001, "LAB\\bob",
		"domain admins@corp.example", .hides_members = true },
	{ "gr\xc3\xbcppe", 120, "alice" },
	{ "1001", 2001, "alice" }, /* a number for a name, beside … */
	{ "thousandone", 1001, "carol" }, /* … the gid of that number */
	{ "wheel", 10, "alice" },
	{ "admins", 10, "alice" }, /* a second name for gid 10 */
	{ "backup", 34, NULL }, /* a local group, beside … */
	{ "backup", 80034, "alice" }, /* … a directory's of that name */
	{ "", 5000, "alice" }, /* gid 5000 has no name */
	{ "secret", 5001, "dave" },
	{ NULL },
};

/* Whether the other way has been taken before must not matter. */
enum before {
	FRESH,
	AFTER_A_MISS,
	AFTER_A_HIT,
	BEFORES,
};

static struct subject *
make_subject(const struct facts *facts, const char *user, enum before before)
{
	struct subject *subject = NULL;

	assert_int_equal(subject_new(facts, user, &subject), 0);
	if (before == AFTER_A_MISS)
		assert_int_equal(
			subject_in_group(subject, "nosuch"), ANSWER_NO);
	if (before == AFTER_A_HIT)
		(void)subject_in_group(subject, "users");
	return subject;
}

static const struct member_row {
	const char *name, *user, *group;
	bool is_member;
} member_rows[] = {
	{ "listed in the record", "alice", "libvirt", true },
	{ "the primary group", "alice", "alice", true },
	{ "the primary group, not listed", "dave", "users", true },
	{ "not listed", "dave", "libvirt", false },
	{ "names that contain the user's", "alice", "kvm", false },
	{ "no such group", "alice", "nosuch", false },
	{ "a record that lists nobody", "alice", "sssd", true },
	{ "a record that lists nobody, somebody else", "dave", "sssd", false },
	{ "another spelling of a group", "alice", "LIBVIRT", false },
	{ "another spelling, nobody listed", "alice", "SSSD@corp", false },
	{ "a backslash and a blank", "LAB\\bob", "LAB\\domain users", true },
	{ "without the domain", "LAB\\bob", "domain users", false },
	{ "with a domain behind", "LAB\\bob", "Domain Admins@corp.example",
		true },
	{ "in other letters", "LAB\\bob", "domain admins@corp.example", false },
	{ "UTF-8", "alice", "gr\xc3\xbcppe", true },
	{ "UTF-8, composed otherwise", "alice", "gru\xcc\x88ppe", false },
	{ "a number for a name", "alice", "1001", true },
	{ "a number that is somebody's gid", "carol", "1001", false },
	{ "the first name of a gid", "alice", "wheel", true },
	{ "the second name of a gid", "alice", "admins", false },
	{ "the second group of a name", "alice", "backup", true },
	{ "the second group of a name, somebody else", "dave", "backup",
		false },
	{ "a primary gid without a name", "carol", "libvirt", true },
	{ "a primary gid without a name, no member", "carol", "users", false },
	{ "nothing is nobody's name", "alice", "", false },
	{ "the user's name is not a group's", "dave", "dave", false },
	{ "asked for by another spelling", "ALICE", "libvirt", true },
	{ "asked for by another spelling, the primary group", "bob@lab.example",
		"LAB\\domain users", true },
};

static void
test_member(void **state)
{
	const struct member_row *row = *state;

	for (enum before before = FRESH; before < BEFORES; before++) {
		struct fake fake = { .users = users, .groups = groups };
		struct facts facts = fake_facts(&fake);
		struct subject *subject =
			make_subject(&facts, row->user, before);
		enum answer want = row->is_member ? ANSWER_YES : ANSWER_NO;

		/* the definition, before anything else */
		assert_int_equal(fake_is_member(&fake, subject_name(subject),
					 row->group),
			row->is_member);
		assert_int_equal(subject_in_group(subject, row->group), want);
		assert_int_equal(subject_in_group(subject, row->group), want);
		assert_int_equal(subject_failure(subject), 0);
		subject_free(subject);
	}
}

static const struct gid_row {
	const char *name, *user;
	gid_t gid;
	bool is_member;
} gid_rows[] = {
	{ "the primary one", "alice", 1000, true },
	{ "the primary one without a name", "carol", 4242, true },
	{ "listed in the record", "alice", 108, true },
	{ "a record that lists nobody", "alice", 110, true },
	{ "without a name", "alice", 5000, true },
	{ "of two names", "alice", 10, true },
	{ "not a name of that number", "alice", 1001, false },
	{ "of a group that has a number for a name", "alice", 2001, true },
	{ "not listed", "alice", 109, false },
	{ "nobody's", "alice", 999999, false },
	{ "0 is one like others", "alice", 0, false },
	{ "the first of two groups of one name", "alice", 34, false },
	{ "the second of two groups of one name", "alice", 80034, true },
};

static void
test_gid(void **state)
{
	const struct gid_row *row = *state;

	for (enum before before = FRESH; before < BEFORES; before++) {
		struct fake fake = { .users = users, .groups = groups };
		struct facts facts = fake_facts(&fake);
		struct subject *subject =
			make_subject(&facts, row->user, before);
		enum answer want = row->is_member ? ANSWER_YES : ANSWER_NO;

		assert_int_equal(subject_in_gid(subject, row->gid), want);
		assert_int_equal(subject_in_gid(subject, row->gid), want);
		subject_free(subject);
	}
}

/* --- The user ------------------------------------------------------------- */

static void
test_user(void **state)
{
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct subject *subject = NULL;

	(void)state;
	assert_int_equal(subject_new(&facts, "bob@lab.example", &subject), 0);
	assert_string_equal(subject_name(subject), "LAB\\bob");
	assert_string_equal(subject_home(subject), "/home/LAB/bob");
	assert_int_equal(subject_uid(subject), 70001);
	assert_int_equal(fake.calls[FAKE_FIND_USER], 1);
	subject_free(subject);
	subject_free(NULL);
}

static void
test_uid(void **state)
{
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct subject *subject = NULL;

	(void)state;
	assert_int_equal(subject_new_uid(&facts, 4711, &subject), -ENOENT);
	assert_null(subject);
	assert_int_equal(subject_new_uid(&facts, 70001, &subject), 0);
	assert_string_equal(subject_name(subject), "LAB\\bob");
	assert_string_equal(subject_home(subject), "/home/LAB/bob");
	assert_int_equal(fake.calls[FAKE_FIND_UID], 2);
	assert_int_equal(fake.calls[FAKE_FIND_USER], 0);
	subject_free(subject);
	subject = NULL;
	fake.failure =
		(struct fake_failure){ .call = FAKE_FIND_UID, .error = EIO };
	assert_int_equal(subject_new_uid(&facts, 70001, &subject), -EIO);
	assert_null(subject);
}

static const struct user_row {
	const char *name, *user;
	int error, result;
} user_rows[] = {
	{ "nobody of that name", "eve", 0, -ENOENT },
	{ "an empty name", "", 0, -ENOENT },
	{ "the look-up fails", "alice", EIO, -EIO },
	{ "the look-up times out", "alice", ETIMEDOUT, -ETIMEDOUT },
	{ "the record is too large", "alice", ERANGE, -ERANGE },
};

static void
test_no_user(void **state)
{
	const struct user_row *row = *state;
	struct fake fake = {
		.users = users,
		.groups = groups,
		.failure = { FAKE_FIND_USER, NULL, 0, row->error },
	};
	struct facts facts = fake_facts(&fake);
	struct subject *subject = NULL;

	assert_int_equal(subject_new(&facts, row->user, &subject), row->result);
	assert_null(subject);
}

/* --- Failures ------------------------------------------------------------- */

static const struct failure_row {
	const char *name;
	struct fake_failure failure;
	const char *first; /* asked before; NULL: nothing is */
	const char *group; /* alice's, or not */
	enum answer answer;
} failure_rows[] = {
	{ "the record fails, the names prove it",
		{ FAKE_FIND_GROUP, "libvirt", 0, EIO }, NULL, "libvirt",
		ANSWER_YES },
	{ "the record fails, no member", { FAKE_FIND_GROUP, "kvm", 0, EIO },
		NULL, "kvm", ANSWER_UNKNOWN },
	{ "another record failed, a member", { FAKE_FIND_GROUP, "kvm", 0, EIO },
		"kvm", "libvirt", ANSWER_YES },
	{ "another record failed, no member",
		{ FAKE_FIND_GROUP, "kvm", 0, EIO }, "kvm", "secret",
		ANSWER_UNKNOWN },
	{ "a record fails after another was found, no member",
		{ FAKE_FIND_GROUP, "kvm", 0, EIO }, "secret", "kvm",
		ANSWER_UNKNOWN },
	{ "a record that is not found is no failure",
		{ FAKE_FIND_GROUP, "kvm", 0, ENOENT }, NULL, "kvm", ANSWER_NO },
	{ "the name of the gid fails", { FAKE_FIND_GID, NULL, 108, EIO }, NULL,
		"libvirt", ANSWER_UNKNOWN },
	{ "the name of another gid fails, a member",
		{ FAKE_FIND_GID, NULL, 120, EIO }, NULL, "libvirt",
		ANSWER_YES },
	{ "the name of another gid fails, no member",
		{ FAKE_FIND_GID, NULL, 120, EIO }, NULL, "kvm",
		ANSWER_UNKNOWN },
	{ "the name of another gid failed before, a member",
		{ FAKE_FIND_GID, NULL, 120, EIO }, "kvm", "libvirt",
		ANSWER_YES },
	{ "a gid without a name is no failure",
		{ FAKE_FIND_GID, NULL, 120, ENOENT }, NULL, "kvm", ANSWER_NO },
	{ "the list fails, listed in the record",
		{ FAKE_LIST_GIDS, NULL, 0, EIO }, NULL, "libvirt", ANSWER_YES },
	{ "the list fails, the primary group", { FAKE_LIST_GIDS, NULL, 0, EIO },
		NULL, "alice", ANSWER_YES },
	{ "the list fails, not listed in the record",
		{ FAKE_LIST_GIDS, NULL, 0, EIO }, NULL, "sssd",
		ANSWER_UNKNOWN },
	{ "the list fails, no member", { FAKE_LIST_GIDS, NULL, 0, EIO }, NULL,
		"kvm", ANSWER_UNKNOWN },
	{ "the list failed before, no member", { FAKE_LIST_GIDS, NULL, 0, EIO },
		"kvm", "secret", ANSWER_UNKNOWN },
	{ "the list failed after a miss, listed in the record",
		{ FAKE_LIST_GIDS, NULL, 0, EIO }, "nosuch", "libvirt",
		ANSWER_YES },
	{ "a proof from before stays", { FAKE_LIST_GIDS, NULL, 0, ENOMEM },
		"libvirt", "libvirt", ANSWER_YES },
};

static void
test_failure(void **state)
{
	const struct failure_row *row = *state;
	struct fake fake = {
		.users = users,
		.groups = groups,
		.failure = row->failure,
	};
	struct facts facts = fake_facts(&fake);
	struct subject *subject = NULL;

	assert_int_equal(subject_new(&facts, "alice", &subject), 0);
	if (row->first != NULL)
		(void)subject_in_group(subject, row->first);
	assert_int_equal(subject_in_group(subject, row->group), row->answer);
	assert_int_equal(subject_in_group(subject, row->group), row->answer);
	assert_int_equal(fake.calls[FAKE_LIST_GIDS] > 1, false);
	if (row->answer == ANSWER_UNKNOWN)
		assert_int_equal(subject_failure(subject), -row->failure.error);
	subject_free(subject);
}

static const struct gid_failure_row {
	const char *name;
	struct fake_failure failure;
	gid_t gid;
	enum answer answer;
} gid_failure_rows[] = {
	{ "the primary one needs no look-up", { FAKE_LIST_GIDS, NULL, 0, EIO },
		1000, ANSWER_YES },
	{ "the record fails, the list proves it",
		{ FAKE_FIND_GID, NULL, 108, EIO }, 108, ANSWER_YES },
	{ "the record fails, no member", { FAKE_FIND_GID, NULL, 109, EIO }, 109,
		ANSWER_UNKNOWN },
	{ "the list fails, listed in the record",
		{ FAKE_LIST_GIDS, NULL, 0, EIO }, 108, ANSWER_YES },
	{ "the list fails, not listed", { FAKE_LIST_GIDS, NULL, 0, EIO }, 110,
		ANSWER_UNKNOWN },
};

static void
test_gid_failure(void **state)
{
	const struct gid_failure_row *row = *state;
	struct fake fake = {
		.users = users,
		.groups = groups,
		.failure = row->failure,
	};
	struct facts facts = fake_facts(&fake);
	struct subject *subject = NULL;

	assert_int_equal(subject_new(&facts, "alice", &subject), 0);
	assert_int_equal(subject_in_gid(subject, row->gid), row->answer);
	assert_int_equal(subject_in_gid(subject, row->gid), row->answer);
	subject_free(subject);
}

/* --- Names of gids, and spellings ----------------------------------------- */

static void
test_name_gid(void **state)
{
	struct fake fake = {
		.users = users,
		.groups = groups,
		.failure = { FAKE_FIND_GID, NULL, 109, EIO },
	};
	struct facts facts = fake_facts(&fake);
	struct subject *subject = make_subject(&facts, "alice", FRESH);
	char *name = NULL;

	(void)state;
	assert_int_equal(subject_name_gid(subject, 5000, &name), -ENOENT);
	assert_null(name);
	assert_int_equal(subject_failure(subject), 0);
	assert_int_equal(subject_name_gid(subject, 10, &name), 0);
	assert_string_equal(name, "wheel");
	free(name);
	name = NULL;
	assert_int_equal(subject_name_gid(subject, 109, &name), -EIO);
	assert_null(name);
	assert_int_equal(subject_failure(subject), -EIO);
	subject_free(subject);
}

static const struct spelling_row {
	const char *name, *group;
	const char *called; /* NULL: it is not another spelling */
} spelling_rows[] = {
	{ "another spelling", "LIBVIRT", "libvirt" },
	{ "another spelling, nobody listed", "SSSD@corp", "sssd" },
	{ "a second name of a gid", "admins", "wheel" },
	{ "the name itself", "libvirt", NULL },
	{ "the name of a group of others", "kvm", NULL },
	{ "another spelling of a group of others", "domain users", NULL },
	{ "no such group", "nosuch", NULL },
};

static void
test_spelling(void **state)
{
	const struct spelling_row *row = *state;
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct subject *subject = make_subject(&facts, "alice", FRESH);
	const char *asked = NULL, *called = NULL;
	char *found = NULL;

	(void)subject_in_group(subject, row->group);
	assert_int_equal(subject_noticed_spelling(subject, &asked, &called),
		row->called != NULL);
	if (row->called != NULL) {
		assert_string_equal(asked, row->group);
		assert_string_equal(called, row->called);
	}
	assert_int_equal(subject_find_spelling(subject, row->group, &found),
		row->called != NULL ? 0 : -ENOENT);
	if (row->called != NULL)
		assert_string_equal(found, row->called);
	else
		assert_null(found);
	free(found);
	subject_free(subject);
}

/* The first that is noticed stays. */
static void
test_first_spelling(void **state)
{
	struct fake fake = {
		.users = users,
		.groups = groups,
		.failure = { FAKE_LIST_GIDS, NULL, 0, EIO },
	};
	struct facts facts = fake_facts(&fake);
	struct subject *subject = make_subject(&facts, "alice", FRESH);
	const char *asked = NULL, *called = NULL;

	(void)state;
	(void)subject_in_group(subject, "LIBVIRT");
	(void)subject_in_group(subject, "admins");
	assert_true(subject_noticed_spelling(subject, &asked, &called));
	assert_string_equal(asked, "LIBVIRT");
	assert_string_equal(called, "libvirt");
	subject_free(subject);
}

/* --- Large directories ---------------------------------------------------- */

/* A user in 2,000 groups: the last of them, and one that is not there. */
static void
test_many_groups(void **state)
{
	enum { COUNT = 2000 };
	struct fake_group *many = calloc(COUNT + 1, sizeof(*many));
	char(*names)[16] = calloc(COUNT, sizeof(*names));
	struct fake fake = { .users = users, .groups = many };
	struct facts facts = fake_facts(&fake);
	struct subject *subject;

	(void)state;
	assert_non_null(many);
	assert_non_null(names);
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof(names[i]), "group%04zu",
			(i * 1237) % COUNT);
		many[i] = (struct fake_group){ names[i], (gid_t)(10000 + i),
			"alice" };
	}
	subject = make_subject(&facts, "alice", FRESH);
	assert_int_equal(subject_in_group(subject, "nosuch"), ANSWER_NO);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(
			subject_in_group(subject, names[i]), ANSWER_YES);
	assert_int_equal(subject_in_group(subject, "group2000"), ANSWER_NO);
	assert_int_equal(subject_in_gid(subject, 11999), ANSWER_YES);
	assert_int_equal(subject_in_gid(subject, 12000), ANSWER_NO);
	assert_int_equal(fake.calls[FAKE_LIST_GIDS], 1);
	fake_assert_between(fake_group_lookups(&fake), COUNT, COUNT + 1 + 8);
	subject_free(subject);
	free(names);
	free(many);
}

/* A group with 20,000 members: the last of them, and one that is none. */
static void
test_many_members(void **state)
{
	enum { COUNT = 20000 };
	char *members = malloc((size_t)COUNT * 12);
	struct fake_group many[] = { { "large", 7 }, { NULL } };
	struct fake fake = { .users = users, .groups = many };
	struct facts facts = fake_facts(&fake);
	struct subject *subject;
	size_t used = 0;

	(void)state;
	assert_non_null(members);
	for (unsigned int i = 1; i < COUNT; i++)
		used += (size_t)sprintf(members + used, "user%u,", i);
	strcpy(members + used, "alice");
	many[0].members = members;
	subject = make_subject(&facts, "alice", FRESH);
	assert_int_equal(subject_in_group(subject, "large"), ANSWER_YES);
	assert_int_equal(fake.calls[FAKE_LIST_GIDS], 0);
	subject_free(subject);
	subject = make_subject(&facts, "dave", FRESH);
	assert_int_equal(subject_in_group(subject, "large"), ANSWER_NO);
	subject_free(subject);
	free(members);
}

/* --- Counting ------------------------------------------------------------- */

static void
test_counts(void **state)
{
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct subject *subject = make_subject(&facts, "alice", FRESH);

	(void)state;
	assert_int_equal(fake_group_lookups(&fake), 0);
	assert_int_equal(subject_in_gid(subject, 1000), ANSWER_YES);
	assert_int_equal(fake_group_lookups(&fake), 0);
	assert_int_equal(subject_in_group(subject, "libvirt"), ANSWER_YES);
	assert_int_equal(fake_group_lookups(&fake), 2);
	assert_int_equal(subject_in_group(subject, "libvirt"), ANSWER_YES);
	assert_int_equal(fake_group_lookups(&fake), 2);
	assert_int_equal(fake.calls[FAKE_LIST_GIDS], 0);
	assert_int_equal(fake.calls[FAKE_FIND_USER], 1);
	subject_free(subject);
}

/* Names nobody knows cost most: one shows that nobody is away. */
static void
test_unknown_names(void **state)
{
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct subject *subject = make_subject(&facts, "alice", FRESH);
	char name[16];

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "nosuch%u", i);
		assert_int_equal(subject_in_group(subject, name), ANSWER_NO);
	}
	assert_int_equal(fake.calls[FAKE_FIND_GROUP], 1);
	assert_int_equal(fake.calls[FAKE_LIST_GIDS], 1);
	subject_free(subject);
}

/* Hundreds of names, all ways mixed: bounded, and each group named once. */
static void
test_bound(void **state)
{
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct subject *subject = make_subject(&facts, "alice", FRESH);
	unsigned int alices = 9; /* gids, the one without a name included */

	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "nosuch%u", i);
		(void)subject_in_gid(subject, 70000 + i);
		(void)subject_in_gid(subject, 80034);
		(void)subject_in_group(subject, name);
		(void)subject_in_group(subject, "libvirt");
		(void)subject_in_group(subject, "backup");
	}
	assert_int_equal(fake.calls[FAKE_LIST_GIDS], 1);
	fake_assert_between(fake_group_lookups(&fake), alices, alices + 8);
	subject_free(subject);
}

/* --- Both ways agree, in any directory ------------------------------------ */

enum {
	RANDOM_NAMES = 6,
	RANDOM_GROUPS = 12,
};

static const char *const random_names[RANDOM_NAMES] = { "a", "b", "c", "A", "1",
	"c c" };

struct random_directory {
	struct fake_user users[3];
	struct fake_group groups[RANDOM_GROUPS + 1];
	struct fake fake;
};

/* Few names and few gids, so that both are often there twice. */
static void
make_directory(struct random_directory *directory, uint64_t *seed)
{
	static const char *const members[] = { NULL, "u", "v", "u,v", "v,u" };
	size_t count = fake_random(seed) % RANDOM_GROUPS;

	*directory = (struct random_directory){
		.users = {
			{ "u", 1, fake_random(seed) % 8, "/u", "U" },
			{ "v", 2, fake_random(seed) % 8, "/v", NULL },
		},
		.fake = {
			.users = directory->users,
			.groups = directory->groups,
			.lists_twice = fake_random(seed) % 8 == 0,
		},
	};
	for (size_t i = 0; i < count; i++) {
		uint32_t name = fake_random(seed) % (RANDOM_NAMES + 1);

		directory->groups[i] = (struct fake_group){
			.name = name == 0 ? "" : random_names[name - 1],
			.gid = fake_random(seed) % 8,
			.members =
				members[fake_random(seed) % countof(members)],
			.spelling =
				random_names[fake_random(seed) % RANDOM_NAMES],
			.hides_members = fake_random(seed) % 3 == 0,
		};
		if (fake_random(seed) % 3)
			directory->groups[i].spelling = NULL;
	}
}

/* A spelling that is another group's name finds that one or the other. */
static void
ask_random(struct random_directory *directory, const struct facts *facts,
	uint64_t *seed)
{
	const char *user = fake_random(seed) % 2 ? "u" : "v";
	struct subject *subject = NULL;

	assert_int_equal(subject_new(facts, user, &subject), 0);
	for (int i = 0; i < 10; i++) {
		const char *name =
			random_names[fake_random(seed) % RANDOM_NAMES];
		bool want = fake_is_member(&directory->fake, user, name);

		if (fake_random(seed) % 4 == 0)
			(void)subject_in_gid(subject, fake_random(seed) % 9);
		assert_int_equal(subject_in_group(subject, name),
			want ? ANSWER_YES : ANSWER_NO);
	}
	fake_assert_between(directory->fake.calls[FAKE_LIST_GIDS], 0, 1);
	subject_free(subject);
}

static void
test_agreement(void **state)
{
	uint64_t seed = 6;

	(void)state;
	for (int round = 0; round < 600; round++) {
		struct random_directory directory;
		struct facts facts = fake_facts(&directory.fake);

		make_directory(&directory, &seed);
		for (int times = 0; times < 8; times++) {
			memset(directory.fake.calls, 0,
				sizeof(directory.fake.calls));
			ask_random(&directory, &facts, &seed);
		}
	}
}

/* Whatever fails: never a wrong yes, never a no that is not certain. */
static void
ask_failing(struct random_directory *directory, const struct facts *facts,
	uint64_t *seed)
{
	struct subject *subject = NULL;

	assert_int_equal(subject_new(facts, "u", &subject), 0);
	for (int i = 0; i < 12; i++) {
		const char *name =
			random_names[fake_random(seed) % RANDOM_NAMES];
		bool is_member = fake_is_member(&directory->fake, "u", name);
		enum answer answer = subject_in_group(subject, name);

		if (answer != ANSWER_UNKNOWN)
			assert_int_equal(
				answer, is_member ? ANSWER_YES : ANSWER_NO);
		if (answer == ANSWER_NO)
			assert_int_equal(subject_failure(subject), 0);
		if (answer == ANSWER_UNKNOWN)
			assert_int_equal(subject_failure(subject), -EIO);
	}
	subject_free(subject);
}

static void
test_agreement_failing(void **state)
{
	static const enum fake_call calls[] = { FAKE_FIND_GROUP, FAKE_FIND_GID,
		FAKE_LIST_GIDS };
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct random_directory directory;
		struct facts facts = fake_facts(&directory.fake);

		make_directory(&directory, &seed);
		directory.fake.failure = (struct fake_failure){
			.call = calls[fake_random(&seed) % countof(calls)],
			.name = random_names[fake_random(&seed) % RANDOM_NAMES],
			.gid = fake_random(&seed) % 8,
			.error = EIO,
		};
		if (directory.fake.failure.call == FAKE_LIST_GIDS)
			directory.fake.failure.name = NULL;
		ask_failing(&directory, &facts, &seed);
	}
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "member", test_member, SUITE_ROWS(member_rows));
	suite_add(&suite, "gid", test_gid, SUITE_ROWS(gid_rows));
	suite_add_one(&suite, "a user is what getpwnam says", test_user);
	suite_add_one(&suite, "a user by uid", test_uid);
	suite_add(&suite, "no user", test_no_user, SUITE_ROWS(user_rows));
	suite_add(&suite, "failure", test_failure, SUITE_ROWS(failure_rows));
	suite_add(&suite, "gid failure", test_gid_failure,
		SUITE_ROWS(gid_failure_rows));
	suite_add_one(&suite, "the name of a gid", test_name_gid);
	suite_add(&suite, "spelling", test_spelling, SUITE_ROWS(spelling_rows));
	suite_add_one(
		&suite, "the first spelling is told", test_first_spelling);
	suite_add_one(&suite, "a user in 2,000 groups", test_many_groups);
	suite_add_one(&suite, "a group with 20,000 members", test_many_members);
	suite_add_one(&suite, "a member costs two look-ups", test_counts);
	suite_add_one(
		&suite, "unknown names cost one look-up", test_unknown_names);
	suite_add_one(&suite, "look-ups are bounded", test_bound);
	suite_add_one(&suite, "both ways agree", test_agreement);
	suite_add_one(&suite, "both ways agree when look-ups fail",
		test_agreement_failing);
	return suite_run(&suite, "subject");
}
