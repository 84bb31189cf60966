/* SPDX-License-Identifier: MIT */
/*
 * A policy file may be named in two directories of each layer. All of them
 * are opened first, names are looked up in the open directories, and what was
 * opened is judged and read; at the end the directories are compared with what
 * they were, so that a change in between is not half seen.
 */
#include "policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust.h"

#define MAIN_NAME   "virturi.conf"
#define DROPIN_NAME "virturi.conf.d"
#define SUFFIX      ".conf"

const struct policy_where policy_installed = {
	.layers = {
		[LAYER_VENDOR] = VENDORCONFDIR,
		[LAYER_RUN] = RUNCONFDIR,
		[LAYER_ADMIN] = CONFDIR,
	},
};

/* A directory in which policy files are looked up. */
struct directory {
	char *path;
	int fd; /* -1: there is none */
	struct stat status;
	bool is_judged;
};

/* A name that was found there. */
struct candidate {
	char *name;
	int layer;
	bool is_dropin;
	struct directory *directory; /* NULL: name is a path */
};

struct load {
	const struct policy_where *where;
	struct tree tree;
	size_t root_size; /* what paths have in front of those in the tree */
	struct trust trust;
	struct directory main_dirs[LAYER_COUNT];
	struct directory dropin_dirs[LAYER_COUNT];
	struct candidate *candidates;
	size_t n_candidates, room;
	bool has_changed;
	struct policy *policy;
};

/* Makes the policy unusable. */
static int
refuse(struct load *load, const char *path, const char *what)
{
	return remarks_add(
		&load->policy->remarks, REMARK_ERROR, path, 0, "%s", what);
}

static int
refuse_errno(struct load *load, const char *path, int error)
{
	struct remarks *remarks = &load->policy->remarks;

	if (error == EACCES)
		return remarks_add(remarks, REMARK_ERROR, path, 0,
			"permission denied; a policy is public: chmod a+r %s",
			path);
	errno = error;
	return remarks_add(
		remarks, REMARK_ERROR, path, 0, "cannot be read: %m");
}

static char *
join(const char *directory, const char *name)
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

/* The path as it is within the tree. */
static const char *
path_in_tree(const struct load *load, const char *path)
{
	return path + load->root_size;
}

/* Takes over what tree_open() returned for a directory that need not exist. */
static int
adopt(struct load *load, struct directory *directory, int fd)
{
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return refuse_errno(load, directory->path, -fd);
	directory->fd = fd;
	if (fstat(fd, &directory->status) < 0)
		return refuse_errno(load, directory->path, errno);
	return 0;
}

static int
open_layer(struct load *load, int layer)
{
	struct directory *main_dir = &load->main_dirs[layer];
	struct directory *dropin_dir = &load->dropin_dirs[layer];
	const char *path = load->where->layers[layer];
	int r;

	if (path == NULL || path[0] == '\0')
		return 0;
	main_dir->path =
		join(load->where->root ? load->where->root : "/", path);
	if (main_dir->path == NULL)
		return -ENOMEM;
	dropin_dir->path = join(main_dir->path, DROPIN_NAME);
	if (dropin_dir->path == NULL)
		return -ENOMEM;
	r = adopt(load, main_dir,
		tree_open(&load->tree, path_in_tree(load, main_dir->path),
			TREE_DIRECTORY));
	if (r < 0 || main_dir->fd < 0)
		return r;
	return adopt(load, dropin_dir,
		tree_open_at(&load->tree, main_dir->fd, DROPIN_NAME,
			path_in_tree(load, dropin_dir->path), TREE_LIST));
}

/* directory NULL: name is the path of a candidate that was asked for. */
static int
add_candidate(struct load *load, struct directory *directory, int layer,
	const char *name)
{
	struct candidate *candidate;

	if (load->n_candidates == load->room) {
		size_t room = load->room > 0 ? 2 * load->room : 8;

		candidate =
			realloc(load->candidates, room * sizeof(*candidate));
		if (candidate == NULL)
			return -ENOMEM;
		load->candidates = candidate;
		load->room = room;
	}
	candidate = &load->candidates[load->n_candidates];
	*candidate = (struct candidate){
		.name = strdup(name),
		.layer = layer,
		.is_dropin = directory != NULL
			? directory == &load->dropin_dirs[layer]
			: strcmp(basename_of(name), MAIN_NAME) != 0,
		.directory = directory,
	};
	if (candidate->name == NULL)
		return -ENOMEM;
	load->n_candidates++;
	return 0;
}

static int
add_asked_for(struct load *load)
{
	const char *const *path = load->where->candidates;
	int layer = LAYER_COUNT, r = 0;

	for (; path != NULL && *path != NULL && r == 0; path++)
		r = add_candidate(load, NULL, layer++, *path);
	return r;
}

