# SPDX-License-Identifier: MIT
"""Old groups, no URI: who has them still, and the least that helps."""

import contextlib
import re
import time

import sabotage
from advice import Advice, commands, read_checks, read_remedy
from guest import Wrong
from people import (AT_DESKTOP, BARE, FULL, UIDS, URI, USER, begin, by_polkit,
                    by_socket, end_all, in_manager, in_session, join, log_in,
                    make_users, start_desktop, wait_for_end,
                    wait_for_manager)
from rows import expect, expect_in, read_value, row
from sabotage import ignoring, instead, saying
from shell import opened

SEEN = "/tmp/seen"

# Group and URI, in the table of needs-relogin
HAS, LAGS = ("yes", URI), ("no", "not set")

NEEDED = "relogin needed; no reboot."
FOR_URI = "relogin needed, for the variable alone; no reboot."
FOR_SERVICES = "no relogin needed, but that command for user services."

ENV = f"exec env LIBVIRT_DEFAULT_URI={URI}"
THIS = f"{ENV} $SHELL"
SET = f"systemctl --user set-environment LIBVIRT_DEFAULT_URI={URI}"
EXIT = "systemctl --user exit, then log in again"
WAIT = "log out of everything, wait 10 seconds, log in"


def prepare(guest):
    make_users(guest)
    guest.do("systemctl", "start", "libvirtd.socket").check()


# What they are told

def name_shell(shell):
    """As needs-relogin calls it."""
    return f"this shell, bash {shell.run('echo $$').check().out.strip()}"


def ask(shell, *options):
    return Advice(shell.run(" ".join(["virturi", "needs-relogin", *options])))


def expect_advice(shell, session, others, cures, end=NEEDED, user=USER):
    """Who has what besides a login made now, and what helps, in this order.

    session: what this shell has; others: the same of the rest, by name; end:
    the last line.
    """
    advice = ask(shell)
    who = "this session" if session != HAS else "some processes"
    expect("is it needed?", advice.is_needed, True)
    expect("first line", advice.headline,
           f"{user} was added to libvirt; {who} began before")
    expect("the table", advice.table,
           {"a login made now": HAS, name_shell(shell): session, **others})
    expect("the cures", advice.cures, cures)
    expect("the last line", advice.text.splitlines()[-1], end)
    return advice


def expect_nothing(shell):
    """Nobody lags any more."""
    advice = ask(shell)
    if advice.is_needed:
        raise Wrong(f"a relogin is still needed:\n{advice.text}")


def expect_all(guest, user=USER):
    """A new login has everything, and so has the manager."""
    with log_in(guest, user) as shell:
        expect("new session", in_session(shell), FULL)
        expect("manager", in_manager(guest, user), FULL)
        expect_nothing(shell)


def follow(shell, cure):
    """What is to be typed of it; what a person does is the row's part."""
    for command in commands(cure):
        shell.run(command).check()


# Ways to break it

def nobody_joins(guest):
    """usermod says it has done it."""
    return instead(guest, "usermod", "exit 0")


def nobody_leaves(guest):
    return instead(guest, "gpasswd", "exit 0")


def all_is_well(guest):
    """virturi has nothing to say."""
    return instead(guest, "virturi", "echo fine")


@contextlib.contextmanager
def logind_waits(guest, seconds):
    """So long after the last logout until managers end."""
    def restart():
        for user in UIDS:
            end_all(guest, user)
        guest.do("systemctl", "restart", "systemd-logind").check()
    with sabotage.replaced(guest, "/etc/systemd/logind.conf.d/e2e.conf",
                           f"[Login]\nUserStopDelaySec={seconds}\n"):
        restart()
        yield
    restart()


def managers_end_at_once(guest):
    return logind_waits(guest, 0)


def managers_stay(guest):
    return logind_waits(guest, 60)


NO_URI = sabotage.together(sabotage.no_module_line, sabotage.no_generator)
USUAL = (nobody_joins, NO_URI, all_is_well)


# A manager that lingers

@row("lingering manager, socket's group",
     broken_by=(*USUAL, ignoring("systemctl", "exit")))
