/* SPDX-License-Identifier: MIT */
/*
 * The name service's functions are led through here, into the real ones: for a
 * few names they answer otherwise, do not answer, or end the child. Whatever
 * should not hang is guarded by an alarm, which ends the program.
 */
#include "fake.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../helper/lookup.h"

/* So long nothing here may take */
#define GUARD_S 30

/* --- A name service ------------------------------------------------------- */

/* Users and groups that make the name service do something. */
#define HANGS "virturi-hangs"
#define DIES  "virturi-dies"
#define FAILS "virturi-fails" /* -EIO */
#define ODD   "virturi-odd" /* has ODD_NAME */
#define LARGE "virturi-large" /* has a name of LARGE_SIZE letters */
#define MANY  "virturi-many" /* is in MANY_COUNT groups */

#define ODD_NAME "LAB\\d\xf6main users\n,:\"'\x1b[2J\xe2\x80\xae"

enum {
	HANGS_ID = 4242424,
	DIES_ID,
	FAILS_ID,
	INVENTED_GID,
	LARGE_SIZE = 300000,
	MANY_COUNT = 65536,
};

/* A byte is written here by who is about to hang; -1: nowhere. */
static int hanging_fd = -1;

static void
hang(void)
{
	char byte = '!';

	if (hanging_fd >= 0 && write(hanging_fd, &byte, 1) < 0)
		_exit(1);
	for (;;)
		pause();
}

/* 0, or an errno; or the end. */
static int
act(const char *name, unsigned int id)
{
	if (id == HANGS_ID || strcmp(name, HANGS) == 0)
		hang();
	if (id == DIES_ID || strcmp(name, DIES) == 0)
		_exit(1);
	return id == FAILS_ID || strcmp(name, FAILS) == 0 ? EIO : 0;
}

