/* SPDX-License-Identifier: MIT */
/*
 * The policy changes while four threads open sessions by it. One more thread
 * makes a row's changes, again and again, and counts them, so that for each
 * session we know which ones it can have met:
 *
 *	none		it gets what the policy says
 *	one		what the old policy says or what the new one does
 *	more		what any of them says; or nothing, and the log says that
 *			the policy changes while it is being read
 *
 * A change is one system call. A file that is written in place is not there
 * at once, so a session that meets that may get nothing; and a file that was
 * emptied first is a mask while it is empty, whatever was meant: what a mask
 * hides, and what decides without it, is then the right answer.
 *
 * VIRTURI_SESSIONS says how many sessions there are in all rows together.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_appl.h>

#include "../../policy/countof.h"
#include "layers.h"
#include "races.h"

#define SESSIONS 100000UL
#define THREADS  4

struct race {
	const struct race_row *row;
	size_t cycle; /* how many steps there are */
	unsigned long wanted; /* sessions */
	sem_t tick; /* a session asks for a change */
	atomic_uint threads; /* that have started */
	atomic_ulong begun, done; /* changes */
	atomic_ulong sessions, met[3]; /* … that met 0, 1, more changes */
	atomic_ulong
		given[RACE_STEPS_MAX]; /* how often each step's answer was */
	atomic_ulong nothing; /* … and none of them */
	atomic_ulong mixed; /* but that may be */
	atomic_ulong wrong;
	char first_wrong[512];
};

static struct stack stack;
static char watchdog[128];

static __attribute__((noreturn)) void
give_up(const char *what, const char *name)
{
	printf("Bail out! %s: %s: %s\n", what, name, strerror(errno));
	exit(99);
}

static const char *
answer_after(const struct race *race, unsigned long change)
{
	return race->row->steps[(change + race->cycle - 1) % race->cycle]
		.answer;
}

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Is that the answer after one of the changes first … last? Counts it. */
static bool
is_given(struct race *race, const char *uri, unsigned long first,
	unsigned long last)
{
	bool found = false;

	/* each answer once, however often it came round */
	if (last - first >= race->cycle)
		first = last - race->cycle + 1;
	for (unsigned long n = first; n <= last; n++) {
		if (!is_same(uri, answer_after(race, n)))
			continue;
		race->given[(n + race->cycle - 1) % race->cycle]++;
		found = true;
	}
	return found;
}

/* The policy was not believed, and the log says so in one line. */
static bool
is_refusal(const struct outcome *outcome)
{
	return outcome_getenv(outcome, VARIABLE) == NULL &&
		outcome->log.count == 1 &&
		strstr(outcome->log.lines[0].text, "the policy is unusable");
}

static void
note_wrong(struct race *race, const struct outcome *outcome,
	unsigned long first, unsigned long last)
{
	const char *uri = outcome_getenv(outcome, VARIABLE);

	if (race->wrong++ > 0)
		return;
	snprintf(race->first_wrong, sizeof(race->first_wrong),
		"opened %d, %s after change %lu and before %lu; log: %s",
		outcome->opened, uri != NULL ? uri : "nothing", first, last + 1,
		outcome->log.count > 0 ? outcome->log.lines[0].text : "");
}

static void
judge(struct race *race, const struct outcome *outcome, unsigned long first,
	unsigned long last)
{
	unsigned long met = last - first;
	bool is_good = outcome->opened == PAM_SUCCESS &&
		outcome->closed == PAM_SUCCESS && outcome->conversations == 0;

	race->met[met < 2 ? met : 2]++;
	if (is_good &&
		is_given(race, outcome_getenv(outcome, VARIABLE), first, last))
		return;
	if (is_good && met >= (race->row->in_place ? 1 : 2) &&
		is_refusal(outcome))
		race->nothing++;
	else if (is_good && race->row->mix_from > 0 &&
		met >= race->row->mix_from)
		race->mixed++;
	else
		note_wrong(race, outcome, first, last);
}

