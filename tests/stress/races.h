/* SPDX-License-Identifier: MIT */
#ifndef TESTS_STRESS_RACES_H
#define TESTS_STRESS_RACES_H

/*
 * How a policy can change while sessions are being opened: what there is in
 * the beginning, and one change after the other, each with the answer that is
 * right from then on, for alice. Names are those of layers.h.
 */

#include <stdbool.h>
#include <stddef.h>

enum race_change {
	NO_CHANGE, /* the end of a list */
	PUT, /* a file of this text is renamed over the name */
	SWAP, /* RENAME_EXCHANGE with the other name */
	MOVE, /* to the other name */
	REMOVE,
	CREATE, /* an empty file */
	EMPTY, /* truncated to nothing */
	FILL, /* written from its beginning in one go */
	SET_GROUP_WRITE,
	CLEAR_GROUP_WRITE,
};

struct race_step {
	enum race_change change;
	const char *name;
	const char *other; /* another name, or the text */
	const char *answer; /* from now on; NULL: nothing */
};

struct race_thing {
	const char *name;
	const char *text; /* see layers_make() */
};

#define RACE_STEPS_MAX 16

struct race_row {
	const char *name;
	struct race_thing things[12]; /* in the beginning */
	struct race_step steps[RACE_STEPS_MAX + 1]; /* the last leads back */
	const char *policy; /* the module's policy=; NULL: the layers */
	bool in_place; /* who meets a change may get nothing */
	/*
	 * Who meets so many changes may get anything, for they undo each other
	 * and leave no trace where the module looks; 0: nobody may.
	 */
	unsigned long mix_from;
};

extern const struct race_row race_rows[];
extern const size_t race_row_count;

#endif
