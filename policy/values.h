/* SPDX-License-Identifier: MIT */
#ifndef POLICY_VALUES_H
#define POLICY_VALUES_H

/*
 * The values of a rule, as libeconf gives them. The only file that knows
 * libeconf, and libeconf only ever sees what the scanner accepted.
 */

#include "scan.h"

/*
 * Fetches the values of the sound entries. values[KEY] is NULL where the body
 * has no sound entry of that key, else owned by the caller: see values_free().
 *
 * Returns 0; -ENOMEM; or -EIO when libeconf would not have what it was given.
 * On failure all values are NULL.
 */
int values_read(const struct body *body, char *values[KEY_COUNT]);

void values_free(char *values[KEY_COUNT]);

#endif