/* Enough sessions, and each answer was given: then the race was one. */
static bool
is_over(struct race *race)
{
	if (race->wrong > 0)
		return true;
	for (size_t i = 0; i < race->cycle; i++) {
		if (race->given[i] == 0)
			return false;
	}
	return race->sessions >= race->wanted && race->met[1] > 0;
}

/*
 * Sessions are too short for the scheduler to interrupt many of them where it
 * matters. So this program has two of the calls that the module makes while it
 * loads a policy, and some of them ask for a change and let it happen.
 */
static _Thread_local struct {
	sem_t *tick; /* NULL: not while a session is opened */
	unsigned int calls; /* until it is asked for */
	unsigned int random;
} pace;

static int (*real_fstat)(int fd, struct stat *status);
static int (*real_fstatat)(
	int dir_fd, const char *path, struct stat *status, int flags);

static void
ask_for_change(void)
{
	if (pace.tick == NULL || pace.calls-- > 0)
		return;
	/* POSIX's own example of rand() */
	pace.random = pace.random * 1103515245 + 12345;
	pace.calls = pace.random >> 16 & 127;
	sem_post(pace.tick);
	sched_yield();
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
__attribute__((visibility("default"))) int
fstat(int fd, struct stat *status)
{
	ask_for_change();
	return real_fstat(fd, status);
}

__attribute__((visibility("default"))) int
fstatat(int dir_fd, const char *path, struct stat *status, int flags)
{
	ask_for_change();
	return real_fstatat(dir_fd, path, status, flags);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static void
find_calls(void)
{
	*(void **)&real_fstat = dlsym(RTLD_NEXT, "fstat");
	*(void **)&real_fstatat = dlsym(RTLD_NEXT, "fstatat");
	if (real_fstat == NULL || real_fstatat == NULL)
		give_up("no such call", "fstat, fstatat");
}

static void *
open_sessions(void *context)
{
	static const struct session session = {
		.service = "login",
		.user = "alice",
	};
	struct race *race = context;

	pace.random = race->threads++;
	while (!is_over(race)) {
		unsigned long first = race->done;
		struct outcome outcome;

		pace.tick = &race->tick;
		session_run(&stack, &session, &outcome);
		pace.tick = NULL;
		judge(race, &outcome, first, race->begun);
		outcome_clear(&outcome);
		race->sessions++;
	}
	sem_post(&race->tick);
	return NULL;
}

static int
fill(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t size = strlen(text);
	int r = fd >= 0 && write(fd, text, size) == (ssize_t)size ? 0 : -1;

	if (fd >= 0)
		close(fd);
	return r;
}

static int
create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? -1 : close(fd);
}

static int
make_change(const struct race_step *step, const char *path, const char *other)
{
	switch (step->change) {
	case PUT:
	case MOVE:
		return step->change == PUT ? rename(other, path)
					   : rename(path, other);
	case SWAP:
		return renameat2(
			AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE);
	case REMOVE:
		return unlink(path);
	case CREATE:
		return create(path);
	case EMPTY:
		return truncate(path, 0);
	case FILL:
		return fill(path, step->other);
	case SET_GROUP_WRITE:
	case CLEAR_GROUP_WRITE:
		return chmod(
			path, step->change == SET_GROUP_WRITE ? 0775 : 0755);
	default:
		errno = EINVAL;
		return -1;
	}
}

/* Only what a session can see is between the two counts. */
static void
take_step(struct race *race, unsigned long number)
{
	const struct race_step *step =
		&race->row->steps[(number - 1) % race->cycle];
	char *path = layers_path(&stack, step->name), *other = NULL;

	if (step->change == PUT) {
		layers_make(&stack, "S/put", step->other);
		other = layers_path(&stack, "S/put");
	} else if (step->change != FILL && step->other != NULL) {
		other = layers_path(&stack, step->other);
	}
	race->begun = number;
	if (make_change(step, path, other) < 0)
		give_up("cannot change", path);
	race->done = number;
	free(other);
	free(path);
}

/* One change, or some right after one another, now and then a great many. */
static unsigned long
how_many(unsigned long time)
{
	if (time % 32 == 0)
		return 100;
	return time % 4 == 0 ? time % 3 + 2 : 1;
}

/* Makes changes until the race is over, when a session asks for them. */
static void
make_changes(struct race *race)
{
	unsigned long number = 0;

	for (unsigned long i = 1; !is_over(race); i++) {
		sem_wait(&race->tick);
		for (unsigned long n = how_many(i); n > 0; n--)
			take_step(race, ++number);
	}
}

static void
run_threads(struct race *race)
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		errno = pthread_create(&threads[i], NULL, open_sessions, race);
		if (errno != 0)
			give_up("pthread_create", race->row->name);
	}
	make_changes(race);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* "16 times old, 4 times new, …": equal answers are one. */
