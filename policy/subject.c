/* SPDX-License-Identifier: MIT */
/*
 * Two ways to one answer. By record: find the group by its name, confirm that
 * its gid is called that, and see whether it lists the user or has a gid of
 * theirs; two look-ups for the first rule of most users. That way can only say
 * yes: an empty member list proves nothing, and a second group of the same
 * name (a local "libvirt" beside the directory's) is not found by it. So "no"
 * is only said by the other way, the definition itself: list the user's gids
 * and find out what each is called, once for all names.
 *
 * A directory that is away just makes lists shorter; that it is away shows
 * when a name or gid is looked up. Records are asked for the first few names
 * for this reason too, until one is not found: nobody who might have known it
 * is away, and such names cost most. After a look-up has failed nothing but a
 * proved yes can be believed.
 */
#include "subject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Look-ups by record. With them, one to name a rule's gid, and the groups of
 * the user, there are at most (groups of the user) + 8 look-ups.
 */
#define RECORD_LOOKUPS_MAX 6

struct subject {
	const struct facts *facts;
	struct account account;
	unsigned int record_lookups;
	bool has_missed; /* a name was not found, so nobody was away */
	int failure;

	bool has_listed; /* the gids were asked for, once */
	gid_t *gids; /* NULL: not asked yet, or that failed */
	size_t n_gids;
	size_t n_gids_named; /* so many from the start have been looked up */
	struct named {
		gid_t gid;
		char *name; /* "": it has none */
	} * names; /* groups the user is in for certain */
	size_t n_names, room;
	size_t n_recorded; /* so many were found before the gids were listed */
	bool is_sorted; /* names is complete and sorted by name */

	char *asked, *called; /* a spelling noticed */
};

/* The account is the subject's, or nobody's any more. */
static int
make_subject(const struct facts *facts, struct account *account,
	struct subject **ret)
{
	struct subject *subject = calloc(1, sizeof(*subject));

	if (subject == NULL) {
		account_clear(account);
		return -ENOMEM;
	}
	subject->facts = facts;
	subject->account = *account;
	*ret = subject;
	return 0;
}

int
subject_new(const struct facts *facts, const char *name, struct subject **ret)
{
	struct account account;
	int r = facts->find_user(facts->context, name, &account);

	return r < 0 ? r : make_subject(facts, &account, ret);
}

int
subject_new_uid(const struct facts *facts, uid_t uid, struct subject **ret)
{
	struct account account;
	int r = facts->find_uid(facts->context, uid, &account);

	return r < 0 ? r : make_subject(facts, &account, ret);
}

void
subject_free(struct subject *subject)
{
	if (subject == NULL)
		return;
	for (size_t i = 0; i < subject->n_names; i++)
		free(subject->names[i].name);
	free(subject->names);
	free(subject->gids);
	free(subject->asked);
	free(subject->called);
	account_clear(&subject->account);
	free(subject);
}

const char *
subject_name(const struct subject *subject)
{
	return subject->account.name;
}

const char *
subject_home(const struct subject *subject)
{
	return subject->account.home;
}

uid_t
subject_uid(const struct subject *subject)
{
	return subject->account.uid;
}

int
subject_failure(const struct subject *subject)
{
	return subject->failure;
}

/* Remembers that a look-up failed; "not found" is none of that. */
static void
note_failure(struct subject *subject, int r)
{
	if (r < 0 && r != -ENOENT && subject->failure == 0)
		subject->failure = r;
}

/* No, unless something went wrong that may have hidden a yes. */
static enum answer
answer_no(const struct subject *subject)
{
	return subject->failure == 0 ? ANSWER_NO : ANSWER_UNKNOWN;
}

static int
find_group(
	struct subject *subject, const char *name, struct group_record *record)
{
	int r = subject->facts->find_group(
		subject->facts->context, name, subject->account.name, record);

	note_failure(subject, r);
	return r;
}

static int
find_gid(struct subject *subject, gid_t gid, struct group_record *record)
{
	int r = subject->facts->find_gid(
		subject->facts->context, gid, subject->account.name, record);

	note_failure(subject, r);
	return r;
}

