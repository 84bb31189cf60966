# SPDX-License-Identifier: MIT
"""70-virturi: mistakes, hostile files and a directory that hangs."""

import contextlib
import re
import shlex
import time

import managers
import sabotage
from guest import Wrong
from managers import GENERATORS, POLICY, URI, generator
from rows import expect, read_value, row

DEADLINE = 2            # seconds that 70-virturi allows itself
GRACE = 2               # for all else that a manager does at its start
ERROR, WARNING = "3", "4"
LEFT_ALONE = "LIBVIRT_DEFAULT_URI is left alone"
UNUSABLE = "the policy is unusable, nobody gets a URI"


prepare = managers.prepare


# Looking

def read_lines(guest, mark):
    """Who of us has logged what since: (who, priority, message)."""
    lines = []
    for entry in guest.journal_entries(mark):
        said = re.match(r"(70-virturi|pam_virturi\(.*?:session\)): (.*)",
                        entry.get("MESSAGE") or "")
        if said:
            lines.append((said[1], entry["PRIORITY"], said[2]))
    return sorted(lines)


def read_start(guest):
    """How many seconds the member's manager took to start."""
    times = guest.do("systemctl", "show", "user@1000.service",
                     "--property=InactiveExitTimestampMonotonic",
                     "--property=ActiveEnterTimestampMonotonic").check().out
    begin, end = sorted(map(int, re.findall(r"=(\d+)", times)))
    if not begin:
        raise Wrong("the member's manager has not started")
    return (end - begin) / 1e6


def start_manager(guest):
    """A first login: its URI and the manager's, and how long each took."""
    managers.end_managers(guest)
    begin = time.monotonic()
    out = guest.ssh("member", "env; echo ==; systemctl --user show-environment",
                    timeout=10).check().out
    seconds = time.monotonic() - begin
    session, _, manager = out.partition("==")
    return (read_value("the session", session),
            read_value("the manager", manager),
            read_start(guest), seconds)


def expect_unset(guest, least, most):
    """Neither has a URI; manager and ssh take so many seconds. How many."""
    session, manager, start, whole = start_manager(guest)
    expect("the session", session, "unset")
    expect("the manager", manager, "unset")
    if not least <= start <= most or whole > most + GRACE:
        raise Wrong(f"expected {least} to {most} s, but the manager took "
                    f"{start:.1f} s to start, ssh {whole:.1f} s")
    return f"{start:.1f} s"


# Ways to break it

def generator_insists(guest):
    """Sets the variable, whatever the policy is."""
    return generator(guest, f"{GENERATORS}/60-other",
                     f"echo LIBVIRT_DEFAULT_URI={URI}")


def slow_generator(guest):
    """Takes longer than ours may."""
    return generator(guest, f"{GENERATORS}/60-slow", f"sleep {DEADLINE + 3}")


def two_generators(guest):
    """Ours runs twice, so everything is said twice."""
    return generator(guest, f"{GENERATORS}/71-again",
                     f"exec {sabotage.GENERATOR}")


def no_priority(guest):
    """What ours says is logged as if it were nothing special."""
    return generator(guest, f"{GENERATORS}/70-virturi",
                     f"{sabotage.GENERATOR} 2>&1 >/dev/null | "
                     "sed 's/^<.>//' >&2")


# A policy that cannot be used: how to make it, what is said of it

POLICIES = {
    "broken": ("echo '[grop libvirt]' >{}",
               ":1: '[grop libvirt]': unknown header, did you mean "
               "[group NAME]?"),
    "of 8 MiB": ("truncate --size=8M {}",
                 ": larger than 1 MiB; split it into drop-ins"),
    "a FIFO": ("mkfifo {}",
               ": not a regular file; put one in its place"),
    "a directory": ("mkdir {}",
                    ": a directory, not a file; rename or remove it"),
    "a device": ("mknod {} c 1 5",
                 ": not a regular file; put one in its place"),
    "a lost link": ("ln -s /nowhere {}",
                    ": a link that leads nowhere; mend or remove it"),
    "writable": ("echo >{0}; chmod 666 {0}",
                 ": writable by everybody: chmod go-w {}"),
}


@contextlib.contextmanager
def policy_made_by(guest, command):
    guest.do("sh", "-c", command.format(POLICY)).check()
    try:
        yield
    finally:
        guest.remove(POLICY)


def conclude(text):
    """A question is a sentence of its own."""
    if text.endswith("?"):
        return f"{text} T{UNUSABLE[1:]}"
    return f"{text}; {UNUSABLE}"


def add_policy(name, command, text):
    @row(f"policy {name}",
         broken_by=(generator_insists, sabotage.no_generator, slow_generator,
                    two_generators, no_priority))
    def is_unusable(guest):
        with policy_made_by(guest, command):
            mark = guest.mark()
            took = expect_unset(guest, 0, DEADLINE)
            lines = read_lines(guest, mark)
        said = POLICY + conclude(text.format(POLICY))
        expect("the journal", lines, [
            (who, ERROR, said) for who in
            ("70-virturi", "pam_virturi(sshd:session)",
             "pam_virturi(systemd-user:session)")])
        return f"unset; a line, err, from module and generator; {took}"


for name_, (command_, text_) in POLICIES.items():
    add_policy(name_, command_, text_)


# A directory that hangs. Of groups that members are asked only here: else it
# would be sshd and systemd themselves that wait.

NSS = "/etc/nsswitch.conf"
SILENT = "/etc/systemd/system/silent"


