/* SPDX-License-Identifier: MIT */
#include "nss_virturi.h"

#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* glibc finds the service's functions by name. */
#define EXPORT __attribute__((visibility("default")))

EXPORT struct nss_virturi_calls nss_virturi_calls;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
EXPORT enum nss_status _nss_virturi_getpwnam_r(const char *name,
	struct passwd *ret, char *buffer, size_t size, int *error);
EXPORT enum nss_status _nss_virturi_getpwuid_r(
	uid_t uid, struct passwd *ret, char *buffer, size_t size, int *error);
EXPORT enum nss_status _nss_virturi_getgrnam_r(const char *name,
	struct group *ret, char *buffer, size_t size, int *error);
EXPORT enum nss_status _nss_virturi_getgrgid_r(
	gid_t gid, struct group *ret, char *buffer, size_t size, int *error);
EXPORT enum nss_status _nss_virturi_initgroups_dyn(const char *user,
	gid_t primary, long *count, long *size, gid_t **list, long limit,
	int *error);
EXPORT enum nss_status _nss_virturi_setpwent(int stay_open);
EXPORT enum nss_status _nss_virturi_endpwent(void);
EXPORT enum nss_status _nss_virturi_getpwent_r(
	struct passwd *ret, char *buffer, size_t size, int *error);
EXPORT enum nss_status _nss_virturi_setgrent(int stay_open);
EXPORT enum nss_status _nss_virturi_endgrent(void);
EXPORT enum nss_status _nss_virturi_getgrent_r(
	struct group *ret, char *buffer, size_t size, int *error);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

/* --- The files ------------------------------------------------------------ */

/* The lines of one file, each cut into fields. */
struct table {
	FILE *stream;
	char *line;
	size_t room;
	char separator;
};

#define FIELDS 7

static bool
open_table(struct table *table, const char *name, char separator)
{
	const char *directory = getenv("VIRTURI_NSS_DIR");
	char *path;

	*table = (struct table){ .separator = separator };
	if (directory == NULL || asprintf(&path, "%s/%s", directory, name) < 0)
		return false;
	table->stream = fopen(path, "re");
	free(path);
	return table->stream != NULL;
}

static void
close_table(struct table *table)
{
	if (table->stream != NULL)
		fclose(table->stream);
	free(table->line);
}

/* In place. */
static void
put_newlines(char *text)
{
	static const char symbol[] = NSS_VIRTURI_NEWLINE;
	char *at;

	while ((at = strstr(text, symbol)) != NULL) {
		*at = '\n';
		text = at + 1;
		memmove(text, at + strlen(symbol),
			strlen(at + strlen(symbol)) + 1);
	}
}

/* The next line; fields it does not have are empty. */
static bool
next_line(struct table *table, char *fields[FIELDS])
{
	ssize_t size;
	char *rest;

	do {
		size = getline(&table->line, &table->room, table->stream);
		if (size < 0)
			return false;
		table->line[strcspn(table->line, "\n")] = '\0';
	} while (table->line[0] == '\0' || table->line[0] == '#');
	rest = table->line;
	for (int i = 0; i < FIELDS; i++) {
		char *end = strchrnul(rest, table->separator);

		fields[i] = rest;
		rest = *end != '\0' ? end + 1 : end;
		*end = '\0';
		put_newlines(fields[i]);
	}
	return true;
}

static uint32_t
number_of(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

/* --- Faults --------------------------------------------------------------- */

/* How a call is to end: NSS_STATUS_SUCCESS means "as if nothing were". */
struct ending {
	enum nss_status status;
	int error;
};

static const struct {
	const char *name;
	struct ending ending;
} failures[] = {
	{ "EIO", { NSS_STATUS_UNAVAIL, EIO } },
	{ "ENOENT", { NSS_STATUS_UNAVAIL, ENOENT } },
	{ "ECONNREFUSED", { NSS_STATUS_UNAVAIL, ECONNREFUSED } },
	{ "EAGAIN", { NSS_STATUS_TRYAGAIN, EAGAIN } },
	{ "ENOMEM", { NSS_STATUS_TRYAGAIN, ENOMEM } },
	{ "ERANGE", { NSS_STATUS_TRYAGAIN, ERANGE } },
};

static void
stall(uint32_t ms)
{
	struct timespec rest = { (time_t)(ms / 1000),
		(long)(ms % 1000) * 1000000 };

	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

/* Does what is to be done for a key; it may be replaced by another. */
static struct ending
suffer(const char *database, char **key)
{
	struct ending ending = { NSS_STATUS_SUCCESS, 0 };
	char *fields[FIELDS], *other = NULL;
	struct table table;

	if (!open_table(&table, "faults", '\t'))
		return ending;
	while (next_line(&table, fields)) {
		const char *what = fields[2];

		if (strcmp(fields[0], database) != 0 ||
			strcmp(fields[1], *key) != 0)
			continue;
		for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]);
			i++) {
			if (strcmp(what, failures[i].name) == 0)
				ending = failures[i].ending;
		}
		if (strncmp(what, "stall ", 6) == 0)
			stall(number_of(what + 6));
		else if (strncmp(what, "as ", 3) == 0)
			other = strdup(what + 3);
	}
	close_table(&table);
	if (other != NULL) {
		free(*key);
		*key = other;
	}
	return ending;
}

