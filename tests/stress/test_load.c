/* SPDX-License-Identifier: MIT */
/*
 * A busy host: a thousand processes that each hold a session at the same time,
 * and a daemon whose four threads open a hundred thousand. Each session loads
 * the module, and each gets its own user's URI.
 *
 * VIRTURI_SESSIONS says how many sessions there are, and at most how many
 * processes.
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_appl.h>

#include "../../policy/countof.h"
#include "../pam/stack.h"

#define PROCESSES 1000UL
#define SESSIONS  100000UL
#define THREADS   4
#define PARTS     4

/* Before anything is measured: allocators fill up, and thread stacks. */
#define WARM_UP 2000UL

/* A row that takes longer hangs, even on a host that has much else to do. */
#define ROW_SECONDS_MAX 1200

/*
 * What may remain. The smallest block that glibc's allocator gives, 32 bytes
 * with its header, lost in each of 100,000 sessions, would be 3.2 MB; pages
 * that four arenas happen to keep are a tenth of that. Name services keep
 * nothing here: nscd is not asked, and the tests' own service caches nothing.
 */
#define RESIDENT_BYTES_MAX (1024L * 1024)

static const char policy_lines[] = "[user bob]\n"
				   "uri = x:/${user}\n"
				   "[group libvirt]\n"
				   "uri = qemu+ssh://${user}@h/system\n"
				   "require_groups = kvm\n"
				   "[others]\n"
				   "uri = test:///${uid}\n";

static const struct person {
	const char *name;
	const char *uri;
} people[] = {
	{ "alice", "qemu+ssh://alice@h/system" },
	{ "bob", "x:/bob" },
	{ "carol", "test:///71003" },
	{ "dave", "test:///71004" },
};

static struct stack stack;
static struct policy_text policy;

static unsigned long
at_most(unsigned long number)
{
	const char *wanted = getenv("VIRTURI_SESSIONS");
	unsigned long sessions =
		wanted != NULL ? strtoul(wanted, NULL, 10) : number;

	return sessions < number ? sessions : number;
}

/* --- Processes ------------------------------------------------------------ */

/* Nothing is written to the gates: they open when the parent closes them. */
struct gates {
	int begin[2]; /* a session is opened … */
	int opened[2]; /* … a byte says that its URI is right, or not … */
	int finish[2]; /* … and it is closed */
};

static void
wait_at(int gate)
{
	char byte;

	while (read(gate, &byte, 1) < 0 && errno == EINTR)
		;
}

static bool
is_variable(pam_handle_t *pamh, const char *uri)
{
	const char *is = pam_getenv(pamh, VARIABLE);

	return is != NULL && strcmp(is, uri) == 0;
}

/* The whole life of a process, which has never seen the module before. */
static __attribute__((noreturn)) void
live(const struct gates *gates, const struct person *person)
{
	const struct pam_conv conversation = { .conv = refuse_to_converse };
	pam_handle_t *pamh = NULL;
	struct log log;
	char byte = '-';

	alarm(ROW_SECONDS_MAX);
	close(gates->begin[1]);
	close(gates->finish[1]);
	wait_at(gates->begin[0]);
	names_use("names");
	log_begin(&log);
	if (pam_start_confdir("login", person->name, &conversation,
		    stack.directory, &pamh) == PAM_SUCCESS &&
		pam_open_session(pamh, 0) == PAM_SUCCESS &&
		is_variable(pamh, person->uri) && log.count == 0)
		byte = '+';
	if (write(gates->opened[1], &byte, 1) != 1)
		_exit(2);
	wait_at(gates->finish[0]);
	if (pam_close_session(pamh, 0) != PAM_SUCCESS ||
		pam_end(pamh, PAM_SUCCESS) != PAM_SUCCESS || log.count != 0)
		byte = '-';
	_exit(byte == '+' ? 0 : 1);
}

static void
begin_lives(const struct gates *gates, pid_t *pids, unsigned long count)
{
	fflush(stdout);
	for (unsigned long i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			live(gates, &people[i % countof(people)]);
		assert_true(pids[i] > 0);
	}
	close(gates->begin[0]);
	close(gates->opened[1]);
	close(gates->finish[0]);
}

static unsigned long
count_right(int opened, unsigned long count)
{
	unsigned long right = 0;
	char byte;

	/* what ends before it answers leaves fewer of them */
	for (unsigned long i = 0; i < count && read(opened, &byte, 1) == 1; i++)
		right += byte == '+';
	return right;
}

