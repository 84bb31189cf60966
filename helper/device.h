/* SPDX-License-Identifier: MIT */
#ifndef HELPER_DEVICE_H
#define HELPER_DEVICE_H

/* Who may open a device or socket, and by what: mode, group or ACL. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Somebody, as file permissions see them. */
struct credentials {
	uid_t uid;
	const gid_t *gids; /* all of them, the effective one included */
	size_t n_gids;
};

bool credentials_have_gid(const struct credentials *credentials, gid_t gid);

/* Why somebody may read and write. */
enum access_by {
	ACCESS_NONE,
	ACCESS_ROOT, /* uid 0 */
	ACCESS_OWNER,
	ACCESS_USER_ACL, /* an entry for this user */
	ACCESS_GROUP, /* the owning group */
	ACCESS_GROUP_ACL, /* an entry for another group */
	ACCESS_OTHER, /* everybody may */
};

/* One entry of a POSIX ACL: acl(5). */
struct acl_entry {
	unsigned int tag; /* ACL_USER_OBJ, … of <linux/posix_acl.h> */
	unsigned int permissions; /* 4 read, 2 write, 1 execute */
	unsigned int id;
};

/* A file's permissions. All zero is not valid. */
struct permissions {
	struct stat status;
	struct acl_entry *acl; /* owned; NULL: mode bits alone */
	size_t n_acl;
};

/*
 * Reads them, following links. 0 with *ret* to be cleared, or −errno of
 * stat(2) or getxattr(2); -EBADMSG: the ACL is malformed. A file system without
 * ACLs is no error.
 */
int permissions_read(const char *path, struct permissions *ret);

void permissions_clear(struct permissions *permissions);

/*
 * By what these credentials would be let in to read and write, in the order
 * of acl(5), "ACCESS CHECK ALGORITHM". gid, if not NULL, gets the group that
 * did it (ACCESS_GROUP, ACCESS_GROUP_ACL), else is untouched. Only the file
 * itself is judged, not the directories above it.
 */
enum access_by permissions_judge(const struct permissions *permissions,
	const struct credentials *credentials, gid_t *gid);

/*
 * The value of the attribute system.posix_acl_access (linux/posix_acl_xattr.h,
 * version 2). 0 with *ret* owned by the caller, never NULL; -EBADMSG.
 */
int acl_parse(
	const void *bytes, size_t size, struct acl_entry **ret, size_t *count);

/*
 * Does udev give this device to whoever sits at the seat (tag "uaccess")? Then
 * an ACL entry for a user is the seat's, and goes when they leave it.
 */
bool device_is_seats(dev_t device);

#endif
