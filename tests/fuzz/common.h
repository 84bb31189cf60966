/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_COMMON_H
#define TESTS_FUZZ_COMMON_H

/*
 * What the fuzzers share. Each is one fuzz_NAME.c with a function for
 * libFuzzer (https://llvm.org/docs/LibFuzzer.html) that calls one parser and
 * asks of its answer what must hold of every answer. Seeds are in
 * corpus/NAME/.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's name for what it calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, with the place, unless this holds. */
#define MUST(condition)                                                        \
	((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

_Noreturn void fuzz_fail(const char *condition, const char *file, int line);

/* A copy with a NUL behind it, and nothing else; to be freed. */
char *fuzz_text(const uint8_t *data, size_t size);

/* So many lines, one that does not end included; at least 1. */
unsigned int fuzz_count_lines(const void *bytes, size_t size);

/* Are these bytes somewhere in those? */
bool fuzz_contains(const void *bytes, size_t size, const char *text);

#endif
