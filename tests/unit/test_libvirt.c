/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/libvirt.h"

#define LONG_MS 20000

/* --- What must not be opened ---------------------------------------------- */

static const struct hazard {
	const char *name, *uri;
	const char *says; /* a part of it; NULL: it may be opened */
} hazards[] = {
	{ "the system's", "qemu:///system" },
	{ "a session", "qemu:///session" },
	{ "the test driver", "test:///default" },
	{ "by ssh", "qemu+ssh://anna@lab01/system" },
	{ "by TLS", "qemu+tls://lab01/session" },
	{ "a file called command", "test:///command?x=y" },
	{ "a host called command", "qemu+ssh://command=x/system" },
	{ "a value called command", "qemu+ssh://h/system?netcat=command" },
	{ "a longer key", "qemu+ssh://h/system?commands=x" },
	{ "a shorter key", "qemu+ssh://h/system?comman=x" },
	{ "a transport that begins so", "qemu+external://h/system" },
	{ "nothing at all", ":" },
	{ "only a query", "?", "alias" },
	{ "+ext", "qemu+ext://h/system?command=x", "runs a command" },
	{ "+ext without a command", "qemu+ext:///system", "runs a command" },
	{ "+EXT", "qemu+EXT:///system", "runs a command" },
	{ "command=", "qemu+ssh://h/system?command=/tmp/x", "runs a command" },
	{ "command= behind others", "qemu+ssh://h/system?no_tty=1&command=x",
		"runs a command" },
	{ "command= behind a semicolon", "qemu+ssh://h/system?a=b;command=x",
		"runs a command" },
	{ "command= behind nothing", "qemu+ssh://h/system?&&command=x",
		"runs a command" },
	{ "COMMAND=", "qemu+ssh://h/system?COMMAND=x", "runs a command" },
	{ "command, encoded", "qemu+ssh://h/system?%63omm%61nd=x",
		"runs a command" },
	{ "COMMAND, encoded", "qemu+ssh://h/system?c%4FMMAN%44=x",
		"runs a command" },
	{ "command, and a NUL", "qemu+ssh://h/system?command%00x=y",
		"runs a command" },
	{ "command without a value", "qemu+ssh://h/system?command",
		"runs a command" },
	{ "command, a fragment", "qemu+ssh://h/system#?command=x",
		"runs a command" },
	{ "half an escape", "qemu+ssh://h/system?%6" },
	{ "a lone per cent sign", "qemu+ssh://h/system?%" },
	{ "no escape", "qemu+ssh://h/system?%zzcommand=x" },
	{ "the driver in the client", "qemu:///embed?root=/tmp/x", "driver" },
	{ "another session by ssh", "qemu+ssh://h/session", "starts a daemon" },
	{ "another session by libssh", "qemu+libssh://h/session",
		"starts a daemon" },
	{ "another session by libssh2", "qemu+LIBSSH2://h/session",
		"starts a daemon" },
	{ "an alias", "hail", "alias" },
	{ "empty", "", "alias" },
};

static void
test_hazard(void **state)
{
	const struct hazard *row = *state;
	const char *hazard = libvirt_find_hazard(row->uri);

	if (row->says == NULL)
		assert_null(hazard);
	else
		fake_assert_says(hazard, row->says);
}

/* A struct libvirt_answer, of literals. */
struct expected {
	bool is_connected;
	const char *uri, *type;
	unsigned long version;
	unsigned int domain, code;
	const char *message;
};

/* --- What the probe says -------------------------------------------------- */