static unsigned long
count_good_ends(const pid_t *pids, unsigned long count)
{
	unsigned long good = 0;
	int status;

	for (unsigned long i = 0; i < count; i++) {
		if (waitpid(pids[i], &status, 0) == pids[i])
			good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	return good;
}

static void
test_processes(void)
{
	unsigned long count = at_most(PROCESSES), right, good;
	pid_t *pids = calloc(count, sizeof(*pids));
	struct gates gates;

	assert_non_null(pids);
	assert_int_equal(pipe(gates.begin), 0);
	assert_int_equal(pipe(gates.opened), 0);
	assert_int_equal(pipe(gates.finish), 0);
	begin_lives(&gates, pids, count);
	close(gates.begin[1]);
	right = count_right(gates.opened[0], count);
	/* now all of them have their session open */
	close(gates.finish[1]);
	good = count_good_ends(pids, count);
	close(gates.opened[0]);
	free(pids);
	printf("# %lu processes, %lu with the right URI, %lu ended well\n",
		count, right, good);
	assert_int_equal(right, count);
	assert_int_equal(good, count);
}

/* --- Threads -------------------------------------------------------------- */

struct job {
	pthread_t thread;
	const struct person *person;
	unsigned long sessions, wrong;
};

static void *
open_sessions(void *context)
{
	struct job *job = context;
	const struct session session = {
		.service = "login",
		.user = job->person->name,
	};

	for (unsigned long i = 0; i < job->sessions; i++) {
		struct outcome outcome;
		const char *uri;

		session_run(&stack, &session, &outcome);
		uri = outcome_getenv(&outcome, VARIABLE);
		if (outcome.opened != PAM_SUCCESS ||
			outcome.closed != PAM_SUCCESS ||
			outcome.conversations != 0 || outcome.log.count != 0 ||
			uri == NULL || strcmp(uri, job->person->uri) != 0)
			job->wrong++;
		outcome_clear(&outcome);
	}
	return NULL;
}

static void
run_threads(unsigned long sessions)
{
	struct job jobs[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){ .person = &people[i],
			.sessions = sessions / THREADS + 1 };
		assert_int_equal(pthread_create(&jobs[i].thread, NULL,
					 open_sessions, &jobs[i]),
			0);
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
	for (size_t i = 0; i < THREADS; i++) {
		if (jobs[i].wrong > 0)
			fail_msg("%s: %lu of %lu sessions are wrong",
				jobs[i].person->name, jobs[i].wrong,
				jobs[i].sessions);
	}
}

static void
test_threads(void)
{
	unsigned long sessions = at_most(SESSIONS);
	unsigned int descriptors, threads;
	long resident, more = 0;

	names_use("names");
	run_threads(sessions < WARM_UP ? sessions : WARM_UP);
	resident = count_resident_bytes();
	descriptors = count_descriptors();
	threads = count_threads();
	printf("# at first %ld KiB, %u descriptors, %u threads\n",
		resident / 1024, descriptors, threads);
	for (int part = 1; part <= PARTS; part++) {
		run_threads(sessions / PARTS);
		more = count_resident_bytes() - resident;
		printf("# after %lu sessions %+ld KiB, %u descriptors, "
		       "%u threads\n",
			sessions / PARTS * (unsigned long)part, more / 1024,
			count_descriptors(), count_threads());
		assert_int_equal(count_descriptors(), descriptors);
		assert_int_equal(count_threads(), threads);
	}
	if (!IS_SANITIZED && more > RESIDENT_BYTES_MAX)
		fail_msg("%ld bytes more are resident", more);
}

/* --- The table ------------------------------------------------------------ */

struct row {
	const char *name;
	void (*run)(void);
};

static void
test_row(void **state)
{
	const struct row *row = *state;

	alarm(ROW_SECONDS_MAX);
	row->run();
}

/* The names are loaded by each process, and by the threads' at first. */
static int
begin(void **state)
{
	(void)state;
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
	static const struct row rows[] = {
		{ "1,000 processes have a session at the same time",
			test_processes },
		{ "100,000 sessions in four threads leave nothing behind",
			test_threads },
	};
	static const struct row_table table = {
		.name = "load",
		.rows = rows,
		.size = sizeof(rows[0]),
		.count = countof(rows),
		.test = test_row,
		.begin = begin,
		.end = end,
	};

	return row_table_run(&table);
}
