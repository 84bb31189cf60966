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

#include "../../policy/text.h"

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

/* The line of this number, from 1, without its LF; it must be there. */
struct span fuzz_line(const void *bytes, size_t size, unsigned int number);

/* Are these bytes somewhere in those? */
bool fuzz_contains(const void *bytes, size_t size, const char *text);

/*
 * May it be shown? RFC 3629's UTF-8 without controls, separators of lines and
 * what Unicode wants ignored, Bidi_Control included; read off the standards,
 * not off policy/text.c.
 */
bool fuzz_is_printable(const char *text);

/*
 * A file in memory with these bytes and mode 0644, under a path that is
 * borrowed. There are FUZZ_FILES of them; each keeps its path.
 */
#define FUZZ_FILES 8
const char *fuzz_file(unsigned int number, const void *bytes, size_t size);

/* --- Inputs that are read by a grammar ------------------------------------ */

/* What is left of an input. Behind its end all bytes are 0. */
struct take {
	const uint8_t *next;
	size_t left;
};

/* A number below n, which is at most 256. 0 is the plainest choice. */
unsigned int take_below(struct take *take, unsigned int n);

/* One time in so many. */
bool take_one_in(struct take *take, unsigned int n);

/* At most max bytes, as many as a byte says; not terminated. */
struct span take_bytes(struct take *take, size_t max);

/* The bytes up to the next LF, which is skipped; to be freed. */
char *take_line(struct take *take);

/* One of an array's elements. */
#define take_one(take, array) ((array)[take_below((take), countof(array))])

#endif
