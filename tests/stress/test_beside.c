/* SPDX-License-Identifier: MIT */
/*
 * The module in one stack with pam_env and pam_access, in every order, loaded
 * and unloaded with each session: the three share a process, and a libeconf
 * where Linux-PAM is built with it. What each of them does is as it would be
 * alone.
 *
 * VIRTURI_BESIDE: the directory of the other two and of their libpam, as
 * tests/stress/beside builds them; without it they are this host's.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_appl.h>

#include "../../policy/countof.h"
#include "../pam/stack.h"

#define SESSIONS 1000UL
#define THREADS  4

static const char policy_lines[] = "[group libvirt]\n"
				   "uri = qemu+ssh://${user}@h/system\n"
				   "[others]\n"
				   "uri = test:///${uid}\n";
static const char access_lines[] = "# who may log in\n"
				   "+:alice carol:ALL\n"
				   "-:ALL:ALL\n";
static const char env_lines[] = "# for everybody\n"
				"FROM_CONF DEFAULT=of-@{PAM_USER}\n";
static const char environment_lines[] = "FROM_FILE=\"two words\"\n";

/* What pam_access says, and what the other two set in any case. */
static const struct person {
	const char *name;
	bool is_let_in;
	const char *uri;
	const char *from_conf;
} people[] = {
	{ "alice", true, "qemu+ssh://alice@h/system", "of-alice" },
	{ "bob", false, "test:///71002", "of-bob" },
	{ "carol", true, "test:///71003", "of-carol" },
	{ "dave", false, "test:///71004", "of-dave" },
};

/* In which they stand in the stack. */
static const int orders[][3] = {
	{ 0, 1, 2 },
	{ 0, 2, 1 },
	{ 1, 0, 2 },
	{ 1, 2, 0 },
	{ 2, 0, 1 },
	{ 2, 1, 0 },
};

static struct stack stack;
static struct policy_text policy;

static bool
is_variable(
	const struct outcome *outcome, const char *name, const char *expected)
{
	const char *value = outcome_getenv(outcome, name);

	return value != NULL && strcmp(value, expected) == 0;
}

static bool
is_right(const struct person *person, const struct outcome *outcome)
{
	return (outcome->opened == PAM_SUCCESS) == person->is_let_in &&
		outcome->conversations == 0 &&
		is_variable(outcome, VARIABLE, person->uri) &&
		is_variable(outcome, "FROM_CONF", person->from_conf) &&
		is_variable(outcome, "FROM_FILE", "two words");
}

static void
describe(const struct outcome *outcome, char *text, size_t size)
{
	const char *uri = outcome_getenv(outcome, VARIABLE);
	const char *conf = outcome_getenv(outcome, "FROM_CONF");
	const char *file = outcome_getenv(outcome, "FROM_FILE");

	snprintf(text, size, "opened %d, '%s', '%s', '%s'; log: %s",
		outcome->opened, uri != NULL ? uri : "none",
		conf != NULL ? conf : "none", file != NULL ? file : "none",
		outcome->log.count > 0 ? outcome->log.lines[0].text : "");
}

struct job {
	pthread_t thread;
	unsigned long first, sessions, wrong;
	char first_wrong[512];
};

static void *
open_sessions(void *context)
{
	struct job *job = context;

	for (unsigned long i = job->first; i < job->first + job->sessions;
		i++) {
		const struct person *person = &people[i % countof(people)];
		/* each person in each order */
		char *service =
			format_text("order%zu", (i + i / 4) % countof(orders));
		struct session session = { .service = service,
			.user = person->name };
		struct outcome outcome;

		session_run(&stack, &session, &outcome);
		if (!is_right(person, &outcome) && job->wrong++ == 0)
			describe(&outcome, job->first_wrong,
				sizeof(job->first_wrong));
		outcome_clear(&outcome);
		free(service);
	}
	return NULL;
}

static unsigned long
sessions_wanted(void)
{
	const char *wanted = getenv("VIRTURI_SESSIONS");
	unsigned long sessions =
		wanted != NULL ? strtoul(wanted, NULL, 10) : SESSIONS;

	return sessions < SESSIONS ? sessions : SESSIONS;
}

static void
judge(const struct job *job)
{
	if (job->wrong > 0)
		fail_msg("%lu of %lu sessions are wrong; the first: %s",
			job->wrong, job->sessions, job->first_wrong);
}

static void
test_one_thread(void)
{
	struct job job = { .sessions = sessions_wanted() };
	unsigned int descriptors = count_descriptors();

	open_sessions(&job);
	judge(&job);
	assert_int_equal(count_descriptors(), descriptors);
}

static void
test_threads(void)
{
	struct job jobs[THREADS];
	unsigned int descriptors = count_descriptors();

	for (size_t i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){ .first = i * 7,
			.sessions = sessions_wanted() };
		assert_int_equal(pthread_create(&jobs[i].thread, NULL,
					 open_sessions, &jobs[i]),
			0);
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		judge(&jobs[i]);
	assert_int_equal(count_descriptors(), descriptors);
}

struct row {
	const char *name;
	void (*run)(void);
};

static void
test_row(void **state)
{
	const struct row *row = *state;

	row->run();
}

/* The stack's line for one of the three. */
static char *
format_line(int which)
{
	const char *beside = getenv("VIRTURI_BESIDE");
	const char *slash = beside != NULL ? "/" : "";
	char *module, *line;

	if (beside == NULL)
		beside = "";
	switch (which) {
	case 0:
		module = build_path("pam_virturi.so");
		line = format_text(
			"session required %s policy=%s\n", module, policy.path);
		free(module);
		return line;
	case 1:
		return format_text("session required %s%spam_env.so "
				   "conffile=%s/env.conf "
				   "envfile=%s/environment\n",
			beside, slash, stack.directory, stack.directory);
	default:
		return format_text("session required %s%spam_access.so "
				   "accessfile=%s/access.conf\n",
			beside, slash, stack.directory);
	}
}

static void
write_stack(size_t number)
{
	const int *order = orders[number];
	char *service = format_text("order%zu", number);
	char *lines[3], *text;

	for (size_t i = 0; i < countof(lines); i++)
		lines[i] = format_line(order[i]);
	text = format_text("%s%s%s", lines[0], lines[1], lines[2]);
	stack_write(&stack, service, text);
	for (size_t i = 0; i < countof(lines); i++)
		free(lines[i]);
	free(text);
	free(service);
}

static int
begin(void **state)
{
	(void)state;
	names_use("names");
	stack = stack_new();
	policy = policy_text_new(policy_lines, 0644);
	stack_write(&stack, "access.conf", access_lines);
	stack_write(&stack, "env.conf", env_lines);
	stack_write(&stack, "environment", environment_lines);
	for (size_t i = 0; i < countof(orders); i++)
		write_stack(i);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	policy_text_end(&policy);
	stack_end(&stack);
	return 0;
}

int
main(void)
{
	static const struct row rows[] = {
		{ "1,000 loads beside pam_env and pam_access",
			test_one_thread },
		{ "1,000 loads beside them in each of four threads",
			test_threads },
	};
	static const struct row_table table = {
		.name = "beside",
		.rows = rows,
		.size = sizeof(rows[0]),
		.count = countof(rows),
		.test = test_row,
		.begin = begin,
		.end = end,
	};

	return row_table_run(&table);
}
