/* SPDX-License-Identifier: MIT */
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../policy/countof.h"
#include "../../policy/policy.h"

static const char letters[] = {
	[LAYER_VENDOR] = 'V',
	[LAYER_RUN] = 'R',
	[LAYER_ADMIN] = 'A',
	[LAYER_COUNT] = 'S',
};

static __attribute__((noreturn)) void
give_up(const char *what, const char *name)
{
	printf("Bail out! %s: %s: %s\n", what, name, strerror(errno));
	exit(99);
}

static size_t
index_of(const char *name)
{
	const char *letter = memchr(letters, name[0], sizeof(letters));

	if (letter == NULL || name[1] != '/')
		give_up("no layer's name", name);
	return (size_t)(letter - letters);
}

/* "/etc/security": "/etc" and "security"; the first is owned. */
static char *
split(const char *path, const char **base)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	if (slash == NULL || slash == path || slash[1] == '\0')
		give_up("not a layer below a directory", path ? path : "");
	*base = slash + 1;
	return format_text("%.*s", (int)(slash - path), path);
}

char *
layers_path(const struct stack *stack, const char *name)
{
	size_t layer = index_of(name);
	const char *base;
	char *path;

	if (layer == LAYER_COUNT)
		return format_text("%s/%s", stack->directory, name);
	free(split(policy_installed.layers[layer], &base));
	path = format_text("%s/%c/%s/%s", stack->directory, letters[layer],
		base, name + 2);
	/* the layer itself: rename(2) would have it a directory */
	if (name[2] == '\0')
		path[strlen(path) - 1] = '\0';
	return path;
}

char *
layers_path_installed(const char *name)
{
	return format_text(
		"%s/%s", policy_installed.layers[index_of(name)], name + 2);
}

static void
make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t size = strlen(text);

	if (fd < 0 || write(fd, text, size) != (ssize_t)size ||
		fchmod(fd, 0644) < 0)
		give_up("cannot write", path);
	close(fd);
}

void
layers_make(const struct stack *stack, const char *name, const char *text)
{
	char *path = layers_path(stack, name), *target;
	int r = 0;

	if (text == NULL) {
		if (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0)
			give_up("cannot make", path);
	} else if (strncmp(text, "-> ", 3) == 0) {
		/* what is judged above policy= are the host's directories */
		target = index_of(text + 3) == LAYER_COUNT
			? layers_path(stack, text + 3)
			: layers_path_installed(text + 3);
		r = symlink(target, path);
		free(target);
	} else if (strcmp(text, "|") == 0) {
		r = mkfifo(path, 0644);
	} else {
		make_file(path, text);
	}
	if (r < 0)
		give_up("cannot make", path);
	free(path);
}

static int
remove_entry(const char *path, const struct stat *status, int type,
	struct FTW *position)
{
	(void)status;
	(void)type;
	return position->level > 0 ? remove(path) : 0;
}

void
layers_clear(const struct stack *stack)
{
	for (size_t i = 0; i < countof(letters); i++) {
		char *path = format_text("%s/%c", stack->directory, letters[i]);

		if (nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
			give_up("cannot empty", path);
		free(path);
	}
}

/* An empty directory of the stack's covers the one above the layer. */
static void
cover(const struct stack *stack, size_t layer)
{
	char *path = format_text("%s/%c", stack->directory, letters[layer]);
	const char *base;
	char *above;

	if (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0)
		give_up("cannot make", path);
	if (layer < LAYER_COUNT) {
		above = split(policy_installed.layers[layer], &base);
		if (mount(path, above, NULL, MS_BIND, NULL) < 0)
			give_up("cannot cover", above);
		free(above);
	}
	free(path);
}

void
layers_own(const struct stack *stack)
{
	if (unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		give_up("no mount namespace", "as root?");
	for (size_t i = 0; i < countof(letters); i++)
		cover(stack, i);
}
