/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out at every single place. A session then gets no URI, or
 * the right one; never a wrong one, no crash, no leak, no open descriptor.
 */
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/content.h"
#include "../../policy/decide.h"
#include "../../policy/uri.h"
#include "alloc.h"

static const struct fake_user users[] = {
	{ "alice", 1000, 1000, "/home/alice" },
	{ NULL },
};

static const struct fake_group groups[] = {
	{ "alice", 1000, NULL },
	{ "libvirt", 108, "alice", "LIBVIRT" },
	{ "kvm", 109, "alice" },
	{ "sssd", 110, "alice", .hides_members = true },
	{ "staff", 50, NULL },
	/* more names than fit at first: g13 is the 17th */
	{ "g1", 201, "alice" },
	{ "g2", 202, "alice" },
	{ "g3", 203, "alice" },
	{ "g4", 204, "alice" },
	{ "g5", 205, "alice" },
	{ "g6", 206, "alice" },
	{ "g7", 207, "alice" },
	{ "g8", 208, "alice" },
	{ "g9", 209, "alice" },
	{ "g10", 210, "alice" },
	{ "g11", 211, "alice" },
	{ "g12", 212, "alice" },
	{ "g13", 213, "alice" },
	{ "g14", 214, "alice" },
	{ NULL },
};

/* Behind what is asked a rule that must not decide in its place. */
#define OTHERS "[others]\nuri = q:///wrong\n"

static const struct row {
	const char *name, *text, *dropin;
	enum verdict verdict;
	const char *uri;
	bool has_failure; /* the list of groups cannot be had */
} rows[] = {
	{ "a user", "[user alice]\nuri = q:///1\n" OTHERS, NULL, VERDICT_URI,
		"q:///1" },
	{ "a group by record", "[group libvirt]\nuri = q:///1\n" OTHERS, NULL,
		VERDICT_URI, "q:///1" },
	{ "a group by its gid's name",
		"[group sssd]\nuri = q:///${group}\n" OTHERS, NULL, VERDICT_URI,
		"q:///sssd" },
	{ "the first group that does not fit",
		/* more than are looked up by record */
		"[group no1]\nuri = x\n[group no2]\nuri = x\n"
		"[group no3]\nuri = x\n[group no4]\nuri = x\n"
		"[group no5]\nuri = x\n[group no6]\nuri = x\n"
		"[group g13]\nuri = q:///${group}\n" OTHERS,
		NULL, VERDICT_URI, "q:///g13" },
	{ "a gid and its name",
		"[gid 110]\nuri = q://${user}@h/${home}?g=${group}\n" OTHERS,
		NULL, VERDICT_URI, "q://alice@h//home/alice?g=sssd" },
	{ "groups required and excluded",
		"[group libvirt]\nuri = q:///${group}\n"
		"require_groups = kvm, sssd\nexclude_groups = staff\n" OTHERS,
		NULL, VERDICT_URI, "q:///libvirt" },
	{ "every condition holds",
		"[group kvm]\nuri = q:///1\nservices = a, sshd\n"
		"from = remote\nuids = 1000-, 5\nrequire_groups = libvirt\n"
		"exclude_groups = staff\ntrial = no\n" OTHERS,
		NULL, VERDICT_URI, "q:///1" },
	{ "conditions fail",
		"[group kvm]\nuri = q:///wrong\nexclude_groups = libvirt\n"
		"[group libvirt]\nuri = q:///wrong\nrequire_groups = staff\n"
		"[others]\nuri = q:///1\n",
		NULL, VERDICT_URI, "q:///1" },
	{ "no member", "[group staff]\nuri = q:///wrong\n", NULL,
		VERDICT_NO_RULE },
	{ "no member, others",
		"[group staff]\nuri = q:///wrong\n"
		"[others]\nuri = q:///1\n",
		NULL, VERDICT_URI, "q:///1" },
	{ "none", "[group kvm]\nuri = none\n" OTHERS, NULL, VERDICT_NONE },
	{ "a mistake in a line", "[group kvm]\nfoo\nuri = q:///wrong\n" OTHERS,
		NULL, VERDICT_MISTAKE },
	{ "a mistake in a condition",
		"[group kvm]\nuri = q:///wrong\nuids = x\n" OTHERS, NULL,
		VERDICT_MISTAKE },
	{ "a mistake in a template", "[group kvm]\nuri = q:///${name}\n" OTHERS,
		NULL, VERDICT_MISTAKE },
	{ "a mistake in a URI", "[group kvm]\nuri = q:// \n" OTHERS, NULL,
		VERDICT_URI, "q://" },
	{ "many mistakes",
		"[group kvm]\na\nb = c\nuri = q\nfrom = x\nfrom = y\n" OTHERS,
		NULL, VERDICT_MISTAKE },
	{ "a repeated header",
		"[group kvm]\nuri = q:///2\n[group kvm]\nuri = q:///3\n" OTHERS,
		NULL, VERDICT_MISTAKE },
	{ "a trial",
		"[group kvm]\nuri = q:///wrong\ntrial = yes\n"
		"[others]\nuri = q:///1\n",
		NULL, VERDICT_URI, "q:///1" },
	{ "a trial of none and a trial of a mistake",
		"[group kvm]\nuri = none\ntrial = yes\n"
		"[group libvirt]\nuri = x\ntrial = yes\n"
		"[others]\nuri = q:///1\n",
		NULL, VERDICT_URI, "q:///1" },
	{ "a failed look-up", "[group staff]\nuri = q:///wrong\n" OTHERS, NULL,
		VERDICT_UNKNOWN, .has_failure = true },
	{ "another spelling",
		"[group LIBVIRT]\nuri = q:///wrong\n"
		"[others]\nuri = q:///1\n",
		NULL, VERDICT_URI, "q:///1" },
	{ "two files", OTHERS, "[others]\nuri = q:///1\n", VERDICT_URI,
		"q:///1" },
	{ "two kinds in two files", OTHERS,
		"[user bob]\nuri = none\n[gid 109]\nuri = q:///1\n",
		VERDICT_URI, "q:///1" },
	{ "an unusable file", "[group kvm]\nuri = q:///wrong\n[foo]\n", NULL,
		VERDICT_UNUSABLE },
	{ "many faults in files", "foo\n[bar]\n[gid x]\n[user ]\n",
		"[group a#b]\n[others", VERDICT_UNUSABLE },
	{ "no policy", NULL, NULL, VERDICT_NO_RULE },
	{ "a mask", "", NULL, VERDICT_NO_RULE },
};

/* As -ENOMEM, or what came of it. */
struct outcome_of_run {
	int result;
	enum verdict verdict;
	char uri[128];
};

/* A witness that explains all rules, so that this is tried too. */
static int
explain(void *context, const struct situation *situation,
	const struct rule *rule, const struct judgement *judgement,
	bool decides)
{
	(void)context;
	(void)decides;
	free(judgement_explain(situation, rule, judgement));
	return 0;
}

static void
check_texts(const struct remarks *remarks)
{
	for (size_t i = 0; i < remarks->count; i++)
		assert_non_null(remarks->list[i].text);
}

static void
decide(const struct policy *policy, struct fake *fake, bool wants_all,
	struct outcome_of_run *ret)
{
	struct facts facts = fake_facts(fake);
	struct witness witness = { .hear = explain, .wants_all = wants_all };
	struct situation situation = {
		.policy = policy,
		.request = { .service = "sshd", .rhost = "192.0.2.1" },
	};
	struct decision decision;

	ret->result = subject_new(&facts, "alice", &situation.subject);
	if (ret->result < 0)
		return;
	ret->result = policy_decide(
		&situation, wants_all ? &witness : NULL, &decision);
	if (ret->result == 0) {
		check_texts(&decision.remarks);
		ret->verdict = decision.verdict;
		snprintf(ret->uri, sizeof(ret->uri), "%s",
			decision.uri ? decision.uri : "");
		decision_clear(&decision);
	}
	subject_free(situation.subject);
}

static void
load_and_decide(const struct row *row, const char *root, bool wants_all,
	struct outcome_of_run *ret)
{
	struct policy_where where = fake_where(root);
	struct policy *policy = NULL;
	struct fake fake = { .users = users, .groups = groups };

	*ret = (struct outcome_of_run){ 0 };
	if (row->has_failure)
		fake.failure =
			(struct fake_failure){ FAKE_LIST_GIDS, NULL, 0, EIO };
	ret->result = policy_load(&where, &policy);
	if (ret->result < 0) {
		assert_null(policy);
		return;
	}
	check_texts(&policy->remarks);
	decide(policy, &fake, wants_all, ret);
	policy_free(policy);
}

/* No URI, or the one that is right. */
static void
check_short(const struct row *row, const struct outcome_of_run *run)
{
	if (run->result != 0) {
		assert_int_equal(run->result, -ENOMEM);
		return;
	}
	if (run->verdict == VERDICT_URI) {
		assert_int_equal(row->verdict, VERDICT_URI);
		assert_string_equal(run->uri, row->uri);
	} else {
		assert_string_equal(run->uri, "");
	}
}

/* Fails the n-th allocation; false when there are not so many. */
static bool
run_short(const struct row *row, const char *root, unsigned long n,
	unsigned int how)
{
	size_t descriptors = fake_descriptors();
	struct outcome_of_run run;
	bool has_failed;
	size_t live;

	alloc_watch();
	alloc_fail(n, how & 1);
	load_and_decide(row, root, how & 2, &run);
	has_failed = alloc_count() >= n;
	alloc_fail(0, false);
	live = alloc_unwatch();
	if (!has_failed) {
		assert_int_equal(run.result, 0);
		assert_int_equal(run.verdict, row->verdict);
		assert_string_equal(run.uri, row->uri ? row->uri : "");
		return false;
	}
	if (alloc_sees_free() && live > 0)
		fail_msg("%zu leaked when allocation %lu fails", live, n);
	assert_int_equal(fake_descriptors(), descriptors);
	check_short(row, &run);
	return true;
}

