# SPDX-License-Identifier: MIT
"""Logins that last: shells that wait for commands, with the groups and the
environment they had when they began."""

import itertools
import json
import os
import re
import select
import shlex
import signal
import subprocess
import time

import ways
from machine import PASSWORD, SSH_CONFIG, Failed
from sandbox import OURS
from stage import SECONDS, Gone, read_status
from terminal import Terminal

ANSWERS = OURS / "answers"
MARK = "@@"


class Answer:
    """What a command has said."""

    def __init__(self, command, status, path, seconds):
        self.command, self.status, self.seconds = command, status, seconds
        self.out = path.with_suffix(".out").read_bytes()
        self.err = path.with_suffix(".err").read_bytes()

    @property
    def text(self):
        return self.out.decode(errors="backslashreplace")

    @property
    def json(self):
        return json.loads(self.out)


class Shell:
    """Somewhere that commands run. Subclasses say how, in execute()."""

    _numbers = itertools.count()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, command):
        """Have a command run and return what it said."""
        ANSWERS.mkdir(exist_ok=True)
        ANSWERS.chmod(0o1777)
        path = ANSWERS / str(next(self._numbers))
        begin = time.monotonic()
        status = self.execute(
            f"{{ {command}\n}} >{path}.out 2>{path}.err </dev/null")
        return Answer(command, status, path, time.monotonic() - begin)

    def virturi(self, *arguments):
        return self.run(shlex.join(["virturi", *arguments]))


class PipeShell(Shell):
    """A shell whose standard input is a pipe from us."""

    def __init__(self, *argv):
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self._screen = b""
        self.execute("true")
        self._type(f"echo {MARK} $$")
        self._ends = self._find_ends(int(self._wait_for_mark()))

    @staticmethod
    def _find_ends(pid):
        """The processes that end with the shell: sshd's for it."""
        pids = [pid]
        while read_status(pids[-1], "Name") in ("bash", "sshd"):
            pids.append(int(read_status(pids[-1], "PPid")))
        return Gone(*pids[:-2])     # without the listener

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process.stdout.close()
        self._ends.wait()

    def execute(self, command):
        self._type(f"{command}; echo {MARK} $?")
        return int(self._wait_for_mark())

    def become(self, command):
        """Have another shell in its place, which reads what we type."""
        self._type(command)
        self.execute("true")

    def _type(self, text):
        self._screen = b""
        self._process.stdin.write(text.encode() + b"\n")
        self._process.stdin.flush()

    def _wait_for_mark(self):
        deadline = time.monotonic() + 3 * SECONDS
        while True:
            screen = self._screen.decode(errors="replace")
            found = re.search(rf"^{MARK} (\d+)$", screen, re.M)
            if found:
                return found.group(1)
            left = max(0, deadline - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                raise Failed("the shell does not answer", screen)
            block = os.read(self._process.stdout.fileno(), 65536)
            if not block:
                raise Failed("the shell ended", screen)
            self._screen += block


class TerminalShell(Shell):
    """login(1), at a terminal."""

    def __init__(self, person):
        self._terminal = Terminal(["login"])
        self._terminal.expect("login:", r"login: \Z")
        self._terminal.type(person.name + "\r")
        self._terminal.expect("Password:", r"Password: \Z")
        self._terminal.type(PASSWORD + "\r")
        self._terminal.expect("a prompt", ways.PROMPT)

    def __exit__(self, *_):
        self._terminal.type("exit\r")
        self._terminal.wait()
        self._terminal.__exit__()

    def execute(self, command):
        self._terminal.type(f"{command}; echo {MARK} $?\r")
        status = self._terminal.expect("an answer", rf"^{MARK} (\d+)$")
        return int(status.group(1))

    def show(self, command):
        """What a command sends to the terminal, with all its escapes."""
        before = len(self._terminal.raw)
        self.execute(command)
        return self._terminal.raw[before:]


class Window(Shell):
    """A new window of a tmux server for each command."""

    def __init__(self, shell, session):
        self._shell, self._session = shell, session

    def execute(self, command):
        status = ANSWERS / f"status-{next(self._numbers)}"
        script = f"{command}; echo $? >{status}; tmux wait-for -S {MARK}"
        self._shell.execute("tmux new-window -d -t " + shlex.join(
            [f"{self._session}:", script]) + f" && tmux wait-for {MARK}")
        return int(status.read_text())


def ssh(person, *options):
    return PipeShell("ssh", "-T", "-F", SSH_CONFIG, *options,
                     f"{person.name}@localhost")


def su(person):
    return PipeShell("su", "-l", person.name)


login = TerminalShell


class Shared:
    """An ssh connection for several sessions: ControlMaster."""

    _path = OURS / "master"

    def __init__(self, stage, person):
        self._stage, self._person = stage, person
        self._ssh("-M", "-N", "-f")
        # once something has run, the other side has finished logging in
        self._ssh(command=["true"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._path.exists():
            self.exit()

    def _ssh(self, *options, command=()):
        subprocess.run(
            ["ssh", "-F", SSH_CONFIG, "-S", self._path, *options,
             f"{self._person.name}@localhost", *command], check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def ssh(self):
        return SharedShell("ssh", "-T", "-F", SSH_CONFIG, "-S", self._path,
                           f"{self._person.name}@localhost")

    def exit(self):
        self._ssh("-O", "exit")
        ways.wait_for_children(self._stage.sshd.pid)


class SharedShell(PipeShell):
    @staticmethod
    def _find_ends(pid):
        return Gone(pid)
