# SPDX-License-Identifier: MIT
"""A shell in the guest that stays, for sessions that see the world change."""

import contextlib
import os
import re
import select
import time

from guest import Done, Wrong

# No line editor and no prompt, where there is a terminal
QUIET = "set +o emacs +o vi; stty -echo 2>/dev/null; PS1=; PS2="


class Late(Wrong):
    """A command was not over in time."""


class Shell:
    """Made by opened()."""

    def __init__(self, process, argv):
        self._process = process
        self._argv = argv
        self._count = 0
        self._quieten()

    def _quieten(self):
        """One with a terminal drops what is typed before it is ready."""
        for _ in range(20):
            with contextlib.suppress(Late):
                if not self.run(QUIET, timeout=1).out:
                    return
        raise Wrong(f"{' '.join(self._argv)}: the shell does not get quiet")

    def type(self, line):
        """Start something, and do not wait."""
        try:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Wrong(f"{' '.join(self._argv)} has ended") from None

    def run(self, command, timeout=20):
        """A command, to be understood by sh; what it writes is all in `out`.

        When it becomes another shell, that one runs the next commands.
        """
        self._count += 1
        mark = f"<{self._count}:"
        self.type(f"{command}\nprintf '\\n{mark}%s>\\n' $?")
        deadline = time.monotonic() + timeout
        said = ""
        while not (end := re.search(rf"\r?\n{mark}(\d+)>\r?\n", said)):
            said += self._read(command, said, deadline)
        out = said[:end.start()].replace("\r\n", "\n")
        return Done((command,), int(end[1]), out, "")

    def _read(self, command, said, deadline):
        stdout = self._process.stdout
        left = max(0, deadline - time.monotonic())
        if not select.select([stdout], [], [], left)[0]:
            raise Late(f"{command}: not over in time: {said.strip()}")
        data = os.read(stdout.fileno(), 65536)
        if not data:
            raise Wrong(f"{' '.join(self._argv)} has ended: {said.strip()}")
        return data.decode(errors="replace")

    def has_ended(self):
        return self._process.poll() is not None


@contextlib.contextmanager
def opened(guest, *argv):
    """The shell that a command opens, such as ["su", "-", "member"]."""
    with guest.start(*argv, env={"HOME": "/root", "TERM": "dumb"}) as process:
        yield Shell(process, argv)
