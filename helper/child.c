/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "output.h"

/* Where a child finds its end of the pipe */
#define ANSWER_FD 3

/* How long a killed one may take to die before it is left behind */
#define DYING_MS 500

/* Its end is looked for so often: while somebody holds its pipe, and after */
#define LOOK_MS      20
#define LOOK_SOON_MS 1

/* Ours of what connects us; -1: closed. */
struct channel {
	int null, reader, writer;
};

struct child {
	pid_t pid;
	int reader;
	int64_t deadline_ms; /* of monotonic_ms() */
	bool is_silent; /* nobody holds the pipe's other end */
	sigset_t mask; /* as it was */
	sigset_t held; /* signals held back */
	struct child_result result;
};

int64_t
monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
descriptor_lift(int fd)
{
	int lifted, error;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	lifted = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	error = errno;
	close(fd);
	errno = error;
	return lifted;
}

/* --- In the child ----------------------------------------------------------*/

static void
reset_signals(void)
{
	struct sigaction action;
	sigset_t none;

	for (int number = 1; number <= SIGRTMAX; number++) {
		if (sigaction(number, NULL, &action) == 0 &&
			action.sa_handler != SIG_DFL)
			signal(number, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
close_from(unsigned int first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0U, 0U) == 0)
		return;
#endif
	/* before Linux 5.9 */
	for (int fd = (int)first; fd < 1024; fd++)
		close(fd);
}

static void
arrange_descriptors(const struct channel *channel)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(channel->null, fd);
	if (channel->writer != ANSWER_FD &&
		dup3(channel->writer, ANSWER_FD, O_CLOEXEC) < 0)
		_exit(EXIT_FAILURE);
	close_from(ANSWER_FD + 1);
}

static void
settle(const struct channel *channel, pid_t parent)
{
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* it may have died before we asked to be told */
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	arrange_descriptors(channel);
	reset_signals();
}

int
child_take_rights(const char *user)
{
	const struct passwd *account;
	pid_t parent = getppid();

	/* which it may leave alone where there is none */
	errno = 0;
	account = getpwnam(user);
	if (account == NULL)
		return errno != 0 ? -errno : -ENOENT;
	if (initgroups(user, account->pw_gid) < 0 ||
		setresgid(account->pw_gid, account->pw_gid, account->pw_gid) <
			0 ||
		setresuid(account->pw_uid, account->pw_uid, account->pw_uid) <
			0)
		return -errno;
	/* forgotten with the old rights: prctl(2) */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	return 0;
}

/* --- In the parent ---------------------------------------------------------*/

static void
channel_close(struct channel *channel)
{
	int *const fds[] = { &channel->null, &channel->reader,
		&channel->writer };

	for (size_t i = 0; i < countof(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static int
channel_open(struct channel *channel)
{
	int ends[2], error;

	channel->null = descriptor_lift(open("/dev/null", O_RDWR | O_CLOEXEC));
	if (channel->null < 0)
		return -errno;
	if (pipe2(ends, O_CLOEXEC) == 0) {
		channel->reader = descriptor_lift(ends[0]);
		channel->writer = descriptor_lift(ends[1]);
		if (channel->reader >= 0 && channel->writer >= 0 &&
			fcntl(channel->reader, F_SETFL, O_NONBLOCK) == 0)
			return 0;
	}
	error = errno;
	channel_close(channel);
	return -error;
}

/*
 * What would end us, and leave the child's own children behind, is held back
 * until they are dead.
 */
static void
hold_back_ends(struct child *child)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct sigaction action;

	sigemptyset(&child->held);
	sigprocmask(SIG_BLOCK, NULL, &child->mask);
	for (size_t i = 0; i < countof(ends); i++) {
		if (sigaction(ends[i], NULL, &action) == 0 &&
			action.sa_handler != SIG_IGN &&
			!sigismember(&child->mask, ends[i]))
			sigaddset(&child->held, ends[i]);
	}
	sigprocmask(SIG_BLOCK, &child->held, NULL);
}

static bool
is_to_end(const struct child *child)
{
	sigset_t pending;

	sigpending(&pending);
	sigandset(&pending, &pending, &child->held);
	return !sigisemptyset(&pending);
}

/* Returns the child's pid, or −errno. */
static pid_t
start(const struct channel *channel, void (*work)(void *context, int fd),
	void *context)
{
	pid_t parent = getpid(), pid;
	sigset_t all, before;
	int error;

	/* a zombie is wanted, whatever whoever started us ignores */
	signal(SIGCHLD, SIG_DFL);
	/* no handler of ours may run in the child */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	error = errno;
	if (pid == 0) {
		settle(channel, parent);
		work(context, ANSWER_FD);
		_exit(EXIT_SUCCESS);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid < 0 ? -error : pid;
}

/* Adds what fits. */
static void
keep(struct child_result *result, const char *bytes, size_t size)
{
	size_t room = CHILD_OUTPUT_MAX - result->size;

	if (size > room)
		size = room;
	result->output = need(realloc(result->output, result->size + size + 1));
	memcpy(result->output + result->size, bytes, size);
	result->size += size;
	result->output[result->size] = '\0';
}

/* Reads what is there; false: nothing, for now or for ever. */
static bool
listen_to(struct child *child)
{
	char bytes[65536];
	ssize_t size = read(child->reader, bytes, sizeof(bytes));

	if (size < 0)
		return false;
	keep(&child->result, bytes, (size_t)size);
	child->is_silent = size == 0;
	return size > 0;
}

static void
wait_for_output(struct child *child, int64_t left_ms)
{
	struct pollfd reader = { child->is_silent ? -1 : child->reader, POLLIN,
		0 };
	int slice_ms = child->is_silent ? LOOK_SOON_MS : LOOK_MS;

	if (poll(&reader, 1, left_ms < slice_ms ? (int)left_ms : slice_ms) > 0)
		listen_to(child);
}

/* Its zombie stays, and with it the group's number. */
static bool
has_ended(const struct child *child)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)child->pid, &info,
		       WEXITED | WNOHANG | WNOWAIT) == 0 &&
		info.si_pid == child->pid;
}

