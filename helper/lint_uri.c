/* SPDX-License-Identifier: MIT */
/*
 * What libvirt will make of a URI. Drivers, their paths and transports are
 * from https://libvirt.org/drivers.html and https://libvirt.org/uri.html, and
 * what those leave out from the drivers' connectOpen() (libvirt 9 to 11);
 * tests/lint-corpus/libvirt-client asks a real libvirt about every row.
 */
#include "lint.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../policy/countof.h"
#include "../policy/guess.h"
#include "../policy/uri.h"
#include "meaning.h"
#include "output.h"

/* The longest value that all session launchers pass on: xrdp cuts at 255. */
#define SHORT_MAX 255

#define ANY_PATH NULL

/* Where a driver's daemon runs, for those whose paths are known words. */
#define SYSTEM  "/system"
#define SESSION "/session"

/* The driver within the client itself, for those who program libvirt. */
#define EMBED "/embed"

static const struct driver {
	const char *name;
	const char *paths[3]; /* all it has; the first ANY_PATH: any */
	bool needs_host;
} drivers[] = {
	{ "qemu", { SYSTEM, SESSION, EMBED }, false },
	{ "xen", { SYSTEM, "/", "" }, false },
	{ "lxc", { SYSTEM, "/", "" }, false },
	{ "ch", { SYSTEM, SESSION }, false },
	{ "vbox", { SYSTEM, SESSION }, false },
	{ "vz", { SYSTEM }, false },
	{ "parallels", { SYSTEM }, false }, /* vz, as it was called */
	{ "openvz", { SYSTEM }, false },
	{ "bhyve", { SYSTEM }, false },
	{ "vmwareplayer", { SESSION }, false },
	{ "vmwarews", { SESSION }, false },
	{ "vmwarefusion", { SESSION }, false },
	{ "esx", { ANY_PATH }, true },
	{ "gsx", { ANY_PATH }, true },
	{ "vpx", { ANY_PATH }, true },
	{ "hyperv", { ANY_PATH }, true },
	{ "test", { ANY_PATH }, false },
	{ "remote", { ANY_PATH }, false }, /* whatever runs there */
	/* the daemons behind a hypervisor's, for those who want one alone */
	{ "interface", { SYSTEM, SESSION }, false },
	{ "network", { SYSTEM, SESSION }, false },
	{ "nodedev", { SYSTEM, SESSION }, false },
	{ "nwfilter", { SYSTEM }, false },
	{ "secret", { SYSTEM, SESSION, EMBED }, false },
	{ "storage", { SYSTEM, SESSION }, false },
};

static const char *const transports[] = { "unix", "ssh", "libssh", "libssh2",
	"tcp", "tls", "ext" };

/* A template under examination. */
struct exam {
	struct lint *lint;
	size_t i;
	const char *uri; /* expanded for somebody */
	struct uri_parts parts;
	const struct driver *driver; /* NULL: there is no such driver */
	const char *transport; /* NULL: none, or no such transport */
};

#define say(exam, severity, ...)                                               \
	lint_say_key((exam)->lint, severity, (exam)->i, KEY_URI, __VA_ARGS__)

static const struct driver *
find_driver(struct span name)
{
	for (size_t i = 0; i < countof(drivers); i++) {
		if (text_equals(name, drivers[i].name))
			return &drivers[i];
	}
	return NULL;
}

static void
check_driver(struct exam *exam)
{
	const char *names[countof(drivers)], *meant = NULL;
	struct span name = exam->parts.driver;

	exam->driver = find_driver(name);
	if (exam->driver != NULL)
		return;
	for (size_t i = 0; i < countof(drivers); i++) {
		names[i] = drivers[i].name;
		if (strlen(names[i]) == name.size &&
			strncasecmp(names[i], name.start, name.size) == 0)
			meant = names[i];
	}
	if (text_equals(name, "kvm"))
		meant = "qemu";
	if (meant == NULL)
		meant = guess_word(name, names, countof(names));
	if (meant != NULL)
		say(exam, REMARK_ERROR,
			"libvirt has no driver '%.*s', did you mean '%s'?",
			(int)name.size, name.start, meant);
	else
		say(exam, REMARK_ERROR,
			"libvirt has no driver '%.*s'; write qemu, or another "
			"of https://libvirt.org/drivers.html",
			(int)name.size, name.start);
}

/* libvirt takes transports, but no drivers, in upper case too. */
static void
check_transport(struct exam *exam)
{
	struct span name = exam->parts.transport;
	const char *meant;

	if (name.start == NULL)
		return;
	for (size_t i = 0; i < countof(transports); i++) {
		if (strlen(transports[i]) == name.size &&
			strncasecmp(transports[i], name.start, name.size) ==
				0) {
			exam->transport = transports[i];
			return;
		}
	}
	meant = guess_word(name, transports, countof(transports));
	if (meant != NULL)
		say(exam, REMARK_ERROR,
			"libvirt has no transport '+%.*s', did you mean "
			"'+%s'?",
			(int)name.size, name.start, meant);
	else
		say(exam, REMARK_ERROR,
			"libvirt has no transport '+%.*s'; it has unix, ssh, "
			"libssh, libssh2, tcp, tls and ext",
			(int)name.size, name.start);
}

