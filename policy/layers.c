/* SPDX-License-Identifier: MIT */
#include "layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define MAIN_NAME   "virturi.conf"
#define DROPIN_NAME "virturi.conf.d"
#define SUFFIX      ".conf"

int
layers_refuse(struct layers *layers, const char *path, const char *what)
{
	return remarks_add(layers->remarks, REMARK_ERROR, path, 0, "%s", what);
}

int
layers_refuse_errno(struct layers *layers, const char *path, int error)
{
	errno = error;
	return remarks_add(
		layers->remarks, REMARK_ERROR, path, 0, "cannot be read: %m");
}

int
layers_refuse_open(struct layers *layers, const struct directory *directory,
	const char *path, bool is_directory, int error)
{
	static const mode_t search = S_IXUSR | S_IXGRP | S_IXOTH;
	char *word;
	int r;

	/* open(2) on a socket, or on a device without a driver */
	if (error == ENXIO || error == ENODEV)
		return layers_refuse(layers, path, FAULT_NOT_REGULAR);
	if (error == ENOTDIR && is_directory)
		return layers_refuse(
			layers, path, "not a directory; rename or remove it");
	if (error != EACCES)
		return layers_refuse_errno(layers, path, error);
	if (directory != NULL &&
		(directory->status.st_mode & search) != search) {
		path = directory->path;
		is_directory = true;
	}
	word = text_shell_word(path);
	if (word == NULL)
		return -ENOMEM;
	r = remarks_add(layers->remarks, REMARK_ERROR, path, 0,
		"permission denied; a policy is public: chmod a+r%s %s",
		is_directory ? "x" : "", word);
	free(word);
	return r;
}

char *
path_join(const char *directory, const char *name)
{
	const char *slash = "/";
	char *path;

	while (*name == '/')
		name++;
	if (directory[0] != '\0' && directory[strlen(directory) - 1] == '/')
		slash = "";
	if (asprintf(&path, "%s%s%s", directory, slash, name) < 0)
		return NULL;
	return path;
}

static const char *
basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

const char *
layers_path_in_tree(const struct layers *layers, const char *path)
{
	return path + layers->root_size;
}

bool
directory_has(const struct directory *directory, const char *name)
{
	struct stat status;
	int fd = directory != NULL ? directory->fd : AT_FDCWD;

	/* what cannot be found out is no reason to pass over a file */
	return fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ||
		errno != ENOENT;
}

/*
 * Takes over what tree_open() returned for a directory that need not exist;
 * parent NULL: it was named by its path.
 */
static int
adopt(struct layers *layers, struct directory *directory,
	const struct directory *parent, const char *name, int fd)
{
	directory->is_absent = fd == -ENOENT;
	if (fd == -ENOENT && directory_has(parent, name))
		return layers_refuse(layers, directory->path,
			"a link that leads nowhere; mend or remove it");
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return layers_refuse_open(
			layers, parent, directory->path, true, -fd);
	directory->fd = fd;
	if (fstat(fd, &directory->status) < 0)
		return layers_refuse_errno(layers, directory->path, errno);
	return 0;
}

static int
open_layer(struct layers *layers, int layer)
{
	struct directory *main_dir = &layers->main_dirs[layer];
	struct directory *dropin_dir = &layers->dropin_dirs[layer];
	const char *path = layers->where->layers[layer];
	int r;

	if (path == NULL || path[0] == '\0')
		return 0;
	main_dir->path = path_join(
		layers->where->root ? layers->where->root : "/", path);
	if (main_dir->path == NULL)
		return -ENOMEM;
	dropin_dir->path = path_join(main_dir->path, DROPIN_NAME);
	if (dropin_dir->path == NULL)
		return -ENOMEM;
	r = adopt(layers, main_dir, NULL, main_dir->path,
		tree_open(&layers->tree,
			layers_path_in_tree(layers, main_dir->path),
			TREE_DIRECTORY));
	if (r < 0 || main_dir->fd < 0)
		return r;
	/* mostly there is none, and asking is cheaper than failing to open */
	dropin_dir->is_absent = !directory_has(main_dir, DROPIN_NAME);
	if (dropin_dir->is_absent)
		return 0;
	return adopt(layers, dropin_dir, main_dir, DROPIN_NAME,
		tree_open_at(&layers->tree, main_dir->fd, DROPIN_NAME,
			layers_path_in_tree(layers, dropin_dir->path),
			TREE_LIST));
}

