/* SPDX-License-Identifier: MIT */
/*
 * scanner FILE COUNT: how fast files are scanned as lint scans them, every
 * rule's body included. Prints bytes and ns for each of so many times.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../policy/scan.h"
#include "../../policy/trust.h"

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The scanner puts NULs into the bytes. Returns what was found to be wrong. */
static size_t
scan(char *bytes, size_t size)
{
	struct remarks remarks = { 0 };
	struct rule *rules = NULL;
	size_t count = 0, wrong;
	struct body body;

	if (scan_file(bytes, size, "bench", &rules, &count, &remarks) < 0)
		exit(1);
	for (size_t i = 0; i < count; i++) {
		if (scan_body(&rules[i], &body, &remarks) < 0)
			exit(1);
	}
	wrong = remarks.count;
	remarks_clear(&remarks);
	free(rules);
	return wrong;
}

int
main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	char *bytes, *copy;
	size_t size;

	if (fd < 0 || read_all(fd, SCAN_FILE_MAX, &bytes, &size) < 0)
		return 2;
	copy = malloc(size + 1);
	if (copy == NULL)
		return 2;
	for (long i = strtol(argv[2], NULL, 10); i > 0; i--) {
		uint64_t begin;

		memcpy(copy, bytes, size + 1);
		begin = now_ns();
		if (scan(copy, size) > 0)
			return 1;
		printf("%zu %llu\n", size,
			(unsigned long long)(now_ns() - begin));
	}
	free(copy);
	free(bytes);
	return 0;
}
