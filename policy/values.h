/* SPDX-License-Identifier: MIT */
#ifndef POLICY_VALUES_H
#define POLICY_VALUES_H

/*
 * The values of a rule, as libeconf reads them. The only file that knows
 * libeconf, and libeconf only ever sees what the scanner accepted.
 */

#include "scan.h"

/*
 * Fetches the values of the sound entries. values[KEY] is NULL where the body
 * has no sound entry of that key, else owned by the caller: see values_free().
 *
 * Returns 0; -ENOMEM; or another −errno when libeconf could not read what it
 * was given (-EIO), /proc/self/fd is not there (-ENOENT), or the process may
 * not write so much into a file (-EFBIG). On failure all values are NULL.
 */
int values_read(const struct body *body, char *values[KEY_COUNT]);

void values_free(char *values[KEY_COUNT]);

#endif