static int
find_main(struct load *load, int layer)
{
	struct directory *directory = &load->main_dirs[layer];
	struct stat status;

	if (directory->fd < 0)
		return 0;
	if (fstatat(directory->fd, MAIN_NAME, &status, AT_SYMLINK_NOFOLLOW) ==
		0)
		return add_candidate(load, directory, layer, MAIN_NAME);
	if (errno == ENOENT)
		return 0;
	return refuse_errno(load, directory->path, errno);
}

bool
policy_is_dropin_name(const char *name)
{
	size_t size = strlen(name);

	return name[0] != '.' && size > strlen(SUFFIX) &&
		strcmp(name + size - strlen(SUFFIX), SUFFIX) == 0;
}

static int
find_dropins(struct load *load, int layer)
{
	struct directory *directory = &load->dropin_dirs[layer];
	struct dirent *entry;
	DIR *stream;
	int fd, r = 0;

	if (directory->fd < 0)
		return 0;
	fd = fcntl(directory->fd, F_DUPFD_CLOEXEC, 0);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (stream == NULL) {
		r = refuse_errno(load, directory->path, errno);
		if (fd >= 0)
			close(fd);
		return r;
	}
	errno = 0;
	while (r == 0 && (entry = readdir(stream)) != NULL) {
		if (policy_is_dropin_name(entry->d_name))
			r = add_candidate(
				load, directory, layer, entry->d_name);
		errno = 0;
	}
	if (r == 0 && errno != 0)
		r = refuse_errno(load, directory->path, errno);
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

/* Does a hide b? A file that was asked for is never hidden. */
static bool
is_same_name(const struct candidate *a, const struct candidate *b)
{
	return b->directory != NULL && a->is_dropin == b->is_dropin &&
		strcmp(basename_of(a->name), basename_of(b->name)) == 0;
}

static int
judge_directory(struct load *load, struct directory *directory)
{
	char *fault = NULL;
	int r;

	if (directory->is_judged)
		return 0;
	directory->is_judged = true;
	if (load->where->file != NULL)
		r = trust_find_fault_above(
			&load->trust, directory->fd, directory->path, &fault);
	else
		r = trust_find_fault(&load->trust, &directory->status,
			directory->path, &fault);
	if (r == 0 && fault != NULL)
		r = refuse(load, directory->path, fault);
	else if (r < 0 && r != -ENOMEM)
		r = refuse_errno(load, directory->path, -r);
	free(fault);
	return r;
}

/* In an image the null device need not exist; the link's text is enough. */
static bool
is_mask_link(const struct load *load, const struct candidate *candidate)
{
	char target[sizeof("/dev/null")];
	ssize_t n;

	if (load->tree.fd < 0)
		return false;
	n = readlinkat(candidate->directory->fd, candidate->name, target,
		sizeof(target));
	return n == (ssize_t)sizeof(target) - 1 &&
		memcmp(target, "/dev/null", sizeof(target) - 1) == 0;
}

/* A name that was there a moment ago cannot be opened. */
static int
refuse_open(struct load *load, const struct candidate *candidate,
	const char *path, int error)
{
	struct stat status;

	if (error == ENOENT || error == ELOOP) {
		if (fstatat(candidate->directory->fd, candidate->name, &status,
			    AT_SYMLINK_NOFOLLOW) == 0)
			return refuse(load, path, "a link that leads nowhere");
		if (load->where->file == NULL)
			load->has_changed = true;
	}
	return refuse_errno(load, path, error);
}

static const char *
find_type_fault(const struct stat *status)
{
	if (S_ISDIR(status->st_mode))
		return "a directory, not a file";
	if (!S_ISREG(status->st_mode))
		return "not a regular file";
	if (status->st_size > SCAN_FILE_MAX)
		return "larger than 1 MiB; split it into drop-ins";
	return NULL;
}

/* Is the open file one that may be believed? If not, that is remarked. */
static int
judge_file(struct load *load, const struct stat *status, const char *path,
	bool *is_good)
{
	const char *type_fault = find_type_fault(status);
	char *fault = NULL;
	int r;

	*is_good = false;
	if (type_fault != NULL)
		return refuse(load, path, type_fault);
	r = trust_find_fault(&load->trust, status, path, &fault);
	if (r == 0 && fault != NULL)
		r = refuse(load, path, fault);
	else if (r == 0)
		*is_good = true;
	free(fault);
	return r;
}

/* Reads and scans a file that has been judged. */
static int
read_file(struct load *load, int fd, const struct stat *before,
	struct policy_file *file)
{
	struct stat after;
	size_t size = 0;
	int r;

	r = read_all(fd, SCAN_FILE_MAX, &file->bytes, &size);
	if (r == -EFBIG ||
		(r == 0 && fstat(fd, &after) == 0 &&
			status_differs(before, &after))) {
		load->has_changed = true;
		return 0;
	}
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return refuse_errno(load, file->path, -r);
	if (size == 0) {
		file->state = FILE_MASK;
		return 0;
	}
	file->state = FILE_IN_FORCE;
	return scan_file(file->bytes, size, file->path, &file->rules,
		&file->n_rules, &load->policy->remarks);
}

/* A candidate for deployment: its owner and mode are not yet what they will
 * be, and it may be anywhere. */
static int
load_asked_for(struct load *load, struct policy_file *file)
{
	static const struct tree here = { .fd = -1 };
	int fd = tree_open(&here, file->path, TREE_FILE), r;
	const char *fault = NULL;
	struct stat status;

	file->is_candidate = true;
	file->state = FILE_UNREADABLE;
	if (fd < 0 || fstat(fd, &status) < 0)
		return refuse_errno(load, file->path, fd < 0 ? -fd : errno);
	if (!status_is_null_device(&status))
		fault = find_type_fault(&status);
	if (fault != NULL && S_ISREG(status.st_mode))
		file->state = FILE_REFUSED;
	if (fault != NULL)
		r = refuse(load, file->path, fault);
	else
		r = read_file(load, fd, &status, file);
	close(fd);
	return r;
}

static int
load_file(struct load *load, const struct candidate *candidate,
	struct policy_file *file)
{
	struct stat status;
	bool is_good = false;
	int fd, r;

	file->state = FILE_REFUSED;
	if (candidate->directory == NULL)
		return load_asked_for(load, file);
	r = judge_directory(load, candidate->directory);
	if (r < 0)
		return r;
	if (is_mask_link(load, candidate)) {
		file->state = FILE_MASK;
		return 0;
	}
	fd = tree_open_at(&load->tree, candidate->directory->fd,
		candidate->name, path_in_tree(load, file->path), TREE_FILE);
	if (fd < 0)
		return refuse_open(load, candidate, file->path, -fd);
	if (fstat(fd, &status) < 0) {
		r = refuse_errno(load, file->path, errno);
	} else if (status_is_null_device(&status)) {
		file->state = FILE_MASK;
	} else {
		r = judge_file(load, &status, file->path, &is_good);
		if (r == 0 && is_good)
			r = read_file(load, fd, &status, file);
	}
	close(fd);
	return r;
}

static int
load_candidates(struct load *load)
{
	struct policy *policy = load->policy;
	const struct candidate *winner = NULL;
	const struct policy_file *winners_file = NULL;
	int r = 0;

	if (load->n_candidates == 0)
		return 0;
	policy->files = calloc(load->n_candidates, sizeof(*policy->files));
	if (policy->files == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < load->n_candidates && r == 0; i++) {
		const struct candidate *candidate = &load->candidates[i];
		struct policy_file *file = &policy->files[i];

		file->path = candidate->directory == NULL
			? strdup(candidate->name)
			: join(candidate->directory->path, candidate->name);
		if (file->path == NULL)
			return -ENOMEM;
		policy->n_files++;
		if (winner != NULL && is_same_name(winner, candidate)) {
			file->by = winners_file;
			file->state = winners_file->state == FILE_MASK
				? FILE_MASKED
				: FILE_REPLACED;
			continue;
		}
		winner = candidate;
		winners_file = file;
		r = load_file(load, candidate, file);
	}
	return r;
}

static void
check_directories(struct load *load, struct directory *directories)
{
	for (int layer = 0; layer < LAYER_COUNT; layer++) {
		struct directory *directory = &directories[layer];
		struct stat now;

		if (directory->fd >= 0 &&
			(fstat(directory->fd, &now) < 0 ||
				status_differs(&directory->status, &now)))
			load->has_changed = true;
	}
}

static int
load_layers(struct load *load)
{
	int r = 0;

	for (int layer = 0; layer < LAYER_COUNT && r == 0; layer++) {
		r = open_layer(load, layer);
		if (r == 0)
			r = find_main(load, layer);
		if (r == 0)
			r = find_dropins(load, layer);
	}
	if (r == 0)
		r = add_asked_for(load);
	if (r < 0)
		return r;
	if (load->n_candidates > 1)
		qsort(load->candidates, load->n_candidates,
			sizeof(*load->candidates), compare_candidates);
	r = load_candidates(load);
	check_directories(load, load->main_dirs);
	check_directories(load, load->dropin_dirs);
	return r;
}

/* policy=: the one file is a candidate in a directory of its own. */
static int
load_single(struct load *load)
{
	struct directory *directory = &load->main_dirs[LAYER_ADMIN];
	const char *path = load->where->file;
	const char *slash = strrchr(path, '/');
	int r;

	if (path[0] != '/' || slash[1] == '\0')
		return remarks_add(&load->policy->remarks, REMARK_ERROR, NULL,
			0, "policy '%s': not the absolute path of a file",
			path);
	directory->path =
		strndup(path, slash > path ? (size_t)(slash - path) : 1);
	if (directory->path == NULL)
		return -ENOMEM;
	r = tree_open(&load->tree, directory->path, TREE_DIRECTORY);
	if (r < 0)
		return refuse_errno(load, path, -r);
	r = adopt(load, directory, r);
	if (r == 0)
		r = add_candidate(load, directory, LAYER_ADMIN, slash + 1);
	return r < 0 ? r : load_candidates(load);
}

static bool
is_of_rank(const struct rule *rule, int rank)
{
	static const int ranks[] = {
		[RULE_USER] = 0,
		[RULE_GROUP] = 1,
		[RULE_GID] = 1,
		[RULE_OTHERS] = 2,
	};

	return ranks[rule->kind] == rank;
}

/* user before group before others, later files first, upper lines first */
static int
order_rules(struct policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->n_files; i++)
		count += policy->files[i].n_rules;
	if (count == 0)
		return 0;
	policy->rules = malloc(count * sizeof(*policy->rules));
	if (policy->rules == NULL)
		return -ENOMEM;
	for (int rank = 0; rank < 3; rank++) {
		for (size_t i = policy->n_files; i-- > 0;) {
			const struct policy_file *file = &policy->files[i];

			for (size_t j = 0; j < file->n_rules; j++) {
				if (is_of_rank(&file->rules[j], rank))
					policy->rules[policy->n_rules++] =
						&file->rules[j];
			}
		}
	}
	return 0;
}