def lingering_by_socket(guest):
    by_socket(guest)
    begin(guest, lingers=True)
    pid = wait_for_manager(guest)
    join(guest)
    with log_in(guest) as shell:
        expect("new session", in_session(shell), FULL)
        expect("manager", in_manager(guest), BARE)
        advice = expect_advice(shell, HAS, {f"systemd --user {pid}": LAGS},
                               [("user services", EXIT)])
        expect_in("needs-relogin", advice.text,
                  "libvirt matters: /run/libvirt/libvirt-sock is 0770")
        expect_manager_checked(shell.run("virturi check"), pid, EXIT)
        follow(shell, advice.cures[0][1])
        wait_for_end(guest, pid)
        expect("this session", in_session(shell), FULL)
    expect_all(guest)
    return f"named, {EXIT}: both have it"


def expect_manager_checked(done, pid, cure):
    """check warns of a manager without group and URI, and has the cure."""
    status, said = read_checks(done.out)["user-manager"]
    expect("user-manager", status, "WARN")
    expect_in("user-manager", said, f"systemd --user (pid {pid}, since ")
    expect_in("user-manager", said, "group libvirt")
    expect_in("user-manager", said, "URI")
    expect_in("user-manager", said, cure)


@row("lingering manager, polkit",
     broken_by=(*USUAL, ignoring("systemctl", "set-environment")))
def lingering_by_polkit(guest):
    by_polkit(guest)
    begin(guest, lingers=True)
    pid = wait_for_manager(guest)
    join(guest)
    with log_in(guest) as shell:
        expect("new session", in_session(shell), FULL)
        advice = expect_advice(shell, HAS, {f"systemd --user {pid}": LAGS},
                               [("user services", SET)], FOR_SERVICES)
        expect_in("needs-relogin", advice.text, "libvirt does not matter here")
        said = read_checks(shell.run("virturi check").out)["user-manager"]
        expect("user-manager", said[0], "WARN")
        expect("user-manager", read_remedy(said[1], "from now on"), SET)
        follow(shell, advice.cures[0][1])
        expect("manager", in_manager(guest), (False, URI))
        expect("user service", shell.run(
            "systemd-run --user --quiet --pipe --wait virsh uri"
        ).check().out.split(), [URI])
        expect_nothing(shell)
    return "only the URI matters; set-environment is enough"


@row("lingering manager, root's cure",
     broken_by=(*USUAL, ignoring("systemctl", "restart")))
def lingering_by_root(guest):
    by_socket(guest)
    begin(guest, lingers=True)
    pid = wait_for_manager(guest)
    join(guest)
    cure = f"systemctl restart user@{UIDS[USER]}"
    done = guest.do("virturi", "check", USER)
    expect_manager_checked(done, pid, cure)
    said = read_checks(done.out)["user-manager"][1]
    guest.do("sh", "-c", read_remedy(said, "user services")).check()
    wait_for_end(guest, pid)
    expect("manager", in_manager(guest), FULL)
    expect_all(guest)
    return f"check {USER}: {cure}"


# A session that is older

@row("old session, socket's group",
     broken_by=(nobody_joins, sabotage.no_policy, all_is_well,
                ignoring("newgrp", "libvirt")))
def old_by_socket(guest):
    by_socket(guest)
    begin(guest)
    with log_in(guest) as shell:
        pid = wait_for_manager(guest)
        join(guest)
        advice = expect_advice(shell, LAGS, {f"systemd --user {pid}": LAGS}, [
            ("this shell", f"{ENV} newgrp libvirt"),
            ("for good", "new ssh login"), ("user services", EXIT)])
        expect("check", shell.run("virturi check").status, 1)
        follow(shell, advice.cures[0][1])
        expect("this shell", in_session(shell), FULL)
        expect("virsh uri", shell.run("virsh uri").check().out.split(), [URI])
        expect_advice(shell, HAS, {f"systemd --user {pid}": LAGS},
                      [("user services", EXIT)])
    return "exec env and newgrp: this shell has both, virsh connects"


@row("old session, polkit",
     broken_by=(*USUAL, ignoring("env", "LIBVIRT_DEFAULT_URI")))