static void
test_short(void **state)
{
	const struct row *row = *state;
	const char *root = fake_root(NULL);

	if (row->text != NULL)
		fake_write(root, "usr/share/virturi/virturi.conf", row->text);
	if (row->dropin != NULL)
		fake_write(root, "etc/security/virturi.conf.d/1.conf",
			row->dropin);
	/* one fails, or all behind it too; the rules behind are judged, or not
	 */
	for (unsigned int how = 0; how < 4; how++) {
		unsigned long n = 1;

		while (run_short(row, root, n, how))
			n++;
		fake_assert_between(n, 3, 1000);
	}
}

/* Nothing lives on when nothing fails, either. */
static void
test_enough(void **state)
{
	const struct row *row = *state;
	const char *root = fake_root(NULL);
	struct outcome_of_run run;

	if (row->text != NULL)
		fake_write(root, "usr/share/virturi/virturi.conf", row->text);
	if (row->dropin != NULL)
		fake_write(root, "etc/security/virturi.conf.d/1.conf",
			row->dropin);
	alloc_watch();
	load_and_decide(row, root, true, &run);
	assert_true(alloc_unwatch() == 0 || !alloc_sees_free());
	assert_int_equal(run.verdict, row->verdict);
}

/* A single file goes another way. */
static void
test_single_short(void **state)
{
	const char *root = fake_root(NULL);
	char path[2048];
	struct policy_where where = { .file = path };
	struct policy *policy;
	int r = -ENOMEM;

	(void)state;
	fake_write(root, "policy", "[others]\nuri = q:///1\n");
	snprintf(path, sizeof(path), "%s/policy", root);
	for (unsigned long n = 1; r < 0; n++) {
		size_t descriptors = fake_descriptors();

		policy = NULL;
		alloc_watch();
		alloc_fail(n, false);
		r = policy_load(&where, &policy);
		alloc_fail(0, false);
		if (r < 0) {
			assert_int_equal(r, -ENOMEM);
			assert_null(policy);
		}
		policy_free(policy);
		assert_true(alloc_unwatch() == 0 || !alloc_sees_free());
		assert_int_equal(fake_descriptors(), descriptors);
	}
}

/* A refusal that cannot be said is not a policy that may be used. */
static void
test_refusal_short(void **state)
{
	const struct fake_node *node = *state;
	const char *root = fake_root(NULL);
	struct policy_where where = fake_where(root);
	struct policy *policy = NULL;
	int r = -ENOMEM;

	fake_write(root, "usr/share/virturi/virturi.conf",
		"[others]\nuri = q:///wrong\n");
	fake_make(root, node);
	for (unsigned long n = 1; r < 0; n++) {
		alloc_fail(n, false);
		r = policy_load(&where, &policy);
		alloc_fail(0, false);
		if (r < 0)
			assert_int_equal(r, -ENOMEM);
	}
	if (policy == NULL)
		fail();
	else
		assert_false(policy->is_usable);
	policy_free(policy);
}

static const struct fake_node refused[] = {
	{ "etc/security/virturi.conf", "", .mode = 0666 },
	{ "etc/security/virturi.conf", "", .mode = 0664 },
	{ "etc/security/virturi.conf", NULL, FAKE_FIFO },
	{ "etc/security/virturi.conf", "nowhere", FAKE_LINK },
	{ "etc/security/virturi.conf.d", "nothing" },
};

static void
test_uri_short(void **state)
{
	char *fault = NULL, *uri = NULL;

	(void)state;
	alloc_fail(1, true);
	assert_int_equal(
		uri_check_template("q:///${x}", true, &fault), -ENOMEM);
	assert_int_equal(uri_check_template("q:///", true, &fault), -ENOMEM);
	assert_int_equal(uri_check_template("q", true, &fault), -ENOMEM);
	assert_int_equal(
		uri_expand("q:///", &(struct uri_values){ 0 }, &uri, &fault),
		-ENOMEM);
	alloc_fail(0, false);
	assert_null(fault);
	assert_null(uri);
}

/* What these tests see: with --wrap=free in the Makefile's WRAP, all. */
static void
test_sees_free(void **state)
{
	(void)state;
	if (!alloc_sees_free())
		fail_msg("the Makefile's WRAP lacks %s", "--wrap=free");
}

static void
test_sees_formatting(void **state)
{
	char *text = NULL;

	(void)state;
	alloc_fail(1, true);
	if (asprintf(&text, "%d", 1) >= 0)
		fail_msg("the Makefile's WRAP lacks %s",
			"--wrap=__asprintf_chk,--wrap=__vasprintf_chk");
	alloc_fail(0, false);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add_one(&suite, "freeing is seen", test_sees_free);
	suite_add_one(&suite, "formatting is seen", test_sees_formatting);
	suite_add(&suite, "memory is short", test_short, SUITE_ROWS(rows));
	suite_add(&suite, "memory is there", test_enough, SUITE_ROWS(rows));
	suite_add_one(&suite, "a single file", test_single_short);
	suite_add(&suite, "a refusal", test_refusal_short, SUITE_ROWS(refused));
	suite_add_one(&suite, "templates", test_uri_short);
	return suite_run(&suite, "alloc");
}
