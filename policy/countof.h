/* SPDX-License-Identifier: MIT */
#ifndef POLICY_COUNTOF_H
#define POLICY_COUNTOF_H

/* The number of elements of an array; C2y has it by this name. */
#ifndef countof
#define countof(array) (sizeof(array) / sizeof((array)[0]))
#endif

#endif