static int
attend(struct child *child)
{
	while (!has_ended(child)) {
		int64_t left_ms = child->deadline_ms - monotonic_ms();

		if (left_ms <= 0)
			return -ETIMEDOUT;
		if (is_to_end(child))
			return -EINTR;
		wait_for_output(child, left_ms);
	}
	return 0;
}

/* Kills what is left of it. */
static void
finish(struct child *child)
{
	int64_t patience_ms = monotonic_ms() + DYING_MS;

	/* before setsid() there is no such group */
	kill(-child->pid, SIGKILL);
	kill(child->pid, SIGKILL);
	while (!has_ended(child) && monotonic_ms() < patience_ms)
		poll(NULL, 0, LOOK_SOON_MS);
	waitpid(child->pid, &child->result.status, WNOHANG);
}

/* What it wrote last; never for long, whoever else may write there. */
static void
drain(struct child *child)
{
	while (child->result.size < CHILD_OUTPUT_MAX && listen_to(child)) {
	}
}

int
child_call(void (*work)(void *context, int fd), void *context, int timeout_ms,
	struct child_result *ret)
{
	struct child child = { .deadline_ms = monotonic_ms() + timeout_ms };
	struct channel channel = { -1, -1, -1 };
	int result = channel_open(&channel);

	if (result < 0)
		return result;
	hold_back_ends(&child);
	child.reader = channel.reader;
	child.pid = start(&channel, work, context);
	close(channel.writer);
	channel.writer = -1;
	result = child.pid;
	if (result > 0) {
		keep(&child.result, "", 0);
		result = attend(&child);
		finish(&child);
		drain(&child);
	}
	channel_close(&channel);
	if (result == 0)
		*ret = child.result;
	else
		child_result_clear(&child.result);
	sigprocmask(SIG_SETMASK, &child.mask, NULL);
	return result;
}

/* A program to become. */
struct program {
	char *const *argv;
	char *const *environment;
	int *error; /* shared with us: why it could not be */
};

static void
become(void *context, int fd)
{
	const struct program *program = context;
	char *const *environment = program->environment;

	if (dup2(fd, STDOUT_FILENO) >= 0)
		execve(program->argv[0], program->argv,
			environment != NULL ? environment : environ);
	*program->error = errno;
}

int
child_run(char *const argv[], char *const environment[], int timeout_ms,
	struct child_result *ret)
{
	struct program program = { argv, environment, NULL };
	struct child_result answer;
	int result;

	program.error = mmap(NULL, sizeof(*program.error),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (program.error == MAP_FAILED)
		return -errno;
	result = child_call(become, &program, timeout_ms, &answer);
	if (result == 0 && *program.error != 0) {
		result = -*program.error;
		child_result_clear(&answer);
	}
	munmap(program.error, sizeof(*program.error));
	if (result == 0)
		*ret = answer;
	return result;
}

void
child_result_clear(struct child_result *result)
{
	free(result->output);
	*result = (struct child_result){ 0 };
}
