/* SPDX-License-Identifier: MIT */
/*
 * What layers.c found is judged, read and put in order. A file is opened once,
 * and what was opened is what is judged and read. In the end each name must
 * still lead to what was opened; if not, all is done once more, so that a
 * change is seen whole or not at all.
 */
#include "policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layers.h"

const struct policy_where policy_installed = {
	.layers = {
		[LAYER_VENDOR] = VENDORCONFDIR,
		[LAYER_RUN] = RUNCONFDIR,
		[LAYER_ADMIN] = CONFDIR,
	},
};

/*
 * How often a policy is read before it counts as one that changes all the time.
 * One change can show twice: in times, and a moment later in names.
 */
#define READINGS_MAX 3

/* A policy being loaded. */
struct load {
	struct layers layers;
	struct policy *policy;
	bool has_changed;
};

static int
judge_directory(struct load *load, struct directory *directory)
{
	char *fault = NULL;
	int r;

	if (directory->is_judged)
		return 0;
	directory->is_judged = true;
	directory->is_refused = true;
	if (load->layers.where->file != NULL)
		r = trust_find_fault_above(&load->layers.trust, directory->fd,
			directory->path, &fault);
	else
		r = trust_find_fault(&load->layers.trust, &directory->status,
			directory->path, &fault);
	if (r == 0 && fault != NULL)
		r = layers_refuse(&load->layers, directory->path, fault);
	else if (r < 0 && r != -ENOMEM)
		r = layers_refuse_errno(&load->layers, directory->path, -r);
	else
		directory->is_refused = false;
	free(fault);
	return r;
}

/* In an image the null device need not exist; the link's text is enough. */
static bool
is_mask_link(const struct load *load, const struct candidate *candidate)
{
	char target[sizeof("/dev/null")];
	ssize_t n;

	if (load->layers.tree.fd < 0)
		return false;
	n = readlinkat(candidate->directory->fd, candidate->name, target,
		sizeof(target));
	return n == (ssize_t)sizeof(target) - 1 &&
		memcmp(target, "/dev/null", sizeof(target) - 1) == 0;
}

/* A name that was there a moment ago cannot be opened. */
static int
refuse_candidate(struct load *load, struct candidate *candidate,
	const char *path, int error)
{
	candidate->is_absent = error == ENOENT;
	if (error == ENOENT || error == ELOOP) {
		if (directory_has(candidate->directory, candidate->name))
			return layers_refuse(&load->layers, path,
				"a link that leads nowhere; mend or remove it");
		if (load->layers.where->file == NULL)
			load->has_changed = true;
	}
	return layers_refuse_open(
		&load->layers, candidate->directory, path, false, error);
}

static const char *
find_type_fault(const struct stat *status)
{
	if (S_ISDIR(status->st_mode))
		return "a directory, not a file; rename or remove it";
	if (!S_ISREG(status->st_mode))
		return FAULT_NOT_REGULAR;
	if (status->st_size > SCAN_FILE_MAX)
		return "larger than 1 MiB; split it into drop-ins";
	return NULL;
}

/*
 * If the name is a link: another name of what is open, to which a cure can be
 * applied. NULL: it is none, or what it leads to has no such name.
 */
