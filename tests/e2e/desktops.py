# SPDX-License-Identifier: MIT
"""Desktops: UWSM, greetd, LightDM, and what starts with them."""

import contextlib
import re
import shlex

import headless
import sabotage
from headless import TOOLS, expect_everywhere, over_ssh
from rows import expect, expect_in, read_value, row

URI = "qemu:///system"
OWN = "test:///default"
SNIPPET = "/usr/share/uwsm/env.d/70-virturi"
VIRTURI = "/usr/bin/virturi"
AUTOSTART = "/etc/xdg/autostart/virturi-relogin.desktop"
EVERYWHERE = "sway, and what keys, apps and services start"


def prepare(guest):
    """A libvirt to connect to, and a notification service."""
    guest.do("systemctl", "start", "libvirtd.socket").check()
    headless.install_notifier(guest)


# Who brings the variable

@contextlib.contextmanager
def hidden(guest, path):
    """A file that is not there."""
    away = "/run/away" + path.replace("/", "-")
    guest.do("mv", path, away).check()
    try:
        yield
    finally:
        guest.do("mv", away, path).check()


def login_without(guest):
    """The login stack lacks the module."""
    return sabotage.without_module(guest, sabotage.COMMON[0])


def manager_without(guest):
    """The systemd-user stack lacks it."""
    return sabotage.without_module(guest, sabotage.COMMON[1])


def no_generator(guest):
    return hidden(guest, sabotage.GENERATOR)


def no_snippet(guest):
    return hidden(guest, SNIPPET)


CARRIERS = {
    "login stack": login_without,
    "systemd-user stack": manager_without,
    "generator": no_generator,
    "snippet": no_snippet,
}
NOTHING = sabotage.together(*CARRIERS.values())
NOTHING.__name__ = "nothing_brings_it"


@contextlib.contextmanager
def only(guest, *carriers):
    """Of all that brings the variable, only these, if they are there."""
    with contextlib.ExitStack() as stack:
        for name, without in CARRIERS.items():
            if name not in carriers and is_there(guest, name):
                stack.enter_context(without(guest))
        yield


def is_there(guest, carrier):
    path = {"login stack": sabotage.COMMON[0],
            "systemd-user stack": sabotage.COMMON[1],
            "generator": sabotage.GENERATOR, "snippet": SNIPPET}[carrier]
    needle = "pam_virturi" if path.startswith("/etc/pam.d") else ""
    return guest.do("grep", "-q", needle, path).status == 0


# UWSM

def add_carrier(name, without):
    @row(f"UWSM by the {name} alone",
         broken_by=(without, sabotage.not_a_member))
    def alone(guest):
        with only(guest, name), over_ssh(guest, "member") as desktop:
            expect_everywhere("member", desktop.look(), URI)
        return f"{EVERYWHERE}: {URI}"


for name_, without_ in CARRIERS.items():
    add_carrier(name_, without_)


@row("UWSM, outsider", broken_by=sabotage.everybody_a_member)
def outsider(guest):
    with over_ssh(guest, "outsider") as desktop:
        expect_everywhere("outsider", desktop.look(), "unset")
    return f"{EVERYWHERE}: unset"


def labwc_comes_without(guest):
    """labwc is started without the variable."""
    return sabotage.replaced(
        guest, "/etc/systemd/user/wayland-wm@labwc.desktop.service.d/e2e.conf",
        "[Service]\nUnsetEnvironment=LIBVIRT_DEFAULT_URI\n")


@row("UWSM, labwc", broken_by=(NOTHING, labwc_comes_without))
def labwc(guest):
    guest.write("/etc/xdg/labwc/autostart", f"{TOOLS}/look.sh\n")
    with over_ssh(guest, "member", "labwc") as desktop:
        expect_everywhere("member", desktop.find_values("labwc"), URI)
    return f"labwc, and what its autostart file starts: {URI}"


def snippet_insists(guest):
    """The snippet does not ask whether there is a value."""
    return sabotage.replaced(guest, SNIPPET,
                             f"export LIBVIRT_DEFAULT_URI={URI}\n")


@row("UWSM, a value is there", broken_by=snippet_insists)
def value_is_there(guest):
    seen = []
    for value in OWN, "":
        with only(guest, "snippet"), over_ssh(
                guest, "member",
                before=f"export LIBVIRT_DEFAULT_URI={value}") as desktop:
            expect_everywhere("member", desktop.look(), value)
        seen.append(value or "empty")
    return ", ".join(seen) + ": stays, in all of them"


# UWSM's snippet, when something is wrong

SHELLS = [["dash"], ["busybox", "sh"], ["bash", "--posix"]]
POLICY = "/etc/security/virturi.conf"
BROKEN = "[group libvirt\nuri = qemu:///system\n"


def careless(guest):
    """A snippet as one might write it."""
    return sabotage.replaced(
        guest, SNIPPET, "virturi_uri=$(virturi uri) || exit\n"
        "export LIBVIRT_DEFAULT_URI=$virturi_uri\n")


