/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../policy/content.h"
#include "../policy/text.h"
#include "output.h"
#include "polkit_rules.h"

static struct member *
find(struct members *members, const char *name, bool has_gid, gid_t gid)
{
	for (size_t i = 0; i < members->count; i++) {
		struct member *member = &members->list[i];

		if (has_gid && member->has_gid
				? member->gid == gid
				: name != NULL && member->name != NULL &&
					strcmp(member->name, name) == 0)
			return member;
	}
	return NULL;
}

/* Takes the name over. */
static struct member *
add(struct members *members, char *name, bool has_gid, gid_t gid,
	unsigned int guards)
{
	struct member *member = find(members, name, has_gid, gid);

	if (member == NULL) {
		members->list = need(reallocarray(members->list,
			members->count + 1, sizeof(*members->list)));
		member = &members->list[members->count++];
		*member = (struct member){ .name = name,
			.has_gid = has_gid,
			.gid = gid,
			.in_database = ANSWER_UNKNOWN };
	} else {
		free(name);
		/* it could not be looked up before */
		if (has_gid && !member->has_gid) {
			member->has_gid = true;
			member->gid = gid;
			member->is_unknown = false;
		}
	}
	member->guards |= guards;
	return member;
}

static struct member *
add_name(struct members *members, const struct facts *facts, const char *name,
	unsigned int guards)
{
	struct group_record record = { 0 };
	int r = facts->find_group(facts->context, name, "", &record);
	struct member *member =
		add(members, need(strdup(name)), r == 0, record.gid, guards);

	if (!member->has_gid && r != -ENOENT)
		member->is_unknown = true;
	free(record.name);
	return member;
}

static void
add_gid(struct members *members, const struct facts *facts, gid_t gid,
	unsigned int guards)
{
	struct group_record record = { 0 };

	facts->find_gid(facts->context, gid, "", &record);
	add(members, record.name, true, gid, guards);
}

/*
 * Who guards the system's libvirt? A socket that everybody may write to leaves
 * it to polkit; without a socket that is the likely case too.
 */
static void
add_socket_guard(struct members *members, const struct members_where *where,
	const struct facts *facts)
{
	const struct stat *status = &where->socket->permissions.status;
	char *name = NULL;
	int r;

	members->is_polkit =
		!where->socket->has_permissions || (status->st_mode & S_IWOTH);
	if (!members->is_polkit) {
		if ((status->st_mode & S_IWGRP) && status->st_gid != 0)
			add_gid(members, facts, status->st_gid, GUARDS_SOCKET);
		return;
	}
	r = polkit_find_group(NULL, &name);
	if (name != NULL)
		add_name(members, facts, name, GUARDS_POLKIT);
	else if (r == -EACCES)
		add_name(members, facts, LIBVIRT_GROUP, GUARDS_POLKIT)
			->is_default = true;
	free(name);
}

static void
add_kvm_guard(struct members *members, const struct facts *facts)
{
	struct stat status;

	if (stat("/dev/kvm", &status) < 0 || !S_ISCHR(status.st_mode) ||
		(status.st_mode & S_IWOTH) || !(status.st_mode & S_IWGRP) ||
		status.st_gid == 0)
		return;
	add_gid(members, facts, status.st_gid, GUARDS_KVM);
}

/* The groups by which the deciding rule selected its user. */
static void
add_rule(struct members *members, const struct rule *rule,
	const struct facts *facts)
{
	struct remarks remarks = { 0 };
	struct content content;
	struct span list, item;

	if (rule->kind == RULE_GROUP)
		add_name(members, facts, rule->name, GUARDS_POLICY);
	else if (rule->kind == RULE_GID)
		add_gid(members, facts, rule->gid, GUARDS_POLICY);
	if (content_read(rule, &content, &remarks) < 0)
		need(NULL);
	if (content.values[KEY_REQUIRE_GROUPS] != NULL) {
		list = (struct span){ content.values[KEY_REQUIRE_GROUPS],
			strlen(content.values[KEY_REQUIRE_GROUPS]) };
		while (text_next_item(&list, &item)) {
			char *name = need(strndup(item.start, item.size));

			add_name(members, facts, name, GUARDS_POLICY);
			free(name);
		}
	}
	content_clear(&content);
	remarks_clear(&remarks);
}

static void
ask_database(struct members *members, struct subject *subject)
{
	for (size_t i = 0; i < members->count; i++) {
		struct member *member = &members->list[i];

		if (member->has_gid)
			member->in_database =
				subject_in_gid(subject, member->gid);
		else if (!member->is_unknown)
			member->in_database = ANSWER_NO;
	}
}

struct members
members_find(const struct members_where *where, const struct facts *facts,
	struct subject *subject)
{
	struct members members = { 0 };

	add_socket_guard(&members, where, facts);
	add_kvm_guard(&members, facts);
	if (where->decider != NULL)
		add_rule(&members, where->decider, facts);
	for (size_t i = 0; where->asked != NULL && where->asked[i] != NULL; i++)
		add_name(&members, facts, where->asked[i], GUARDS_ASKED);
	ask_database(&members, subject);
	for (size_t i = 0; i < members.count; i++) {
		if (members.list[i].guards & (GUARDS_SOCKET | GUARDS_POLKIT))
			members.guard = &members.list[i];
	}
	return members;
}

void
members_clear(struct members *members)
{
	for (size_t i = 0; i < members->count; i++)
		free(members->list[i].name);
	free(members->list);
	*members = (struct members){ 0 };
}

char *
member_name(const struct member *member)
{
	return need(member->name != NULL
			? text_printable(member->name)
			: text_format("gid %lu", (unsigned long)member->gid));
}
