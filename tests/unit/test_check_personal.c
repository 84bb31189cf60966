/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../helper/doctor.h"
#include "../../helper/host.h"

#define LONG_MS 20000

/* --- A doctor ------------------------------------------------------------- */

/* alice is whoever runs the tests, so that what they make is hers; where that
 * is root, she is somebody else, and it has to be given to her. */
static struct fake_user users[] = {
	{ "alice", 4242, 4242, "/home/alice" },
	{ "root", 0, 0, "/root" },
	{ NULL },
};
static const struct fake_group groups[] = { { NULL } };

struct ward {
	struct fake fake;
	struct facts facts;
	struct doctor doctor;
	struct finding finding;
};

static void
admit(struct ward *ward, const char *user)
{
	*ward = (struct ward){ .fake = { users, groups } };
	if (getuid() != 0)
		users[0].uid = getuid();
	ward->facts = fake_facts(&ward->fake);
	assert_int_equal(
		subject_new(&ward->facts, user, &ward->doctor.inquiry.subject),
		0);
	ward->doctor.lookup = lookup_start(LONG_MS);
	ward->doctor.options.timeout_ms = 5000;
}

static void
use_uri(struct ward *ward, const char *uri, enum target target)
{
	ward->doctor.uri = strdup(uri);
	assert_non_null(ward->doctor.uri);
	ward->doctor.parts = uri_split(ward->doctor.uri);
	ward->doctor.target = target;
}

static void
discharge(struct ward *ward)
{
	finding_clear(&ward->finding);
	personal_clear(&ward->doctor.personal);
	subject_free(ward->doctor.inquiry.subject);
	lookup_end(ward->doctor.lookup);
	free(ward->doctor.uri);
}

/* "FAIL text; [label] cure; [label] cure\n", one line an observation */
static void
format_finding(const struct finding *finding, char *out, size_t size)
{
	FILE *stream = fmemopen(out, size, "w");

	assert_non_null(stream);
	for (size_t i = 0; i < finding->count; i++) {
		const struct observation *it = &finding->observations[i];

		fprintf(stream, "%s%s %s", i > 0 ? "\n" : "",
			finding_status_name(it->status), it->text);
		for (size_t j = 0; j < it->n_cures; j++)
			fprintf(stream, "; [%s] %s", it->cures[j].label,
				it->cures[j].text);
	}
	assert_int_equal(fclose(stream), 0);
}

/* --- runtime-dir ---------------------------------------------------------- */

enum directory {
	DIR_UNSET,
	DIR_EMPTY, /* set, to nothing */
	DIR_OWN,
	DIR_SHARED, /* alice's, but others may write */
	DIR_FOREIGN,
	DIR_FILE,
	DIR_ABSENT,
};

#define BY_LOGIN                                                               \
	"; [for good] log in by ssh, at a console or on the desktop, not by "  \
	"su or sudo"
#define NOT_SET                                                                \
	" XDG_RUNTIME_DIR is not set: qemu:///session is then another daemon," \
	" below ~/.cache/libvirt" BY_LOGIN
#define UNSET_IT "; [this shell] exec env -u XDG_RUNTIME_DIR $SHELL"

