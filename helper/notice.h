/* SPDX-License-Identifier: MIT */
#ifndef HELPER_NOTICE_H
#define HELPER_NOTICE_H

/*
 * `virturi needs-relogin --notify`: one desktop notification for each change,
 * which is remembered below XDG_RUNTIME_DIR until the next login: replaced when
 * the answer changes, closed when nothing is needed any more.
 */

#include "relogin.h"

/*
 * Raises, replaces or closes it. found: the answer. Returns it, or
 * STATUS_UNKNOWN after a message when it could not be told to the desktop.
 */
enum status notice_update(const struct relogin *relogin, enum status found);

#endif
