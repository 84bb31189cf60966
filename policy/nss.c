/* SPDX-License-Identifier: MIT */
#include "facts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_MIN ((size_t)4096)
#define BUFFER_MAX ((size_t)64 * 1024 * 1024)

/* More gids than Linux lets a process have (NGROUPS_MAX), with room to grow. */
#define GIDS_MAX (1024 * 1024)

/* Makes the buffer at least *least* bytes large; its contents are lost. */
static int
reserve(struct nss_buffer *buffer, size_t least)
{
	if (least > BUFFER_MAX)
		return -ERANGE;
	if (buffer->size >= least)
		return 0;
	nss_buffer_clear(buffer);
	buffer->bytes = malloc(least);
	if (buffer->bytes == NULL)
		return -ENOMEM;
	buffer->size = least;
	return 0;
}

/* What a call of the get…_r family says: 0, -ENOENT or another −errno. */
static int
result_of(int error, const void *record)
{
	if (error == 0 && record != NULL)
		return 0;
	switch (error) {
	case 0:
	case ENOENT:
	case ESRCH:
	case EBADF:
	case EPERM:
		return -ENOENT;
	default:
		return -error;
	}
}

/* The four look-ups differ in their key and record only. */
enum question {
	ASK_USER,
	ASK_UID,
	ASK_GROUP,
	ASK_GID,
};

union record {
	struct passwd user;
	struct group group;
};

static int
ask(struct nss_buffer *buffer, enum question question, const char *name,
	id_t id, union record *record)
{
	int r = reserve(buffer, BUFFER_MIN);

	while (r == 0) {
		struct passwd *user = NULL;
		struct group *group = NULL;
		int error = 0;

		if (question == ASK_USER)
			error = getpwnam_r(name, &record->user, buffer->bytes,
				buffer->size, &user);
		else if (question == ASK_UID)
			error = getpwuid_r(id, &record->user, buffer->bytes,
				buffer->size, &user);
		else if (question == ASK_GROUP)
			error = getgrnam_r(name, &record->group, buffer->bytes,
				buffer->size, &group);
		else
			error = getgrgid_r(id, &record->group, buffer->bytes,
				buffer->size, &group);
		if (error != ERANGE)
			return result_of(
				error, user != NULL ? (void *)user : group);
		r = reserve(buffer, 4 * buffer->size);
	}
	return r;
}

static int
copy_user(const struct passwd *user, struct account *ret)
{
	struct account account = {
		.name = strdup(user->pw_name),
		.uid = user->pw_uid,
		.gid = user->pw_gid,
		.home = strdup(user->pw_dir != NULL ? user->pw_dir : ""),
	};

	if (account.name == NULL || account.home == NULL) {
		account_clear(&account);
		return -ENOMEM;
	}
	*ret = account;
	return 0;
}

static int
find_user(void *context, const char *name, struct account *ret)
{
	union record record;
	int r = ask(context, ASK_USER, name, 0, &record);

	return r < 0 ? r : copy_user(&record.user, ret);
}

static int
find_uid(void *context, uid_t uid, struct account *ret)
{
	union record record;
	int r = ask(context, ASK_UID, NULL, uid, &record);

	return r < 0 ? r : copy_user(&record.user, ret);
}

static int
copy_group(
	const struct group *group, const char *user, struct group_record *ret)
{
	struct group_record record = { .gid = group->gr_gid };

	for (char **member = group->gr_mem;
		member != NULL && *member != NULL && !record.lists_user;
		member++)
		record.lists_user = strcmp(*member, user) == 0;
	record.name = strdup(group->gr_name);
	if (record.name == NULL)
		return -ENOMEM;
	*ret = record;
	return 0;
}

static int
find_group(void *context, const char *name, const char *user,
	struct group_record *ret)
{
	union record record;
	int r = ask(context, ASK_GROUP, name, 0, &record);

	return r < 0 ? r : copy_group(&record.group, user, ret);
}

static int
find_gid(void *context, gid_t gid, const char *user, struct group_record *ret)
{
	union record record;
	int r = ask(context, ASK_GID, NULL, gid, &record);

	return r < 0 ? r : copy_group(&record.group, user, ret);
}

/* What no source lacks because it does not answer, but this process does. */
static bool
is_exhaustion(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE;
}

/*
 * getgrouplist(3) cannot fail: a source that does not answer only makes the
 * list shorter. So does glibc's own that lacks memory or a descriptor, but
 * then errno says so.
 */
static int
list_gids(void *context, const char *user, gid_t primary, gid_t **ret,
	size_t *count)
{
	/* more than anybody's, so that one call is enough */
	int room = 4096, n = room;
	gid_t *gids = NULL, *bigger;
	bool is_full = false;
	int error;

	(void)context;
	while (!is_full) {
		bigger = realloc(gids, (size_t)room * sizeof(*gids));
		if (bigger == NULL)
			break;
		gids = bigger;
		n = room;
		errno = 0;
		is_full = getgrouplist(user, primary, gids, &n) >= 0;
		if (!is_full && (n <= room || n > GIDS_MAX))
			break;
		room = n;
	}
	if (is_full && !is_exhaustion(errno)) {
		*ret = gids;
		*count = (size_t)n;
		return 0;
	}
	error = is_full ? errno : ENOMEM;
	free(gids);
	return n > GIDS_MAX ? -ERANGE : -error;
}

struct facts
facts_nss(struct nss_buffer *buffer)
{
	return (struct facts){
		.find_user = find_user,
		.find_uid = find_uid,
		.find_group = find_group,
		.find_gid = find_gid,
		.list_gids = list_gids,
		.context = buffer,
	};
}

void
account_clear(struct account *account)
{
	free(account->name);
	free(account->home);
	*account = (struct account){ 0 };
}

void
nss_buffer_clear(struct nss_buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct nss_buffer){ 0 };
}
