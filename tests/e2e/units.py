# SPDX-License-Identifier: MIT
"""virturi-relogin.path and .service, in a desktop's user manager."""

import contextlib
import json
import re

import managers
import sabotage
from guest import Wrong
from rows import expect, row

PAGE = "/usr/share/man/man1/virturi.1"
UNITS = "/usr/lib/systemd/user"
PATH = "virturi-relogin.path"
SERVICE = "virturi-relogin.service"

# A desktop, as far as systemd sees one
DESKTOP = """[Unit]
BindsTo=graphical-session.target
Before=graphical-session.target

[Service]
ExecStart=sleep infinity
"""


def prepare(guest):
    """A desktop to be started, and both units as virturi(1) says."""
    guest.write("/etc/systemd/user/desktop.service", DESKTOP)
    guest.do(*read_command(guest, "--global enable")).check()


def read_command(guest, words):
    """A command that virturi(1) displays, as a list."""
    found = re.search(rf"^\.Dl (systemctl {words} .*)$", guest.read(PAGE),
                      re.M)
    if not found:
        raise Wrong(f"virturi(1) has no systemctl {words}")
    return found[1].split()


# A desktop session, and what its manager says

def runtime(guest, user):
    return "/run/user/" + guest.do("id", "-u", user).check().out.strip()


def as_user(guest, user, *argv):
    """A command of the user's, beside their sessions."""
    return guest.do("setpriv", f"--reuid={user}", f"--regid={user}",
                    "--init-groups", "env", "-i", "PATH=/usr/bin",
                    f"XDG_RUNTIME_DIR={runtime(guest, user)}", *argv)


def show(guest, user, unit, *names):
    """Properties of a user's unit, as strings."""
    out = as_user(guest, user, "systemctl", "--user", "show", unit,
                  "--property=" + ",".join(names)).check().out
    values = dict(line.split("=", 1) for line in out.splitlines())
    return tuple(values[name] for name in names)


def wait_for_rest(guest, user):
    """Until the service does not run any more."""
    def rests():
        state, jobs = show(guest, user, SERVICE, "ActiveState", "Job")
        return state in ("inactive", "failed") and jobs in ("", "0")
    guest.wait_for(f"the end of {SERVICE}", rests)


@contextlib.contextmanager
def desktop(guest, user):
    """The user is logged in, and graphical-session.target is up."""
    managers.end_managers(guest)
    unit = f"desktop-of-{user}"
    guest.do("systemd-run", "--quiet", "--collect", f"--unit={unit}",
             "--setenv=HOME=/root", "ssh", f"{user}@localhost",
             "systemctl --user start desktop && sleep infinity").check()
    try:
        guest.wait_for("the user's bus", lambda: as_user(
            guest, user, "systemctl", "--user", "is-active",
            "graphical-session.target").out == "active\n")
        wait_for_rest(guest, user)
        yield
    finally:
        guest.do("systemctl", "stop", unit)
        managers.end_managers(guest)


@contextlib.contextmanager
def drop_in(guest, text, unit=SERVICE, name="e2e"):
    """More of a unit, for managers that start from now on."""
    path = f"/etc/systemd/user/{unit}.d/{name}.conf"
    guest.write(path, text)
    try:
        yield
    finally:
        guest.remove(path)


@contextlib.contextmanager
def without_lines(guest, unit, pattern):
    """The unit without the lines that match."""
    path = f"{UNITS}/{unit}"
    text = guest.read(path)
    cut = re.sub(rf"^(?:{pattern}).*\n", "", text, flags=re.M)
    if cut == text:
        raise AssertionError(f"{path} has no {pattern}")
    with sabotage.replaced(guest, path, cut):
        yield


@contextlib.contextmanager
def member_of(guest, user, group):
    guest.do("gpasswd", "--add", user, group).check()
    try:
        yield
    finally:
        guest.do("gpasswd", "--delete", user, group).check()


# What systemd thinks of them

def unknown_directive(guest):
    return drop_in(guest, "[Service]\nFrobnicate=yes\n")


