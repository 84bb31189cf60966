/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/judge.h"

static const struct fake_user users[] = {
	{ "root", 0, 0, "/root" },
	{ "alice", 1000, 1000, "/home/alice" },
	{ NULL },
};

static const struct fake_group groups[] = {
	{ "alice", 1000, NULL },
	{ "libvirt", 108, "alice" },
	{ "kvm", 109, "alice" },
	{ "staff", 50, NULL },
	{ NULL },
};

/* A policy of one rule, what is found out about it, and how it is told. */
static const struct row {
	const char *name, *text;
	enum outcome outcome;
	const char *explanation; /* a part of it */
	enum rule_key key; /* OUTCOME_CONDITION */
	const char *value, *group;
	const char *uri;
	const char *user; /* NULL: alice */
	const char *service, *rhost;
	struct fake_failure failure;
} rows[] = {
	{ "a URI", "[others]\nuri = q:///1\n", OUTCOME_URI, "q:///1",
		.uri = "q:///1" },
	{ "none", "[others]\nuri = none\n", OUTCOME_NONE, "none" },
	{ "another user", "[user bob]\nuri = q:///1\n", OUTCOME_NO_MATCH,
		"another user" },
	{ "a group of others", "[group staff]\nuri = q:///1\n",
		OUTCOME_NO_MATCH, "alice is not a member" },
	{ "a gid of others", "[gid 50]\nuri = q:///1\n", OUTCOME_NO_MATCH,
		"alice is not a member" },
	{ "uid 0", "[others]\nuri = q:///1\n", OUTCOME_NOT_ROOT, "uid 0",
		.user = "root" },
	{ "uid 0 before membership", "[group staff]\nuri = q:///1\n",
		OUTCOME_NOT_ROOT, "only [user] rules", .user = "root" },

	{ "services", "[others]\nuri = q:///1\nservices = login, su\n",
		OUTCOME_CONDITION, "services = login, su and this is sshd",
		KEY_SERVICES, "login, su", .service = "sshd" },
	{ "no service", "[others]\nuri = q:///1\nservices = login\n",
		OUTCOME_CONDITION, "services = login and this is no service",
		KEY_SERVICES, "login" },
	{ "local", "[group kvm]\nuri = q:///1\nfrom = local\n",
		OUTCOME_CONDITION,
		"member, but from = local and this is remote", KEY_FROM,
		"local", .rhost = "10.1.2.3" },
	{ "remote", "[gid 109]\nuri = q:///1\nfrom = remote\n",
		OUTCOME_CONDITION,
		"member, but from = remote and this is local", KEY_FROM,
		"remote" },
	{ "uids", "[user alice]\nuri = q:///1\nuids = 1-9, 2000-\n",
		OUTCOME_CONDITION, "uids = 1-9, 2000- and this is 1000",
		KEY_UIDS, "1-9, 2000-" },
	{ "a required group",
		"[others]\nuri = q:///1\nrequire_groups = kvm, staff\n",
		OUTCOME_CONDITION, "not in staff", KEY_REQUIRE_GROUPS,
		"kvm, staff", "staff" },
	{ "an excluded group",
		"[group kvm]\nuri = q:///1\nexclude_groups = staff, libvirt\n",
		OUTCOME_CONDITION, "member, but in libvirt", KEY_EXCLUDE_GROUPS,
		"staff, libvirt", "libvirt" },
	{ "the first condition that fails is told",
		"[others]\nuri = q:///1\nrequire_groups = staff\n"
		"from = remote\n",
		OUTCOME_CONDITION, "from = remote", KEY_FROM, "remote" },
	{ "a mistake is not told when a condition fails",
		"[others]\nx = y\nuids = z\nfrom = remote\n", OUTCOME_CONDITION,
		"from = remote", KEY_FROM, "remote" },

	{ "a trial", "[others]\nuri = q:///1\ntrial = yes\n", OUTCOME_TRIAL,
		"would set q:///1", .uri = "q:///1" },
	{ "a trial of none", "[others]\nuri = none\ntrial = yes\n",
		OUTCOME_TRIAL, "would set nothing" },
	{ "a trial of a mistake", "[others]\ntrial = yes\n", OUTCOME_TRIAL,
		"would set nothing: this rule has no 'uri'" },
	{ "a mistake", "[others]\nuri = q:///1\nfoo = bar\n", OUTCOME_MISTAKE,
		"unknown key 'foo'" },
	{ "a repeated header",
		"[others]\nuri = q:///1\n[others]\nuri = q:///2\n",
		OUTCOME_MISTAKE, "this header stands in line 3" },
	{ "a failed look-up", "[group staff]\nuri = q:///1\n", OUTCOME_UNKNOWN,
		"cannot be looked up",
		.failure = { FAKE_LIST_GIDS, NULL, 0, EIO } },
	{ "a failed look-up for uid 0", "[group staff]\nuri = q:///1\n",
		OUTCOME_NOT_ROOT, "uid 0", .user = "root",
		.failure = { FAKE_LIST_GIDS, NULL, 0, EIO } },
	{ "foreign text is printable", "[others]\nuri = q:///1\n\xff\x1b = y\n",
		OUTCOME_MISTAKE, "'\\xff\\x1b'" },
	{ "membership that is unknown is not called membership",
		"[group staff]\nuri = q:///1\nfrom = remote\n",
		OUTCOME_CONDITION, NULL, KEY_FROM, "remote",
		.failure = { FAKE_LIST_GIDS, NULL, 0, EIO } },
};

