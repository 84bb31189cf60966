/* SPDX-License-Identifier: MIT */
/*
 * Permissions as acl(5) has them. Run by root, each row is put to the kernel
 * too: a file with that mode and ACL, opened by somebody with those ids.
 */
#include "fake.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../../helper/device.h"

#define ATTRIBUTE "system.posix_acl_access"

/* --- The attribute -------------------------------------------------------- */

#define VERSION_2  "\2\0\0\0"
#define ANY        "\xff\xff\xff\xff"
#define USER_OBJ   "\x01\0\6\0" ANY
#define USER_1000  "\x02\0\6\0\xe8\3\0\0"
#define GROUP_OBJ  "\x04\0\0\0" ANY
#define GROUP_36   "\x08\0\4\0\x24\0\0\0"
#define MASK       "\x10\0\6\0" ANY
#define OTHER      "\x20\0\0\0" ANY
#define TEXT(text) text, sizeof(text) - 1

static const struct parse_row {
	const char *name, *bytes;
	size_t size;
	int result;
	const char *entries; /* "tag:permissions:id …" */
} parse_rows[] = {
	{ "as the kernel gives it",
		TEXT(VERSION_2 USER_OBJ USER_1000 GROUP_OBJ GROUP_36 MASK
				OTHER),
		0,
		"1:6:4294967295 2:6:1000 4:0:4294967295 8:4:36 "
		"16:6:4294967295 32:0:4294967295 " },
	{ "no entry", TEXT(VERSION_2), 0, "" },
	{ "nothing", "", 0, -EBADMSG },
	{ "half a version", TEXT("\2\0\0"), -EBADMSG },
	{ "another version", TEXT("\1\0\0\0" USER_OBJ), -EBADMSG },
	{ "another version by its last byte", TEXT("\2\0\0\1"), -EBADMSG },
	{ "half an entry", TEXT(VERSION_2 USER_OBJ "\x02\0\6\0"), -EBADMSG },
	{ "a byte too much", TEXT(VERSION_2 USER_OBJ "\0"), -EBADMSG },
	{ "an unknown tag", TEXT(VERSION_2 "\x40\0\6\0" ANY), -EBADMSG },
	{ "two tags in one", TEXT(VERSION_2 "\x03\0\6\0" ANY), -EBADMSG },
	{ "no tag", TEXT(VERSION_2 "\0\0\6\0" ANY), -EBADMSG },
	{ "a great tag", TEXT(VERSION_2 "\1\1\6\0" ANY), -EBADMSG },
	{ "unknown permissions", TEXT(VERSION_2 "\1\0\x08\0" ANY), -EBADMSG },
};

static void
test_parse(void **state)
{
	const struct parse_row *row = *state;
	struct acl_entry *acl = NULL;
	char text[256] = "", *bytes = malloc(row->size + 1);
	size_t count = 99, used = 0;

	assert_non_null(bytes);
	/* as nobody aligns it */
	memcpy(bytes + 1, row->bytes, row->size);
	assert_int_equal(
		acl_parse(bytes + 1, row->size, &acl, &count), row->result);
	free(bytes);
	if (row->result < 0) {
		assert_null(acl);
		assert_int_equal(count, 99);
		return;
	}
	assert_non_null(acl);
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"%u:%u:%u ", acl[i].tag, acl[i].permissions, acl[i].id);
	assert_string_equal(text, row->entries);
	free(acl);
}

/* --- Judging -------------------------------------------------------------- */

#define MAX_ENTRIES 8
#define OWNER       71 /* of each file; its group is 72 */
#define OWNERS      72