@row("systemd-analyze --user verify", broken_by=unknown_directive)
def verified(guest):
    done = guest.ssh("member", f"systemd-analyze --user verify "
                               f"{UNITS}/{PATH} {UNITS}/{SERVICE}")
    expect("status, output", (done.status, done.out + done.err), (0, ""))
    return "nothing to say"


def ordering_cycle(guest):
    """The path unit waits for the session that waits for paths.target."""
    return drop_in(guest, "[Unit]\nAfter=graphical-session.target\n",
                   unit=PATH)


@row("the journal, login to logout",
     broken_by=(unknown_directive, ordering_cycle))
def nothing_to_complain(guest):
    mark = guest.mark()
    with desktop(guest, "member"):
        pass
    expect("warnings", [entry["MESSAGE"] for entry in guest.journal_entries(
        mark, "_SYSTEMD_UNIT=user@1000.service", "SYSLOG_IDENTIFIER=systemd")
        if int(entry["PRIORITY"]) <= 4], [])
    return "no warning of systemd's"


# When they run

@contextlib.contextmanager
def not_enabled(guest):
    """Nobody has run systemctl --global enable."""
    guest.do("systemctl", "--global", "disable", PATH, SERVICE).check()
    try:
        yield
    finally:
        guest.do(*read_command(guest, "--global enable")).check()


def path_not_installed(guest):
    """There is no path unit."""
    return sabotage.moved_away(guest, f"{UNITS}/{PATH}")


def count_runs(guest, mark):
    """How often the service has run since."""
    return len(guest.journal(mark, f"USER_UNIT={SERVICE}", grep="Starting "))


@row("systemctl --global enable", broken_by=(not_enabled, path_not_installed))
def enabled(guest):
    mark = guest.mark()
    with desktop(guest, "member"):
        expect("the path unit", show(guest, "member", PATH, "ActiveState",
                                     "SubState"), ("active", "waiting"))
        expect("runs at the session's start", count_runs(guest, mark), 1)
        mark = guest.mark()
        with member_of(guest, "outsider", "games"):
            guest.wait_for("a run", lambda: count_runs(guest, mark))
            wait_for_rest(guest, "member")
    return "the service runs at the session's start and as /etc/group changes"


def mask_undone(guest):
    """Something unmasks them at the session's start."""
    return drop_in(guest, "[Service]\nExecStartPre=systemctl --user "
                          f"unmask {PATH} {SERVICE}\n", unit="desktop.service")


@row("systemctl --user mask --now", broken_by=mask_undone)
def masked(guest):
    command = read_command(guest, "--user mask --now")
    try:
        with desktop(guest, "member"):
            as_user(guest, "member", *command).check()
            expect("the path unit", show(guest, "member", PATH, "ActiveState",
                                         "LoadState"), ("inactive", "masked"))
        mark = guest.mark()
        with desktop(guest, "member"), member_of(guest, "outsider", "games"):
            expect("the path unit", show(guest, "member", PATH, "ActiveState",
                                         "LoadState"), ("inactive", "masked"))
            expect("runs", count_runs(guest, mark), 0)
    finally:
        guest.remove("/home/member/.config")
    return "neither runs, at the next login neither"


# The sandbox

# What a process of the service's sees of itself, and of the world
LOOK = """[Service]
ExecStartPre=sh -c 'cat /proc/self/uid_map /proc/self/gid_map \
	/proc/self/status >%t/status'
ExecStartPre=-sh -c 'virturi needs-relogin --group libvirt --json >%t/answer'
"""
IDENTITY = f"{'0 0 4294967295':>33}".split()


def private_tmp(guest):
    """One of the settings that need a user namespace."""
    return drop_in(guest, "[Service]\nPrivateTmp=yes\n", name="more")


def protect_system(guest):
    """Another one."""
    return drop_in(guest, "[Service]\nProtectSystem=strict\n", name="more")


def no_sandbox(guest):
    """The service as anything else the user runs."""
    return without_lines(guest, SERVICE,
                         "Lock|Memory|NoNew|Restrict|SystemCall")


def read_status(text, field):
    return re.search(rf"^{field}:[ \t]*(.*?) *$", text, re.M)[1]


@row("sandbox of the service",
     broken_by=(private_tmp, protect_system, no_sandbox))
