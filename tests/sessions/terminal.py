# SPDX-License-Identifier: MIT
"""A terminal with somebody at it: read until it says this, then type that."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

# What a terminal emulator answers when a shell asks about it. fish and nu
# ask and then wait: where is the cursor, and what are you?
REPLIES = {
    b"\x1b[6n": b"\x1b[1;1R",
    b"\x1b[c": b"\x1b[?62;c",
    b"\x1b[0c": b"\x1b[?62;c",
}
QUESTIONS = re.compile(b"|".join(map(re.escape, REPLIES)))

ESCAPES = re.compile(r"""
    \x1b \[ [0-?]* [ -/]* [@-~]             # CSI: colours, cursor
  | \x1b [\]P_^] .*? (?: \x07 | \x1b\\ )    # OSC, DCS: titles, marks
  | \x1b [ -/]+ [0-~]                       # character sets
  | \x1b [0-Z^-~]                           # keypad and the like
  | \x1b (?: \[ [ -?]* | [\]P_^] [^\x07\x1b]* )? \Z    # one still coming
""", re.VERBOSE | re.DOTALL)


class Terminal:
    """Runs a command with a terminal of its own as its controlling one."""

    def __init__(self, argv):
        self._master, self._slave = pty.openpty()
        size = struct.pack("HHHH", 24, 132, 0, 0)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)
        self._child = subprocess.Popen(
            ["setsid", "--ctty", *argv],
            stdin=self._slave, stdout=self._slave, stderr=self._slave)
        self._pidfd = os.pidfd_open(self._child.pid)
        self._raw = b""
        self._replied = 0
        self._seen = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.kill()
        self._child.wait()
        for fd in self._pidfd, self._slave, self._master:
            os.close(fd)

    @property
    def text(self):
        """All it has said so far, without escape sequences.

        A return to the start of the line counts as a new line, and a
        backspace takes back what was before it.
        """
        text = ESCAPES.sub("", self._raw.decode(errors="replace"))
        text = re.sub(r"\r+\n?", "\n", text)
        backspaces = 1
        while backspaces:
            text, backspaces = re.subn("[^\n\b]\b", "", text)
        return text

    @property
    def raw(self):
        """All it has said so far, as bytes."""
        return self._raw

    def type(self, text):
        os.write(self._master, text.encode())

    def expect(self, what, pattern, seconds=20):
        """Read until the pattern is there, after what was expected before.

        Returns the match; TimeoutError if it does not come, EOFError if
        the command ends without it.
        """
        deadline = time.monotonic() + seconds
        while True:
            match = re.compile(pattern, re.M).search(self.text, self._seen)
            if match:
                self._seen = match.end()
                return match
            if not self._read(deadline):
                raise EOFError(f"it ended without {what}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds} s for {what}")

    def wait(self, seconds=20):
        """Read until the command ends; its exit status."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            if time.monotonic() > deadline:
                raise TimeoutError(f"it went on for {seconds} s after exit")
        return self._child.wait()

    def _read(self, deadline):
        """Take in what there is; False at the end."""
        ready = self._wait_for(deadline, self._master, self._pidfd)
        if self._master not in ready:
            return self._pidfd not in ready
        try:
            self._raw += os.read(self._master, 65536)
        except OSError:
            # login hangs the terminal up and opens it again: EIO meanwhile
            pause = min(deadline, time.monotonic() + 0.01)
            return not self._wait_for(pause, self._pidfd)
        self._reply()
        return True

    @staticmethod
    def _wait_for(deadline, *fds):
        left = max(0, deadline - time.monotonic())
        return select.select(fds, [], [], left)[0]

    def _reply(self):
        for question in QUESTIONS.finditer(self._raw, self._replied):
            self._replied = question.end()
            os.write(self._master, REPLIES[question.group()])
