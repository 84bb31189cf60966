/* SPDX-License-Identifier: MIT */
#ifndef TESTS_STRESS_LAYERS_H
#define TESTS_STRESS_LAYERS_H

/*
 * The layers that the module was built with, for this process and its children
 * alone: a mount namespace, in which the directory above each layer's is one
 * below a stack's. So the module runs as it is installed, and a layer's
 * directory can be renamed like any other. Root only; sources and build must
 * not lie below one of those that are covered (/etc, /run, /usr/local/share).
 *
 * What cannot be done ends the program.
 */

#include "../pam/stack.h"

/* Before there are threads, and after names_use(). */
void layers_own(const struct stack *stack);

/*
 * The path of a name: "A/…" in the admin's layer, "R/…" run's, "V/…" the
 * vendor's, "S/…" a directory beside them that the module does not know. All
 * are on one mount, which rename(2) wants. Owned.
 */
char *layers_path(const struct stack *stack, const char *name);

/* The same path as the module and its policy= would have it. Owned. */
char *layers_path_installed(const char *name);

/*
 * Makes a thing of mode 0644, or 0755 if it is a directory (text NULL), a link
 * ("-> NAME", of the above), a FIFO ("|") or a file with this text.
 */
void layers_make(const struct stack *stack, const char *name, const char *text);

/* Empties all four again. */
void layers_clear(const struct stack *stack);

#endif