static const struct judge_row {
	const char *name;
	mode_t mode; /* without an ACL */
	struct acl_entry acl[MAX_ENTRIES]; /* ends with tag 0 */
	uid_t uid;
	gid_t gids[4]; /* ends with 0, but for the first */
	enum access_by expected;
	gid_t gid; /* that does it */
} judge_rows[] = {
	{ "root", 0, .uid = 0, .expected = ACCESS_ROOT },
	{ "everybody", 0666, .uid = 5, { 5 }, ACCESS_OTHER },
	{ "nobody", 0660, .uid = 5, { 5 }, ACCESS_NONE },
	{ "everybody may read", 0664, .uid = 5, { 5 }, ACCESS_NONE },
	{ "everybody may write", 0662, .uid = 5, { 5 }, ACCESS_NONE },
	{ "the owner", 0600, .uid = OWNER, { 5 }, ACCESS_OWNER },
	{ "all but the owner", 0066, .uid = OWNER, { OWNERS }, ACCESS_NONE },
	{ "the owner may only read", 0466, .uid = OWNER, { 5 }, ACCESS_NONE },
	{ "by group", 0660, .uid = 5, { OWNERS }, ACCESS_GROUP, OWNERS },
	{ "by another group of theirs", 0660, .uid = 5, { 5, 6, OWNERS },
		ACCESS_GROUP, OWNERS },
	{ "all but the group", 0606, .uid = 5, { OWNERS }, ACCESS_NONE },
	{ "the group may only read", 0646, .uid = 5, { OWNERS }, ACCESS_NONE },

#define ACL(user, group, other)                                                \
	{ ACL_USER_OBJ, user }, { ACL_GROUP_OBJ, group },                      \
	{                                                                      \
		ACL_OTHER, other                                               \
	}
#define MASKED(mask)                                                           \
	{                                                                      \
		ACL_MASK, mask                                                 \
	}
	{ "an ACL: the owner", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_USER, 0, 5 }, { ACL_GROUP_OBJ, 0 },
			MASKED(0), { ACL_OTHER, 0 } },
		OWNER, { 5 }, ACCESS_OWNER },
	{ "a user's", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_USER, 6, 5 }, { ACL_GROUP_OBJ, 0 },
			MASKED(6), { ACL_OTHER, 0 } },
		5, { 5 }, ACCESS_USER_ACL },
	{ "another user's", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_USER, 6, 5 }, { ACL_GROUP_OBJ, 0 },
			MASKED(6), { ACL_OTHER, 0 } },
		6, { 5 }, ACCESS_NONE },
	{ "the second of two users'", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_USER, 0, 4 }, { ACL_USER, 6, 5 },
			{ ACL_GROUP_OBJ, 0 }, MASKED(6), { ACL_OTHER, 0 } },
		5, { 5 }, ACCESS_USER_ACL },
	{ "a user's, masked", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_USER, 6, 5 }, { ACL_GROUP_OBJ, 6 },
			MASKED(4), { ACL_OTHER, 6 } },
		5, { 5 }, ACCESS_NONE },
	{ "a user's that denies, whatever the group", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_USER, 0, 5 }, { ACL_GROUP_OBJ, 6 },
			MASKED(6), { ACL_OTHER, 6 } },
		5, { OWNERS }, ACCESS_NONE },
	{ "a user's that only reads", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_USER, 4, 5 }, { ACL_GROUP_OBJ, 6 },
			MASKED(6), { ACL_OTHER, 6 } },
		5, { OWNERS }, ACCESS_NONE },
	{ "a group's", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_GROUP_OBJ, 0 },
			{ ACL_GROUP, 6, 36 }, MASKED(6), { ACL_OTHER, 0 } },
		5, { 5, 36 }, ACCESS_GROUP_ACL, 36 },
	{ "a group's, masked", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_GROUP_OBJ, 0 },
			{ ACL_GROUP, 6, 36 }, MASKED(4), { ACL_OTHER, 6 } },
		5, { 36 }, ACCESS_NONE },
	{ "the owning group, masked", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_USER, 6, 4 }, { ACL_GROUP_OBJ, 6 },
			MASKED(0), { ACL_OTHER, 6 } },
		5, { OWNERS }, ACCESS_NONE },
	{ "the second of two groups'", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_GROUP_OBJ, 0 },
			{ ACL_GROUP, 4, 36 }, { ACL_GROUP, 6, 37 }, MASKED(6),
			{ ACL_OTHER, 0 } },
		5, { 36, 37 }, ACCESS_GROUP_ACL, 37 },
	{ "a group's, though the owning one denies", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_GROUP_OBJ, 0 },
			{ ACL_GROUP, 6, 36 }, MASKED(6), { ACL_OTHER, 0 } },
		5, { OWNERS, 36 }, ACCESS_GROUP_ACL, 36 },
	{ "two groups', the first is named", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_GROUP_OBJ, 0 },
			{ ACL_GROUP, 6, 36 }, { ACL_GROUP, 6, 37 }, MASKED(6),
			{ ACL_OTHER, 0 } },
		5, { 37, 36 }, ACCESS_GROUP_ACL, 36 },
	{ "one group reads, another writes", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_GROUP_OBJ, 0 },
			{ ACL_GROUP, 4, 36 }, { ACL_GROUP, 2, 37 }, MASKED(6),
			{ ACL_OTHER, 0 } },
		5, { 36, 37 }, ACCESS_NONE },
	{ "a group's that denies is not the others'", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_GROUP_OBJ, 6 },
			{ ACL_GROUP, 0, 36 }, MASKED(6), { ACL_OTHER, 6 } },
		5, { 36 }, ACCESS_NONE },
	{ "an ACL: the others, whom no mask concerns", 0,
		{ { ACL_USER_OBJ, 6 }, { ACL_GROUP_OBJ, 0 },
			{ ACL_GROUP, 6, 36 }, MASKED(0), { ACL_OTHER, 6 } },
		5, { 5 }, ACCESS_OTHER },
	{ "an ACL that is but the mode", 0, { ACL(6, 6, 0) }, 5, { OWNERS },
		ACCESS_GROUP, OWNERS },
};

