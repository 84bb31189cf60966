/* SPDX-License-Identifier: MIT */
/*
 * From a tree of files to a decision. An input's bytes choose files of the
 * three layers, their types and modes, what stands in them, who asks, and for
 * which session. Which files count, which rules apply and which one decides
 * is found out a second time here, by virturi.conf(5) and the tables.
 */
#include "grammar.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../policy/content.h"
#include "../../policy/decide.h"
#include "../../policy/uri.h"
#include "rfc3986.h"

/* --- The tree ---------------------------------------------------------------
 */

static const char *const layers[LAYER_COUNT] = {
	"usr/share/virturi",
	"run/virturi",
	"etc/security",
};

/* The first is the main file; the last two are no policy's. */
static const char *const names[] = {
	"virturi.conf",
	"virturi.conf.d/10-a.conf",
	"virturi.conf.d/50-b.conf",
	"virturi.conf.d/virturi.conf",
	"virturi.conf.d/.hidden.conf",
	"virturi.conf.d/readme",
};

#define NAMES      6
#define GOOD_NAMES 4
#define FILES_MAX  5
#define OPEN       "[others]\nuri = qemu:///system\n"

enum type {
	TYPE_NONE, /* there is nothing */
	TYPE_FILE,
	TYPE_EMPTY,
	TYPE_NULL, /* a link to the null device */
	TYPE_LOST, /* a link that leads nowhere */
	TYPE_OPEN, /* a link to what its group may write */
	TYPE_FIFO,
	TYPE_DIRECTORY,
	TYPES,
};

/* What was put where. */
struct tree {
	const char *root;
	struct {
		enum type type;
		bool is_open; /* to its group */
	} nodes[LAYER_COUNT][NAMES];
	bool is_open[LAYER_COUNT][2]; /* the directory, and its drop-ins' */
};

static void
make_directory(const char *root, const char *name)
{
	MUST(mkdir(fake_path(root, name), 0755) == 0);
}

static void
make_file(const char *path, const char *text, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	MUST(fd >= 0);
	MUST(write(fd, text, size) == (ssize_t)size);
	MUST(fchmod(fd, mode) == 0);
	close(fd);
}

