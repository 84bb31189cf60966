/* SPDX-License-Identifier: MIT */
#include "personal_search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"
#include "../policy/decide.h"
#include "client_conf.h"
#include "files.h"
#include "output.h"
#include "root.h"

/* So many files of one directory are looked into. */
#define FILES_MAX 200

#define CLIENT_CONF "/libvirt/libvirt.conf"
#define BOXES       "org.gnome.Boxes"

enum base {
	BASE_HOST,
	BASE_HOME,
	BASE_CONFIG, /* the user's XDG_CONFIG_HOME */
};

/* A path whose last part begins with '*' is all files that end so. */
static const struct source {
	enum base base;
	enum dialect dialect;
	const char *path;
} sources[] = {
	/* PAM's, systemd's and UWSM's, in every session */
	{ BASE_HOST, DIALECT_PAM_ENV, "/etc/security/pam_env.conf" },
	{ BASE_HOST, DIALECT_ENVIRONMENT, "/etc/environment" },
	{ BASE_HOST, DIALECT_ENVIRONMENT, "/etc/environment.d/*.conf" },
	{ BASE_HOST, DIALECT_ENVIRONMENT, "/run/environment.d/*.conf" },
	{ BASE_HOST, DIALECT_ENVIRONMENT,
		"/usr/local/lib/environment.d/*.conf" },
	{ BASE_HOST, DIALECT_ENVIRONMENT, "/usr/lib/environment.d/*.conf" },
	{ BASE_HOST, DIALECT_SYSTEMD, "/etc/systemd/system.conf" },
	{ BASE_HOST, DIALECT_SYSTEMD, "/etc/systemd/system.conf.d/*.conf" },
	{ BASE_HOST, DIALECT_SYSTEMD, "/etc/systemd/user.conf" },
	{ BASE_HOST, DIALECT_SYSTEMD, "/etc/systemd/user.conf.d/*.conf" },
	{ BASE_HOST, DIALECT_SYSTEMD,
		"/etc/systemd/system/user@.service.d/*.conf" },
	{ BASE_HOST, DIALECT_SH, "/etc/xdg/uwsm/env" },
	{ BASE_HOST, DIALECT_SH, "/etc/xdg/uwsm/env.d/*" },
	{ BASE_HOST, DIALECT_SH, "/usr/share/uwsm/env" },
	{ BASE_HOST, DIALECT_SH, "/usr/share/uwsm/env.d/*" },
	{ BASE_HOST, DIALECT_SH, "/etc/xprofile" },
	{ BASE_HOST, DIALECT_SH, "/etc/X11/Xsession.d/*" },
	{ BASE_HOST, DIALECT_SH, "/etc/X11/xinit/xinitrc.d/*" },
	/* shells' */
	{ BASE_HOST, DIALECT_SH, "/etc/profile" },
	{ BASE_HOST, DIALECT_SH, "/etc/profile.d/*.sh" },
	{ BASE_HOST, DIALECT_SH, "/etc/bash.bashrc" },
	{ BASE_HOST, DIALECT_SH, "/etc/bashrc" },
	{ BASE_HOST, DIALECT_SH, "/etc/zsh/zshenv" },
	{ BASE_HOST, DIALECT_SH, "/etc/zsh/zprofile" },
	{ BASE_HOST, DIALECT_SH, "/etc/zsh/zshrc" },
	{ BASE_HOST, DIALECT_SH, "/etc/zsh/zlogin" },
	{ BASE_HOST, DIALECT_SH, "/etc/zshenv" },
	{ BASE_HOST, DIALECT_SH, "/etc/zprofile" },
	{ BASE_HOST, DIALECT_SH, "/etc/zshrc" },
	{ BASE_HOST, DIALECT_SH, "/etc/zlogin" },
	{ BASE_HOST, DIALECT_SH, "/etc/ksh.kshrc" },
	{ BASE_HOST, DIALECT_SH, "/etc/mkshrc" },
	{ BASE_HOST, DIALECT_CSH, "/etc/csh.cshrc" },
	{ BASE_HOST, DIALECT_CSH, "/etc/csh.login" },
	{ BASE_HOST, DIALECT_CSH, "/etc/profile.d/*.csh" },
	{ BASE_HOST, DIALECT_FISH, "/usr/share/fish/vendor_conf.d/*.fish" },
	{ BASE_HOST, DIALECT_FISH, "/etc/fish/conf.d/*.fish" },
	{ BASE_HOST, DIALECT_FISH, "/etc/fish/config.fish" },
	{ BASE_HOST, DIALECT_XONSH, "/etc/xonshrc" },
	{ BASE_HOST, DIALECT_XONSH, "/etc/xonsh/xonshrc" },

	{ BASE_HOME, DIALECT_PAM_ENV, "/.pam_environment" },
	{ BASE_HOME, DIALECT_ENVIRONMENT, "/.ssh/environment" },
	{ BASE_CONFIG, DIALECT_ENVIRONMENT, "/environment.d/*.conf" },
	{ BASE_CONFIG, DIALECT_SYSTEMD, "/systemd/user.conf" },
	{ BASE_CONFIG, DIALECT_SYSTEMD, "/systemd/user.conf.d/*.conf" },
	{ BASE_CONFIG, DIALECT_SH, "/uwsm/env" },
	{ BASE_CONFIG, DIALECT_SH, "/uwsm/env.d/*" },
	{ BASE_CONFIG, DIALECT_SH, "/plasma-workspace/env/*.sh" },
	{ BASE_HOME, DIALECT_SH, "/.xprofile" },
	{ BASE_HOME, DIALECT_SH, "/.xsessionrc" },
	{ BASE_HOME, DIALECT_SH, "/.xsession" },
	{ BASE_HOME, DIALECT_SH, "/.xinitrc" },
	{ BASE_HOME, DIALECT_SH, "/.profile" },
	{ BASE_HOME, DIALECT_SH, "/.bash_profile" },
	{ BASE_HOME, DIALECT_SH, "/.bash_login" },
	{ BASE_HOME, DIALECT_SH, "/.bashrc" },
	{ BASE_HOME, DIALECT_SH, "/.zshenv" },
	{ BASE_HOME, DIALECT_SH, "/.zprofile" },
	{ BASE_HOME, DIALECT_SH, "/.zshrc" },
	{ BASE_HOME, DIALECT_SH, "/.zlogin" },
	{ BASE_HOME, DIALECT_SH, "/.kshrc" },
	{ BASE_HOME, DIALECT_SH, "/.mkshrc" },
	{ BASE_HOME, DIALECT_SH, "/.yashrc" },
	{ BASE_HOME, DIALECT_CSH, "/.cshrc" },
	{ BASE_HOME, DIALECT_CSH, "/.tcshrc" },
	{ BASE_HOME, DIALECT_CSH, "/.login" },
	{ BASE_CONFIG, DIALECT_FISH, "/fish/conf.d/*.fish" },
	{ BASE_CONFIG, DIALECT_FISH, "/fish/config.fish" },
	{ BASE_CONFIG, DIALECT_NU, "/nushell/env.nu" },
	{ BASE_CONFIG, DIALECT_NU, "/nushell/config.nu" },
	{ BASE_CONFIG, DIALECT_NU, "/nushell/autoload/*.nu" },
	{ BASE_CONFIG, DIALECT_ELVISH, "/elvish/rc.elv" },
	{ BASE_HOME, DIALECT_ELVISH, "/.elvish/rc.elv" },
	{ BASE_HOME, DIALECT_XONSH, "/.xonshrc" },
	{ BASE_CONFIG, DIALECT_XONSH, "/xonsh/rc.xsh" },
	{ BASE_CONFIG, DIALECT_XONSH, "/xonsh/rc.d/*.xsh" },
};

struct search {
	struct root root;
	bool is_root;
	char *bases[BASE_CONFIG + 1]; /* NULL: not asked for */
	struct personal *found;

	/* the file being read */
	const char *path;
	struct stat status;
	bool is_users;

	/* those that had something to say: a link to one says nothing new */
	struct stat told[PERSONAL_ASSIGNMENTS_MAX];
	size_t n_told;
};

static void
note_unreadable(struct search *search, const char *path, int error)
{
	if (search->found->unreadable != NULL)
		return;
	search->found->unreadable = path_below(search->root.path, path);
	search->found->unreadable_error = error;
}

/* As files_read(); what is there and cannot be read is noted. */
static int
read_file(struct search *search, const char *path, char **bytes, size_t *size)
{
	int r = files_read(
		&search->root.tree, path, bytes, size, &search->status);

	if (r < 0 && r != -ENOENT)
		note_unreadable(search, path, -r);
	return r;
}

/* --- Assignments ---------------------------------------------------------- */

static void
hear(void *context, const struct assignment *assignment)
{
	struct search *search = context;
	struct personal *found = search->found;
	size_t n = found->n_assignments;

	if (n == PERSONAL_ASSIGNMENTS_MAX)
		return;
	if (found->assignments == NULL)
		found->assignments = need(calloc(
			PERSONAL_ASSIGNMENTS_MAX, sizeof(*found->assignments)));
	found->assignments[n] = (struct assignment){
		.variable = need(strdup(assignment->variable)),
		.file = path_below(search->root.path, search->path),
		.line = assignment->line,
		.is_unset = assignment->is_unset,
		.is_users = search->is_users,
	};
	if (assignment->value != NULL)
		found->assignments[n].value = need(strdup(assignment->value));
	found->n_assignments++;
}

/* The snippet that UWSM has from us is the policy's own voice. */
static bool
is_our_own(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return strstr(path, "/uwsm/env.d/") != NULL &&
		(strcmp(name, "virturi") == 0 ||
			strcmp(name, "70-virturi") == 0);
}

static bool
is_told_already(const struct search *search)
{
	for (size_t i = 0; i < search->n_told; i++) {
		const struct stat *told = &search->told[i];

		if (told->st_dev == search->status.st_dev &&
			told->st_ino == search->status.st_ino)
			return true;
	}
	return false;
}

static void
search_file(struct search *search, enum dialect dialect, const char *path)
{
	size_t size, before = search->found->n_assignments;
	char *bytes;

	if (is_our_own(path) || read_file(search, path, &bytes, &size) < 0)
		return;
	search->path = path;
	if (!is_told_already(search))
		assignments_parse(dialect, bytes, size, hear, search);
	if (search->found->n_assignments > before)
		search->told[search->n_told++] = search->status;
	free(bytes);
}

static void
search_directory(struct search *search, enum dialect dialect, const char *path,
	const char *suffix)
{
	size_t count;
	char **names;
	int r = files_list(
		&search->root.tree, path, suffix, FILES_MAX, &names, &count);

	if (r < 0 && r != -ENOENT)
		note_unreadable(search, path, -r);
	if (r < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		char *file = format_raw("%s/%s", path, names[i]);

		search_file(search, dialect, file);
		free(file);
	}
	files_free_names(names, count);
}

static void
search_source(struct search *search, const struct source *source)
{
	const char *base = search->bases[source->base];
	char *path, *star;

	if (base == NULL)
		return;
	search->is_users = source->base != BASE_HOST;
	path = format_raw("%s%s", base, source->path);
	star = strstr(path, "/*");
	if (star != NULL) {
		*star = '\0';
		search_directory(search, source->dialect, path, star + 2);
	} else {
		search_file(search, source->dialect, path);
	}
	free(path);
}

/* --- libvirt's own files -------------------------------------------------- */

static void
search_client_conf(struct search *search)
{
	const char *config = search->bases[BASE_CONFIG];
	struct personal *found = search->found;
	size_t size;
	char *path, *bytes;
	int r;

	if (search->is_root)
		path = need(strdup("/etc" CLIENT_CONF));
	else if (config != NULL)
		path = format_raw("%s%s", config, CLIENT_CONF);
	else
		return;
	r = read_file(search, path, &bytes, &size);
	if (r == -ENOENT) {
		free(path);
		return;
	}
	found->client_conf = path_below(search->root.path, path);
	free(path);
	if (r == 0) {
		r = client_conf_parse(bytes, size, &found->uri_default,
			&found->client_conf_line);
		free(bytes);
	}
	found->client_conf_error = r == -ENOENT ? 0 : -r;
}

static bool
is_regular(const struct search *search, const char *directory, const char *name)
{
	char *path = format_raw("%s/%s", directory, name);
	struct stat status;
	bool is_there = files_stat(&search->root.tree, path, &status) == 0;

	free(path);
	return is_there && S_ISREG(status.st_mode);
}