static bool
has_transport(const struct exam *exam, const char *transport)
{
	return exam->transport != NULL &&
		strcmp(exam->transport, transport) == 0;
}

/* The byte at *at*, percent-decoded; its end goes to *end*. */
static int
decode_byte(const char *at, const char **end)
{
	char hex[3] = { 0 };

	*end = at + 1;
	if (at[0] != '%')
		return (unsigned char)at[0];
	memcpy(hex, at + 1, 2);
	*end = at + 3;
	return (int)strtol(hex, NULL, 16);
}

/* Is it this key, in whatever case and encoding? So libvirt reads it. */
static bool
is_key(struct span written, const char *key)
{
	const char *at = written.start, *end = written.start + written.size;

	for (; at < end && *key != '\0'; key++) {
		if (tolower(decode_byte(at, &at)) != *key)
			return false;
	}
	return at == end && *key == '\0';
}

/* Does the query have this parameter? If so, its value, as it is written. */
static bool
find_parameter(const struct exam *exam, const char *key, struct span *value)
{
	const char *at = exam->parts.query.start;

	while (at != NULL && *at != '\0') {
		size_t size = strcspn(at, "&;"), key_size = strcspn(at, "=&;");

		if (key_size < size &&
			is_key((struct span){ at, key_size }, key)) {
			*value = (struct span){ at + key_size + 1,
				size - key_size - 1 };
			return true;
		}
		at += size + (at[size] != '\0');
	}
	return false;
}

static bool
has_parameter(const struct exam *exam, const char *key)
{
	struct span value;

	return find_parameter(exam, key, &value);
}

/* "qemu://system": the word behind two slashes is a host. */
static bool
check_host(struct exam *exam)
{
	const struct uri_parts *parts = &exam->parts;
	const struct driver *driver = exam->driver;
	bool is_word = text_equals(parts->host, "system") ||
		text_equals(parts->host, "session");
	struct span path = parts->path;

	if (is_word && parts->path.size <= 1) {
		say(exam, REMARK_ERROR,
			"'%s' names a host called \"%.*s\"; write %.*s:///%.*s",
			exam->uri, (int)parts->host.size, parts->host.start,
			(int)parts->scheme.size, parts->scheme.start,
			(int)parts->host.size, parts->host.start);
		return false;
	}
	if (driver->needs_host && parts->host.size == 0) {
		say(exam, REMARK_ERROR, "%s needs a host: %s://HOST/",
			driver->name, driver->name);
		return false;
	}
	if (!parts->has_authority) {
		if (path.size <= 1 && driver->paths[0] != ANY_PATH)
			path = (struct span){ driver->paths[0],
				strlen(driver->paths[0]) };
		say(exam, REMARK_ERROR,
			"'%s' has too few slashes; write %.*s://%s%.*s",
			exam->uri, (int)parts->scheme.size, parts->scheme.start,
			path.size > 0 && path.start[0] == '/' ? "" : "/",
			(int)path.size, path.start);
		return false;
	}
	if (has_transport(exam, "unix") && parts->host.size > 0) {
		say(exam, REMARK_ERROR,
			"+unix is for this host; leave out '%.*s', or use +ssh",
			(int)parts->host.size, parts->host.start);
		return false;
	}
	return true;
}

/* "qemu+ssh://host": which of its daemons is it to be? */
static void
say_no_path(struct exam *exam)
{
	const struct uri_parts *parts = &exam->parts;
	size_t size = (size_t)(parts->path.start - exam->uri);

	say(exam, REMARK_ERROR, "%s needs a path; write %.*s%s%s%s",
		exam->driver->name, (int)size, exam->uri,
		exam->driver->paths[0], parts->query.start != NULL ? "?" : "",
		parts->query.start != NULL ? parts->query.start : "");
}

static void
check_embedded(struct exam *exam)
{
	struct span root;

	if (!text_equals(exam->parts.path, EMBED))
		return;
	if (exam->parts.host.size > 0 || exam->parts.transport.start != NULL)
		say(exam, REMARK_ERROR,
			"/embed takes neither a host nor a transport");
	else if (!find_parameter(exam, "root", &root) || root.size == 0 ||
		(root.start[0] != '/' &&
			strncasecmp(root.start, "%2f", 3) != 0))
		say(exam, REMARK_ERROR,
			"/embed needs a directory: %s:///embed?root=/DIR",
			exam->driver->name);
}

