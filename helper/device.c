/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "output.h"

/* The kernel's XATTR_SIZE_MAX */
#define ATTRIBUTE_MAX 65536

#define READ_WRITE (ACL_READ | ACL_WRITE)

/* --- Reading -------------------------------------------------------------- */

static bool
is_entry_valid(const struct acl_entry *entry)
{
	switch (entry->tag) {
	case ACL_USER_OBJ:
	case ACL_USER:
	case ACL_GROUP_OBJ:
	case ACL_GROUP:
	case ACL_MASK:
	case ACL_OTHER:
		return entry->permissions <=
			(ACL_READ | ACL_WRITE | ACL_EXECUTE);
	default:
		return false;
	}
}

static struct acl_entry
decode(const char *bytes)
{
	struct posix_acl_xattr_entry raw;

	memcpy(&raw, bytes, sizeof(raw));
	return (struct acl_entry){
		.tag = le16toh(raw.e_tag),
		.permissions = le16toh(raw.e_perm),
		.id = le32toh(raw.e_id),
	};
}

int
acl_parse(const void *bytes, size_t size, struct acl_entry **ret, size_t *count)
{
	const size_t entry_size = sizeof(struct posix_acl_xattr_entry);
	struct posix_acl_xattr_header header;
	const char *rest = bytes;
	struct acl_entry *acl;
	size_t n;

	if (size < sizeof(header) || (size - sizeof(header)) % entry_size != 0)
		return -EBADMSG;
	memcpy(&header, rest, sizeof(header));
	if (le32toh(header.a_version) != POSIX_ACL_XATTR_VERSION)
		return -EBADMSG;
	rest += sizeof(header);
	n = (size - sizeof(header)) / entry_size;
	acl = need(calloc(n + 1, sizeof(*acl)));
	for (size_t i = 0; i < n; i++) {
		acl[i] = decode(rest + i * entry_size);
		if (!is_entry_valid(&acl[i])) {
			free(acl);
			return -EBADMSG;
		}
	}
	*ret = acl;
	*count = n;
	return 0;
}

static int
read_acl(const char *path, struct permissions *permissions)
{
	char *bytes = need(malloc(ATTRIBUTE_MAX));
	ssize_t size =
		getxattr(path, "system.posix_acl_access", bytes, ATTRIBUTE_MAX);
	int r;

	if (size < 0)
		r = errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
	else
		r = acl_parse(bytes, (size_t)size, &permissions->acl,
			&permissions->n_acl);
	free(bytes);
	return r;
}

int
permissions_read(const char *path, struct permissions *ret)
{
	struct permissions permissions = { 0 };
	int r;

	if (stat(path, &permissions.status) < 0)
		return -errno;
	r = read_acl(path, &permissions);
	if (r < 0)
		return r;
	if (permissions.n_acl == 0)
		permissions_clear(&permissions);
	*ret = permissions;
	return 0;
}

void
permissions_clear(struct permissions *permissions)
{
	free(permissions->acl);
	permissions->acl = NULL;
	permissions->n_acl = 0;
}

/* --- Judging -------------------------------------------------------------- */

/* An ACL; of a file without one what its mode comes to. */
struct acl {
	const struct acl_entry *entries;
	size_t count;
	struct acl_entry from_mode[3];
};

static void
acl_of(const struct permissions *permissions, struct acl *ret)
{
	unsigned int mode = permissions->status.st_mode;

	*ret = (struct acl){
		.entries = permissions->acl,
		.count = permissions->n_acl,
		.from_mode = {
			{ ACL_USER_OBJ, mode >> 6 & 7, 0 },
			{ ACL_GROUP_OBJ, mode >> 3 & 7, 0 },
			{ ACL_OTHER, mode & 7, 0 },
		},
	};
	if (ret->entries == NULL) {
		ret->entries = ret->from_mode;
		ret->count = 3;
	}
}

static const struct acl_entry *
find_entry(const struct acl *acl, unsigned int tag)
{
	for (size_t i = 0; i < acl->count; i++) {
		if (acl->entries[i].tag == tag)
			return &acl->entries[i];
	}
	return NULL;
}

static const struct acl_entry *
find_user(const struct acl *acl, uid_t uid)
{
	for (size_t i = 0; i < acl->count; i++) {
		if (acl->entries[i].tag == ACL_USER &&
			acl->entries[i].id == uid)
			return &acl->entries[i];
	}
	return NULL;
}

static bool
grants(const struct acl_entry *entry)
{
	return entry != NULL && (entry->permissions & READ_WRITE) == READ_WRITE;
}

/* What is granted by a name, or to a group, passes through the mask. */
static bool
grants_through_mask(const struct acl *acl, const struct acl_entry *entry)
{
	const struct acl_entry *mask = find_entry(acl, ACL_MASK);

	return grants(entry) && (mask == NULL || grants(mask));
}

bool
credentials_have_gid(const struct credentials *credentials, gid_t gid)
{
	for (size_t i = 0; i < credentials->n_gids; i++) {
		if (credentials->gids[i] == gid)
			return true;
	}
	return false;
}

/* Is any group theirs, and which of theirs lets them in? */
static bool
judge_groups(const struct acl *acl, const struct stat *status,
	const struct credentials *credentials, enum access_by *by, gid_t *gid)
{
	bool is_in_any = false;

	*by = ACCESS_NONE;
	for (size_t i = 0; i < acl->count; i++) {
		const struct acl_entry *entry = &acl->entries[i];
		bool is_owners = entry->tag == ACL_GROUP_OBJ;
		gid_t of = is_owners ? status->st_gid : entry->id;

		if ((!is_owners && entry->tag != ACL_GROUP) ||
			!credentials_have_gid(credentials, of))
			continue;
		is_in_any = true;
		if (*by != ACCESS_NONE || !grants_through_mask(acl, entry))
			continue;
		*by = is_owners ? ACCESS_GROUP : ACCESS_GROUP_ACL;
		if (gid != NULL)
			*gid = of;
	}
	return is_in_any;
}

enum access_by
permissions_judge(const struct permissions *permissions,
	const struct credentials *credentials, gid_t *gid)
{
	const struct stat *status = &permissions->status;
	const struct acl_entry *user;
	enum access_by by;
	struct acl acl;

	if (credentials->uid == 0)
		return ACCESS_ROOT;
	acl_of(permissions, &acl);
	if (credentials->uid == status->st_uid)
		return grants(find_entry(&acl, ACL_USER_OBJ)) ? ACCESS_OWNER
							      : ACCESS_NONE;
	user = find_user(&acl, credentials->uid);
	if (user != NULL)
		return grants_through_mask(&acl, user) ? ACCESS_USER_ACL
						       : ACCESS_NONE;
	/* whoever is in a group that matches is not one of the others */
	if (judge_groups(&acl, status, credentials, &by, gid))
		return by;
	return grants(find_entry(&acl, ACL_OTHER)) ? ACCESS_OTHER : ACCESS_NONE;
}

/* --- Seats ---------------------------------------------------------------- */

bool
device_is_seats(dev_t device)
{
	char path[64];

	snprintf(path, sizeof(path), "/run/udev/tags/uaccess/c%u:%u",
		major(device), minor(device));
	return access(path, F_OK) == 0;
}