static int
compare_names(const void *left, const void *right)
{
	const struct named *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static int
compare_with_name(const void *key, const void *element)
{
	const struct named *named = element;

	return strcmp(key, named->name);
}

static bool
has_name(const struct subject *subject, const char *name)
{
	if (subject->is_sorted)
		return subject->n_names > 0 &&
			bsearch(name, subject->names, subject->n_names,
				sizeof(*subject->names),
				compare_with_name) != NULL;
	for (size_t i = 0; i < subject->n_names; i++) {
		if (strcmp(subject->names[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Takes the name over, whatever happens. */
static void
add_name(struct subject *subject, gid_t gid, char *name)
{
	if (subject->n_names == subject->room) {
		size_t room = subject->room > 0 ? 2 * subject->room : 16;
		struct named *names =
			realloc(subject->names, room * sizeof(*names));

		if (names == NULL) {
			note_failure(subject, -ENOMEM);
			free(name);
			return;
		}
		subject->names = names;
		subject->room = room;
	}
	subject->names[subject->n_names++] = (struct named){ gid, name };
	subject->is_sorted = false;
	if (!subject->has_listed)
		subject->n_recorded++;
}

/* What a gid is called, among the first *count* names; NULL: not known. */
static const char *
find_name_of(const struct subject *subject, gid_t gid, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (subject->names[i].gid == gid)
			return subject->names[i].name;
	}
	return NULL;
}

/*
 * Asks what a gid of the user's is called, and remembers it. Returns 0, or
 * −errno, noted; that it has no name is remembered as well.
 */
static int
name_gid(struct subject *subject, gid_t gid)
{
	struct group_record record;
	int r = find_gid(subject, gid, &record);

	if (r == 0) {
		add_name(subject, gid, record.name);
	} else if (r == -ENOENT) {
		record.name = strdup("");
		if (record.name != NULL)
			add_name(subject, gid, record.name);
		r = 0;
	}
	return r;
}

/* Lists the user's gids, the primary one first, unless that was done. */
static int
list_gids(struct subject *subject)
{
	const struct account *account = &subject->account;
	gid_t *gids = NULL;
	size_t n_gids = 0;
	int r;

	if (subject->has_listed)
		return subject->gids != NULL ? 0 : subject->failure;
	subject->has_listed = true;
	r = subject->facts->list_gids(subject->facts->context, account->name,
		account->gid, &gids, &n_gids);
	note_failure(subject, r);
	if (r < 0)
		return r;
	subject->gids = gids;
	subject->n_gids = n_gids;
	return 0;
}

static bool
has_gid(const struct subject *subject, gid_t gid)
{
	if (gid == subject->account.gid)
		return true;
	for (size_t i = 0; i < subject->n_gids; i++) {
		if (subject->gids[i] == gid)
			return true;
	}
	return false;
}

/* Not once a name was not found: the list of gids is then as good. */
static bool
may_ask_records(const struct subject *subject)
{
	bool nobody_is_away = subject->has_missed && subject->failure == 0;

	return !nobody_is_away &&
		subject->record_lookups + 2 <= RECORD_LOOKUPS_MAX;
}

/* Does the record, found by name or gid, prove that the user is in it? */
static bool
is_member(struct subject *subject, const struct group_record *record)
{
	if (record->lists_user || record->gid == subject->account.gid)
		return true;
	return list_gids(subject) == 0 && has_gid(subject, record->gid);
}

static void
notice_spelling(struct subject *subject, const char *asked, const char *called)
{
	if (subject->asked != NULL)
		return;
	subject->asked = strdup(asked);
	subject->called = strdup(called);
	if (subject->asked == NULL || subject->called == NULL) {
		free(subject->asked);
		free(subject->called);
		subject->asked = subject->called = NULL;
	}
}

/*
 * Finds the group NAME and, if the user is in it, what its gid is called.
 * 0 with that name in *called*; -ENOENT when there is nothing of the kind.
 */
static int
ask_record(struct subject *subject, const char *name, gid_t *gid, char **called)
{
	struct group_record by_name, by_gid;
	bool is_in;
	int r;

	subject->record_lookups++;
	r = find_group(subject, name, &by_name);
	if (r == -ENOENT)
		subject->has_missed = true;
	if (r < 0)
		return r;
	is_in = is_member(subject, &by_name);
	free(by_name.name);
	if (!is_in)
		return -ENOENT;
	subject->record_lookups++;
	r = find_gid(subject, by_name.gid, &by_gid);
	if (r < 0)
		return r;
	*gid = by_name.gid;
	*called = by_gid.name;
	return 0;
}

static bool
proves_by_record(struct subject *subject, const char *name)
{
	char *called = NULL;
	gid_t gid = 0;

	if (ask_record(subject, name, &gid, &called) < 0)
		return false;
	if (strcmp(called, name) != 0) {
		notice_spelling(subject, name, called);
		free(called);
		return false;
	}
	add_name(subject, gid, called);
	return true;
}

/* Names the next gid, unless its record was found before all were listed. */
static int
name_next_gid(struct subject *subject)
{
	gid_t gid = subject->gids[subject->n_gids_named++];

	if (find_name_of(subject, gid, subject->n_recorded) != NULL)
		return 0;
	return name_gid(subject, gid);
}

static enum answer
search_names(struct subject *subject, const char *name)
{
	if (list_gids(subject) < 0)
		return ANSWER_UNKNOWN;
	while (subject->n_gids_named < subject->n_gids) {
		size_t n_names = subject->n_names;

		name_next_gid(subject);
		if (subject->n_names > n_names &&
			strcmp(subject->names[n_names].name, name) == 0)
			return ANSWER_YES;
	}
	if (!subject->is_sorted && subject->n_names > 1)
		qsort(subject->names, subject->n_names, sizeof(*subject->names),
			compare_names);
	subject->is_sorted = true;
	return has_name(subject, name) ? ANSWER_YES : answer_no(subject);
}

enum answer
subject_in_group(struct subject *subject, const char *name)
{
	if (name[0] == '\0')
		return ANSWER_NO;
	if (has_name(subject, name))
		return ANSWER_YES;
	if (may_ask_records(subject) && proves_by_record(subject, name))
		return ANSWER_YES;
	return search_names(subject, name);
}

enum answer
subject_in_gid(struct subject *subject, gid_t gid)
{
	struct group_record record;

	if (has_gid(subject, gid))
		return ANSWER_YES;
	if (!subject->has_listed && may_ask_records(subject)) {
		subject->record_lookups++;
		if (find_gid(subject, gid, &record) == 0) {
			if (record.lists_user) {
				add_name(subject, gid, record.name);
				return ANSWER_YES;
			}
			free(record.name);
		}
	}
	if (list_gids(subject) < 0)
		return ANSWER_UNKNOWN;
	return has_gid(subject, gid) ? ANSWER_YES : answer_no(subject);
}

int
subject_name_gid(struct subject *subject, gid_t gid, char **ret)
{
	const char *name = find_name_of(subject, gid, subject->n_names);
	int r = 0;

	if (name == NULL && !subject->has_listed)
		r = name_gid(subject, gid);
	while (r == 0 && subject->n_gids_named < subject->n_gids &&
		find_name_of(subject, gid, subject->n_names) == NULL)
		r = name_next_gid(subject);
	name = find_name_of(subject, gid, subject->n_names);
	if (name == NULL)
		return subject->failure != 0 ? subject->failure : -ENOENT;
	if (name[0] == '\0')
		return -ENOENT;
	*ret = strdup(name);
	return *ret != NULL ? 0 : -ENOMEM;
}

bool
subject_noticed_spelling(
	const struct subject *subject, const char **asked, const char **called)
{
	if (subject->asked == NULL)
		return false;
	*asked = subject->asked;
	*called = subject->called;
	return true;
}

int
subject_find_spelling(struct subject *subject, const char *name, char **ret)
{
	char *called = NULL;
	gid_t gid = 0;
	int r = ask_record(subject, name, &gid, &called);

	if (r < 0)
		return r;
	if (strcmp(called, name) == 0) {
		free(called);
		return -ENOENT;
	}
	*ret = called;
	return 0;
}