/* The C library's function of that name; dlsym() has no type to give it. */
#define REAL(name, ...)                                                        \
	((__typeof__(&(name)))(uintptr_t)dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

int
getpwnam_r(const char *name, struct passwd *resultbuf, char *buffer,
	size_t buflen, struct passwd **result)
{
	int error = act(name, 0);

	*result = NULL;
	return error != 0
		? error
		: REAL(getpwnam_r, name, resultbuf, buffer, buflen, result);
}

int
getpwuid_r(uid_t uid, struct passwd *resultbuf, char *buffer, size_t buflen,
	struct passwd **result)
{
	int error = act("", uid);

	*result = NULL;
	return error != 0
		? error
		: REAL(getpwuid_r, uid, resultbuf, buffer, buflen, result);
}

/* A group of these names, without members. */
static int
invent(const char *name, struct group *resultbuf, char *buffer, size_t buflen,
	struct group **result)
{
	static char *nobody[] = { NULL };
	size_t length = name != NULL ? strlen(name) : LARGE_SIZE;

	if (buflen <= length)
		return ERANGE;
	if (name != NULL)
		memcpy(buffer, name, length);
	else
		memset(buffer, 'x', length);
	buffer[length] = '\0';
	*resultbuf = (struct group){
		.gr_name = buffer,
		.gr_gid = INVENTED_GID,
		.gr_mem = nobody,
	};
	*result = resultbuf;
	return 0;
}

int
getgrnam_r(const char *name, struct group *resultbuf, char *buffer,
	size_t buflen, struct group **result)
{
	int error = act(name, 0);

	*result = NULL;
	if (error != 0)
		return error;
	if (strcmp(name, ODD) == 0)
		return invent(ODD_NAME, resultbuf, buffer, buflen, result);
	if (strcmp(name, LARGE) == 0)
		return invent(NULL, resultbuf, buffer, buflen, result);
	return REAL(getgrnam_r, name, resultbuf, buffer, buflen, result);
}

int
getgrgid_r(gid_t gid, struct group *resultbuf, char *buffer, size_t buflen,
	struct group **result)
{
	int error = act("", gid);

	*result = NULL;
	return error != 0
		? error
		: REAL(getgrgid_r, gid, resultbuf, buffer, buflen, result);
}

int
getgrouplist(const char *user, gid_t group, gid_t *groups, int *ngroups)
{
	int room = *ngroups;

	act(user, 0);
	if (strcmp(user, MANY) != 0)
		return REAL(getgrouplist, user, group, groups, ngroups);
	*ngroups = MANY_COUNT;
	for (int i = 0; i < MANY_COUNT && i < room; i++)
		groups[i] = group + (gid_t)i;
	return room < MANY_COUNT ? -1 : MANY_COUNT;
}

/* Shall socketpair(2) or fork(2) fail? */
static bool has_no_sockets, has_no_processes;

static pid_t latest_child;

int
socketpair(int domain, int type, int protocol, int fds[2])
{
	if (!has_no_sockets)
		return REAL(socketpair, domain, type, protocol, fds);
	errno = EMFILE;
	return -1;
}

pid_t
fork(void)
{
	if (has_no_processes) {
		errno = EAGAIN;
		return -1;
	}
	latest_child = REAL(fork);
	return latest_child;
}

/* --- Tools ---------------------------------------------------------------- */

/* Long enough for whatever does not hang. */
#define PATIENT_MS (2 * GUARD_S * 1000)

static struct lookup *
start(int timeout_ms)
{
	alarm(GUARD_S);
	return lookup_start(timeout_ms);
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until it has died, unless it has been waited for already. */
static void
assert_dies(pid_t pid)
{
	pid_t ended = waitpid(pid, NULL, 0);

	assert_true(ended == pid || (ended < 0 && errno == ECHILD));
}

enum question {
	ASK_USER,
	ASK_GROUP,
	ASK_GID,
	ASK_GIDS,
	ASK_UID,
	QUESTIONS,
};

/* Asks about this name, or id; whatever is answered is forgotten. */
static int
ask(struct lookup *lookup, enum question question, const char *name,
	unsigned int id)
{
	struct facts facts = lookup_facts(lookup);
	struct account account = { 0 };
	struct group_record record = { 0 };
	gid_t *gids = NULL;
	size_t count = 0;
	int r = 0;

	if (question == ASK_USER)
		r = facts.find_user(facts.context, name, &account);
	else if (question == ASK_GROUP)
		r = facts.find_group(facts.context, name, "", &record);
	else if (question == ASK_GID)
		r = facts.find_gid(facts.context, id, "", &record);
	else if (question == ASK_GIDS)
		r = facts.list_gids(facts.context, name, 7, &gids, &count);
	else
		r = facts.find_uid(facts.context, id, &account);
	if (r < 0) {
		assert_null(account.name);
		assert_null(record.name);
		assert_null(gids);
	}
	account_clear(&account);
	free(record.name);
	free(gids);
	return r;
}

/* --- It agrees ------------------------------------------------------------ */

static const struct name_row {
	const char *name, *asked;
	const char *user; /* of which the group's record may tell */
} name_rows[] = {
	{ "root", "root", "root" },
	{ "daemon", "daemon", "daemon" },
	{ "nobody", "nobody", "nobody" },
	{ "a group of Debian's", "nogroup", "root" },
	{ "a group that has members", "adm", "syslog" },
	{ "nobody's name", "virturi-nosuch", "virturi-nosuch" },
	{ "nothing", "", "" },
	{ "a look-up that fails", FAILS, "root" },
	{ "blanks and bytes", " a\tb\n\xff:,", "x y" },
	{ "a path", "../../etc/passwd", "root" },
};

static void
assert_same_record(int r, const struct group_record *record, int other_r,
	const struct group_record *other)
{
	assert_int_equal(r, other_r);
	if (r < 0) {
		assert_null(record->name);
		return;
	}
	assert_string_equal(record->name, other->name);
	assert_int_equal(record->gid, other->gid);
	assert_int_equal(record->lists_user, other->lists_user);
}

static void
assert_same_group(const struct facts *one, const struct facts *other,
	const struct name_row *row)
{
	struct group_record ours = { 0 }, theirs = { 0 };
	int r = one->find_group(one->context, row->asked, row->user, &ours);
	int s = other->find_group(
		other->context, row->asked, row->user, &theirs);

	assert_same_record(r, &ours, s, &theirs);
	free(ours.name);
	free(theirs.name);
}

static void
assert_same_user(const struct facts *one, const struct facts *other,
	const struct name_row *row)
{
	struct account ours = { 0 }, theirs = { 0 };
	int r = one->find_user(one->context, row->asked, &ours);

	assert_int_equal(
		r, other->find_user(other->context, row->asked, &theirs));
	if (r == 0) {
		assert_string_equal(ours.name, theirs.name);
		assert_string_equal(ours.home, theirs.home);
		assert_int_equal(ours.uid, theirs.uid);
		assert_int_equal(ours.gid, theirs.gid);
	} else {
		assert_null(ours.name);
		assert_null(ours.home);
	}
	account_clear(&ours);
	account_clear(&theirs);
}

static void
assert_same_gids(const struct facts *one, const struct facts *other,
	const struct name_row *row)
{
	gid_t *ours = NULL, *theirs = NULL;
	size_t count = 0, other_count = 0;

	assert_int_equal(
		one->list_gids(one->context, row->user, 7, &ours, &count), 0);
	assert_int_equal(other->list_gids(other->context, row->user, 7, &theirs,
				 &other_count),
		0);
	assert_int_equal(count, other_count);
	assert_memory_equal(ours, theirs, count * sizeof(*ours));
	free(ours);
	free(theirs);
}

static void
test_name(void **state)
{
	const struct name_row *row = *state;
	struct lookup *lookup = start(PATIENT_MS);
	struct nss_buffer buffer = { 0 };
	struct facts facts = lookup_facts(lookup), nss = facts_nss(&buffer);

	assert_same_group(&facts, &nss, row);
	assert_same_user(&facts, &nss, row);
	assert_same_gids(&facts, &nss, row);
	assert_false(lookup_is_dead(lookup));
	lookup_end(lookup);
	nss_buffer_clear(&buffer);
}

static void
test_gids(void **state)
{
	static const gid_t special[] = { 65534, 65535, FAILS_ID, 4294967294U };
	struct lookup *lookup = start(PATIENT_MS);
	struct nss_buffer buffer = { 0 };
	struct facts facts = lookup_facts(lookup), nss = facts_nss(&buffer);

	(void)state;
	for (gid_t i = 0; i < 200 + countof(special); i++) {
		gid_t gid = i < 200 ? i : special[i - 200];
		struct group_record ours = { 0 }, theirs = { 0 };
		int r = facts.find_gid(facts.context, gid, "root", &ours);

		assert_same_record(r, &ours,
			nss.find_gid(nss.context, gid, "root", &theirs),
			&theirs);
		free(ours.name);
		free(theirs.name);
	}
	lookup_end(lookup);
	nss_buffer_clear(&buffer);
}

static const struct uid_row {
	const char *name;
	uid_t uid;
	int result;
} uid_rows[] = {
	{ "root", 0, 0 },
	{ "nobody's", 4294967290U, -ENOENT },
	{ "a look-up that fails", FAILS_ID, -EIO },
};

static void
test_uid(void **state)
{
	const struct uid_row *row = *state;
	struct lookup *lookup = start(PATIENT_MS);
	struct facts facts = lookup_facts(lookup);
	struct account ours = { 0 };

	assert_int_equal(
		facts.find_uid(facts.context, row->uid, &ours), row->result);
	if (row->result == 0) {
		const struct passwd *theirs = getpwuid(row->uid);

		assert_non_null(theirs);
		assert_string_equal(ours.name, theirs->pw_name);
		assert_string_equal(ours.home, theirs->pw_dir);
		assert_int_equal(ours.uid, row->uid);
		assert_int_equal(ours.gid, theirs->pw_gid);
	} else {
		assert_null(ours.name);
	}
	assert_false(lookup_is_dead(lookup));
	account_clear(&ours);
	lookup_end(lookup);
}

/* --- Large and odd answers ------------------------------------------------ */

static void
test_many(void **state)
{
	struct lookup *lookup = start(PATIENT_MS);
	struct facts facts = lookup_facts(lookup);

	(void)state;
	for (int round = 0; round < 3; round++) {
		gid_t *gids = NULL;
		size_t count = 0;

		assert_int_equal(facts.list_gids(facts.context, MANY, 1000,
					 &gids, &count),
			0);
		assert_int_equal(count, MANY_COUNT);
		for (gid_t i = 0; i < MANY_COUNT; i++)
			assert_int_equal(gids[i], 1000 + i);
		free(gids);
	}
	lookup_end(lookup);
}

static void
test_large(void **state)
{
	struct lookup *lookup = start(PATIENT_MS);
	struct facts facts = lookup_facts(lookup);
	struct group_record record = { 0 };

	(void)state;
	assert_int_equal(
		facts.find_group(facts.context, LARGE, "", &record), 0);
	assert_int_equal(strlen(record.name), LARGE_SIZE);
	assert_int_equal(strspn(record.name, "x"), LARGE_SIZE);
	free(record.name);
	lookup_end(lookup);
}

static void
test_odd(void **state)
{
	struct lookup *lookup = start(PATIENT_MS);
	struct facts facts = lookup_facts(lookup);
	struct group_record record = { 0 };

	(void)state;
	assert_int_equal(facts.find_group(facts.context, ODD, "", &record), 0);
	assert_string_equal(record.name, ODD_NAME);
	assert_int_equal(record.gid, INVENTED_GID);
	free(record.name);
	lookup_end(lookup);
}

/* A question of 1 MiB. */
static void
test_large_question(void **state)
{
	enum { SIZE = 1 << 20 };
	struct lookup *lookup = start(PATIENT_MS);
	struct facts facts = lookup_facts(lookup);
	struct group_record record = { 0 };
	char *name = malloc(SIZE + 1);

	(void)state;
	assert_non_null(name);
	memset(name, 'x', SIZE);
	name[SIZE] = '\0';
	assert_int_equal(
		facts.find_group(facts.context, name, name, &record), -ENOENT);
	assert_int_equal(ask(lookup, ASK_GROUP, "root", 0), 0);
	free(name);
	lookup_end(lookup);
}

/* --- It does not answer --------------------------------------------------- */

/* Nothing is left to wait for: 1,000 of each, whatever the timeout. */
static void
assert_given_up(struct lookup *lookup)
{
	int64_t began = now_ms();

	assert_true(lookup_is_dead(lookup));
	for (int round = 0; round < 1000; round++) {
		for (enum question question = 0; question < QUESTIONS;
			question++)
			assert_int_equal(
				ask(lookup, question, "root", 0), -ETIMEDOUT);
	}
	fake_assert_between((size_t)(now_ms() - began), 0, 5000);
}

static const struct question_row {
	const char *name;
	enum question question;
} question_rows[] = {
	{ "a user", ASK_USER },
	{ "a group", ASK_GROUP },
	{ "a gid", ASK_GID },
	{ "gids", ASK_GIDS },
	{ "a user's name", ASK_UID },
};

static void
test_hanging(void **state)
{
	const struct question_row *row = *state;
	struct lookup *lookup = start(100);
	pid_t child = latest_child;
	int64_t began = now_ms();

	assert_int_equal(
		ask(lookup, row->question, HANGS, HANGS_ID), -ETIMEDOUT);
	fake_assert_between((size_t)(now_ms() - began), 99, 5000);
	assert_given_up(lookup);
	assert_dies(child);
	lookup_end(lookup);
}

/* No deadline is waited for. */
static void
test_dying(void **state)
{
	const struct question_row *row = *state;
	struct lookup *lookup = start(PATIENT_MS);
	pid_t child = latest_child;

	assert_int_equal(ask(lookup, row->question, DIES, DIES_ID), -EIO);
	assert_given_up(lookup);
	assert_dies(child);
	lookup_end(lookup);
}

static void
test_killed(void **state)
{
	struct lookup *lookup = start(PATIENT_MS);
	pid_t child = latest_child;

	(void)state;
	assert_false(lookup_is_dead(lookup));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(ask(lookup, ASK_GROUP, "root", 0), -EIO);
	assert_given_up(lookup);
	lookup_end(lookup);
}

/* It reads nothing either: a question that no buffer holds must not wait. */
static void
test_stopped(void **state)
{
	enum { SIZE = 1 << 24 };
	struct lookup *lookup = start(100);
	pid_t child = latest_child;
	char *name = malloc(SIZE + 1);

	(void)state;
	assert_non_null(name);
	memset(name, 'x', SIZE);
	name[SIZE] = '\0';
	kill(child, SIGSTOP);
	assert_int_equal(ask(lookup, ASK_GROUP, name, 0), -ETIMEDOUT);
	assert_given_up(lookup);
	assert_dies(child);
	lookup_end(lookup);
	free(name);
}

static volatile sig_atomic_t signals;

static void
count_signal(int number)
{
	(void)number;
	signals++;
}

/* Signals do not shorten anything. */
static void
test_interrupted(void **state)
{
	struct sigaction action = { .sa_handler = count_signal }, before;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR1 };
	struct itimerspec often = { { 0, 300000 }, { 0, 300000 } };
	struct lookup *lookup = start(PATIENT_MS);
	timer_t timer;

	(void)state;
	signals = 0;
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &often, NULL), 0);
	while (signals < 300) {
		assert_int_equal(ask(lookup, ASK_GIDS, MANY, 0), 0);
		assert_int_equal(ask(lookup, ASK_GROUP, LARGE, 0), 0);
	}
	assert_int_equal(timer_delete(timer), 0);
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
	lookup_end(lookup);
}

