/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PERSONAL_SEARCH_H
#define HELPER_PERSONAL_SEARCH_H

/* The search itself, which may hang: personal_read() has a child do it. */

#include "personal.h"

/* 0 with *ret* to be cleared, or −errno when there is no such root. */
int personal_search(const struct personal_where *where, struct personal *ret);

#endif
