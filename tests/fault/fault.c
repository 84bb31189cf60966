/* SPDX-License-Identifier: MIT */
/*
 * The functions that stand in front of the C library's. Each counts itself,
 * and then fails or does what the real one does.
 */
#undef _FORTIFY_SOURCE /* its functions have bodies in the headers */

#include "fault.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

const char *const fault_names[FAULT_KINDS] = {
	[FAULT_MEMORY] = "memory",
	[FAULT_OPEN] = "open",
	[FAULT_READ] = "read",
	[FAULT_STATUS] = "status",
	[FAULT_LIST] = "list",
	[FAULT_WRITE] = "write",
	[FAULT_PROCESS] = "process",
	[FAULT_USER] = "user",
	[FAULT_GROUP] = "group",
	[FAULT_MEMBERSHIP] = "membership",
	[FAULT_PAM] = "pam",
};

static struct fault_plan *current;
static _Thread_local bool is_paused;
static bool spares_names = true;
static atomic_long live, live_bytes;
static long bytes_before; /* fault_begin() */

void
fault_begin(struct fault_plan *plan)
{
	bytes_before = live_bytes;
	current = plan;
}

void
fault_end(void)
{
	current = NULL;
}

void
fault_pause(bool pause)
{
	is_paused = pause;
}

void
fault_spare_names(bool spares)
{
	spares_names = spares;
}

long
fault_live(void)
{
	return live;
}

/* Is it this call's turn? Children share the plan, and the count. */
static bool
strikes(enum fault_kind kind)
{
	struct fault_plan *plan = current;
	unsigned int n;

	if (plan == NULL || is_paused || plan->kind != kind)
		return false;
	n = __atomic_add_fetch(&plan->calls, 1, __ATOMIC_SEQ_CST);
	if (plan->at == 0 || n < plan->at || (n > plan->at && !plan->for_good))
		return false;
	__atomic_add_fetch(&plan->injected, 1, __ATOMIC_SEQ_CST);
	if (plan->error > 0)
		errno = plan->error;
	return true;
}

/* The same for what has no short, late or stalled form. */
static bool
fails(enum fault_kind kind)
{
	return strikes(kind) && current->error > 0;
}

#pragma GCC visibility push(default)

/* NOLINTBEGIN(bugprone-reserved-identifier,bugprone-macro-parentheses) */
/* NOLINTBEGIN(cert-dcl37-c,cert-dcl51-cpp) */

/* --- Memory --------------------------------------------------------------- */

/* Under these names the C library's can be had before anything is set up. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *old);

/* Is there too little left of what may be had? */
static bool
exceeds(struct fault_plan *plan, size_t size)
{
	size_t used = (size_t)(live_bytes - bytes_before) + size;

	if (used > plan->calls)
		plan->calls = (unsigned int)used;
	if (plan->at == 0 || used < plan->at)
		return false;
	plan->injected++;
	errno = ENOMEM;
	return true;
}

static bool
is_short(size_t size)
{
	struct fault_plan *plan = current;

	if (plan == NULL || plan->error != FAULT_BUDGET)
		return fails(FAULT_MEMORY);
	return !is_paused && exceeds(plan, size);
}

static void *
enlist(void *block)
{
	if (block != NULL) {
		live++;
		live_bytes += (long)malloc_usable_size(block);
	}
	return block;
}

static void
strike_off(void *block)
{
	if (block != NULL) {
		live--;
		live_bytes -= (long)malloc_usable_size(block);
	}
}

void *
malloc(size_t size)
{
	return is_short(size) ? NULL : enlist(__libc_malloc(size));
}

void *
calloc(size_t count, size_t size)
{
	return is_short(count * size) ? NULL
				      : enlist(__libc_calloc(count, size));
}

void *
realloc(void *old, size_t size)
{
	void *block;

	if (is_short(size))
		return NULL;
	strike_off(old);
	block = __libc_realloc(old, size);
	enlist(block == NULL && size > 0 ? old : block);
	return block;
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	if (is_short(size))
		return NULL;
	return enlist(__libc_memalign(alignment, size));
}

