/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../policy/trust.h"
#include "alloc.h"

#define VENDOR "usr/share/virturi/virturi.conf"
#define RUN    "run/virturi/virturi.conf"
#define ADMIN  "etc/security/virturi.conf"

#define RULE(name) "[user " name "]\nuri = none\n"

/* --- What a policy is, as text -------------------------------------------- */

static const char *const state_names[] = {
	[FILE_IN_FORCE] = "in force",
	[FILE_MASK] = "mask",
	[FILE_REPLACED] = "replaced",
	[FILE_MASKED] = "masked",
	[FILE_REFUSED] = "refused",
	[FILE_UNREADABLE] = "unreadable",
};

/* The path without the root and without what all of them have. */
static const char *
short_path(const char *path, const char *root)
{
	if (root != NULL && strncmp(path, root, strlen(root)) == 0)
		path += strlen(root);
	return *path == '/' ? path + 1 : path;
}

/* Each file and its state on a line; of a hidden one, by what. */
static void
format_files(
	const struct policy *policy, const char *root, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < policy->n_files; i++) {
		const struct policy_file *file = &policy->files[i];
		size_t used = strlen(out);

		snprintf(out + used, size - used, "%s: %s%s%s\n",
			short_path(file->path, root), state_names[file->state],
			file->by ? " by " : "",
			file->by ? short_path(file->by->path, root) : "");
	}
}

/* The headers in deciding order, a blank between them. */
static void
format_rules(const struct policy *policy, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < policy->n_rules; i++) {
		char *header = rule_format_header(policy->rules[i]);
		size_t used = strlen(out);

		assert_non_null(header);
		snprintf(out + used, size - used, "%s%s", i > 0 ? " " : "",
			header);
		free(header);
	}
}

/* --- Layers, names, trust ------------------------------------------------- */

