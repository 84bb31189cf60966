/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#include "module.h"
#include "output.h"

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
struct ways {
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

static bool
is_module(const struct pamd_line *line, const char *name)
{
	return line->kind == PAMD_MODULE &&
		strcmp(path_name(line->module), name) == 0;
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
note_way_around(struct ways *ways, const struct pamd_line *line,
	const struct step *step)
{
	const struct pamd_line *ours = &ways->stack->lines[ways->ours];
	bool is_refusal =
		step->mood == MOOD_SPOILT || step->mood == MOOD_REFUSED;

	if (step->is_jump && line->level == ours->level &&
		ways->shifted == NULL)
		ways->shifted = line;
	if (ways->around != NULL && (is_refusal || !ways->is_refusal))
		return;
	ways->around = line;
	ways->is_jump = step->is_jump;
	ways->is_refusal = is_refusal;
}

static void
follow_line(struct ways *ways, size_t i, bool was_called, enum mood mood)
{
	const struct pamd_line *line = &ways->stack->lines[i];
	bool is_called = was_called || is_ours(line);

	for (int value = 0; value < PAMD_VALUES; value++) {
		struct step step;

		if (!can_return(line, value))
			continue;
		step = take_step(ways->stack, i, value, mood);
		ways->is_reached[is_called][step.mood][step.to] = true;
		if (i < ways->ours && step.to > ways->ours)
			note_way_around(ways, line, &step);
	}
}

/* Steps only lead forward, so once through is enough. */
static void
follow(struct ways *ways)
{
	for (size_t i = 0; i < ways->stack->count; i++) {
		for (int mood = 0; mood < MOODS; mood++) {
			if (ways->is_reached[false][mood][i])
				follow_line(ways, i, false, (enum mood)mood);
			if (ways->is_reached[true][mood][i])
				follow_line(ways, i, true, (enum mood)mood);
		}
	}
}

/* Is there a way to the end on which it was called, or was not? */
static bool
has_way(const struct ways *ways, bool is_called, enum mood mood)
{
	return ways->is_reached[is_called][mood][ways->stack->count];
}

static enum walk_state
find_state(const struct ways *ways)
{
	bool is_missed = has_way(ways, false, MOOD_FINE) ||
		has_way(ways, false, MOOD_LOST);
	bool is_called = false;

	for (int mood = 0; mood < MOODS; mood++) {
		if (has_way(ways, true, (enum mood)mood))
			is_called = true;
	}
	if (is_called && !is_missed)
		return WALK_REACHED;
	return has_way(ways, true, MOOD_FINE) ? WALK_CONDITIONAL : WALK_SKIPPED;
}

static void
begin(struct ways *ways)
{
	size_t count = ways->stack->count;

	for (int mood = 0; mood < MOODS; mood++) {
		ways->is_reached[false][mood] =
			need(calloc(count + 1, sizeof(bool)));
		ways->is_reached[true][mood] =
			need(calloc(count + 1, sizeof(bool)));
	}
	ways->is_reached[false][MOOD_FINE][0] = true;
}

static void
end(struct ways *ways)
{
	for (int mood = 0; mood < MOODS; mood++) {
		free(ways->is_reached[false][mood]);
		free(ways->is_reached[true][mood]);
	}
}

/* "/etc/pam.d/sshd:7: [success=1 default=ignore] pam_x.so may jump over it" */
static char *
explain_way_around(const struct ways *ways, bool is_certain)
{
	const struct pamd_line *line = ways->around;
	const char *verb = ways->is_jump
		? (is_certain ? "jumps over" : "may jump over")
		: (is_certain ? "ends the stack before"
			      : "may end the stack before");

	if (line->module == NULL)
		return format_raw("%s:%u: the line has a mistake and %s it",
			line->file, line->number, verb);
	return format_raw("%s:%u: %s %s %s it", line->file, line->number,
		line->control, line->module, verb);
}

static char *
name_line(const struct pamd_line *line)
{
	return line != NULL ? format_raw("%s:%u", line->file, line->number)
			    : NULL;
}

struct walk
walk_stack(const struct pamd_stack *stack)
{
	struct walk walk = { .state = WALK_ABSENT };
	struct ways ways = { .stack = stack };
	struct step next;

	for (size_t i = stack->count; i-- > 0;) {
		if (is_ours(&stack->lines[i])) {
			ways.ours = i;
			walk.times++;
		}
	}
	if (walk.times == 0)
		return walk;
	begin(&ways);
	follow(&ways);
	walk.line = &stack->lines[ways.ours];
	walk.state = find_state(&ways);
	if (walk.state != WALK_REACHED)
		walk.reason =
			explain_way_around(&ways, walk.state == WALK_SKIPPED);
	walk.shifted_by = name_line(ways.shifted);
	next = take_step(stack, ways.ours, PAMD_SUCCESS, MOOD_FINE);
	walk.is_diverting = next.to != ways.ours + 1;
	end(&ways);
	return walk;
}

void
walk_clear(struct walk *walk)
{
	free(walk->reason);
	free(walk->shifted_by);
	*walk = (struct walk){ 0 };
}