static size_t
count_gids(const struct judge_row *row)
{
	size_t count = 1;

	while (count < countof(row->gids) && row->gids[count] != 0)
		count++;
	return count;
}

static size_t
count_entries(const struct judge_row *row)
{
	size_t count = 0;

	while (count < MAX_ENTRIES && row->acl[count].tag != 0)
		count++;
	return count;
}

static void
test_judge(void **state)
{
	const struct judge_row *row = *state;
	struct acl_entry acl[MAX_ENTRIES];
	struct permissions permissions = {
		.status = { .st_mode = S_IFCHR | row->mode,
			.st_uid = OWNER,
			.st_gid = OWNERS },
		.n_acl = count_entries(row),
	};
	struct credentials who = { row->uid, row->gids, count_gids(row) };
	gid_t gid = 0;

	memcpy(acl, row->acl, sizeof(acl));
	if (permissions.n_acl > 0)
		permissions.acl = acl;
	assert_int_equal(
		permissions_judge(&permissions, &who, &gid), row->expected);
	assert_int_equal(gid, row->gid);
	assert_int_equal(
		permissions_judge(&permissions, &who, NULL), row->expected);
}

/* --- What the kernel says ------------------------------------------------- */

static void
set_acl(const char *path, const struct judge_row *row)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[MAX_ENTRIES];
	} acl = { { htole32(POSIX_ACL_XATTR_VERSION) } };
	size_t count = count_entries(row);

	for (size_t i = 0; i < count; i++) {
		const struct acl_entry *entry = &row->acl[i];
		bool is_named =
			entry->tag == ACL_USER || entry->tag == ACL_GROUP;

		acl.entries[i] = (struct posix_acl_xattr_entry){
			htole16((uint16_t)entry->tag),
			htole16((uint16_t)entry->permissions),
			htole32(is_named ? entry->id
					 : (uint32_t)ACL_UNDEFINED_ID),
		};
	}
	if (count == 0 ||
		setxattr(path, ATTRIBUTE, &acl,
			sizeof(acl.header) + count * sizeof(acl.entries[0]),
			0) == 0)
		return;
	assert_int_equal(errno, EOPNOTSUPP);
	skip();
}