/* --- Beginning and end ---------------------------------------------------- */

static void
test_end(void **state)
{
	size_t before = fake_descriptors();
	struct lookup *lookup = start(PATIENT_MS);
	pid_t child = latest_child;

	(void)state;
	lookup_end(lookup);
	assert_dies(child);
	assert_int_equal(fake_descriptors(), before);
	lookup_end(NULL);
}

static void
test_given_up_descriptors(void **state)
{
	size_t before = fake_descriptors();
	struct lookup *lookup = start(10);
	pid_t child = latest_child;

	(void)state;
	assert_int_equal(ask(lookup, ASK_GROUP, HANGS, 0), -ETIMEDOUT);
	assert_int_equal(fake_descriptors(), before);
	lookup_end(lookup);
	assert_dies(child);
}

static void
test_no_sockets(void **state)
{
	struct lookup *lookup;

	(void)state;
	has_no_sockets = true;
	lookup = start(PATIENT_MS);
	has_no_sockets = false;
	assert_non_null(lookup);
	assert_given_up(lookup);
	lookup_end(lookup);
}

static void
test_no_processes(void **state)
{
	size_t before = fake_descriptors();
	struct lookup *lookup;

	(void)state;
	has_no_processes = true;
	lookup = start(PATIENT_MS);
	has_no_processes = false;
	assert_non_null(lookup);
	assert_given_up(lookup);
	assert_int_equal(fake_descriptors(), before);
	lookup_end(lookup);
}