static const struct row {
	const char *name;
	struct fake_node nodes[7];
	const char *files; /* NULL: not asked */
	const char *rules; /* NULL: the policy is unusable */
	const char *says; /* a part of the first remark */
	const char *about; /* what that remark is about; NULL: not asked */
	bool needs_openat2; /* without it links lead out of the tree */
} rows[] = {
	{ "no file anywhere", { { 0 } }, "", "" },
	{ "directories without files",
		{ { "etc/security", .type = FAKE_DIRECTORY },
			{ "run/virturi/virturi.conf.d",
				.type = FAKE_DIRECTORY } },
		"", "" },
	{ "the vendor's", { { VENDOR, RULE("v") } }, VENDOR ": in force\n",
		"[user v]" },
	{ "the run layer's", { { RUN, RULE("r") } }, RUN ": in force\n",
		"[user r]" },
	{ "the admin's", { { ADMIN, RULE("a") } }, ADMIN ": in force\n",
		"[user a]" },
	{ "the highest layer's main file",
		{ { VENDOR, RULE("v") }, { RUN, RULE("r") },
			{ ADMIN, RULE("a") } },
		ADMIN ": in force\n" RUN ": replaced by " ADMIN "\n" VENDOR
		      ": replaced by " ADMIN "\n",
		"[user a]" },
	{ "the run layer before the vendor's",
		{ { VENDOR, RULE("v") }, { RUN, RULE("r") } },
		RUN ": in force\n" VENDOR ": replaced by " RUN "\n",
		"[user r]" },
	{ "a replaced file is neither read nor judged",
		{ { VENDOR, "\xef\xbb\xbf[", .mode = 0666 },
			{ RUN, NULL, FAKE_FIFO }, { ADMIN, RULE("a") },
			{ "usr/share/virturi", NULL, FAKE_DIRECTORY, 0777 } },
		NULL, "[user a]" },

	{ "a drop-in", { { ADMIN ".d/50-site.conf", RULE("s") } },
		ADMIN ".d/50-site.conf: in force\n", "[user s]" },
	{ "a drop-in beside the vendor's main file",
		{ { VENDOR, RULE("v") },
			{ ADMIN ".d/50-site.conf", RULE("s") } },
		VENDOR ": in force\n" ADMIN ".d/50-site.conf: in force\n",
		"[user s] [user v]" },
	{ "by basename, whatever the layer",
		{ { ADMIN ".d/10-a.conf", RULE("10") },
			{ VENDOR ".d/20-v.conf", RULE("20") },
			{ RUN ".d/30-r.conf", RULE("30") },
			{ ADMIN ".d/40-a.conf", RULE("40") },
			{ ADMIN, RULE("main") } },
		ADMIN ": in force\n" ADMIN ".d/10-a.conf: in force\n" VENDOR
		      ".d/20-v.conf: in force\n" RUN
		      ".d/30-r.conf: in force\n" ADMIN
		      ".d/40-a.conf: in force\n",
		"[user 40] [user 30] [user 20] [user 10] [user main]" },
	{ "by basename, bytewise",
		{ { ADMIN ".d/a.conf", RULE("a") },
			{ ADMIN ".d/B.conf", RULE("B") },
			{ ADMIN ".d/10.conf", RULE("10") },
			{ ADMIN ".d/9.conf", RULE("9") },
			{ ADMIN ".d/\xc3\xa4.conf", RULE("ae") } },
		NULL, "[user ae] [user a] [user B] [user 9] [user 10]" },
	{ "of one basename the highest layer's",
		{ { VENDOR ".d/50-x.conf", RULE("v") },
			{ RUN ".d/50-x.conf", RULE("r") },
			{ ADMIN ".d/50-x.conf", RULE("a") } },
		ADMIN ".d/50-x.conf: in force\n" RUN
		      ".d/50-x.conf: replaced by " ADMIN ".d/50-x.conf\n" VENDOR
		      ".d/50-x.conf: replaced by " ADMIN ".d/50-x.conf\n",
		"[user a]" },
	{ "a drop-in may be called like the main file",
		{ { VENDOR, RULE("v") },
			{ ADMIN ".d/virturi.conf", RULE("d") } },
		VENDOR ": in force\n" ADMIN ".d/virturi.conf: in force\n",
		"[user d] [user v]" },
	{ "dotfiles and other names do not count",
		{ { ADMIN ".d/.50.conf", RULE("dot") },
			{ ADMIN ".d/.conf", RULE("bare") },
			{ ADMIN ".d/50.conf~", RULE("tilde") },
			{ ADMIN ".d/50.conf.rpmnew", RULE("rpmnew") },
			{ ADMIN ".d/README", "nothing to read" },
			{ ADMIN ".d/50.CONF", RULE("capitals") } },
		"", "" },
	{ "a blank in a name", { { ADMIN ".d/a b.conf", RULE("a") } }, NULL,
		"[user a]" },
	{ "kinds before files, files before lines",
		{ { VENDOR,
			  "[others]\nuri = none\n[group a]\nuri = none\n"
			  "[gid 1]\nuri = none\n[user a]\nuri = none\n" },
			{ ADMIN ".d/1.conf",
				"[others]\nuri = none\n[gid 2]\nuri = none\n"
				"[group b]\nuri = none\n" RULE("b") } },
		NULL,
		"[user b] [user a] [gid 2] [group b] [group a] [gid 1] "
		"[others] [others]" },

	{ "zero bytes mask the main file",
		{ { VENDOR, RULE("v") }, { ADMIN, NULL },
			{ RUN ".d/1.conf", RULE("1") } },
		ADMIN ": mask\n" VENDOR ": masked by " ADMIN "\n" RUN
		      ".d/1.conf: in force\n",
		"[user 1]" },
	{ "zero bytes mask a drop-in",
		{ { VENDOR, RULE("v") }, { VENDOR ".d/1.conf", RULE("1") },
			{ ADMIN ".d/1.conf", NULL } },
		VENDOR ": in force\n" ADMIN ".d/1.conf: mask\n" VENDOR
		       ".d/1.conf: masked by " ADMIN ".d/1.conf\n",
		"[user v]" },
	{ "zero bytes with nothing below", { { ADMIN, NULL } },
		ADMIN ": mask\n", "" },
	{ "a mask in the middle is replaced",
		{ { VENDOR, RULE("v") }, { RUN, NULL }, { ADMIN, RULE("a") } },
		ADMIN ": in force\n" RUN ": replaced by " ADMIN "\n" VENDOR
		      ": replaced by " ADMIN "\n",
		"[user a]" },
	{ "a masked file is neither read nor judged",
		{ { VENDOR, "[", .mode = 0666 }, { ADMIN, NULL } }, NULL, "" },
	{ "a mask is judged", { { ADMIN, NULL, .mode = 0666 } }, NULL, NULL,
		"chmod go-w", ADMIN },
	{ "a newline is no mask", { { VENDOR, RULE("v") }, { ADMIN, "\n" } },
		ADMIN ": in force\n" VENDOR ": replaced by " ADMIN "\n", "" },
	{ "a comment is no mask", { { ADMIN, "# nothing\n" } },
		ADMIN ": in force\n", "" },
	{ "a link to /dev/null masks, without a /dev",
		{ { VENDOR, RULE("v") }, { ADMIN, "/dev/null", FAKE_LINK } },
		ADMIN ": mask\n" VENDOR ": masked by " ADMIN "\n", "" },
	{ "a link to /dev/null masks a drop-in",
		{ { VENDOR ".d/1.conf", RULE("1") },
			{ RUN ".d/1.conf", "/dev/null", FAKE_LINK } },
		RUN ".d/1.conf: mask\n" VENDOR ".d/1.conf: masked by " RUN
		    ".d/1.conf\n",
		"" },
	{ "a link to what begins like /dev/null",
		{ { ADMIN, "/dev/nullx", FAKE_LINK } }, NULL, NULL, "link",
		ADMIN },
	{ "a mask in a directory that is not trusted",
		{ { VENDOR, RULE("v") }, { ADMIN, "/dev/null", FAKE_LINK },
			{ "etc/security", NULL, FAKE_DIRECTORY, 0775 } },
		NULL, NULL, "chmod g-w", "etc/security" },

	{ "a FIFO", { { ADMIN, NULL, FAKE_FIFO } }, ADMIN ": refused\n", NULL,
		"not a regular file", ADMIN },
	{ "a FIFO for a drop-in", { { ADMIN ".d/1.conf", NULL, FAKE_FIFO } },
		ADMIN ".d/1.conf: refused\n", NULL, "not a regular file",
		ADMIN ".d/1.conf" },
	{ "a link to a FIFO",
		{ { "etc/security/fifo", NULL, FAKE_FIFO },
			{ ADMIN, "fifo", FAKE_LINK } },
		ADMIN ": refused\n", NULL, "not a regular file", ADMIN },
	{ "a directory", { { ADMIN, NULL, FAKE_DIRECTORY } },
		ADMIN ": refused\n", NULL, "directory", ADMIN },
	{ "a directory for a drop-in",
		{ { ADMIN ".d/1.conf", NULL, FAKE_DIRECTORY } },
		ADMIN ".d/1.conf: refused\n", NULL, "directory",
		ADMIN ".d/1.conf" },
	{ "a dangling link", { { ADMIN, "nowhere", FAKE_LINK } },
		ADMIN ": refused\n", NULL, "leads nowhere", ADMIN },
	{ "a dangling link for a drop-in",
		{ { VENDOR, RULE("v") },
			{ ADMIN ".d/1.conf", "../nowhere", FAKE_LINK } },
		VENDOR ": in force\n" ADMIN ".d/1.conf: refused\n", NULL,
		"leads nowhere", ADMIN ".d/1.conf" },
	{ "a dangling link hides what is below",
		{ { VENDOR, RULE("v") }, { ADMIN, "nowhere", FAKE_LINK } },
		NULL, NULL, "leads nowhere", ADMIN },
	{ "a link to itself", { { ADMIN, "virturi.conf", FAKE_LINK } },
		ADMIN ": refused\n", NULL, "leads nowhere", ADMIN },
	{ "a dangling link that is replaced",
		{ { VENDOR, "nowhere", FAKE_LINK }, { ADMIN, RULE("a") } },
		NULL, "[user a]" },
	{ "a file where the drop-ins' directory should be",
		{ { VENDOR, RULE("v") }, { ADMIN ".d", RULE("d") } }, NULL,
		NULL, "not a directory", ADMIN ".d" },
	{ "a file where a layer should be",
		{ { VENDOR, RULE("v") }, { "etc/security", "" } }, NULL, NULL,
		"not a directory", "etc/security" },
	{ "a layer that is a dangling link",
		{ { VENDOR, RULE("v") },
			{ "etc/security", "nowhere", FAKE_LINK } },
		NULL, NULL, "", "etc/security" },
	{ "a drop-in directory that is a dangling link",
		{ { VENDOR, RULE("v") }, { ADMIN ".d", "nowhere", FAKE_LINK } },
		NULL, NULL, "", ADMIN ".d" },

	{ "a link to a file",
		{ { "etc/virturi/site", RULE("s") },
			{ ADMIN, "../virturi/site", FAKE_LINK } },
		ADMIN ": in force\n", "[user s]" },
	{ "a link to a file, absolute, stays in the tree",
		{ { "etc/virturi/site", RULE("s") },
			{ ADMIN, "/etc/virturi/site", FAKE_LINK } },
		ADMIN ": in force\n", "[user s]", .needs_openat2 = true },
	{ "a link cannot climb out of the tree",
		{ { "etc/virturi/site", RULE("s") },
			{ ADMIN, "../../../../../../../../etc/virturi/site",
				FAKE_LINK } },
		ADMIN ": in force\n", "[user s]", .needs_openat2 = true },
	{ "a link to a file of the host is dangling",
		{ { ADMIN, "/etc/passwd", FAKE_LINK } }, ADMIN ": refused\n",
		NULL, "leads nowhere", ADMIN, .needs_openat2 = true },
	{ "a link to a file others can write",
		{ { "etc/virturi/site", RULE("s"), .mode = 0646 },
			{ ADMIN, "../virturi/site", FAKE_LINK } },
		NULL, NULL, "etc/virturi/site: writable by everybody: chmod",
		ADMIN },
	{ "where a link leads the directory is not judged",
		{ { "etc/virturi/site", RULE("s") },
			{ ADMIN, "../virturi/site", FAKE_LINK },
			{ "etc/virturi", NULL, FAKE_DIRECTORY, 0777 } },
		NULL, "[user s]" },
	{ "a drop-in directory that is a link",
		{ { "srv/policy/1.conf", RULE("1") },
			{ ADMIN ".d", "../../srv/policy", FAKE_LINK } },
		ADMIN ".d/1.conf: in force\n", "[user 1]" },
	{ "a drop-in directory that is a link, to one others can write",
		{ { "srv/policy/1.conf", RULE("1") },
			{ ADMIN ".d", "../../srv/policy", FAKE_LINK },
			{ "srv/policy", NULL, FAKE_DIRECTORY, 0775 } },
		NULL, NULL, "chmod g-w", ADMIN ".d" },
	{ "a layer that is an absolute link",
		{ { "srv/policy/virturi.conf", RULE("s") },
			{ "etc/security", "/srv/policy", FAKE_LINK } },
		NULL, "[user s]", .needs_openat2 = true },

	{ "a file its group can write", { { ADMIN, RULE("a"), .mode = 0664 } },
		ADMIN ": refused\n", NULL, "writable by its group: chmod g-w ",
		ADMIN },
	{ "a file everybody can write", { { ADMIN, RULE("a"), .mode = 0666 } },
		ADMIN ": refused\n", NULL, "writable by everybody: chmod go-w ",
		ADMIN },
	{ "a file all but its group can write",
		{ { ADMIN, RULE("a"), .mode = 0646 } }, NULL, NULL,
		"chmod go-w ", ADMIN },
	{ "a drop-in its group can write",
		{ { VENDOR, RULE("v") },
			{ ADMIN ".d/1.conf", RULE("1"), .mode = 0664 } },
		VENDOR ": in force\n" ADMIN ".d/1.conf: refused\n", NULL,
		"chmod g-w ", ADMIN ".d/1.conf" },
	{ "a name that a shell would obey, in its cure",
		{ { ADMIN ".d/1;reboot;.conf", RULE("1"), .mode = 0664 } },
		NULL, NULL, "d/1;reboot;.conf'", ADMIN ".d/1;reboot;.conf" },
	{ "a directory its group can write",
		{ { ADMIN, RULE("a") },
			{ "etc/security", NULL, FAKE_DIRECTORY, 0775 } },
		NULL, NULL, "writable by its group: chmod g-w ",
		"etc/security" },
	{ "a drop-in directory everybody can write",
		{ { ADMIN ".d/1.conf", RULE("1") },
			{ ADMIN ".d", NULL, FAKE_DIRECTORY, 0777 } },
		NULL, NULL, "writable by everybody: chmod go-w ", ADMIN ".d" },
	{ "a sticky directory everybody can write",
		{ { ADMIN, RULE("a") },
			{ "etc/security", NULL, FAKE_DIRECTORY, 01777 } },
		NULL, NULL, "writable by everybody", "etc/security" },
	{ "a sticky directory its group can write",
		{ { ADMIN, RULE("a") },
			{ "etc/security", NULL, FAKE_DIRECTORY, 01775 } },
		NULL, NULL, "writable by its group: chmod g-w ",
		"etc/security" },
	{ "a directory others can write, without files of ours",
		{ { VENDOR, RULE("v") },
			{ "etc/security", NULL, FAKE_DIRECTORY, 0777 } },
		NULL, "[user v]" },
	{ "the drop-ins' directory is not the main file's",
		{ { ADMIN, RULE("a") }, { VENDOR ".d/1.conf", RULE("1") },
			{ "usr/share/virturi", NULL, FAKE_DIRECTORY, 0777 } },
		NULL, "[user 1] [user a]" },
	{ "directories above are not judged below a root",
		{ { ADMIN, RULE("a") }, { "etc", NULL, FAKE_DIRECTORY, 0777 } },
		NULL, "[user a]" },
	{ "setgid directories are no criterion",
		{ { ADMIN, RULE("a") },
			{ "etc/security", NULL, FAKE_DIRECTORY, 02755 } },
		NULL, "[user a]" },
	{ "a file only its owner can read",
		{ { ADMIN, RULE("a"), .mode = 0600 } }, NULL, "[user a]" },
	{ "an executable file", { { ADMIN, RULE("a"), .mode = 0755 } }, NULL,
		"[user a]" },

	{ "a mistake of form", { { ADMIN, "[foo]\n" } }, NULL, NULL,
		"unknown header", ADMIN },
	{ "a mistake of form in one file of many",
		{ { VENDOR, RULE("v") }, { RUN ".d/1.conf", RULE("1") },
			{ ADMIN ".d/2.conf", "uri = none\n" } },
		NULL, NULL, "text before the first header", ADMIN ".d/2.conf" },
	{ "a mistake in a rule is not one of the file",
		{ { ADMIN, "[user a]\nfoo\n" } }, NULL, "[user a]" },
};

static void
check_about(const struct policy *policy, const char *root, const char *about)
{
	const struct remark *remark = &policy->remarks.list[0];

	assert_int_equal(remark->severity, REMARK_ERROR);
	assert_non_null(remark->path);
	assert_string_equal(short_path(remark->path, root), about);
}

/* A refusal ends in its cure, of the very path or where it leads. */
static void
check_cure(const struct policy *policy)
{
	const struct remark *remark = &policy->remarks.list[0];
	const char *cure = strstr(remark->text, "chmod");

	if (cure != NULL && strncmp(remark->text, "a link to ", 10) != 0)
		fake_assert_says(cure, remark->path);
}

static void
check_row(const struct row *row, const struct policy *policy, const char *root)
{
	char text[2048];

	if (policy->remarks.count > 0 && row->rules != NULL)
		assert_string_equal(policy->remarks.list[0].text, "");
	assert_int_equal(policy->is_usable, row->rules != NULL);
	if (row->files != NULL) {
		format_files(policy, root, text, sizeof(text));
		assert_string_equal(text, row->files);
	}
	if (row->rules != NULL) {
		format_rules(policy, text, sizeof(text));
		assert_string_equal(text, row->rules);
		return;
	}
	assert_true(policy->remarks.count > 0);
	fake_assert_says(policy->remarks.list[0].text, row->says);
	if (row->about != NULL)
		check_about(policy, root, row->about);
	check_cure(policy);
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	const char *root = fake_root(NULL);
	size_t descriptors = fake_descriptors();
	struct policy *policy;

	for (const struct fake_node *node = row->nodes; node->path != NULL;
		node++)
		fake_make(root, node);
	policy = fake_load(root);
	assert_int_equal(fake_descriptors(), descriptors);
	if (row->needs_openat2 && !fake_has_openat2())
		/* the link leads where it leads on this host: out of here */
		assert_false(policy->is_usable && policy->n_rules > 0);
	else
		check_row(row, policy, root);
	policy_free(policy);
}

/* --- Roots ---------------------------------------------------------------- */

static const struct root_row {
	const char *name, *format; /* of the root; %s: the tree */
	const char *about; /* what files are called below it; %s likewise */
} root_rows[] = {
	{ "a slash at the end", "%s/", "%s/" ADMIN },
	{ "slashes at the end", "%s//", NULL },
	{ "a dot at the end", "%s/.", "%s/./" ADMIN },
	{ "through a link", "%s/etc/../link", NULL },
};

static void
test_root(void **state)
{
	const struct root_row *row = *state;
	const char *root = fake_root(NULL);
	struct policy *policy;
	char below[2048], name[2048];

	fake_write(root, ADMIN, RULE("a"));
	fake_make(root, &(struct fake_node){ "link", ".", FAKE_LINK });
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(below, sizeof(below), row->format, root);
	policy = fake_load(below);
	assert_true(policy->is_usable);
	assert_int_equal(policy->n_rules, 1);
	if (row->about != NULL) {
		snprintf(name, sizeof(name), row->about, root);
		assert_string_equal(policy->files[0].path, name);
	}
#pragma GCC diagnostic pop
	policy_free(policy);
}

