/* SPDX-License-Identifier: MIT */
/*
 * virturi-probe URI: opens a connection as virsh(1) would, says what libvirt
 * said, and hangs up. `virturi check` runs it and ends it at its deadline.
 *
 * Standard output is one of
 *
 *	connected		error DOMAIN CODE
 *	uri URI			message TEXT
 *	type TYPE
 *	version NUMBER
 *
 * where what libvirt does not know is left out, and TEXT, which may have
 * several lines, goes on to the end. libvirt_parse_answer() reads it.
 *
 * The exit status is 0 whenever libvirt could be asked.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* libvirt would print each error on standard error. */
static void
keep_silent(void *context, virErrorPtr error)
{
	(void)context;
	(void)error;
}

/* Whoever runs us by hand is to be asked nothing either. */
static void
start_nothing(void)
{
	setenv("LIBVIRT_AUTOSTART", "0", true);
	setenv("SSH_ASKPASS_REQUIRE", "never", true);
	unsetenv("SSH_ASKPASS");
	unsetenv("DISPLAY");
	unsetenv("WAYLAND_DISPLAY");
}

static void
print_error(void)
{
	const virError *error = virGetLastError();

	if (error == NULL) {
		puts("error 0 0");
		return;
	}
	printf("error %d %d\n", MAX(error->domain, 0), MAX(error->code, 0));
	if (error->message != NULL)
		printf("message %s", error->message);
}

/* The daemon's text ends where it would begin a line of ours. */
static void
print_line(const char *key, const char *text)
{
	int size = text != NULL ? (int)strcspn(text, "\n") : 0;

	if (size > 0)
		printf("%s %.*s\n", key, size, text);
}

static void
print_connection(virConnectPtr connection)
{
	char *uri = virConnectGetURI(connection);
	const char *type = virConnectGetType(connection);
	unsigned long version;

	puts("connected");
	print_line("uri", uri);
	print_line("type", type);
	if (virConnectGetLibVersion(connection, &version) == 0 &&
		version < UINT32_MAX)
		printf("version %lu\n", version);
	free(uri);
}

int
main(int argc, char **argv)
{
	virConnectPtr connection;

	if (argc != 2) {
		fputs("usage: virturi-probe URI\n", stderr);
		return 2;
	}
	start_nothing();
	/* a daemon that hangs up while it is spoken to is an answer */
	signal(SIGPIPE, SIG_IGN);
	virSetErrorFunc(NULL, keep_silent);
	/*
	 * Without callbacks nobody can be asked for a password. No flags: with
	 * VIR_CONNECT_NO_ALIASES several drivers refuse to open.
	 */
	connection = virConnectOpenAuth(argv[1], NULL, 0);
	if (connection != NULL) {
		print_connection(connection);
		fflush(stdout);
		virConnectClose(connection);
	} else {
		print_error();
	}
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
