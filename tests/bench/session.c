/* SPDX-License-Identifier: MIT */
/*
 * Sessions through the real libpam, timed. A contender is a directory with a
 * service file "bench" in it, or a command.
 *
 *	session inside ROUNDS USER CONFDIR…
 *		opens and closes one session of each in every round, within this
 *		process; two lines each: ns in pam_open_session(), and ns from
 *		pam_start_confdir() to pam_end(), of every round
 *	session spawn ROUNDS UID COMMAND… [-- COMMAND…]…
 *		runs each command once in every round, as this user; a line
 *each: ns from its start to its end; and µs of the CPU session once USER
 *CONFDIR [COUNT] opens and closes one session, or so many session memory USER
 *CONFDIR the same, and prints the peak of this process, in KiB session kept
 *USER CONFDIR COUNT prints what so many sessions left behind after the first
 *few: bytes on the heap, mappings, descriptors
 *
 * Contenders take turns, in a new order each round, on one CPU.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_appl.h>

#define SERVICE "bench"

/* of a session, until nobody else is given the CPU meanwhile */
#define TRIES_MAX 10

static __attribute__((noreturn)) void
die(const char *what)
{
	fprintf(stderr, "session: %s: %m\n", what);
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- One session ---------------------------------------------------------- */

static int
refuse(int count, const struct pam_message **messages,
	struct pam_response **responses, void *context)
{
	(void)count;
	(void)messages;
	(void)responses;
	(void)context;
	return PAM_CONV_ERR;
}

/* What a round measured of one contender. */
struct sample {
	uint64_t part, whole;
};

static struct sample
run_session(const char *user, const char *confdir)
{
	static const struct pam_conv conversation = { refuse, NULL };
	pam_handle_t *pamh = NULL;
	struct sample sample;
	uint64_t begin = now_ns(), opening;
	int r;

	r = pam_start_confdir(SERVICE, user, &conversation, confdir, &pamh);
	opening = now_ns();
	if (r == PAM_SUCCESS)
		r = pam_open_session(pamh, 0);
	sample.part = now_ns() - opening;
	if (r == PAM_SUCCESS)
		r = pam_close_session(pamh, 0);
	if (r != PAM_SUCCESS) {
		fprintf(stderr, "session: %s: %s\n", confdir,
			pam_strerror(pamh, r));
		exit(1);
	}
	pam_end(pamh, r);
	sample.whole = now_ns() - begin;
	return sample;
}

/* --- Turns ---------------------------------------------------------------- */

/* The same order in each run: xorshift64. */
static size_t
random_below(size_t limit)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % limit);
}

static void
shuffle(size_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = random_below(i), moved = order[i - 1];

		order[i - 1] = order[j];
		order[j] = moved;
	}
}

/* So that nothing is measured that another CPU's cache does. */
static void
stay_on_one_cpu(void)
{
	cpu_set_t here;
	int cpu = sched_getcpu();

	CPU_ZERO(&here);
	CPU_SET(cpu >= 0 ? (size_t)cpu : 0, &here);
	if (sched_setaffinity(0, sizeof(here), &here) < 0)
		die("sched_setaffinity");
}

/* What takes turns. */
struct contest {
	size_t rounds, count;
	struct sample (*run)(const struct contest *contest, size_t contender);
	const char *user;
	char **confdirs; /* of sessions */
	char ***commands; /* of commands */
};

static void
print_samples(const struct contest *contest, const struct sample *samples,
	size_t contender, bool whole)
{
	for (size_t i = 0; i < contest->rounds; i++) {
		const struct sample *sample =
			&samples[i * contest->count + contender];

		printf("%llu ",
			(unsigned long long)(whole ? sample->whole
						   : sample->part));
	}
	putchar('\n');
}

/* The first two rounds warm up and do not count. */
static void
hold(const struct contest *contest)
{
	size_t *order = calloc(contest->count + 1, sizeof(*order));
	struct sample *samples =
		calloc(contest->rounds * contest->count + 1, sizeof(*samples));

	if (order == NULL || samples == NULL)
		die("calloc");
	stay_on_one_cpu();
	for (size_t i = 0; i < contest->count; i++)
		order[i] = i;
	for (size_t round = 0; round < contest->rounds + 2; round++) {
		struct sample *row =
			&samples[(round < 2 ? 0 : round - 2) * contest->count];

		shuffle(order, contest->count);
		for (size_t i = 0; i < contest->count; i++)
			row[order[i]] = contest->run(contest, order[i]);
	}
	for (size_t i = 0; i < contest->count; i++) {
		print_samples(contest, samples, i, false);
		print_samples(contest, samples, i, true);
	}
	free(samples);
	free(order);
}

/* How often somebody else was given this thread's CPU. */
static long
count_preemptions(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage) < 0)
		die("getrusage");
	return usage.ru_nivcsw;
}