/* Made once, below $TMPDIR, which whoever started us removes. */
static const char *
make_root(void)
{
	static const char *const above[] = { "usr", "usr/share", "run", "etc" };
	static char root[1024];
	char name[64];

	if (root[0] != '\0')
		return root;
	snprintf(root, sizeof(root), "%s/policy.XXXXXX",
		getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	MUST(mkdtemp(root) != NULL);
	for (size_t i = 0; i < countof(above); i++)
		make_directory(root, above[i]);
	for (size_t i = 0; i < LAYER_COUNT; i++) {
		make_directory(root, layers[i]);
		snprintf(name, sizeof(name), "%s/virturi.conf.d", layers[i]);
		make_directory(root, name);
	}
	make_file(fake_path(root, "run/open"), OPEN, strlen(OPEN), 0664);
	return root;
}

static const char *
path_of(const struct tree *tree, size_t layer, size_t name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", layers[layer], names[name]);
	return fake_path(tree->root, path);
}

static const char *const link_targets[TYPES] = {
	[TYPE_NULL] = "/dev/null",
	[TYPE_LOST] = "x",
	[TYPE_OPEN] = "/run/open",
};

static void
make_node(struct tree *tree, struct take *take)
{
	static const enum type types[] = { TYPE_FILE, TYPE_FILE, TYPE_FILE,
		TYPE_FILE, TYPE_FILE, TYPE_FILE, TYPE_EMPTY, TYPE_NULL,
		TYPE_FILE, TYPE_LOST, TYPE_FILE, TYPE_DIRECTORY, TYPE_FILE,
		TYPE_OPEN, TYPE_FILE, TYPE_FIFO };
	size_t layer = take_below(take, LAYER_COUNT), size = 0;
	size_t name = take_below(take, NAMES);
	enum type type = take_one(take, types);
	mode_t mode = take_one_in(take, 32) ? 0664 : 0644;
	const char *path = path_of(tree, layer, name);
	char *text;

	if (tree->nodes[layer][name].type != TYPE_NONE)
		return;
	tree->nodes[layer][name].type = type;
	tree->nodes[layer][name].is_open = mode != 0644;
	if (type == TYPE_DIRECTORY) {
		MUST(mkdir(path, 0755) == 0);
	} else if (type == TYPE_FIFO) {
		MUST(mkfifo(path, mode) == 0);
	} else if (link_targets[type] != NULL) {
		MUST(symlink(link_targets[type], path) == 0);
	} else if (type == TYPE_EMPTY) {
		make_file(path, "", 0, mode);
	} else {
		text = grammar_make_policy(take, &size);
		make_file(path, text, size, mode);
		if (size == 0)
			tree->nodes[layer][name].type = TYPE_EMPTY;
		free(text);
	}
}

static void
set_modes(struct tree *tree, struct take *take)
{
	char dropins[64];

	for (size_t i = 0; i < LAYER_COUNT; i++) {
		tree->is_open[i][0] = take_one_in(take, 64);
		tree->is_open[i][1] = take_one_in(take, 64);
		snprintf(dropins, sizeof(dropins), "%s/virturi.conf.d",
			layers[i]);
		MUST(chmod(fake_path(tree->root, layers[i]),
			     tree->is_open[i][0] ? 0775 : 0755) == 0);
		MUST(chmod(fake_path(tree->root, dropins),
			     tree->is_open[i][1] ? 0777 : 0755) == 0);
	}
}

static struct tree
make_tree(struct take *take)
{
	struct tree tree = { .root = make_root() };
	unsigned int files = 1 + take_below(take, FILES_MAX);

	set_modes(&tree, take);
	for (unsigned int i = 0; i < files; i++)
		make_node(&tree, take);
	return tree;
}

static void
tree_clear(const struct tree *tree)
{
	for (size_t layer = 0; layer < LAYER_COUNT; layer++) {
		for (size_t name = 0; name < NAMES; name++) {
			if (tree->nodes[layer][name].type != TYPE_NONE)
				MUST(remove(path_of(tree, layer, name)) == 0);
		}
	}
}

/* --- Files ------------------------------------------------------------------
 */

/* What a file that is looked at comes to, as far as that is seen from here. */
static enum policy_file_state
expected_state(const struct tree *tree, size_t layer, size_t name)
{
	switch (tree->nodes[layer][name].type) {
	case TYPE_NULL:
		return FILE_MASK;
	case TYPE_EMPTY:
	case TYPE_FILE:
		if (tree->nodes[layer][name].is_open ||
			tree->is_open[layer][name > 0])
			return FILE_REFUSED;
		return tree->nodes[layer][name].type == TYPE_FILE
			? FILE_IN_FORCE
			: FILE_MASK;
	default:
		return FILE_REFUSED;
	}
}

/* The files of one name, the highest layer's first; the first behind them. */
static size_t
check_name(const struct tree *tree, size_t name, const struct policy *policy,
	size_t next, bool *is_good)
{
	const struct policy_file *winner = NULL;

	for (size_t layer = LAYER_COUNT; layer-- > 0;) {
		const struct policy_file *file;
		enum policy_file_state state;

		if (tree->nodes[layer][name].type == TYPE_NONE)
			continue;
		MUST(next < policy->n_files);
		file = &policy->files[next++];
		MUST(strcmp(file->path, path_of(tree, layer, name)) == 0);
		state = expected_state(tree, layer, name);
		if (winner != NULL) {
			MUST(file->by == winner);
			MUST(file->bytes == NULL && file->n_rules == 0);
			MUST(file->state ==
				(winner->state == FILE_MASK ? FILE_MASKED
							    : FILE_REPLACED));
		} else {
			/* a mistake in it is fuzz_scan's matter */
			MUST(file->state == state ||
				(state == FILE_IN_FORCE &&
					file->state == FILE_REFUSED));
			if (file->state == FILE_REFUSED ||
				tree->is_open[layer][name > 0])
				*is_good = false;
			winner = file;
		}
	}
	return next;
}

static void
check_files(const struct tree *tree, const struct policy *policy)
{
	bool is_good = true;
	size_t count = 0, rules = 0;

	for (size_t name = 0; name < GOOD_NAMES; name++)
		count = check_name(tree, name, policy, count, &is_good);
	MUST(policy->n_files == count);
	MUST(policy->is_usable == is_good);
	MUST(policy->is_usable == (policy->remarks.count == 0));
	for (size_t i = 0; i < policy->remarks.count; i++) {
		MUST(policy->remarks.list[i].severity == REMARK_ERROR);
		MUST(fuzz_is_printable(policy->remarks.list[i].text));
	}
	for (size_t i = 0; i < count; i++)
		rules += policy->files[i].n_rules;
	MUST(policy->n_rules == rules);
}

/* --- Rules ------------------------------------------------------------------
 */

static size_t
file_of(const struct policy *policy, const struct rule *rule)
{
	size_t i = 0;

	while (policy->files[i].path != rule->path)
		i++;
	return i;
}

static int
rank_of(const struct rule *rule)
{
	return rule->kind == RULE_USER ? 0 : rule->kind == RULE_OTHERS ? 2 : 1;
}

/* user before group before others, later files first, upper lines first */
static void
check_order(const struct policy *policy)
{
	for (size_t i = 1; i < policy->n_rules; i++) {
		const struct rule *a = policy->rules[i - 1];
		const struct rule *b = policy->rules[i];

		MUST(rank_of(a) <= rank_of(b));
		if (rank_of(a) < rank_of(b))
			continue;
		MUST(file_of(policy, a) >= file_of(policy, b));
		if (file_of(policy, a) == file_of(policy, b))
			MUST(a->line < b->line);
	}
}

/* A question, and what was heard while it was answered. */
struct session {
	const struct fake *people;
	const struct policy *policy;
	const struct rule *decider;
	size_t heard;
	unsigned int trials;
};

static bool
is_in_list(const char *list, const char *wanted)
{
	struct span rest = { list, strlen(list) }, item;

	while (text_next_item(&rest, &item)) {
		if (text_equals(item, wanted))
			return true;
	}
	return false;
}

static bool
is_in_ranges(const char *list, uint32_t uid)
{
	struct span rest = { list, strlen(list) }, item;
	uint32_t first, last;

	while (text_next_item(&rest, &item)) {
		if (content_parse_range(item, &first, &last) == NULL &&
			first <= uid && uid <= last)
			return true;
	}
	return false;
}

/* In how many of a list's groups is the user, and of how many? */
static size_t
count_groups(const struct fake *people, const char *user, const char *list,
	size_t *items)
{
	struct span rest = { list, strlen(list) }, item;
	size_t count = 0;

	*items = 0;
	while (text_next_item(&rest, &item)) {
		char *name = fuzz_text((const uint8_t *)item.start, item.size);

		count += fake_is_member(people, user, name);
		++*items;
		free(name);
	}
	return count;
}

static bool
holds(const struct session *session, const struct situation *situation,
	enum rule_key key, const char *value)
{
	const char *user = subject_name(situation->subject);
	size_t n, items;

	switch (key) {
	case KEY_SERVICES:
		return is_in_list(value, situation->request.service);
	case KEY_FROM:
		return request_is_remote(&situation->request) ==
			(strcmp(value, "remote") == 0);
	case KEY_UIDS:
		return is_in_ranges(value, subject_uid(situation->subject));
	case KEY_REQUIRE_GROUPS:
		n = count_groups(session->people, user, value, &items);
		return n == items;
	case KEY_EXCLUDE_GROUPS:
		n = count_groups(session->people, user, value, &items);
		return n == 0;
	default:
		return true;
	}
}

static bool
is_selected(const struct fake *people, const struct subject *subject,
	const struct rule *rule)
{
	const char *user = subject_name(subject);

	switch (rule->kind) {
	case RULE_USER:
		return strcmp(rule->name, user) == 0;
	case RULE_GROUP:
		return fake_is_member(people, user, rule->name);
	case RULE_GID:
		return grammar_has_gid(people, user, rule->gid);
	default:
		return true;
	}
}

static bool
has_twin(const struct policy *policy, const struct rule *rule)
{
	const struct policy_file *file = &policy->files[file_of(policy, rule)];
	size_t count = 0;

	for (size_t i = 0; i < file->n_rules; i++)
		count += rule_same_header(rule, &file->rules[i]);
	return count > 1;
}

/* What a rule that selects somebody says, by its content. */
static enum outcome
outcome_of(const struct session *session, const struct situation *situation,
	const struct rule *rule, const struct judgement *judgement)
{
	struct remarks mistakes = { 0 };
	struct content content;
	enum outcome outcome = OUTCOME_URI;

	if (has_twin(session->policy, rule))
		return OUTCOME_MISTAKE;
	MUST(content_read(rule, &content, &mistakes) == 0);
	if (content_sets_none(&content))
		outcome = OUTCOME_NONE;
	else if (judgement->outcome == OUTCOME_MISTAKE)
		outcome = OUTCOME_MISTAKE; /* perhaps only for this user */
	if (mistakes.count > 0)
		outcome = OUTCOME_MISTAKE;
	if (content_is_trial(&content))
		outcome = OUTCOME_TRIAL;
	for (enum rule_key key = 0; key < KEY_COUNT; key++) {
		if (content.values[key] != NULL &&
			!holds(session, situation, key, content.values[key]))
			outcome = OUTCOME_CONDITION;
	}
	if (judgement->outcome == OUTCOME_CONDITION)
		MUST(!holds(
			session, situation, judgement->key, judgement->value));
	content_clear(&content);
	remarks_clear(&mistakes);
	return outcome;
}

static void
check_judgement(const struct session *session,
	const struct situation *situation, const struct rule *rule,
	const struct judgement *judgement)
{
	bool is_root = subject_uid(situation->subject) == 0;
	bool is_certain = session->people->failure.error == 0;
	bool selects = is_selected(session->people, situation->subject, rule);

	if (is_root && rule->kind != RULE_USER) {
		MUST(judgement->outcome == OUTCOME_NOT_ROOT);
		return;
	}
	MUST(judgement->selected == ANSWER_UNKNOWN ||
		(judgement->selected == ANSWER_YES) == selects);
	MUST(!is_certain || judgement->selected != ANSWER_UNKNOWN);
	if (judgement->selected == ANSWER_NO) {
		MUST(judgement->outcome == OUTCOME_NO_MATCH);
		return;
	}
	if (judgement->outcome == OUTCOME_UNKNOWN) {
		MUST(!is_certain);
		return;
	}
	if (judgement->selected == ANSWER_YES && is_certain)
		MUST(judgement->outcome ==
			outcome_of(session, situation, rule, judgement));
}

static int
hear(void *context, const struct situation *situation, const struct rule *rule,
	const struct judgement *judgement, bool decides)
{
	struct session *session = context;
	char *why = judgement_explain(situation, rule, judgement);

	MUST(why != NULL && fuzz_is_printable(why));
	free(why);
	MUST(session->policy->rules[session->heard++] == rule);
	check_judgement(session, situation, rule, judgement);
	MUST(decides ==
		(session->decider == NULL &&
			judgement->outcome >= OUTCOME_URI));
	if (decides)
		session->decider = rule;
	if (session->decider == NULL)
		session->trials += judgement->outcome == OUTCOME_TRIAL;
	return 0;
}

/* --- Decisions --------------------------------------------------------------
 */

static unsigned int
count_remarks(const struct decision *decision, enum remark_severity severity)
{
	unsigned int count = 0;

	for (size_t i = 0; i < decision->remarks.count; i++)
		count += decision->remarks.list[i].severity == severity;
	return count;
}

static void
check_remarks(const struct decision *decision, unsigned int trials)
{
	unsigned int errors = count_remarks(decision, REMARK_ERROR);
	unsigned int warnings = count_remarks(decision, REMARK_WARNING);
	bool is_unknown = decision->verdict == VERDICT_UNKNOWN;

	for (size_t i = 0; i < decision->remarks.count; i++)
		MUST(fuzz_is_printable(decision->remarks.list[i].text));
	MUST((errors > 0) ==
		(decision->verdict == VERDICT_MISTAKE ||
			decision->verdict == VERDICT_UNUSABLE));
	/* one may be about a spelling */
	MUST(warnings >= is_unknown && warnings <= is_unknown + 1U);
	MUST(count_remarks(decision, REMARK_NOTICE) == trials);
	MUST((decision_find_cause(decision) != NULL) ==
		(errors > 0 || is_unknown));
}

static void
check_decision(const struct situation *situation, const struct session *session,
	const struct decision *decision)
{
	const struct policy *policy = situation->policy;

	MUST((decision->verdict == VERDICT_URI) == (decision->uri != NULL));
	MUST((decision->verdict == VERDICT_UNUSABLE) == !policy->is_usable);
	MUST(decision->rule == session->decider);
	MUST(session->heard == (policy->is_usable ? policy->n_rules : 0));
	check_remarks(decision, session->trials);
	if (decision->uri != NULL) {
		MUST(rfc3986_is_absolute(decision->uri));
		MUST(strlen(decision->uri) <= URI_MAX);
	}
	if (decision->rule == NULL)
		MUST(decision->verdict == VERDICT_NO_RULE ||
			decision->verdict == VERDICT_UNUSABLE);
	else if (subject_uid(situation->subject) == 0)
		MUST(decision->rule->kind == RULE_USER);
}

static void
compare(const struct decision *a, const struct decision *b)
{
	MUST(a->verdict == b->verdict);
	MUST((a->uri == NULL) == (b->uri == NULL));
	MUST(a->uri == NULL || strcmp(a->uri, b->uri) == 0);
	MUST((a->rule == NULL) == (b->rule == NULL));
	if (a->rule != NULL) {
		MUST(a->rule->line == b->rule->line);
		MUST(strcmp(a->rule->path, b->rule->path) == 0);
	}
	MUST(a->remarks.count == b->remarks.count);
	for (size_t i = 0; i < a->remarks.count; i++)
		MUST(strcmp(a->remarks.list[i].text, b->remarks.list[i].text) ==
			0);
}

/* Loads and decides, and checks both. The decision's rule is gone then. */
static void
decide(const struct tree *tree, struct fake *people, const char *user,
	struct request request)
{
	struct policy_where where = fake_where(tree->root);
	struct facts facts = fake_facts(people);
	struct situation situation = { .request = request };
	struct policy *policy = NULL, *again = NULL;
	struct session session = { .people = people };
	const struct witness witness = { hear, &session, true };
	struct decision decision, other;

	MUST(policy_load(&where, &policy) == 0);
	MUST(policy_load(&where, &again) == 0);
	check_files(tree, policy);
	check_order(policy);
	situation.policy = session.policy = policy;
	MUST(subject_new(&facts, user, &situation.subject) == 0);
	MUST(policy_decide(&situation, &witness, &decision) == 0);
	check_decision(&situation, &session, &decision);
	subject_free(situation.subject);

	situation.policy = again;
	MUST(subject_new(&facts, user, &situation.subject) == 0);
	MUST(policy_decide(&situation, NULL, &other) == 0);
	/* what is asked behind the decision may notice a spelling */
	if (count_remarks(&decision, REMARK_WARNING) ==
		count_remarks(&other, REMARK_WARNING))
		compare(&decision, &other);
	MUST(decision.verdict == other.verdict);
	subject_free(situation.subject);
	decision_clear(&decision);
	decision_clear(&other);
	policy_free(policy);
	policy_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take take = { data, size };
	struct request request = grammar_request(&take);
	struct fake people = grammar_people(&take);
	const char *user = grammar_user(&take);
	struct tree tree = make_tree(&take);
	size_t descriptors = fake_descriptors();

	if (strcmp(user, "nobody-here") != 0)
		decide(&tree, &people, user, request);
	decide(&tree, &people, "root", request);
	MUST(fake_descriptors() == descriptors);
	tree_clear(&tree);
	return 0;
}
