# SPDX-License-Identifier: MIT
"""Notifications: what a desktop is told when groups change."""

import contextlib
import shlex

import headless
import sabotage
from guest import Wrong
from headless import over_ssh, split_notes
from rows import expect, row

URI = "qemu:///system"
USER = "outsider"
SERVICE = "virturi-relogin.service"

# What the user reads, where polkit guards libvirt and where a group does
TITLE = "'A new login is needed for libvirt'"
SERVICES = f"user services: systemctl --user set-environment " \
    f"LIBVIRT_DEFAULT_URI={URI}"
LOG_OUT = "for good: log out of everything, wait 10 seconds, log in"
TERMINATE = f"for good: loginctl terminate-user {USER}, then log in again"

# Somebody else's, by
CALL = "busctl --user call org.freedesktop.Notifications " \
    "/org/freedesktop/Notifications org.freedesktop.Notifications"
OTHERS = f"{CALL} Notify susssasa{{sv}}i e2e 0 icon summary body 0 " \
    "1 urgency y 1 0"


def notice(*lines):
    body = "\n".join(lines)
    return f"Notify virturi 0 computer {TITLE} '{body}' urgency=1 expires=0"


def prepare(guest):
    """The units for everybody, as virturi(1) says; and a libvirt."""
    headless.install_notifier(guest)
    guest.do("systemctl", "--global", "enable", "virturi-relogin.path",
             SERVICE).check()
    guest.do("systemctl", "start", "libvirtd.socket").check()


# What changes

JOIN = ["usermod", "-aG", "libvirt", USER]
LEAVE = ["gpasswd", "--delete", USER, "libvirt"]


@contextlib.contextmanager
def leaves_at_last(guest):
    """However it ends, the user is in the group no more."""
    try:
        yield
    finally:
        guest.do(*LEAVE)


def find_run(desktop):
    """Which run of the service was the last; "" while it runs."""
    out = desktop.systemctl("show", "--property=ActiveState,InvocationID",
                            "--value", SERVICE).out.split()
    return "".join(out[1:]) if out[:1] == ["inactive"] else ""


def wait_for_run(desktop, last=""):
    """Until the service has run, once more than last."""
    return desktop.guest.wait_for(
        SERVICE, lambda: find_run(desktop) not in ("", last)
        and find_run(desktop))


def change(desktop, *argv, notes):
    """A command as root that changes groups. When the service has run because
    of it, these are the notes. It may run twice, and the first time too early.
    """
    last = wait_for_run(desktop)
    desktop.guest.do(*argv).check()
    wait_for_run(desktop, last)
    with contextlib.suppress(Wrong):
        desktop.guest.wait_for("notes", lambda: read_notes(desktop) == notes)
    wait_for_run(desktop)
    expect(f"notes after {shlex.join(argv)}", read_notes(desktop), notes)


def read_notes(desktop):
    """What the desktop was told since the manager started."""
    path = f"{desktop.runtime}/notes"
    if not desktop.guest.exists(path):
        return []
    return split_notes(desktop.guest.read(path))


# Ways to break it

def not_enabled(guest):
    """Nobody has enabled the path unit."""
    return sabotage.moved_away(
        guest, "/etc/systemd/user/graphical-session.target.wants"
        "/virturi-relogin.path")


def not_at_start(guest):
    """Nobody has enabled the service."""
    return sabotage.moved_away(
        guest, f"/etc/systemd/user/graphical-session.target.wants/{SERVICE}")


def service_with(guest, line):
    return sabotage.replaced(guest, f"/etc/systemd/user/{SERVICE}.d/e2e.conf",
                             f"[Service]\n{line}\n")


def forgets(guest):
    """What was said is forgotten."""
    return service_with(guest, "ExecStartPre=rm -f %t/virturi-notice")


def blind(guest):
    """The service sees the user's namespace, not the host's groups."""
    return service_with(guest, "PrivateTmp=yes")


def closes(guest):
    """It closes the first notification, whosever that is."""
    return service_with(guest, f"ExecStopPost=-{CALL} CloseNotification u 1")


def talks(guest):
    """The service says something else, too."""
    return service_with(guest, f"ExecStartPre={OTHERS}")


@contextlib.contextmanager
def lingering(guest):
    """The user's manager never ends."""
    guest.run("loginctl", "enable-linger", USER).check()
    desktop = headless.Desktop(guest, USER)
    try:
        guest.wait_for("the manager", lambda: desktop.systemctl(
            "is-active", "default.target").status == 0)
        yield
    finally:
        guest.run("loginctl", "disable-linger", USER).check()
        desktop.end()


# Where polkit guards libvirt

@row("nothing is needed", broken_by=talks)
def nothing_needed(guest):
    with over_ssh(guest, USER) as desktop:
        wait_for_run(desktop)
        expect("notes", read_notes(desktop), [])
        change(desktop, "groupadd", "e2e", notes=[])
        change(desktop, "groupdel", "e2e", notes=[])
    return "at the start and after another group's change: none"


