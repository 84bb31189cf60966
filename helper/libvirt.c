/* SPDX-License-Identifier: MIT */
#include "libvirt.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "child.h"
#include "meaning.h"
#include "output.h"

#define PROBE "virturi-probe"

/* The shell's and ld.so's way to say that something is missing */
#define EXIT_MISSING 127

/* --- What must not be opened -----------------------------------------------*/

static bool
is_word(struct span span, const char *word)
{
	return span.size == strlen(word) &&
		strncasecmp(span.start, word, span.size) == 0;
}

/* The value of "2f"; -1: these are no two hex digits. */
static int
decode_hex(const char *digits)
{
	char hex[3] = "";

	if (!isxdigit((unsigned char)digits[0]) ||
		!isxdigit((unsigned char)digits[1]))
		return -1;
	memcpy(hex, digits, 2);
	return (int)strtol(hex, NULL, 16);
}

/*
 * Is it this key, as libvirt reads it: in whatever case and encoding, up to an
 * encoded NUL?
 */
static bool
is_key(const char *written, size_t size, const char *key)
{
	const char *end = written + size;

	while (written < end) {
		int byte = (unsigned char)*written;
		int decoded = byte == '%' ? decode_hex(written + 1) : -1;

		if (decoded >= 0)
			byte = decoded;
		written += decoded >= 0 ? 3 : 1;
		if (byte == '\0')
			break;
		if (tolower(byte) != *key++)
			return false;
	}
	return *key == '\0';
}

static bool
has_parameter(const struct uri_parts *parts, const char *key)
{
	const char *at = parts->query.start;

	while (at != NULL && *at != '\0') {
		size_t size = strcspn(at, "&;");

		if (is_key(at, strcspn(at, "=&;"), key))
			return true;
		at += size + (at[size] != '\0');
	}
	return false;
}

static bool
is_by_ssh(const struct uri_parts *parts)
{
	return is_word(parts->transport, "ssh") ||
		is_word(parts->transport, "libssh") ||
		is_word(parts->transport, "libssh2");
}

const char *
libvirt_find_hazard(const char *uri)
{
	struct uri_parts parts = uri_split(uri);

	if (strchr(uri, ':') == NULL)
		return "it is an alias of libvirt.conf's";
	if (is_word(parts.transport, "ext") || has_parameter(&parts, "command"))
		return "it runs a command";
	if (text_equals(parts.path, "/embed"))
		return "it runs the driver in the client itself";
	/* LIBVIRT_AUTOSTART does not reach the other side */
	if (is_by_ssh(&parts) && text_equals(parts.path, "/session"))
		return "it starts a daemon over there";
	return NULL;
}

/* --- Asking ----------------------------------------------------------------*/

/* The one built or installed with us comes first. */
static char *
find_probe(void)
{
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *beside, *slash;

	if (size > 0) {
		path[size] = '\0';
		slash = strrchr(path, '/');
		if (asprintf(&beside, "%.*s/" PROBE,
			    slash != NULL ? (int)(slash - path) : 0, path) < 0)
			need(NULL);
		if (access(beside, X_OK) == 0)
			return beside;
		free(beside);
	}
	return need(strdup(LIBEXECDIR "/" PROBE));
}

static bool
is_dropped(const char *variable)
{
	static const char *const names[] = {
		"DISPLAY", /* ssh would ask there */
		"LANGUAGE",
		"LC_ALL",
		"LIBVIRT_AUTOSTART",
		"LIBVIRT_DEBUG",
		"LIBVIRT_DEFAULT_URI",
		"LIBVIRT_LOG_FILTERS",
		"LIBVIRT_LOG_OUTPUTS", /* it would write to files */
		"SSH_ASKPASS",
		"SSH_ASKPASS_REQUIRE",
		"VIRSH_DEFAULT_CONNECT_URI",
		"WAYLAND_DISPLAY",
	};
	struct span name = { variable, strcspn(variable, "=") };

	for (size_t i = 0; i < countof(names); i++) {
		if (text_equals(name, names[i]))
			return true;
	}
	return false;
}

/* Ends with NULL. The array is owned, the strings are borrowed. */
static char **
make_environment(void)
{
	/* in C's locale, for messages we know */
	static char own[][32] = { "LC_ALL=C", "LIBVIRT_AUTOSTART=0",
		"SSH_ASKPASS_REQUIRE=never" };
	char **list;
	size_t count = 0;

	while (environ != NULL && environ[count] != NULL)
		count++;
	list = need(calloc(count + countof(own) + 1, sizeof(*list)));
	count = 0;
	for (size_t i = 0; i < countof(own); i++)
		list[count++] = own[i];
	for (char **it = environ; it != NULL && *it != NULL; it++) {
		if (!is_dropped(*it))
			list[count++] = *it;
	}
	return list;
}

