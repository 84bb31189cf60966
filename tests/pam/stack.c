/* SPDX-License-Identifier: MIT */
#include "stack.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <nss.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_appl.h>

#include "../nss/nss_virturi.h"

/*
 * ThreadSanitizer asks the program what to overlook. One thread's dlclose(3)
 * frees what another one's dlopen(3) allocated, and the loader's lock between
 * them is not seen; nothing of ours runs in there. And two libraries write to
 * static variables of theirs in all threads. libeconf notes which file and
 * line it read last (up to 0.7.4; later ones the line, and the file after an
 * error only), for econf_errLocation(), which nobody here calls. libpam, as
 * root, reports sessions to libaudit, which keeps this program's name.
 */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl*): as it is called */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(
	void);

const char *
__tsan_default_suppressions(void)
{
	return "race:ld-linux\n"
	       "race:libeconf.so\n"
	       "race:libaudit.so\n";
}

/* A session that takes longer hangs. */
#define ROW_SECONDS_MAX 120

static __attribute__((noreturn)) void
give_up(const char *what, const char *name)
{
	fprintf(stderr, "%s: %s: %m\n", what, name);
	exit(99);
}

char *
format_text(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		give_up("vasprintf", format);
	va_end(args);
	return text;
}

static char *
path_below(const char *variable, const char *name)
{
	const char *directory = getenv(variable);

	if (directory == NULL || directory[0] != '/') {
		errno = EINVAL;
		give_up("no absolute path in the environment", variable);
	}
	return format_text("%s/%s", directory, name);
}

char *
build_path(const char *name)
{
	return path_below("VIRTURI_BUILD", name);
}

char *
source_path(const char *name)
{
	return path_below("VIRTURI_SOURCE", name);
}

void
names_use(const char *directory)
{
	static const char *const databases[] = {
		"passwd",
		"group",
		"initgroups",
	};
	char *name = format_text("tests/nss/%s", directory);
	char *path = source_path(name);

	if (access(path, R_OK | X_OK) < 0 ||
		setenv("VIRTURI_NSS_DIR", path, 1) < 0)
		give_up("names", path);
	for (size_t i = 0; i < sizeof(databases) / sizeof(databases[0]); i++) {
		if (__nss_configure_lookup(databases[i], "virturi") < 0)
			give_up("__nss_configure_lookup", databases[i]);
	}
	free(path);
	free(name);
	names_calls();
}

struct nss_virturi_calls *
names_calls(void)
{
	static struct nss_virturi_calls *calls;
	void *library;

	if (calls != NULL)
		return calls;
	library = dlopen("libnss_virturi.so.2", RTLD_NOW);
	if (library != NULL)
		calls = dlsym(library, "nss_virturi_calls");
	if (calls == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(99);
	}
	return calls;
}

/* Writes all of it and sets the mode, whatever the umask. */
static void
fill_file(int fd, const char *name, const char *text, mode_t mode)
{
	size_t size = strlen(text);

	if (fd < 0 || write(fd, text, size) != (ssize_t)size ||
		fchmod(fd, mode) < 0)
		give_up("cannot write", name);
}

struct policy_text
policy_text_new(const char *text, mode_t mode)
{
	struct policy_text policy = { .fd = memfd_create("policy", 0) };

	fill_file(policy.fd, "policy", text, mode);
	snprintf(policy.path, sizeof(policy.path), "/proc/self/fd/%d",
		policy.fd);
	return policy;
}

void
policy_text_end(struct policy_text *policy)
{
	close(policy->fd);
	policy->fd = -1;
}

struct stack
stack_new(void)
{
	const char *temporary = getenv("TMPDIR");
	struct stack stack;

	if (temporary == NULL || temporary[0] != '/')
		temporary = "/tmp";
	snprintf(stack.directory, sizeof(stack.directory), "%s/virturi-XXXXXX",
		temporary);
	if (mkdtemp(stack.directory) == NULL ||
		chmod(stack.directory, 0755) < 0)
		give_up("cannot make a directory", stack.directory);
	/* libpam complains if it is missing */
	stack_write(&stack, "other", "# nothing\n");
	return stack;
}

void
stack_write(const struct stack *stack, const char *service, const char *text)
{
	char *path = format_text("%s/%s", stack->directory, service);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	fill_file(fd, path, text, 0644);
	close(fd);
	free(path);
}