static void
check_path(struct exam *exam)
{
	const char *const *paths = exam->driver->paths;
	struct span path = exam->parts.path;
	const char *meant;
	bool has_session;
	size_t count = 0;

	/* name= is what the other side is asked for instead */
	if (paths[0] == ANY_PATH || has_parameter(exam, "name"))
		return;
	for (; count < countof(exam->driver->paths) && paths[count] != NULL;
		count++) {
		if (text_equals(path, paths[count]))
			return;
	}
	if (path.size <= 1) {
		say_no_path(exam);
		return;
	}
	has_session = count > 1 && strcmp(paths[1], SESSION) == 0;
	meant = guess_word(path, paths, count);
	if (meant != NULL)
		say(exam, REMARK_ERROR, "%s has no '%.*s', did you mean '%s'?",
			exam->driver->name, (int)path.size, path.start, meant);
	else
		say(exam, REMARK_ERROR, "%s has no '%.*s'; write %s%s%s",
			exam->driver->name, (int)path.size, path.start,
			paths[0], has_session ? " or " : "",
			has_session ? paths[1] : "");
}

/* What it executes, for whom it was not meant. */
static void
check_command(struct exam *exam)
{
	bool is_ext = has_transport(exam, "ext");
	bool has_command = has_parameter(exam, "command");

	if (is_ext && !has_command)
		say(exam, REMARK_ERROR, "+ext needs command=PROGRAM");
	if ((is_ext || has_command) && !exam->lint->options->allow_command)
		say(exam, REMARK_ERROR,
			"this URI makes clients run a command as the user; if "
			"that is wanted, lint with --allow-command");
}

static void
check_security(struct exam *exam)
{
	const struct uri_parts *parts = &exam->parts;
	struct span value;

	check_command(exam);
	if (has_transport(exam, "tcp"))
		say(exam, REMARK_WARNING,
			"+tcp is neither encrypted nor, by default, "
			"authenticated; use +ssh or +tls");
	if (find_parameter(exam, "no_verify", &value) &&
		!text_equals(value, "0"))
		say(exam, REMARK_WARNING,
			"no_verify=%.*s trusts whatever answers at that "
			"address; leave it out",
			(int)value.size, value.start);
	if (find_parameter(exam, "known_hosts_verify", &value) &&
		!text_equals(value, "normal"))
		say(exam, REMARK_WARNING,
			"known_hosts_verify=%.*s trusts a host that nobody has "
			"checked; leave it out",
			(int)value.size, value.start);
	if (memchr(parts->user.start, ':', parts->user.size) != NULL)
		say(exam, REMARK_ERROR,
			"a password in a file that everybody can read, and in "
			"everybody's environment; use keys or certificates");
}

static void
check_people(struct exam *exam)
{
	const struct content *content = &exam->lint->contents[exam->i];
	const struct rule *rule = exam->lint->policy->rules[exam->i];
	bool is_local = exam->parts.host.size == 0;

	if (rule->kind == RULE_USER && strcmp(rule->name, "root") == 0 &&
		is_local && text_equals(exam->parts.path, SESSION))
		say(exam, REMARK_WARNING,
			"root's machines belong in /system: libvirt serves "
			"root from the system daemon anyway, or refuses");
	if (rule->kind == RULE_OTHERS && is_local &&
		content->lines[KEY_REQUIRE_GROUPS] == 0 &&
		text_equals(exam->parts.path, SYSTEM))
		say(exam, REMARK_WARNING,
			"everybody else gets a system URI, also those whom "
			"libvirt does not let in; name the group: [group %s]",
			LIBVIRT_GROUP);
}

static void
check_length(struct exam *exam)
{
	size_t size = strlen(exam->uri);

	if (size > SHORT_MAX)
		say(exam, REMARK_WARNING,
			"%zu bytes: some session launchers cut a variable at "
			"255",
			size);
}

/* The template as it would be for somebody; NULL: engine's business. */
static char *
expand_sample(const char *template)
{
	const struct uri_values sample = { "user", "1000", "/home/user",
		"group" };
	char *uri = NULL, *fault = NULL;

	if (uri_expand(template, &sample, &uri, &fault) < 0)
		need(NULL);
	free(fault);
	return uri;
}

void
lint_check_uri(struct lint *lint, size_t i)
{
	const struct content *content = &lint->contents[i];
	struct exam exam = { .lint = lint, .i = i };
	char *uri;

	if (content->values[KEY_URI] == NULL || content_sets_none(content))
		return;
	uri = expand_sample(content->values[KEY_URI]);
	if (uri == NULL)
		return;
	exam.uri = uri;
	exam.parts = uri_split(uri);
	check_driver(&exam);
	check_transport(&exam);
	if (exam.driver != NULL && check_host(&exam)) {
		check_path(&exam);
		check_embedded(&exam);
	}
	check_security(&exam);
	check_people(&exam);
	check_length(&exam);
	free(uri);
}