/*
 * Without a terminal ssh would still try empty passwords, and leave failures
 * in the other side's log: libvirt's no_tty sets ssh's BatchMode.
 */
static char *
forbid_passwords(const char *uri)
{
	struct uri_parts parts = uri_split(uri);
	const char *separator = parts.query.start != NULL ? "&" : "?";
	bool is_ssh = is_word(parts.transport, "ssh");
	char *result;

	if (asprintf(&result, "%s%s%s", uri, is_ssh ? separator : "",
		    is_ssh ? "no_tty=1" : "") < 0)
		need(NULL);
	return result;
}

/* What the probe's end means. */
static int
read_answer(const struct child_result *result, struct libvirt_answer *ret)
{
	if (!WIFEXITED(result->status))
		return -EBADMSG;
	if (WEXITSTATUS(result->status) == EXIT_MISSING)
		return -ENOENT;
	if (WEXITSTATUS(result->status) != EXIT_SUCCESS)
		return -EBADMSG;
	return libvirt_parse_answer(result->output, result->size, ret);
}

int
libvirt_ask_by(const char *probe, const char *uri, int timeout_ms,
	struct libvirt_answer *ret)
{
	char *path = need(strdup(probe)), *sent = forbid_passwords(uri);
	char *argv[] = { path, sent, NULL };
	char **environment = make_environment();
	struct child_result result = { 0 };
	struct libvirt_answer answer;
	int r = child_run(argv, environment, timeout_ms, &result);

	if (r == 0)
		r = read_answer(&result, &answer);
	/* what we added is nobody's business */
	if (r == 0 && answer.uri != NULL && strcmp(answer.uri, sent) == 0) {
		free(answer.uri);
		answer.uri = need(strdup(uri));
	}
	child_result_clear(&result);
	free(environment);
	free(sent);
	free(path);
	if (r == 0)
		*ret = answer;
	return r;
}

int
libvirt_ask(const char *uri, int timeout_ms, struct libvirt_answer *ret)
{
	char *probe = find_probe();
	int r = libvirt_ask_by(probe, uri, timeout_ms, ret);

	free(probe);
	return r;
}

void
libvirt_answer_clear(struct libvirt_answer *answer)
{
	free(answer->uri);
	free(answer->type);
	free(answer->message);
	*answer = (struct libvirt_answer){ 0 };
}

/* --- What it says ----------------------------------------------------------*/

/* Cuts the first line off. False: there is none. */
static bool
next_line(struct span *rest, struct span *line)
{
	const char *end;

	if (rest->size == 0)
		return false;
	end = memchr(rest->start, '\n', rest->size);
	line->start = rest->start;
	line->size = end != NULL ? (size_t)(end - rest->start) : rest->size;
	rest->start += line->size + (end != NULL);
	rest->size -= line->size + (end != NULL);
	return true;
}

/* Cuts the word at its beginning, and a blank, off. */
static bool
skip_word(struct span *span, const char *word)
{
	size_t size = strlen(word);

	if (span->size <= size || memcmp(span->start, word, size) != 0 ||
		span->start[size] != ' ')
		return false;
	span->start += size + 1;
	span->size -= size + 1;
	return true;
}

/* Once, and some text. */
static int
take_text(struct span value, char **field)
{
	if (*field != NULL || value.size == 0)
		return -EBADMSG;
	*field = need(strndup(value.start, value.size));
	return 0;
}

static int
take_number(struct span value, unsigned int *field)
{
	uint32_t number;

	if (text_parse_id(value, &number) < 0)
		return -EBADMSG;
	*field = number;
	return 0;
}

static int
parse_connection(struct span rest, struct libvirt_answer *answer)
{
	unsigned int version = 0;
	struct span line;
	int r = 0;

	answer->is_connected = true;
	while (r == 0 && next_line(&rest, &line)) {
		if (skip_word(&line, "uri"))
			r = take_text(line, &answer->uri);
		else if (skip_word(&line, "type"))
			r = take_text(line, &answer->type);
		else if (skip_word(&line, "version"))
			r = take_number(line, &version);
		else
			r = -EBADMSG;
	}
	answer->version = version;
	return r;
}

