/* SPDX-License-Identifier: MIT */
/*
 * What the tests' build of the generator has in addition to configure.c: it
 * looks for its policy below the directory that the environment variable
 * VIRTURI_ROOT names. The generator itself has no such option.
 */
#include <stdlib.h>

#include "../../policy/policy.h"

/* The linker's names; see tests/unit/alloc.c. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
int __real_policy_load(const struct policy_where *where, struct policy **ret);
int __wrap_policy_load(const struct policy_where *where, struct policy **ret);

int
__wrap_policy_load(const struct policy_where *where, struct policy **ret)
{
	struct policy_where below = *where;

	below.root = getenv("VIRTURI_ROOT");
	return __real_policy_load(&below, ret);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */
