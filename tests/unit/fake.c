/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- Directories ---------------------------------------------------------- */

static bool
has_member(const char *list, const char *name)
{
	size_t size = strlen(name);

	while (list != NULL && *list != '\0') {
		size_t item = strcspn(list, ",");

		if (item == size && memcmp(list, name, size) == 0)
			return true;
		list += item + (list[item] == ',');
	}
	return false;
}

/* Counts the call; 0, or the −errno it is to fail with. */
static int
ask(struct fake *fake, enum fake_call call, const char *name, gid_t gid)
{
	struct fake_failure *failure = &fake->failure;
	int error = failure->error;

	fake->calls[call]++;
	if (error == 0 || failure->call != call)
		return 0;
	if (failure->name != NULL && name != NULL &&
		strcmp(failure->name, name) != 0)
		return 0;
	if (call == FAKE_FIND_GID && failure->gid != FAKE_ANY_GID &&
		failure->gid != gid)
		return 0;
	if (failure->is_over)
		failure->error = 0;
	return -error;
}

static bool
is_called(const char *asked, const char *name, const char *spelling)
{
	return strcmp(asked, name) == 0 ||
		(spelling != NULL && strcmp(asked, spelling) == 0);
}

static int
copy_user(const struct fake_user *user, struct account *ret)
{
	struct account account;

	if (user->name == NULL)
		return -ENOENT;
	account = (struct account){
		.name = strdup(user->name),
		.uid = user->uid,
		.gid = user->gid,
		.home = strdup(user->home ? user->home : ""),
	};
	if (account.name == NULL || account.home == NULL) {
		account_clear(&account);
		return -ENOMEM;
	}
	*ret = account;
	return 0;
}

static int
find_user(void *context, const char *name, struct account *ret)
{
	struct fake *fake = context;
	const struct fake_user *user = fake->users;
	int r = ask(fake, FAKE_FIND_USER, name, 0);

	if (r < 0)
		return r;
	while (user->name != NULL &&
		!is_called(name, user->name, user->spelling))
		user++;
	return copy_user(user, ret);
}

static int
find_uid(void *context, uid_t uid, struct account *ret)
{
	struct fake *fake = context;
	const struct fake_user *user = fake->users;
	int r = ask(fake, FAKE_FIND_UID, NULL, 0);

	if (r < 0)
		return r;
	while (user->name != NULL && user->uid != uid)
		user++;
	return copy_user(user, ret);
}

static int
copy_group(const struct fake_group *group, const char *user,
	struct group_record *ret)
{
	char *name = strdup(group->name);

	if (name == NULL)
		return -ENOMEM;
	*ret = (struct group_record){
		.name = name,
		.gid = group->gid,
		.lists_user = !group->hides_members &&
			has_member(group->members, user),
	};
	return 0;
}

static int
find_group(void *context, const char *name, const char *user,
	struct group_record *ret)
{
	struct fake *fake = context;
	int r = ask(fake, FAKE_FIND_GROUP, name, 0);

	if (r < 0)
		return r;
	for (const struct fake_group *group = fake->groups; group->name != NULL;
		group++) {
		if (group->name[0] != '\0' &&
			is_called(name, group->name, group->spelling))
			return copy_group(group, user, ret);
	}
	return -ENOENT;
}

static const struct fake_group *
group_of_gid(const struct fake *fake, gid_t gid)
{
	for (const struct fake_group *group = fake->groups; group->name != NULL;
		group++) {
		if (group->name[0] != '\0' && group->gid == gid)
			return group;
	}
	return NULL;
}

static int
find_gid(void *context, gid_t gid, const char *user, struct group_record *ret)
{
	struct fake *fake = context;
	const struct fake_group *group = group_of_gid(fake, gid);
	int r = ask(fake, FAKE_FIND_GID, NULL, gid);

	if (r < 0)
		return r;
	return group != NULL ? copy_group(group, user, ret) : -ENOENT;
}

static bool
has_gid(const gid_t *gids, size_t count, gid_t gid)
{
	for (size_t i = 0; i < count; i++) {
		if (gids[i] == gid)
			return true;
	}
	return false;
}

static int
list_gids(void *context, const char *user, gid_t primary, gid_t **ret,
	size_t *count)
{
	struct fake *fake = context;
	size_t n = 0, room = 1;
	gid_t *gids;
	int r = ask(fake, FAKE_LIST_GIDS, user, 0);

	if (r < 0)
		return r;
	for (const struct fake_group *group = fake->groups; group->name != NULL;
		group++)
		room++;
	gids = malloc(2 * room * sizeof(*gids));
	if (gids == NULL)
		return -ENOMEM;
	gids[n++] = primary;
	for (const struct fake_group *group = fake->groups; group->name != NULL;
		group++) {
		if (has_member(group->members, user) &&
			!has_gid(gids, n, group->gid))
			gids[n++] = group->gid;
	}
	if (fake->lists_twice) {
		memcpy(gids + n, gids, n * sizeof(*gids));
		n *= 2;
	}
	*ret = gids;
	*count = n;
	return 0;
}

struct facts
fake_facts(struct fake *fake)
{
	return (struct facts){
		.find_user = find_user,
		.find_uid = find_uid,
		.find_group = find_group,
		.find_gid = find_gid,
		.list_gids = list_gids,
		.context = fake,
	};
}

static bool
is_name_of_gid(const struct fake *fake, gid_t gid, const char *name)
{
	const struct fake_group *group = group_of_gid(fake, gid);

	return group != NULL && strcmp(group->name, name) == 0;
}

bool
fake_is_member(const struct fake *fake, const char *user, const char *name)
{
	for (const struct fake_user *u = fake->users; u->name != NULL; u++) {
		if (strcmp(u->name, user) == 0 &&
			is_name_of_gid(fake, u->gid, name))
			return true;
	}
	for (const struct fake_group *group = fake->groups; group->name != NULL;
		group++) {
		if (has_member(group->members, user) &&
			is_name_of_gid(fake, group->gid, name))
			return true;
	}
	return false;
}

unsigned int
fake_group_lookups(const struct fake *fake)
{
	return fake->calls[FAKE_FIND_GROUP] + fake->calls[FAKE_FIND_GID];
}

/* --- Trees ---------------------------------------------------------------- */

/* The trees of the test that runs. */
static struct {
	char names[8][1024];
	size_t count;
} roots;

/* Fails the test with what the system says. */
static void
check(bool is_good, const char *what, const char *path)
{
	if (is_good)
		return;
	print_error("%s %s: %s\n", what, path, strerror(errno));
	fail();
}

const char *
fake_root(const char *parent)
{
	const char *directory = parent ? parent : getenv("TMPDIR");
	char *name;

	if (directory == NULL || directory[0] == '\0')
		directory = "/tmp";
	assert_true(roots.count < countof(roots.names));
	name = roots.names[roots.count];
	snprintf(name, sizeof(roots.names[0]), "%s/virturi-test.XXXXXX",
		directory);
	if (mkdtemp(name) == NULL) {
		check(parent != NULL, "mkdtemp", name);
		return NULL;
	}
	roots.count++;
	check(chmod(name, 0755) == 0, "chmod", name);
	return name;
}

const char *
fake_path(const char *root, const char *path)
{
	static char paths[4][2048];
	static unsigned int next;
	char *here = paths[next++ % countof(paths)];

	snprintf(here, sizeof(paths[0]), "%s/%s", root, path);
	return here;
}

static void
make_parents(const char *root, const char *path)
{
	char above[1024];

	for (const char *slash = strchr(path, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		const char *full;

		snprintf(above, sizeof(above), "%.*s", (int)(slash - path),
			path);
		full = fake_path(root, above);
		if (mkdir(full, 0755) == 0)
			check(chmod(full, 0755) == 0, "chmod", full);
		else
			check(errno == EEXIST, "mkdir", full);
	}
}

static void
make_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	check(file != NULL, "fopen", path);
	if (text != NULL)
		check(fputs(text, file) >= 0, "write", path);
	check(fclose(file) == 0, "close", path);
}

void
fake_make(const char *root, const struct fake_node *node)
{
	mode_t mode = node->mode;
	const char *path;

	make_parents(root, node->path);
	path = fake_path(root, node->path);
	switch (node->type) {
	case FAKE_FILE:
		make_file(path, node->text);
		break;
	case FAKE_DIRECTORY:
		check(mkdir(path, 0755) == 0 || errno == EEXIST, "mkdir", path);
		break;
	case FAKE_FIFO:
		check(mkfifo(path, 0644) == 0, "mkfifo", path);
		break;
	case FAKE_LINK:
		check(symlink(node->text, path) == 0, "symlink", path);
		return; /* it has no mode of its own */
	}
	if (mode == 0)
		mode = node->type == FAKE_DIRECTORY ? 0755 : 0644;
	check(chmod(path, mode) == 0, "chmod", path);
}

void
fake_write(const char *root, const char *path, const char *text)
{
	fake_make(root, &(struct fake_node){ .path = path, .text = text });
}

/* Where the test was before fake_enter(); -1: still there. */
static int before_fd = -1;

void
fake_enter(const char *root)
{
	assert_int_equal(before_fd, -1);
	before_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	check(before_fd >= 0, "open", ".");
	check(chdir(root) == 0, "chdir", root);
}

static int
leave(void)
{
	int r = before_fd < 0 ? 0 : fchdir(before_fd);

	if (before_fd >= 0)
		close(before_fd);
	before_fd = -1;
	return r;
}

struct policy_where
fake_where(const char *root)
{
	return (struct policy_where){
		.layers = {
			[LAYER_VENDOR] = "/usr/share/virturi",
			[LAYER_RUN] = "/run/virturi",
			[LAYER_ADMIN] = "/etc/security",
		},
		.root = root,
	};
}