static int
parse_error(struct span line, struct span rest, struct libvirt_answer *answer)
{
	const char *blank;
	struct span domain;

	if (!skip_word(&line, "error"))
		return -EBADMSG;
	blank = memchr(line.start, ' ', line.size);
	if (blank == NULL)
		return -EBADMSG;
	domain = (struct span){ line.start, (size_t)(blank - line.start) };
	line.start += domain.size + 1;
	line.size -= domain.size + 1;
	if (take_number(domain, &answer->domain) < 0 ||
		take_number(line, &answer->code) < 0)
		return -EBADMSG;
	if (rest.size > 0 && !skip_word(&rest, "message"))
		return -EBADMSG;
	answer->message = need(strndup(rest.start, rest.size));
	return 0;
}

int
libvirt_parse_answer(const char *text, size_t size, struct libvirt_answer *ret)
{
	struct libvirt_answer answer = { 0 };
	struct span rest = { text, size }, line;
	int r;

	if (!next_line(&rest, &line) || memchr(text, '\0', size) != NULL)
		return -EBADMSG;
	r = text_equals(line, "connected") ? parse_connection(rest, &answer)
					   : parse_error(line, rest, &answer);
	if (r == 0)
		*ret = answer;
	else
		libvirt_answer_clear(&answer);
	return r;
}

/* --- What it means ---------------------------------------------------------*/

/* Of virErrorNumber and virErrorDomain, which never change. */
enum {
	ANY = 0,
	CODE_UNKNOWN_HOST = 4,
	CODE_NO_CONNECT = 5,
	CODE_INVALID_ARG = 8,
	CODE_AUTH_FAILED = 45,
	CODE_CONFIG_UNSUPPORTED = 67,
	CODE_AUTH_CANCELLED = 79,
	CODE_ACCESS_DENIED = 88,
	CODE_AUTH_UNAVAILABLE = 94,
	DOMAIN_SSH = 50,
	DOMAIN_POLKIT = 60,
	DOMAIN_LIBSSH = 66,
};

/* What ssh, or libvirt's helper or nc behind it, said last is in there. */
#define BY_COMMAND "End of file while reading data: "

#define CONNECT "Failed to connect socket to '"

/*
 * libvirt 9.0 to 11.3, in C's locale. The first row of which all holds. Errors
 * of the daemon's are in its own language: there the code must do.
 */
