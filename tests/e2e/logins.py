# SPDX-License-Identifier: MIT
"""Every way in: which programs apply what PAM set, as pam_virturi(8) says."""

import contextlib
import pathlib
import re

import sabotage
from guest import Wrong
from rows import expect, row

URI = "qemu:///system"
PAGE = "/usr/share/man/man8/pam_virturi.8"
LINE = "session optional pam_virturi.so\n"
PASSWORD = "open sesame"

# What each way runs: every shell understands it
COMMAND = "id -un; env"
SH = ["/bin/sh", "-c", COMMAND]
ANSWER = "/tmp/answer"

# Programs that pam_virturi(8) names and no row here goes through: those of
# other topics, and those of none
ELSEWHERE = {"LightDM", "greetd", "systemd --user"}
NOT_HERE = {
    "GDM": "needs a GPU or a seat",
    "SDDM": "needs a seat; LightDM is of its kind",
    "ly": "needs a virtual terminal",
    "cockpit": "needs a browser",
    "xrdp": "needs a client of its protocol",
}


def prepare(guest):
    """Passwords for login, rules for sudo's kin."""
    people = f"member:{PASSWORD}\noutsider:{PASSWORD}\n"
    guest.do("chpasswd", stdin=people).check()
    guest.write("/etc/doas.conf", "permit nopass root\n", mode=0o600)


def find_uri(text, user):
    """The URI in what COMMAND printed, "unset", or Wrong if that is not it."""
    lines = text.splitlines()
    if user not in lines or not any(re.match("PATH=", line)
                                    for line in lines):
        raise Wrong(f"expected the environment of {user}:\n{text.strip()}")
    values = re.findall(r"^LIBVIRT_DEFAULT_URI=(.*)$", text, re.M)
    if len(values) > 1:
        raise Wrong(f"set {len(values)} times: {values}")
    return values[0] if values else "unset"


def look(guest, way, **wanted):
    """Go that way as these users, and see what each gets."""
    for user, uri in wanted.items():
        expect(user, find_uri(way(guest, user), user), uri)
    return "; ".join(f"{user}: {uri}" for user, uri in wanted.items())


# The ways

def ssh_command(guest, user):
    return guest.ssh(user, COMMAND).check().out


def at_prompt(guest, *argv, talk=()):
    """Type the command into the shell that argv ends in."""
    return guest.terminal(argv, [*talk, (r"\$ \Z", COMMAND + "\r"),
                                 (r"PATH=(.|\n)*\$ \Z", "exit\r")])


def ssh_terminal(guest, user):
    return at_prompt(guest, "ssh", "-tt", f"{user}@localhost")


def login(guest, user):
    return at_prompt(guest, "login", talk=[
        (r"login: \Z", user + "\r"), (r"Password: \Z", PASSWORD + "\r")])


def su_login(guest, user):
    return guest.run("su", "-", user, "-c", COMMAND).check().out


def su(guest, user):
    return guest.run("su", user, "-c", COMMAND).check().out


def sudo_login(guest, user):
    return guest.run("sudo", "-iu", user, *SH).check().out


def sudo(guest, user):
    return guest.run("sudo", "-u", user, *SH).check().out


def pkexec(guest, user):
    """By a shell: pkexec does not serve children of PID 1."""
    return guest.run("sh", "-c", 'pkexec "$@"; exit', "sh", "--user", user,
                     *SH).check().out


def run0(guest, user):
    return guest.run("run0", f"--user={user}", *SH).check().out


def machinectl_shell(guest, user):
    return guest.terminal(["machinectl", "--quiet", "shell",
                           f"{user}@.host", *SH])


def systemd_run(guest, user):
    return guest.do("systemd-run", "--quiet", "--pipe", "--wait", "--collect",
                    "--property=PAMName=login", f"--uid={user}",
                    *SH).check().out


def answer(guest, ask):
    """What a job writes that ask() has started, when it is over."""
    guest.remove(ANSWER, ANSWER + ".new")
    ask(f"({COMMAND}) >{ANSWER}.new; mv {ANSWER}.new {ANSWER}")
    guest.wait_for("the job", lambda: guest.exists(ANSWER))
    return guest.read(ANSWER)


def cron(guest, user):
    """cron starts an @reboot job as soon as it thinks the host came up."""
    def ask(job):
        guest.do("crontab", "-u", user, "-", stdin=f"@reboot {job}\n").check()
        guest.remove("/run/crond.reboot")
        guest.do("systemctl", "restart", "cron").check()
    try:
        return answer(guest, ask)
    finally:
        guest.do("crontab", "-u", user, "-r").check()