/* directory NULL: name is the path of a candidate that was asked for. */
static int
add_candidate(struct layers *layers, struct directory *directory, int layer,
	const char *name)
{
	struct candidate *candidate;

	if (layers->n_candidates == layers->room) {
		size_t room = layers->room > 0 ? 2 * layers->room : 8;

		candidate =
			realloc(layers->candidates, room * sizeof(*candidate));
		if (candidate == NULL)
			return -ENOMEM;
		layers->candidates = candidate;
		layers->room = room;
	}
	candidate = &layers->candidates[layers->n_candidates];
	*candidate = (struct candidate){
		.name = strdup(name),
		.layer = layer,
		.is_dropin = directory != NULL
			? directory == &layers->dropin_dirs[layer]
			: strcmp(basename_of(name), MAIN_NAME) != 0,
		.directory = directory,
	};
	if (candidate->name == NULL)
		return -ENOMEM;
	layers->n_candidates++;
	return 0;
}

static int
add_asked_for(struct layers *layers)
{
	const char *const *path = layers->where->candidates;
	int layer = LAYER_COUNT, r = 0;

	for (; path != NULL && *path != NULL && r == 0; path++)
		r = add_candidate(layers, NULL, layer++, *path);
	return r;
}

static int
find_main(struct layers *layers, int layer)
{
	struct directory *directory = &layers->main_dirs[layer];
	struct stat status;

	if (directory->fd < 0)
		return 0;
	if (fstatat(directory->fd, MAIN_NAME, &status, AT_SYMLINK_NOFOLLOW) ==
		0)
		return add_candidate(layers, directory, layer, MAIN_NAME);
	directory->lacks_main = errno == ENOENT;
	if (directory->lacks_main)
		return 0;
	return layers_refuse_open(
		layers, directory, directory->path, true, errno);
}

bool
policy_is_dropin_name(const char *name)
{
	size_t size = strlen(name);

	return name[0] != '.' && size > strlen(SUFFIX) &&
		strcmp(name + size - strlen(SUFFIX), SUFFIX) == 0;
}

static int
find_dropins(struct layers *layers, int layer)
{
	struct directory *directory = &layers->dropin_dirs[layer];
	struct dirent *entry;
	DIR *stream;
	int fd, r = 0;

	if (directory->fd < 0)
		return 0;
	fd = fcntl(directory->fd, F_DUPFD_CLOEXEC, 0);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (stream == NULL) {
		r = layers_refuse_errno(layers, directory->path, errno);
		if (fd >= 0)
			close(fd);
		return r;
	}
	errno = 0;
	while (r == 0 && (entry = readdir(stream)) != NULL) {
		if (policy_is_dropin_name(entry->d_name))
			r = add_candidate(
				layers, directory, layer, entry->d_name);
		errno = 0;
	}
	if (r == 0 && errno != 0)
		r = layers_refuse_errno(layers, directory->path, errno);
	closedir(stream);
	return r;
}

/* Reading order; of one name, the highest layer first. */
static int
compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	int order;

	if (a->is_dropin != b->is_dropin)
		return a->is_dropin ? 1 : -1;
	order = strcmp(basename_of(a->name), basename_of(b->name));
	return order != 0 ? order : b->layer - a->layer;
}

bool
candidate_hides(const struct candidate *a, const struct candidate *b)
{
	return b->directory != NULL && a->is_dropin == b->is_dropin &&
		strcmp(basename_of(a->name), basename_of(b->name)) == 0;
}

/* Only what there was, or was not; what could not be opened is a mistake. */
static bool
has_changed(const struct layers *layers, const struct directory *directory,
	const struct directory *parent)
{
	struct stat now;
	int r;

	if (directory->fd < 0 && !directory->is_absent)
		return false;
	r = tree_stat_at(&layers->tree, parent != NULL ? parent->fd : AT_FDCWD,
		parent != NULL ? DROPIN_NAME : directory->path,
		layers_path_in_tree(layers, directory->path), &now);
	if (directory->is_absent)
		return r == 0;
	return r < 0 || status_differs(&directory->status, &now);
}