/* root has no session of its own: the system's daemon serves it */
static void
search_machines(struct search *search)
{
	const char *config = search->bases[BASE_CONFIG];
	struct personal *found = search->found;
	size_t count = 0;
	char *path, **names = NULL;
	int r;

	if (config == NULL || search->is_root)
		return;
	path = format_raw("%s%s", config, "/libvirt/qemu");
	r = files_list(&search->root.tree, path, ".xml", PERSONAL_MACHINES_MAX,
		&names, &count);
	if (r < 0 && r != -ENOENT)
		found->machines_error = -r;
	found->machines = need(calloc(count + 1, sizeof(*found->machines)));
	for (size_t i = 0; i < count; i++) {
		if (is_regular(search, path, names[i]))
			found->machines[found->n_machines++] = need(strndup(
				names[i], strlen(names[i]) - strlen(".xml")));
	}
	files_free_names(names, count);
	free(path);
}

/* --- Flatpak -------------------------------------------------------------- */

/* One line of flatpak-metadata(5): is the variable withheld, or another? */
static bool
is_override(char *line)
{
	static const char key[] = "unset-environment=";
	char *next = line + strlen(key), *item;

	if (strncmp(line, VARIABLE "=", strlen(VARIABLE "=")) == 0)
		return true;
	if (strncmp(line, key, strlen(key)) != 0)
		return false;
	while ((item = strsep(&next, ";")) != NULL) {
		if (strcmp(item, VARIABLE) == 0)
			return true;
	}
	return false;
}

static bool
has_override(struct search *search, const char *base, const char *file)
{
	char *path = format_raw("%s%s", base, file), *bytes, *next, *line;
	bool is_found = false;
	size_t size;
	int r = read_file(search, path, &bytes, &size);

	free(path);
	if (r < 0)
		return false;
	next = bytes;
	while (!is_found && (line = strsep(&next, "\n")) != NULL)
		is_found = is_override(line);
	free(bytes);
	return is_found;
}

static void
search_boxes(struct search *search)
{
	char *bases[] = { need(strdup("/var/lib/flatpak")), NULL };
	bool is_installed = false, is_overridden = false;

	if (search->bases[BASE_HOME] != NULL)
		bases[1] = format_raw("%s%s", search->bases[BASE_HOME],
			"/.local/share/flatpak");
	for (size_t i = 0; i < countof(bases) && bases[i] != NULL; i++) {
		char *app = format_raw("%s%s", bases[i], "/app/" BOXES);
		struct stat status;

		is_installed |=
			files_stat(&search->root.tree, app, &status) == 0;
		is_overridden |=
			has_override(search, bases[i], "/overrides/" BOXES) ||
			has_override(search, bases[i], "/overrides/global");
		free(app);
		free(bases[i]);
	}
	search->found->is_boxes_flatpak = is_installed && !is_overridden;
}

/* --- All of it ------------------------------------------------------------ */

static bool
is_absolute(const char *path)
{
	return path != NULL && path[0] == '/';
}

static void
find_bases(struct search *search, const struct personal_where *where)
{
	search->bases[BASE_HOST] = need(strdup(""));
	if (!is_absolute(where->home))
		return;
	search->bases[BASE_HOME] = need(strdup(where->home));
	search->bases[BASE_CONFIG] = is_absolute(where->config_home)
		? need(strdup(where->config_home))
		: format_raw("%s/.config", where->home);
}

static void
search_all(struct search *search)
{
	for (size_t i = 0; i < countof(sources); i++)
		search_source(search, &sources[i]);
	search_client_conf(search);
	search_machines(search);
	search_boxes(search);
}

int
personal_search(const struct personal_where *where, struct personal *ret)
{
	struct search *search = need(calloc(1, sizeof(*search)));
	int r = root_open(where->root, &search->root);

	*ret = (struct personal){ 0 };
	if (r == 0) {
		search->found = ret;
		search->is_root = where->is_root;
		find_bases(search, where);
		search_all(search);
		for (size_t i = 0; i < countof(search->bases); i++)
			free(search->bases[i]);
		root_close(&search->root);
	}
	free(search);
	return r;
}