def broken_policy(guest):
    return sabotage.replaced(guest, POLICY, BROKEN)


def no_virturi(guest):
    return hidden(guest, VIRTURI)


@contextlib.contextmanager
def virturi_hangs(guest):
    with no_virturi(guest):
        guest.write(VIRTURI, "#!/bin/sh\nexec sleep 60\n", mode=0o755)
        try:
            yield
        finally:
            guest.remove(VIRTURI)


def no_deadline(guest):
    """It waits for virturi as long as that takes."""
    return snippet_edited(guest, "timeout 2 ", "")


def add_trouble(name, trouble, *broken_by):
    @row(f"UWSM's snippet, {name}", broken_by=(careless, *broken_by))
    def starts_all_the_same(guest):
        with only(guest, "snippet"), trouble(guest):
            mark = guest.mark()
            with over_ssh(guest, "member") as desktop:
                expect_everywhere("member", desktop.look(), "unset")
            lines = guest.journal(mark, grep="virturi: |virturi.conf|/virturi")
        return "the session starts; unset" + "".join(
            f"; journal: {line.partition(': ')[2]}" for line in lines)


add_trouble("broken policy", broken_policy)
add_trouble("no virturi", no_virturi)
add_trouble("virturi hangs", virturi_hangs, no_deadline)


def bash_only(guest):
    """The snippet is for bash."""
    return snippet_edited(guest, '[ -z "${LIBVIRT_DEFAULT_URI+set}" ]',
                          "[[ ! -v LIBVIRT_DEFAULT_URI ]]")


def litters(guest):
    """It leaves its own variable behind."""
    return snippet_edited(guest, "unset virturi_uri", ":")


def fails(guest):
    """It ends a shell that has errexit."""
    return snippet_edited(guest, "unset virturi_uri", "false")


def needs_nounset_off(guest):
    """It expands what may not be set."""
    return snippet_edited(guest, "{LIBVIRT_DEFAULT_URI+set}",
                          "LIBVIRT_DEFAULT_URI")


def snippet_edited(guest, old, new):
    text = guest.read(SNIPPET)
    if old not in text:
        raise AssertionError(f"the snippet has no {old!r}")
    return sabotage.replaced(guest, SNIPPET, text.replace(old, new))


def source(guest, shell, user, *environment):
    """Source the snippet in a strict shell: the environment's new lines, and
    the names of new variables.
    """
    def run(script):
        out = guest.do("setpriv", f"--reuid={user}", f"--regid={user}",
                       "--init-groups", "env", *environment, *shell, "-euc",
                       f"{script}; set; echo ==; env").check().out
        variables, _, environ = out.partition("==\n")
        return set(re.findall(r"^(\w+)=", variables, re.M)) - {"_"}, \
            {line for line in environ.splitlines() if line[:2] != "_="}
    names, lines = run(":")
    more_names, more_lines = run(f". {SNIPPET}")
    return sorted(more_lines - lines), sorted(more_names - names)


@row("UWSM's snippet, in strict shells",
     broken_by=(bash_only, litters, fails, needs_nounset_off))
def strict_shells(guest):
    name = "LIBVIRT_DEFAULT_URI"
    situations = {
        "member": (["member"], ([f"{name}={URI}"], [name])),
        "outsider": (["outsider"], ([], [])),
        "a value is there": (["member", f"{name}={OWN}"], ([], [])),
        "an empty one": (["member", f"{name}="], ([], [])),
    }
    for shell in SHELLS:
        for what, (arguments, wanted) in situations.items():
            expect(f"{shlex.join(shell)}, {what}",
                   source(guest, shell, *arguments), wanted)
        for trouble in broken_policy, no_virturi:
            with trouble(guest):
                expect(f"{shlex.join(shell)}, {trouble.__name__}",
                       source(guest, shell, "member"), ([], []))
    return ", ".join(map(shlex.join, SHELLS)) + ": sets or leaves it, no more"


# Display managers


@row("greetd, a plain session",
     broken_by=(NOTHING, sabotage.everybody_a_member))
def greetd_plain(guest):
    for user, wanted in ("member", URI), ("outsider", "unset"):
        desktop = headless.Desktop(guest, user)
        with only(guest, "login stack"):
            headless.start_greetd(guest, user, f"{TOOLS}/session.sh")
            try:
                expect(user, read_value(user, desktop.read("session")), wanted)
            finally:
                guest.do("systemctl", "stop", "greetd").check()
                desktop.end()
    return f"member: {URI}; outsider: unset"


@row("greetd, UWSM", broken_by=(NOTHING, sabotage.not_a_member))
def greetd_uwsm(guest):
    with headless.by_greetd(guest, "member") as desktop:
        expect_everywhere("member", desktop.look(), URI)
    return f"{EVERYWHERE}: {URI}"


LIGHTDM = f"""
[LightDM]
logind-check-graphical=false
[Seat:*]
xserver-command={TOOLS}/headless_x.sh
autologin-session=e2e
"""


