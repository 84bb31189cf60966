/* SPDX-License-Identifier: MIT */
/*
 * What libvirt will make of a URI. Drivers, their paths and transports are
 * from https://libvirt.org/drivers.html and https://libvirt.org/uri.html
 * (libvirt 11); tests/libvirt asks a real client about every row.
 */
#include "lint.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

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

static const struct driver {
	const char *name;
	const char *paths[3]; /* all it knows; the first ANY_PATH: any */
	bool needs_host;
} drivers[] = {
	{ "qemu", { SYSTEM, SESSION, "/embed" }, false },
	{ "xen", { SYSTEM }, false },
	{ "lxc", { SYSTEM }, false },
	{ "ch", { SYSTEM, SESSION }, false },
	{ "vbox", { SESSION, SYSTEM }, false },
	{ "vz", { SYSTEM }, false },
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
	/* the daemons behind a hypervisor's, for those who want one alone */
	{ "interface", { SYSTEM, SESSION }, false },
	{ "network", { SYSTEM, SESSION }, false },
	{ "nodedev", { SYSTEM, SESSION }, false },
	{ "nwfilter", { SYSTEM }, false },
	{ "secret", { SYSTEM, SESSION }, false },
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
	const struct driver *driver;
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
	const char *names[countof(drivers)], *meant;
	struct span name = exam->parts.driver;

	exam->driver = find_driver(name);
	if (exam->driver != NULL)
		return;
	for (size_t i = 0; i < countof(drivers); i++)
		names[i] = drivers[i].name;
	meant = text_equals(name, "kvm")
		? "qemu"
		: guess_word(name, names, countof(names));
	say(exam, REMARK_ERROR, "libvirt has no driver '%.*s'%s%s%s",
		(int)name.size, name.start,
		meant != NULL ? ", did you mean '" : "",
		meant != NULL ? meant : "", meant != NULL ? "'?" : "");
}

static void
check_transport(struct exam *exam)
{
	struct span name = exam->parts.transport;
	const char *meant;

	if (name.start == NULL)
		return;
	for (size_t i = 0; i < countof(transports); i++) {
		if (text_equals(name, transports[i]))
			return;
	}
	meant = guess_word(name, transports, countof(transports));
	say(exam, REMARK_ERROR,
		"libvirt has no transport '+%.*s'; it knows unix, ssh, libssh, "
		"libssh2, tcp, tls and ext%s%s%s",
		(int)name.size, name.start,
		meant != NULL ? ". Did you mean '+" : "",
		meant != NULL ? meant : "", meant != NULL ? "'?" : "");
}

/* "qemu://system": the word behind two slashes is a host. */
static bool
check_host(struct exam *exam)
{
	const struct uri_parts *parts = &exam->parts;
	bool is_word = text_equals(parts->host, "system") ||
		text_equals(parts->host, "session");

	if (is_word && parts->path.size <= 1) {
		say(exam, REMARK_ERROR,
			"'%s' names a host called \"%.*s\"; write %.*s:///%.*s",
			exam->uri, (int)parts->host.size, parts->host.start,
			(int)parts->scheme.size, parts->scheme.start,
			(int)parts->host.size, parts->host.start);
		return false;
	}
	if (!parts->has_authority) {
		say(exam, REMARK_ERROR,
			"'%s' has too few slashes; write %.*s://%s%.*s",
			exam->uri, (int)parts->scheme.size, parts->scheme.start,
			parts->path.start[0] == '/' ? "" : "/",
			(int)parts->path.size, parts->path.start);
		return false;
	}
	if (exam->driver->needs_host && parts->host.size == 0) {
		say(exam, REMARK_ERROR, "%s needs a host: %s://HOST/",
			exam->driver->name, exam->driver->name);
		return false;
	}
	return true;
}

static void
check_path(struct exam *exam)
{
	const char *const *paths = exam->driver->paths;
	struct span path = exam->parts.path, word;
	const char *meant;
	size_t count = 0;

	if (paths[0] == ANY_PATH)
		return;
	for (; count < countof(exam->driver->paths) && paths[count] != NULL;
		count++) {
		if (text_equals(path, paths[count]))
			return;
	}
	word = path;
	meant = guess_word(word, paths, count);
	say(exam, REMARK_ERROR, "%s has no '%.*s'%s%s%s; it has %s%s%s%s%s",
		exam->driver->name, (int)path.size, path.start,
		meant != NULL ? ", did you mean '" : "",
		meant != NULL ? meant : "", meant != NULL ? "'?" : "", paths[0],
		count > 1 ? ", " : "", count > 1 ? paths[1] : "",
		count > 2 ? ", " : "", count > 2 ? paths[2] : "");
}

/* Does the query have this key, with this value (NULL: any)? */
static bool
has_parameter(const struct exam *exam, const char *key, const char *value)
{
	const char *at = exam->parts.query.start;
	size_t key_size = strlen(key);

	while (at != NULL && *at != '\0') {
		const char *item = at;
		size_t size = strcspn(item, "&;");

		if (size > key_size && strncmp(item, key, key_size) == 0 &&
			item[key_size] == '=' &&
			(value == NULL ||
				text_equals((struct span){ item + key_size + 1,
						    size - key_size - 1 },
					value)))
			return true;
		at += size + (item[size] != '\0');
	}
	return false;
}

static void
check_security(struct exam *exam)
{
	const struct uri_parts *parts = &exam->parts;

	if (!exam->lint->options->allow_command &&
		(text_equals(parts->transport, "ext") ||
			has_parameter(exam, "command", NULL)))
		say(exam, REMARK_ERROR,
			"this URI makes clients run a command as the user; if "
			"that is wanted, lint with --allow-command");
	if (text_equals(parts->transport, "tcp"))
		say(exam, REMARK_WARNING,
			"+tcp is neither encrypted nor, by default, "
			"authenticated; use +ssh or +tls");
	if (has_parameter(exam, "no_verify", "1"))
		say(exam, REMARK_WARNING,
			"no_verify=1 trusts whatever answers at that address");
	if (memchr(parts->user.start, ':', parts->user.size) != NULL)
		say(exam, REMARK_ERROR,
			"a password in a file that everybody can read, and in "
			"everybody's environment; use keys or certificates");
}

static void
check_people(struct exam *exam)
{
	const struct rule *rule = exam->lint->policy->rules[exam->i];
	bool is_local = exam->parts.host.size == 0;

	if (rule->kind == RULE_USER && strcmp(rule->name, "root") == 0 &&
		is_local && text_equals(exam->parts.path, SESSION))
		say(exam, REMARK_WARNING,
			"root's machines belong in /system: libvirt serves "
			"root from the system daemon anyway, or refuses");
	if (rule->kind == RULE_OTHERS && is_local &&
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
	if (exam.driver != NULL && check_host(&exam))
		check_path(&exam);
	check_security(&exam);
	check_people(&exam);
	check_length(&exam);
	free(uri);
}
