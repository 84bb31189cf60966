# SPDX-License-Identifier: MIT
"""The system log, as a list of lines: a reader on a socket like /dev/log."""

import os
import re
import socket
import threading


class Log:
    """Collects what is sent to a datagram socket.

    A thread does so, since senders block once a few lines are queued.
    """

    def __init__(self, path):
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._lines = []
        self._marks = 0
        self._news = threading.Condition()
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        while True:
            line = self._socket.recv(65536).decode(errors="backslashreplace")
            # "<38>Nov 21 02:54:41 sshd[7]: text": only the tail tells much
            line = re.sub(r"^<\d+>(\w{3} [ \d]\d \S+ )?", "", line)
            with self._news:
                self._lines.append(line.rstrip("\n\0"))
                self._news.notify_all()

    def wait_for(self, text, seconds=20):
        """Return once a line has that text; TimeoutError if none comes."""
        with self._news:
            if not self._news.wait_for(
                    lambda: any(text in line for line in self._lines),
                    seconds):
                raise TimeoutError(f"the log never said {text!r}")

    def take(self):
        """Everything that was sent before this call, and forget it.

        Datagrams keep their order, so once a mark of our own has arrived,
        all that was sent before it has.
        """
        self._marks += 1
        mark = f"-- mark {self._marks} --"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(mark.encode(), self._path)
        self.wait_for(mark)
        with self._news:
            end = self._lines.index(mark)
            taken = self._lines[:end]
            del self._lines[:end + 1]
        return taken
