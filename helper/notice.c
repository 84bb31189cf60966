/* SPDX-License-Identifier: MIT */
#include "notice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../policy/text.h"
#include "../policy/trust.h"
#include "bus.h"

/*
 * What was said last: its id in decimal, a newline, to whom, by unique name on
 * the bus, a newline, its body.
 */
#define MEMORY_NAME "virturi-notice"
#define MEMORY_MAX  65536

#define SUMMARY "A new login is needed for libvirt"

/* What is shown. id 0: nothing. body is owned, and may be NULL. */
struct notice {
	uint32_t id;
	char *notifier; /* who shows it; NULL: not known */
	char *body;
};

/*
 * Opens what is remembered, and keeps others who come at the same time
 * waiting. Only in a runtime directory of our own.
 */
static int
open_memory(void)
{
	const char *directory = getenv("XDG_RUNTIME_DIR");
	struct stat status;
	int dir_fd, fd = -1, r = 0;

	if (directory == NULL || directory[0] != '/')
		return -ENOENT;
	dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	if (fstat(dir_fd, &status) < 0 || status.st_uid != geteuid())
		r = -EACCES;
	else
		fd = openat(dir_fd, MEMORY_NAME,
			O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			0600);
	if (r == 0 && (fd < 0 || flock(fd, LOCK_EX) < 0))
		r = -errno;
	close(dir_fd);
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

static struct notice
recall(int fd)
{
	struct notice notice = { 0 };
	char *bytes, *newline, *second;
	size_t size;

	if (read_all(fd, MEMORY_MAX, &bytes, &size) < 0)
		return notice;
	newline = strchr(bytes, '\n');
	second = newline != NULL ? strchr(newline + 1, '\n') : NULL;
	if (second != NULL &&
		text_parse_id((struct span){ bytes, (size_t)(newline - bytes) },
			&notice.id) == 0) {
		notice.notifier = need(
			strndup(newline + 1, (size_t)(second - newline - 1)));
		notice.body = need(strdup(second + 1));
	}
	free(bytes);
	return notice;
}

static void
forget(struct notice *notice)
{
	free(notice->notifier);
	free(notice->body);
	*notice = (struct notice){ 0 };
}

/*
 * A new session has a notification service of its own, which shows nothing of
 * ours, and may have given the id to somebody else.
 */
static void
forget_if_gone(struct notice *notice, int timeout_ms)
{
	char *now = NULL;

	if (notice->id == 0)
		return;
	if (bus_find_notifier(timeout_ms, &now) == -EHOSTUNREACH ||
		(now != NULL && strcmp(now, notice->notifier) != 0))
		forget(notice);
	free(now);
}

/* The file is written in place: who reads half of it just says it again. */
static int
remember(int fd, const struct notice *notice)
{
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	if (notice->id != 0 &&
		dprintf(fd, "%lu\n%s\n%s", (unsigned long)notice->id,
			notice->notifier, notice->body) < 0)
		return -errno;
	return 0;
}

/* A line each; prices are left out: they change all the time. */
static char *
write_body(const struct relogin *relogin)
{
	char *body = NULL;
	size_t size;
	FILE *stream = need(open_memstream(&body, &size));

	for (size_t i = 0; i < relogin->cures.count; i++) {
		const struct step *step = &relogin->cures.steps[i];
		char *command = bus_escape_markup(step->command);

		fprintf(stream, "%s%s: %s", i > 0 ? "\n" : "", step->label,
			command);
		free(command);
	}
	if (fclose(stream) != 0)
		need(NULL);
	return need(body);
}

static int
raise_notice(const struct relogin *relogin, struct notice *notice)
{
	char *body = write_body(relogin), *notifier = NULL;
	int r = 0;

	if (notice->body != NULL && strcmp(notice->body, body) == 0) {
		free(body);
		return 0;
	}
	r = bus_notify(notice->id, SUMMARY, body,
		relogin->doctor->options.timeout_ms, &notice->id, &notifier);
	if (r < 0) {
		free(body);
		return r;
	}
	free(notice->body);
	free(notice->notifier);
	notice->notifier = notifier;
	notice->body = body;
	return 0;
}

static int
withdraw_notice(const struct relogin *relogin, struct notice *notice)
{
	int r = notice->id == 0 ? 0
				: bus_close_notification(notice->id,
					  relogin->doctor->options.timeout_ms);

	notice->id = 0;
	/* without a bus nobody shows it any more */
	return r == -ENOENT || r == -ECONNREFUSED ? 0 : r;
}

enum status
notice_update(const struct relogin *relogin, enum status found)
{
	struct notice notice;
	int fd, r;

	if (found == STATUS_UNKNOWN)
		return found;
	fd = open_memory();
	if (fd < 0) {
		errno = -fd;
		complain("no runtime directory to remember notifications in: "
			 "%m");
		return STATUS_UNKNOWN;
	}
	notice = recall(fd);
	forget_if_gone(&notice, relogin->doctor->options.timeout_ms);
	r = found == STATUS_NO ? raise_notice(relogin, &notice)
			       : withdraw_notice(relogin, &notice);
	if (r == 0)
		r = remember(fd, &notice);
	forget(&notice);
	close(fd);
	if (r < 0) {
		errno = -r;
		if (r == -EHOSTUNREACH)
			complain("no program here shows notifications");
		else
			complain("the desktop cannot be told: %m");
		return STATUS_UNKNOWN;
	}
	return found;
}
