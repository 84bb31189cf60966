/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "countof.h"

static bool
is_loopback_v4(const struct in_addr *address)
{
	return ntohl(address->s_addr) >> 24 == 127;
}

static bool
is_loopback_v6(const struct in6_addr *address)
{
	struct in_addr mapped;

	if (!IN6_IS_ADDR_V4MAPPED(address))
		return IN6_IS_ADDR_LOOPBACK(address);
	memcpy(&mapped, &address->s6_addr[12], sizeof(mapped));
	return is_loopback_v4(&mapped);
}

static bool
is_local_name(const char *host)
{
	static const char *const names[] = {
		"localhost",
		"localhost.localdomain",
		/* as Debian's and Fedora's /etc/hosts have them */
		"ip6-localhost",
		"ip6-loopback",
		"localhost4",
		"localhost4.localdomain4",
		"localhost6",
		"localhost6.localdomain6",
	};

	for (size_t i = 0; i < countof(names); i++) {
		if (strcasecmp(host, names[i]) == 0)
			return true;
	}
	return false;
}

/* ":0", ":0.0": what display managers give for a local X display */
static bool
is_local_display(const char *host)
{
	return host[0] == ':' && host[1] != '\0' &&
		strspn(host + 1, "0123456789.") == strlen(host + 1);
}

bool
request_is_remote(const struct request *request)
{
	const char *host = request->rhost;
	struct in6_addr v6;
	struct in_addr v4;

	if (host == NULL || host[0] == '\0')
		return false;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return !is_loopback_v4(&v4);
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return !is_loopback_v6(&v6);
	return !is_local_name(host) && !is_local_display(host);
}