/*
 * Whoever reads what we print waits until nobody can write any more; a child
 * that hangs in the kernel would keep them waiting for ever.
 */
static void
test_lets_go_of_output(void **state)
{
	struct lookup *lookup;
	struct pollfd end = { .events = POLLIN };
	int pipe_fds[2], before = dup(STDOUT_FILENO);

	(void)state;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	dup2(pipe_fds[1], STDOUT_FILENO);
	close(pipe_fds[1]);
	lookup = start(PATIENT_MS);
	dup2(before, STDOUT_FILENO);
	close(before);
	/* from now on it is at work */
	assert_int_equal(ask(lookup, ASK_GROUP, "root", 0), 0);
	end.fd = pipe_fds[0];
	assert_int_equal(poll(&end, 1, 0), 1);
	assert_true(end.revents & POLLHUP);
	close(pipe_fds[0]);
	lookup_end(lookup);
}

/* Started without standard input, output and error. */
static void
test_no_standard_descriptors(void **state)
{
	struct lookup *lookup;
	int before[3], r;

	(void)state;
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
		before[i] = fcntl(i, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(i);
	}
	lookup = start(PATIENT_MS);
	r = ask(lookup, ASK_GROUP, "root", 0);
	lookup_end(lookup);
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
		dup2(before[i], i);
		close(before[i]);
	}
	assert_int_equal(r, 0);
}