static const char *
find_target(const struct candidate *candidate, int fd,
	const struct stat *status, char *name, size_t size)
{
	struct stat found;

	if (fstatat(candidate->directory->fd, candidate->name, &found,
		    AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISLNK(found.st_mode) ||
		name_of_open(fd, name, size, NULL) == NULL ||
		stat(name, &found) < 0 || found.st_dev != status->st_dev ||
		found.st_ino != status->st_ino)
		return NULL;
	return name;
}

static int
refuse_untrusted(struct load *load, const struct candidate *candidate, int fd,
	const struct stat *status, const char *path)
{
	char name[4096], *fault = NULL;
	const char *target =
		find_target(candidate, fd, status, name, sizeof(name));
	int r;

	r = trust_find_fault(&load->layers.trust, status,
		target != NULL ? target : path, &fault);
	if (r < 0)
		return r;
	if (target != NULL)
		r = remarks_add(load->layers.remarks, REMARK_ERROR, path, 0,
			"a link to %s: %s", target, fault);
	else
		r = layers_refuse(&load->layers, path, fault);
	free(fault);
	return r;
}

/* Reads and scans a file. */
static int
read_file(struct load *load, int fd, struct policy_file *file)
{
	size_t size = 0, complaints;
	int r;

	r = read_all(fd, SCAN_FILE_MAX, &file->bytes, &size);
	if (r == -EFBIG || (r == 0 && !reads_the_same(fd, file->bytes, size))) {
		load->has_changed = true;
		return 0;
	}
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return layers_refuse_errno(&load->layers, file->path, -r);
	if (size == 0) {
		file->state = FILE_MASK;
		return 0;
	}
	complaints = load->policy->remarks.count;
	r = scan_file(file->bytes, size, file->path, &file->rules,
		&file->n_rules, &load->policy->remarks);
	file->state = load->policy->remarks.count > complaints ? FILE_REFUSED
							       : FILE_IN_FORCE;
	return r;
}

/* Reads an open file if it is one that may be believed. */
static int
judge_and_read(struct load *load, const struct candidate *candidate, int fd,
	struct policy_file *file)
{
	const struct stat *status = &candidate->status;
	const char *fault = find_type_fault(status);

	if (fault != NULL)
		return layers_refuse(&load->layers, file->path, fault);
	if (!trust_accepts(&load->layers.trust, status))
		return refuse_untrusted(
			load, candidate, fd, status, file->path);
	return read_file(load, fd, file);
}

/* A candidate for deployment: its owner and mode are not yet what they will
 * be, and it may be anywhere. */
static int
load_asked_for(struct load *load, struct candidate *candidate,
	struct policy_file *file)
{
	static const struct tree here = { .fd = -1 };
	int fd = tree_open(&here, file->path, TREE_FILE), r;
	const char *fault = NULL;
	struct stat *status = &candidate->status;

	file->is_candidate = true;
	file->state = FILE_UNREADABLE;
	if (fd < 0 || fstat(fd, status) < 0) {
		r = layers_refuse_open(&load->layers, NULL, file->path, false,
			fd < 0 ? -fd : errno);
		if (fd >= 0)
			close(fd);
		return r;
	}
	candidate->is_opened = true;
	if (!status_is_null_device(status))
		fault = find_type_fault(status);
	if (fault != NULL && S_ISREG(status->st_mode))
		file->state = FILE_REFUSED;
	if (fault != NULL)
		r = layers_refuse(&load->layers, file->path, fault);
	else
		r = read_file(load, fd, file);
	close(fd);
	return r;
}

static int
load_file(struct load *load, struct candidate *candidate,
	struct policy_file *file)
{
	struct stat *status = &candidate->status;
	int fd, r;

	file->state = FILE_REFUSED;
	if (candidate->directory == NULL)
		return load_asked_for(load, candidate, file);
	r = judge_directory(load, candidate->directory);
	if (r < 0)
		return r;
	if (is_mask_link(load, candidate)) {
		file->state = FILE_MASK;
		return 0;
	}
	fd = tree_open_at(&load->layers.tree, candidate->directory->fd,
		candidate->name, layers_path_in_tree(&load->layers, file->path),
		TREE_FILE);
	if (fd < 0)
		return refuse_candidate(load, candidate, file->path, -fd);
	candidate->is_opened = fstat(fd, status) == 0;
	if (!candidate->is_opened) {
		r = layers_refuse_errno(&load->layers, file->path, errno);
	} else if (status_is_null_device(status)) {
		file->state = FILE_MASK;
	} else {
		r = judge_and_read(load, candidate, fd, file);
	}
	close(fd);
	/* read all the same, for those who want all that is wrong at once */
	if (candidate->directory->is_refused)
		file->state = FILE_REFUSED;
	return r;
}

static char *
path_of(const struct candidate *candidate)
{
	if (candidate->directory == NULL)
		return strdup(candidate->name);
	return path_join(candidate->directory->path, candidate->name);
}

static int
load_candidates(struct load *load)
{
	size_t count = load->layers.n_candidates;
	struct policy_file *files, *winners_file = NULL;
	const struct candidate *winner = NULL;
	int r = 0;

	if (count == 0)
		return 0;
	files = calloc(count, sizeof(*files));
	if (files == NULL)
		return -ENOMEM;
	load->policy->files = files;
	for (size_t i = 0; i < count && r == 0; i++) {
		struct candidate *candidate = &load->layers.candidates[i];
		struct policy_file *file = &files[i];

		load->policy->n_files++;
		file->path = path_of(candidate);
		if (file->path == NULL)
			return -ENOMEM;
		if (winner != NULL && candidate_hides(winner, candidate)) {
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

static bool
have_files_changed(const struct load *load)
{
	for (size_t i = 0; i < load->policy->n_files; i++) {
		if (candidate_has_changed(&load->layers,
			    &load->layers.candidates[i],
			    load->policy->files[i].path))
			return true;
	}
	return false;
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

static int
load_once(const struct policy_where *where, struct policy *policy,
	bool *has_changed)
{
	struct load load = { .policy = policy };
	int r = layers_open(where, &policy->remarks, &load.layers);

	if (r == 0)
		r = load_candidates(&load);
	*has_changed = load.has_changed || have_files_changed(&load) ||
		layers_have_changed(&load.layers);
	layers_close(&load.layers);
	return r;
}

int
policy_load(const struct policy_where *where, struct policy **ret)
{
	struct policy *policy = NULL;
	bool has_changed = true;
	int r = 0;

	for (int attempt = 0; attempt < READINGS_MAX && has_changed && r == 0;
		attempt++) {
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
