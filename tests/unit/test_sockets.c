/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../helper/sockets.h"

#define MONOLITHIC "libvirt/libvirt-sock"
#define MODULAR    "libvirt/virtqemud-sock"

/* The listener that the row under test made; -1: none. */
static int listener = -1;

static struct sockaddr_un
address_of(const char *root, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	path = fake_path(root, path);
	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	return address;
}

static int
make_socket(const char *root, const char *path, int type)
{
	struct sockaddr_un address = address_of(root, path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_int_equal(
		bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
make_listener(const char *root, const char *path)
{
	listener = make_socket(root, path, SOCK_STREAM);
	assert_int_equal(listen(listener, 5), 0);
}

/* --- What a runtime directory may have ------------------------------------ */

static void
make_nothing(const char *root)
{
	(void)root;
}

static void
make_no_directory(const char *root)
{
	assert_int_equal(rmdir(fake_path(root, "libvirt")), 0);
}

static void
make_monolithic(const char *root)
{
	make_listener(root, MONOLITHIC);
}

static void
make_modular(const char *root)
{
	make_listener(root, MODULAR);
}

static void
make_both(const char *root)
{
	close(make_socket(root, MONOLITHIC, SOCK_STREAM));
	make_listener(root, MODULAR);
}

static void
make_dead_modular(const char *root)
{
	close(make_socket(root, MODULAR, SOCK_STREAM));
	make_listener(root, MONOLITHIC);
}

static void
make_dangling(const char *root)
{
	fake_make(root,
		&(struct fake_node){
			MODULAR, "/nonexistent/socket", FAKE_LINK });
	make_listener(root, MONOLITHIC);
}

static void
make_dead(const char *root)
{
	close(make_socket(root, MONOLITHIC, SOCK_STREAM));
}

static void
make_deaf(const char *root)
{
	listener = make_socket(root, MONOLITHIC, SOCK_STREAM);
}

static void
make_file(const char *root)
{
	fake_write(root, MONOLITHIC, "no socket");
}

static void
make_closed(const char *root)
{
	make_listener(root, MONOLITHIC);
	assert_int_equal(chmod(fake_path(root, MONOLITHIC), 0), 0);
}

static void
make_closed_directory(const char *root)
{
	make_listener(root, MONOLITHIC);
	assert_int_equal(chmod(fake_path(root, "libvirt"), 0), 0);
}

/* Its queue is full before we come. */
static void
make_silent(const char *root)
{
	struct sockaddr_un address = address_of(root, MONOLITHIC);
	int r = 0;

	listener = make_socket(root, MONOLITHIC, SOCK_STREAM);
	assert_int_equal(listen(listener, 0), 0);
	for (int i = 0; i < 10 && r == 0; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

		r = connect(fd, (struct sockaddr *)&address, sizeof(address));
		assert_true(r == 0 || errno == EAGAIN);
		close(fd);
	}
	assert_int_equal(r, -1);
}

static void
make_datagram(const char *root)
{
	listener = make_socket(root, MONOLITHIC, SOCK_DGRAM);
}

static const struct row {
	const char *name;
	void (*make)(const char *root);
	const char *path, *daemon; /* below the directory */
	enum socket_state state;
	int error;
	bool has_no_permissions; /* to be read */
	bool is_for_nobody; /* root would be let in */
	const char *driver; /* NULL: qemu */
} rows[] = {
	{ "monolithic", make_monolithic, MONOLITHIC, "libvirtd", SOCKET_OPEN },
	{ "modular", make_modular, MODULAR, "virtqemud", SOCKET_OPEN },
	{ "modular before monolithic", make_both, MODULAR, "virtqemud",
		SOCKET_OPEN },
	{ "modular, though it is dead", make_dead_modular, MODULAR, "virtqemud",
		SOCKET_REFUSED },
	{ "a link to nothing is none", make_dangling, MONOLITHIC, "libvirtd",
		SOCKET_OPEN },
	{ "another driver's is none", make_modular, MONOLITHIC, "libvirtd",
		SOCKET_MISSING, 0, true, false, "xen" },
	{ "nothing", make_nothing, MONOLITHIC, "libvirtd", SOCKET_MISSING, 0,
		true },
	{ "not even a directory", make_no_directory, MONOLITHIC, "libvirtd",
		SOCKET_MISSING, 0, true },
	{ "its owner has gone", make_dead, MONOLITHIC, "libvirtd",
		SOCKET_REFUSED },
	{ "its owner does not listen", make_deaf, MONOLITHIC, "libvirtd",
		SOCKET_REFUSED },
	{ "a file", make_file, MONOLITHIC, "libvirtd", SOCKET_REFUSED },
	{ "closed by its mode", make_closed, MONOLITHIC, "libvirtd",
		SOCKET_DENIED, 0, false, true },
	{ "closed by the directory's", make_closed_directory, MONOLITHIC,
		"libvirtd", SOCKET_DENIED, 0, true, true },
	{ "nobody accepts", make_silent, MONOLITHIC, "libvirtd",
		SOCKET_SILENT },
	{ "of another type", make_datagram, MONOLITHIC, "libvirtd",
		SOCKET_FAULTY, EPROTOTYPE },
};

static void
check_found(const struct row *row, const char *root,
	const struct libvirt_socket *found)
{
	assert_string_equal(found->path, fake_path(root, row->path));
	assert_string_equal(found->daemon, row->daemon);
	assert_int_equal(found->is_modular, strcmp(row->path, MODULAR) == 0);
	assert_int_equal(found->state, row->state);
	assert_int_equal(found->error, row->error);
	assert_int_equal(found->has_permissions, !row->has_no_permissions);
}

static void
test_find(void **state)
{
	const struct row *row = *state;
	const char *root = fake_root(NULL);
	struct libvirt_socket found;
	size_t before;

	assert_int_equal(chmod(root, 0755), 0);
	fake_make(root, &(struct fake_node){ "libvirt", NULL, FAKE_DIRECTORY });
	row->make(root);
	before = fake_descriptors();
	if (row->is_for_nobody)
		fake_become_nobody();
	found = socket_find(row->driver != NULL ? row->driver : "qemu", root);
	fake_back();
	chmod(fake_path(root, "libvirt"), 0755);
	check_found(row, root, &found);
	assert_int_equal(fake_descriptors(), before);
	socket_clear(&found);
	assert_null(found.path);
	if (listener >= 0)
		close(listener);
	listener = -1;
}

/* It hangs up at once, saying nothing. */
static void
test_silence(void **state)
{
	const char *root = fake_root(NULL);
	struct libvirt_socket found;
	struct pollfd peer = { 0, POLLIN, 0 };
	char byte;

	(void)state;
	fake_make(root, &(struct fake_node){ "libvirt", NULL, FAKE_DIRECTORY });
	make_monolithic(root);
	found = socket_find("qemu", root);
	peer.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer.fd >= 0);
	assert_int_equal(poll(&peer, 1, 0), 1);
	assert_int_equal(read(peer.fd, &byte, 1), 0);
	close(peer.fd);
	close(listener);
	listener = -1;
	socket_clear(&found);
}

static void
test_permissions(void **state)
{
	const char *root = fake_root(NULL);
	struct libvirt_socket found;

	(void)state;
	fake_make(root, &(struct fake_node){ "libvirt", NULL, FAKE_DIRECTORY });
	make_monolithic(root);
	assert_int_equal(chmod(fake_path(root, MONOLITHIC), 0640), 0);
	found = socket_find("qemu", root);
	assert_true(found.has_permissions);
	assert_int_equal(found.permissions.status.st_mode & 0777, 0640);
	assert_true(S_ISSOCK(found.permissions.status.st_mode));
	close(listener);
	listener = -1;
	socket_clear(&found);
}

/* sun_path is short. */
static void
test_long(void **state)
{
	char *directory = malloc(4096);
	struct libvirt_socket found;

	(void)state;
	memset(directory, 'x', 4095);
	directory[0] = '/';
	directory[4095] = '\0';
	found = socket_find("qemu", directory);
	assert_int_equal(found.state, SOCKET_FAULTY);
	assert_int_equal(found.error, ENAMETOOLONG);
	assert_false(found.has_permissions);
	socket_clear(&found);
	free(directory);
}

static void
test_system(void **state)
{
	struct libvirt_socket found = socket_find("no such driver", NULL);

	(void)state;
	assert_string_equal(found.path, "/run/libvirt/libvirt-sock");
	socket_clear(&found);
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "find", test_find, SUITE_ROWS(rows));
	suite_add_one(&suite, "it says nothing", test_silence);
	suite_add_one(&suite, "permissions", test_permissions);
	suite_add_one(&suite, "a path too long", test_long);
	suite_add_one(&suite, "the system's", test_system);
	return suite_run(&suite, "sockets");
}