def sandbox(guest):
    with drop_in(guest, LOOK), desktop(guest, "member"):
        path = f"{runtime(guest, 'member')}/status"
        lines = guest.read(path).splitlines()
        groups = guest.do("id", "-G", "member").check().out.split()
    status = "\n".join(lines)
    for what, line in zip(("uid_map", "gid_map"), lines):
        expect(what, line.split(), IDENTITY)
    expect("groups", sorted(read_status(status, "Groups").split()),
           sorted(groups))
    expect("NoNewPrivs", read_status(status, "NoNewPrivs"), "1")
    expect("Seccomp", read_status(status, "Seccomp"), "2")
    return f"no user namespace, groups {' '.join(groups)}; " \
        "NoNewPrivs 1, Seccomp 2"


def read_answer(text):
    """What needs-relogin --json says, without what differs each time."""
    answer = json.loads(text)
    for process in answer["processes"]:
        del process["pid"]
    for step in answer["cure"]:
        del step["price"]
    return answer


@row("needs-relogin in the sandbox", broken_by=(private_tmp, protect_system))
def same_answer(guest):
    with drop_in(guest, LOOK), desktop(guest, "outsider"), \
            member_of(guest, "outsider", "libvirt"):
        as_user(guest, "outsider", "systemctl", "--user", "start", SERVICE)
        wait_for_rest(guest, "outsider")
        inside = read_answer(guest.read(
            f"{runtime(guest, 'outsider')}/answer"))
        outside = read_answer(as_user(
            guest, "outsider", "systemd-run", "--user", "--quiet", "--pipe",
            "--wait", "--collect", "sh", "-c", "virturi needs-relogin "
            "--group libvirt --json; true").check().out)
    expect("inside", inside, outside)
    expect("needed", inside["needed"], True)
    return "yes, as outside"


# Changes in a row

FLURRY = 30


def with_start_limit(guest):
    """Without the line that lifts systemd's own limit."""
    return without_lines(guest, SERVICE, "StartLimitIntervalSec")


def expect_alive(guest):
    state, result = show(guest, "member", PATH, "ActiveState", "Result")
    if state != "active":
        raise Wrong(f"the path unit is {state}: {result}")


@row(f"{FLURRY} changes of groups", broken_by=with_start_limit)
def flurry(guest):
    with desktop(guest, "member"):
        mark = guest.mark()
        for i in range(FLURRY):
            group = "games" if i % 2 else "games,audio"
            guest.do("usermod", "--groups", group, "outsider").check()
            wait_for_rest(guest, "member")
            expect_alive(guest)
        guest.do("usermod", "--groups", "", "outsider").check()
        runs = count_runs(guest, mark)
        expect_alive(guest)
    return f"{runs} runs, the path unit lives on"


# systemd does not look at /etc/group while the service runs

def looks_once(guest):
    """It waits for the file as virturi does, and then looks no more."""
    return drop_in(guest, "[Service]\nExecStart=\n"
                          "ExecStart=flock %t/virturi-notice true\n")


@contextlib.contextmanager
def notice_locked(guest, user):
    """Who wants to remember what was said, the service too, has to wait."""
    path = f"{runtime(guest, user)}/virturi-notice"
    guest.do("systemd-run", "--quiet", "--collect", "--unit=lock",
             f"--uid={user}", "flock", path, "sleep", "infinity").check()
    try:
        guest.wait_for("the lock", lambda: "FLOCK" in guest.read("/proc/locks"))
        yield
    finally:
        guest.do("systemctl", "stop", "lock")


@row("a change while the service runs", broken_by=looks_once)
def change_meanwhile(guest):
    with desktop(guest, "outsider"), contextlib.ExitStack() as stack:
        with notice_locked(guest, "outsider"):
            stack.enter_context(member_of(guest, "member", "games"))
            guest.wait_for("the service at the lock", lambda: "-> FLOCK" in
                           guest.read("/proc/locks"))
            stack.enter_context(member_of(guest, "outsider", "libvirt"))
        # 3: a login is needed, and there is no desktop to say so
        guest.wait_for("a service that saw the change", lambda: show(
            guest, "outsider", SERVICE, "ExecMainStatus") == ("3",))
    return "the service sees it"