@row("the user joins the group", broken_by=(
    not_enabled, forgets, blind, sabotage.no_policy))
def user_joins(guest):
    wanted = [notice(SERVICES, LOG_OUT)]
    with over_ssh(guest, USER) as desktop, leaves_at_last(guest):
        for command in JOIN, ["groupadd", "e2e"], \
                ["usermod", "-aG", "e2e", USER], ["groupdel", "e2e"]:
            change(desktop, *command, notes=wanted)
    return f"one: {SERVICES!r}, {LOG_OUT!r}; other groups: no more"


@row("the user leaves it again", broken_by=(not_enabled, forgets))
def user_leaves(guest):
    with over_ssh(guest, USER) as desktop, leaves_at_last(guest):
        said = [notice(SERVICES, LOG_OUT)]
        change(desktop, *JOIN, notes=said)
        change(desktop, *LEAVE, notes=[*said, "CloseNotification 1"])
    return "it closes"


@row("the cure: log out, wait, log in", broken_by=(lingering, talks))
def cure(guest):
    with leaves_at_last(guest):
        with over_ssh(guest, USER, stays=True) as desktop:
            change(desktop, *JOIN, notes=[notice(SERVICES, LOG_OUT)])
            log_out(desktop)
        guest.wait_for("the manager's end", lambda: not guest.exists(
            desktop.runtime), 20)
        with over_ssh(guest, USER) as desktop:
            wait_for_run(desktop)
            headless.expect_everywhere(USER, desktop.look(), URI)
            expect("notes", read_notes(desktop), [])
    return f"it is gone, {URI} is there"


def log_out(desktop):
    """As from its menu, and out of ssh."""
    desktop.do("uwsm", "stop")
    desktop.guest.wait_for("the session's end", lambda: desktop.guest.do(
        "systemctl", "is-active", headless.UNIT).status)
    desktop.guest.remove(f"{desktop.runtime}/notes")


@row("logged in again at once", broken_by=(closes, talks))
def too_early(guest):
    with leaves_at_last(guest):
        with over_ssh(guest, USER, stays=True) as desktop:
            change(desktop, *JOIN, notes=[notice(SERVICES, LOG_OUT)])
            log_out(desktop)
        # the new desktop's first notification gets the same id
        with somebody_else_notifies(desktop), \
                over_ssh(guest, USER) as desktop:
            wait_for_run(desktop)
            headless.expect_everywhere(USER, desktop.look(), URI)
            expect("notes", [note.split()[:2] for note in read_notes(desktop)],
                   [["Notify", "e2e"]])
    return f"{URI} is there, so none; somebody else's is left alone"


@contextlib.contextmanager
def somebody_else_notifies(desktop):
    """At the desktop's start, before virturi could."""
    with sabotage.replaced(
            desktop.guest, f"/etc/systemd/user/{SERVICE}.d/others.conf",
            f"[Service]\nExecStartPre={OTHERS}\n"):
        desktop.systemctl("daemon-reload").check()
        yield


# Where the socket belongs to the group

@contextlib.contextmanager
def group_mode(guest):
    """The socket is the group's."""
    try:
        with sabotage.replaced(
                guest, "/etc/systemd/system/libvirtd.socket.d/e2e.conf",
                "[Socket]\nSocketMode=0660\nSocketGroup=libvirt\n"):
            restart_libvirt(guest)
            yield
    finally:
        restart_libvirt(guest)


def restart_libvirt(guest):
    guest.do("systemctl", "daemon-reload").check()
    guest.do("systemctl", "stop", "libvirtd.service", "libvirtd.socket",
             "libvirtd-ro.socket", "libvirtd-admin.socket").check()
    guest.do("systemctl", "start", "libvirtd.socket").check()


@row("needed when the session begins", broken_by=not_at_start)
def needed_at_start(guest):
    with group_mode(guest), lingering(guest), leaves_at_last(guest):
        guest.do(*JOIN).check()
        with over_ssh(guest, USER, stays=True) as desktop:
            wait_for_run(desktop)
            expect("notes", read_notes(desktop), [notice(TERMINATE)])
            log_out(desktop)
    return f"one: {TERMINATE!r}"


@row("in again at once, the group counts", broken_by=not_at_start)
def too_early_for_group(guest):
    with group_mode(guest), leaves_at_last(guest):
        with over_ssh(guest, USER, stays=True) as desktop:
            change(desktop, *JOIN, notes=[notice(LOG_OUT)])
            log_out(desktop)
        with over_ssh(guest, USER) as desktop:
            wait_for_run(desktop)
            expect("notes", read_notes(desktop), [notice(LOG_OUT)])
    return "told anew, on the new desktop"