/* '@' stands for the directory. */
static const struct runtime_row {
	const char *name;
	enum directory directory;
	enum target target;
	const char *said;
	const char *user; /* NULL: alice */
	bool is_other; /* it is somebody else who asks */
} runtime_rows[] = {
	{ "one's own", DIR_OWN, TARGET_SYSTEM, "PASS @" },
	{ "one's own, session", DIR_OWN, TARGET_SESSION, "PASS @" },
	{ "not set", DIR_UNSET, TARGET_SYSTEM, "NOTE" NOT_SET },
	{ "not set, session", DIR_UNSET, TARGET_SESSION, "WARN" NOT_SET },
	{ "empty", DIR_EMPTY, TARGET_SYSTEM, "NOTE" NOT_SET },
	{ "root's", DIR_FOREIGN, TARGET_SYSTEM,
		"WARN XDG_RUNTIME_DIR is @, which belongs to root: "
		"qemu:///session cannot be reached" UNSET_IT
		"; [for good] su -l or sudo -i, which leave the caller's "
		"environment behind" },
	{ "root's, session", DIR_FOREIGN, TARGET_SESSION,
		"FAIL XDG_RUNTIME_DIR is @, which belongs to root: "
		"qemu:///session cannot be reached" UNSET_IT
		"; [for good] su -l or sudo -i, which leave the caller's "
		"environment behind" },
	{ "a file", DIR_FILE, TARGET_SYSTEM,
		"NOTE XDG_RUNTIME_DIR is @: Not a directory" UNSET_IT
			BY_LOGIN },
	{ "not there", DIR_ABSENT, TARGET_REMOTE,
		"NOTE XDG_RUNTIME_DIR is @: No such file or directory" UNSET_IT
			BY_LOGIN },
	{ "not there, session", DIR_ABSENT, TARGET_SESSION,
		"FAIL XDG_RUNTIME_DIR is @: No such file or directory" UNSET_IT
			BY_LOGIN },
	{ "others may write", DIR_SHARED, TARGET_SYSTEM,
		"WARN XDG_RUNTIME_DIR is @, where others can write; "
		"[] chmod 700 @" },
	{ "root uses none", DIR_UNSET, TARGET_SESSION,
		"PASS root's libvirt does not use it", "root" },
	{ "somebody else's is not known", DIR_UNSET, TARGET_SESSION,
		"SKIP only alice can see that", NULL, true },
};

/* The name may have any bytes, as long as there is no NUL. */
static const char *
make_directory(const char *root, enum directory kind)
{
	const char *path = fake_path(root, "dir");

	if (kind == DIR_FOREIGN)
		return "/usr";
	if (kind == DIR_FILE)
		fake_write(root, "dir", "");
	if (kind == DIR_OWN || kind == DIR_SHARED)
		assert_int_equal(mkdir(path, 0700), 0);
	if (kind == DIR_SHARED)
		assert_int_equal(chmod(path, 0770), 0);
	if (kind != DIR_ABSENT && getuid() == 0)
		assert_int_equal(chown(path, users[0].uid, (gid_t)-1), 0);
	return path;
}

/* '@' becomes the path. */
static void
spell_out(const char *text, const char *path, char *out, size_t size)
{
	FILE *stream = fmemopen(out, size, "w");

	assert_non_null(stream);
	for (; *text != '\0'; text++) {
		if (*text == '@')
			fputs(path, stream);
		else
			putc(*text, stream);
	}
	assert_int_equal(fclose(stream), 0);
}

static void
test_runtime_dir(void **state)
{
	const struct runtime_row *row = *state;
	const char *before = getenv("XDG_RUNTIME_DIR"), *path = "";
	char *kept = before != NULL ? strdup(before) : NULL;
	char said[1000], wanted[1000];
	struct ward ward;

	admit(&ward, row->user != NULL ? row->user : "alice");
	ward.doctor.target = row->target;
	ward.doctor.viewpoint = row->is_other ? VIEW_OTHER : VIEW_SELF;
	if (row->directory > DIR_EMPTY)
		path = make_directory(fake_root(NULL), row->directory);
	setenv("XDG_RUNTIME_DIR", path, true);
	if (row->directory == DIR_UNSET)
		unsetenv("XDG_RUNTIME_DIR");
	check_runtime_dir(&ward.doctor, &ward.finding);
	unsetenv("XDG_RUNTIME_DIR");
	if (kept != NULL)
		setenv("XDG_RUNTIME_DIR", kept, true);
	format_finding(&ward.finding, said, sizeof(said));
	spell_out(row->said, path, wanted, sizeof(wanted));
	assert_string_equal(said, wanted);
	free(kept);
	discharge(&ward);
}

/* --- machines ------------------------------------------------------------- */

#define TO_SEE "; [to see them] "
#define LIST   "virsh -c qemu:///session list --all"

static const struct machines_row {
	const char *name;
	const char *machines[10];
	enum target target;
	int personal_error, machines_error;
	bool is_other;
	const char *said;
} machines_rows[] = {
	{ "none", { NULL }, TARGET_SYSTEM, 0, 0, false,
		"PASS none in qemu:///session" },
	{ "none, session", { NULL }, TARGET_SESSION, 0, 0, false,
		"PASS none in qemu:///session" },
	{ "two", { "test", "win10" }, TARGET_SYSTEM, 0, 0, false,
		"NOTE 2 in qemu:///session (test, win10)" TO_SEE LIST },
	{ "two, while the URI is remote", { "test", "win10" }, TARGET_REMOTE, 0,
		0, false,
		"NOTE 2 in qemu:///session (test, win10)" TO_SEE LIST },
	{ "two, session", { "test", "win10" }, TARGET_SESSION, 0, 0, false,
		"PASS 2, all in the libvirt in use" },
	{ "five", { "a", "b", "c", "d", "e" }, TARGET_SYSTEM, 0, 0, false,
		"NOTE 5 in qemu:///session (a, b, c, d, e)" TO_SEE LIST },
	{ "seven", { "a", "b", "c", "d", "e", "f", "g" }, TARGET_SYSTEM, 0, 0,
		false,
		"NOTE 7 in qemu:///session (a, b, c, d, e, and 2 more)" TO_SEE
			LIST },
	{ "odd names", { "--all", "a\x1b[2J\xff" }, TARGET_SYSTEM, 0, 0, false,
		"NOTE 2 in qemu:///session (--all, a\\x1b[2J\\xff)" TO_SEE
			LIST },
	{ "another user's", { "test" }, TARGET_SYSTEM, 0, 0, true,
		"NOTE 1 in qemu:///session (test)" TO_SEE "as alice: " LIST },
	{ "no answer", { NULL }, TARGET_SYSTEM, -ETIMEDOUT, 0, false,
		"SKIP /home/alice did not answer within 5 s" },
	{ "another error", { NULL }, TARGET_SYSTEM, -ENOENT, 0, false,
		"SKIP those of alice cannot be listed: "
		"No such file or directory" },
	{ "not to be listed", { NULL }, TARGET_SESSION, 0, EACCES, true,
		"SKIP those of alice cannot be listed: Permission denied" },
};

static void
test_machines(void **state)
{
	const struct machines_row *row = *state;
	struct personal *personal;
	char said[1000];
	struct ward ward;

	admit(&ward, "alice");
	ward.doctor.target = row->target;
	ward.doctor.viewpoint = row->is_other ? VIEW_OTHER : VIEW_SELF;
	ward.doctor.personal_error = row->personal_error;
	personal = &ward.doctor.personal;
	personal->machines_error = row->machines_error;
	personal->machines = calloc(countof(row->machines), sizeof(char *));
	assert_non_null(personal->machines);
	while (row->machines[personal->n_machines] != NULL) {
		size_t n = personal->n_machines++;

		personal->machines[n] = strdup(row->machines[n]);
	}
	check_machines(&ward.doctor, &ward.finding);
	format_finding(&ward.finding, said, sizeof(said));
	assert_string_equal(said, row->said);
	discharge(&ward);
}

/* --- clients -------------------------------------------------------------- */

#define NONE "PASS none installed that ignores LIBVIRT_DEFAULT_URI"
#define BOXES                                                                  \
	"WARN GNOME Boxes, as a flatpak, is given the variable and finds no "  \
	"libvirt by it; [] flatpak override --user "                           \
	"--unset-env=LIBVIRT_DEFAULT_URI org.gnome.Boxes"
#define COCKPIT                                                                \
	"NOTE cockpit-machines ignores the variable: it shows "                \
	"qemu:///system and qemu:///session"
#define REMOTE "qemu+ssh://lab01/system"

static const struct clients_row {
	const char *name;
	const char *uri;
	enum target target;
	bool is_given; /* by the policy */
	bool has_boxes, has_cockpit;
	const char *said; /* where there is no virt-manager */
} clients_rows[] = {
	{ "nothing", "qemu:///system", TARGET_SYSTEM, true, false, false,
		NONE },
	{ "both, and nothing to ignore", REMOTE, TARGET_REMOTE, false, true,
		true, NONE },
	{ "both", REMOTE, TARGET_REMOTE, true, true, true, BOXES "\n" COCKPIT },
	{ "Boxes", "qemu:///system", TARGET_SYSTEM, true, true, false, BOXES },
	{ "Boxes, session", "qemu:///session", TARGET_SESSION, true, true,
		false, NONE },
	{ "Cockpit, system", "qemu:///system", TARGET_SYSTEM, true, false, true,
		NONE },
	{ "Cockpit, session", "qemu:///session", TARGET_SESSION, true, false,
		true, NONE },
	{ "Cockpit, another driver", "lxc:///system", TARGET_SYSTEM, true,
		false, true, COCKPIT },
	{ "Cockpit, remote", REMOTE, TARGET_REMOTE, true, false, true,
		COCKPIT },
	{ "Cockpit, no good URI", "x", TARGET_OTHER, true, false, true,
		COCKPIT },
};