static const struct line {
	const char *name, *text;
	int result;
	struct expected answer;
	size_t size; /* 0: all of the text */
} lines[] = {
	{ "connected",
		"connected\nuri qemu:///system\ntype QEMU\nversion 9000000\n",
		0, { true, "qemu:///system", "QEMU", 9000000 } },
	{ "connected, in another order",
		"connected\nversion 11003000\ntype LXC\nuri lxc:///\n", 0,
		{ true, "lxc:///", "LXC", 11003000 } },
	{ "connected, and nothing known", "connected\n", 0, { true } },
	{ "connected, the last line cut", "connected\ntype QE", 0,
		{ true, NULL, "QE" } },
	{ "a type of two words", "connected\ntype Open VZ\n", 0,
		{ true, NULL, "Open VZ" } },
	{ "an error", "error 7 38\nmessage it failed", 0,
		{ .domain = 7, .code = 38, .message = "it failed" } },
	{ "an error of two lines", "error 7 38\nmessage it\nfailed\n", 0,
		{ .domain = 7, .code = 38, .message = "it\nfailed\n" } },
	{ "an error that looks like none",
		"error 7 38\nmessage x\nconnected\nuri y\n", 0,
		{ .domain = 7,
			.code = 38,
			.message = "x\nconnected\nuri y\n" } },
	{ "an error without a message", "error 0 0\n", 0, { .message = "" } },
	{ "an error with an empty one", "error 0 1\nmessage ", 0,
		{ .code = 1, .message = "" } },
	{ "bytes that are no text", "error 0 1\nmessage \033[2J\xff", 0,
		{ .code = 1, .message = "\033[2J\xff" } },
	{ "nothing", "", -EBADMSG },
	{ "an empty line", "\n", -EBADMSG },
	{ "something else", "Segmentation fault\n", -EBADMSG },
	{ "connected, and more", "connected now\n", -EBADMSG },
	{ "an unknown line", "connected\ncolour red\n", -EBADMSG },
	{ "an empty line behind it", "connected\n\n", -EBADMSG },
	{ "a line twice", "connected\nuri a:/\nuri b:/\n", -EBADMSG },
	{ "a line without text", "connected\nuri \n", -EBADMSG },
	{ "a line without a blank", "connected\nuri\n", -EBADMSG },
	{ "a line that only begins so", "connected\nurix a:/\n", -EBADMSG },
	{ "a version that is none", "connected\nversion 1x\n", -EBADMSG },
	{ "a version below zero", "connected\nversion -1\n", -EBADMSG },
	{ "a version too large", "connected\nversion 99999999999\n", -EBADMSG },
	{ "an error without numbers", "error\n", -EBADMSG },
	{ "an error without a code", "error 7\n", -EBADMSG },
	{ "an error with three numbers", "error 7 38 1\n", -EBADMSG },
	{ "an error that is none", "error 7 x\n", -EBADMSG },
	{ "a domain below zero", "error -7 38\n", -EBADMSG },
	{ "something else for a message", "error 7 38\nuri a:/\n", -EBADMSG },
	{ "a NUL", "connected\nuri a:/\0b\n", -EBADMSG, { 0 }, 18 },
	{ "a NUL in a message", "error 7 38\nmessage a\0b", -EBADMSG, { 0 },
		22 },
};

static void
assert_same(const char *text, const char *expected)
{
	if (expected == NULL)
		assert_null(text);
	else
		fake_assert_says(text, expected);
	if (expected != NULL)
		assert_int_equal(strlen(text), strlen(expected));
}

static void
assert_answer(
	const struct libvirt_answer *answer, const struct expected *expected)
{
	assert_int_equal(answer->is_connected, expected->is_connected);
	assert_same(answer->uri, expected->uri);
	assert_same(answer->type, expected->type);
	assert_int_equal(answer->version, expected->version);
	assert_int_equal(answer->domain, expected->domain);
	assert_int_equal(answer->code, expected->code);
	assert_same(answer->message, expected->message);
}

static void
test_parse(void **state)
{
	const struct line *row = *state;
	size_t size = row->size != 0 ? row->size : strlen(row->text);
	struct libvirt_answer answer = { .code = 4711 };
	/* exactly so long, for the sanitizers */
	char *text = malloc(size > 0 ? size : 1);
	int r;

	memcpy(text, row->text, size);
	r = libvirt_parse_answer(text, size, &answer);
	free(text);
	assert_int_equal(r, row->result);
	if (r < 0) {
		assert_int_equal(answer.code, 4711);
		return;
	}
	assert_answer(&answer, &row->answer);
	libvirt_answer_clear(&answer);
	assert_null(answer.message);
}

/* --- Asking --------------------------------------------------------------- */