static const struct no_root_row {
	const char *name, *root, *says;
} no_root_rows[] = {
	{ "a root that is not there", "/nonexistent/root", "No such file" },
	{ "a root that is a file", "/etc/passwd", "Not a directory" },
	{ "an empty root", "", "No such file" },
};

static void
test_no_root(void **state)
{
	const struct no_root_row *row = *state;
	struct policy *policy = fake_load(row->root);

	assert_false(policy->is_usable);
	fake_assert_says(policy->remarks.list[0].text, row->says);
	policy_free(policy);
}

/* Relative to where one is, as in `--root .`. */
static void
test_relative_root(void **state)
{
	const char *root = fake_root(NULL);
	struct policy *policy;

	(void)state;
	fake_write(root, ADMIN, RULE("a"));
	fake_enter(root);
	policy = fake_load(".");
	assert_true(policy->is_usable);
	assert_int_equal(policy->n_rules, 1);
	assert_string_equal(policy->files[0].path, "./" ADMIN);
	policy_free(policy);
}

/* An empty directory leaves its layer out. */
static void
test_layers_left_out(void **state)
{
	const char *root = fake_root(NULL);
	struct policy_where where = fake_where(root);
	struct policy *policy = NULL;
	char rules[64];

	(void)state;
	fake_write(root, VENDOR, RULE("v"));
	fake_write(root, RUN ".d/1.conf", RULE("r"));
	fake_write(root, ADMIN, RULE("a"));
	where.layers[LAYER_ADMIN] = "";
	where.layers[LAYER_RUN] = NULL;
	assert_int_equal(policy_load(&where, &policy), 0);
	assert_true(policy->is_usable);
	format_rules(policy, rules, sizeof(rules));
	assert_string_equal(rules, "[user v]");
	policy_free(policy);
	where.layers[LAYER_VENDOR] = NULL;
	assert_int_equal(policy_load(&where, &policy), 0);
	assert_true(policy->is_usable);
	assert_int_equal(policy->n_files, 0);
	policy_free(policy);
	policy_free(NULL);
}

static void
test_installed(void **state)
{
	(void)state;
	assert_string_equal(
		policy_installed.layers[LAYER_VENDOR], VENDORCONFDIR);
	assert_string_equal(policy_installed.layers[LAYER_RUN], RUNCONFDIR);
	assert_string_equal(policy_installed.layers[LAYER_ADMIN], CONFDIR);
	assert_null(policy_installed.root);
	assert_null(policy_installed.file);
}

/* --- Sizes ---------------------------------------------------------------- */

static const struct size_row {
	const char *name;
	size_t size;
	bool is_good;
} size_rows[] = {
	{ "4095 bytes", 4095, true },
	{ "4096 bytes", 4096, true },
	{ "4097 bytes", 4097, true },
	{ "1 MiB", 1048576, true },
	{ "1 MiB and a byte", 1048577, false },
	{ "2 MiB", 2097152, false },
};

static void
test_size(void **state)
{
	const struct size_row *row = *state;
	const char *root = fake_root(NULL);
	char *text = malloc(row->size + 1);
	struct policy *policy;
	char files[2048];

	assert_non_null(text);
	memset(text, '\n', row->size);
	text[row->size] = '\0';
	memcpy(text + row->size - 22, "[user a]\nuri = none  \n", 22);
	fake_write(root, ADMIN, text);
	free(text);
	policy = fake_load(root);
	assert_int_equal(policy->is_usable, row->is_good);
	format_files(policy, root, files, sizeof(files));
	if (row->is_good) {
		assert_int_equal(policy->n_rules, 1);
		assert_string_equal(files, ADMIN ": in force\n");
	} else {
		fake_assert_says(policy->remarks.list[0].text, "1 MiB");
		fake_assert_says(policy->remarks.list[0].text, "drop-ins");
		assert_string_equal(files, ADMIN ": refused\n");
	}
	policy_free(policy);
}

static const struct count_row {
	const char *name;
	unsigned int files, rules; /* in each */
	bool is_good;
} count_rows[] = {
	{ "1000 rules", 1, 1000, true },
	{ "1001 rules", 1, 1001, false },
	{ "1000 rules in each of three", 3, 1000, true },
	{ "100 drop-ins", 100, 3, true },
};

static void
test_count(void **state)
{
	const struct count_row *row = *state;
	const char *root = fake_root(NULL);
	char *text = malloc((size_t)row->rules * 32 + 1), path[64];
	struct policy *policy;
	size_t used = 0;

	assert_non_null(text);
	for (unsigned int i = 0; i < row->rules; i++)
		used += (size_t)sprintf(
			text + used, "[gid %u]\nuri = none\n", i);
	for (unsigned int i = 0; i < row->files; i++) {
		snprintf(path, sizeof(path), ADMIN ".d/%03u.conf", i);
		fake_write(root, path, text);
	}
	free(text);
	policy = fake_load(root);
	assert_int_equal(policy->is_usable, row->is_good);
	if (row->is_good) {
		assert_int_equal(policy->n_rules, row->files * row->rules);
	} else {
		fake_assert_says(
			policy->remarks.list[0].text, "more than 1000 rules");
		fake_assert_says(policy->remarks.list[0].text, "drop-ins");
	}
	policy_free(policy);
}

/* --- Owners --------------------------------------------------------------- */

static void
give(const char *root, const char *path, uid_t uid)
{
	assert_int_equal(lchown(fake_path(root, path), uid, (gid_t)-1), 0);
}

/* The layers of a tree, but as if they were the real ones. */
static struct policy *
load_as_real(const char *root)
{
	static char paths[LAYER_COUNT][2048];
	struct policy_where where = fake_where(NULL);
	struct policy *policy = NULL;

	for (int layer = 0; layer < LAYER_COUNT; layer++) {
		snprintf(paths[layer], sizeof(paths[layer]), "%s%s", root,
			where.layers[layer]);
		where.layers[layer] = paths[layer];
	}
	assert_int_equal(policy_load(&where, &policy), 0);
	return policy;
}

static void
check_owner_fault(const struct policy *policy, const char *path, uid_t uid)
{
	const char *text = policy->remarks.list[0].text;
	char want[4096];

	assert_false(policy->is_usable);
	snprintf(want, sizeof(want),
		"belongs to uid %lu, not to root: ", (unsigned long)uid);
	fake_assert_says(text, want);
	snprintf(want, sizeof(want), ": chown root %s", path);
	fake_assert_says(text, want);
	assert_string_equal(policy->remarks.list[0].path, path);
}

/* On the real root only root is an owner, whoever asks. */
static void
test_owner_real(void **state)
{
	const char *root = fake_root(NULL);
	struct policy *policy;

	(void)state;
	fake_write(root, ADMIN, RULE("a"));
	policy = load_as_real(root);
	if (geteuid() != 0) {
		check_owner_fault(
			policy, fake_path(root, "etc/security"), geteuid());
		policy_free(policy);
		return;
	}
	assert_true(policy->is_usable);
	assert_int_equal(policy->n_rules, 1);
	policy_free(policy);
	give(root, ADMIN, FAKE_NOBODY);
	policy = load_as_real(root);
	check_owner_fault(policy, fake_path(root, ADMIN), FAKE_NOBODY);
	policy_free(policy);
	assert_true(fake_become_nobody());
	if (eaccess(root, X_OK) == 0) {
		policy = load_as_real(root);
		check_owner_fault(policy, fake_path(root, ADMIN), FAKE_NOBODY);
		policy_free(policy);
	}
}

