/* SPDX-License-Identifier: MIT */
/*
 * Questions and answers go over a pair of sockets, one of each at a time: a
 * head of fixed size, then its text. The child is a fork of this program, so
 * both agree on every size; it dies with its parent's end of the pair.
 */
#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "output.h"

enum question {
	ASK_USER,
	ASK_UID,
	ASK_GROUP,
	ASK_GID,
	ASK_GIDS,
};

/* Behind it: name, then user, both with their NUL. */
struct question_head {
	enum question question;
	unsigned int id; /* gid or uid */
	size_t name_size, user_size;
};

/* Behind it: name and home, with their NULs; or gids. */
struct answer_head {
	int error; /* 0 or −errno */
	uid_t uid;
	gid_t gid;
	bool lists_user;
	size_t name_size, home_size, n_gids;
};

struct lookup {
	int fd; /* -1: given up, or never begun */
	pid_t child;
	int timeout_ms;
};

/* --- Both ---------------------------------------------------------------- */

#define FOR_EVER INT64_MAX

/* Waits until the other side reads or writes. 0, or -ETIMEDOUT. */
static int
wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int64_t left;
	int r;

	do {
		left = deadline == FOR_EVER ? -1 : deadline - monotonic_ms();
		if (deadline != FOR_EVER && left <= 0)
			return -ETIMEDOUT;
		r = poll(&poll_fd, 1, (int)left);
	} while (r < 0 && errno == EINTR);
	return r > 0 ? 0 : -ETIMEDOUT;
}

static bool
is_transient(int error)
{
	return error == EINTR || error == EAGAIN;
}