def at(guest, user):
    """A job submitted from a session of the user's, by ssh."""
    return answer(guest, lambda job: guest.ssh(
        user, "at -q a now", stdin=job).check())


def at_without(guest, user):
    """A job submitted from an environment without the variable."""
    return answer(guest, lambda job: guest.run(
        "at", "now", user=user, stdin=job).check())


def doas(guest, user):
    return guest.run("doas", "-u", user, *SH).check().out


def runuser(guest, user):
    return guest.run("runuser", "-l", user, "-c", COMMAND).check().out


# Which of them apply PAM's environment, by the man page

def read_page(guest):
    """The programs pam_virturi(8) names: program -> what it says of them."""
    section = guest.read(PAGE).partition(".Sh WHO APPLIES IT\n")[2]
    items = section.partition("\n.Sh ")[0].split("\n.It ")[1:]
    said = {}
    for item in items:
        names, _, text = item.partition("\n")
        for name in names.split(", "):
            said[name] = text
    return said


def look_up(guest, program):
    """Whether the man page says Yes of a program; it has to name it."""
    said = read_page(guest)
    if program not in said:
        raise Wrong(f"pam_virturi(8) does not name {program!r}")
    return said[program].startswith("Yes")


@contextlib.contextmanager
def man_page_says(guest, old, new):
    text = guest.read(PAGE)
    if old not in text:
        raise AssertionError(f"pam_virturi(8) has no {old!r}")
    with sabotage.replaced(guest, PAGE, text.replace(old, new, 1)):
        yield


def man_page_silent(guest):
    """The list in pam_virturi(8) is gone."""
    return man_page_says(guest, ".Sh WHO APPLIES IT", ".Sh SOMETHING ELSE")


USUAL = (sabotage.no_module_line, sabotage.not_a_member,
         sabotage.everybody_a_member, man_page_silent)

# row -> the program in the man page's list, and the way
WAYS = {
    "ssh command": ("sshd", ssh_command),
    "ssh terminal": ("sshd", ssh_terminal),
    "login on a tty": ("login", login),
    "su - USER": ("su", su_login),
    "su USER": ("su", su),
    "sudo -iu USER": ("sudo", sudo_login),
    "sudo -u USER": ("sudo", sudo),
    "pkexec --user USER": ("pkexec", pkexec),
    "run0 --user=USER": ("run0", run0),
    "machinectl shell USER@": ("machinectl shell", machinectl_shell),
    "systemd-run -p PAMName=login": ("systemd-run", systemd_run),
    "cron": ("cron", cron),
}


def add_way(name, program, way):
    @row(name, broken_by=USUAL)
    def goes_that_way(guest):
        if not look_up(guest, program):
            raise Wrong(f"pam_virturi(8) does not say Yes of {program}")
        return look(guest, way, member=URI, outsider="unset")


for name_, (program_, way_) in WAYS.items():
    add_way(name_, program_, way_)


# Those that do not, or not by themselves

def expect_no(guest, program):
    if look_up(guest, program):
        raise Wrong(f"pam_virturi(8) says Yes of {program}")


@row("at, from a session", broken_by=USUAL)
def at_from_session(guest):
    expect_no(guest, "at")
    return look(guest, at, member=URI, outsider="unset") + "; the session's"


def at_keeps_it(guest):
    """The environment that jobs are submitted from has the variable."""
    return sabotage.replaced(
        guest, "/etc/systemd/system/service.d/e2e.conf",
        f"[Service]\nEnvironment=LIBVIRT_DEFAULT_URI={URI}\n")


@row("at, from elsewhere", broken_by=at_keeps_it)
def at_from_elsewhere(guest):
    expect_no(guest, "at")
    return look(guest, at_without, member="unset", outsider="unset")


def doas_sets_it(guest):
    """doas.conf gives it to everybody."""
    return sabotage.replaced(
        guest, "/etc/doas.conf",
        f"permit nopass setenv {{ LIBVIRT_DEFAULT_URI={URI} }} root\n")


@row("doas -u USER", broken_by=(doas_sets_it, man_page_silent))
def doas_user(guest):
    expect_no(guest, "doas")
    return look(guest, doas, member="unset", outsider="unset")


@contextlib.contextmanager
def runuser_wired(guest):
    """Debian's stack of runuser has the line."""
    path = "/etc/pam.d/runuser"
    with sabotage.replaced(guest, path, guest.read(path) + LINE):
        yield