static void
assert_same(const char *text, const char *want)
{
	if (want == NULL) {
		assert_null(text);
		return;
	}
	assert_non_null(text);
	assert_string_equal(text, want);
}

static void
check(const struct row *row, const struct situation *situation)
{
	const struct rule *rule = situation->policy->rules[0];
	struct judgement judgement;
	char *told;

	assert_int_equal(rule_judge(situation, rule, &judgement), 0);
	assert_int_equal(judgement.outcome, row->outcome);
	assert_same(judgement.uri, row->uri);
	assert_same(judgement.value, row->value);
	assert_same(judgement.group, row->group);
	if (row->outcome == OUTCOME_CONDITION) {
		assert_int_equal(judgement.key, row->key);
		assert_int_equal(judgement.remarks.count, 0);
	}
	told = judgement_explain(situation, rule, &judgement);
	if (row->explanation != NULL)
		fake_assert_says(told, row->explanation);
	else
		assert_null(strstr(told, "member"));
	free(told);
	judgement_clear(&judgement);
	assert_null(judgement.uri);
	judgement_clear(&judgement);
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct fake fake = {
		.users = users,
		.groups = groups,
		.failure = row->failure,
	};
	struct facts facts = fake_facts(&fake);
	struct situation situation = {
		.policy = fake_policy(row->text),
		.request = { .service = row->service, .rhost = row->rhost },
	};

	assert_true(situation.policy->is_usable);
	assert_int_equal(subject_new(&facts, row->user ? row->user : "alice",
				 &situation.subject),
		0);
	check(row, &situation);
	subject_free(situation.subject);
	policy_free((struct policy *)(uintptr_t)situation.policy);
}

/* A process that may open nothing more is judged like any other. */
static void
test_no_descriptors(void **state)
{
	struct fake fake = { .users = users, .groups = groups };
	struct facts facts = fake_facts(&fake);
	struct policy *policy = fake_policy("[others]\nuri = q:///1\n");
	struct situation situation = { .policy = policy };
	struct judgement judgement;

	(void)state;
	assert_int_equal(subject_new(&facts, "alice", &situation.subject), 0);
	fake_limit(0);
	assert_int_equal(
		rule_judge(&situation, policy->rules[0], &judgement), 0);
	fake_unlimit();
	assert_int_equal(judgement.outcome, OUTCOME_URI);
	assert_string_equal(judgement.uri, "q:///1");
	judgement_clear(&judgement);
	subject_free(situation.subject);
	policy_free(policy);
}

static const struct decides_row {
	const char *name;
	enum outcome outcome;
	bool decides;
} decides_rows[] = {
	{ "uid 0", OUTCOME_NOT_ROOT, false },
	{ "other people", OUTCOME_NO_MATCH, false },
	{ "a condition", OUTCOME_CONDITION, false },
	{ "a trial", OUTCOME_TRIAL, false },
	{ "a URI", OUTCOME_URI, true },
	{ "none", OUTCOME_NONE, true },
	{ "a mistake", OUTCOME_MISTAKE, true },
	{ "unknown", OUTCOME_UNKNOWN, true },
};

static void
test_decides(void **state)
{
	const struct decides_row *row = *state;

	assert_int_equal(outcome_decides(row->outcome), row->decides);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "judge", test_row, SUITE_ROWS(rows));
	suite_add_one(&suite, "no descriptors", test_no_descriptors);
	suite_add(&suite, "decides", test_decides, SUITE_ROWS(decides_rows));
	return suite_run(&suite, "judge");
}
