/* SPDX-License-Identifier: MIT */
/*
 * fault.c as a library to be preloaded: from the beginning of main() until it
 * returns, calls fail by the plan in the file that the environment variable
 * VIRTURI_FAULT names: a struct fault_plan. Children share it.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"

typedef int main_function(int argc, char **argv, char **envp);
typedef int start_function(main_function *main, int argc, char **argv,
	void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
	void *stack_end);

static main_function *real_main;

static struct fault_plan *
open_plan(void)
{
	const char *path = getenv("VIRTURI_FAULT");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *plan;

	if (fd < 0)
		return NULL;
	plan = mmap(NULL, sizeof(struct fault_plan), PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);
	close(fd);
	return plan != MAP_FAILED ? plan : NULL;
}

static int
main_with_faults(int argc, char **argv, char **envp)
{
	struct fault_plan *plan = open_plan();
	int status;

	if (plan == NULL)
		_exit(99);
	fault_begin(plan);
	status = real_main(argc, argv, envp);
	fault_end();
	return status;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
__attribute__((visibility("default"))) start_function __libc_start_main;

int
__libc_start_main(main_function *main, int argc, char **argv,
	void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
	void *stack_end)
{
	start_function *next;

	*(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
	real_main = main;
	return next(
		main_with_faults, argc, argv, init, fini, rtld_fini, stack_end);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */
