/* SPDX-License-Identifier: MIT */
#ifndef HELPER_CLIENT_CONF_H
#define HELPER_CLIENT_CONF_H

/*
 * libvirt's client configuration, as libvirt reads it: the whole file is good,
 * or no client connects to anything.
 */

#include <stddef.h>

/*
 * libvirt.conf(5)'s uri_default, the first if there are several. 0 with *ret*
 * (owned by the caller) and its line; -ENOENT when it is not set; -EBADMSG
 * when libvirt would refuse the file, with the line it trips on in *line*.
 */
int client_conf_parse(
	const char *text, size_t size, char **ret, unsigned int *line);

#endif
