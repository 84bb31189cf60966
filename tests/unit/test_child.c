/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../helper/child.h"
#include "alloc.h"

/* Long enough for whatever is to end by itself, on a busy machine */
#define LONG_MS 20000

/* Short, for what never ends */
#define SHORT_MS 100

static void
say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		_exit(99);
}

/* --- Functions ------------------------------------------------------------ */

static void
do_nothing(void *context, int fd)
{
	(void)context;
	(void)fd;
}

static void
do_say(void *context, int fd)
{
	say(fd, context);
}

static void
do_say_twice(void *context, int fd)
{
	say(fd, context);
	poll(NULL, 0, 30);
	say(fd, context);
}

static void
do_close_and_linger(void *context, int fd)
{
	(void)context;
	say(fd, "x");
	close(fd);
	poll(NULL, 0, 30);
}

static void
do_exit(void *context, int fd)
{
	(void)context;
	(void)fd;
	_exit(7);
}

static void
do_die(void *context, int fd)
{
	(void)context;
	say(fd, "x");
	(void)raise(SIGTERM);
}

static void
do_linger(void *context, int fd)
{
	(void)context;
	(void)fd;
	for (;;)
		pause();
}

static void
do_say_and_linger(void *context, int fd)
{
	say(fd, context);
	do_linger(NULL, fd);
}

static void
do_close_for_ever(void *context, int fd)
{
	close(fd);
	do_linger(context, fd);
}

static void
do_stop(void *context, int fd)
{
	(void)raise(SIGSTOP);
	do_linger(context, fd);
}

static void
do_defy(void *context, int fd)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	do_linger(context, fd);
}

static void
do_talk_for_ever(void *context, int fd)
{
	for (;;)
		do_say(context, fd);
}

/* The grandchild holds the pipe, and never lets go. */
static void
do_leave_a_child(void *context, int fd)
{
	say(fd, context);
	if (fork() == 0)
		do_linger(NULL, fd);
}

/* It writes on, too: then the pipe is never empty. */
static void
do_leave_a_talker(void *context, int fd)
{
	if (fork() == 0)
		do_talk_for_ever(context, fd);
}

/* In a session of its own it is not killed; it ends when nobody listens. */
static void
do_leave_an_escapee(void *context, int fd)
{
	struct pollfd reader = { fd, 0, 0 };
	int ready[2];
	char byte;

	(void)context;
	if (pipe(ready) < 0)
		_exit(99);
	if (fork() == 0) {
		setsid();
		say(ready[1], "x");
		poll(&reader, 1, 2 * LONG_MS);
		_exit(0);
	}
	if (read(ready[0], &byte, 1) < 0)
		_exit(99);
}

static void
do_leave_a_talking_escapee(void *context, int fd)
{
	if (fork() == 0) {
		setsid();
		do_talk_for_ever(context, fd);
	}
	poll(NULL, 0, 30);
}

/* Is it led by itself, in a session of its own? */
static void
do_tell_session(void *context, int fd)
{
	(void)context;
	say(fd, getsid(0) == getpid() && getpgrp() == getpid() ? "own" : "no");
}

static void
do_tell_descriptors(void *context, int fd)
{
	size_t count = 0;

	(void)context;
	for (int i = 0; i < 1024; i++)
		count += fcntl(i, F_GETFD) >= 0;
	say(fd, count == 4 && fd == 3 ? "four" : "others");
}

static void
do_tell_null(void *context, int fd)
{
	char byte;
	struct stat status, null;
	bool is_null = stat("/dev/null", &null) == 0;

	(void)context;
	for (int i = 0; i < 3; i++)
		is_null = is_null && fstat(i, &status) == 0 &&
			status.st_rdev == null.st_rdev;
	say(fd, is_null && read(0, &byte, 1) == 0 ? "null" : "something");
}

