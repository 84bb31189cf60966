/* SPDX-License-Identifier: MIT */
#include "wiring.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"
#include "files.h"
#include "output.h"
#include "walk.h"

/* Of a directory. */
#define SERVICES_MAX 1000

/* As the module reads them: pam_virturi(8). */
static void
read_argument(struct wiring *wiring, const char *word)
{
	static const char policy[] = "policy=";

	if (strcmp(word, "override") == 0) {
		wiring->is_override = true;
	} else if (strncmp(word, policy, strlen(policy)) == 0) {
		free(wiring->policy);
		wiring->policy = need(strdup(word + strlen(policy)));
	} else if (strcmp(word, "debug") != 0 && wiring->unknown == NULL) {
		wiring->unknown = need(strdup(word));
	}
}

static void
read_arguments(struct wiring *wiring, const char *arguments)
{
	char *copy = need(strdup(arguments)), *rest = copy;
	const char *word;

	while ((word = pamd_next_word(&rest)) != NULL)
		read_argument(wiring, word);
	free(copy);
}

static void
describe_line(struct wiring *wiring, const struct pamd_line *line,
	const struct root *root)
{
	int without = line->actions.on[PAMD_MODULE_UNKNOWN];

	wiring->line_file = need(strdup(line->file));
	wiring->line = line->number;
	wiring->module = need(strdup(line->module));
	wiring->is_silent = line->is_silent;
	wiring->is_required = without == PAMD_BAD || without == PAMD_DIE;
	read_arguments(wiring, line->arguments);
	wiring->presence =
		module_find(root, wiring->module, &wiring->module_file);
}

static void
judge(struct wiring *wiring, const struct pamd_stack *stack,
	const struct root *root)
{
	static const enum wiring_state states[] = {
		[WALK_REACHED] = WIRING_REACHED,
		[WALK_CONDITIONAL] = WIRING_CONDITIONAL,
		[WALK_SKIPPED] = WIRING_SKIPPED,
		[WALK_ABSENT] = WIRING_ABSENT,
	};
	struct walk walk = walk_stack(stack);

	wiring->state =
		stack->is_there ? states[walk.state] : WIRING_NO_SERVICE;
	wiring->times = walk.times;
	wiring->is_diverting = walk.is_diverting;
	wiring->reason = walk.reason;
	wiring->shifted_by = walk.shifted_by;
	walk.reason = walk.shifted_by = NULL;
	if (walk.line != NULL)
		describe_line(wiring, walk.line, root);
	walk_clear(&walk);
}

/* Takes over what the stack has no more use for. */
static void
take_names(struct wiring *wiring, struct pamd_stack *stack)
{
	wiring->file = stack->file;
	stack->file = NULL;
	wiring->is_other = stack->is_other;
	wiring->files = need(reallocarray(
		stack->files, stack->n_files + 1, sizeof(*stack->files)));
	wiring->files[stack->n_files] = NULL;
	stack->files = NULL;
	stack->n_files = 0;
}

struct wiring
wiring_follow(const char *root_path, const char *service)
{
	struct wiring wiring = { .service = need(strdup(service)) };
	struct pamd_stack stack;
	struct root root;
	int r = root_open(root_path, &root);

	if (r < 0) {
		errno = -r;
		wiring.state = WIRING_UNREADABLE;
		wiring.reason = format_raw("%s: %m", root_path);
		wiring.files = need(calloc(1, sizeof(*wiring.files)));
		return wiring;
	}
	stack = pamd_read(&root, service);
	if (stack.fault != NULL) {
		wiring.state = WIRING_UNREADABLE;
		wiring.reason = need(strdup(stack.fault));
	} else {
		judge(&wiring, &stack, &root);
	}
	take_names(&wiring, &stack);
	pamd_stack_clear(&stack);
	root_close(&root);
	return wiring;
}

void
wiring_clear(struct wiring *wiring)
{
	free(wiring->service);
	free(wiring->file);
	free(wiring->reason);
	free(wiring->line_file);
	free(wiring->module);
	free(wiring->policy);
	free(wiring->unknown);
	free(wiring->module_file);
	free(wiring->shifted_by);
	wiring_free_list(wiring->files);
	*wiring = (struct wiring){ 0 };
}

void
wiring_free_list(char **list)
{
	for (char **name = list; name != NULL && *name != NULL; name++)
		free(*name);
	free(list);
}

/* Left behind by editors and package managers. */
static bool
is_leftover(const char *name)
{
	static const char *const endings[] = {
		"~",
		".bak",
		".old",
		".orig",
		".dpkg-",
		".pacnew",
		".pacsave",
		".rpm",
		".ucf-",
	};

	for (size_t i = 0; i < countof(endings); i++) {
		if (strstr(name, endings[i]) != NULL)
			return true;
	}
	return false;
}

/* libpam asks for names in lower case only. */
static bool
is_service_name(const char *name)
{
	for (const char *c = name; *c != '\0'; c++) {
		if (isupper((unsigned char)*c))
			return false;
	}
	return !is_leftover(name);
}

static int
compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The list's end is not yet marked. */
struct list {
	char **names;
	size_t count;
};

static void
add_directory(struct list *list, const struct root *root, const char *path)
{
	char **names = NULL;
	size_t count = 0;

	files_list(&root->tree, path, "", SERVICES_MAX, &names, &count);
	list->names = need(reallocarray(
		list->names, list->count + count + 1, sizeof(*list->names)));
	for (size_t i = 0; i < count; i++) {
		if (is_service_name(names[i]))
			list->names[list->count++] = need(strdup(names[i]));
	}
	files_free_names(names, count);
}

static void
drop_repetitions(struct list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (kept > 0 &&
			strcmp(list->names[kept - 1], list->names[i]) == 0)
			free(list->names[i]);
		else
			list->names[kept++] = list->names[i];
	}
	list->count = kept;
}

char **
wiring_list_services(const char *root_path)
{
	struct list list = { need(calloc(1, sizeof(char *))), 0 };
	struct root root;

	if (root_open(root_path, &root) < 0)
		return list.names;
	for (const char *const *path = pamd_directories; *path != NULL; path++)
		add_directory(&list, &root, *path);
	root_close(&root);
	qsort(list.names, list.count, sizeof(*list.names), compare_names);
	drop_repetitions(&list);
	list.names[list.count] = NULL;
	return list.names;
}
