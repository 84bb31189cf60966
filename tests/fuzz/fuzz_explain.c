/* SPDX-License-Identifier: MIT */
/*
 * explain and uri against the module's question. For the same policy, user and
 * session they give the same URI, by the same rule, and say that something is
 * wrong exactly when the module logs it.
 */
#include "grammar.h"

#include <stdlib.h>
#include <string.h>

#include "../../policy/ask.h"
#include "spoken.h"

#define FILES_MAX 3

/* --- The policy --------------------------------------------------------------
 */

static const char *paths[FILES_MAX + 1];

/* The linker's names; see tests/unit/alloc.c. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
int __real_policy_load(const struct policy_where *where, struct policy **ret);
int __wrap_policy_load(const struct policy_where *where, struct policy **ret);

/* These files, wherever anybody looks for a policy. */
int
__wrap_policy_load(const struct policy_where *where, struct policy **ret)
{
	const struct policy_where here = { .candidates = paths };

	(void)where;
	return __real_policy_load(&here, ret);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

static void
make_policy(struct take *take)
{
	unsigned int files = 1 + take_below(take, FILES_MAX);

	memset(paths, 0, sizeof(paths));
	for (unsigned int i = 0; i < files; i++) {
		size_t size = 0;
		char *text = grammar_make_policy(take, &size);

		paths[i] = fuzz_file(i, text, size);
		free(text);
	}
}

/* --- The module's answer -----------------------------------------------------
 */

struct reply {
	char *uri, *path; /* and of the rule that decides */
	unsigned int line;
	bool is_unknown; /* whether that rule applies */
	bool is_wrong; /* something is, said the log */
};

static void
keep_line(void *context, enum remark_severity severity, const char *line)
{
	struct reply *reply = context;

	MUST(fuzz_is_printable(line));
	MUST(severity >= REMARK_ERROR && severity <= REMARK_NOTICE);
	if (strstr(line, "is left alone") != NULL ||
		strstr(line, "nobody gets a URI") != NULL)
		reply->is_wrong = true;
}

static int
keep_rule(void *context, const struct situation *situation,
	const struct rule *rule, const struct judgement *judgement,
	bool decides)
{
	struct reply *reply = context;

	(void)situation;
	if (!decides)
		return 0;
	MUST(reply->path == NULL);
	reply->path = strdup(rule->path);
	MUST(reply->path != NULL);
	reply->line = rule->line;
	reply->is_unknown = judgement->outcome == OUTCOME_UNKNOWN;
	return 0;
}

static struct reply
ask(const char *user, struct request request)
{
	struct reply reply = { 0 };
	const struct question question = {
		.user = user,
		.request = request,
		.witness = { .hear = keep_rule, .context = &reply },
		.reporter = { .say = keep_line, .context = &reply },
	};

	reply.uri = policy_ask(&question);
	return reply;
}

/* --- The command's -----------------------------------------------------------
 */

static void
check_rule(const json_t *rule, const struct reply *reply)
{
	if (reply->path == NULL) {
		MUST(json_is_null(rule));
		return;
	}
	MUST(strcmp(json_string_value(json_object_get(rule, "file")),
		     reply->path) == 0);
	MUST(json_integer_value(json_object_get(rule, "line")) == reply->line);
}

/* One of them decides, if one does; where it is not known whether, none. */
static void
check_rules(const json_t *rules, const struct reply *reply)
{
	size_t deciders = 0;

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);

		if (!json_is_true(json_object_get(rule, "decides")))
			continue;
		MUST(json_is_true(json_object_get(rule, "matched")));
		check_rule(rule, reply);
		deciders++;
	}
	MUST(deciders == (reply->path != NULL && !reply->is_unknown));
}

static void
check_document(const struct options *options, const struct reply *reply)
{
	struct spoken spoken = spoken_run(command_explain, options);
	json_t *document = spoken_parse(&spoken);
	const char *uri = json_string_value(json_object_get(document, "uri"));
	bool is_wrong = json_object_get(document, "error") != NULL;

	MUST((uri == NULL) == (reply->uri == NULL));
	MUST(uri == NULL || strcmp(uri, reply->uri) == 0);
	/* whoever is unknown is asked about only where there is a rule */
	MUST(is_wrong == reply->is_wrong ||
		json_is_null(json_object_get(document, "uid")));
	MUST((spoken.status == STATUS_OK) == !is_wrong);
	MUST((spoken.status == STATUS_UNKNOWN) == is_wrong);
	check_rule(json_object_get(document, "rule"), reply);
	check_rules(json_object_get(document, "rules"), reply);
	json_decref(document);
	spoken_clear(&spoken);
}

/* The URI on a line of its own, and among others. */
static void
check_text(struct options options, const struct reply *reply)
{
	struct spoken alone, explained;
	char *line = NULL;

	options.json = false;
	alone = spoken_run(command_uri, &options);
	explained = spoken_run(command_explain, &options);
	if (reply->uri == NULL) {
		MUST(alone.out[0] == '\0');
		MUST(alone.status != STATUS_OK);
	} else {
		MUST(asprintf(&line, "\n  %s\n", reply->uri) > 0);
		MUST(strstr(explained.out, line) != NULL);
		MUST(strcmp(alone.out, line + 3) == 0);
		MUST(alone.status == STATUS_OK);
	}
	free(line);
	spoken_clear(&alone);
	spoken_clear(&explained);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take take = { data, size };
	struct request request = grammar_request(&take);
	struct fake people = grammar_people(&take);
	const char *user = grammar_user(&take);
	struct options options = {
		.user = user,
		.service = request.service,
		.rhost = request.rhost,
		.root = spoken_root(),
		.json = true,
		.verbose = take_below(&take, 2),
	};
	bool wants_text = take_one_in(&take, 4);
	struct reply reply;
	size_t descriptors;

	grammar_lose_users(&take, &people);
	make_policy(&take);
	grammar_use_people(&people);
	descriptors = fake_descriptors();
	reply = ask(user, request);
	check_document(&options, &reply);
	if (wants_text)
		check_text(options, &reply);
	free(reply.uri);
	free(reply.path);
	MUST(fake_descriptors() == descriptors);
	return 0;
}
