/* SPDX-License-Identifier: MIT */
#ifndef HELPER_MEANING_H
#define HELPER_MEANING_H

/*
 * What a libvirt URI means for the person who gets it, in one line. Forms and
 * transports: https://libvirt.org/uri.html. Printable, owned by the caller.
 */
char *uri_describe(const char *uri);

#endif