/* What a process does that starts a child and is killed; -1: it failed. */
static int
begin_and_hang(int hangs_fd)
{
	struct lookup *lookup = start(PATIENT_MS);

	if (write(hangs_fd, &latest_child, sizeof(latest_child)) < 0)
		return -1;
	ask(lookup, ASK_GROUP, HANGS, 0);
	return -1;
}

/* The child dies with its parent, whatever it is doing. */
static void
test_parent_killed(void **state)
{
	pid_t child = 0, parent;
	int fds[2];
	char byte;

	(void)state;
	alarm(GUARD_S);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	/* orphans become ours */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	/* the child has it from its parent, which has it from here */
	hanging_fd = fds[1];
	parent = fork();
	if (parent == 0)
		_exit(begin_and_hang(fds[1]) < 0);
	hanging_fd = -1;
	assert_int_equal(read(fds[0], &child, sizeof(child)), sizeof(child));
	assert_int_equal(read(fds[0], &byte, 1), 1);
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "name", test_name, SUITE_ROWS(name_rows));
	suite_add_one(&suite, "many gids", test_gids);
	suite_add(&suite, "uid", test_uid, SUITE_ROWS(uid_rows));
	suite_add_one(&suite, "65,536 gids", test_many);
	suite_add_one(&suite, "a large record", test_large);
	suite_add_one(&suite, "an odd name", test_odd);
	suite_add_one(&suite, "a large question", test_large_question);
	suite_add(&suite, "hanging", test_hanging, SUITE_ROWS(question_rows));
	suite_add(&suite, "dying", test_dying, SUITE_ROWS(question_rows));
	suite_add_one(&suite, "killed", test_killed);
	suite_add_one(&suite, "stopped, a large question", test_stopped);
	suite_add_one(&suite, "interrupted", test_interrupted);
	suite_add_one(&suite, "the end", test_end);
	suite_add_one(&suite, "given up, nothing is left open",
		test_given_up_descriptors);
	suite_add_one(&suite, "no sockets", test_no_sockets);
	suite_add_one(&suite, "no processes", test_no_processes);
	suite_add_one(&suite, "the child does not hold our output",
		test_lets_go_of_output);
	suite_add_one(&suite, "no standard descriptors",
		test_no_standard_descriptors);
	suite_add_one(&suite, "the parent is killed", test_parent_killed);
	return suite_run(&suite, "lookup");
}