/* Who may own policy files here; opens the tree. */
static int
begin(struct load *load)
{
	const char *root = load->where->root;
	struct stat status;

	load->tree.fd = -1;
	for (int layer = 0; layer < LAYER_COUNT; layer++) {
		load->main_dirs[layer].fd = -1;
		load->dropin_dirs[layer].fd = -1;
	}
	if (load->where->file != NULL || root != NULL)
		load->trust.owners[load->trust.n_owners++] = geteuid();
	if (load->where->file != NULL || root == NULL)
		return 0;
	load->tree.fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (load->tree.fd < 0 || fstat(load->tree.fd, &status) < 0)
		return refuse_errno(load, root, errno);
	load->trust.owners[load->trust.n_owners++] = status.st_uid;
	load->root_size = strlen(root);
	return 0;
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

static void
end(struct load *load)
{
	for (size_t i = 0; i < load->n_candidates; i++)
		free(load->candidates[i].name);
	free(load->candidates);
	close_directories(load->main_dirs);
	close_directories(load->dropin_dirs);
	if (load->tree.fd >= 0)
		close(load->tree.fd);
}

static int
load_once(const struct policy_where *where, struct policy *policy,
	bool *has_changed)
{
	struct load load = { .where = where, .policy = policy };
	int r = begin(&load);

	if (r == 0 && policy->remarks.count == 0)
		r = where->file != NULL ? load_single(&load)
					: load_layers(&load);
	end(&load);
	*has_changed = load.has_changed;
	return r;
}

int
policy_load(const struct policy_where *where, struct policy **ret)
{
	struct policy *policy = NULL;
	bool has_changed = true;
	int r = 0;

	for (int attempt = 0; attempt < 2 && has_changed && r == 0; attempt++) {
		policy_free(policy);
		policy = calloc(1, sizeof(*policy));
		if (policy == NULL)
			return -ENOMEM;
		r = load_once(where, policy, &has_changed);
	}
	if (r == 0 && has_changed)
		r = remarks_add(&policy->remarks, REMARK_ERROR, NULL, 0,
			"the policy changes while it is being read");
	policy->is_usable = policy->remarks.count == 0;
	if (r == 0)
		r = order_rules(policy);
	if (r < 0) {
		policy_free(policy);
		return r;
	}
	*ret = policy;
	return 0;
}

void
policy_free(struct policy *policy)
{
	if (policy == NULL)
		return;
	for (size_t i = 0; i < policy->n_files; i++) {
		free(policy->files[i].path);
		free(policy->files[i].bytes);
		free(policy->files[i].rules);
	}
	free(policy->files);
	free(policy->rules);
	remarks_clear(&policy->remarks);
	free(policy);
}

int
policy_remark_twin(const struct policy *policy, const struct rule *rule,
	struct remarks *remarks)
{
	const struct policy_file *file = policy->files;

	while (file->path != rule->path)
		file++;
	for (size_t i = 0; i < file->n_rules; i++) {
		const struct rule *other = &file->rules[i];

		if (other != rule && rule_same_header(other, rule))
			return remarks_add(remarks, REMARK_ERROR, rule->path,
				rule->line,
				"this header stands in line %u too; "
				"put one of the rules into a drop-in",
				other->line);
	}
	return 0;
}