#define SAY_TYPE "printf 'connected\\ntype %s\\n' "

static const struct question {
	const char *name, *uri;
	const char *script; /* of sh(1); NULL: there is no probe */
	int result, timeout_ms; /* 0: long */
	struct expected answer;
} questions[] = {
	{ "connected", "qemu:///system",
		"printf 'connected\\nuri qemu:///system\\ntype QEMU\\n'", 0, 0,
		{ true, "qemu:///system", "QEMU" } },
	{ "an error", "qemu:///system", "printf 'error 7 38\\nmessage no'", 0,
		0, { .domain = 7, .code = 38, .message = "no" } },
	{ "what it prints as an error is nothing", "a:/",
		"echo oops >&2; echo connected", 0, 0, { true } },
	{ "the URI as it is", "qemu:///system?x=$HOME*'\"", SAY_TYPE "\"$#$1\"",
		0, 0, { true, NULL, "1qemu:///system?x=$HOME*'\"" } },
	{ "ssh may not ask for passwords", "qemu+ssh://h/system",
		SAY_TYPE "\"$1\"", 0, 0,
		{ true, NULL, "qemu+ssh://h/system?no_tty=1" } },
	{ "… with other parameters", "qemu+SSH://h/system?x=y",
		SAY_TYPE "\"$1\"", 0, 0,
		{ true, NULL, "qemu+SSH://h/system?x=y&no_tty=1" } },
	{ "… which nobody hears of", "qemu+ssh://h/system",
		"printf 'connected\\nuri %s\\n' \"$1\"", 0, 0,
		{ true, "qemu+ssh://h/system" } },
	{ "libssh has no terminal", "qemu+libssh://h/system", SAY_TYPE "\"$1\"",
		0, 0, { true, NULL, "qemu+libssh://h/system" } },
	{ "another URI than asked",
		"xen:", "printf 'connected\\nuri xen:///system\\n'", 0, 0,
		{ true, "xen:///system" } },
	{ "nothing is started", "a:/", SAY_TYPE "\"$LIBVIRT_AUTOSTART\"", 0, 0,
		{ true, NULL, "0" } },
	{ "nobody is asked", "a:/",
		SAY_TYPE "\"$SSH_ASKPASS_REQUIRE<${SSH_ASKPASS-}>"
			 "<${DISPLAY-}><${WAYLAND_DISPLAY-}>\"",
		0, 0, { true, NULL, "never<><><>" } },
	{ "C's locale", "a:/", SAY_TYPE "\"$LC_ALL<${LANGUAGE-}>\"", 0, 0,
		{ true, NULL, "C<>" } },
	{ "no other URI, no logs", "a:/",
		SAY_TYPE "\"<${LIBVIRT_DEFAULT_URI-}>"
			 "<${VIRSH_DEFAULT_CONNECT_URI-}><${LIBVIRT_DEBUG-}>"
			 "<${LIBVIRT_LOG_OUTPUTS-}><${LIBVIRT_LOG_FILTERS-}>\"",
		0, 0, { true, NULL, "<><><><><>" } },
	{ "the rest of the environment", "a:/",
		SAY_TYPE "\"$LIBVIRT_TEST_REST,$DISPLAYS\"", 0, 0,
		{ true, NULL, "kept,kept" } },
	{ "there is no probe", "a:/", NULL, -ENOENT },
	{ "there is no libvirt for it", "a:/", "exit 127", -ENOENT },
	{ "it fails", "a:/", "echo connected; exit 1", -EBADMSG },
	{ "it dies", "a:/", "echo connected; kill -9 $$", -EBADMSG },
	{ "it says nothing", "a:/", ":", -EBADMSG },
	{ "it says too much", "a:/", "echo connected; echo fine", -EBADMSG },
	{ "it hangs", "a:/", "echo connected; exec sleep 60", -ETIMEDOUT, 100 },
};

