/* SPDX-License-Identifier: MIT */
/* What virturi-probe says: connected, or why not, and never both. */
#include "common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/libvirt.h"

static void
check_text(const uint8_t *data, size_t size, const char *text)
{
	if (text == NULL)
		return;
	MUST(strlen(text) < size);
	MUST(fuzz_contains(data, size, text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct libvirt_answer answer = { 0 };
	int r = libvirt_parse_answer((const char *)data, size, &answer);

	if (r < 0) {
		MUST(r == -EBADMSG);
		MUST(answer.uri == NULL && answer.type == NULL &&
			answer.message == NULL);
		return 0;
	}
	/* none of it is hidden behind a NUL */
	MUST(memchr(data, '\0', size) == NULL);
	MUST(answer.is_connected == (answer.message == NULL));
	if (!answer.is_connected) {
		MUST(answer.uri == NULL && answer.type == NULL);
		MUST(answer.version == 0);
		MUST(libvirt_find_trouble("qemu:///system", &answer) <=
			TROUBLE_SESSION_IDLE);
		MUST(libvirt_find_trouble("qemu+ssh://host/", &answer) <=
			TROUBLE_SESSION_IDLE);
	}
	check_text(data, size, answer.uri);
	check_text(data, size, answer.type);
	check_text(data, size, answer.message);
	libvirt_answer_clear(&answer);
	return 0;
}
