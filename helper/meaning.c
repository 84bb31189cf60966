/* SPDX-License-Identifier: MIT */
#include "meaning.h"

#include <stdbool.h>
#include <string.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "output.h"

/* driver[+transport]://[user@][host][:port]/path */
struct parts {
	struct span driver, transport, host, path;
};

static struct parts
split(const char *uri)
{
	size_t scheme = strcspn(uri, ":"), driver = strcspn(uri, ":+");
	const char *rest = uri + scheme + (uri[scheme] == ':');
	struct parts parts = { .driver = { uri, driver } };

	if (driver < scheme)
		parts.transport =
			(struct span){ uri + driver + 1, scheme - driver - 1 };
	if (strncmp(rest, "//", 2) == 0) {
		size_t size = strcspn(rest + 2, "/?");
		const char *host = rest + 2;
		const char *at = memchr(host, '@', size);

		rest = host + size;
		if (at != NULL)
			host = at + 1;
		parts.host = (struct span){ host, (size_t)(rest - host) };
		if (host[0] != '[')
			parts.host.size = strcspn(host, ":/?");
	}
	parts.path = (struct span){ rest, strcspn(rest, "?") };
	return parts;
}

static char *
describe_remote(const struct parts *parts)
{
	static const struct {
		const char *transport, *needs;
	} transports[] = {
		{ "", "the TLS certificates must be in place" },
		{ "tls", "the TLS certificates must be in place" },
		{ "ssh", "you need an ssh key or ticket there" },
		{ "libssh", "you need an ssh key or ticket there" },
		{ "libssh2", "you need an ssh key or ticket there" },
		{ "tcp", "the connection is not encrypted" },
	};
	const char *needs = "";

	for (size_t i = 0; i < countof(transports); i++) {
		if (text_equals(parts->transport, transports[i].transport))
			needs = transports[i].needs;
	}
	return need(text_format("a remote host: machines run on %.*s%s%s",
		(int)parts->host.size, parts->host.start,
		needs[0] != '\0' ? "; " : "", needs));
}

char *
uri_describe(const char *uri)
{
	struct parts parts = split(uri);

	if (text_equals(parts.driver, "test"))
		return need(text_format(
			"libvirt's test driver: nothing in it is real"));
	if (parts.host.size > 0)
		return describe_remote(&parts);
	if (text_equals(parts.path, "/system"))
		return need(text_format(
			"this host's libvirt with all its features; "
			"images belong in its pools, not in $HOME"));
	if (text_equals(parts.path, "/session"))
		return need(text_format(
			"one's own libvirt: no bridges, no passthrough, "
			"no autostart at boot"));
	return need(text_format("this host's %.*s driver",
		(int)parts.driver.size, parts.driver.start));
}