struct policy *
fake_load(const char *root)
{
	struct policy_where where = fake_where(root);
	struct policy *policy = NULL;

	assert_int_equal(policy_load(&where, &policy), 0);
	return policy;
}

struct policy *
fake_policy(const char *text)
{
	const char *root = fake_root(NULL);

	fake_write(root, "etc/security/virturi.conf", text);
	return fake_load(root);
}

bool
fake_become_nobody(void)
{
	if (geteuid() != 0)
		return false;
	check(seteuid(FAKE_NOBODY) == 0, "seteuid", "65534");
	return true;
}

void
fake_back(void)
{
	if (geteuid() != getuid())
		check(seteuid(getuid()) == 0, "seteuid", "back");
}

bool
fake_has_openat2(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != ENOSYS;
}

size_t
fake_descriptors(void)
{
	DIR *list = opendir("/proc/self/fd");
	size_t count = 0;

	check(list != NULL, "opendir", "/proc/self/fd");
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): checked */
	while (readdir(list) != NULL)
		count++;
	closedir(list);
	return count;
}

/* RLIMIT_NOFILE as it was; 0: it has not been changed. */
static rlim_t limit_before;

static void
set_limit(rlim_t limit)
{
	struct rlimit now;

	check(getrlimit(RLIMIT_NOFILE, &now) == 0, "getrlimit", "");
	if (limit_before == 0)
		limit_before = now.rlim_cur;
	now.rlim_cur = limit;
	check(setrlimit(RLIMIT_NOFILE, &now) == 0, "setrlimit", "");
}

void
fake_limit(unsigned int more)
{
	int limit = 0;

	/* up to the first free one, and so many free ones more */
	while (fcntl(limit, F_GETFD) >= 0)
		limit++;
	for (; more > 0; limit++)
		more -= fcntl(limit, F_GETFD) < 0;
	set_limit((rlim_t)limit);
}

void
fake_unlimit(void)
{
	if (limit_before != 0)
		set_limit(limit_before);
	limit_before = 0;
}

static int
remove_one(
	const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

/* Directories first, so that what is in them can be removed. */
static int
open_up(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)walk;
	if (type == FTW_D || type == FTW_DNR)
		return chmod(path, status->st_mode | 0700);
	return 0;
}

static int
clean_up(void **state)
{
	(void)state;
	fake_back();
	fake_unlimit();
	if (leave() < 0)
		return -1;
	while (roots.count > 0) {
		const char *name = roots.names[--roots.count];

		(void)nftw(name, open_up, 16, FTW_PHYS);
		if (nftw(name, remove_one, 16, FTW_PHYS | FTW_DEPTH) < 0)
			return -1;
	}
	return 0;
}

/* --- Tables --------------------------------------------------------------- */

void
fake_assert_says(const char *text, const char *part)
{
	if (text != NULL && strstr(text, part) != NULL)
		return;
	print_error("'%s' does not say '%s'\n", text ? text : "(null)", part);
	fail();
}

void
fake_assert_between(size_t value, size_t least, size_t most)
{
	if (value >= least && value <= most)
		return;
	print_error("%zu is not in %zu..%zu\n", value, least, most);
	fail();
}

/* Steele, Lea, Flood: "Fast splittable pseudorandom number generators" */
uint32_t
fake_random(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return (uint32_t)(z >> 32);
}

/* Takes over the name. */
static void
append(struct suite *suite, char *name, CMUnitTestFunction test, void *row)
{
	suite->tests = realloc(
		suite->tests, (suite->count + 1) * sizeof(*suite->tests));
	if (suite->tests == NULL || name == NULL)
		abort();
	suite->tests[suite->count++] = (struct CMUnitTest){
		.name = name,
		.test_func = test,
		.teardown_func = clean_up,
		.initial_state = row,
	};
}

void
suite_add(struct suite *suite, const char *table, CMUnitTestFunction test,
	const void *rows, size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		const char *row = (const char *)rows + i * size;
		const char *name;
		char *full;

		memcpy(&name, row, sizeof(name));
		if (asprintf(&full, "%s: %s", table, name) < 0)
			full = NULL;
		/* a test's state is not const, but nobody writes to rows */
		append(suite, full, test, (void *)(uintptr_t)row);
	}
}

void
suite_add_one(struct suite *suite, const char *name, CMUnitTestFunction test)
{
	append(suite, strdup(name), test, NULL);
}

int
suite_run(struct suite *suite, const char *name)
{
	int failed = _cmocka_run_group_tests(
		name, suite->tests, suite->count, NULL, NULL);

	for (size_t i = 0; i < suite->count; i++)
		free((void *)(uintptr_t)suite->tests[i].name);
	free(suite->tests);
	*suite = (struct suite){ 0 };
	return failed == 0 ? 0 : 1;
}