static void
do_tell_signals(void *context, int fd)
{
	struct sigaction action;
	sigset_t mask;
	bool is_default = sigprocmask(SIG_BLOCK, NULL, &mask) == 0;

	(void)context;
	for (int i = 1; i <= SIGRTMAX; i++) {
		if (sigaction(i, NULL, &action) == 0)
			is_default = is_default &&
				action.sa_handler == SIG_DFL &&
				!sigismember(&mask, i);
	}
	say(fd, is_default ? "default" : "changed");
}

static const struct call {
	const char *name;
	void (*work)(void *context, int fd);
	const char *says;
	int timeout_ms, result; /* 0 or −errno */
	int status; /* as wait(2) has it */
	const char *output; /* NULL: says */
} calls[] = {
	{ "nothing", do_nothing, "", LONG_MS },
	{ "a word", do_say, "word", LONG_MS },
	{ "a word, and later another", do_say_twice, "ab", LONG_MS, 0, 0,
		"abab" },
	{ "lingers a while, pipe closed", do_close_and_linger, "x", LONG_MS },
	{ "an exit status", do_exit, "", LONG_MS, 0, 7 << 8 },
	{ "a signal", do_die, "x", LONG_MS, 0, SIGTERM },
	{ "leaves a child behind", do_leave_a_child, "bye", LONG_MS },
	{ "leaves a child that cannot be found", do_leave_an_escapee, "",
		LONG_MS },
	{ "its own session", do_tell_session, "own", LONG_MS },
	{ "no descriptors of ours", do_tell_descriptors, "four", LONG_MS },
	{ "null device", do_tell_null, "null", LONG_MS },
	{ "signals", do_tell_signals, "default", LONG_MS },
	{ "never ends", do_linger, "", SHORT_MS, -ETIMEDOUT },
	{ "speaks, but never ends", do_say_and_linger, "x", SHORT_MS,
		-ETIMEDOUT },
	{ "never ends, pipe closed", do_close_for_ever, "", SHORT_MS,
		-ETIMEDOUT },
	{ "stops", do_stop, "", SHORT_MS, -ETIMEDOUT },
	{ "ignores signals", do_defy, "", SHORT_MS, -ETIMEDOUT },
	{ "talks for ever", do_talk_for_ever, "blah", SHORT_MS, -ETIMEDOUT },
	{ "no time at all", do_linger, "", 0, -ETIMEDOUT },
};

static void
check_result(const struct call *row, int r, struct child_result *result)
{
	const char *output = row->output != NULL ? row->output : row->says;

	assert_int_equal(r, row->result);
	if (row->result < 0)
		return;
	assert_int_equal(result->status, row->status);
	assert_int_equal(result->size, strlen(output));
	assert_string_equal(result->output, output);
	child_result_clear(result);
	assert_null(result->output);
}

static void
test_call(void **state)
{
	const struct call *row = *state;
	struct child_result result;
	size_t before = fake_descriptors();
	time_t began = time(NULL);
	sigset_t mask;
	int r = child_call(row->work, (void *)(uintptr_t)row->says,
		row->timeout_ms, &result);

	check_result(row, r, &result);
	assert_true(time(NULL) - began < LONG_MS / 1000);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
	assert_false(sigismember(&mask, SIGTERM));
	assert_int_equal(fake_descriptors(), before);
	/* nor is a zombie left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* --- Whatever we are like ------------------------------------------------- */

static void
wince(int number)
{
	(void)number;
}

static void
close_stdin(void)
{
	close(0);
}

static void
close_all(void)
{
	for (int i = 0; i < 3; i++)
		close(i);
}

static void
close_stdout(void)
{
	close(1);
}

static void
open_much(void)
{
	for (int i = 0; i < 100; i++)
		fcntl(2, F_DUPFD, 0);
}

static void
ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, wince);
}

static void
block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static void
ignore_children(void)
{
	signal(SIGCHLD, SIG_IGN);
}