int
posix_memalign(void **ret, size_t alignment, size_t size)
{
	*ret = aligned_alloc(alignment, size);
	return *ret != NULL ? 0 : ENOMEM;
}

void
free(void *old)
{
	strike_off(old);
	__libc_free(old);
}

/* --- What is asked as it stands ------------------------------------------- */

/* What calls of these become with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir_fd, const char *path, int flags);
int __openat64_2(int dir_fd, const char *path, int flags);
char *__fgets_chk(char *line, size_t room, int size, FILE *file);
ssize_t __read_chk(int fd, void *to, size_t size, size_t room);
ssize_t __readlink_chk(
	const char *path, char *target, size_t size, size_t room);
ssize_t __readlinkat_chk(
	int dir_fd, const char *path, char *target, size_t size, size_t room);

/* The next function of this name, which is the real one. */
#define NEXT(name)                                                             \
	static __typeof__(&name) next;                                         \
	if (next == NULL)                                                      \
	*(void **)&next = dlsym(RTLD_NEXT, #name)

#define STAND_BEFORE(kind, failure, type, name, parameters, ...)               \
	type name parameters                                                   \
	{                                                                      \
		NEXT(name);                                                    \
		return fails(kind) ? (failure) : next(__VA_ARGS__);            \
	}

/* Returns what a call says during which nothing fails, if *spares*. */
#define SPARED(type, spares, call)                                             \
	bool was_paused = is_paused;                                           \
	type result;                                                           \
                                                                               \
	is_paused = was_paused || (spares);                                    \
	result = (call);                                                       \
	is_paused = was_paused;                                                \
	return result

#define OPENS(type, name, parameters, ...)                                     \
	STAND_BEFORE(FAULT_OPEN, NULL, type, name, parameters, __VA_ARGS__)

OPENS(FILE *, fopen, (const char *path, const char *mode), path, mode)
OPENS(FILE *, fopen64, (const char *path, const char *mode), path, mode)
OPENS(FILE *, fdopen, (int fd, const char *mode), fd, mode)
OPENS(DIR *, opendir, (const char *path), path)
OPENS(void *, dlopen, (const char *path, int flags), path, flags)
OPENS(DIR *, fdopendir, (int fd), fd)

#define OPENS_FD(name, parameters, ...)                                        \
	STAND_BEFORE(FAULT_OPEN, -1, int, name, parameters, __VA_ARGS__)

OPENS_FD(memfd_create, (const char *name, unsigned int flags), name, flags)
OPENS_FD(__open_2, (const char *path, int flags), path, flags)
OPENS_FD(__open64_2, (const char *path, int flags), path, flags)
OPENS_FD(__openat_2, (int dir_fd, const char *path, int flags), dir_fd, path,
	flags)
OPENS_FD(__openat64_2, (int dir_fd, const char *path, int flags), dir_fd, path,
	flags)

#define READS_TEXT(name, parameters, ...)                                      \
	STAND_BEFORE(FAULT_READ, NULL, char *, name, parameters, __VA_ARGS__)

READS_TEXT(fgets, (char *line, int size, FILE *file), line, size, file)
READS_TEXT(getcwd, (char *path, size_t size), path, size)
READS_TEXT(__fgets_chk, (char *line, size_t room, int size, FILE *file), line,
	room, size, file)

#define READS_SIZE(name, parameters, ...)                                      \
	STAND_BEFORE(FAULT_READ, -1, ssize_t, name, parameters, __VA_ARGS__)

READS_SIZE(getline, (char **line, size_t *room, FILE *file), line, room, file)
READS_SIZE(__getdelim, (char **line, size_t *room, int end, FILE *file), line,
	room, end, file)
READS_SIZE(getdelim, (char **line, size_t *room, int end, FILE *file), line,
	room, end, file)
READS_SIZE(readlink, (const char *path, char *target, size_t size), path,
	target, size)
READS_SIZE(__readlink_chk,
	(const char *path, char *target, size_t size, size_t room), path,
	target, size, room)
READS_SIZE(readlinkat,
	(int dir_fd, const char *path, char *target, size_t size), dir_fd, path,
	target, size)
READS_SIZE(__readlinkat_chk,
	(int dir_fd, const char *path, char *target, size_t size, size_t room),
	dir_fd, path, target, size, room)
READS_SIZE(getxattr,
	(const char *path, const char *name, void *value, size_t size), path,
	name, value, size)

#define ASKS_STATUS(name, parameters, ...)                                     \
	STAND_BEFORE(FAULT_STATUS, -1, int, name, parameters, __VA_ARGS__)

ASKS_STATUS(stat, (const char *path, struct stat *ret), path, ret)
ASKS_STATUS(stat64, (const char *path, struct stat64 *ret), path, ret)
ASKS_STATUS(lstat, (const char *path, struct stat *ret), path, ret)
ASKS_STATUS(lstat64, (const char *path, struct stat64 *ret), path, ret)
ASKS_STATUS(fstat, (int fd, struct stat *ret), fd, ret)
ASKS_STATUS(fstat64, (int fd, struct stat64 *ret), fd, ret)
ASKS_STATUS(fstatat, (int fd, const char *path, struct stat *ret, int flags),
	fd, path, ret, flags)
ASKS_STATUS(fstatat64,
	(int fd, const char *path, struct stat64 *ret, int flags), fd, path,
	ret, flags)
ASKS_STATUS(access, (const char *path, int mode), path, mode)

#define LISTS(type, name, parameters, ...)                                     \
	STAND_BEFORE(FAULT_LIST, NULL, type, name, parameters, __VA_ARGS__)

LISTS(struct dirent *, readdir, (DIR * list), list)
LISTS(struct dirent64 *, readdir64, (DIR * list), list)
LISTS(struct passwd *, fgetpwent, (FILE * file), file)
LISTS(struct group *, fgetgrent, (FILE * file), file)

STAND_BEFORE(FAULT_LIST, -1, int, scandir,
	(const char *path, struct dirent ***ret,
		int (*filter)(const struct dirent *),
		int (*compare)(const struct dirent **, const struct dirent **)),
	path, ret, filter, compare)
STAND_BEFORE(FAULT_LIST, -1, int, scandir64,
	(const char *path, struct dirent64 ***ret,
		int (*filter)(const struct dirent64 *),
		int (*compare)(
			const struct dirent64 **, const struct dirent64 **)),
	path, ret, filter, compare)

STAND_BEFORE(FAULT_WRITE, -1, ssize_t, write,
	(int fd, const void *bytes, size_t size), fd, bytes, size)
STAND_BEFORE(FAULT_WRITE, -1, ssize_t, send,
	(int fd, const void *bytes, size_t size, int flags), fd, bytes, size,
	flags)
STAND_BEFORE(FAULT_WRITE, -1, int, ftruncate, (int fd, off_t size), fd, size)
STAND_BEFORE(FAULT_WRITE, -1, int, flock, (int fd, int how), fd, how)

/*
 * What was to be written is lost, and ferror(3) says so later: nobody but the
 * C library can set that, so it meets a device that is full.
 */
static int
lose(FILE *file, int (*flush)(FILE *file))
{
	int fd = fileno(file), error = errno;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int saved = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (full >= 0 && saved >= 0 && dup2(full, fd) == fd) {
		flush(file);
		dup2(saved, fd);
	}
	close(full);
	close(saved);
	__fpurge(file);
	errno = error;
	return EOF;
}

int
fflush(FILE *file)
{
	NEXT(fflush);
	return fails(FAULT_WRITE) ? lose(file != NULL ? file : stdout, next)
				  : next(file);
}

#define PROCESS(name, parameters, ...)                                         \
	STAND_BEFORE(FAULT_PROCESS, -1, int, name, parameters, __VA_ARGS__)

PROCESS(setresuid, (uid_t real, uid_t effective, uid_t saved), real, effective,
	saved)
PROCESS(setresgid, (gid_t real, gid_t effective, gid_t saved), real, effective,
	saved)
PROCESS(initgroups, (const char *user, gid_t primary), user, primary)
PROCESS(dup2, (int old, int new), old, new)
PROCESS(dup3, (int old, int new, int flags), old, new, flags)
PROCESS(pipe2, (int ends[2], int flags), ends, flags)
PROCESS(socket, (int family, int type, int protocol), family, type, protocol)
PROCESS(socketpair, (int family, int type, int protocol, int ends[2]), family,
	type, protocol, ends)
PROCESS(connect, (int fd, const struct sockaddr *to, socklen_t size), fd, to,
	size)
PROCESS(getsockopt, (int fd, int level, int name, void *ret, socklen_t *size),
	fd, level, name, ret, size)
PROCESS(poll, (struct pollfd * fds, nfds_t count, int ms), fds, count, ms)
PROCESS(execve, (const char *path, char *const *argv, char *const *envp), path,
	argv, envp)
STAND_BEFORE(FAULT_PROCESS, -1, pid_t, fork, (void))
STAND_BEFORE(FAULT_PROCESS, MAP_FAILED, void *, mmap,
	(void *at, size_t size, int protection, int flags, int fd,
		off_t offset),
	at, size, protection, flags, fd, offset)

/* --- Arguments that vary -------------------------------------------------- */

/* Flags and mode; the mode is read from the caller's registers if need be. */
#define OPENS_VARYING(name, first, ...)                                        \
	int name(first const char *path, int flags, ...)                       \
	{                                                                      \
		va_list args;                                                  \
		mode_t mode;                                                   \
                                                                               \
		NEXT(name);                                                    \
		va_start(args, flags);                                         \
		mode = va_arg(args, mode_t);                                   \
		va_end(args);                                                  \
		return fails(FAULT_OPEN) ? -1 : next(__VA_ARGS__, mode);       \
	}

#define NOTHING
#define DIR_FD int dir_fd,

OPENS_VARYING(open, NOTHING, path, flags)
OPENS_VARYING(open64, NOTHING, path, flags)
OPENS_VARYING(openat, DIR_FD, dir_fd, path, flags)
OPENS_VARYING(openat64, DIR_FD, dir_fd, path, flags)

/* A new descriptor. */
static bool
duplicates(int command)
{
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

#define STAND_BEFORE_FCNTL(name)                                               \
	int name(int fd, int command, ...)                                     \
	{                                                                      \
		va_list args;                                                  \
		void *argument;                                                \
                                                                               \
		NEXT(name);                                                    \
		va_start(args, command);                                       \
		argument = va_arg(args, void *);                               \
		va_end(args);                                                  \
		if (duplicates(command) && fails(FAULT_OPEN))                  \
			return -1;                                             \
		return next(fd, command, argument);                            \
	}

STAND_BEFORE_FCNTL(fcntl)
STAND_BEFORE_FCNTL(fcntl64)

long
syscall(long number, ...)
{
	va_list args;
	long a[6];

	NEXT(syscall);
	va_start(args, number);
	for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_openat2 && fails(FAULT_OPEN))
		return -1;
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* --- What may also come bit by bit ---------------------------------------- */

#define READS_BYTES(name, first, last, size, ...)                              \
	ssize_t name first                                                     \
	{                                                                      \
		NEXT(name);                                                    \
		if (strikes(FAULT_READ)) {                                     \
			if (current->error > 0)                                \
				return -1;                                     \
			size = size > 0;                                       \
		}                                                              \
		return next(__VA_ARGS__);                                      \
	}

READS_BYTES(read, (int fd, void *to, size_t size), NOTHING, size, fd, to, size)
READS_BYTES(__read_chk, (int fd, void *to, size_t size, size_t room), NOTHING,
	size, fd, to, size, room)
READS_BYTES(pread, (int fd, void *to, size_t size, off_t at), NOTHING, size, fd,
	to, size, at)
READS_BYTES(pread64, (int fd, void *to, size_t size, off64_t at), NOTHING, size,
	fd, to, size, at)
READS_BYTES(recv, (int fd, void *to, size_t size, int flags), NOTHING, size, fd,
	to, size, flags)

/* --- The name service ----------------------------------------------------- */

static void
stall(void)
{
	struct timespec rest = { FAULT_STALL_S, 0 };

	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

/* What a look-up with a buffer of this size says; 0: as if nothing were. */
static int
suffer(enum fault_kind kind, size_t size)
{
	/* a record that is late is late as often as it is asked for */
	if (current == NULL || !strikes(kind))
		return 0;
	if (current->error == FAULT_STALL)
		stall();
	if (current->error == FAULT_LATE)
		return size < FAULT_LATE_SIZE ? ERANGE : 0;
	return current->error > 0 ? current->error : 0;
}

#define LOOKS_UP(kind, record, name, key_type)                                 \
	int name(key_type key, struct record *entry, char *buffer,             \
		size_t size, struct record **ret)                              \
	{                                                                      \
		int error = suffer(kind, size);                                \
                                                                               \
		NEXT(name);                                                    \
		*ret = NULL;                                                   \
		if (error != 0)                                                \
			return error;                                          \
		SPARED(int, spares_names,                                      \
			next(key, entry, buffer, size, ret));                  \
	}

LOOKS_UP(FAULT_USER, passwd, getpwnam_r, const char *)
LOOKS_UP(FAULT_USER, passwd, getpwuid_r, uid_t)
LOOKS_UP(FAULT_GROUP, group, getgrnam_r, const char *)
LOOKS_UP(FAULT_GROUP, group, getgrgid_r, gid_t)

int
getgrouplist(const char *user, gid_t primary, gid_t *gids, int *count)
{
	NEXT(getgrouplist);
	if (suffer(FAULT_MEMBERSHIP, FAULT_LATE_SIZE) != 0)
		return -1;
	SPARED(int, spares_names, next(user, primary, gids, count));
}

/* This one tells that there is none by errno 0, as the C library has it. */
struct passwd *
getpwnam(const char *user)
{
	NEXT(getpwnam);
	if (fails(FAULT_USER)) {
		if (errno == ESRCH || errno == ENOENT)
			errno = 0;
		return NULL;
	}
	SPARED(struct passwd *, spares_names, next(user));
}

/* These have no buffer that could be too small. */
#define LOOKS_UP_SIMPLY(kind, record, name, parameters, ...)                   \
	struct record *name parameters                                         \
	{                                                                      \
		NEXT(name);                                                    \
		if (fails(kind))                                               \
			return NULL;                                           \
		SPARED(struct record *, spares_names, next(__VA_ARGS__));      \
	}

LOOKS_UP_SIMPLY(FAULT_GROUP, group, getgrgid, (gid_t gid), gid)
LOOKS_UP_SIMPLY(FAULT_LIST, passwd, getpwent, (void))
LOOKS_UP_SIMPLY(FAULT_LIST, group, getgrent, (void))

STAND_BEFORE(FAULT_MEMBERSHIP, -1, int, getgroups, (int size, gid_t *list),
	size, list)

/* --- PAM ------------------------------------------------------------------ */

/* Its header is not asked for: the commands are built without libpam. */
struct pam_handle;
#define PAM_BUF_ERR 5

int pam_get_item(const struct pam_handle *pamh, int type, const void **ret);
int pam_putenv(struct pam_handle *pamh, const char *assignment);

STAND_BEFORE(FAULT_PAM, PAM_BUF_ERR, int, pam_get_item,
	(const struct pam_handle *pamh, int type, const void **ret), pamh, type,
	ret)
STAND_BEFORE(FAULT_PAM, PAM_BUF_ERR, int, pam_putenv,
	(struct pam_handle * pamh, const char *assignment), pamh, assignment)

/* NOLINTEND(cert-dcl37-c,cert-dcl51-cpp) */
/* NOLINTEND(bugprone-reserved-identifier,bugprone-macro-parentheses) */

#pragma GCC visibility pop
