/* SPDX-License-Identifier: MIT */
#include "meaning.h"

#include <string.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "output.h"

static void
split_authority(struct uri_parts *parts, const char *authority, size_t size)
{
	const char *at = memchr(authority, '@', size);
	const char *host = at != NULL ? at + 1 : authority;
	size_t left = size - (size_t)(host - authority);

	if (at != NULL)
		parts->user =
			(struct span){ authority, (size_t)(at - authority) };
	parts->host = (struct span){ host, left };
	if (host[0] != '[' && memchr(host, ':', left) != NULL)
		parts->host.size = strcspn(host, ":");
}

struct uri_parts
uri_split(const char *uri)
{
	size_t scheme = strcspn(uri, ":"), driver = strcspn(uri, ":+");
	struct uri_parts parts = {
		.scheme = { uri, scheme },
		.driver = { uri, driver },
		.user = { uri, 0 },
		.host = { uri, 0 },
	};
	const char *rest = uri + scheme + (uri[scheme] == ':');
	size_t size;

	if (driver < scheme)
		parts.transport =
			(struct span){ uri + driver + 1, scheme - driver - 1 };
	if (strncmp(rest, "//", 2) == 0) {
		rest += 2;
		size = strcspn(rest, "/?");
		parts.has_authority = true;
		split_authority(&parts, rest, size);
		rest += size;
	}
	size = strcspn(rest, "?");
	parts.path = (struct span){ rest, size };
	if (rest[size] == '?')
		parts.query = (struct span){ rest + size + 1,
			strlen(rest + size + 1) };
	return parts;
}

static char *
describe_remote(const struct uri_parts *parts)
{
	static const struct {
		const char *transport, *needs;
	} transports[] = {
		{ NULL, "the TLS certificates must be in place" },
		{ "tls", "the TLS certificates must be in place" },
		{ "ssh", "you need an ssh key or ticket there" },
		{ "libssh", "you need an ssh key or ticket there" },
		{ "libssh2", "you need an ssh key or ticket there" },
		{ "tcp", "the connection is not encrypted" },
	};
	const char *needs = "";

	for (size_t i = 0; i < countof(transports); i++) {
		const char *transport = transports[i].transport;

		if (transport == NULL
				? parts->transport.start == NULL
				: text_equals(parts->transport, transport))
			needs = transports[i].needs;
	}
	return need(text_format("a remote host: machines run on %.*s%s%s",
		(int)parts->host.size, parts->host.start,
		needs[0] != '\0' ? "; " : "", needs));
}

char *
uri_describe(const char *uri)
{
	struct uri_parts parts = uri_split(uri);

	if (text_equals(parts.driver, "test"))
		return need(text_format(
			"libvirt's test driver: nothing in it is real"));
	if (parts.host.size > 0)
		return describe_remote(&parts);
	if (text_equals(parts.path, "/system"))
		return need(text_format(
			"this host's libvirt, all its features; "
			"images belong in its pools, not in $HOME"));
	if (text_equals(parts.path, "/session"))
		return need(text_format(
			"one's own libvirt: no bridges, no passthrough, "
			"no autostart at boot"));
	return need(text_format("this host's %.*s driver",
		(int)parts.driver.size, parts.driver.start));
}