void
stack_write_session(const struct stack *stack, const char *service,
	const char *before, const char *arguments)
{
	char *module = build_path("pam_virturi.so");
	char *other = build_path("tests/pam/pam_before.so");
	char *text;

	if (before == NULL)
		text = format_text(
			"session required %s %s\n", module, arguments);
	else
		text = format_text("session required %s %s\n"
				   "session required %s %s\n",
			other, before, module, arguments);
	stack_write(stack, service, text);
	free(text);
	free(other);
	free(module);
}

static int
remove_entry(const char *path, const struct stat *status, int type,
	struct FTW *position)
{
	(void)status;
	(void)type;
	(void)position;
	return remove(path);
}

struct stack
stack_new_login(const struct policy_text *policy)
{
	struct stack stack = stack_new();
	char *arguments = format_text("policy=%s", policy->path);

	stack_write_session(&stack, "login", NULL, arguments);
	free(arguments);
	return stack;
}

void
stack_end(struct stack *stack)
{
	if (nftw(stack->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
		give_up("cannot remove", stack->directory);
}

int
refuse_to_converse(int count, const struct pam_message **messages,
	struct pam_response **responses, void *context)
{
	(void)count;
	(void)messages;
	(void)responses;
	if (context != NULL)
		++*(int *)context;
	return PAM_CONV_ERR;
}

void
session_run(const struct stack *stack, const struct session *session,
	struct outcome *ret)
{
	const struct pam_conv conversation = { refuse_to_converse,
		&ret->conversations };
	pam_handle_t *pamh = NULL;
	int r;

	*ret = (struct outcome){ 0 };
	log_begin(&ret->log);
	r = pam_start_confdir(session->service, session->user, &conversation,
		stack->directory, &pamh);
	if (r == PAM_SUCCESS && session->rhost != NULL)
		r = pam_set_item(pamh, PAM_RHOST, session->rhost);
	if (r == PAM_SUCCESS && session->environment != NULL)
		r = pam_putenv(pamh, session->environment);
	if (r != PAM_SUCCESS)
		give_up("pam_start_confdir", session->service);
	ret->opened = pam_open_session(pamh, session->flags);
	ret->environment = pam_getenvlist(pamh);
	ret->closed = pam_close_session(pamh, session->flags);
	pam_end(pamh, ret->closed);
	log_end();
	if (ret->environment == NULL)
		give_up("pam_getenvlist", session->service);
}

void
outcome_clear(struct outcome *outcome)
{
	for (char **entry = outcome->environment;
		entry != NULL && *entry != NULL; entry++)
		free(*entry);
	free(outcome->environment);
	outcome->environment = NULL;
	log_clear(&outcome->log);
}

const char *
outcome_getenv(const struct outcome *outcome, const char *name)
{
	size_t size = strlen(name);

	for (char **entry = outcome->environment; *entry != NULL; entry++) {
		if (strncmp(*entry, name, size) == 0 && (*entry)[size] == '=')
			return *entry + size + 1;
	}
	return NULL;
}

static unsigned int
count_entries(const char *path)
{
	DIR *stream = opendir(path);
	unsigned int count = 0;

	if (stream == NULL)
		give_up("opendir", path);
	while (readdir(stream) != NULL)
		count++;
	closedir(stream);
	/* "." and ".." */
	return count - 2;
}

unsigned int
count_descriptors(void)
{
	/* and the one that counts them */
	return count_entries("/proc/self/fd") - 1;
}

unsigned int
count_threads(void)
{
	return count_entries("/proc/self/task");
}

long
count_resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char line[256], *second = NULL;

	if (file != NULL && fgets(line, sizeof(line), file) != NULL)
		second = strchr(line, ' ');
	if (second == NULL)
		give_up("no number of pages in", "/proc/self/statm");
	fclose(file);
	return strtol(second, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static int
begin_row(void **state)
{
	(void)state;
	alarm(ROW_SECONDS_MAX);
	return 0;
}

int
row_table_run(const struct row_table *table)
{
	struct CMUnitTest *tests = calloc(table->count, sizeof(*tests));
	int failed;

	if (tests == NULL)
		give_up("calloc", table->name);
	for (size_t i = 0; i < table->count; i++) {
		const char *row = (const char *)table->rows + i * table->size;

		tests[i] = (struct CMUnitTest){
			.name = *(const char *const *)(const void *)row,
			.test_func = table->test,
			.setup_func = begin_row,
			.initial_state = (void *)row,
		};
	}
	failed = _cmocka_run_group_tests(
		table->name, tests, table->count, table->begin, table->end);
	free(tests);
	return failed;
}