/* 0: it can be opened. */
static int
open_as(const struct judge_row *row, const char *path)
{
	if (setgroups(count_gids(row), row->gids) < 0 ||
		setgid(row->gids[0]) < 0 || setuid(row->uid) < 0)
		return 99;
	return open(path, O_RDWR | O_CLOEXEC) < 0 ? errno : 0;
}

static void
test_kernel(void **state)
{
	const struct judge_row *row = *state;
	struct credentials who = { row->uid, row->gids, count_gids(row) };
	struct permissions permissions;
	const char *root, *path;
	int status = 0;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	root = fake_root(NULL);
	fake_make(root,
		&(struct fake_node){ "file", NULL, FAKE_FILE, row->mode });
	path = fake_path(root, "file");
	assert_int_equal(chown(path, OWNER, OWNERS), 0);
	assert_int_equal(chmod(path, row->mode), 0);
	set_acl(path, row);

	assert_int_equal(permissions_read(path, &permissions), 0);
	assert_int_equal(
		permissions_judge(&permissions, &who, NULL), row->expected);
	permissions_clear(&permissions);

	pid = fork();
	if (pid == 0)
		_exit(open_as(row, path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(
		WEXITSTATUS(status), row->expected == ACCESS_NONE ? EACCES : 0);
}

/* --- Reading -------------------------------------------------------------- */

static void
test_read(void **state)
{
	const char *root = fake_root(NULL);
	struct permissions permissions;

	(void)state;
	fake_make(root, &(struct fake_node){ "file", "", FAKE_FILE, 0640 });
	fake_make(root, &(struct fake_node){ "link", "file", FAKE_LINK });
	fake_make(root, &(struct fake_node){ "lost", "none", FAKE_LINK });
	assert_int_equal(
		permissions_read(fake_path(root, "link"), &permissions), 0);
	assert_true(S_ISREG(permissions.status.st_mode));
	assert_int_equal(permissions.status.st_mode & 07777, 0640);
	assert_int_equal(permissions.status.st_uid, geteuid());
	assert_null(permissions.acl);
	assert_int_equal(permissions.n_acl, 0);
	permissions_clear(&permissions);
	assert_int_equal(
		permissions_read(fake_path(root, "lost"), &permissions),
		-ENOENT);
	assert_int_equal(
		permissions_read(fake_path(root, "file/x"), &permissions),
		-ENOTDIR);
}

/* --- Seats ---------------------------------------------------------------- */

/* With a /run of our own. 0: as it should be; 99: cannot try. */
static int
look_for_tags(void)
{
	if (unshare(CLONE_NEWNS) < 0 ||
		mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", "/run", "tmpfs", 0, "mode=755") < 0)
		return 99;
	if (device_is_seats(makedev(10, 232)))
		return 1;
	if (mkdir("/run/udev", 0755) < 0 || mkdir("/run/udev/tags", 0755) < 0 ||
		mkdir("/run/udev/tags/uaccess", 0755) < 0 ||
		close(creat("/run/udev/tags/uaccess/c10:232", 0644)) < 0)
		return 99;
	if (!device_is_seats(makedev(10, 232)))
		return 2;
	return device_is_seats(makedev(10, 23)) ||
			device_is_seats(makedev(232, 10))
		? 3
		: 0;
}

static void
test_seats(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(look_for_tags());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 99)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "parse", test_parse, SUITE_ROWS(parse_rows));
	suite_add(&suite, "judge", test_judge, SUITE_ROWS(judge_rows));
	suite_add(&suite, "kernel", test_kernel, SUITE_ROWS(judge_rows));
	suite_add_one(&suite, "reading", test_read);
	suite_add_one(&suite, "seats", test_seats);
	return suite_run(&suite, "device");
}
