/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_ALLOC_H
#define TESTS_UNIT_ALLOC_H

/*
 * The allocations of the engine and of the tests themselves, which the linker
 * leads through here (--wrap, see the Makefile): they can be counted, made to
 * fail, and watched for leaks. Those of libeconf and libc are not seen.
 */

#include <stdbool.h>
#include <stddef.h>

/*
 * The next but n - 1 allocation fails (1: the next one), and with *for_good*
 * every one behind it. 0: none fails. Begins to count anew.
 */
void alloc_fail(unsigned long n, bool for_good);

/* So many were asked for since alloc_fail(). */
unsigned long alloc_count(void);

/* Is called before each allocation, but not while it runs. NULL: nothing. */
void alloc_call(void (*before)(void));

/* From now on it is known which allocations live; those before are not. */
void alloc_watch(void);

/* So many live of those made since alloc_watch(), which ends. */
size_t alloc_unwatch(void);

/* Does the linker lead free() through here? Else all seem to live for ever. */
bool alloc_sees_free(void);

#endif