static void
set_traps(void)
{
	static const char *const names[] = { "LIBVIRT_AUTOSTART",
		"SSH_ASKPASS_REQUIRE", "SSH_ASKPASS", "DISPLAY",
		"WAYLAND_DISPLAY", "LC_ALL", "LANGUAGE", "LIBVIRT_DEFAULT_URI",
		"VIRSH_DEFAULT_CONNECT_URI", "LIBVIRT_DEBUG",
		"LIBVIRT_LOG_OUTPUTS", "LIBVIRT_LOG_FILTERS" };

	for (size_t i = 0; i < countof(names); i++)
		setenv(names[i], "trap", 1);
	setenv("LIBVIRT_TEST_REST", "kept", 1);
	setenv("DISPLAYS", "kept", 1);
}

static void
test_ask(void **state)
{
	const struct question *row = *state;
	const char *root = fake_root(NULL);
	struct libvirt_answer answer = { .code = 4711 };
	struct fake_node probe = { "probe", NULL, FAKE_FILE, 0700 };
	char text[512];
	int r;

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n",
		row->script != NULL ? row->script : "");
	probe.text = text;
	if (row->script != NULL)
		fake_make(root, &probe);
	set_traps();
	r = libvirt_ask_by(fake_path(root, "probe"), row->uri,
		row->timeout_ms != 0 ? row->timeout_ms : LONG_MS, &answer);
	assert_int_equal(r, row->result);
	if (r < 0) {
		assert_int_equal(answer.code, 4711);
		return;
	}
	assert_answer(&answer, &row->answer);
	libvirt_answer_clear(&answer);
}

/* --- What it means -------------------------------------------------------- */

#define SYSTEM "qemu:///system"
#define SSH    "qemu+ssh://alice@lab01/system"
#define TLS    "qemu+tls://lab01/system"

/*
 * As libvirt 9.0 really said it, unless a comment says where it is from. By
 * OpenSSH 9.2; socat-like noise in between is ssh's own.
 */