/* Exactly so much, before the deadline: 0, -ETIMEDOUT, or -EIO. */
static int
receive(int fd, void *bytes, size_t size, int64_t deadline)
{
	for (size_t done = 0; done < size;) {
		int r = wait_for(fd, POLLIN, deadline);
		ssize_t n;

		if (r < 0)
			return r;
		n = recv(fd, (char *)bytes + done, size - done, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && !is_transient(errno)))
			return -EIO;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int
transmit(int fd, const void *bytes, size_t size, int64_t deadline)
{
	for (size_t done = 0; done < size;) {
		int r = wait_for(fd, POLLOUT, deadline);
		ssize_t n;

		if (r < 0)
			return r;
		n = send(fd, (const char *)bytes + done, size - done,
			MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && !is_transient(errno))
			return -EIO;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* --- In the child -------------------------------------------------------- */

/* What an answer is made of, until it is sent. */
struct answer_body {
	char *name, *home;
	gid_t *gids;
};

static int
take_user(int r, struct account *account, struct answer_head *head,
	struct answer_body *body)
{
	if (r < 0)
		return r;
	head->uid = account->uid;
	head->gid = account->gid;
	body->name = account->name;
	body->home = account->home;
	return 0;
}

static int
take_group(int r, struct group_record *record, struct answer_head *head,
	struct answer_body *body)
{
	if (r < 0)
		return r;
	head->gid = record->gid;
	head->lists_user = record->lists_user;
	body->name = record->name;
	return 0;
}

static int
ask(const struct facts *facts, const struct question_head *question,
	const char *text, struct answer_head *head, struct answer_body *body)
{
	const char *name = text, *user = text + question->name_size;
	struct group_record record = { 0 };
	struct account account = { 0 };
	int r;

	switch (question->question) {
	case ASK_USER:
		r = facts->find_user(facts->context, name, &account);
		return take_user(r, &account, head, body);
	case ASK_UID:
		r = facts->find_uid(facts->context, question->id, &account);
		return take_user(r, &account, head, body);
	case ASK_GROUP:
		r = facts->find_group(facts->context, name, user, &record);
		return take_group(r, &record, head, body);
	case ASK_GID:
		r = facts->find_gid(
			facts->context, question->id, user, &record);
		return take_group(r, &record, head, body);
	case ASK_GIDS:
		return facts->list_gids(facts->context, user, question->id,
			&body->gids, &head->n_gids);
	}
	return -EINVAL;
}

static int
send_answer(int fd, struct answer_head *head, const struct answer_body *body)
{
	int r;

	head->name_size = body->name != NULL ? strlen(body->name) + 1 : 0;
	head->home_size = body->home != NULL ? strlen(body->home) + 1 : 0;
	r = transmit(fd, head, sizeof(*head), FOR_EVER);
	if (r == 0)
		r = transmit(fd, body->name, head->name_size, FOR_EVER);
	if (r == 0)
		r = transmit(fd, body->home, head->home_size, FOR_EVER);
	if (r == 0)
		r = transmit(
			fd, body->gids, head->n_gids * sizeof(gid_t), FOR_EVER);
	return r;
}

static int
serve_one(int fd, const struct facts *facts)
{
	struct question_head question;
	struct answer_head head = { 0 };
	struct answer_body body = { 0 };
	char *text;
	int r = receive(fd, &question, sizeof(question), FOR_EVER);

	if (r < 0)
		return r;
	text = need(malloc(question.name_size + question.user_size));
	r = receive(
		fd, text, question.name_size + question.user_size, FOR_EVER);
	if (r == 0) {
		head.error = ask(facts, &question, text, &head, &body);
		r = send_answer(fd, &head, &body);
	}
	free(text);
	free(body.name);
	free(body.home);
	free(body.gids);
	return r;
}

/* One that hangs must not keep the reader of our output waiting. */
static void
let_go_of_output(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
		if (fd < 0)
			close(i);
		else
			dup2(fd, i);
	}
	if (fd > STDERR_FILENO)
		close(fd);
}

static void
serve(int fd)
{
	struct nss_buffer buffer = { 0 };
	struct facts facts = facts_nss(&buffer);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	let_go_of_output();
	while (serve_one(fd, &facts) == 0)
		;
	nss_buffer_clear(&buffer);
	_exit(0);
}

/* --- In the parent ------------------------------------------------------- */

/* A child that hangs in the kernel is left to init, never waited for. */
static void
give_up(struct lookup *lookup)
{
	if (lookup->fd < 0)
		return;
	close(lookup->fd);
	lookup->fd = -1;
	kill(lookup->child, SIGKILL);
	waitpid(lookup->child, NULL, WNOHANG);
}

/* Strings and arrays of the body are owned by the caller. */
static int
receive_answer(const struct lookup *lookup, int64_t deadline,
	struct answer_head *head, struct answer_body *body)
{
	int fd = lookup->fd;
	int r = receive(fd, head, sizeof(*head), deadline);

	if (r < 0)
		return r;
	body->name = need(calloc(1, head->name_size + 1));
	body->home = need(calloc(1, head->home_size + 1));
	body->gids = need(calloc(head->n_gids + 1, sizeof(gid_t)));
	r = receive(fd, body->name, head->name_size, deadline);
	if (r == 0)
		r = receive(fd, body->home, head->home_size, deadline);
	if (r == 0)
		r = receive(
			fd, body->gids, head->n_gids * sizeof(gid_t), deadline);
	return r;
}

static void
answer_body_clear(struct answer_body *body)
{
	free(body->name);
	free(body->home);
	free(body->gids);
	*body = (struct answer_body){ 0 };
}

/* Puts one question. The body is the caller's if 0 is returned. */
static int
put(struct lookup *lookup, struct question_head question, const char *name,
	const char *user, struct answer_head *head, struct answer_body *body)
{
	int64_t deadline = monotonic_ms() + lookup->timeout_ms;
	int fd = lookup->fd, r;

	if (fd < 0)
		return -ETIMEDOUT;
	question.name_size = strlen(name) + 1;
	question.user_size = strlen(user) + 1;
	r = transmit(fd, &question, sizeof(question), deadline);
	if (r == 0)
		r = transmit(fd, name, question.name_size, deadline);
	if (r == 0)
		r = transmit(fd, user, question.user_size, deadline);
	if (r == 0)
		r = receive_answer(lookup, deadline, head, body);
	if (r < 0)
		give_up(lookup);
	else
		r = head->error;
	if (r < 0)
		answer_body_clear(body);
	return r;
}

static int
find_account(void *context, struct question_head question, const char *name,
	struct account *ret)
{
	struct answer_head head = { 0 };
	struct answer_body body = { 0 };
	int r = put(context, question, name, "", &head, &body);

	if (r < 0)
		return r;
	*ret = (struct account){ body.name, head.uid, head.gid, body.home };
	free(body.gids);
	return 0;
}

static int
find_user(void *context, const char *name, struct account *ret)
{
	struct question_head question = { .question = ASK_USER };

	return find_account(context, question, name, ret);
}

static int
find_uid(void *context, uid_t uid, struct account *ret)
{
	struct question_head question = { .question = ASK_UID, .id = uid };

	return find_account(context, question, "", ret);
}

static int
find_record(void *context, struct question_head question, const char *name,
	const char *user, struct group_record *ret)
{
	struct answer_head head = { 0 };
	struct answer_body body = { 0 };
	int r = put(context, question, name, user, &head, &body);

	if (r < 0)
		return r;
	*ret = (struct group_record){ body.name, head.gid, head.lists_user };
	free(body.home);
	free(body.gids);
	return 0;
}

static int
find_group(void *context, const char *name, const char *user,
	struct group_record *ret)
{
	struct question_head question = { .question = ASK_GROUP };

	return find_record(context, question, name, user, ret);
}

static int
find_gid(void *context, gid_t gid, const char *user, struct group_record *ret)
{
	struct question_head question = { .question = ASK_GID, .id = gid };

	return find_record(context, question, "", user, ret);
}

static int
list_gids(void *context, const char *user, gid_t primary, gid_t **ret,
	size_t *count)
{
	struct question_head question = { .question = ASK_GIDS, .id = primary };
	struct answer_head head = { 0 };
	struct answer_body body = { 0 };
	int r = put(context, question, "", user, &head, &body);

	if (r < 0)
		return r;
	*ret = body.gids;
	*count = head.n_gids;
	free(body.name);
	free(body.home);
	return 0;
}

struct lookup *
lookup_start(int timeout_ms)
{
	struct lookup *lookup = need(calloc(1, sizeof(*lookup)));
	int fds[2];

	*lookup = (struct lookup){ .fd = -1, .timeout_ms = timeout_ms };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return lookup;
	/* else what is printed may go to the child */
	fds[0] = descriptor_lift(fds[0]);
	fds[1] = descriptor_lift(fds[1]);
	lookup->child = fds[0] < 0 || fds[1] < 0 ? -1 : fork();
	if (lookup->child == 0) {
		close(fds[0]);
		serve(fds[1]);
	}
	close(fds[1]);
	if (lookup->child < 0)
		close(fds[0]);
	else
		lookup->fd = fds[0];
	return lookup;
}

struct facts
lookup_facts(struct lookup *lookup)
{
	return (struct facts){ find_user, find_uid, find_group, find_gid,
		list_gids, lookup };
}

bool
lookup_is_dead(const struct lookup *lookup)
{
	return lookup->fd < 0;
}

void
lookup_end(struct lookup *lookup)
{
	if (lookup == NULL)
		return;
	give_up(lookup);
	free(lookup);
}
