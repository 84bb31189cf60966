/* SPDX-License-Identifier: MIT */
/*
 * The module as the dynamic linker sees it: it exports the six functions of a
 * PAM module and nothing else, since its symbols meet those of any login
 * daemon, needs no libraries but the C library, libpam and libeconf, and has no
 * use for what a module should not do.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "stack.h"

static const char *const exported[] = {
	"pam_sm_acct_mgmt",
	"pam_sm_authenticate",
	"pam_sm_chauthtok",
	"pam_sm_close_session",
	"pam_sm_open_session",
	"pam_sm_setcred",
};

#define EXPORTED (sizeof(exported) / sizeof(exported[0]))

/* What sanitizers and coverage add to a library. */
static const char *const runtime_symbols[] = {
	"__asan_",
	"__gcov_",
	"__llvm_",
	"__odr_asan",
	"__sanitizer_",
	"__start___sancov",
	"__stop___sancov",
	"__ubsan_",
};

static const char *const libraries[] = {
	"libc.",
	"libeconf.so.",
	"libpam.so.",
};

#define LIBRARIES (sizeof(libraries) / sizeof(libraries[0]))

static const char *const runtime_libraries[] = {
	"ld-", /* some architectures' thread-local storage */
	"libasan.",
	"libclang_rt.",
	"libgcc_s.",
	"libtsan.",
	"libubsan.",
};

/* Names begin like this: environment, programs, processes, network, changes. */
static const char *const forbidden[] = {
	"abort",
	"accept",
	"alarm",
	"bind",
	"chdir",
	"chmod",
	"chown",
	"clone",
	"connect",
	"creat",
	"daemon",
	"dlopen",
	"environ",
	"exec",
	"exit",
	"fchmod",
	"fchown",
	"fopen",
	"fork",
	"getenv",
	"link",
	"listen",
	"mkdir",
	"mkstemp",
	"popen",
	"posix_spawn",
	"prctl",
	"pthread_create",
	"pwrite",
	"rand",
	"recv",
	"rename",
	"secure_getenv",
	"send",
	"set",
	"sig",
	"sleep",
	"socket",
	"strtok",
	"system",
	"tmpfile",
	"truncate",
	"umask",
	"unlink",
	"vfork",
	"write",
};

/* The module's file, mapped. */
static const char *image;
static size_t image_size;

static const ElfW(Shdr) * find_section(uint32_t type)
{
	const ElfW(Ehdr) *header = (const void *)image;
	const ElfW(Shdr) *sections = (const void *)(image + header->e_shoff);

	for (size_t i = 0; i < header->e_shnum; i++) {
		if (sections[i].sh_type == type)
			return &sections[i];
	}
	fail_msg("no section of type %u", (unsigned int)type);
	return NULL;
}

/* The strings that belong to a section. */
static const char *
strings_of(const ElfW(Shdr) * section)
{
	const ElfW(Ehdr) *header = (const void *)image;
	const ElfW(Shdr) *sections = (const void *)(image + header->e_shoff);

	return image + sections[section->sh_link].sh_offset;
}

/* The number of the list's item that the name begins with, or -1. */
static int
find_prefix(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strncmp(name, list[i], strlen(list[i])) == 0)
			return (int)i;
	}
	return -1;
}

#define FIND(name, list)                                                       \
	find_prefix(name, list, sizeof(list) / sizeof((list)[0]))

static void
test_exported(void **state)
{
	const ElfW(Shdr) *section = find_section(SHT_DYNSYM);
	const ElfW(Sym) *symbols = (const void *)(image + section->sh_offset);
	const char *strings = strings_of(section);
	bool is_found[EXPORTED] = { false };

	(void)state;
	for (size_t i = 0; i < section->sh_size / sizeof(*symbols); i++) {
		const char *name = strings + symbols[i].st_name;
		int n;

		/* the macros are the same for both classes */
		if (symbols[i].st_shndx == SHN_UNDEF ||
			ELF64_ST_BIND(symbols[i].st_info) == STB_LOCAL)
			continue;
		n = FIND(name, exported);
		if (n >= 0 && strcmp(name, exported[n]) == 0)
			is_found[n] = true;
		else if (FIND(name, runtime_symbols) < 0)
			fail_msg("exports %s", name);
	}
	for (size_t i = 0; i < EXPORTED; i++) {
		if (!is_found[i])
			fail_msg("does not export %s", exported[i]);
	}
}

static void
test_imported(void **state)
{
	const ElfW(Shdr) *section = find_section(SHT_DYNSYM);
	const ElfW(Sym) *symbols = (const void *)(image + section->sh_offset);
	const char *strings = strings_of(section);
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < section->sh_size / sizeof(*symbols); i++) {
		const char *name = strings + symbols[i].st_name;

		if (symbols[i].st_shndx != SHN_UNDEF || name[0] == '\0')
			continue;
		count++;
		if (FIND(name, forbidden) >= 0)
			fail_msg("uses %s", name);
	}
	assert_true(count > 0);
}

static void
test_needed(void **state)
{
	const ElfW(Shdr) *section = find_section(SHT_DYNAMIC);
	const ElfW(Dyn) *entry = (const void *)(image + section->sh_offset);
	const char *strings = strings_of(section);
	bool is_found[LIBRARIES] = { false };

	(void)state;
	for (; entry->d_tag != DT_NULL; entry++) {
		const char *name = strings + entry->d_un.d_val;
		int n;

		if (entry->d_tag != DT_NEEDED)
			continue;
		n = FIND(name, libraries);
		if (n >= 0)
			is_found[n] = true;
		else if (FIND(name, runtime_libraries) < 0)
			fail_msg("needs %s", name);
	}
	for (size_t i = 0; i < LIBRARIES; i++) {
		if (!is_found[i])
			fail_msg("does not need %s", libraries[i]);
	}
}

static int
begin(void **state)
{
	char *path = build_path("pam_virturi.so");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *mapped;

	(void)state;
	free(path);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	image_size = (size_t)status.st_size;
	mapped = mmap(NULL, image_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (mapped == MAP_FAILED)
		return -1;
	image = mapped;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	return munmap((void *)image, image_size);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exported),
		cmocka_unit_test(test_imported),
		cmocka_unit_test(test_needed),
	};

	return cmocka_run_group_tests_name("symbols", tests, begin, end);
}