bool
layers_have_changed(const struct layers *layers)
{
	/* the directory of a single file is not listed; others may use it */
	if (layers->where->file != NULL)
		return false;
	for (int layer = 0; layer < LAYER_COUNT; layer++) {
		const struct directory *main_dir = &layers->main_dirs[layer];

		if (has_changed(layers, main_dir, NULL) ||
			has_changed(layers, &layers->dropin_dirs[layer],
				main_dir) ||
			(main_dir->lacks_main &&
				directory_has(main_dir, MAIN_NAME)))
			return true;
	}
	return false;
}

bool
candidate_has_changed(const struct layers *layers,
	const struct candidate *candidate, const char *path)
{
	static const struct tree here = { .fd = -1 };
	struct stat now;
	int r;

	if (!candidate->is_opened && !candidate->is_absent)
		return false;
	if (candidate->directory == NULL)
		r = tree_stat_at(&here, AT_FDCWD, path, path, &now);
	else
		r = tree_stat_at(&layers->tree, candidate->directory->fd,
			candidate->name, layers_path_in_tree(layers, path),
			&now);
	if (candidate->is_absent)
		return r == 0;
	return r < 0 || status_differs(&candidate->status, &now);
}

static int
find_in_layers(struct layers *layers)
{
	int r = 0;

	for (int layer = 0; layer < LAYER_COUNT && r == 0; layer++) {
		r = open_layer(layers, layer);
		if (r == 0)
			r = find_main(layers, layer);
		if (r == 0)
			r = find_dropins(layers, layer);
	}
	if (r == 0)
		r = add_asked_for(layers);
	if (r == 0 && layers->n_candidates > 1)
		qsort(layers->candidates, layers->n_candidates,
			sizeof(*layers->candidates), compare_candidates);
	return r;
}

/* policy=: the one file is a candidate in a directory of its own. */
static int
find_single(struct layers *layers)
{
	struct directory *directory = &layers->main_dirs[LAYER_ADMIN];
	const char *path = layers->where->file;
	const char *slash = strrchr(path, '/');
	int r;

	if (path[0] != '/' || slash[1] == '\0')
		return remarks_add(layers->remarks, REMARK_ERROR, NULL, 0,
			"policy '%s': not the absolute path of a file", path);
	directory->path =
		strndup(path, slash > path ? (size_t)(slash - path) : 1);
	if (directory->path == NULL)
		return -ENOMEM;
	r = tree_open(&layers->tree, directory->path, TREE_DIRECTORY);
	if (r < 0)
		return layers_refuse_errno(layers, path, -r);
	r = adopt(layers, directory, NULL, directory->path, r);
	if (r == 0)
		r = add_candidate(layers, directory, LAYER_ADMIN, slash + 1);
	return r;
}

/* Who may own policy files here; opens the tree. */
static int
begin(struct layers *layers)
{
	const char *root = layers->where->root;
	struct stat status;

	layers->tree.fd = -1;
	for (int layer = 0; layer < LAYER_COUNT; layer++) {
		layers->main_dirs[layer].fd = -1;
		layers->dropin_dirs[layer].fd = -1;
	}
	if (layers->where->file != NULL || root != NULL)
		layers->trust.owners[layers->trust.n_owners++] = geteuid();
	if (layers->where->file != NULL || root == NULL)
		return 0;
	layers->tree.fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (layers->tree.fd < 0 || fstat(layers->tree.fd, &status) < 0)
		return layers_refuse_errno(layers, root, errno);
	layers->trust.owners[layers->trust.n_owners++] = status.st_uid;
	layers->root_size = strlen(root);
	return 0;
}

int
layers_open(const struct policy_where *where, struct remarks *remarks,
	struct layers *ret)
{
	size_t complaints = remarks->count;
	int r;

	*ret = (struct layers){ .where = where, .remarks = remarks };
	r = begin(ret);
	if (r < 0 || remarks->count > complaints)
		return r;
	return where->file != NULL ? find_single(ret) : find_in_layers(ret);
}

static void
close_directories(struct directory *directories)
{
	for (int layer = 0; layer < LAYER_COUNT; layer++) {
		if (directories[layer].fd >= 0)
			close(directories[layer].fd);
		free(directories[layer].path);
	}
}

void
layers_close(struct layers *layers)
{
	for (size_t i = 0; i < layers->n_candidates; i++)
		free(layers->candidates[i].name);
	free(layers->candidates);
	close_directories(layers->main_dirs);
	close_directories(layers->dropin_dirs);
	if (layers->tree.fd >= 0)
		close(layers->tree.fd);
}
