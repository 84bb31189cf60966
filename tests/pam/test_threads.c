/* SPDX-License-Identifier: MIT */
/*
 * Four threads, each with a PAM handle of its own, open sessions at the same
 * time, as some login daemons do. Each must get its own user's URI and its own
 * user's lines in the log; ThreadSanitizer sees the rest.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <security/pam_appl.h>

#include "stack.h"

#define SESSIONS 100UL

/* A user, what they get, and the one line that is logged, if any. */
static const struct row {
	const char *name;
	const char *user;
	const char *uri; /* NULL: none */
	const char *line; /* NULL: none */
} rows[] = {
	{ "a member", "alice", "qemu:///system?u=alice", NULL },
	{ "on trial", "bob", "test:///71002", "would set x:/bob" },
	{ "2,000 groups", "ivan", "x:/ivan", NULL },
	{ "a failed look-up", "karl", NULL, "of 'karl' cannot be looked up" },
};

#define THREADS (sizeof(rows) / sizeof(rows[0]))

static const char policy_lines[] = "[group libvirt]\n"
				   "uri = qemu:///system?u=${user}\n"
				   "[group bulk1999]\n"
				   "uri = x:/${user}\n"
				   "[group kvm]\n"
				   "uri = x:/${user}\n"
				   "trial = yes\n"
				   "[others]\n"
				   "uri = test:///${uid}\n";

static struct stack stack;
static struct policy_text policy;
static pthread_barrier_t start;

struct job {
	pthread_t thread;
	const struct row *row;
	unsigned long sessions;
	unsigned long wrong; /* sessions that were not as they should be */
	char first[256]; /* of these, what it was like */
};

static bool
is_as_expected(const struct row *row, const struct outcome *outcome)
{
	const char *uri = outcome_getenv(outcome, VARIABLE);
	size_t lines = row->line != NULL ? 1 : 0;

	if (outcome->opened != PAM_SUCCESS || outcome->conversations != 0 ||
		outcome->log.count != lines)
		return false;
	if (lines > 0 && !strstr(outcome->log.lines[0].text, row->line))
		return false;
	if (uri == NULL || row->uri == NULL)
		return uri == row->uri;
	return strcmp(uri, row->uri) == 0;
}

static void
describe(const struct outcome *outcome, char *text, size_t size)
{
	const char *uri = outcome_getenv(outcome, VARIABLE);

	snprintf(text, size, "opened %d, %s, %zu lines: %s", outcome->opened,
		uri != NULL ? uri : "none", outcome->log.count,
		outcome->log.count > 0 ? outcome->log.lines[0].text : "");
}

static void *
work(void *context)
{
	struct job *job = context;
	struct session session = { .service = "login", .user = job->row->user };

	pthread_barrier_wait(&start);
	for (unsigned long i = 0; i < job->sessions; i++) {
		struct outcome outcome;

		session_run(&stack, &session, &outcome);
		if (!is_as_expected(job->row, &outcome) && job->wrong++ == 0)
			describe(&outcome, job->first, sizeof(job->first));
		outcome_clear(&outcome);
	}
	return NULL;
}

static void
test_threads(void **state)
{
	const char *wanted = getenv("VIRTURI_SESSIONS");
	struct job jobs[THREADS];

	(void)state;
	pthread_barrier_init(&start, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){
			.row = &rows[i],
			.sessions = wanted != NULL ? strtoul(wanted, NULL, 10)
						   : SESSIONS,
		};
		assert_int_equal(
			pthread_create(&jobs[i].thread, NULL, work, &jobs[i]),
			0);
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
	pthread_barrier_destroy(&start);
	for (size_t i = 0; i < THREADS; i++) {
		if (jobs[i].wrong > 0)
			fail_msg("%s: %lu of %lu sessions are wrong; the "
				 "first: %s",
				rows[i].name, jobs[i].wrong, jobs[i].sessions,
				jobs[i].first);
	}
}

static int
begin(void **state)
{
	(void)state;
	names_use("names");
	policy = policy_text_new(policy_lines, 0644);
	stack = stack_new_login(&policy);
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
	static const struct {
		const char *name;
	} test = { "threads with a handle each" };
	static const struct row_table table = {
		.name = "threads",
		.rows = &test,
		.size = sizeof(test),
		.count = 1,
		.test = test_threads,
		.begin = begin,
		.end = end,
	};

	return row_table_run(&table);
}
