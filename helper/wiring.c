/* SPDX-License-Identifier: MIT */
#include "wiring.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/countof.h"
#include "files.h"
#include "output.h"
#include "pamd.h"

/* Of a directory. */
#define SERVICES_MAX 1000

/* --- The way through a stack ------------------------------------------------
 */

/*
 * What libpam would say of the session, were the stack to end here. That
 * nothing has been said yet counts as yes.
 */
enum mood {
	MOOD_FINE,
	MOOD_SPOILT, /* no, by an error that was "ok" or "done" */
	MOOD_LOST, /* no, after a jump beyond the end: somebody moved lines */
	MOOD_REFUSED, /* no */
	MOODS,
};

/* A stack, and how far one can get in it. */
struct walk {
	const struct pamd_stack *stack;
	size_t ours; /* the first line that names the module */

	/* Each line, and the end: in each mood, and behind a call of the
	 * module or not. */
	bool *is_reached[2][MOODS];

	const struct pamd_line *around; /* NULL, or what leads past ours … */
	bool is_jump; /* … by a jump; else by ending the stack */
	bool is_refusal; /* … which refuses the session */
	const struct pamd_line *shifted; /* a jump that counts it in */
};

/* Where the stack goes on when a module returned something. */
struct step {
	size_t to;
	enum mood mood;
	bool is_jump;
};

static const char *
basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool
is_module(const struct pamd_line *line, const char *name)
{
	return line->kind == PAMD_MODULE &&
		strcmp(basename_of(line->module), name) == 0;
}

/* A file with CRLF line ends names one that does not exist, but means ours. */
static bool
is_ours(const struct pamd_line *line)
{
	return is_module(line, MODULE_NAME) ||
		is_module(line, MODULE_NAME "\r");
}

static bool
can_return(const struct pamd_line *line, int value)
{
	if (line->kind == PAMD_BROKEN)
		return value == PAMD_PERM_DENIED;
	if (line->kind == PAMD_SUBSTACK || is_module(line, "pam_permit.so"))
		return value == PAMD_SUCCESS;
	if (is_module(line, "pam_deny.so"))
		return value == PAMD_SESSION_ERR;
	if (is_ours(line))
		return value == PAMD_SUCCESS;
	return value != PAMD_INCOMPLETE;
}

/* Behind what is left of the substack, or of the whole. */
static size_t
find_end(const struct pamd_stack *stack, size_t i)
{
	unsigned int level = stack->lines[i].level;

	do
		i++;
	while (i < stack->count && stack->lines[i].level >= level);
	return i;
}

static enum mood
lose(enum mood mood)
{
	return mood == MOOD_FINE || mood == MOOD_LOST ? MOOD_LOST
						      : MOOD_REFUSED;
}

/* A substack that is jumped over counts as one line. */
static struct step
jump(const struct pamd_stack *stack, size_t i, int count, enum mood mood)
{
	unsigned int level = stack->lines[i].level;
	size_t end = stack->count;

	i++;
	while (count > 0 && i < end && stack->lines[i].level >= level) {
		do
			i++;
		while (i < end && stack->lines[i].level > level);
		count--;
	}
	return (struct step){
		.to = i,
		.mood = count > 0 ? lose(mood) : mood,
		.is_jump = true,
	};
}

/*
 * "reset" takes back what the substack has said. What was said before it is
 * forgotten here as well: with no errors there is the same way.
 */
static enum mood
find_mood(enum mood mood, int action, int value)
{
	switch (action) {
	case PAMD_RESET:
		return MOOD_FINE;
	case PAMD_BAD:
	case PAMD_DIE:
		return MOOD_REFUSED;
	case PAMD_OK:
	case PAMD_DONE:
		return mood == MOOD_FINE && value != PAMD_SUCCESS ? MOOD_SPOILT
								  : mood;
	default:
		return mood;
	}
}

static struct step
take_step(const struct pamd_stack *stack, size_t i, int value, enum mood mood)
{
	int action = stack->lines[i].actions.on[value];
	struct step step = { .to = i + 1, .mood = mood };

	if (stack->lines[i].kind == PAMD_SUBSTACK)
		return step;
	if (action > 0)
		return jump(stack, i, action, mood);
	if (action == PAMD_DIE || (action == PAMD_DONE && mood < MOOD_LOST))
		step.to = find_end(stack, i);
	step.mood = find_mood(mood, action, value);
	return step;
}

/* The first way around is the one to tell of, if it leads to a session. */
static void
note_way_around(struct walk *walk, const struct pamd_line *line,
	const struct step *step)
{
	const struct pamd_line *ours = &walk->stack->lines[walk->ours];
	bool is_refusal =
		step->mood == MOOD_SPOILT || step->mood == MOOD_REFUSED;

	if (step->is_jump && line->level == ours->level &&
		walk->shifted == NULL)
		walk->shifted = line;
	if (walk->around != NULL && (is_refusal || !walk->is_refusal))
		return;
	walk->around = line;
	walk->is_jump = step->is_jump;
	walk->is_refusal = is_refusal;
}

