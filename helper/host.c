/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "files.h"
#include "root.h"

/* All this is about the running system, whatever --root says. */
static const struct tree here = { -1 };

/* The file's contents, or NULL; owned. */
static char *
read_file(const char *path)
{
	struct stat status;
	char *bytes;
	size_t size;

	if (files_read(&here, path, &bytes, &size, &status) < 0)
		return NULL;
	return bytes;
}

/* --- Distributions -------------------------------------------------------- */

static const struct {
	const char *id;
	enum family family;
} ids[] = {
	{ "debian", FAMILY_DEBIAN },
	{ "ubuntu", FAMILY_DEBIAN },
	{ "fedora", FAMILY_FEDORA },
	{ "rhel", FAMILY_FEDORA },
	{ "centos", FAMILY_FEDORA },
	{ "suse", FAMILY_SUSE },
	{ "opensuse", FAMILY_SUSE },
	{ "sles", FAMILY_SUSE },
	{ "arch", FAMILY_ARCH },
	{ "archlinux", FAMILY_ARCH },
	{ "alpine", FAMILY_ALPINE },
	{ "postmarketos", FAMILY_ALPINE },
	{ "gentoo", FAMILY_GENTOO },
	{ "nixos", FAMILY_NIXOS },
};

static enum family
find_id(struct span word)
{
	for (size_t i = 0; i < countof(ids); i++) {
		if (text_equals(word, ids[i].id))
			return ids[i].family;
	}
	return FAMILY_UNKNOWN;
}

/* The first known word of a value, which may be quoted. */
static enum family
find_first(const char *value, size_t size)
{
	static const char between[] = " \t\r\"'";
	enum family family = FAMILY_UNKNOWN;
	size_t i = 0;

	while (i < size && family == FAMILY_UNKNOWN) {
		struct span word = { value + i, 0 };

		while (i < size && strchr(between, value[i]) == NULL) {
			word.size++;
			i++;
		}
		family = find_id(word);
		i++;
	}
	return family;
}

enum family
family_parse(const char *text)
{
	enum family id = FAMILY_UNKNOWN, like = FAMILY_UNKNOWN;

	for (;;) {
		size_t size = strcspn(text, "\n");

		if (strncmp(text, "ID=", 3) == 0)
			id = find_first(text + 3, size - 3);
		else if (strncmp(text, "ID_LIKE=", 8) == 0)
			like = find_first(text + 8, size - 8);
		if (text[size] == '\0')
			break;
		text += size + 1;
	}
	return id != FAMILY_UNKNOWN ? id : like;
}

enum family
host_find_family(void)
{
	char *text = read_file("/etc/os-release");
	enum family family;

	if (text == NULL)
		text = read_file("/usr/lib/os-release");
	family = text != NULL ? family_parse(text) : FAMILY_UNKNOWN;
	free(text);
	return family;
}

const char *
host_libvirt_install(void)
{
	static const char *const commands[] = {
		[FAMILY_UNKNOWN] = "install libvirt's daemon and qemu",
		/* recommends the qemu of this architecture */
		[FAMILY_DEBIAN] = "sudo apt install libvirt-daemon-system",
		[FAMILY_FEDORA] = "sudo dnf install libvirt-daemon-kvm",
		[FAMILY_SUSE] = "sudo zypper install libvirt-daemon-qemu",
		[FAMILY_ARCH] = "sudo pacman -S libvirt qemu-desktop dnsmasq",
		[FAMILY_ALPINE] = "doas apk add libvirt-daemon libvirt-qemu "
				  "qemu-system-x86_64",
		[FAMILY_GENTOO] = "sudo emerge app-emulation/libvirt "
				  "app-emulation/qemu",
		[FAMILY_NIXOS] = "set virtualisation.libvirtd.enable = true",
	};
	enum family family = host_find_family();

	if (family == FAMILY_FEDORA && host_is_image_based())
		return "sudo rpm-ostree install libvirt-daemon-kvm";
	return commands[family];
}

bool
host_is_image_based(void)
{
	return access("/run/ostree-booted", F_OK) == 0;
}

/* --- Units and programs --------------------------------------------------- */

bool
host_has_unit(const char *unit)
{
	/* the first one that has it counts: systemd.unit(5) */
	static const char *const directories[] = { "/etc/systemd/system",
		"/run/systemd/system", "/usr/local/lib/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system" };
	struct stat status;

	for (size_t i = 0; i < countof(directories); i++) {
		char *path = format_raw("%s/%s", directories[i], unit);
		int r = files_stat(&here, path, &status);

		free(path);
		if (r == 0)
			return S_ISREG(status.st_mode) && status.st_size > 0;
	}
	return false;
}

char *
host_find_unit(const char *daemon)
{
	static const char *const suffixes[] = { ".socket", ".service" };

	for (size_t i = 0; i < countof(suffixes); i++) {
		char *unit = format_raw("%s%s", daemon, suffixes[i]);

		if (host_has_unit(unit))
			return unit;
		free(unit);
	}
	return NULL;
}

bool
host_has_systemd(void)
{
	struct stat status;

	return lstat("/run/systemd/system", &status) == 0;
}

bool
host_has_program(const char *name)
{
	static const char *const directories[] = { "/usr/bin", "/usr/sbin",
		"/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin" };
	bool is_found = false;

	for (size_t i = 0; i < countof(directories) && !is_found; i++) {
		char *path = format_raw("%s/%s", directories[i], name);
		struct stat status;

		is_found = files_stat(&here, path, &status) == 0 &&
			S_ISREG(status.st_mode) &&
			(status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH));
		free(path);
	}
	return is_found;
}

/* --- Ids ------------------------------------------------------------------ */

bool
id_map_is_identity(const char *text)
{
	/* inside, outside, how many: 2^32 - 1 is no id */
	static const unsigned long wanted[] = { 0, 0, UINT32_MAX };
	char *end;

	for (size_t i = 0; i < countof(wanted); i++) {
		unsigned long number = strtoul(text, &end, 10);

		if (end == text || number != wanted[i])
			return false;
		text = end;
	}
	return strcmp(text, "\n") == 0;
}

/* A kernel without user namespaces has no map. */
static bool
is_map_real(const char *path)
{
	char *text = read_file(path);
	bool is_real = text == NULL || id_map_is_identity(text);

	free(text);
	return is_real;
}

bool
host_ids_are_real(void)
{
	return is_map_real("/proc/self/uid_map") &&
		is_map_real("/proc/self/gid_map");
}