/* How a call ends that found nothing. */
static struct ending
miss(const char *database)
{
	char *everything = strdup("*");
	struct ending ending = suffer(database, &everything);

	free(everything);
	if (ending.status == NSS_STATUS_SUCCESS)
		ending = (struct ending){ NSS_STATUS_NOTFOUND, ENOENT };
	return ending;
}

/* Counts the answer; that a buffer is too small is none yet. */
static enum nss_status
end_with(struct ending ending, int *error, atomic_uint *counter)
{
	if (ending.error != ERANGE)
		atomic_fetch_add(counter, 1);
	if (ending.status != NSS_STATUS_SUCCESS)
		*error = ending.error;
	return ending.status;
}

/* --- Records in the caller's buffer --------------------------------------- */

struct room {
	char *next;
	size_t left;
};

static struct room
begin_record(char *buffer, size_t size)
{
	size_t largest = atomic_load(&nss_virturi_calls.largest);

	while (size > largest &&
		!atomic_compare_exchange_weak(
			&nss_virturi_calls.largest, &largest, size))
		;
	return (struct room){ buffer, size };
}

/* NULL when the buffer is used up. */
static char *
put_text(struct room *room, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = room->next;

	if (size > room->left)
		return NULL;
	memcpy(copy, text, size);
	room->next += size;
	room->left -= size;
	return copy;
}

static char **
put_array(struct room *room, size_t count)
{
	size_t skip = -(uintptr_t)room->next % sizeof(char *);
	size_t size = count * sizeof(char *);
	char **array;

	if (skip > room->left || size > room->left - skip)
		return NULL;
	array = (char **)(void *)(room->next + skip);
	room->next += skip + size;
	room->left -= skip + size;
	return array;
}

/* --- Users ---------------------------------------------------------------- */

static bool
fill_user(char *fields[FIELDS], struct passwd *ret, struct room room)
{
	bool is_self = strcmp(fields[2], "self") == 0;

	*ret = (struct passwd){
		.pw_name = put_text(&room, fields[0]),
		.pw_passwd = put_text(&room, "*"),
		.pw_uid = is_self ? getuid() : number_of(fields[2]),
		.pw_gid = is_self ? getgid() : number_of(fields[3]),
		.pw_gecos = put_text(&room, fields[4]),
		.pw_dir = put_text(&room, fields[5]),
		.pw_shell = put_text(&room, fields[6]),
	};
	return ret->pw_name && ret->pw_passwd && ret->pw_gecos && ret->pw_dir &&
		ret->pw_shell;
}

static bool
is_user(char *fields[FIELDS], bool by_uid, const char *key)
{
	if (!by_uid)
		return strcmp(fields[0], key) == 0;
	if (strcmp(fields[2], "self") == 0)
		return number_of(key) == getuid();
	return strcmp(fields[2], key) == 0;
}

/* key is owned, and freed. */
static enum nss_status
find_user(bool by_uid, char *key, struct passwd *ret, struct room room,
	int *error)
{
	const char *database = by_uid ? "uid" : "passwd";
	char *fields[FIELDS];
	struct ending ending;
	struct table table;
	bool is_found = false;

	ending = suffer(database, &key);
	if (ending.status == NSS_STATUS_SUCCESS &&
		open_table(&table, "passwd", ':')) {
		while (!is_found && next_line(&table, fields))
			is_found = is_user(fields, by_uid, key);
		if (is_found && !fill_user(fields, ret, room))
			ending = (struct ending){ NSS_STATUS_TRYAGAIN, ERANGE };
		close_table(&table);
	}
	if (ending.status == NSS_STATUS_SUCCESS && !is_found)
		ending = miss(database);
	free(key);
	return end_with(ending, error, &nss_virturi_calls.users);
}

static char *
format_id(uint32_t id)
{
	char *text;

	return asprintf(&text, "%lu", (unsigned long)id) < 0 ? NULL : text;
}

enum nss_status
_nss_virturi_getpwnam_r(const char *name, struct passwd *ret, char *buffer,
	size_t size, int *error)
{
	return find_user(
		false, strdup(name), ret, begin_record(buffer, size), error);
}

