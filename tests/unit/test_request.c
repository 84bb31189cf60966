/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include "../../policy/request.h"

static const struct row {
	const char *name, *rhost;
	bool is_remote;
} rows[] = {
	{ "not set, as with su, cron and systemd-user", NULL, false },
	{ "empty", "", false },
	{ "IPv4 loopback", "127.0.0.1", false },
	{ "any of 127/8", "127.255.0.9", false },
	{ "IPv6 loopback", "::1", false },
	{ "IPv6 loopback, in full", "0:0:0:0:0:0:0:1", false },
	{ "IPv4 loopback in IPv6", "::ffff:127.0.0.1", false },
	{ "IPv4 loopback in IPv6, in hex", "::ffff:7f00:1", false },
	{ "localhost", "localhost", false },
	{ "localhost in capitals", "LOCALHOST", false },
	{ "localhost, in full", "localhost.localdomain", false },
	{ "Debian's name for ::1", "ip6-localhost", false },
	{ "Debian's other name for ::1", "ip6-loopback", false },
	{ "Fedora's name for ::1", "localhost6", false },
	{ "Fedora's name for 127.0.0.1", "localhost4", false },
	{ "a local display", ":0", false },
	{ "a local display and screen", ":0.0", false },
	{ "an IPv4 address", "192.0.2.1", true },
	{ "a private IPv4 address", "10.1.2.3", true },
	{ "128/8", "128.0.0.1", true },
	{ "126/8", "126.255.255.255", true },
	{ "an IPv6 address", "2001:db8::1", true },
	{ "the IPv6 address that is none", "::", true },
	{ "a link-local address", "fe80::1%eth0", true },
	{ "an IPv4 address in IPv6", "::ffff:192.0.2.1", true },
	{ "a host", "lab01.example.org", true },
	{ "a host that begins like localhost", "localhost.example.org", true },
	{ "a host that begins like an address", "127.0.0.1.example.org", true },
	{ "a host's display", "lab01:0", true },
	{ "a colon", ":", true },
	{ "a display that is none", ":a", true },
	{ "a word", "UNKNOWN", true },
};

static void
test_remote(void **state)
{
	const struct row *row = *state;
	struct request request = { .service = "sshd", .rhost = row->rhost };

	assert_int_equal(request_is_remote(&request), row->is_remote);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "remote", test_remote, SUITE_ROWS(rows));
	return suite_run(&suite, "request");
}