@row("runuser -l USER", broken_by=runuser_wired)
def runuser_as_it_comes(guest):
    return look(guest, runuser, member="unset", outsider="unset") \
        + "; its stack lacks the line"


@row("runuser -l USER, with the line", broken_by=USUAL[1:])
def runuser_with_line(guest):
    if not look_up(guest, "runuser"):
        raise Wrong("pam_virturi(8) does not say Yes of runuser")
    with runuser_wired(guest):
        return look(guest, runuser, member=URI, outsider="unset")


# What the caller had, and what has been running for a while

OWN = "test:///default"


def su_from(guest, user):
    return guest.run("su", user, "-c", COMMAND,
                     env={"LIBVIRT_DEFAULT_URI": OWN}).check().out


@row("su USER, caller has a value", broken_by=USUAL[:3])
def su_keeps(guest):
    return look(guest, su_from, member=URI, outsider=OWN) + "; the caller's"


@row("su - USER, caller has a value", broken_by=USUAL[:3])
def su_login_drops(guest):
    def way(guest, user):
        return guest.run("su", "-", user, "-c", COMMAND,
                         env={"LIBVIRT_DEFAULT_URI": OWN}).check().out
    return look(guest, way, member=URI, outsider="unset")


# starting it with a first window, and a window later
MULTIPLEXERS = {
    "tmux": ("tmux new-session -d -s e2e {}", "tmux new-window -d {}",
             "tmux kill-server"),
    "screen": ("screen -S e2e -d -m {}", "screen -S e2e -X screen {}",
               "screen -S e2e -X quit"),
}


def window(guest, command, before=""):
    """What a window shows that the member opens over ssh."""
    def ask(job):
        guest.write("/tmp/window", f"#!/bin/sh\n{job}\nexec sleep 60\n",
                    mode=0o755)
        guest.ssh("member", before + command.format("/tmp/window")).check()
    return find_uri(answer(guest, ask), "member")


def add_multiplexer(name, start, again, end):
    @row(f"{name}, older than the rule", broken_by=sabotage.no_module_line)
    def lives_on(guest):
        look_up(guest, name)
        unset = "unset LIBVIRT_DEFAULT_URI; "
        try:
            expect("first window", window(guest, start, unset), "unset")
            expect("the session", find_uri(ssh_command(guest, "member"),
                                           "member"), URI)
            expect("later window", window(guest, again), "unset")
        finally:
            guest.ssh("member", end)
        try:
            expect("new server", window(guest, start), URI)
            return f"its windows: unset; of one started now: {URI}"
        finally:
            guest.ssh("member", end)


for name_, commands in MULTIPLEXERS.items():
    add_multiplexer(name_, *commands)


# Shells without startup files

def add_shell(shell):
    @contextlib.contextmanager
    def as_login_shell(guest):
        for user in "member", "outsider":
            guest.do("usermod", "--shell", shell, user).check()
        try:
            yield
        finally:
            for user in "member", "outsider":
                guest.do("usermod", "--shell", "/bin/bash", user).check()

    @row(f"ssh command, {shell.rpartition('/')[2]}", broken_by=USUAL[:3])
    def over_ssh(guest):
        with as_login_shell(guest):
            return look(guest, ssh_command, member=URI, outsider="unset")


for path_ in "/usr/bin/dash", "/usr/bin/fish", "/usr/bin/zsh":
    add_shell(path_)


# The list itself

def one_more(guest):
    """pam_virturi(8) names a program that nobody tests."""
    return man_page_says(guest, ".It cron\n", ".It cron, frobnicate\n")


def is_elsewhere(program):
    """Whether another topic's file speaks of it."""
    here = pathlib.Path(__file__)
    return any(program.lower() in path.read_text().lower()
               for path in here.parent.glob("*.py") if path != here)


@row("the man page's list is tested", broken_by=(one_more, man_page_silent))
def list_is_tested(guest):
    tested = {program for program, _ in WAYS.values()}
    tested |= {"at", "doas", "runuser", *MULTIPLEXERS, *ELSEWHERE}
    expect("programs nobody tests",
           sorted(read_page(guest).keys() - tested - NOT_HERE.keys()), [])
    expect("programs the page does not name",
           sorted((tested | NOT_HERE.keys()) - read_page(guest).keys()), [])
    expect("programs that are in no other topic",
           [program for program in ELSEWHERE if not is_elsewhere(program)],
           [])
    return f"{len(tested)} tested, {len(NOT_HERE)} not: " \
        + ", ".join(NOT_HERE)