/* Once more if the CPU was taken away meanwhile; at last, the least counts. */
static struct sample
run_inside(const struct contest *contest, size_t contender)
{
	struct sample sample, least = { 0 };
	long before;

	for (int i = 0; i < TRIES_MAX; i++) {
		before = count_preemptions();
		sample = run_session(
			contest->user, contest->confdirs[contender]);
		if (count_preemptions() == before)
			return sample;
		if (i == 0 || sample.whole < least.whole)
			least = sample;
	}
	return least;
}

static uint64_t
us_of(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

/* Its output is not wanted. */
static pid_t
start(char **command)
{
	posix_spawn_file_actions_t actions;
	pid_t child = -1;

	if (command[0] == NULL || posix_spawn_file_actions_init(&actions) != 0)
		die("nothing to run");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (posix_spawn_file_actions_addopen(
			    &actions, fd, "/dev/null", O_RDWR, 0) != 0)
			die("posix_spawn_file_actions_addopen");
	}
	errno = posix_spawn(
		&child, command[0], &actions, NULL, command, environ);
	if (errno != 0)
		die(command[0]);
	posix_spawn_file_actions_destroy(&actions);
	return child;
}

static struct sample
run_command(const struct contest *contest, size_t contender)
{
	char **command = contest->commands[contender];
	struct rusage usage = { 0 };
	uint64_t begin = now_ns();
	struct sample sample;
	int status = 0;

	/* its status says nothing about its speed */
	if (wait4(start(command), &status, 0, &usage) < 0)
		die("wait4");
	sample.whole = now_ns() - begin;
	sample.part = us_of(&usage.ru_utime) + us_of(&usage.ru_stime);
	if (!WIFEXITED(status)) {
		fprintf(stderr, "session: %s crashed\n", command[0]);
		exit(1);
	}
	return sample;
}

/* --- What it is called with ----------------------------------------------- */

static int
inside(int argc, char **argv)
{
	const struct contest contest = {
		.rounds = strtoul(argv[0], NULL, 10),
		.user = argv[1],
		.count = (size_t)argc - 2,
		.confdirs = &argv[2],
		.run = run_inside,
	};

	hold(&contest);
	return 0;
}

static int
spawn(int argc, char **argv)
{
	struct contest contest = {
		.rounds = strtoul(argv[0], NULL, 10),
		.commands = calloc((size_t)argc, sizeof(*contest.commands)),
		.run = run_command,
	};
	uid_t uid = (uid_t)strtoul(argv[1], NULL, 10);

	if (contest.commands == NULL)
		die("calloc");
	for (int i = 2; i < argc; i++) {
		if (i == 2 || argv[i - 1] == NULL)
			contest.commands[contest.count++] = &argv[i];
		if (strcmp(argv[i], "--") == 0)
			argv[i] = NULL;
	}
	if (setuid(uid) < 0)
		die("setuid");
	hold(&contest);
	free(contest.commands);
	return 0;
}

static int
once(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;

	while (count-- > 0)
		run_session(argv[0], argv[1]);
	return 0;
}

static int
memory(int argc, char **argv)
{
	FILE *status;
	char line[256];

	(void)argc;
	run_session(argv[0], argv[1]);
	status = fopen("/proc/self/status", "re");
	if (status == NULL)
		die("/proc/self/status");
	while (fgets(line, sizeof(line), status) != NULL) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			printf("%lu\n", strtoul(line + 6, NULL, 10));
	}
	fclose(status);
	return 0;
}

static size_t
count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	size_t count = 0;
	int c;

	if (maps == NULL)
		die("/proc/self/maps");
	while ((c = getc(maps)) != EOF)
		count += c == '\n';
	fclose(maps);
	return count;
}

static size_t
count_descriptors(void)
{
	DIR *stream = opendir("/proc/self/fd");
	size_t count = 0;

	if (stream == NULL)
		die("/proc/self/fd");
	while (readdir(stream) != NULL)
		count++;
	closedir(stream);
	return count;
}

struct holdings {
	size_t bytes, mappings, descriptors;
};

static struct holdings
take_stock(void)
{
	struct holdings holdings = {
		.mappings = count_mappings(),
		.descriptors = count_descriptors(),
	};

	holdings.bytes = mallinfo2().uordblks;
	return holdings;
}

static int
kept(int argc, char **argv)
{
	struct holdings before, after;

	(void)argc;
	for (int i = 0; i < 3; i++) {
		run_session(argv[0], argv[1]);
		before = take_stock();
	}
	once(argc, argv);
	after = take_stock();
	printf("%zd %zd %zd\n", (ssize_t)(after.bytes - before.bytes),
		(ssize_t)(after.mappings - before.mappings),
		(ssize_t)(after.descriptors - before.descriptors));
	return 0;
}

static const struct {
	const char *name;
	int least; /* arguments */
	int (*run)(int argc, char **argv);
} modes[] = {
	{ "inside", 3, inside },
	{ "spawn", 3, spawn },
	{ "once", 2, once },
	{ "memory", 2, memory },
	{ "kept", 3, kept },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (argc >= modes[i].least + 2 &&
			strcmp(argv[1], modes[i].name) == 0)
			return modes[i].run(argc - 2, argv + 2);
	}
	fputs("session: see the beginning of session.c\n", stderr);
	return 2;
}