def old_by_polkit(guest):
    by_polkit(guest)
    begin(guest)
    with log_in(guest) as shell:
        pid = wait_for_manager(guest)
        join(guest)
        advice = expect_advice(shell, LAGS, {f"systemd --user {pid}": LAGS}, [
            ("this shell", THIS), ("for good", "new ssh login"),
            ("user services", SET)], FOR_URI)
        expect_in("needs-relogin", advice.text, "libvirt does not matter here")
        follow(shell, advice.cures[0][1])
        expect("this shell", in_session(shell), (False, URI))
        expect("virsh uri", shell.run("virsh uri").check().out.split(), [URI])
        follow(shell, advice.cures[2][1])
        expect_nothing(shell)
    with log_in(guest) as shell:
        expect("new session", in_session(shell), FULL)
        expect_nothing(shell)
    return "exec env is enough, virsh connects; so is a new login"


# Relogins, by the times that the issue names

def log_out_and_wait(guest, seconds):
    """Both users have logged in, join, log out, and so long later come back:
    one has had a desktop, the other none. Their managers' pids, by user.
    """
    by_socket(guest)
    pids = {}
    for user in UIDS:
        begin(guest, user)
    with log_in(guest), log_in(guest, AT_DESKTOP):
        for user in UIDS:
            pids[user] = wait_for_manager(guest, user)
        start_desktop(guest, AT_DESKTOP)
        for user in UIDS:
            join(guest, user)
    time.sleep(seconds)
    return pids


@row("relogin after 2 s", broken_by=(*USUAL, managers_end_at_once))
def after_2_s(guest):
    pids = log_out_and_wait(guest, 2)
    for user, cure in ((USER, ("user services", EXIT)),
                       (AT_DESKTOP, ("for good", WAIT))):
        with log_in(guest, user) as shell:
            expect("new session", in_session(shell), FULL)
            expect_advice(shell, HAS, {f"systemd --user {pids[user]}": LAGS},
                          [cure], user=user)
    return f"the old manager; desktop: {WAIT}; without: {EXIT}"


@row("relogin after 15 s", broken_by=(*USUAL[:2], managers_stay))
def after_15_s(guest):
    pids = log_out_and_wait(guest, 15)
    for user in UIDS:
        expect_all(guest, user)
        if wait_for_manager(guest, user) == pids[user]:
            raise Wrong(f"{user}'s manager is the old one")
    return "a fresh manager, no relogin needed; desktop or not"


# To end everything

@contextlib.contextmanager
def terminated(guest, shell):
    """Left when the session, the manager and all else of the user's ended."""
    yield
    guest.wait_for("the session's end", shell.has_ended)
    guest.wait_for("the end of all processes", lambda: not guest.do(
        "pgrep", "--uid", UIDS[USER]).out)


TERMINATE = f"loginctl terminate-user {USER}"


@row("lingering below a desktop",
     broken_by=(*USUAL, ignoring("loginctl", "terminate-user")))
def lingering_below_desktop(guest):
    by_socket(guest)
    begin(guest, lingers=True)
    pid = wait_for_manager(guest)
    start_desktop(guest, USER)
    join(guest)
    with log_in(guest) as shell:
        advice = expect_advice(
            shell, HAS, {f"systemd --user {pid}": LAGS},
            [("for good", f"{TERMINATE}, then log in again")])
        with terminated(guest, shell):
            shell.type(commands(advice.cures[0][1])[0])
    expect_all(guest)
    return f"{TERMINATE}: all ends, a new login is right"


@row("if that is not enough",
     broken_by=(*USUAL, ignoring("loginctl", "terminate-user")))
def not_enough(guest):
    by_socket(guest)
    begin(guest)
    with log_in(guest) as shell:
        join(guest)
        advice = ask(shell, "--verbose")
        found = re.search(r"^if that is not enough\n +everything +(.*), or a "
                          r"reboot$", advice.text, re.M)
        expect("--verbose", found and found[1], TERMINATE)
        with terminated(guest, shell):
            shell.type(found[1])
    expect_all(guest)
    return f"--verbose: {TERMINATE}"


# What else lives on

# name -> start a server, run a command in a new window, what ends it and what
# sets a variable, as needs-relogin prints them but for the pid
MULTIPLEXERS = {
    "tmux": ("tmux new-session -d", "tmux new-window -d '{}'",
             "tmux kill-server",
             "tmux set-environment -g LIBVIRT_DEFAULT_URI"),
    "screen": ("screen -d -m", "screen -X screen sh -c '{}'",
               "screen -S {} -X quit",
               "screen -S {} -X setenv LIBVIRT_DEFAULT_URI"),
}