static void
be_interrupted(void)
{
	const struct sigaction action = { .sa_handler = wince };
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static const struct mood {
	const char *name;
	void (*be)(void);
	struct call call;
} moods[] = {
	{ "without standard input", close_stdin,
		{ "", do_tell_descriptors, "four", LONG_MS } },
	{ "without standard output", close_stdout,
		{ "", do_tell_descriptors, "four", LONG_MS } },
	{ "without any of the three", close_all,
		{ "", do_tell_descriptors, "four", LONG_MS } },
	{ "without any, null device", close_all,
		{ "", do_tell_null, "null", LONG_MS } },
	{ "with many descriptors", open_much,
		{ "", do_tell_descriptors, "four", LONG_MS } },
	{ "ignoring signals", ignore_signals,
		{ "", do_tell_signals, "default", LONG_MS } },
	{ "blocking signals", block_signals,
		{ "", do_tell_signals, "default", LONG_MS } },
	{ "ignoring children", ignore_children,
		{ "", do_exit, "", LONG_MS, 0, 7 << 8 } },
	{ "interrupted", be_interrupted,
		{ "", do_say_twice, "ab", LONG_MS, 0, 0, "abab" } },
	{ "interrupted, and it never ends", be_interrupted,
		{ "", do_linger, "", SHORT_MS, -ETIMEDOUT } },
};

/* Ends with status 0 when the work in a process of this mood comes out well. */
static void
test_mood(void **state)
{
	const struct mood *row = *state;
	const struct call *call = &row->call;
	const char *output = call->output != NULL ? call->output : call->says;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct child_result result = { 0 };
		int r;

		row->be();
		r = child_call(call->work, (void *)(uintptr_t)call->says,
			call->timeout_ms, &result);
		if (r != call->result)
			_exit(1);
		if (r == 0 && strcmp(result.output, output) != 0)
			_exit(2);
		_exit(r == 0 && result.status != call->status ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* --- Much output ---------------------------------------------------------- */

static void
do_say_much(void *context, int fd)
{
	static char bytes[1 << 20];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < *(size_t *)context; i++) {
		const char *at = bytes, *end = bytes + sizeof(bytes);

		while (at < end) {
			ssize_t n = write(fd, at, (size_t)(end - at));

			if (n < 0)
				_exit(99);
			at += n;
		}
	}
}

static void
test_much(void **state)
{
	struct child_result result;
	size_t mebibytes = 3;

	(void)state;
	assert_int_equal(
		child_call(do_say_much, &mebibytes, LONG_MS, &result), 0);
	assert_int_equal(result.status, 0);
	assert_int_equal(result.size, CHILD_OUTPUT_MAX);
	assert_int_equal(strlen(result.output), CHILD_OUTPUT_MAX);
	for (size_t i = 0; i < result.size; i++) {
		if (result.output[i] != (char)('a' + i % 26))
			fail_msg("byte %zu is %c", i, result.output[i]);
	}
	child_result_clear(&result);
}

static void
wait_for_its_end(void)
{
	siginfo_t info;

	alloc_call(NULL);
	waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
}

/* It has ended before we read the first byte. */
static void
test_last_words(void **state)
{
	struct child_result result;
	char words[] = "adieu";

	(void)state;
	alloc_call(wait_for_its_end);
	assert_int_equal(child_call(do_say, words, LONG_MS, &result), 0);
	alloc_call(NULL);
	assert_string_equal(result.output, words);
	child_result_clear(&result);
}

static void
do_say_nul(void *context, int fd)
{
	(void)context;
	if (write(fd, "a\0b", 3) < 0)
		_exit(99);
}

static void
test_nul(void **state)
{
	struct child_result result;

	(void)state;
	assert_int_equal(child_call(do_say_nul, NULL, LONG_MS, &result), 0);
	assert_int_equal(result.size, 3);
	assert_memory_equal(result.output, "a\0b", 4);
	child_result_clear(&result);
}

/* Whatever a stray grandchild may write, the answer comes. */
static const struct talker {
	const char *name;
	void (*work)(void *context, int fd);
} talkers[] = {
	{ "of the child's group", do_leave_a_talker },
	{ "that cannot be found", do_leave_a_talking_escapee },
};

static void
test_talker(void **state)
{
	const struct talker *row = *state;
	struct child_result result;
	char word[] = "blah";

	assert_int_equal(child_call(row->work, word, LONG_MS, &result), 0);
	assert_int_equal(result.status, 0);
	assert_true(result.size <= CHILD_OUTPUT_MAX);
	child_result_clear(&result);
}

/* --- Who dies ------------------------------------------------------------- */

/* A FIFO that ends when the last who holds it has died. */
static int
open_line(const char *path)
{
	int fd;

	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Somebody was there, and is no more. */
static void
assert_line_dead(int fd)
{
	struct pollfd line = { fd, 0, 0 };
	char byte = 0;

	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, '!');
	assert_int_equal(poll(&line, 1, LONG_MS), 1);
	assert_true(line.revents & POLLHUP);
	close(fd);
}

static void
hold(const char *path)
{
	say(open(path, O_WRONLY | O_CLOEXEC), "!");
}

static void
do_leave_holder(void *context, int fd)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		_exit(99);
	if (fork() == 0) {
		hold(context);
		say(ready[1], "x");
		do_linger(NULL, fd);
	}
	if (read(ready[0], &byte, 1) < 0)
		_exit(99);
}

static void
do_leave_holder_and_linger(void *context, int fd)
{
	do_leave_holder(context, fd);
	do_linger(NULL, fd);
}

static const struct heir {
	const char *name;
	void (*work)(void *context, int fd);
	int timeout_ms, result;
} heirs[] = {
	{ "at the deadline", do_leave_holder_and_linger, 500, -ETIMEDOUT },
	{ "when the child has ended", do_leave_holder, LONG_MS, 0 },
};

static void
test_heir(void **state)
{
	const struct heir *row = *state;
	const char *path = fake_path(fake_root(NULL), "line");
	struct child_result result = { 0 };
	int line = open_line(path);

	assert_int_equal(child_call(row->work, (void *)(uintptr_t)path,
				 row->timeout_ms, &result),
		row->result);
	assert_line_dead(line);
	child_result_clear(&result);
}

static void
do_hold_and_linger(void *context, int fd)
{
	hold(context);
	do_linger(NULL, fd);
}

/* How we end, while a child is at work. */
static const struct end {
	const char *name;
	int number;
	void (*work)(void *context, int fd);
} ends[] = {
	{ "hangup", SIGHUP, do_leave_holder_and_linger },
	{ "interrupt", SIGINT, do_leave_holder_and_linger },
	{ "quit", SIGQUIT, do_leave_holder_and_linger },
	{ "terminate", SIGTERM, do_leave_holder_and_linger },
	/* of this we learn nothing, and then only the child itself dies */
	{ "kill", SIGKILL, do_hold_and_linger },
};

static void
test_end(void **state)
{
	const struct end *row = *state;
	const char *path = fake_path(fake_root(NULL), "line");
	struct pollfd line = { open_line(path), POLLIN, 0 };
	const struct rlimit no_core = { 0, 0 };
	struct child_result result;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		/* shells ignore some for what runs in the background */
		signal(row->number, SIG_DFL);
		child_call(
			row->work, (void *)(uintptr_t)path, LONG_MS, &result);
		_exit(0);
	}
	assert_int_equal(poll(&line, 1, LONG_MS), 1);
	kill(pid, row->number);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), row->number);
	assert_line_dead(line.fd);
}

