/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include "../../helper/host.h"

static const struct family_row {
	const char *name, *text;
	enum family family;
} family_rows[] = {
	{ "Debian", "NAME=\"Debian GNU/Linux\"\nID=debian\n", FAMILY_DEBIAN },
	{ "Ubuntu", "ID=ubuntu\nID_LIKE=debian\n", FAMILY_DEBIAN },
	{ "Mint", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", FAMILY_DEBIAN },
	{ "Fedora", "ID=fedora\n", FAMILY_FEDORA },
	{ "Rocky", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n",
		FAMILY_FEDORA },
	{ "RHEL", "ID=\"rhel\"\n", FAMILY_FEDORA },
	{ "Leap", "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
		FAMILY_SUSE },
	{ "SLES", "ID=\"sles\"\n", FAMILY_SUSE },
	{ "Arch", "ID=arch\n", FAMILY_ARCH },
	{ "Manjaro", "ID=manjaro\nID_LIKE=arch\n", FAMILY_ARCH },
	{ "Alpine", "ID=alpine\n", FAMILY_ALPINE },
	{ "Gentoo", "ID=gentoo\n", FAMILY_GENTOO },
	{ "NixOS", "ID=nixos\n", FAMILY_NIXOS },
	{ "single quotes", "ID='debian'", FAMILY_DEBIAN },
	{ "CRLF", "ID=debian\r\n", FAMILY_DEBIAN },
	{ "the other order", "ID_LIKE=fedora\nID=debian\n", FAMILY_DEBIAN },
	{ "a second word is known", "ID=x\nID_LIKE=\"x y arch\"\n",
		FAMILY_ARCH },
	{ "an empty file", "", FAMILY_UNKNOWN },
	{ "an unknown one", "ID=x\nID_LIKE=y\n", FAMILY_UNKNOWN },
	{ "no value", "ID=\nID_LIKE=\"\"\n", FAMILY_UNKNOWN },
	{ "another key", "VARIANT_ID=debian\nXID=debian\nID_X=debian\n",
		FAMILY_UNKNOWN },
	{ "a comment", "#ID=debian\n", FAMILY_UNKNOWN },
	{ "a part of a word", "ID=debiant\nID_LIKE=\"notarch archy\"\n",
		FAMILY_UNKNOWN },
	{ "in capitals", "ID=Debian\n", FAMILY_UNKNOWN },
	{ "an open quote", "ID=\"debian", FAMILY_DEBIAN },
};

static void
test_family(void **state)
{
	const struct family_row *row = *state;

	assert_int_equal(family_parse(row->text), row->family);
}

static const struct map_row {
	const char *name, *text;
	bool is_identity;
} map_rows[] = {
	{ "as the kernel has it", "         0          0 4294967295\n", true },
	{ "one id, as unshare has it", "         0       1000          1\n",
		false },
	{ "one id, its own", "      1000       1000          1\n", false },
	{ "a container's", "         0     100000      65536\n", false },
	{ "only many", "         0          0      65536\n", false },
	{ "shifted", "         0          1 4294967294\n", false },
	{ "in two parts",
		"         0          0       1000\n"
		"      1000       1000 4294966295\n",
		false },
	{ "and more", "         0          0 4294967295\n 1 1 1\n", false },
	{ "not mapped yet", "", false },
	{ "words", "root root all\n", false },
	{ "too few numbers", "0 0\n", false },
};

static void
test_map(void **state)
{
	const struct map_row *row = *state;

	assert_int_equal(id_map_is_identity(row->text), row->is_identity);
}

static void
test_program(void **state)
{
	(void)state;
	assert_true(host_has_program("sh"));
	assert_false(host_has_program("virturi-no-such-program"));
	assert_false(host_has_program("."));
	assert_false(host_has_program(""));
}

/* It cannot be made here; what is not there is not found. */
static void
test_unit(void **state)
{
	(void)state;
	assert_false(host_has_unit("virturi-no-such.socket"));
	assert_null(host_find_unit("virturi-no-such"));
	assert_false(host_has_unit("."));
}

static void
test_install(void **state)
{
	(void)state;
	assert_non_null(host_libvirt_install());
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "family", test_family, SUITE_ROWS(family_rows));
	suite_add(&suite, "id map", test_map, SUITE_ROWS(map_rows));
	suite_add_one(&suite, "programs", test_program);
	suite_add_one(&suite, "units", test_unit);
	suite_add_one(&suite, "libvirt's package has a name", test_install);
	return suite_run(&suite, "host");
}