/* Below a root its owner and the effective user are owners as well. */
static void
test_owner_root(void **state)
{
	const char *root = fake_root(NULL);
	struct policy *policy;

	(void)state;
	fake_write(root, ADMIN, RULE("a"));
	policy = fake_load(root);
	assert_true(policy->is_usable);
	assert_int_equal(policy->n_rules, 1);
	policy_free(policy);
	if (geteuid() != 0)
		return; /* cannot make files of others; see test_owner_real */
	give(root, ADMIN, FAKE_NOBODY);
	policy = fake_load(root);
	check_owner_fault(policy, fake_path(root, ADMIN), FAKE_NOBODY);
	policy_free(policy);
	give(root, ADMIN, 0);
	give(root, "etc/security", FAKE_NOBODY);
	policy = fake_load(root);
	check_owner_fault(policy, fake_path(root, "etc/security"), FAKE_NOBODY);
	policy_free(policy);
	give(root, "", FAKE_NOBODY);
	policy = fake_load(root);
	assert_true(policy->is_usable); /* it is the root's owner's */
	policy_free(policy);
	give(root, ADMIN, FAKE_NOBODY - 1);
	policy = fake_load(root);
	check_owner_fault(policy, fake_path(root, ADMIN), FAKE_NOBODY - 1);
	policy_free(policy);
}

/* An ordinary user's file in a tree that is root's; as root only. */
static void
test_owner_caller(void **state)
{
	const char *root = fake_root(NULL);
	struct policy *policy;

	(void)state;
	fake_write(root, ADMIN, RULE("a"));
	if (geteuid() == 0)
		give(root, ADMIN, FAKE_NOBODY);
	fake_enter(root);
	fake_become_nobody();
	policy = fake_load(".");
	assert_true(policy->is_usable);
	assert_int_equal(policy->n_rules, 1);
	policy_free(policy);
}

/* A replaced file of somebody else's is not judged. */
static void
test_owner_replaced(void **state)
{
	const char *root = fake_root(NULL);
	struct policy *policy;

	(void)state;
	fake_write(root, VENDOR, RULE("v"));
	fake_write(root, ADMIN, RULE("a"));
	if (geteuid() == 0)
		give(root, VENDOR, FAKE_NOBODY);
	else
		fake_make(
			root, &(struct fake_node){ VENDOR, "", .mode = 0666 });
	policy = fake_load(root);
	assert_true(policy->is_usable);
	assert_int_equal(policy->n_rules, 1);
	policy_free(policy);
}

/* --- Permissions ---------------------------------------------------------- */

static const struct unreadable_row {
	const char *name;
	struct fake_node node;
} unreadable_rows[] = {
	{ "a file", { ADMIN, RULE("a"), FAKE_FILE, 0200 } },
	{ "a drop-in", { ADMIN ".d/1.conf", RULE("a"), FAKE_FILE, 0600 } },
	{ "a drop-in directory without r",
		{ ADMIN ".d", NULL, FAKE_DIRECTORY, 0311 } },
	{ "a drop-in directory without x",
		{ ADMIN ".d", NULL, FAKE_DIRECTORY, 0644 } },
	{ "a drop-in directory without both",
		{ ADMIN ".d", NULL, FAKE_DIRECTORY, 0700 } },
	{ "a main directory without x",
		{ "etc/security", NULL, FAKE_DIRECTORY, 0644 } },
	{ "a main directory without both",
		{ "etc/security", NULL, FAKE_DIRECTORY, 0700 } },
};

