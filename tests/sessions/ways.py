# SPDX-License-Identifier: MIT
"""The ways into a session, each as a person would go it.

A way takes the machine, the person and the program to be run there, and
gives back what was on the screen. It returns when PAM has closed the
session, and raises Failed when it never got that far.
"""

import contextlib
import dataclasses
import os
import pathlib
import select
import subprocess
import time

from machine import PASSWORD, SSH_CONFIG, Failed, write
from sandbox import OURS
from terminal import Terminal

SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Program:
    """A command line that every shell understands, and how it answers."""
    command: str
    answer: str


WHO = Program(str(OURS / "bin/who-and-where"), r"^\w+ in \w+: .*\n")
VIRSH = Program("virsh uri", r"^(\w+://.*|error: .*)\n")
VIRTURI = Program(str(OURS / "bin/virturi") + " uri", r"^\w.*\n")


def wait_for_children(pid):
    """Return when the processes that a daemon has started are gone."""
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        pids = children.read().split()
    for child in map(int, pids):
        try:
            pidfd = os.pidfd_open(child)
        except ProcessLookupError:
            continue
        gone = select.select([pidfd], [], [], SECONDS)[0]
        os.close(pidfd)
        if not gone:
            raise TimeoutError(f"process {child} did not end")


# Without a terminal

def run(*argv, **options):
    """What a command prints; Failed unless it ends well and in time."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, errors="replace",
                              stderr=subprocess.STDOUT, timeout=SECONDS,
                              **options)
    except subprocess.TimeoutExpired as late:
        screen = (late.stdout or b"").decode(errors="replace")
        raise Failed(f"it did not end within {SECONDS} s", screen)
    if done.returncode:
        raise Failed(f"exit status {done.returncode}", done.stdout)
    return done.stdout


def ssh_argv(person, *options):
    return ["ssh", "-F", str(SSH_CONFIG), *options,
            f"{person.name}@localhost"]


def ssh_command(machine, person, program):
    screen = run(*ssh_argv(person), program.command)
    wait_for_children(machine.sshd.pid)
    return screen


def su_login(_machine, person, program):
    return run("su", "-l", person.name, "-c", program.command)


def su(_machine, person, program):
    """As from env -i, since su without -l keeps the caller's variables."""
    return run("su", person.name, "-c", program.command, env={})


def sudo(_machine, person, program):
    return run("sudo", "-u", person.name, *program.command.split())


def sudo_login(_machine, person, program):
    return run("sudo", "-iu", person.name, *program.command.split())


def plain_sudo(machine, person, program):
    """sudo in a session that has the URI; the program runs as root."""
    return ssh_command(machine, person, dataclasses.replace(
        program, command="sudo " + program.command))


def cron(_machine, person, program):
    """A job for @reboot is run as soon as the daemon starts."""
    answer = OURS / "cron-answer"
    answer.unlink(missing_ok=True)
    os.mkfifo(answer)
    answer.chmod(0o666)
    crontab = OURS / "crontab"
    write(crontab, f"@reboot {program.command} >{answer} 2>&1\n")
    run("crontab", "-u", person.name, str(crontab))
    reader = os.open(answer, os.O_RDONLY | os.O_NONBLOCK)
    # With this cron notes that the machine is up already
    pathlib.Path("/run/crond.reboot").unlink(missing_ok=True)
    daemon = subprocess.Popen(["cron", "-f"], stdin=subprocess.DEVNULL)
    try:
        screen = read_all(reader)
        wait_for_children(daemon.pid)
    finally:
        daemon.terminate()
        daemon.wait()
        os.close(reader)
        run("crontab", "-u", person.name, "-r")
    return screen


def read_all(fifo):
    """What is written until all writers are gone, once there was one."""
    deadline = time.monotonic() + SECONDS
    text = b""
    while True:
        left = max(0, deadline - time.monotonic())
        if not select.select([fifo], [], [], left)[0]:
            raise Failed(f"nothing happened for {SECONDS} s", text.decode())
        block = os.read(fifo, 65536)
        if not block:
            return text.decode(errors="replace")
        text += block


# With a terminal

# The end of what there is, or, where time or host stand to the right of it,
# a line that begins with "~> "
PROMPT = r"[$%#>;@] ?\Z|^(\w+@\w+ )?~[>#] "
ZSH_WIZARD = r"Type one of the keys in parentheses --- \Z"


@contextlib.contextmanager
def at_terminal(*argv):
    with Terminal(argv) as terminal:
        try:
            yield terminal
        except (TimeoutError, EOFError) as problem:
            raise Failed(str(problem), terminal.text)


def work_in_shell(terminal, program):
    """At the prompt, run the program and leave."""
    prompt = terminal.expect("a prompt", f"{PROMPT}|{ZSH_WIZARD}")
    if "keys" in prompt.group():
        terminal.type("q")
        terminal.expect("a prompt", PROMPT)
    terminal.type(program.command + "\r")
    terminal.expect("an answer", program.answer)
    terminal.expect("a prompt", PROMPT)
    terminal.type("exit\r")
    status = terminal.wait()
    if status:
        raise Failed(f"exit status {status}", terminal.text)


def ssh_terminal(machine, person, program):
    with at_terminal(*ssh_argv(person, "-t")) as terminal:
        work_in_shell(terminal, program)
        wait_for_children(machine.sshd.pid)
        return terminal.text


def login(_machine, person, program):
    with at_terminal("login") as terminal:
        terminal.expect("login:", r"login: \Z")
        terminal.type(person.name + "\r")
        terminal.expect("Password:", r"Password: \Z")
        terminal.type(PASSWORD + "\r")
        work_in_shell(terminal, program)
        return terminal.text