enum nss_status
_nss_virturi_getpwuid_r(
	uid_t uid, struct passwd *ret, char *buffer, size_t size, int *error)
{
	return find_user(
		true, format_id(uid), ret, begin_record(buffer, size), error);
}

/* --- Groups --------------------------------------------------------------- */

/* A line of `group`, which may stand for many. */
struct groups {
	char *name;
	bool is_many;
	uint32_t gid, count;
	char *members;
};

static struct groups
groups_of(char *fields[FIELDS])
{
	struct groups groups = {
		.name = fields[0],
		.gid = number_of(fields[2]),
		.count = 1,
		.members = fields[3],
	};
	char *star = strchr(fields[0], '*');

	if (star != NULL) {
		groups.is_many = true;
		groups.count = number_of(star + 1);
		*star = '\0';
	}
	return groups;
}

/* The group's number among the line's, or -1. */
static long
number_in(const struct groups *groups, bool by_gid, const char *key)
{
	size_t size = strlen(groups->name);
	char *end;
	long i;

	if (by_gid) {
		i = (long)number_of(key) - (long)groups->gid;
		return i >= 0 && i < (long)groups->count ? i : -1;
	}
	if (!groups->is_many)
		return strcmp(groups->name, key) == 0 ? 0 : -1;
	if (strncmp(groups->name, key, size) != 0 || key[size] == '\0')
		return -1;
	i = strtol(key + size, &end, 10);
	return *end == '\0' && i >= 0 && i < (long)groups->count ? i : -1;
}

/* Adds a member to a record; "*N" are many. */
static bool
put_member(struct room *room, const char *member, char **list, size_t *n)
{
	uint32_t count = number_of(member + 1);
	char name[32];

	if (member[0] != '*') {
		list[*n] = put_text(room, member);
		return list[(*n)++] != NULL;
	}
	for (uint32_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "member%lu", (unsigned long)i);
		list[*n] = put_text(room, name);
		if (list[(*n)++] == NULL)
			return false;
	}
	return true;
}

/* At least as many as there are. */
static size_t
count_members(const char *members)
{
	size_t count = 1;

	for (const char *c = members; *c != '\0'; c++) {
		if (*c == ',')
			count++;
		else if (*c == '*')
			count += number_of(c + 1);
	}
	return count;
}

static bool
fill_group(const struct groups *groups, long i, struct group *ret,
	struct room room)
{
	char name[256], *rest, *member;
	size_t n = 0;

	snprintf(name, sizeof(name), "%s", groups->name);
	if (groups->is_many)
		snprintf(name, sizeof(name), "%s%ld", groups->name, i);
	ret->gr_gid = groups->gid + (gid_t)i;
	ret->gr_name = put_text(&room, name);
	ret->gr_passwd = put_text(&room, "*");
	ret->gr_mem = put_array(&room, count_members(groups->members) + 1);
	if (!ret->gr_name || !ret->gr_passwd || !ret->gr_mem)
		return false;
	for (member = strtok_r(groups->members, ",", &rest); member != NULL;
		member = strtok_r(NULL, ",", &rest)) {
		if (member[0] != '~' &&
			!put_member(&room, member, ret->gr_mem, &n))
			return false;
	}
	ret->gr_mem[n] = NULL;
	return true;
}

/* key is owned, and freed. */
static enum nss_status
find_group(
	bool by_gid, char *key, struct group *ret, struct room room, int *error)
{
	const char *database = by_gid ? "gid" : "group";
	struct ending ending;
	char *fields[FIELDS];
	struct table table;
	long i = -1;

	ending = suffer(database, &key);
	if (ending.status == NSS_STATUS_SUCCESS &&
		open_table(&table, "group", ':')) {
		while (i < 0 && next_line(&table, fields)) {
			struct groups groups = groups_of(fields);

			i = number_in(&groups, by_gid, key);
			if (i >= 0 && !fill_group(&groups, i, ret, room))
				ending = (struct ending){ NSS_STATUS_TRYAGAIN,
					ERANGE };
		}
		close_table(&table);
	}
	if (ending.status == NSS_STATUS_SUCCESS && i < 0)
		ending = miss(database);
	free(key);
	return end_with(ending, error, &nss_virturi_calls.groups);
}

enum nss_status
_nss_virturi_getgrnam_r(const char *name, struct group *ret, char *buffer,
	size_t size, int *error)
{
	return find_group(
		false, strdup(name), ret, begin_record(buffer, size), error);
}

enum nss_status
_nss_virturi_getgrgid_r(
	gid_t gid, struct group *ret, char *buffer, size_t size, int *error)
{
	return find_group(
		true, format_id(gid), ret, begin_record(buffer, size), error);
}

