/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PAM_SURVEY_H
#define HELPER_PAM_SURVEY_H

/*
 * The services that somebody can open a session by on this host, with their
 * wiring, and the file in which a line is missing. What is found is told by
 * check_pam.c.
 */

#include "doctor.h"
#include "wiring.h"

/* A service. */
struct row {
	const struct pam_survey *survey;
	bool matters; /* else only for --verbose */
	bool is_wanted; /* the policy gives a URI there */
	struct wiring wiring;
	char *load_error; /* of the module's file; NULL: none is known */
	const char *place; /* the file in which the line is missing: borrowed
			      from wiring; NULL: it is not missing */
};

struct pam_survey {
	struct doctor *doctor; /* borrowed */
	struct root root;
	struct row *rows;
	size_t count;
	bool is_any_wanted; /* of those that matter */
	char *line; /* to be added */
	bool is_installed; /* the module; or nothing is, below root */
};

/* 0 with *ret*, to be ended and not to be moved; −errno: there is no root. */
int pam_survey_begin(struct doctor *doctor, struct pam_survey *ret);

void pam_survey_end(struct pam_survey *survey);

/*
 * Is there a session, systemd --user's apart, whose stack has the line? Does
 * one call the module?
 */
bool pam_survey_has_line(const struct pam_survey *survey);
bool pam_survey_has_called(const struct pam_survey *survey);

/* Is it systemd --user? */
bool row_is_manager(const struct row *row);

/* Does the module run there, if not always? */
bool row_is_called(const struct row *row);

/* Does no line of the stack name it? */
bool row_is_absent(const struct row *row);

/*
 * Would it be missed there? Where the policy gives nothing, nothing is amiss;
 * unless it does so nowhere.
 */
bool row_is_missed(const struct row *row);

#endif
