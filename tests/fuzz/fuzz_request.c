/* SPDX-License-Identifier: MIT */
/*
 * PAM_RHOST: only this host's own names and addresses are local, however they
 * are written.
 */
#include "common.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../policy/countof.h"
#include "../../policy/request.h"
#include "rfc3986.h"

/* The number here, and the byte behind it skipped. */
static unsigned int
take_number(const char **text, int base)
{
	char *end;
	unsigned long number = strtoul(*text, &end, base);

	MUST(end > *text && number <= 0xffff);
	*text = end + (*end != '\0');
	return (unsigned int)number;
}

/* Groups of a half of an IPv6 address; returns their number. */
static size_t
read_groups(const char *text, unsigned int groups[8])
{
	size_t count = 0;

	while (*text != '\0' && count < 8) {
		bool is_ipv4 = text[strspn(text, "0123456789")] == '.';

		groups[count] = take_number(&text, is_ipv4 ? 10 : 16);
		if (is_ipv4) {
			groups[count] =
				groups[count] << 8 | take_number(&text, 10);
			groups[++count] = take_number(&text, 10) << 8;
			groups[count] |= take_number(&text, 10);
		}
		count++;
	}
	return count;
}

/* RFC 4291, section 2.2 */
static void
read_ipv6(const char *text, unsigned int groups[8])
{
	unsigned int behind[8] = { 0 };
	char *front = strdup(text), *gap;
	size_t n;

	MUST(front != NULL);
	gap = strstr(front, "::");
	memset(groups, 0, 8 * sizeof(*groups));
	if (gap != NULL)
		*gap = '\0';
	read_groups(front, groups);
	if (gap != NULL) {
		n = read_groups(gap + 2, behind);
		for (size_t i = 0; i < n; i++)
			groups[8 - n + i] = behind[i];
	}
	free(front);
}

static bool
is_loopback(const char *host)
{
	static const unsigned int one[8] = { 0, 0, 0, 0, 0, 0, 0, 1 };
	unsigned int groups[8];

	if (rfc3986_is_ipv4(host))
		return strncmp(host, "127.", 4) == 0;
	if (!rfc3986_is_ipv6(host))
		return false;
	read_ipv6(host, groups);
	if (memcmp(groups, one, sizeof(groups)) == 0)
		return true;
	/* ::ffff:127.0.0.0/104 */
	return memcmp(groups, one, 5 * sizeof(groups[0])) == 0 &&
		groups[5] == 0xffff && groups[6] >> 8 == 127;
}

static bool
is_local_name(const char *host)
{
	static const char *const names[] = {
		"localhost",
		"localhost.localdomain",
		"ip6-localhost",
		"ip6-loopback",
		"localhost4",
		"localhost6",
		"localhost4.localdomain4",
		"localhost6.localdomain6",
	};

	for (size_t i = 0; i < countof(names); i++) {
		if (strcasecmp(host, names[i]) == 0)
			return true;
	}
	/* a display, ":0.0" */
	return strlen(host) > 1 && host[0] == ':' &&
		host[1 + strspn(host + 1, ".0123456789")] == '\0';
}

static bool
is_remote(const char *host)
{
	struct request request = { .service = "sshd", .rhost = host };
	bool answer = request_is_remote(&request);

	request.service = NULL;
	MUST(request_is_remote(&request) == answer);
	return answer;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *host = fuzz_text(data, size), *longer = NULL;
	bool answer = is_remote(host);

	MUST(answer ==
		(host[0] != '\0' && !is_loopback(host) &&
			!is_local_name(host)));
	/* what only begins so is somewhere else */
	MUST(asprintf(&longer, "%s.example.org", host) > 0);
	MUST(is_remote(longer));
	for (char *c = host; *c != '\0'; c++)
		*c = (char)(isupper((unsigned char)*c)
				? tolower((unsigned char)*c)
				: toupper((unsigned char)*c));
	MUST(is_remote(host) == answer);
	free(longer);
	free(host);
	return 0;
}