/* --- A user's groups ------------------------------------------------------ */

/* glibc's growing array of gids. */
struct gids {
	gid_t **list;
	long *count, *size;
	long limit;
};

static bool
add_gid(struct gids *gids, gid_t gid)
{
	if (gids->limit > 0 && *gids->count >= gids->limit)
		return true;
	if (*gids->count == *gids->size) {
		long size = *gids->size > 0 ? 2 * *gids->size : 16;
		gid_t *list =
			realloc(*gids->list, (size_t)size * sizeof(*list));

		if (list == NULL)
			return false;
		*gids->list = list;
		*gids->size = size;
	}
	(*gids->list)[(*gids->count)++] = gid;
	return true;
}

static bool
has_member(char *members, const char *user)
{
	char *rest, *member;

	for (member = strtok_r(members, ",", &rest); member != NULL;
		member = strtok_r(NULL, ",", &rest)) {
		if (strcmp(member[0] == '~' ? member + 1 : member, user) == 0)
			return true;
	}
	return false;
}

static bool
list_groups(struct gids *gids, const char *user, gid_t primary)
{
	char *fields[FIELDS];
	struct table table;
	bool is_good = true;

	if (!open_table(&table, "group", ':'))
		return true;
	while (is_good && next_line(&table, fields)) {
		struct groups groups = groups_of(fields);

		if (!has_member(groups.members, user))
			continue;
		for (uint32_t i = 0; i < groups.count && is_good; i++) {
			if (groups.gid + i != primary)
				is_good = add_gid(gids, groups.gid + i);
		}
	}
	close_table(&table);
	return is_good;
}

enum nss_status
_nss_virturi_initgroups_dyn(const char *user, gid_t primary, long *count,
	long *size, gid_t **list, long limit, int *error)
{
	struct gids gids = { list, count, size, limit };
	char *key = strdup(user);
	struct ending ending;

	ending = suffer("initgroups", &key);
	if (ending.status == NSS_STATUS_SUCCESS &&
		!list_groups(&gids, key, primary))
		ending = (struct ending){ NSS_STATUS_TRYAGAIN, ENOMEM };
	free(key);
	return end_with(ending, error, &nss_virturi_calls.lists);
}

/* --- Everybody ------------------------------------------------------------ */

/* Lines that have been answered; each call begins at the top of the file. */
static unsigned long users_passed, groups_passed;

/* The line behind so many; the table stays open if there is one. */
static bool
skip_lines(struct table *table, unsigned long count, char *fields[FIELDS])
{
	for (unsigned long i = 0; i <= count; i++) {
		if (!next_line(table, fields)) {
			close_table(table);
			return false;
		}
	}
	return true;
}

static enum nss_status
end_record(
	struct table *table, bool is_filled, unsigned long *passed, int *error)
{
	close_table(table);
	if (is_filled) {
		++*passed;
		return NSS_STATUS_SUCCESS;
	}
	*error = ERANGE;
	return NSS_STATUS_TRYAGAIN;
}

enum nss_status
_nss_virturi_setpwent(int stay_open)
{
	(void)stay_open;
	users_passed = 0;
	return NSS_STATUS_SUCCESS;
}

enum nss_status
_nss_virturi_endpwent(void)
{
	return _nss_virturi_setpwent(0);
}

enum nss_status
_nss_virturi_getpwent_r(
	struct passwd *ret, char *buffer, size_t size, int *error)
{
	char *fields[FIELDS];
	struct table table;

	if (!open_table(&table, "passwd", ':') ||
		!skip_lines(&table, users_passed, fields))
		return NSS_STATUS_NOTFOUND;
	return end_record(&table,
		fill_user(fields, ret, begin_record(buffer, size)),
		&users_passed, error);
}

enum nss_status
_nss_virturi_setgrent(int stay_open)
{
	(void)stay_open;
	groups_passed = 0;
	return NSS_STATUS_SUCCESS;
}

enum nss_status
_nss_virturi_endgrent(void)
{
	return _nss_virturi_setgrent(0);
}

/* Of a line that stands for many, the first. */
enum nss_status
_nss_virturi_getgrent_r(
	struct group *ret, char *buffer, size_t size, int *error)
{
	char *fields[FIELDS];
	struct groups groups;
	struct table table;

	if (!open_table(&table, "group", ':') ||
		!skip_lines(&table, groups_passed, fields))
		return NSS_STATUS_NOTFOUND;
	groups = groups_of(fields);
	return end_record(&table,
		fill_group(&groups, 0, ret, begin_record(buffer, size)),
		&groups_passed, error);
}
