/* SPDX-License-Identifier: MIT */
/*
 * facts_nss() and a C library of this test's own, since that of the host
 * cannot be told to fail. tests/nss has the same for the real one.
 */
#include "fake.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* What the next look-ups say. */
static struct {
	int error; /* what they return */
	bool is_absent; /* no record */
	size_t needs; /* bytes; less is ERANGE */
	unsigned int calls;
	size_t last_size; /* of the buffer they were given */
	char **members;
	int n_gids; /* getgrouplist(3) has so many */
	bool lists_nothing; /* it says that the array is too small, always */
	int list_errno; /* what it leaves behind */
} library;

static int
answer(size_t size, void *record, void **result)
{
	library.calls++;
	library.last_size = size;
	*result = NULL;
	if (size < library.needs)
		return ERANGE;
	if (!library.is_absent && library.error == 0)
		*result = record;
	return library.error;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc's */
int
getpwnam_r(const char *name, struct passwd *record, char *buffer, size_t size,
	struct passwd **result)
{
	(void)name;
	memset(buffer, 'x', size); /* all of it may be written to */
	*record = (struct passwd){
		.pw_name = strcpy(buffer, "LAB\\anna"),
		.pw_uid = 70001,
		.pw_gid = 70000,
		.pw_dir = strcmp(name, "homeless") == 0
			? NULL
			: strcpy(buffer + 16, "/home/anna"),
	};
	return answer(size, record, (void **)result);
}

int
getpwuid_r(uid_t uid, struct passwd *record, char *buffer, size_t size,
	struct passwd **result)
{
	int error = getpwnam_r("", record, buffer, size, result);

	record->pw_uid = uid;
	return error;
}

static int
fill_group(struct group *record, char *buffer, size_t size, gid_t gid,
	struct group **result)
{
	memset(buffer, 'x', size);
	*record = (struct group){
		.gr_name = strcpy(buffer, "kvm"),
		.gr_gid = gid,
		.gr_mem = library.members,
	};
	return answer(size, record, (void **)result);
}

int
getgrnam_r(const char *name, struct group *record, char *buffer, size_t size,
	struct group **result)
{
	(void)name;
	return fill_group(record, buffer, size, 109, result);
}

int
getgrgid_r(gid_t gid, struct group *record, char *buffer, size_t size,
	struct group **result)
{
	return fill_group(record, buffer, size, gid, result);
}

int
getgrouplist(const char *user, gid_t primary, gid_t *gids, int *count)
{
	int room = *count;

	(void)user;
	library.calls++;
	if (library.lists_nothing)
		return -1;
	*count = library.n_gids;
	if (room < library.n_gids)
		return -1;
	for (int i = 0; i < library.n_gids; i++)
		gids[i] = primary + (gid_t)i;
	if (library.list_errno != 0)
		errno = library.list_errno;
	return library.n_gids;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* --- Found, not found, failed --------------------------------------------- */

static const struct row {
	const char *name;
	int error;
	bool is_absent;
	int result;
} rows[] = {
	{ "found", 0, false, 0 },
	{ "no record", 0, true, -ENOENT },
	{ "ENOENT", ENOENT, true, -ENOENT },
	{ "ESRCH", ESRCH, true, -ENOENT },
	{ "EBADF", EBADF, true, -ENOENT },
	{ "EPERM", EPERM, true, -ENOENT },
	{ "EIO", EIO, true, -EIO },
	{ "EAGAIN", EAGAIN, true, -EAGAIN },
	{ "ECONNREFUSED", ECONNREFUSED, true, -ECONNREFUSED },
	{ "EINTR", EINTR, true, -EINTR },
	{ "EMFILE", EMFILE, true, -EMFILE },
	{ "ENOMEM", ENOMEM, true, -ENOMEM },
	{ "EACCES", EACCES, true, -EACCES },
};

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct nss_buffer buffer = { 0 };
	struct facts facts = facts_nss(&buffer);
	struct account account = { .name = NULL, .uid = 5 };
	struct group_record group = { .name = NULL, .gid = 5 };

	memset(&library, 0, sizeof(library));
	library.error = row->error;
	library.is_absent = row->is_absent;
	assert_int_equal(
		facts.find_user(facts.context, "anna", &account), row->result);
	assert_int_equal(facts.find_group(facts.context, "kvm", "anna", &group),
		row->result);
	if (row->result == 0) {
		assert_string_equal(account.name, "LAB\\anna");
		assert_string_equal(account.home, "/home/anna");
		assert_int_equal(account.uid, 70001);
		assert_int_equal(account.gid, 70000);
		assert_string_equal(group.name, "kvm");
		assert_int_equal(group.gid, 109);
	} else {
		assert_null(account.name);
		assert_int_equal(account.uid, 5);
		assert_null(group.name);
		assert_int_equal(group.gid, 5);
	}
	account_clear(&account);
	free(group.name);
	account = (struct account){ .uid = 5 };
	assert_int_equal(
		facts.find_uid(facts.context, 70077, &account), row->result);
	assert_int_equal(account.uid, row->result == 0 ? 70077 : 5);
	account_clear(&account);
	group = (struct group_record){ .gid = 5 };
	assert_int_equal(
		facts.find_gid(facts.context, 77, "anna", &group), row->result);
	assert_int_equal(group.gid, row->result == 0 ? 77 : 5);
	free(group.name);
	nss_buffer_clear(&buffer);
}

/* --- Members -------------------------------------------------------------- */

static const struct member_row {
	const char *name;
	const char *members[4];
	bool has_list, is_listed;
} member_rows[] = {
	{ "no list", { NULL }, false, false },
	{ "an empty list", { NULL }, true, false },
	{ "the first", { "anna", "bob" }, true, true },
	{ "the last", { "bob", "carol", "anna" }, true, true },
	{ "others", { "bob", "carol" }, true, false },
	{ "other letters", { "Anna", "ANNA" }, true, false },
	{ "names that contain it", { "annab", "hanna" }, true, false },
};

static void
test_member(void **state)
{
	const struct member_row *row = *state;
	struct nss_buffer buffer = { 0 };
	struct facts facts = facts_nss(&buffer);
	struct group_record group = { 0 };

	memset(&library, 0, sizeof(library));
	if (row->has_list)
		library.members = (char **)(uintptr_t)row->members;
	assert_int_equal(
		facts.find_group(facts.context, "kvm", "anna", &group), 0);
	assert_int_equal(group.lists_user, row->is_listed);
	free(group.name);
	assert_int_equal(facts.find_gid(facts.context, 109, "anna", &group), 0);
	assert_int_equal(group.lists_user, row->is_listed);
	free(group.name);
	nss_buffer_clear(&buffer);
}

/* --- Large records -------------------------------------------------------- */

#define MIB ((size_t)1024 * 1024)

static const struct size_row {
	const char *name;
	size_t needs;
	int result;
} size_rows[] = {
	{ "1 byte", 1, 0 },
	{ "64 KiB", MIB / 16, 0 },
	{ "1 MiB", MIB, 0 },
	{ "63 MiB", 63 * MIB, 0 },
	{ "64 MiB", 64 * MIB, 0 },
	{ "64 MiB and a byte", 64 * MIB + 1, -ERANGE },
	{ "ERANGE for ever", SIZE_MAX, -ERANGE },
};

static void
test_size(void **state)
{
	const struct size_row *row = *state;
	struct nss_buffer buffer = { 0 };
	struct facts facts = facts_nss(&buffer);
	struct group_record group = { 0 };
	unsigned int calls;

	memset(&library, 0, sizeof(library));
	library.needs = row->needs;
	assert_int_equal(facts.find_group(facts.context, "kvm", "anna", &group),
		row->result);
	fake_assert_between(library.calls, 1, 32);
	fake_assert_between(library.last_size, 1, 64 * MIB);
	if (row->result == 0) {
		/* what has grown is kept */
		free(group.name);
		calls = library.calls;
		assert_int_equal(
			facts.find_gid(facts.context, 1, "anna", &group), 0);
		assert_int_equal(library.calls, calls + 1);
		free(group.name);
	}
	nss_buffer_clear(&buffer);
	nss_buffer_clear(&buffer);
}

static void
test_homeless(void **state)
{
	struct nss_buffer buffer = { 0 };
	struct facts facts = facts_nss(&buffer);
	struct account account = { 0 };

	(void)state;
	memset(&library, 0, sizeof(library));
	assert_int_equal(
		facts.find_user(facts.context, "homeless", &account), 0);
	assert_string_equal(account.home, "");
	account_clear(&account);
	assert_null(account.name);
	account_clear(&account);
	nss_buffer_clear(&buffer);
}

/* --- Lists of gids -------------------------------------------------------- */

static const struct list_row {
	const char *name;
	int count;
	bool lists_nothing;
	int result;
	int list_errno;
} list_rows[] = {
	{ "the primary one only", 1, false, 0 },
	{ "64", 64, false, 0 },
	{ "65", 65, false, 0 },
	{ "2,000", 2000, false, 0 },
	{ "65,536, as many as a process can have", 65536, false, 0 },
	{ "more than anybody has", 2000000, false, -ERANGE },
	{ "too many, without saying how many", 0, true, -ENOMEM },
	{ "a source lacked memory", 1, false, -ENOMEM, ENOMEM },
	{ "a source lacked a descriptor", 1, false, -EMFILE, EMFILE },
	{ "a source lacked the system's last descriptor", 1, false, -ENFILE,
		ENFILE },
	{ "a source did not answer", 1, false, 0, ECONNREFUSED },
};

static void
test_list(void **state)
{
	const struct list_row *row = *state;
	struct nss_buffer buffer = { 0 };
	struct facts facts = facts_nss(&buffer);
	gid_t *gids = NULL;
	size_t count = 77;

	memset(&library, 0, sizeof(library));
	library.n_gids = row->count;
	library.lists_nothing = row->lists_nothing;
	library.list_errno = row->list_errno;
	assert_int_equal(
		facts.list_gids(facts.context, "anna", 1000, &gids, &count),
		row->result);
	if (row->result == 0) {
		assert_int_equal(count, row->count);
		assert_int_equal(gids[0], 1000);
		assert_int_equal(gids[count - 1], 1000 + (gid_t)row->count - 1);
		fake_assert_between(library.calls, 1, 2);
	} else {
		assert_null(gids);
		assert_int_equal(count, 77);
	}
	free(gids);
	nss_buffer_clear(&buffer);
}

/* --- Memory --------------------------------------------------------------- */

static void
test_short(void **state)
{
	int result = -ENOMEM;

	(void)state;
	memset(&library, 0, sizeof(library));
	library.needs = 20000;
	library.n_gids = 100;
	for (unsigned long n = 1; result < 0; n++) {
		struct nss_buffer buffer = { 0 };
		struct facts facts = facts_nss(&buffer);
		struct account account = { 0 };
		struct group_record group = { 0 };
		gid_t *gids = NULL;
		size_t count = 0;

		alloc_watch();
		alloc_fail(n, false);
		result = facts.find_user(facts.context, "anna", &account);
		if (result == 0)
			result = facts.find_group(
				facts.context, "kvm", "anna", &group);
		if (result == 0)
			result = facts.list_gids(
				facts.context, "anna", 1000, &gids, &count);
		alloc_fail(0, false);
		if (result < 0)
			assert_int_equal(result, -ENOMEM);
		account_clear(&account);
		free(group.name);
		free(gids);
		nss_buffer_clear(&buffer);
		assert_true(alloc_unwatch() == 0 || !alloc_sees_free());
	}
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "look-up", test_row, SUITE_ROWS(rows));
	suite_add(&suite, "member", test_member, SUITE_ROWS(member_rows));
	suite_add(&suite, "record", test_size, SUITE_ROWS(size_rows));
	suite_add_one(&suite, "a user without a home", test_homeless);
	suite_add(&suite, "list", test_list, SUITE_ROWS(list_rows));
	suite_add_one(&suite, "memory is short", test_short);
	return suite_run(&suite, "nss");
}