def login_by_lightdm(guest, user):
    """What the environment of an X session says."""
    desktop = headless.Desktop(guest, user)
    guest.write("/etc/lightdm/lightdm.conf",
                f"{LIGHTDM}autologin-user={user}\n")
    guest.do("systemctl", "start", "lightdm").check()
    try:
        return desktop.read("session")
    finally:
        guest.do("systemctl", "stop", "lightdm").check()
        desktop.end()


@row("LightDM, an X session",
     broken_by=(NOTHING, sabotage.everybody_a_member))
def lightdm(guest):
    guest.write("/usr/share/xsessions/e2e.desktop",
                "[Desktop Entry]\nType=Application\nName=e2e\n"
                f"Exec={TOOLS}/session.sh\n")
    # LightDM speaks of VT 7, of which logind here knows nothing
    with sabotage.replaced(guest, "/etc/environment", "XDG_VTNR=0\n"), \
            only(guest, "login stack"):
        for user, wanted in ("member", URI), ("outsider", "unset"):
            seen = login_by_lightdm(guest, user)
            expect_in(user, seen, "\nDISPLAY=:")
            expect(user, read_value(user, seen), wanted)
    return f"member: {URI}; outsider: unset"


# What is said there

def read_rows(text):
    """check's rows: id -> status and text."""
    rows = re.findall(r"^([A-Z]{4})  (\S+) +(.*)$", text, re.M)
    return {name: f"{status} {said}" for status, name, said in rows}


@row("check, in a desktop", broken_by=(NOTHING, sabotage.no_policy))
def check(guest):
    with headless.by_greetd(guest, "member") as desktop:
        text = desktop.ask("uwsm app -- virturi check --color=never")
    expect_in("first line", text.partition("\n")[0],
              "member (uid 1000) on guest, this session: greetd, local, since")
    rows = read_rows(text)
    for name in "environment", "user-manager", "groups", "processes", \
            "socket", "authorisation", "libvirt":
        expect(f"{name}: {rows.get(name)}", rows.get(name, "")[:4], "PASS")
    expect_in("row pam", rows["pam"], "greetd")
    return expect("verdict", text.splitlines()[-1],
                  "ready: clients use qemu:///system, by the policy")


# XDG autostart

@contextlib.contextmanager
def line_dropped(guest, path, line):
    lines = guest.read(path).splitlines(keepends=True)
    kept = [other for other in lines if other.strip() != line]
    if kept == lines:
        raise AssertionError(f"{path} has no line {line!r}")
    with sabotage.replaced(guest, path, "".join(kept)):
        yield


def no_skip(guest):
    """systemd takes the autostart file for one of its own."""
    return line_dropped(guest, AUTOSTART, "X-systemd-skip=true")


def autostart_for_nobody(guest):
    """The other file, too, is not for this desktop."""
    return sabotage.replaced(guest, OTHER, AUTOSTARTED + "Hidden=true\n")


OTHER = "/etc/xdg/autostart/e2e-other.desktop"
AUTOSTARTED = "[Desktop Entry]\nType=Application\nName=e2e\nExec=/bin/true\n"


@row("XDG autostart with systemd", broken_by=(no_skip, autostart_for_nobody))
def autostart_by_systemd(guest):
    if not guest.exists(OTHER):
        guest.write(OTHER, AUTOSTARTED)
    with over_ssh(guest, "member") as desktop:
        out = desktop.systemctl("list-units", "--all", "--plain",
                                "--no-legend", "app-*@autostart.service")
    names = sorted(line.split()[0] for line in out.check().out.splitlines())
    expect("units", names, [r"app-e2e\x2dother@autostart.service"])
    return "skipped; another file has a unit"


PLAIN = "/run/e2e-plain"
SAID = "Notify virturi 0 computer 'A new login is needed for libvirt' " \
    "'for good: log in again' urgency=1 expires=0"


def no_autostart(guest):
    return hidden(guest, AUTOSTART)


@row("XDG autostart without systemd",
     broken_by=(no_autostart, no_virturi, sabotage.no_policy))
def autostart_by_dex(guest):
    """Of a member whose session lacks the URI; the bus ends with the shell,
    which waits for what dex has started.
    """
    guest.remove(PLAIN)
    guest.do("install", "-d", "-m", "700", "-o", "member", PLAIN).check()
    guest.run("dbus-run-session", "sh", "-euc", """
        dex --autostart --environment e2e
        while pgrep -u member -x virturi; do sleep 0.1; done""",
              user="member", env={"XDG_RUNTIME_DIR": PLAIN}).check()
    expect("notes", headless.split_notes(guest.read(PLAIN + "/notes")), [SAID])
    return "dex runs it; the desktop is told"


def unknown_key(guest):
    """The autostart file has a key that nobody knows."""
    return sabotage.replaced(guest, AUTOSTART,
                             guest.read(AUTOSTART) + "Icon=a\nTypo=yes\n")


@row("XDG autostart file is valid", broken_by=unknown_key)
def autostart_is_valid(guest):
    done = guest.do("desktop-file-validate", AUTOSTART).check()
    return "desktop-file-validate: " + expect("its words", done.out, "")
