/* SPDX-License-Identifier: MIT */
#include "alloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The linker's names: a call of malloc() is one of __wrap_malloc(), and
 * __real_malloc() is the C library's. With _FORTIFY_SOURCE vasprintf() is
 * __vasprintf_chk().
 */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
int __real_vasprintf(char **ret, const char *format, va_list args);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
int __wrap_vasprintf(char **ret, const char *format, va_list args);
int __wrap_asprintf(char **ret, const char *format, ...);
int __wrap___vasprintf_chk(
	char **ret, int flag, const char *format, va_list args);
int __wrap___asprintf_chk(char **ret, int flag, const char *format, ...);
void __wrap_free(void *old);

static struct {
	unsigned long count, fail_at;
	bool for_good;
	void (*before)(void);
	bool is_watching;
	void *live[8192];
	size_t n_live;
	volatile bool has_seen_free; /* free() does not write to it, says C */
} state;

void
alloc_fail(unsigned long n, bool for_good)
{
	state.count = 0;
	state.fail_at = n;
	state.for_good = for_good;
}

unsigned long
alloc_count(void)
{
	return state.count;
}

void
alloc_call(void (*before)(void))
{
	state.before = before;
}

void
alloc_watch(void)
{
	state.is_watching = true;
	state.n_live = 0;
}

size_t
alloc_unwatch(void)
{
	state.is_watching = false;
	return state.n_live;
}

bool
alloc_sees_free(void)
{
	/* volatile: compilers know that this does nothing */
	void *volatile old = NULL;

	state.has_seen_free = false;
	free(old);
	return state.has_seen_free;
}

/* Is this allocation to succeed? */
static bool
may_allocate(void)
{
	void (*before)(void) = state.before;

	if (before != NULL) {
		state.before = NULL;
		before();
		state.before = before;
	}
	state.count++;
	if (state.fail_at == 0 || state.count < state.fail_at)
		return true;
	if (state.count > state.fail_at && !state.for_good)
		return true;
	errno = ENOMEM;
	return false;
}

static void *
enlist(void *new)
{
	if (!state.is_watching || new == NULL)
		return new;
	if (state.n_live == sizeof(state.live) / sizeof(state.live[0])) {
		fputs("alloc.c: more allocations than can be watched\n",
			stderr);
		abort();
	}
	state.live[state.n_live++] = new;
	return new;
}

/* What was not enlisted came from a library, or from before alloc_watch(). */
static void
strike_off(const void *old)
{
	for (size_t i = state.n_live; i-- > 0;) {
		if (state.live[i] == old) {
			state.live[i] = state.live[--state.n_live];
			return;
		}
	}
}

void *
__wrap_malloc(size_t size)
{
	return may_allocate() ? enlist(__real_malloc(size)) : NULL;
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? enlist(__real_calloc(count, size)) : NULL;
}

void *
__wrap_realloc(void *old, size_t size)
{
	if (!may_allocate())
		return NULL;
	strike_off(old);
	return enlist(__real_realloc(old, size));
}

char *
__wrap_strdup(const char *text)
{
	return may_allocate() ? enlist(__real_strdup(text)) : NULL;
}

char *
__wrap_strndup(const char *text, size_t size)
{
	return may_allocate() ? enlist(__real_strndup(text, size)) : NULL;
}

int
__wrap_vasprintf(char **ret, const char *format, va_list args)
{
	int size;

	if (!may_allocate())
		return -1;
	size = __real_vasprintf(ret, format, args);
	if (size >= 0)
		enlist(*ret);
	return size;
}

int
__wrap_asprintf(char **ret, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = __wrap_vasprintf(ret, format, args);
	va_end(args);
	return size;
}

int
__wrap___vasprintf_chk(char **ret, int flag, const char *format, va_list args)
{
	(void)flag;
	return __wrap_vasprintf(ret, format, args);
}

int
__wrap___asprintf_chk(char **ret, int flag, const char *format, ...)
{
	va_list args;
	int size;

	(void)flag;
	va_start(args, format);
	size = __wrap_vasprintf(ret, format, args);
	va_end(args);
	return size;
}

/* Found by name, so that this also links where free() is not wrapped. */
void
__wrap_free(void *old)
{
	static void (*real_free)(void *);

	state.has_seen_free = true;
	if (real_free == NULL)
		*(void **)&real_free = dlsym(RTLD_DEFAULT, "free");
	strike_off(old);
	real_free(old);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