static const struct symptom {
	enum libvirt_trouble trouble;
	unsigned int domain, code; /* ANY */
	const char *text, *also; /* parts of the message, or NULL */
} symptoms[] = {
	/* the URI itself */
	{ TROUBLE_URI, ANY, ANY, "Unable to parse URI", NULL },
	{ TROUBLE_URI, ANY, ANY, "invalid URI", NULL },
	{ TROUBLE_URI, ANY, ANY, "nexpected ", " URI path '" },
	{ TROUBLE_URI, ANY, ANY, "does not include a driver name", NULL },
	{ TROUBLE_URI, ANY, CODE_INVALID_ARG, NULL, NULL },

	/* the client's own ssh libraries */
	{ TROUBLE_HOST_KEY, DOMAIN_SSH, ANY, "host key", NULL },
	{ TROUBLE_HOST_KEY, DOMAIN_SSH, ANY, "HOST KEY", NULL },
	{ TROUBLE_HOST_KEY, DOMAIN_SSH, ANY, "known hosts", NULL },
	{ TROUBLE_NO_REMOTE, DOMAIN_SSH, ANY, "non-zero code", NULL },
	{ TROUBLE_HOST, DOMAIN_SSH, ANY, "handshake failed", NULL },
	{ TROUBLE_SSH_KEY, DOMAIN_SSH, ANY, "uthenticat", NULL },
	{ TROUBLE_SSH_KEY, DOMAIN_SSH, ANY, "private key", NULL },

	/* ssh(1) */
	{ TROUBLE_HOST_KEY, ANY, ANY, "Host key verification failed", NULL },
	{ TROUBLE_SSH_KEY, ANY, ANY, "Permission denied (", NULL },
	{ TROUBLE_SSH_KEY, ANY, ANY, "Too many authentication failures", NULL },
	{ TROUBLE_HOST, ANY, ANY, "Could not resolve hostname", NULL },
	{ TROUBLE_HOST, ANY, ANY, "ssh: connect to host ", NULL },
	{ TROUBLE_HOST, ANY, ANY, "_exchange_identification: ", NULL },
	{ TROUBLE_HOST, ANY, ANY, "banner exchange: ", NULL },
	{ TROUBLE_HOST, ANY, ANY, "Connection closed by ", " port " },
	{ TROUBLE_HOST, ANY, ANY, "Connection reset by ", " port " },

	/* the network */
	{ TROUBLE_HOST, ANY, CODE_UNKNOWN_HOST, NULL, NULL },
	{ TROUBLE_HOST, ANY, ANY, "unable to connect to server at '", NULL },
	{ TROUBLE_HOST, ANY, ANY, "Unable to resolve address '", NULL },

	/* polkit, by the daemon: here or there */
	{ TROUBLE_NO_AGENT, ANY, CODE_AUTH_UNAVAILABLE, NULL, NULL },
	{ TROUBLE_NO_AGENT, ANY, ANY, "no polkit agent available", NULL },
	{ TROUBLE_POLICY, DOMAIN_POLKIT, CODE_AUTH_FAILED, NULL, NULL },
	{ TROUBLE_POLICY, ANY, CODE_ACCESS_DENIED, NULL, NULL },
	{ TROUBLE_POLICY, ANY, ANY, "access denied by policy", NULL },

	/* sockets */
	{ TROUBLE_RUNTIME_DIR, ANY, ANY, "Cannot create user runtime dir",
		NULL },
	{ TROUBLE_NO_SOCKET, ANY, ANY, CONNECT, "No such file or directory" },
	{ TROUBLE_REFUSED, ANY, ANY, CONNECT, "Connection refused" },
	{ TROUBLE_DENIED, ANY, ANY, CONNECT, "Permission denied" },
	{ TROUBLE_NO_SOCKET, ANY, ANY, BY_COMMAND, "No such file or dir" },
	{ TROUBLE_REFUSED, ANY, ANY, BY_COMMAND, "Connection refused" },
	{ TROUBLE_DENIED, ANY, ANY, BY_COMMAND, "Permission denied" },
	{ TROUBLE_NO_REMOTE, ANY, ANY, BY_COMMAND, "not found" },
	{ TROUBLE_NO_REMOTE, ANY, ANY, "packet ",
		" received from server too " },

	/* certificates */
	{ TROUBLE_TLS, ANY, ANY, "ertificate", NULL },
	{ TROUBLE_TLS, ANY, ANY, "TLS ", NULL },
	{ TROUBLE_TLS, ANY, ANY, "x509 ", NULL },

	/* the rest */
	{ TROUBLE_AUTH, ANY, CODE_AUTH_FAILED, NULL, NULL },
	{ TROUBLE_AUTH, ANY, CODE_AUTH_CANCELLED, NULL, NULL },
	{ TROUBLE_DRIVER, ANY, CODE_NO_CONNECT, NULL, NULL },
	{ TROUBLE_DRIVER, ANY, CODE_CONFIG_UNSUPPORTED, "was built without",
		NULL },
	{ TROUBLE_DRIVER, ANY, ANY, "state driver is not active", NULL },
};

static bool
shows(const struct libvirt_answer *answer, const struct symptom *symptom)
{
	const char *text = answer->message;
	unsigned int domain = answer->domain;

	/* there are two libraries, of one mind */
	if (domain == DOMAIN_LIBSSH)
		domain = DOMAIN_SSH;
	if (symptom->domain != ANY && symptom->domain != domain)
		return false;
	if (symptom->code != ANY && symptom->code != answer->code)
		return false;
	if (symptom->text != NULL)
		text = strstr(text, symptom->text);
	return text != NULL &&
		(symptom->also == NULL || strstr(text, symptom->also) != NULL);
}

/*
 * A socket of one's own daemon, not the system's, which serves root's sessions
 * too. libvirt writes /var/run, whatever the other side may call it.
 */
static bool
is_of_session(const char *uri, const struct libvirt_answer *answer)
{
	struct uri_parts parts = uri_split(uri);
	bool is_local = parts.host.size == 0 &&
		(parts.transport.start == NULL ||
			is_word(parts.transport, "unix"));

	return is_local && text_equals(parts.path, "/session") &&
		strstr(answer->message, "/var/run/libvirt/") == NULL;
}

enum libvirt_trouble
libvirt_find_trouble(const char *uri, const struct libvirt_answer *answer)
{
	enum libvirt_trouble trouble = TROUBLE_OTHER;
	bool is_session = is_of_session(uri, answer);

	for (size_t i = 0; i < countof(symptoms); i++) {
		if (shows(answer, &symptoms[i])) {
			trouble = symptoms[i].trouble;
			break;
		}
	}
	/* a daemon is started for a dead socket too */
	if (is_session &&
		(trouble == TROUBLE_NO_SOCKET || trouble == TROUBLE_REFUSED))
		return TROUBLE_SESSION_IDLE;
	if (is_session && trouble == TROUBLE_DENIED)
		return TROUBLE_RUNTIME_DIR;
	return trouble;
}