def in_window(guest, shell, window):
    """Group and URI of a new window."""
    guest.remove(SEEN, SEEN + ".new")
    shell.run(window.format(f"(id -Gn; env) >{SEEN}.new; "
                            f"mv {SEEN}.new {SEEN}")).check()
    guest.wait_for("the window", lambda: guest.exists(SEEN))
    groups, _, env = guest.read(SEEN).partition("\n")
    return "libvirt" in groups.split(), read_value("the window", env)


def add_multiplexer(name, start, window, end, setting):
    def begin_with_server(guest):
        """Its pid, and the manager's."""
        begin(guest)
        with log_in(guest) as shell:
            manager = wait_for_manager(guest)
            shell.run(start).check()
        server = guest.wait_for(name, lambda: guest.do(
            "pgrep", "--uid", UIDS[USER], "--ignore-case", "--oldest",
            f"^{name}").out.strip())
        join(guest)
        return server, {f"systemd --user {manager}": LAGS,
                        f"{name} server {server}": LAGS}

    @row(f"{name}, socket's group",
         broken_by=(*USUAL, ignoring(name, end.split()[-1])))
    def by_socket_ends(guest):
        by_socket(guest)
        server, others = begin_with_server(guest)
        with log_in(guest) as shell:
            expect("a window", in_window(guest, shell, window), BARE)
            advice = expect_advice(shell, HAS, others, [
                ("terminals", end.format(server)), ("user services", EXIT)])
            follow(shell, advice.cures[0][1])
            wait_for_end(guest, server)
            shell.run(start).check()
            expect("a window", in_window(guest, shell, window), FULL)
            expect("the cures", ask(shell).cures, [("user services", EXIT)])
        return f"{end.format('PID')}: new windows have both"

    @row(f"{name}, polkit", broken_by=(
        *USUAL, ignoring(name, "LIBVIRT_DEFAULT_URI")))
    def by_polkit_set(guest):
        by_polkit(guest)
        server, others = begin_with_server(guest)
        with log_in(guest) as shell:
            advice = expect_advice(shell, HAS, others, [
                ("new windows", f"{setting.format(server)} {URI}"),
                ("user services", SET)], FOR_URI)
            follow(shell, advice.cures[0][1])
            expect("a window", in_window(guest, shell, window), (False, URI))
            follow(shell, advice.cures[1][1])
        return f"{setting.format('PID')}: new windows have the URI"


for name_, commands_ in MULTIPLEXERS.items():
    add_multiplexer(name_, *commands_)


SHARED = ["ssh", "-o", "ControlPath=/run/e2e-mux"]


@row("shared ssh connection", broken_by=(*USUAL, ignoring("ssh", "exit")))
def shared_connection(guest):
    by_socket(guest)
    begin(guest)
    host = f"{USER}@localhost"
    with opened(guest, *SHARED, "-o", "ControlMaster=yes", "-T", host):
        manager = wait_for_manager(guest)
        join(guest)
        with opened(guest, *SHARED, "-T", host) as shell:
            expect("a new session over it", in_session(shell), BARE)
            advice = ask(shell)
            cure = advice.find("for good")
            expect("the cure", cure,
                   "ssh -O exit HOST on the client, then a new ssh login")
            follow(shell, advice.find("user services"))
            wait_for_end(guest, manager)
            command = commands(cure)[0].replace(" on the client", "")
            guest.run("sh", "-c", command.replace("HOST", host).replace(
                "ssh", " ".join(SHARED), 1)).check()
            guest.wait_for("the session's end", shell.has_ended)
    expect_all(guest)
    return f"a new session over it has neither; {command}: both"


# Every way in

OVER_SU = "new su -l, sudo -i or run0"

# name -> command, how check names the session, what a new one is called
WAYS = {
    "ssh": (["ssh", "-T", f"{USER}@localhost"], "sshd", "new ssh login"),
    "ssh terminal": (["ssh", "-tt", f"{USER}@localhost"], "sshd",
                     "new ssh login"),
    "su -": (["su", "-", USER], "su-l", OVER_SU),
    "sudo -iu": (["sudo", "-iu", USER], "sudo-i", OVER_SU),
    "run0": (["run0", f"--user={USER}"], "systemd-run0", OVER_SU),
    "machinectl shell": (["machinectl", "--quiet", "shell", f"{USER}@",
                          "/bin/bash"], "login", "log in again"),
}


