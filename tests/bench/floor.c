/* SPDX-License-Identifier: MIT */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libeconf.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAIN_NAME   "virturi.conf"
#define DROPIN_NAME "virturi.conf.d"

/* The file of the highest layer that has one. */
static const char *const files[] = {
	CONFDIR "/" MAIN_NAME,
	RUNCONFDIR "/" MAIN_NAME,
	VENDORCONFDIR "/" MAIN_NAME,
};

static const char *const dropins[] = {
	CONFDIR "/" DROPIN_NAME,
	RUNCONFDIR "/" DROPIN_NAME,
	VENDORCONFDIR "/" DROPIN_NAME,
};

#define countof(array) (sizeof(array) / sizeof((array)[0]))

/* --- The policy ----------------------------------------------------------- */

static void
probe_dropins(void)
{
	for (size_t i = 0; i < countof(dropins); i++) {
		int fd = open(dropins[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			close(fd);
	}
}

static bool
read_whole(int fd)
{
	struct stat status;
	char *bytes;
	bool is_read;

	if (fstat(fd, &status) < 0)
		return false;
	bytes = malloc((size_t)status.st_size + 1);
	is_read = bytes != NULL &&
		read(fd, bytes, (size_t)status.st_size) == status.st_size;
	free(bytes);
	return is_read;
}

static const char *
find_file(void)
{
	for (size_t i = 0; i < countof(files); i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		bool is_read;

		if (fd < 0)
			continue;
		is_read = read_whole(fd);
		close(fd);
		return is_read ? files[i] : NULL;
	}
	return NULL;
}

static char *
parse(const char *path, const char *group)
{
	econf_file *file = NULL;
	char *section, *uri = NULL;

	if (asprintf(&section, "group %s", group) < 0)
		return NULL;
	if (econf_readFile(&file, path, "=", "#") != ECONF_SUCCESS ||
		econf_getStringValue(file, section, "uri", &uri) !=
			ECONF_SUCCESS)
		uri = NULL;
	econf_freeFile(file);
	free(section);
	return uri;
}

/* --- The names ------------------------------------------------------------ */

/* What a record's strings are put into. */
struct buffer {
	char *bytes;
	size_t size;
};

/* Is the look-up to be tried again, with the larger buffer it asked for? */
static bool
wants_more(struct buffer *buffer, int error)
{
	if (error != ERANGE)
		return false;
	free(buffer->bytes);
	buffer->size *= 4;
	buffer->bytes = malloc(buffer->size);
	return buffer->bytes != NULL;
}

static bool
find_user(struct buffer *buffer, const char *name, struct passwd *user)
{
	struct passwd *found = NULL;

	while (wants_more(buffer,
		getpwnam_r(name, user, buffer->bytes, buffer->size, &found)))
		;
	return found != NULL;
}

static bool
find_group(struct buffer *buffer, const char *name, struct group *group)
{
	struct group *found = NULL;

	while (wants_more(buffer,
		getgrnam_r(name, group, buffer->bytes, buffer->size, &found)))
		;
	return found != NULL;
}

static void
find_gid(struct buffer *buffer, gid_t gid)
{
	struct group group, *found = NULL;

	while (wants_more(buffer,
		getgrgid_r(gid, &group, buffer->bytes, buffer->size, &found)))
		;
}

static bool
lists(const struct group *group, const char *user)
{
	for (char **member = group->gr_mem; *member != NULL; member++) {
		if (strcmp(*member, user) == 0)
			return true;
	}
	return false;
}

/* Asks for the user's gids, and for each one's name if that is wanted. */
static bool
has_gid(struct buffer *buffer, const struct floor_question *question,
	gid_t primary, gid_t gid)
{
	int count = 4096;
	gid_t *gids = malloc((size_t)count * sizeof(*gids));
	bool is_in = false;

	if (gids == NULL ||
		getgrouplist(question->user, primary, gids, &count) < 0)
		count = 0;
	for (int i = 0; i < count; i++) {
		is_in = is_in || gids[i] == gid;
		if (question->names_groups)
			find_gid(buffer, gids[i]);
	}
	free(gids);
	return is_in;
}

static bool
is_member(const struct floor_question *question)
{
	struct buffer buffer = { malloc(4096), 4096 };
	struct passwd user;
	struct group group;
	bool is_in = false;
	gid_t primary;

	if (buffer.bytes != NULL && find_user(&buffer, question->user, &user)) {
		primary = user.pw_gid;
		if (find_group(&buffer, question->group, &group))
			is_in = group.gr_gid == primary ||
				lists(&group, question->user) ||
				has_gid(&buffer, question, primary,
					group.gr_gid);
	}
	free(buffer.bytes);
	return is_in;
}

char *
floor_ask(const struct floor_question *question)
{
	const char *path;
	char *uri = NULL;

	probe_dropins();
	path = find_file();
	if (path != NULL)
		uri = parse(path, question->group);
	if (is_member(question))
		return uri;
	free(uri);
	return NULL;
}
