/* SPDX-License-Identifier: MIT */
/*
 * What a process is taken for. Names are its own choice; what the kernel says
 * of it, its uid, parent and control group, comes first.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "../policy/countof.h"
#include "proc.h"

static const char *const shells[] = { "bash", "zsh", "fish", "dash", "ash",
	"sh", "ksh", "ksh93", "mksh", "lksh", "oksh", "yash", "rc", "csh",
	"tcsh", "nu", "xonsh", "elvish", NULL };

static const char *const desktops[] = { "Xorg", "Xwayland", "Xvnc", "Xtigervnc",
	"gdm-*-session", "gdm-wayland-ses", "gnome-session*", "gnome-shell",
	"startplasma*", "plasma_session", "plasmashell", "kwin_*",
	"xfce4-session", "lxqt-session", "lxsession", "mate-session",
	"cinnamon", "cinnamon-sessio", "budgie-wm", "cosmic-comp",
	"cosmic-session", "sway", "labwc", "Hyprland", "river", "wayfire",
	"niri", "weston", "cage", "i3", "openbox", "awesome", "bspwm", "dwm",
	NULL };

static const char *const managers[] = { "systemd", NULL };
static const char *const tmuxes[] = { "tmux: server", NULL };
static const char *const screens[] = { "screen", "SCREEN", NULL };
static const char *const sshds[] = { "sshd", "sshd-session", NULL };
static const char *const emacses[] = { "emacs*", NULL };
static const char *const nvims[] = { "nvim", NULL };
/* of zed and JetBrains */
static const char *const servers[] = { "zed-remote-serv", "remote-dev-serv",
	NULL };

/*
 * By comm, of which the kernel keeps 15 bytes, and where that does not tell,
 * by the arguments: all are patterns for fnmatch(3).
 */
static const struct known {
	const char *const *names;
	enum process_kind kind;
	const char *command; /* NULL: any */
} known[] = {
	{ shells, PROCESS_SHELL, NULL },
	{ desktops, PROCESS_DESKTOP, NULL },
	{ managers, PROCESS_MANAGER, "*systemd --user*" },
	{ tmuxes, PROCESS_TMUX, NULL },
	{ screens, PROCESS_SCREEN, "SCREEN*" },
	{ screens, PROCESS_SCREEN, "*/SCREEN*" },
	{ sshds, PROCESS_SSHD, NULL },
	{ servers, PROCESS_EDITOR, NULL },
	{ emacses, PROCESS_EDITOR, "* -daemon*" },
	{ emacses, PROCESS_EDITOR, "* --daemon*" },
	{ emacses, PROCESS_EDITOR, "* -[bf]g-daemon*" },
	{ emacses, PROCESS_EDITOR, "* --[bf]g-daemon*" },
	{ nvims, PROCESS_EDITOR, "* --headless *--listen *" },
	{ nvims, PROCESS_EDITOR, "* --listen *--headless*" },
};

/* Where editors put what they run on the host they edit on. */
static const char *const editor_directories[] = {
	"/.vscode-server/",
	"/.vscode-server-insiders/",
	"/.vscodium-server/",
	"/.cursor-server/",
	"/.windsurf-server/",
	"/.zed_server/",
	"/JetBrains/RemoteDev/",
	"/code-server/",
};

static bool
is_editors(const char *exe)
{
	for (size_t i = 0; exe != NULL && i < countof(editor_directories);
		i++) {
		if (strstr(exe, editor_directories[i]) != NULL)
			return true;
	}
	return false;
}

/*
 * In "…/user@1000.service/init.scope"? The outermost such unit is systemd's;
 * below it users may make what they like.
 */
static bool
is_in_manager_scope(const struct process *process)
{
	const char *found;
	char unit[64];

	if (process->cgroup == NULL)
		return false;
	snprintf(unit, sizeof(unit), "/user@%lu.service/",
		(unsigned long)process->uid);
	found = strstr(process->cgroup, unit);
	return found != NULL && strcmp(found + strlen(unit), "init.scope") == 0;
}

/* May it be of this kind, as far as the kernel knows? */
static bool
may_be(const struct process *process, enum process_kind kind)
{
	if (kind == PROCESS_MANAGER)
		return process->cgroup == NULL ? process->parent == 1
					       : is_in_manager_scope(process);
	/* root's own is the listener, and a part of everybody's connection */
	if (kind == PROCESS_SSHD)
		return process->uid != 0;
	return true;
}

static bool
has_name(const struct process *process, const struct known *row)
{
	const char *const *name = row->names;

	while (*name != NULL && fnmatch(*name, process->name, 0) != 0)
		name++;
	return *name != NULL && may_be(process, row->kind);
}

static bool
has_command(const char *command, const struct known *row)
{
	return row->command == NULL ||
		(command != NULL && fnmatch(row->command, command, 0) == 0);
}

enum process_kind
process_guess_kind(
	const struct process *process, const char *command, const char *exe)
{
	if (strcmp(process->name, "systemd") == 0 &&
		is_in_manager_scope(process))
		return PROCESS_MANAGER;
	for (size_t i = 0; i < countof(known); i++) {
		const struct known *row = &known[i];

		if (has_name(process, row) && has_command(command, row))
			return row->kind;
	}
	return is_editors(exe) ? PROCESS_EDITOR : PROCESS_OTHER;
}

bool
process_wants_command(const struct process *process)
{
	if (process->kind != PROCESS_OTHER)
		return false;
	for (size_t i = 0; i < countof(known); i++) {
		if (known[i].command != NULL && has_name(process, &known[i]))
			return true;
	}
	return false;
}