/* Does what the end of the remark says. */
static void
apply_cure(const struct remark *remark)
{
	const char *cure = strstr(remark->text, "chmod ");
	int status = 0;
	pid_t child;

	assert_non_null(cure);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", cure, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/*
 * A policy is public: who cannot read it is told how it becomes so, and then
 * it does. Owners without a permission are like nobody, so everyone can ask.
 */
static void
test_unreadable(void **state)
{
	const struct unreadable_row *row = *state;
	const char *root = fake_root(NULL);
	struct fake_node node = row->node;
	unsigned int cures = 0;
	struct policy *policy;

	fake_write(root, ADMIN ".d/1.conf", RULE("a"));
	if (geteuid() != 0) /* who is the owner: as it is for others */
		node.mode = (node.mode & 07) * 0111 | 0200;
	fake_make(root, &node);
	fake_enter(root);
	for (;;) {
		fake_become_nobody();
		policy = fake_load(".");
		fake_back();
		if (policy->is_usable || cures == 4)
			break;
		fake_assert_says(
			policy->remarks.list[0].text, "permission denied");
		apply_cure(&policy->remarks.list[0]);
		policy_free(policy);
		cures++;
	}
	if (!policy->is_usable)
		assert_string_equal(policy->remarks.list[0].text, "cured");
	fake_assert_between(cures, 1, 3);
	policy_free(policy);
}

/* --- A single file: policy= ---------------------------------------------- */

static struct policy *
load_single(const char *path)
{
	struct policy_where where = { .file = path };
	struct policy *policy = NULL;

	assert_int_equal(policy_load(&where, &policy), 0);
	return policy;
}

/* By the rule of DESIGN: root's or ours, and nobody else may write. */
static bool
is_trusted_above(const char *directory)
{
	char path[PATH_MAX];
	struct stat status;

	if (realpath(directory, path) == NULL)
		return false;
	for (;;) {
		char *slash;

		if (stat(path, &status) < 0 || (status.st_mode & 022) != 0)
			return false;
		if (status.st_uid != 0 && status.st_uid != geteuid())
			return false;
		if (strcmp(path, "/") == 0)
			return true;
		slash = strrchr(path, '/');
		slash[slash == path ? 1 : 0] = '\0';
	}
}

/*
 * A directory in a place that only root and we can write to. False where
 * there is none; then it is one among temporary files, and refused.
 */
static bool
find_trusted_root(const char **root)
{
	const char *const places[] = { getenv("XDG_RUNTIME_DIR"),
		getenv("VIRTURI_BUILD"), getenv("HOME"), "/run", "/var/lib" };

	for (size_t i = 0; i < countof(places); i++) {
		if (places[i] == NULL || places[i][0] != '/' ||
			!is_trusted_above(places[i]))
			continue;
		*root = fake_root(places[i]);
		if (*root != NULL)
			return true;
	}
	*root = fake_root(NULL);
	return is_trusted_above(*root);
}

static const struct single_row {
	const char *name;
	struct fake_node nodes[4];
	const char *path;
	const char *rules; /* NULL: the policy is unusable */
	const char *says;
	const char *about; /* the directory it is about; NULL: not asked */
} single_rows[] = {
	{ "a file of any name", { { "policy", RULE("a") } }, "policy",
		"[user a]" },
	{ "layers and drop-ins do not count",
		{ { "virturi.conf", RULE("a") },
			{ "virturi.conf.d/1.conf", RULE("1") } },
		"virturi.conf", "[user a]" },
	{ "further down", { { "a/b/c/policy", RULE("a") } }, "a/b/c/policy",
		"[user a]" },
	{ "dots in the path", { { "a/policy", RULE("a") } }, "a/../a/./policy",
		"[user a]" },
	{ "a link to a file",
		{ { "a/policy", RULE("a") },
			{ "link", "a/policy", FAKE_LINK } },
		"link", "[user a]" },
	{ "a link to a directory",
		{ { "a/policy", RULE("a") }, { "link", "a", FAKE_LINK } },
		"link/policy", "[user a]" },
	{ "an empty file", { { "policy", NULL } }, "policy", "" },
	{ "a link to the null device", { { "policy", "/dev/null", FAKE_LINK } },
		"policy", "" },
	{ "no file", { { "other", "" } }, "policy", NULL, "No such file" },
	{ "no directory", { { "other", "" } }, "a/policy", NULL,
		"No such file" },
	{ "a directory", { { "policy", NULL, FAKE_DIRECTORY } }, "policy", NULL,
		"a directory" },
	{ "a FIFO", { { "policy", NULL, FAKE_FIFO } }, "policy", NULL,
		"not a regular file" },
	{ "a dangling link", { { "policy", "nowhere", FAKE_LINK } }, "policy",
		NULL, "leads nowhere" },
	{ "a slash at the end", { { "policy", RULE("a") } }, "policy/", NULL,
		"absolute path of a file" },
	{ "a file its group can write",
		{ { "policy", RULE("a"), .mode = 0664 } }, "policy", NULL,
		"chmod g-w " },
	{ "a directory its group can write",
		{ { "a/policy", RULE("a") },
			{ "a", NULL, FAKE_DIRECTORY, 0775 } },
		"a/policy", NULL, "writable by its group: chmod g-w ", "a" },
	{ "a directory above that its group can write",
		{ { "a/b/c/policy", RULE("a") },
			{ "a", NULL, FAKE_DIRECTORY, 0775 } },
		"a/b/c/policy", NULL, "writable by its group: chmod g-w ",
		"a" },
	{ "a directory above that everybody can write",
		{ { "a/b/policy", RULE("a") },
			{ "a", NULL, FAKE_DIRECTORY, 01777 } },
		"a/b/policy", NULL, "writable by everybody", "a" },
	{ "where a link leads, above the opened directory",
		{ { "a/b/policy", RULE("a") },
			{ "a", NULL, FAKE_DIRECTORY, 0775 },
			{ "link", "a/b", FAKE_LINK } },
		"link/policy", NULL, "writable by its group: chmod g-w ", "a" },
	{ "where a link does not lead",
		{ { "a/policy", RULE("a") }, { "b/link", "../a", FAKE_LINK },
			{ "b", NULL, FAKE_DIRECTORY, 0775 } },
		"b/link/policy", "[user a]" },
};

static void
check_single(const struct single_row *row, const struct policy *policy,
	const char *root)
{
	char rules[256], about[1024];

	if (policy->remarks.count > 0 && row->rules != NULL)
		assert_string_equal(policy->remarks.list[0].text, "");
	assert_int_equal(policy->is_usable, row->rules != NULL);
	format_rules(policy, rules, sizeof(rules));
	if (row->rules != NULL)
		assert_string_equal(rules, row->rules);
	else
		fake_assert_says(policy->remarks.list[0].text, row->says);
	if (row->about != NULL) {
		snprintf(about, sizeof(about), "%s/%s", strrchr(root, '/'),
			row->about);
		fake_assert_says(policy->remarks.list[0].text, about);
	}
}

static void
test_single(void **state)
{
	const struct single_row *row = *state;
	size_t descriptors = fake_descriptors();
	struct policy *policy;
	const char *root;
	bool is_trusted = find_trusted_root(&root);

	for (const struct fake_node *node = row->nodes; node->path != NULL;
		node++)
		fake_make(root, node);
	policy = load_single(fake_path(root, row->path));
	assert_int_equal(fake_descriptors(), descriptors);
	if (is_trusted)
		check_single(row, policy, root);
	else
		assert_false(policy->is_usable);
	policy_free(policy);
}

/* Wherever temporary files are: as this test judges the place itself. */
static void
test_single_anywhere(void **state)
{
	const char *root = fake_root(NULL);
	struct policy *policy;

	(void)state;
	fake_write(root, "policy", RULE("a"));
	policy = load_single(fake_path(root, "policy"));
	assert_int_equal(policy->is_usable, is_trusted_above(root));
	if (!policy->is_usable)
		fake_assert_says(policy->remarks.list[0].text, "writable by");
	policy_free(policy);
}

static const struct path_row {
	const char *name, *path;
	bool is_usable;
	const char *says;
} path_rows[] = {
	{ "relative", "virturi.conf", false, "absolute path" },
	{ "relative with a slash", "./virturi.conf", false, "absolute path" },
	{ "nothing", "", false, "absolute path" },
	{ "the root", "/", false, "absolute path" },
	{ "nothing in the root", "/nonexistent", false, "No such file" },
	{ "the null device", "/dev/null", true, NULL },
	{ "another device", "/dev/zero", false, "not a regular file" },
	{ "a file that is no directory", "/etc/passwd/x", false,
		"Not a directory" },
};

static void
test_path(void **state)
{
	const struct path_row *row = *state;
	struct policy *policy = load_single(row->path);

	assert_int_equal(policy->is_usable, row->is_usable);
	assert_int_equal(policy->n_rules, 0);
	if (!row->is_usable)
		fake_assert_says(policy->remarks.list[0].text, row->says);
	policy_free(policy);
}

/* The effective user's file counts, another ordinary user's does not. */
static void
test_single_owner(void **state)
{
	struct policy *policy;
	const char *root;
	char path[2048];
	bool is_trusted = find_trusted_root(&root);

	(void)state;
	snprintf(path, sizeof(path), "%s/policy", root);
	fake_write(root, "policy", RULE("a"));
	policy = load_single(path);
	assert_int_equal(policy->is_usable, is_trusted);
	policy_free(policy);
	if (geteuid() != 0)
		return; /* cannot make files of others */
	give(root, "policy", FAKE_NOBODY);
	policy = load_single(path);
	check_owner_fault(policy, path, FAKE_NOBODY);
	policy_free(policy);
	give(root, "policy", 0);
	give(root, "", FAKE_NOBODY);
	policy = load_single(path);
	assert_false(policy->is_usable);
	fake_assert_says(policy->remarks.list[0].text, "chown root");
	policy_free(policy);
}

/* --- Candidates: what lint is given --------------------------------------- */

static const struct candidate_row {
	const char *name;
	struct fake_node nodes[4];
	const char *candidates[4]; /* below the root; NULL ends them */
	const char *files;
	const char *rules;
	const char *says; /* NULL: the policy is usable */
} candidate_rows[] = {
	{ "none", { { ADMIN, RULE("a") } }, { NULL }, ADMIN ": in force\n",
		"[user a]" },
	{ "a drop-in among the others",
		{ { ADMIN ".d/10.conf", RULE("10") },
			{ ADMIN ".d/30.conf", RULE("30") },
			{ "new/20.conf", RULE("20") } },
		{ "new/20.conf" },
		ADMIN ".d/10.conf: in force\nnew/20.conf: in force\n" ADMIN
		      ".d/30.conf: in force\n",
		"[user 30] [user 20] [user 10]" },
	{ "it replaces one of its name",
		{ { ADMIN ".d/10.conf", RULE("old") },
			{ "new/10.conf", RULE("new") } },
		{ "new/10.conf" },
		"new/10.conf: in force\n" ADMIN
		".d/10.conf: replaced by new/10.conf\n",
		"[user new]" },
	{ "a main file",
		{ { ADMIN, RULE("old") }, { "new/virturi.conf", RULE("new") },
			{ ADMIN ".d/1.conf", RULE("1") } },
		{ "new/virturi.conf" },
		"new/virturi.conf: in force\n" ADMIN
		": replaced by new/virturi.conf\n" ADMIN
		".d/1.conf: in force\n",
		"[user 1] [user new]" },
	{ "any name is a drop-in's",
		{ { ADMIN, RULE("a") }, { "draft", RULE("d") } }, { "draft" },
		ADMIN ": in force\ndraft: in force\n", "[user d] [user a]" },
	{ "two of one name are both read",
		{ { "a/1.conf", RULE("a") }, { "b/1.conf", RULE("b") } },
		{ "a/1.conf", "b/1.conf" },
		"b/1.conf: in force\na/1.conf: in force\n",
		"[user a] [user b]" },
	{ "neither owner nor mode is judged",
		{ { "new/1.conf", RULE("1"), .mode = 0666 },
			{ "new", NULL, FAKE_DIRECTORY, 0777 } },
		{ "new/1.conf" }, "new/1.conf: in force\n", "[user 1]" },
	{ "an empty one is a mask",
		{ { ADMIN ".d/1.conf", RULE("1") }, { "new/1.conf", NULL } },
		{ "new/1.conf" },
		"new/1.conf: mask\n" ADMIN ".d/1.conf: masked by new/1.conf\n",
		"" },
	{ "one that is not there", { { ADMIN, RULE("a") } }, { "new/1.conf" },
		ADMIN ": in force\nnew/1.conf: unreadable\n", "[user a]",
		"No such file" },
	{ "a directory", { { "new", NULL, FAKE_DIRECTORY } }, { "new" },
		"new: unreadable\n", "", "a directory" },
	{ "a FIFO", { { "new", NULL, FAKE_FIFO } }, { "new" },
		"new: unreadable\n", "", "not a regular file" },
	{ "a mistake of form", { { "new", "foo\n" } }, { "new" },
		"new: refused\n", "", "text before" },
};

static void
check_candidates(const struct candidate_row *row, const struct policy *policy,
	const char *root)
{
	char text[1024];

	format_files(policy, root, text, sizeof(text));
	assert_string_equal(text, row->files);
	format_rules(policy, text, sizeof(text));
	assert_string_equal(text, row->rules);
	assert_int_equal(policy->is_usable, row->says == NULL);
	if (row->says != NULL)
		fake_assert_says(policy->remarks.list[0].text, row->says);
	for (size_t i = 0; i < policy->n_files; i++)
		assert_int_equal(policy->files[i].is_candidate,
			strstr(policy->files[i].path, "/etc/") == NULL);
}

static void
test_candidates(void **state)
{
	const struct candidate_row *row = *state;
	const char *root = fake_root(NULL), *candidates[4] = { NULL };
	struct policy_where where = fake_where(root);
	size_t descriptors = fake_descriptors();
	struct policy *policy = NULL;

	for (const struct fake_node *node = row->nodes; node->path != NULL;
		node++)
		fake_make(root, node);
	for (size_t i = 0; row->candidates[i] != NULL; i++)
		candidates[i] = fake_path(root, row->candidates[i]);
	where.candidates = candidates;
	assert_int_equal(policy_load(&where, &policy), 0);
	assert_int_equal(fake_descriptors(), descriptors);
	check_candidates(row, policy, root);
	policy_free(policy);
}

static const struct name_row {
	const char *name, *file;
	bool is_dropin;
} name_rows[] = {
	{ "a drop-in", "50-site.conf", true },
	{ "one letter", "a.conf", true },
	{ "a dotfile", ".a.conf", false },
	{ "the suffix alone", ".conf", false },
	{ "no suffix", "a", false },
	{ "another suffix", "a.conf.bak", false },
	{ "the suffix in capitals", "a.CONF", false },
	{ "the suffix without its dot", "aconf", false },
	{ "nothing", "", false },
};

static void
test_name(void **state)
{
	const struct name_row *row = *state;

	assert_int_equal(policy_is_dropin_name(row->file), row->is_dropin);
}

/* --- Changes while it is read --------------------------------------------- */

/* What changes, and how often it still does so. */
static struct {
	const char *root;
	int times;
	const char *path, *text; /* NULL: the file goes away */
} change;

/* Runs before each allocation, and so in the middle of loading. */
static void
make_change(void)
{
	const char *path = fake_path(change.root, change.path);
	struct stat status;
	char text[64];

	if (change.times == 0)
		return;
	change.times--;
	if (change.text == NULL) {
		unlink(path);
		return;
	}
	/* another size each time, since clocks are coarse */
	snprintf(text, sizeof(text), "%s%.*s", change.text, change.times % 8,
		"\n\n\n\n\n\n\n\n");
	if (stat(path, &status) == 0)
		fake_write(change.root, change.path, text);
}

static struct policy *
load_changing(const char *root, const char *path, const char *text, int times)
{
	struct policy *policy;

	change.root = root;
	change.path = path;
	change.text = text;
	change.times = times;
	alloc_call(make_change);
	policy = fake_load(root);
	alloc_call(NULL);
	return policy;
}

/* How many allocations does it take to load this? */
static int
count_allocations(const char *root)
{
	alloc_fail(0, false);
	policy_free(fake_load(root));
	return (int)alloc_count();
}

/* It is read once more, and then it is what it has become. */
static void
test_change_once(void **state)
{
	const char *root = fake_root(NULL);
	struct policy *policy;
	char rules[64];
	int count;

	(void)state;
	fake_write(root, ADMIN, RULE("before"));
	count = count_allocations(root);
	/* wherever in the first reading the last change is */
	for (int times = 0; times <= count; times++) {
		fake_write(root, ADMIN, RULE("before"));
		policy = load_changing(root, ADMIN, RULE("later"), times);
		if (policy->remarks.count > 0)
			assert_string_equal(policy->remarks.list[0].text, "");
		assert_true(policy->is_usable);
		format_rules(policy, rules, sizeof(rules));
		assert_string_equal(
			rules, times == 0 ? "[user before]" : "[user later]");
		policy_free(policy);
	}
}

/* A file that never stays the same cannot be believed. */
static void
test_change_always(void **state)
{
	const char *root = fake_root(NULL);
	size_t descriptors = fake_descriptors();
	struct policy *policy;

	(void)state;
	fake_write(root, ADMIN, RULE("before"));
	policy = load_changing(root, ADMIN, RULE("later"), INT_MAX);
	assert_false(policy->is_usable);
	assert_int_equal(policy->remarks.count, 1);
	fake_assert_says(policy->remarks.list[0].text, "changes while");
	policy_free(policy);
	assert_int_equal(fake_descriptors(), descriptors);
}

/* A file that goes away in between was never there. */
static void
test_change_vanishing(void **state)
{
	const char *root = fake_root(NULL);

	(void)state;
	for (int times = 1; times < 8; times++) {
		struct policy *policy;

		fake_write(root, VENDOR, RULE("v"));
		fake_write(root, ADMIN, RULE("a"));
		policy = load_changing(root, ADMIN, NULL, times);
		assert_true(policy->is_usable);
		assert_int_equal(policy->n_files, 1);
		assert_string_equal(policy->rules[0]->name, "v");
		policy_free(policy);
	}
}

/* --- Descriptors that run out --------------------------------------------- */

/* All of the policy, or none of it: no file is overlooked. */
static void
test_descriptors(void **state)
{
	const char *root = fake_root(NULL);
	bool is_usable = false;
	char rules[64];

	(void)state;
	fake_write(root, VENDOR, RULE("v"));
	fake_write(root, RUN ".d/1.conf", RULE("r"));
	fake_write(root, ADMIN ".d/2.conf", RULE("a"));
	for (unsigned int more = 0; !is_usable; more++) {
		size_t descriptors = fake_descriptors();
		struct policy *policy;

		fake_assert_between(more, 0, 20);
		fake_limit(more);
		policy = fake_load(root);
		fake_unlimit();
		assert_int_equal(fake_descriptors(), descriptors);
		is_usable = policy->is_usable;
		if (is_usable) {
			format_rules(policy, rules, sizeof(rules));
			assert_string_equal(
				rules, "[user a] [user r] [user v]");
		} else {
			fake_assert_says(policy->remarks.list[0].text,
				"Too many open files");
		}
		policy_free(policy);
	}
}

static void
test_single_descriptors(void **state)
{
	bool is_usable = false;
	const char *root;
	char path[2048];

	(void)state;
	if (!find_trusted_root(&root))
		return; /* nothing would be usable there */
	fake_write(root, "a/b/policy", RULE("a"));
	snprintf(path, sizeof(path), "%s/a/b/policy", root);
	for (unsigned int more = 0; !is_usable; more++) {
		size_t descriptors = fake_descriptors();
		struct policy *policy;

		fake_assert_between(more, 0, 20);
		fake_limit(more);
		policy = load_single(path);
		fake_unlimit();
		assert_int_equal(fake_descriptors(), descriptors);
		is_usable = policy->is_usable;
		if (is_usable)
			assert_int_equal(policy->n_rules, 1);
		else
			fake_assert_says(policy->remarks.list[0].text,
				"Too many open files");
		policy_free(policy);
	}
}

/* --- Small things --------------------------------------------------------- */

static void
test_read_all(void **state)
{
	const char *root = fake_root(NULL);
	char *bytes = NULL;
	size_t size = 77;
	int fd;

	(void)state;
	fake_write(root, "f", "12345");
	fd = open(fake_path(root, "f"), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read_all(fd, 4, &bytes, &size), -EFBIG);
	assert_null(bytes);
	assert_int_equal(size, 77);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(read_all(fd, 5, &bytes, &size), 0);
	assert_int_equal(size, 5);
	assert_string_equal(bytes, "12345");
	free(bytes);
	bytes = NULL;
	close(fd);
	assert_int_equal(read_all(fd, 5, &bytes, &size), -EBADF);
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(read_all(fd, 5, &bytes, &size), -EISDIR);
	assert_null(bytes);
	close(fd);
}

#define BYTES_64                                                               \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TIMES_8(text) text text text text text text text text

static const struct again_row {
	const char *name;
	const char *before, *now;
	bool is_same;
} again_rows[] = {
	{ "nothing", "", "", true },
	{ "the same", "uri = x:/a\n", "uri = x:/a\n", true },
	{ "another byte", "uri = x:/a\n", "uri = x:/b\n", false },
	{ "less", "uri = x:/a\n", "uri", false },
	{ "nothing any more", "uri = x:/a\n", "", false },
	{ "more than a page, the same", TIMES_8(TIMES_8(BYTES_64)) "a",
		TIMES_8(TIMES_8(BYTES_64)) "a", true },
	{ "more than a page, the last byte", TIMES_8(TIMES_8(BYTES_64)) "a",
		TIMES_8(TIMES_8(BYTES_64)) "b", false },
};

static void
test_again(void **state)
{
	const struct again_row *row = *state;
	const char *root = fake_root(NULL);
	int fd;

	fake_write(root, "f", row->now);
	fd = open(fake_path(root, "f"), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(reads_the_same(fd, row->before, strlen(row->before)),
		row->is_same);
	close(fd);
}

static const struct differs_row {
	const char *name;
	struct stat a, b;
	bool differs;
} differs_rows[] = {
	{ "nothing", { 0 }, { 0 }, false },
	{ "device", { 0 }, { .st_dev = 1 }, true },
	{ "inode", { 0 }, { .st_ino = 1 }, true },
	{ "size", { 0 }, { .st_size = 1 }, true },
	{ "mtime", { 0 }, { .st_mtim = { 1, 0 } }, true },
	{ "mtime's nanoseconds", { 0 }, { .st_mtim = { 0, 1 } }, true },
	{ "ctime", { 0 }, { .st_ctim = { 1, 0 } }, true },
	{ "ctime's nanoseconds", { 0 }, { .st_ctim = { 0, 1 } }, true },
	{ "atime, which reading changes", { 0 }, { .st_atim = { 1, 1 } },
		false },
};

static void
test_differs(void **state)
{
	const struct differs_row *row = *state;

	assert_int_equal(status_differs(&row->a, &row->b), row->differs);
	assert_int_equal(status_differs(&row->b, &row->a), row->differs);
}

static void
add_rows(struct suite *suite)
{
	suite_add(suite, "layers", test_row, SUITE_ROWS(rows));
	suite_add(suite, "root", test_root, SUITE_ROWS(root_rows));
	suite_add(suite, "no root", test_no_root, SUITE_ROWS(no_root_rows));
	suite_add(suite, "size", test_size, SUITE_ROWS(size_rows));
	suite_add(suite, "count", test_count, SUITE_ROWS(count_rows));
	suite_add(suite, "unreadable", test_unreadable,
		SUITE_ROWS(unreadable_rows));
	suite_add(suite, "single", test_single, SUITE_ROWS(single_rows));
	suite_add(suite, "single path", test_path, SUITE_ROWS(path_rows));
	suite_add(suite, "candidate", test_candidates,
		SUITE_ROWS(candidate_rows));
	suite_add(suite, "drop-in name", test_name, SUITE_ROWS(name_rows));
	suite_add(suite, "status differs", test_differs,
		SUITE_ROWS(differs_rows));
	suite_add(suite, "again", test_again, SUITE_ROWS(again_rows));
}

int
main(void)
{
	struct suite suite = { 0 };

	add_rows(&suite);
	suite_add_one(&suite, "a relative root", test_relative_root);
	suite_add_one(&suite, "layers left out", test_layers_left_out);
	suite_add_one(&suite, "the layers of this build", test_installed);
	suite_add_one(&suite, "owner: the real root", test_owner_real);
	suite_add_one(&suite, "owner: below a root", test_owner_root);
	suite_add_one(&suite, "owner: the caller", test_owner_caller);
	suite_add_one(&suite, "owner: replaced", test_owner_replaced);
	suite_add_one(&suite, "single: in any place", test_single_anywhere);
	suite_add_one(&suite, "single: owner", test_single_owner);
	suite_add_one(&suite, "a change", test_change_once);
	suite_add_one(&suite, "changes that do not end", test_change_always);
	suite_add_one(&suite, "a file that vanishes", test_change_vanishing);
	suite_add_one(&suite, "descriptors run out", test_descriptors);
	suite_add_one(
		&suite, "single: descriptors run out", test_single_descriptors);
	suite_add_one(&suite, "reading all", test_read_all);
	return suite_run(&suite, "policy");
}