static void
follow_line(struct walk *walk, size_t i, bool was_called, enum mood mood)
{
	const struct pamd_line *line = &walk->stack->lines[i];
	bool is_called = was_called || is_ours(line);

	for (int value = 0; value < PAMD_VALUES; value++) {
		struct step step;

		if (!can_return(line, value))
			continue;
		step = take_step(walk->stack, i, value, mood);
		walk->is_reached[is_called][step.mood][step.to] = true;
		if (i < walk->ours && step.to > walk->ours)
			note_way_around(walk, line, &step);
	}
}

/* Steps only lead forward, so once through is enough. */
static void
follow(struct walk *walk)
{
	for (size_t i = 0; i < walk->stack->count; i++) {
		for (int mood = 0; mood < MOODS; mood++) {
			if (walk->is_reached[false][mood][i])
				follow_line(walk, i, false, (enum mood)mood);
			if (walk->is_reached[true][mood][i])
				follow_line(walk, i, true, (enum mood)mood);
		}
	}
}

/* Is there a way to the end on which it was called, or was not? */
static bool
has_way(const struct walk *walk, bool is_called, enum mood mood)
{
	return walk->is_reached[is_called][mood][walk->stack->count];
}

static enum wiring_state
find_state(const struct walk *walk)
{
	bool is_missed = has_way(walk, false, MOOD_FINE) ||
		has_way(walk, false, MOOD_LOST);
	bool is_called = false;

	for (int mood = 0; mood < MOODS; mood++) {
		if (has_way(walk, true, (enum mood)mood))
			is_called = true;
	}
	if (is_called && !is_missed)
		return WIRING_REACHED;
	return has_way(walk, true, MOOD_FINE) ? WIRING_CONDITIONAL
					      : WIRING_SKIPPED;
}

static void
walk_begin(struct walk *walk)
{
	size_t count = walk->stack->count;

	for (int mood = 0; mood < MOODS; mood++) {
		walk->is_reached[false][mood] =
			need(calloc(count + 1, sizeof(bool)));
		walk->is_reached[true][mood] =
			need(calloc(count + 1, sizeof(bool)));
	}
	walk->is_reached[false][MOOD_FINE][0] = true;
}

static void
walk_end(struct walk *walk)
{
	for (int mood = 0; mood < MOODS; mood++) {
		free(walk->is_reached[false][mood]);
		free(walk->is_reached[true][mood]);
	}
}

/* "/etc/pam.d/sshd:7: [success=1 default=ignore] pam_x.so may jump over it" */
static char *
explain_way_around(const struct walk *walk, bool is_certain)
{
	const struct pamd_line *line = walk->around;
	const char *verb = walk->is_jump
		? (is_certain ? "jumps over" : "may jump over")
		: (is_certain ? "ends the stack before"
			      : "may end the stack before");

	if (line->module == NULL)
		return format_raw("%s:%u: the line has a mistake and %s it",
			line->file, line->number, verb);
	return format_raw("%s:%u: %s %s %s it", line->file, line->number,
		line->control, line->module, verb);
}

/* --- Services ---------------------------------------------------------------
 */

static void
read_arguments(struct wiring *wiring, const char *arguments)
{
	static const char policy[] = "policy=";
	char *copy = need(strdup(arguments)), *rest = copy;
	const char *word;

	while ((word = pamd_next_word(&rest)) != NULL) {
		if (strcmp(word, "override") == 0)
			wiring->is_override = true;
		if (strncmp(word, policy, strlen(policy)) != 0)
			continue;
		free(wiring->policy);
		wiring->policy = need(strdup(word + strlen(policy)));
	}
	free(copy);
}

static void
describe_line(struct wiring *wiring, const struct walk *walk)
{
	const struct pamd_line *line = &walk->stack->lines[walk->ours];
	int without = line->actions.on[PAMD_MODULE_UNKNOWN];
	struct step next =
		take_step(walk->stack, walk->ours, PAMD_SUCCESS, MOOD_FINE);

	wiring->line_file = need(strdup(line->file));
	wiring->line = line->number;
	wiring->module = need(strdup(line->module));
	wiring->is_silent = line->is_silent;
	wiring->is_required = without == PAMD_BAD || without == PAMD_DIE;
	wiring->is_diverting = next.to != walk->ours + 1;
	read_arguments(wiring, line->arguments);
	if (walk->shifted != NULL)
		wiring->shifted_by = format_raw(
			"%s:%u", walk->shifted->file, walk->shifted->number);
}

static void
judge(struct wiring *wiring, const struct pamd_stack *stack,
	const struct root *root)
{
	struct walk walk = { .stack = stack, .ours = stack->count };

	for (size_t i = stack->count; i-- > 0;) {
		if (is_ours(&stack->lines[i])) {
			walk.ours = i;
			wiring->times++;
		}
	}
	wiring->state = stack->is_there ? WIRING_ABSENT : WIRING_NO_SERVICE;
	if (wiring->times == 0)
		return;
	walk_begin(&walk);
	follow(&walk);
	wiring->state = find_state(&walk);
	if (wiring->state != WIRING_REACHED)
		wiring->reason = explain_way_around(
			&walk, wiring->state == WIRING_SKIPPED);
	describe_line(wiring, &walk);
	walk_end(&walk);
	wiring->presence =
		module_find(root, wiring->module, &wiring->module_file);
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
