/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_SPOKEN_H
#define TESTS_FUZZ_SPOKEN_H

/* Subcommands of virturi, run within the fuzzer, and what they say. */

#include <jansson.h>

#include "../../helper/options.h"

struct spoken {
	enum status status;
	char *out, *error; /* owned */
};

/*
 * Runs it. Every line must be fit to be shown. With --json there must be one
 * document. To be cleared.
 */
struct spoken spoken_run(enum status (*run)(const struct options *options),
	const struct options *options);

/* The document. Owned: json_decref(). */
json_t *spoken_parse(const struct spoken *spoken);

void spoken_clear(struct spoken *spoken);

/*
 * A directory for --root with a few PAM services and without a policy, made
 * once below $TMPDIR, which whoever started us removes.
 */
const char *spoken_root(void);

#endif