/* A signal that does not end us. */
static void
defy_hangup(void)
{
	signal(SIGHUP, SIG_IGN);
}

static void
block_hangup(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void
handle_hangup(void)
{
	signal(SIGHUP, wince);
}

static const struct survivor {
	const char *name;
	void (*be)(void);
	int result;
} survivors[] = {
	{ "ignored", defy_hangup, 0 },
	{ "blocked", block_hangup, 0 },
	{ "handled", handle_hangup, -EINTR },
};

static void
do_hang_up(void *context, int fd)
{
	(void)fd;
	kill(*(pid_t *)context, SIGHUP);
	poll(NULL, 0, 300);
}

static void
test_survivor(void **state)
{
	const struct survivor *row = *state;
	struct child_result result;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		pid_t self = getpid();

		row->be();
		_exit(child_call(do_hang_up, &self, LONG_MS, &result) !=
			row->result);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* --- What is ours --------------------------------------------------------- */

static const char *left_by_atexit;

static void
leave_a_file(void)
{
	int fd = open(left_by_atexit, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

static off_t
size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_size : -1;
}

static void
test_atexit(void **state)
{
	const char *root = fake_root(NULL);
	int status;
	pid_t pid;

	(void)state;
	left_by_atexit = fake_path(root, "atexit");
	pid = fork();
	if (pid == 0) {
		struct child_result result;

		atexit(leave_a_file);
		_exit(child_call(do_nothing, NULL, LONG_MS, &result) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(size_of(left_by_atexit), -1);
}

static void
do_flush(void *context, int fd)
{
	(void)fd;
	fflush(context);
}

/* Nor can the child write where we write. */
static void
test_stdio(void **state)
{
	const char *path = fake_path(fake_root(NULL), "file");
	FILE *file = fopen(path, "we");
	struct child_result result;

	(void)state;
	assert_non_null(file);
	fputs("once", file);
	assert_int_equal(child_call(do_flush, file, LONG_MS, &result), 0);
	child_result_clear(&result);
	assert_int_equal(size_of(path), 0);
	fclose(file);
	assert_int_equal(size_of(path), 4);
}

/* --- Too little ----------------------------------------------------------- */

static void
test_descriptors(void **state)
{
	struct child_result result = { .status = 42 };

	(void)state;
	for (unsigned int more = 0; more < 3; more++) {
		size_t before = fake_descriptors();

		fake_limit(more);
		assert_int_equal(child_call(do_nothing, NULL, LONG_MS, &result),
			-EMFILE);
		fake_unlimit();
		assert_int_equal(result.status, 42);
		assert_int_equal(fake_descriptors(), before);
	}
}

/* --- Programs ------------------------------------------------------------- */

static const struct run {
	const char *name;
	const char *argv[4];
	const char *environment[3]; /* without any: ours */
	int timeout_ms, result, status;
	const char *output;
} runs[] = {
	{ "a word", { "/bin/sh", "-c", "echo word" }, { NULL }, LONG_MS, 0, 0,
		"word\n" },
	{ "an exit status", { "/bin/sh", "-c", "exit 5" }, { NULL }, LONG_MS, 0,
		5 << 8, "" },
	{ "a signal", { "/bin/sh", "-c", "kill -9 $$" }, { NULL }, LONG_MS, 0,
		SIGKILL, "" },
	{ "standard error is dropped",
		{ "/bin/sh", "-c", "echo oops >&2; echo fine" }, { NULL },
		LONG_MS, 0, 0, "fine\n" },
	{ "standard input is empty", { "/bin/cat" }, { NULL }, LONG_MS, 0, 0,
		"" },
	{ "only three descriptors",
		{ "/bin/sh", "-c",
			"for i in 3 4 5; do ( : >&$i ) && echo $i; "
			"done 2>/dev/null; echo done" },
		{ NULL }, LONG_MS, 0, 0, "done\n" },
	{ "our environment", { "/bin/sh", "-c", "echo $CHILD_TEST" }, { NULL },
		LONG_MS, 0, 0, "ours\n" },
	{ "another environment", { "/bin/sh", "-c", "echo $CHILD_TEST $OTHER" },
		{ "OTHER=theirs" }, LONG_MS, 0, 0, "theirs\n" },
	{ "it never ends", { "/bin/sh", "-c", "sleep 60; :" }, { NULL },
		SHORT_MS, -ETIMEDOUT, 0, "" },
	{ "there is none", { "/nonexistent/program" }, { NULL }, LONG_MS,
		-ENOENT, 0, "" },
	{ "a directory", { "/" }, { NULL }, LONG_MS, -EACCES, 0, "" },
	{ "PATH does not count", { "sh" }, { NULL }, LONG_MS, -ENOENT, 0, "" },
};

static void
test_run(void **state)
{
	const struct run *row = *state;
	struct child_result result = { .status = 42 };
	char *const *environment = row->environment[0] != NULL
		? (char *const *)(uintptr_t)row->environment
		: NULL;
	int r;

	setenv("CHILD_TEST", "ours", 1);
	r = child_run((char *const *)(uintptr_t)row->argv, environment,
		row->timeout_ms, &result);
	assert_int_equal(r, row->result);
	if (r < 0) {
		assert_int_equal(result.status, 42);
		return;
	}
	assert_int_equal(result.status, row->status);
	assert_string_equal(result.output, row->output);
	child_result_clear(&result);
}

/* --- Another user's rights ------------------------------------------------ */

static const struct rights {
	const char *name, *user;
	int result; /* root's child's; others may not */
} rights[] = {
	{ "nobody's", "nobody", 0 },
	{ "who is not there", "no-such-user", -ENOENT },
	{ "without a name", "", -ENOENT },
};

static bool
has_roots_group(void)
{
	gid_t gids[64];
	int n = getgroups(64, gids);

	while (n > 0) {
		if (gids[--n] == 0)
			return true;
	}
	return n != 0;
}

/* The result, ids and groups, and whether root's rights can be had back. */
static void
do_take_rights(void *context, int fd)
{
	uid_t uids[3];
	gid_t gids[3] = { 0 };
	int r;

	/* something to give up; others may not, and have not */
	if (geteuid() == 0 && setgroups(1, gids) < 0)
		_exit(99);
	r = child_take_rights(context);
	getresuid(&uids[0], &uids[1], &uids[2]);
	getresgid(&gids[0], &gids[1], &gids[2]);
	dprintf(fd, "%d: %u %u %u, %u %u %u, in 0: %d, back: %d", r, uids[0],
		uids[1], uids[2], gids[0], gids[1], gids[2], has_roots_group(),
		setresuid(0, 0, 0));
}

static void
test_rights(void **state)
{
	const struct rights *row = *state;
	const struct passwd *account = getpwnam(row->user);
	uid_t uid = account != NULL ? account->pw_uid : 0;
	gid_t gid = account != NULL ? account->pw_gid : 0;
	int expected = account != NULL && geteuid() != 0 ? -EPERM : row->result;
	struct child_result result = { 0 };
	char *said;

	assert_int_equal(
		child_call(do_take_rights, (void *)(uintptr_t)row->user,
			LONG_MS, &result),
		0);
	assert_int_equal(strtol(result.output, NULL, 10), expected);
	assert_true(asprintf(&said, "0: %u %u %u, %u %u %u, in 0: 0, back: -1",
			    uid, uid, uid, gid, gid, gid) > 0);
	if (expected == 0)
		assert_string_equal(result.output, said);
	free(said);
	child_result_clear(&result);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "call", test_call, SUITE_ROWS(calls));
	suite_add(&suite, "called", test_mood, SUITE_ROWS(moods));
	suite_add_one(&suite, "3 MiB are cut", test_much);
	suite_add_one(&suite, "last words", test_last_words);
	suite_add_one(&suite, "a NUL is a byte", test_nul);
	suite_add(&suite, "a talkative grandchild", test_talker,
		SUITE_ROWS(talkers));
	suite_add(&suite, "grandchildren die", test_heir, SUITE_ROWS(heirs));
	suite_add(&suite, "no child outlives us", test_end, SUITE_ROWS(ends));
	suite_add(&suite, "we outlive a signal", test_survivor,
		SUITE_ROWS(survivors));
	suite_add_one(&suite, "atexit(3) is ours", test_atexit);
	suite_add_one(&suite, "stdio is ours", test_stdio);
	suite_add_one(&suite, "no descriptors left", test_descriptors);
	suite_add(&suite, "run", test_run, SUITE_ROWS(runs));
	suite_add(&suite, "rights", test_rights, SUITE_ROWS(rights));
	return suite_run(&suite, "child");
}
