/* SPDX-License-Identifier: MIT */
/*
 * Thousands of sessions in one process, as a login daemon has them, with the
 * module loaded and unloaded for each. Memory and descriptors end where they
 * were. VIRTURI_SESSIONS says how many there are.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_appl.h>

#include "stack.h"

#define SESSIONS (IS_SANITIZED ? 300UL : 10000UL)

/* Sessions before anything is measured: allocators and caches fill up. */
#define WARM_UP 200UL

/*
 * What may remain: a tenth of what one lost block of 16 bytes for each session
 * would come to, and the pages that an allocator keeps or gives back.
 */
#define BYTES_MAX     (10000L * 16 / 10)
#define RSS_BYTES_MAX (512L * 1024)

static const struct row {
	const char *name;
	const char *policy;
	const char *arguments;
	const char *user; /* NULL: none */
	const char *uri; /* NULL: none */
} rows[] = {
	{ "a member",
		"[group libvirt]\nuri = qemu+ssh://${user}@h/system\n"
		"require_groups = kvm\n",
		"", "alice", "qemu+ssh://alice@h/system" },
	{ "a member, debug",
		"[user bob]\nuri = none\n[group libvirt]\nuri = x:/${group}\n",
		"debug", "alice", "x:/libvirt" },
	{ "no member", "[group libvirt]\nuri = qemu:///system\n", "", "bob",
		NULL },
	{ "an unusable policy", "[group libvirt]\nuri = qemu:///system\n[x]\n",
		"", "alice", NULL },
	{ "a mistaken rule",
		"[others]\nuri = x y\nfrom = here\nuids = -\nservice = a\n", "",
		"alice", NULL },
	{ "a failed look-up", "[group away]\nuri = qemu:///system\n", "",
		"alice", NULL },
	{ "another spelling, on trial",
		"[group LIBVIRT]\nuri = qemu:///system\n"
		"[group kvm]\nuri = test:///default\ntrial = yes\n",
		"", "alice", NULL },
	{ "an unknown user", "[others]\nuri = qemu:///system\n", "", "nobody",
		NULL },
	{ "no user", "[others]\nuri = qemu:///system\n", "unknown", NULL,
		NULL },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct stack stack;
static struct policy_text policies[ROWS];
static char *module;

/* One session of row i, with a stack of its own. */
static void
run(size_t i)
{
	char *service = format_text("service%zu", i);
	struct session session = { .service = service, .user = rows[i].user };
	struct outcome outcome;
	const char *uri;

	session_run(&stack, &session, &outcome);
	uri = outcome_getenv(&outcome, VARIABLE);
	assert_int_equal(outcome.opened, PAM_SUCCESS);
	assert_int_equal(uri != NULL, rows[i].uri != NULL);
	if (uri != NULL)
		assert_string_equal(uri, rows[i].uri);
	outcome_clear(&outcome);
	free(service);
}

static bool
is_loaded(void)
{
	void *handle = dlopen(module, RTLD_NOW | RTLD_NOLOAD);

	if (handle != NULL)
		dlclose(handle);
	return handle != NULL;
}

/* Bytes in use as glibc's allocator has them; 0 if another one serves. */
static long
count_bytes(void)
{
	return (long)mallinfo2().uordblks;
}

/* valgrind and sanitizers bring an allocator that looks for leaks itself. */
static bool
is_own_allocator(void)
{
	long before = count_bytes();
	void *volatile block = malloc(4096);
	bool is_counted = count_bytes() > before;

	free(block);
	return is_counted;
}

static void
test_sessions(void **state)
{
	const char *wanted = getenv("VIRTURI_SESSIONS");
	unsigned long sessions = SESSIONS;
	unsigned int descriptors;
	long bytes, rss;

	(void)state;
	if (wanted != NULL)
		sessions = strtoul(wanted, NULL, 10);
	assert_int_not_equal(sessions, 0);
	for (unsigned long i = 0; i < WARM_UP && i < sessions; i++)
		run(i % ROWS);
	descriptors = count_descriptors();
	bytes = count_bytes();
	rss = count_resident_bytes();
	for (unsigned long i = 0; i < sessions; i++) {
		run(i % ROWS);
		assert_false(is_loaded());
	}
	assert_int_equal(count_descriptors(), descriptors);
	if (!is_own_allocator())
		return;
	bytes = count_bytes() - bytes;
	rss = count_resident_bytes() - rss;
	if (bytes > BYTES_MAX)
		fail_msg("%ld bytes more are in use", bytes);
	if (rss > RSS_BYTES_MAX)
		fail_msg("%ld bytes more are resident", rss);
}

static int
begin(void **state)
{
	(void)state;
	names_use("names");
	module = build_path("pam_virturi.so");
	stack = stack_new();
	for (size_t i = 0; i < ROWS; i++) {
		char *service = format_text("service%zu", i);
		char *arguments;

		policies[i] = policy_text_new(rows[i].policy, 0644);
		arguments = format_text(
			"policy=%s %s", policies[i].path, rows[i].arguments);
		stack_write_session(&stack, service, NULL, arguments);
		free(arguments);
		free(service);
	}
	return 0;
}

static int
end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		policy_text_end(&policies[i]);
	stack_end(&stack);
	free(module);
	return 0;
}

/* What glibc keeps at hand for a thread would count as in use. */
static void
forbid_caches(char **argv)
{
	static const char variable[] = "GLIBC_TUNABLES";

	if (!is_own_allocator() || getenv(variable) != NULL)
		return;
	setenv(variable, "glibc.malloc.tcache_count=0", 1);
	execv("/proc/self/exe", argv);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
	} test = { "10,000 sessions leave nothing behind" };
	static const struct row_table table = {
		.name = "lifetime",
		.rows = &test,
		.size = sizeof(test),
		.count = 1,
		.test = test_sessions,
		.begin = begin,
		.end = end,
	};

	(void)argc;
	forbid_caches(argv);
	return row_table_run(&table);
}
