/* SPDX-License-Identifier: MIT */
#ifndef HELPER_POLKIT_RULES_H
#define HELPER_POLKIT_RULES_H

/* Whom polkit's rules let in without a password, as far as can be read. */

#include <stddef.h>

/*
 * The group that polkit's rules name for org.libvirt.unix.manage: the first
 * isInGroup("…") behind the action's name in a file of these directories.
 * directories ends with NULL; NULL: where polkit looks. 0 with *ret* owned by
 * the caller, -ENOENT: none says, -EACCES: they are not for us to read.
 */
int polkit_find_group(const char *const *directories, char **ret);

/* The same in one file's text. */
int polkit_parse_group(const char *text, size_t size, char **ret);

#endif
