# SPDX-License-Identifier: MIT
"""Two users who join and leave groups, their sessions and managers.

What rows break, by putting something else into /usr/local/bin, is called by
its path where it is no part of the row.
"""

import re

from guest import Wrong
from rows import read_value
from shell import opened

URI = "qemu:///system"
USER, AT_DESKTOP = "newcomer", "painter"
UIDS = {USER: "2001", AT_DESKTOP: "2002"}
SOCKET = "/etc/systemd/system/libvirtd.socket.d/e2e.conf"
DAEMON = "/etc/libvirt/libvirtd.conf"

# Group and URI of a session or a manager
FULL, BARE = (True, URI), (False, "unset")


# What guards libvirt

def by_socket(guest):
    """The socket belongs to the group, and so processes need it."""
    if not guest.exists(SOCKET):
        guest.write(SOCKET,
                    "[Socket]\nSocketMode=0770\nSocketGroup=libvirt\n")
        guest.write(DAEMON, 'auth_unix_rw = "none"\n')
        restart_libvirt(guest)


def by_polkit(guest):
    """As Debian has it: polkit asks who is in the group."""
    if guest.exists(SOCKET):
        guest.remove(SOCKET, DAEMON)
        restart_libvirt(guest)


def restart_libvirt(guest):
    """The daemon is killed: left to itself, it takes 30 s to end."""
    units = ["libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket",
             "libvirtd"]
    guest.do("systemctl", "stop", "--no-block", *units).check()
    guest.do("systemctl", "kill", "--signal=KILL", "libvirtd")
    guest.do("systemctl", "stop", *units).check()
    guest.do("systemctl", "daemon-reload").check()
    guest.do("systemctl", "start", units[0]).check()


# People

def make_users(guest):
    for user, uid in UIDS.items():
        guest.do("useradd", "--create-home", "--shell=/bin/bash",
                 f"--uid={uid}", user).check()
        guest.do("sh", "-euc", 'cp -r /home/member/.ssh "/home/$1"; '
                 'chown -R "$1:" "/home/$1"', "sh", user).check()


def begin(guest, user=USER, lingers=False):
    """Not logged in and in no group; a manager runs only if it lingers."""
    guest.run("/usr/bin/loginctl", "disable-linger", user).check()
    end_all(guest, user)
    if "libvirt" in guest.do("id", "-Gn", user).check().out.split():
        guest.do("/usr/bin/gpasswd", "--delete", user, "libvirt").check()
    if lingers:
        guest.run("/usr/bin/loginctl", "enable-linger", user).check()
        wait_for_manager(guest, user)


def end_all(guest, user=USER):
    """Everything of a user's. A row cannot fail by this, broken or not."""
    uid = UIDS[user]
    try:
        guest.do("/usr/bin/loginctl", "terminate-user", user)
        guest.do("/usr/bin/systemctl", "stop", f"user@{uid}",
                 f"user-{uid}.slice").check()
        guest.wait_for("the end", lambda: guest.do(
            "pgrep", "--uid", uid).status == 1)
    except Wrong as error:
        left = guest.do("ps", "-o", "pid,cgroup,args", "--user", uid).out
        raise RuntimeError(f"{user}'s processes stay: {error}\n{left}") \
            from None


def join(guest, user=USER):
    """As check tells root to do it."""
    guest.do("usermod", "-aG", "libvirt", user).check()


def log_in(guest, user=USER):
    return opened(guest, "ssh", "-T", f"{user}@localhost")


def as_user(guest, user, *argv):
    """A command in no session that reaches the user's manager."""
    return guest.run(*argv, user=user, env={
        "XDG_RUNTIME_DIR": f"/run/user/{UIDS[user]}"}).check().out


# Their systemd --user

def show_manager(guest, user, *properties):
    return guest.do("/usr/bin/systemctl", "show", "--value",
                    *(f"--property={name}" for name in properties),
                    f"user@{UIDS[user]}").check().out.split()


def wait_for_manager(guest, user=USER):
    """Its pid, when it is up."""
    guest.wait_for("the manager", lambda: show_manager(
        guest, user, "ActiveState") == ["active"])
    return show_manager(guest, user, "MainPID")[0]


def wait_for_end(guest, pid):
    guest.wait_for(f"the end of {pid}",
                   lambda: not guest.exists(f"/proc/{pid}"))


def start_desktop(guest, user):
    """A compositor without a screen, as a service of the manager's."""
    as_user(guest, user, "systemd-run", "--user", "--quiet",
            "--setenv=WLR_BACKENDS=headless", "--setenv=WLR_RENDERER=pixman",
            "--setenv=WLR_LIBINPUT_NO_DEVICES=1", "sway")
    guest.wait_for("sway", lambda: guest.do(
        "pgrep", "--uid", UIDS[user], "swaybar").out)


# Who has what

def in_session(shell):
    """Group and URI of a shell."""
    groups = shell.run("id -Gn").check().out.split()
    return "libvirt" in groups, read_value(
        "the session", shell.run("env").check().out)


def in_manager(guest, user=USER):
    """Group and URI of systemd --user, by /proc and by its own account."""
    gid = guest.do("getent", "group", "libvirt").check().out.split(":")[2]
    status = guest.read(f"/proc/{wait_for_manager(guest, user)}/status")
    groups = re.search(r"^Groups:(.*)$", status, re.M)[1].split()
    return gid in groups, read_value("the manager", as_user(
        guest, user, "/usr/bin/systemctl", "--user", "show-environment"))