static const struct error {
	const char *name, *uri;
	unsigned int domain, code;
	const char *message;
	enum libvirt_trouble trouble;
} errors[] = {
	{ "no daemon", SYSTEM, 7, 38,
		"Failed to connect socket to '/var/run/libvirt/libvirt-sock': "
		"No such file or directory",
		TROUBLE_NO_SOCKET },
	{ "no modular daemon", SYSTEM, 7, 38,
		"Failed to connect socket to '/var/run/libvirt/virtqemud-sock'"
		": No such file or directory",
		TROUBLE_NO_SOCKET },
	{ "daemon stopped", SYSTEM, 7, 38,
		"Failed to connect socket to '/var/run/libvirt/libvirt-sock': "
		"Connection refused",
		TROUBLE_REFUSED },
	{ "socket closed to us", SYSTEM, 7, 38,
		"Failed to connect socket to '/var/run/libvirt/libvirt-sock': "
		"Permission denied",
		TROUBLE_DENIED },
	{ "no agent", SYSTEM, 60, 94,
		"authentication unavailable: no polkit agent available to "
		"authenticate action 'org.libvirt.unix.manage'",
		TROUBLE_NO_AGENT },
	{ "no agent, in German", SYSTEM, 60, 94,
		"Authentifizierung nicht verf\303\274gbar", TROUBLE_NO_AGENT },
	/* before 1.3.3 there was no code of its own */
	{ "no agent, of old", SYSTEM, 7, 45,
		"authentication failed: no polkit agent available to "
		"authenticate action 'org.libvirt.unix.manage'",
		TROUBLE_NO_AGENT },
	{ "polkit says no", SYSTEM, 60, 45,
		"authentication failed: access denied by policy",
		TROUBLE_POLICY },
	{ "polkit says no, in German", SYSTEM, 60, 45,
		"Authentifizierung gescheitert", TROUBLE_POLICY },
	{ "polkit says no, of old", SYSTEM, 7, 45,
		"authentication failed: access denied by policy",
		TROUBLE_POLICY },
	/* util/virpolkit.c: the user's answer to an agent */
	{ "the user says no", SYSTEM, 60, 79,
		"authentication cancelled: user cancelled authentication "
		"process",
		TROUBLE_AUTH },
	/* access_drivers; remote/remote_daemon_dispatch.c */
	{ "libvirt's own access control", SYSTEM, 55, 88, "access denied",
		TROUBLE_POLICY },
	{ "no polkit", SYSTEM, 47, 89,
		"error from service: GDBus.Error:org.freedesktop.DBus.Error."
		"ServiceUnknown: The name org.freedesktop.PolicyKit1 was not "
		"provided by any .service files",
		TROUBLE_OTHER },
	{ "SASL", SYSTEM, 7, 45, "authentication failed: authentication failed",
		TROUBLE_AUTH },
	{ "no such driver", "kvm:///system", 0, 5,
		"no connection driver available for kvm:///system",
		TROUBLE_DRIVER },
	{ "not built", "hyperv://h", 0, 67,
		"unsupported configuration: libvirt was built without the "
		"'hyperv' driver",
		TROUBLE_DRIVER },
	{ "no hypervisor", "xen:///system", 41, 1,
		"internal error: libxenlight state driver is not active",
		TROUBLE_DRIVER },
	{ "no hypervisor for lxc", "lxc:///system", 17, 1,
		"internal error: lxc state driver is not active",
		TROUBLE_DRIVER },
	{ "another configuration", SYSTEM, 0, 67,
		"unsupported configuration: something else", TROUBLE_OTHER },
	{ "a slash too few", "qemu://system", 0, 1,
		"internal error: invalid URI qemu://system (maybe you want "
		"qemu:///system)",
		TROUBLE_URI },
	{ "no URI", "qemu:///system \"", 45, 1,
		"internal error: Unable to parse URI qemu:///system \"",
		TROUBLE_URI },
	{ "a slip in the path", "qemu:///sytem", 0, 1,
		"internal error: unexpected qemu URI path '/sytem', try "
		"qemu:///system",
		TROUBLE_URI },
	/* lxc/lxc_driver.c */
	{ "a slip in another path", "lxc:///sytem", 17, 1,
		"internal error: Unexpected LXC URI path '/sytem', try "
		"lxc:///system",
		TROUBLE_URI },
	{ "an alias that is none", "hail", 0, 5,
		"no connection driver available for URI 'hail' does not "
		"include a driver name",
		TROUBLE_URI },
	{ "a transport that is none", "qemu+foo://h/system", 13, 8,
		"invalid argument: remote_open: transport in URL not "
		"recognised (should be tls|unix|ssh|ext|tcp|libssh2|libssh)",
		TROUBLE_URI },
	{ "a host for +unix", "qemu+unix://x/system", 13, 8,
		"invalid argument: using unix socket and remote server 'x' is "
		"not supported.",
		TROUBLE_URI },

	{ "session idle", "qemu:///session", 7, 38,
		"Failed to connect socket to '/run/user/2001/libvirt/"
		"libvirt-sock': No such file or directory",
		TROUBLE_SESSION_IDLE },
	{ "session idle, modular", "qemu:///session", 7, 38,
		"Failed to connect socket to '/run/user/2001/libvirt/"
		"virtqemud-sock': No such file or directory",
		TROUBLE_SESSION_IDLE },
	{ "session idle, by +unix", "qemu+unix:///session", 7, 38,
		"Failed to connect socket to '/run/user/2001/libvirt/"
		"libvirt-sock': No such file or directory",
		TROUBLE_SESSION_IDLE },
	{ "session idle, no runtime directory", "qemu:///session", 7, 38,
		"Failed to connect socket to '/home/bob/.cache/libvirt/"
		"libvirt-sock': No such file or directory",
		TROUBLE_SESSION_IDLE },
	{ "session died", "qemu:///session", 7, 38,
		"Failed to connect socket to '/run/user/2001/libvirt/"
		"libvirt-sock': Connection refused",
		TROUBLE_SESSION_IDLE },
	{ "somebody else's runtime directory", "qemu:///session", 7, 38,
		"Failed to connect socket to '/run/user/2001/libvirt/"
		"libvirt-sock': Permission denied",
		TROUBLE_RUNTIME_DIR },
	/* with autostart; rpc/virnetsocket.c */
	{ "somebody else's, to be written", "qemu:///session", 7, 38,
		"Cannot create user runtime directory '/run/user/0/libvirt': "
		"Permission denied",
		TROUBLE_RUNTIME_DIR },
	{ "root's session is the system's", "qemu:///session", 7, 38,
		"Failed to connect socket to '/var/run/libvirt/libvirt-sock': "
		"No such file or directory",
		TROUBLE_NO_SOCKET },
	{ "root's session, stopped", "qemu:///session", 7, 38,
		"Failed to connect socket to '/var/run/libvirt/libvirt-sock': "
		"Connection refused",
		TROUBLE_REFUSED },
	{ "another host's session", "qemu://lab01/session", 7, 38,
		"Failed to connect socket to '/run/user/2001/libvirt/"
		"libvirt-sock': No such file or directory",
		TROUBLE_NO_SOCKET },
	{ "another socket", "qemu:///system?socket=/nonexistent", 7, 38,
		"Failed to connect socket to '/nonexistent': No such file or "
		"directory",
		TROUBLE_NO_SOCKET },

	{ "no such host", SSH, 7, 38,
		"Cannot recv data: ssh: Could not resolve hostname lab01: "
		"Name or service not known: Connection reset by peer",
		TROUBLE_HOST },
	{ "no sshd there", SSH, 7, 38,
		"Cannot recv data: ssh: connect to host lab01 port 22: "
		"Connection refused: Connection reset by peer",
		TROUBLE_HOST },
	{ "no way there", SSH, 7, 38,
		"Cannot recv data: ssh: connect to host 192.0.2.1 port 22: "
		"Network is unreachable: Connection reset by peer",
		TROUBLE_HOST },
	{ "not sshd there", SSH, 7, 38,
		"Cannot recv data: kex_exchange_identification: Connection "
		"closed by remote host\r\nConnection closed by 127.0.0.1 port "
		"2222: Connection reset by peer",
		TROUBLE_HOST },
	/* before OpenSSH 8 */
	{ "not sshd there, of old", SSH, 7, 38,
		"Cannot recv data: ssh_exchange_identification: Connection "
		"closed by remote host: Connection reset by peer",
		TROUBLE_HOST },
	{ "sshd hangs up", SSH, 7, 38,
		"Cannot recv data: Connection closed by 127.0.0.1 port 22: "
		"Connection reset by peer",
		TROUBLE_HOST },
	/* sshconnect.c, packet.c of OpenSSH */
	{ "sshd hangs up hard", SSH, 7, 38,
		"Cannot recv data: Connection reset by 127.0.0.1 port 22: "
		"Connection reset by peer",
		TROUBLE_HOST },
	{ "sshd says nothing", SSH, 7, 38,
		"Cannot recv data: Connection timed out during banner exchange"
		"\nbanner exchange: Connection to 127.0.0.1 port 22: "
		"Connection timed out: Connection reset by peer",
		TROUBLE_HOST },
	{ "hung up on by an unknown", SSH, 7, 38,
		"Cannot recv data: Connection reset by peer", TROUBLE_OTHER },
	{ "no such host for libssh", "qemu+libssh://lab01/system", 7, 38,
		"Unable to resolve address 'lab01' service '22': Name or "
		"service not known",
		TROUBLE_HOST },
	{ "no daemon for TCP", "qemu+tcp://lab01/system", 7, 38,
		"unable to connect to server at 'lab01:16509': Connection "
		"refused",
		TROUBLE_HOST },
	{ "not sshd for libssh", "qemu+libssh://lab01/system", 66, 5,
		"no connection driver available for SSH session handshake "
		"failed: Socket error: disconnected",
		TROUBLE_HOST },
	{ "not sshd for libssh2", "qemu+libssh2://lab01/system", 50, 5,
		"no connection driver available for SSH session handshake "
		"failed: Failed getting banner",
		TROUBLE_HOST },
	/* esx, hyperv */
	{ "an unknown host", "esx://h/", 28, 4, "unknown host h",
		TROUBLE_HOST },

	{ "no key", SSH, 7, 38,
		"Cannot recv data: alice@lab01: Permission denied (publickey,"
		"password,keyboard-interactive).: Connection reset by peer",
		TROUBLE_SSH_KEY },
	{ "no key, hung up on", SSH, 7, 38,
		"End of file while reading data: alice@lab01: Permission "
		"denied (publickey).: Input/output error",
		TROUBLE_SSH_KEY },
	/* auth.c of OpenSSH */
	{ "too many keys", SSH, 7, 38,
		"Cannot recv data: Received disconnect from 127.0.0.1 port 22:"
		"2: Too many authentication failures\r\nDisconnected from "
		"127.0.0.1 port 22: Connection reset by peer",
		TROUBLE_SSH_KEY },
	{ "no key for libssh", "qemu+libssh://alice@lab01/system", 66, 98,
		"libssh transport error: Can't perform authentication: "
		"Authentication callback not provided",
		TROUBLE_SSH_KEY },
	{ "no key for libssh2", "qemu+libssh2://alice@lab01/system", 50, 85,
		"SSH transport error: Can't perform authentication: "
		"Authentication callback not provided",
		TROUBLE_SSH_KEY },
	/* rpc/virnetsshsession.c, rpc/virnetlibsshsession.c */
	{ "an agent without keys", "qemu+libssh2://alice@lab01/system", 50, 45,
		"authentication failed: All identities provided by the SSH "
		"Agent were rejected",
		TROUBLE_SSH_KEY },
	{ "a locked key", "qemu+libssh://alice@lab01/system", 66, 98,
		"libssh transport error: No user interaction callback "
		"provided: Can't retrieve private key passphrase",
		TROUBLE_SSH_KEY },

	{ "a host key not known", SSH, 7, 38,
		"Cannot recv data: Host key verification failed.: Connection "
		"reset by peer",
		TROUBLE_HOST_KEY },
	{ "a host key that changed", SSH, 7, 38,
		"Cannot recv data: @@@@@@@@@@@\r\n"
		"@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @"
		"\r\nHost key for 127.0.0.1 has changed and you have requested "
		"strict checking.\r\nHost key verification failed.: "
		"Connection reset by peer",
		TROUBLE_HOST_KEY },
	{ "a host key not known to libssh", "qemu+libssh://lab01/system", 66,
		98,
		"libssh transport error: No user interaction callback "
		"provided: Can't verify the session host key",
		TROUBLE_HOST_KEY },
	{ "a host key not known to libssh2", "qemu+libssh2://lab01/system", 50,
		85,
		"SSH transport error: No user interaction callback provided: "
		"Can't verify the session host key",
		TROUBLE_HOST_KEY },
	{ "a host key that changed for libssh", "qemu+libssh://lab01/system",
		66, 45,
		"authentication failed: !!! SSH HOST KEY VERIFICATION FAILED "
		"!!!: Identity of host '127.0.0.1:22' differs from stored "
		"identity.",
		TROUBLE_HOST_KEY },
	/* rpc/virnetsshsession.c */
	{ "no file of host keys", "qemu+libssh2://lab01/system", 50, 85,
		"SSH transport error: known hosts file '/x' does not exist",
		TROUBLE_HOST_KEY },

	{ "no daemon there", SSH, 7, 38,
		"End of file while reading data: virt-ssh-helper: cannot "
		"connect to '/var/run/libvirt/libvirt-sock': Failed to connect "
		"socket to '/var/run/libvirt/libvirt-sock': No such file or "
		"directory: Input/output error",
		TROUBLE_NO_SOCKET },
	{ "daemon stopped there", SSH, 7, 38,
		"End of file while reading data: virt-ssh-helper: cannot "
		"connect to '/var/run/libvirt/libvirt-sock': Failed to connect "
		"socket to '/var/run/libvirt/libvirt-sock': Connection "
		"refused: Input/output error",
		TROUBLE_REFUSED },
	{ "denied there", SSH, 7, 38,
		"End of file while reading data: virt-ssh-helper: cannot "
		"connect to '/var/run/libvirt/libvirt-sock': Failed to connect "
		"socket to '/var/run/libvirt/libvirt-sock': Permission denied: "
		"Input/output error",
		TROUBLE_DENIED },
	/* nmap's and OpenBSD's nc */
	{ "modular without proxy there, by nc", SSH, 7, 38,
		"End of file while reading data: Ncat: No such file or "
		"directory.: Input/output error",
		TROUBLE_NO_SOCKET },
	{ "daemon stopped there, by nc", SSH, 7, 38,
		"End of file while reading data: nc: unix connect failed: "
		"Connection refused: Input/output error",
		TROUBLE_REFUSED },
	{ "denied there, by nc", SSH, 7, 38,
		"End of file while reading data: Ncat: Permission denied.: "
		"Input/output error",
		TROUBLE_DENIED },
	{ "no nc there", SSH, 7, 38,
		"End of file while reading data: sh: 1: nc: not found: "
		"Input/output error",
		TROUBLE_NO_REMOTE },
	{ "no nc there, by bash", SSH, 7, 38,
		"End of file while reading data: sh: line 1: nc: command not "
		"found: Input/output error",
		TROUBLE_NO_REMOTE },
	{ "nothing for libssh there", "qemu+libssh://lab01/system", 66, 98,
		"libssh transport error: Remote command terminated with "
		"non-zero code: 127",
		TROUBLE_NO_REMOTE },
	{ "nothing for libssh2 there", "qemu+libssh2://lab01/system", 50, 85,
		"SSH transport error: Remote command terminated with non-zero "
		"code: 1",
		TROUBLE_NO_REMOTE },
	{ "a nologin shell", SSH, 7, 39,
		"packet 1416128879 bytes received from server too large, want "
		"33554432",
		TROUBLE_NO_REMOTE },
	{ "half a daemon", SSH, 7, 39,
		"packet 1 bytes received from server too small, want 4",
		TROUBLE_NO_REMOTE },
	{ "no agent there", SSH, 60, 94,
		"authentication unavailable: no polkit agent available to "
		"authenticate action 'org.libvirt.unix.manage'",
		TROUBLE_NO_AGENT },

	{ "no certificate", TLS, 7, 38,
		"Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such "
		"file or directory",
		TROUBLE_TLS },
	{ "a certificate refused", TLS, 7, 38,
		"Unable to read TLS confirmation: Input/output error",
		TROUBLE_TLS },
	{ "another authority's", TLS, 7, 38,
		"Our own certificate /mnt/pki/clientcert.pem failed validation "
		"against /mnt/pki/cacert.pem: The certificate hasn't got a "
		"known issuer.",
		TROUBLE_TLS },
	{ "another host's", TLS, 7, 45,
		"authentication failed: Failed to verify peer's certificate",
		TROUBLE_TLS },
	{ "no TLS there", TLS, 7, 45,
		"authentication failed: TLS handshake failed Error in the pull "
		"function.",
		TROUBLE_TLS },
	/* rpc/virnettlscontext.c */
	{ "a key that does not fit", TLS, 7, 38,
		"Unable to set x509 key and certificate: /x, /y: no",
		TROUBLE_TLS },
	{ "a broken key", TLS, 7, 38, "Unable to allocate x509 credentials: no",
		TROUBLE_TLS },

	{ "nothing said", SYSTEM, 0, 0, "", TROUBLE_OTHER },
	{ "nobody at the other end", SYSTEM, 7, 38,
		"End of file while reading data: Input/output error",
		TROUBLE_OTHER },
	{ "no ssh here", SSH, 7, 38,
		"Cannot find 'ssh' in path: No such file or directory",
		TROUBLE_OTHER },
};

static void
test_trouble(void **state)
{
	const struct error *row = *state;
	char *message = strdup(row->message);
	const struct libvirt_answer answer = {
		.domain = row->domain,
		.code = row->code,
		.message = message,
	};

	assert_int_equal(libvirt_find_trouble(row->uri, &answer), row->trouble);
	free(message);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "hazard", test_hazard, SUITE_ROWS(hazards));
	suite_add(&suite, "parse", test_parse, SUITE_ROWS(lines));
	suite_add(&suite, "ask", test_ask, SUITE_ROWS(questions));
	suite_add(&suite, "trouble", test_trouble, SUITE_ROWS(errors));
	return suite_run(&suite, "libvirt");
}
