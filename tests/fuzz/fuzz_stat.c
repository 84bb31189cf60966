/* SPDX-License-Identifier: MIT */
/* /proc/PID/stat: what is read, written as the kernel does, reads the same. */
#include "common.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../helper/process.h"

#define UNTOUCHED 0x5a5a5a5a5a5a5a5aU

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t start = UNTOUCHED, again = 0;
	char *text = fuzz_text(data, size), digits[32], line[128];
	int r = process_parse_stat(text, &start);

	free(text);
	if (r < 0) {
		MUST(r == -EBADMSG);
		MUST(start == UNTOUCHED);
		return 0;
	}
	/* it may have had zeros in front */
	snprintf(digits, sizeof(digits), "%" PRIu64, start);
	MUST(fuzz_contains(data, size, digits));
	snprintf(line, sizeof(line),
		"1 (a) b)) S 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 %s 3\n",
		digits);
	MUST(process_parse_stat(line, &again) == 0);
	MUST(again == start);
	return 0;
}
