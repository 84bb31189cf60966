/* SPDX-License-Identifier: MIT */
#include "sockets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "output.h"

/* How long a full queue may stay full */
static const struct timeval patience = { .tv_sec = 1 };

/* DIRECTORY/libvirt/DAEMON-sock. Owned. */
static char *
format_path(const char *directory, const char *daemon)
{
	char *path;

	if (asprintf(&path, "%s/libvirt/%s-sock", directory, daemon) < 0)
		need(NULL);
	return path;
}

/* Of a non-blocking connect(2) one would not learn when there is room. */
static int
try_to_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	do
		r = connect(fd, (struct sockaddr *)&address, sizeof(address));
	while (r < 0 && errno == EINTR);
	if (r < 0)
		r = -errno;
	close(fd);
	return r;
}

static enum socket_state
judge(int error)
{
	switch (error) {
	case 0:
		return SOCKET_OPEN;
	case -ENOENT:
		return SOCKET_MISSING;
	case -ECONNREFUSED:
		return SOCKET_REFUSED;
	case -EACCES:
	case -EPERM:
		return SOCKET_DENIED;
	case -EAGAIN:
		return SOCKET_SILENT;
	default:
		return SOCKET_FAULTY;
	}
}

/*
 * As libvirt's client chooses, remote_mode "auto" (remote/remote_sockets.c):
 * the modular daemon's if it is there, whether or not somebody listens.
 */
static void
choose(struct libvirt_socket *found, const char *driver, const char *directory)
{
	if (asprintf(&found->daemon, "virt%sd", driver) < 0)
		need(NULL);
	found->path = format_path(directory, found->daemon);
	found->is_modular = access(found->path, F_OK) == 0;
	if (found->is_modular)
		return;
	free(found->path);
	free(found->daemon);
	found->daemon = need(strdup("libvirtd"));
	found->path = format_path(directory, "libvirt");
}

struct libvirt_socket
socket_find(const char *driver, const char *runtime_dir)
{
	struct libvirt_socket found = { 0 };
	int r;

	choose(&found, driver, runtime_dir != NULL ? runtime_dir : "/run");
	r = try_to_connect(found.path);
	found.state = judge(r);
	if (found.state == SOCKET_FAULTY)
		found.error = -r;
	found.has_permissions =
		permissions_read(found.path, &found.permissions) == 0;
	return found;
}

void
socket_clear(struct libvirt_socket *found)
{
	free(found->path);
	free(found->daemon);
	if (found->has_permissions)
		permissions_clear(&found->permissions);
	*found = (struct libvirt_socket){ 0 };
}
