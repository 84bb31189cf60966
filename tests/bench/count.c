/* SPDX-License-Identifier: MIT */
/*
 * To be preloaded: counts the questions that a process puts to the name
 * service, whoever asks, and prints them to the standard error at its end:
 * "lookups USERS GROUPS LISTS". A question that is put again with a larger
 * buffer counts once.
 */
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdio.h>

#define EXPORT __attribute__((visibility("default")))

static atomic_uint users, groups, lists;

/* libc's own function of this name. */
#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static int
counted(atomic_uint *counter, int error)
{
	if (error != ERANGE)
		atomic_fetch_add(counter, 1);
	return error;
}

/* libc's headers have other names for what these take */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

EXPORT int
getpwnam_r(const char *name, struct passwd *record, char *buffer, size_t size,
	struct passwd **ret)
{
	return counted(
		&users, NEXT(getpwnam_r)(name, record, buffer, size, ret));
}

EXPORT int
getpwuid_r(uid_t uid, struct passwd *record, char *buffer, size_t size,
	struct passwd **ret)
{
	return counted(
		&users, NEXT(getpwuid_r)(uid, record, buffer, size, ret));
}

EXPORT int
getgrnam_r(const char *name, struct group *record, char *buffer, size_t size,
	struct group **ret)
{
	return counted(
		&groups, NEXT(getgrnam_r)(name, record, buffer, size, ret));
}

EXPORT int
getgrgid_r(gid_t gid, struct group *record, char *buffer, size_t size,
	struct group **ret)
{
	return counted(
		&groups, NEXT(getgrgid_r)(gid, record, buffer, size, ret));
}

EXPORT int
getgrouplist(const char *user, gid_t primary, gid_t *gids, int *count)
{
	atomic_fetch_add(&lists, 1);
	return NEXT(getgrouplist)(user, primary, gids, count);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static __attribute__((destructor)) void
print(void)
{
	fprintf(stderr, "lookups %u %u %u\n", atomic_load(&users),
		atomic_load(&groups), atomic_load(&lists));
}