static void
print_answers(const struct race *race)
{
	const struct race_step *steps = race->row->steps;

	for (size_t i = 0; i < race->cycle; i++) {
		unsigned long times = 0;
		bool is_first = true;

		for (size_t j = 0; j < race->cycle; j++) {
			if (!is_same(steps[i].answer, steps[j].answer))
				continue;
			is_first &= j >= i;
			times += race->given[j];
		}
		if (is_first)
			printf(", %s %lu",
				steps[i].answer ? steps[i].answer : "none",
				times);
	}
}

static void
report(const struct race *race)
{
	printf("# %s: %lu sessions, %lu changes; %lu met none, %lu one, "
	       "%lu more",
		race->row->name, race->sessions, race->done, race->met[0],
		race->met[1], race->met[2]);
	print_answers(race);
	printf(", not believed %lu, mixed %lu, wrong %lu\n", race->nothing,
		race->mixed, race->wrong);
	fflush(stdout);
}

static void
lay_out(const struct race_row *row)
{
	char *path, *arguments;

	layers_clear(&stack);
	for (const char *const *name =
			(const char *const[]){ "A/", "R/", "V/", NULL };
		*name != NULL; name++)
		layers_make(&stack, *name, NULL);
	for (const struct race_thing *thing = row->things; thing->name != NULL;
		thing++)
		layers_make(&stack, thing->name, thing->text);
	path = row->policy != NULL ? layers_path_installed(row->policy) : NULL;
	arguments = format_text("%s%s", path != NULL ? "policy=" : "",
		path != NULL ? path : "");
	stack_write_session(&stack, "login", NULL, arguments);
	free(arguments);
	free(path);
}

static unsigned long
sessions_per_row(void)
{
	const char *wanted = getenv("VIRTURI_SESSIONS");
	unsigned long sessions =
		wanted != NULL ? strtoul(wanted, NULL, 10) : SESSIONS;

	return sessions / race_row_count + 1;
}

static void
test_race(void **state)
{
	struct race race = { .row = *state, .wanted = sessions_per_row() };
	unsigned int descriptors;

	snprintf(watchdog, sizeof(watchdog), "not ok - %s: a session hangs\n",
		race.row->name);
	while (race.row->steps[race.cycle].change != NO_CHANGE)
		race.cycle++;
	lay_out(race.row);
	sem_init(&race.tick, 0, 0);
	descriptors = count_descriptors();
	run_threads(&race);
	sem_destroy(&race.tick);
	report(&race);
	if (race.wrong > 0)
		fail_msg("%lu of %lu sessions are wrong; the first: %s",
			race.wrong, race.sessions, race.first_wrong);
	assert_int_equal(count_descriptors(), descriptors);
}

static void
bark(int signal)
{
	(void)signal;
	if (write(STDOUT_FILENO, watchdog, strlen(watchdog)) >= 0)
		_exit(1);
	_exit(2);
}

static int
begin(void **state)
{
	(void)state;
	names_use("names");
	stack = stack_new();
	layers_own(&stack);
	find_calls();
	/* row_table_run() sets an alarm for each row */
	signal(SIGALRM, bark);
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
	const struct row_table table = {
		.name = "races",
		.rows = race_rows,
		.size = sizeof(race_rows[0]),
		.count = race_row_count,
		.test = test_race,
		.begin = begin,
		.end = end,
	};

	return row_table_run(&table);
}