@contextlib.contextmanager
def hanging_directory(guest):
    """Groups that are not in the file are asked of nslcd's socket, where
    somebody takes calls and never answers.
    """
    lines = re.sub(r"^group:.*", "group: files ldap\ninitgroups: files",
                   guest.read(NSS), flags=re.M)
    guest.write(f"{SILENT}.socket", "[Socket]\nListenStream=/run/nslcd/socket\n"
                                    "RemoveOnStop=yes\n")
    guest.write(f"{SILENT}.service", "[Service]\nExecStart=sleep infinity\n")
    guest.do("systemctl", "daemon-reload").check()
    with sabotage.replaced(guest, NSS, lines), \
            managers.policy(guest, f"[group lab]\nuri = {URI}\n"):
        guest.do("systemctl", "start", "silent.socket").check()
        try:
            yield
        finally:
            guest.do("systemctl", "stop", "silent.socket", "silent.service")


def no_deadline(guest):
    """The look-up is somebody else's, who has more patience."""
    return generator(guest, f"{GENERATORS}/60-patient", "getent group lab")


@contextlib.contextmanager
def group_is_local(guest):
    """The group is in the file, the member in it."""
    guest.do("groupadd", "--users", "member", "lab").check()
    try:
        yield
    finally:
        guest.do("groupdel", "lab").check()


@row("directory hangs",
     broken_by=(sabotage.no_generator, group_is_local, two_generators,
                no_priority, no_deadline))
def hangs(guest):
    with managers.only(guest, "generator"), hanging_directory(guest):
        mark = guest.mark()
        took = expect_unset(guest, DEADLINE, DEADLINE + GRACE)
        expect("the journal", read_lines(guest, mark), [
            ("70-virturi", WARNING, "users and groups could not be looked up "
                                    f"within {DEADLINE} s; {LEFT_ALONE}")])
        return f"unset; one line, warning; {took}"


# By hand, as anybody, with any environment

AS_MEMBER = ["setpriv", "--reuid=member", "--regid=member", "--init-groups"]
AS_NOBODY_KNOWN = ["setpriv", "--reuid=4242", "--regid=4242", "--clear-groups"]
LINE = f"LIBVIRT_DEFAULT_URI={URI}\n"
HANDS = {
    "empty environment": ([*AS_MEMBER, "env", "-i"], LINE, ""),
    "without HOME": ([*AS_MEMBER, "env", "-u", "HOME"], LINE, ""),
    "set": ([*AS_MEMBER, "env", LINE.strip()], "", ""),
    "set, empty": ([*AS_MEMBER, "env", "LIBVIRT_DEFAULT_URI="], "", ""),
    "root": (["env", "-i"], "", ""),
    "uid without a name": ([*AS_NOBODY_KNOWN, "env", "-i"], "",
                           "<4>70-virturi: uid 4242 has no name here; "
                           f"{LEFT_ALONE}\n"),
}


@contextlib.contextmanager
def ours_replaced(guest, script):
    with sabotage.moved_away(guest, sabotage.GENERATOR), \
            generator(guest, sabotage.GENERATOR, script):
        yield


def silent(guest):
    """It does nothing."""
    return ours_replaced(guest, "")


def thoughtless(guest):
    """It prints the URI to whoever runs it."""
    return ours_replaced(guest, f"echo {shlex.quote(LINE.strip())}")


def status_one(guest):
    """It does its work, but ends with status 1."""
    return ours_replaced(guest, f"{sabotage.AWAY}; exit 1")


def add_hand(name, argv, out, err):
    wrong = silent if out or err else thoughtless

    @row(f"by hand: {name}", broken_by=(wrong, status_one))
    def prints(guest):
        done = guest.do(*argv, sabotage.GENERATOR)
        expect("status, output, errors", (done.status, done.out, done.err),
               (0, out, err))
        return (out or err or "nothing").strip()


for name_, hand_ in HANDS.items():
    add_hand(name_, *hand_)


@row("root's manager", broken_by=(managers.NEITHER, generator_insists))
def roots_manager(guest):
    seen = []
    for text in f"[group root]\nuri = {URI}\n", f"[user root]\nuri = {URI}\n":
        with managers.policy(guest, text):
            guest.do("systemctl", "restart", "user@0.service").check()
            seen.append(read_value("the manager", guest.do(
                "env", "XDG_RUNTIME_DIR=/run/user/0", "systemctl", "--user",
                "show-environment").check().out))
        guest.do("systemctl", "stop", "user@0.service").check()
    expect("by [group root], by [user root]", seen, ["unset", URI])
    return f"by [group root]: unset; by [user root]: {URI}"


# A URI of every character a shell or a manager might take for its own

STRANGE = "qemu+ssh://a_b@[::1]:22/~x/;(y)!*,?a=%27&b=$HOME&c=$(d)"


def quotes_escaped(guest):
    """What it prints is quoted in a way that keeps the quotes."""
    return generator(guest, f"{GENERATORS}/70-virturi",
                     sabotage.GENERATOR + r""" | sed "s/'/\\\\'/g" """)


@row("every character", broken_by=(sabotage.no_generator, quotes_escaped))
def every_character(guest):
    uri = STRANGE.replace("$", "$$")
    with managers.members_get(guest, uri), managers.only(guest, "generator"):
        managers.end_managers(guest)
        seen = managers.find_values(guest, "member")
    for name in "service", "org.example.unit", managers.BUS:
        expect(name, seen[name], STRANGE)
    return STRANGE
