/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PAM_STACK_H
#define TESTS_PAM_STACK_H

/*
 * Sessions through the real libpam and the real module, from a directory of
 * service files of the test's own. What cannot be done here ends the program:
 * only what the module does is a test's result.
 *
 * Environment: VIRTURI_BUILD and VIRTURI_SOURCE, both absolute; tests/run sets
 * them, and LD_LIBRARY_PATH for the tests' name service.
 */

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#include <security/pam_appl.h>

#include "log.h"

#define VARIABLE "LIBVIRT_DEFAULT_URI"

/* The absolute path of a file below the build or source directory; owned. */
char *build_path(const char *name);
char *source_path(const char *name);

/* asprintf() that cannot fail. */
char *format_text(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* --- Names: see ../nss/nss_virturi.h -------------------------------------- */

/*
 * From now on users and groups are those of tests/nss/DIRECTORY, in this
 * process and its children that are tests/nss/virturi. Not thread-safe.
 */
void names_use(const char *directory);

/* The counters of the tests' name service, which must be in use. */
struct nss_virturi_calls *names_calls(void);

/* --- Policies ------------------------------------------------------------- */

/*
 * A policy as an open file without a name, inherited by children. The engine
 * judges the directories above a policy= file, and those above a clone may be
 * anybody's; above /proc/self/fd/N they are /proc's.
 */
struct policy_text {
	int fd;
	char path[32]; /* "/proc/self/fd/N" */
};

/* A file of this text and mode, whatever the umask. */
struct policy_text policy_text_new(const char *text, mode_t mode);
void policy_text_end(struct policy_text *policy);

/* --- Stacks --------------------------------------------------------------- */

/* A private directory with service files in it. */
struct stack {
	char directory[PATH_MAX];
};

struct stack stack_new(void);

/* Writes a service file; the name must be lower-case, as libpam asks for it. */
void stack_write(
	const struct stack *stack, const char *service, const char *text);

/*
 * The same with one line for the module, under `required`, and in front of it
 * one for pam_before with these arguments, unless they are NULL.
 */
void stack_write_session(const struct stack *stack, const char *service,
	const char *before, const char *arguments);

/* A stack in which the service "login" has the module, with this policy. */
struct stack stack_new_login(const struct policy_text *policy);

/* Removes the directory and what is in it. */
void stack_end(struct stack *stack);

/* --- Sessions ------------------------------------------------------------- */

/*
 * The conversation of whoever is to ask nothing: PAM_CONV_ERR, and one more in
 * the int that the context points to, unless that is NULL.
 */
int refuse_to_converse(int count, const struct pam_message **messages,
	struct pam_response **responses, void *context);

struct session {
	const char *service;
	const char *user; /* NULL: PAM_USER is not set */
	const char *rhost; /* NULL: PAM_RHOST is not set */
	const char *environment; /* one "NAME=VALUE" set before; NULL: none */
	int flags; /* PAM_SILENT or 0 */
};

struct outcome {
	int opened, closed; /* PAM's return codes */
	char **environment; /* when the session was open; ends with NULL */
	struct log log; /* of pam_start() to pam_end() */
	int conversations; /* begun by anybody */
};

/* Opens and closes a session. The outcome is owned: see outcome_clear(). */
void session_run(const struct stack *stack, const struct session *session,
	struct outcome *ret);

void outcome_clear(struct outcome *outcome);

/* A variable of the session; borrowed, NULL: it is not set. */
const char *outcome_getenv(const struct outcome *outcome, const char *name);

/* --- The process ---------------------------------------------------------- */

/* How many descriptors are open. */
unsigned int count_descriptors(void);

/* How many threads there are. */
unsigned int count_threads(void);

/* Sanitizers keep what was freed for a while, to see who still uses it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

/* How much memory is resident. */
long count_resident_bytes(void);

/* --- Tables --------------------------------------------------------------- */

/*
 * Runs one cmocka test for each row of a table. A row is a struct that begins
 * with its name, a string; the test finds it in *state*. NULL fixtures are
 * left out. Returns the number of failed tests.
 */
struct row_table {
	const char *name;
	const void *rows;
	size_t size, count; /* of a row, of the table */
	void (*test)(void **state);
	int (*begin)(void **state);
	int (*end)(void **state);
};

int row_table_run(const struct row_table *table);

#endif
