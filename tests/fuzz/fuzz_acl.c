/* SPDX-License-Identifier: MIT */
/*
 * POSIX ACLs. The first bytes are somebody's ids and a file's, the others its
 * ACL; whoever is let in has an entry that says so.
 */
#include "common.h"

#include <errno.h>
#include <linux/posix_acl.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/device.h"

/* uid, owner, group, two gids, mode */
#define IDS 6

static bool
has_entry(const struct permissions *permissions, unsigned int tag,
	unsigned int id)
{
	for (size_t i = 0; i < permissions->n_acl; i++) {
		const struct acl_entry *entry = &permissions->acl[i];
		bool is_named =
			entry->tag == ACL_USER || entry->tag == ACL_GROUP;

		if (entry->tag == tag && (entry->permissions & 6) == 6 &&
			(!is_named || entry->id == id))
			return true;
	}
	return false;
}

/* Without an ACL: path_resolution(7), "Permissions". */
static enum access_by
judge_mode(const struct stat *status, const struct credentials *who)
{
	mode_t mode = status->st_mode;

	if (who->uid == 0)
		return ACCESS_ROOT;
	if (who->uid == status->st_uid)
		return (mode & 0600) == 0600 ? ACCESS_OWNER : ACCESS_NONE;
	if (credentials_have_gid(who, status->st_gid))
		return (mode & 0060) == 0060 ? ACCESS_GROUP : ACCESS_NONE;
	return (mode & 0006) == 0006 ? ACCESS_OTHER : ACCESS_NONE;
}

static void
check(const struct permissions *permissions, const struct credentials *who)
{
	gid_t gid = 12345;
	enum access_by by = permissions_judge(permissions, who, &gid);

	MUST(by == permissions_judge(permissions, who, NULL));
	MUST((who->uid == 0) == (by == ACCESS_ROOT));
	if (by != ACCESS_GROUP && by != ACCESS_GROUP_ACL)
		MUST(gid == 12345);
	else
		MUST(credentials_have_gid(who, gid));
	if (permissions->acl == NULL) {
		MUST(by == judge_mode(&permissions->status, who));
		return;
	}
	if (by == ACCESS_OWNER)
		MUST(has_entry(permissions, ACL_USER_OBJ, 0));
	if (by == ACCESS_USER_ACL)
		MUST(has_entry(permissions, ACL_USER, who->uid));
	if (by == ACCESS_GROUP)
		MUST(has_entry(permissions, ACL_GROUP_OBJ, 0));
	if (by == ACCESS_GROUP_ACL)
		MUST(has_entry(permissions, ACL_GROUP, gid));
	if (by == ACCESS_OTHER)
		MUST(has_entry(permissions, ACL_OTHER, 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct permissions permissions = { 0 };
	struct credentials who;
	gid_t gids[2];
	int r;

	if (size < IDS)
		return -1;
	gids[0] = data[3];
	gids[1] = data[4];
	who = (struct credentials){ data[0], gids, 2 };
	permissions.status.st_uid = data[1];
	permissions.status.st_gid = data[2];
	permissions.status.st_mode = (mode_t)data[5] << 1;
	check(&permissions, &who);
	r = acl_parse(
		data + IDS, size - IDS, &permissions.acl, &permissions.n_acl);
	if (r < 0) {
		MUST(r == -EBADMSG);
		MUST(permissions.acl == NULL && permissions.n_acl == 0);
		return 0;
	}
	MUST(permissions.acl != NULL);
	MUST(size - IDS == 4 + 8 * permissions.n_acl);
	for (size_t i = 0; i < permissions.n_acl; i++)
		MUST(permissions.acl[i].permissions <= 7);
	check(&permissions, &who);
	permissions_clear(&permissions);
	return 0;
}
