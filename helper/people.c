/* SPDX-License-Identifier: MIT */
#include "people.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/text.h"
#include "output.h"

#define NAMED_MAX 3

static void
append(struct people *people, const char *name)
{
	people->names = need(realloc(
		people->names, (people->count + 1) * sizeof(*people->names)));
	people->names[people->count++] = need(strdup(name));
}

static void
add(struct people *people, const char *name)
{
	for (size_t i = 0; i < people->count; i++) {
		if (strcmp(people->names[i], name) == 0)
			return;
	}
	append(people, name);
}

void
census_take(struct census *census)
{
	const struct passwd *user;

	census->residents =
		need(calloc(PEOPLE_MAX, sizeof(*census->residents)));
	setpwent();
	while (census->count < PEOPLE_MAX && (user = getpwent()) != NULL)
		census->residents[census->count++] = (struct resident){
			.name = need(strdup(user->pw_name)),
			.uid = user->pw_uid,
			.gid = user->pw_gid,
		};
	endpwent();
}

void
census_clear(struct census *census)
{
	for (size_t i = 0; i < census->count; i++)
		free(census->residents[i].name);
	free(census->residents);
	*census = (struct census){ 0 };
}

void
people_add_uids(struct people *people, const struct census *census, uid_t first)
{
	for (size_t i = 0; i < census->count; i++) {
		if (census->residents[i].uid >= first)
			add(people, census->residents[i].name);
	}
}

void
people_add_members(
	struct people *people, const struct census *census, gid_t gid)
{
	const struct group *group = getgrgid(gid);

	for (char **member = group != NULL ? group->gr_mem : NULL;
		member != NULL && *member != NULL && people->count < PEOPLE_MAX;
		member++)
		add(people, *member);
	for (size_t i = 0; i < census->count; i++) {
		if (census->residents[i].gid == gid)
			add(people, census->residents[i].name);
	}
}

void
people_add_groups(struct people *people)
{
	const struct group *group;

	setgrent();
	while (people->count < PEOPLE_MAX && (group = getgrent()) != NULL)
		append(people, group->gr_name);
	endgrent();
}

void
people_truncate(struct people *people, size_t count)
{
	while (people->count > count)
		free(people->names[--people->count]);
}

void
people_clear(struct people *people)
{
	people_truncate(people, 0);
	free(people->names);
	*people = (struct people){ 0 };
}

/* "a", "a and b", "a, b and c", "a, b, c and others" */
static char *
join_names(const char *const *names, size_t count)
{
	size_t shown = count > NAMED_MAX ? NAMED_MAX : count;
	char *text = need(strdup(names[0])), *longer;

	for (size_t i = 1; i < shown; i++) {
		bool is_last = i == count - 1;

		longer = need(text_format(
			"%s%s%s", text, is_last ? " and " : ", ", names[i]));
		free(text);
		text = longer;
	}
	if (count <= NAMED_MAX)
		return text;
	longer = need(text_format("%s and others", text));
	free(text);
	return longer;
}

char *
people_name_those(const struct people *people, const struct facts *facts,
	bool (*is_one)(void *context, struct subject *subject), void *context)
{
	const char *names[NAMED_MAX + 1];
	size_t count = 0;

	for (size_t i = 0; i < people->count && count <= NAMED_MAX; i++) {
		struct subject *subject = NULL;

		if (subject_new(facts, people->names[i], &subject) < 0)
			continue;
		if (is_one(context, subject))
			names[count++] = people->names[i];
		subject_free(subject);
	}
	return count > 0 ? join_names(names, count) : NULL;
}
