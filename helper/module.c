/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../policy/countof.h"
#include "child.h"
#include "files.h"
#include "output.h"

/* Of a directory such as /usr/lib; triplets come late in some. */
#define ENTRIES_MAX 10000

/* Where libpam may look, and where else `make install` puts the module. */
static const char *const module_directories[] = {
	"/usr/lib/*/security",
	"/usr/lib64/security",
	"/usr/lib/security",
	"/lib/*/security",
	"/lib64/security",
	"/lib/security",
	"/usr/local/lib/*/security",
	"/usr/local/lib64/security",
	"/usr/local/lib/security",
};

/* Is called for each directory; true ends the search. */
typedef bool visit_directory(void *context, const char *path);

/* "*" stands for a multiarch triplet: "x86_64-linux-gnu". */
static bool
visit_triplets(const struct root *root, const char *pattern,
	visit_directory *visit, void *context)
{
	int size = (int)strcspn(pattern, "*") - 1;
	char *parent = format_raw("%.*s", size, pattern), **names = NULL;
	bool is_done = false;
	size_t count = 0;

	files_list(&root->tree, parent, "", ENTRIES_MAX, &names, &count);
	for (size_t i = 0; i < count && !is_done; i++) {
		char *path = format_raw(
			"%s/%s%s", parent, names[i], pattern + size + 2);

		is_done = strstr(names[i], "-linux-") != NULL &&
			visit(context, path);
		free(path);
	}
	files_free_names(names, count);
	free(parent);
	return is_done;
}

static bool
visit_directories(
	const struct root *root, visit_directory *visit, void *context)
{
	for (size_t i = 0; i < countof(module_directories); i++) {
		const char *path = module_directories[i];
		bool is_done = strchr(path, '*') != NULL
			? visit_triplets(root, path, visit, context)
			: visit(context, path);

		if (is_done)
			return true;
	}
	return false;
}

/* Looking for a module. */
struct search {
	const struct root *root;
	const char *name;
	bool is_libpams; /* only where libpam's own modules are */
	char *first; /* where it would be; NULL: there is no such place */
	char *found;
};

static bool
look_in(void *context, const char *directory)
{
	struct search *search = context;
	char *libpams = format_raw("%s/pam_permit.so", directory);
	char *path = format_raw("%s/%s", directory, search->name);
	struct stat status;
	bool counts = !search->is_libpams ||
		files_stat(&search->root->tree, libpams, &status) == 0;

	free(libpams);
	if (counts && root_has(search->root, path)) {
		search->found = path;
		return true;
	}
	if (counts && search->first == NULL)
		search->first = path;
	else
		free(path);
	return false;
}

static struct search
search_module(const struct root *root, const char *name, bool is_libpams)
{
	struct search search = { root, name, is_libpams, NULL, NULL };

	visit_directories(root, look_in, &search);
	return search;
}

/*
 * "$ISA" is what libpam was built with: nothing to speak of, as upstream; a
 * way to another directory, as on 64 bits; or a directory, as on Debian, which
 * also has a look there for bare names.
 */
static bool
has_with_isa(const struct root *root, const char *path)
{
	static const char *const values[] = {
		".",
		"../../lib64/security",
		"../../lib/security",
		"../lib64/security",
	};
	const char *isa = strstr(path, "$ISA");
	bool is_there = false;

	for (size_t i = 0; isa != NULL && i < countof(values) && !is_there;
		i++) {
		char *expanded = format_raw("%.*s%s%s", (int)(isa - path), path,
			values[i], isa + strlen("$ISA"));

		is_there = root_has(root, expanded);
		free(expanded);
	}
	return is_there;
}

enum module_presence
module_find(const struct root *root, const char *module, char **ret)
{
	bool is_path = module[0] == '/';
	struct search search =
		search_module(root, is_path ? "pam_permit.so" : module, true);
	bool has_modules = search.found != NULL || search.first != NULL;
	bool is_there = search.found != NULL;
	const char *path = is_there ? search.found : search.first;

	if (is_path) {
		path = module;
		has_modules = has_modules || root->path == NULL;
		is_there = root_has(root, path) || has_with_isa(root, path);
	}
	*ret = path_below(root->path, path != NULL ? path : module);
	free(search.first);
	free(search.found);
	if (is_there)
		return MODULE_THERE;
	return has_modules ? MODULE_MISSING : MODULE_UNKNOWN;
}

char *
module_find_name(const char *root_path)
{
	struct search search = { 0 };
	struct root root;
	char *name;

	if (root_open(root_path, &root) < 0)
		return NULL;
	search = search_module(&root, MODULE_NAME, true);
	name = search.found != NULL ? need(strdup(MODULE_NAME)) : NULL;
	free(search.first);
	free(search.found);
	if (name == NULL) {
		search = search_module(&root, MODULE_NAME, false);
		free(search.first);
		name = search.found;
	}
	root_close(&root);
	return name;
}

/* Runs in a child: constructors of libraries run, too. */
static void
load(void *context, int fd)
{
	void *module = dlopen(context, RTLD_NOW);

	if (module == NULL)
		dprintf(fd, "%s", dlerror());
	else if (dlsym(module, "pam_sm_open_session") == NULL)
		dprintf(fd, "it has no pam_sm_open_session");
}

/* Only root may have written what we execute. */
static bool
is_roots(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
		status.st_uid == 0 &&
		(status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

char *
module_find_load_error(const char *path, int timeout_ms)
{
	struct child_result result;
	char *error = NULL, *copy = need(strdup(path));
	int r;

	if (!is_roots(path)) {
		free(copy);
		return NULL;
	}
	r = child_call(load, copy, timeout_ms, &result);
	free(copy);
	if (r == -ETIMEDOUT)
		return need(strdup("it takes too long"));
	if (r < 0)
		return NULL;
	if (result.size > 0)
		error = need(strdup(result.output));
	else if (result.status != 0)
		error = need(strdup("it ends the program"));
	child_result_clear(&result);
	return error;
}
