/* SPDX-License-Identifier: MIT */
#ifndef HELPER_OUTPUT_H
#define HELPER_OUTPUT_H

/*
 * Speaking to people and programs. Text that came from outside goes through
 * text_printable() or one of these before it reaches a terminal.
 */

#include <jansson.h>
#include <stdbool.h>

#include "../policy/remark.h"
#include "../policy/scan.h"

/*
 * Call once, after setlocale(3): where the locale is not UTF-8, as with LANG=C,
 * all that is printed is ASCII, and other people's other bytes are \xNN.
 */
void output_begin(void);

/* "virturi: …" on standard error; made printable as a whole. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A remark on standard error, as file:line: severity: text. */
void complain_remark(const struct remark *remark);

/* The directories of the layers below root, NULL: "/", the highest first. Owned
 * by the caller; printable. */
char *layers_format(const char *root, const char *separator);

/* "no policy file in …", a line that names the layers below root. */
void print_where_looked(const char *root);

/* Ends the program with STATUS_UNKNOWN if memory was short. */
void *need(void *pointer);

/* "" or "s" */
const char *plural(size_t count);

/*
 * Text as one word of a shell's, quoted where it must be. Owned by the caller.
 */
char *shell_word(const char *text);

/*
 * The path as seen from "/"; as it is, when the working directory is gone.
 * Owned by the caller; never NULL.
 */
char *path_make_absolute(const char *path);

/* A JSON string; bytes that are not printable UTF-8 are written \xNN. NULL
 * becomes null. Owned by the caller. */
json_t *json_text(const char *text);

/* Sets a member; takes value over, and ends the program if there is none. */
void json_add(json_t *object, const char *key, json_t *value);

/* The same for an element at the end of an array. */
void json_append(json_t *array, json_t *value);

/* Adds {"header": …, "file": …, "line": …} to an object. */
void json_add_rule(json_t *object, const struct rule *rule);

/* An object with the members that all documents have. */
json_t *json_document(const char *command);

/* Prints a document on standard output and frees it. */
void json_print(json_t *document);

#endif