static void
test_clients(void **state)
{
	const struct clients_row *row = *state;
	const char *root = fake_root(NULL);
	const struct fake_node cockpit = { "usr/share/cockpit/machines", NULL,
		FAKE_DIRECTORY };
	struct ward ward;
	char said[1000];

	if (host_has_program("virt-manager"))
		skip();
	unsetenv("LIBVIRT_DEFAULT_URI");
	admit(&ward, "alice");
	use_uri(&ward, row->uri, row->target);
	ward.doctor.options.root = root;
	ward.doctor.decision.uri = row->is_given ? ward.doctor.uri : NULL;
	ward.doctor.personal.is_boxes_flatpak = row->has_boxes;
	if (row->has_cockpit)
		fake_make(root, &cockpit);
	check_clients(&ward.doctor, &ward.finding);
	format_finding(&ward.finding, said, sizeof(said));
	assert_string_equal(said, row->said);
	discharge(&ward);
}

static const struct conf_row {
	const char *name;
	int error;
	enum viewpoint viewpoint;
	const char *said;
} conf_rows[] = {
	{ "good", 0, VIEW_SELF, NONE },
	{ "a mistake", EBADMSG, VIEW_SELF,
		"FAIL /etc/passwd:3 is no line of libvirt's: with it no client "
		"connects to anything; [] mend the line or remove it" },
	{ "another user's mistake", EBADMSG, VIEW_OTHER,
		"FAIL /etc/passwd:3 is no line of libvirt's: with it no client "
		"connects to anything; [] mend the line or remove it" },
	{ "not to be read", EACCES, VIEW_SELF,
		"FAIL /etc/passwd cannot be read: so no client connects to "
		"anything" },
	{ "not for us to read", EACCES, VIEW_OTHER, NONE },
	{ "too big", EFBIG, VIEW_SELF, NONE },
};

static void
test_conf(void **state)
{
	const struct conf_row *row = *state;
	struct ward ward;
	char said[1000];

	admit(&ward, "alice");
	unsetenv("LIBVIRT_DEFAULT_URI");
	use_uri(&ward, "qemu:///session", TARGET_SESSION);
	ward.doctor.viewpoint = row->viewpoint;
	/* it is there, whoever may read it */
	ward.doctor.personal.client_conf = strdup("/etc/passwd");
	ward.doctor.personal.client_conf_error = row->error;
	ward.doctor.personal.client_conf_line = 3;
	check_clients(&ward.doctor, &ward.finding);
	format_finding(&ward.finding, said, sizeof(said));
	assert_string_equal(said, row->said);
	discharge(&ward);
}

/* What this process has in its environment can be ignored as well. */
static void
test_own_environment(void **state)
{
	struct ward ward;
	char said[1000];

	(void)state;
	admit(&ward, "alice");
	use_uri(&ward, "qemu:///system", TARGET_SYSTEM);
	ward.doctor.personal.is_boxes_flatpak = true;
	setenv("LIBVIRT_DEFAULT_URI", "qemu:///system", true);
	check_clients(&ward.doctor, &ward.finding);
	format_finding(&ward.finding, said, sizeof(said));
	assert_string_equal(said, BOXES);
	finding_clear(&ward.finding);
	ward.doctor.viewpoint = VIEW_OTHER; /* it is not alice's */
	check_clients(&ward.doctor, &ward.finding);
	format_finding(&ward.finding, said, sizeof(said));
	assert_string_equal(said, NONE);
	unsetenv("LIBVIRT_DEFAULT_URI");
	discharge(&ward);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "runtime-dir", test_runtime_dir,
		SUITE_ROWS(runtime_rows));
	suite_add(&suite, "machines", test_machines, SUITE_ROWS(machines_rows));
	suite_add(&suite, "clients", test_clients, SUITE_ROWS(clients_rows));
	suite_add(&suite, "clients: libvirt.conf", test_conf,
		SUITE_ROWS(conf_rows));
	suite_add_one(&suite, "clients: the variable in the environment",
		test_own_environment);
	return suite_run(&suite, "check_personal");
}