def add_way(name, argv, service, again):
    @row(f"told in {name}", broken_by=(
        *USUAL, saying("this session: [^,]*", "this session: another"),
        saying("for good   .*", "for good    new terminal")))
    def told(guest):
        by_socket(guest)
        begin(guest)
        with opened(guest, *argv) as shell:
            join(guest)
            first = shell.run("virturi check").out.splitlines()[0]
            expect_in("check's first line", first,
                      f"{USER} (uid {UIDS[USER]}) on guest, "
                      f"this session: {service}, local, since ")
            advice = ask(shell)
            expect("first line", advice.headline, f"{USER} was added to "
                   "libvirt; this session began before")
            expect("a new one", advice.find("for good"), again)
            expect("new terminal", "new terminal" in advice.text, False)
        end_all(guest)
        with opened(guest, *argv) as shell:
            expect("a new one", in_session(shell), FULL)
            expect_nothing(shell)
        return f"{service}: {again}; in a new one nothing"


for name_, way in WAYS.items():
    add_way(name_, *way)


# Out of the group again

# unset-environment does not take away what a manager began with
UNSET = "systemctl --user set-environment LIBVIRT_DEFAULT_URI=''"


def expect_manager_noted(shell):
    """check knows what the manager has, against the policy, and the cure."""
    status, said = read_checks(shell.run("virturi check").out)["user-manager"]
    expect("user-manager", status, "NOTE")
    expect_in("user-manager", said,
              f"has {URI} until it starts again; the policy gives none")
    return expect("user-manager", read_remedy(said, "from now on"), UNSET)


@contextlib.contextmanager
def taken_out(guest):
    """A session that began in the group, which its user then leaves."""
    begin(guest)
    join(guest)
    with log_in(guest) as shell:
        expect("session", in_session(shell), FULL)
        expect("manager", in_manager(guest), FULL)
        guest.do("gpasswd", "--delete", USER, "libvirt").check()
        advice = ask(shell)
        expect("is it needed?", advice.is_needed, False)
        expect("first line", advice.headline,
               f"{USER} has more than a login made now would have")
        expect("a login made now", advice.table["a login made now"], LAGS)
        expect("this shell", advice.table[name_shell(shell)], HAS)
        yield shell


LEFT = (nobody_leaves, NO_URI, all_is_well,
        ignoring("systemctl", "set-environment"))


@row("taken out, socket's group", broken_by=LEFT)
def taken_out_by_socket(guest):
    by_socket(guest)
    with taken_out(guest) as shell:
        expect("virsh uri", shell.run("virsh uri").check().out.split(), [URI])
        checks = read_checks(shell.run("virturi check").out)
        for name, words in (
                ("environment", "but not by the policy, which gives none"),
                ("groups", "in this session, not in the database")):
            expect(name, checks[name][0], "NOTE")
            expect_in(name, checks[name][1], words)
        with log_in(guest) as new:
            expect("new session", in_session(new), BARE)
            follow(new, expect_manager_noted(new))
            expect("manager", in_manager(guest), (True, ""))
    return "not needed; the old session keeps both, and check says so"


@row("taken out, polkit", broken_by=LEFT)
def taken_out_by_polkit(guest):
    by_polkit(guest)
    service = "systemd-run --user --quiet --pipe --wait virsh uri </dev/null"
    with taken_out(guest) as shell:
        expect("virsh uri", shell.run("virsh uri </dev/null").status, 1)
        status, said = read_checks(shell.run("virturi check").out)["groups"]
        expect("groups", status, "FAIL")
        expect_in("groups", said, f"{USER} is not in libvirt")
        with log_in(guest) as new:
            expect("new session", in_session(new), BARE)
            expect("virsh uri", new.run("virsh uri").check().out.split(),
                   ["qemu:///session"])
            expect("user service", new.run(service).status, 1)
            follow(new, expect_manager_noted(new))
            expect("user service", new.run(service).check().out.split(),
                   ["qemu:///session"])
    return f"not needed; shut out at once; user services: {UNSET}"
