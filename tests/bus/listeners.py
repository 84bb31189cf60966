# SPDX-License-Identifier: MIT
"""Sockets behind which no bus is: each misbehaves in its own way."""

import contextlib
import os
import socket
import struct
import threading


def listen(path, backlog=16):
    """A socket that everybody may connect to."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.fspath(path))
    os.chmod(path, 0o666)
    listener.listen(backlog)
    return listener


class Silent:
    """The kernel accepts, but nobody ever answers."""

    def __init__(self, path):
        self._listener = listen(path)
        self._listener.setblocking(False)

    def was_asked(self):
        """Has anybody connected since the last call?"""
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True


class Full:
    """Nobody accepts, and no more callers can wait."""

    def __init__(self, path):
        self._listener = listen(path, 0)
        self._waiting = []
        while True:
            caller = socket.socket(socket.AF_UNIX)
            caller.setblocking(False)
            try:
                caller.connect(os.fspath(path))
            except BlockingIOError:
                return
            self._waiting.append(caller)


def leave(path):
    """A socket whose listener is gone."""
    listen(path).close()


class Talker:
    """Answers each caller by a function, then hangs up."""

    def __init__(self, path, answer):
        self._listener = listen(path)
        self._answer = answer
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            caller = self._listener.accept()[0]
            threading.Thread(target=self._serve, args=[caller],
                             daemon=True).start()

    def _serve(self, caller):
        with caller:
            try:
                self._answer(caller)
            except OSError:
                pass    # the caller has heard enough


def hanging_up(path):
    """Closes at once."""
    return Talker(path, lambda caller: None)


def nonsensical(path):
    """Speaks another protocol."""
    def answer(caller):
        caller.recv(4096)
        caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        caller.recv(4096)
    return Talker(path, answer)


def dribbling(path):
    """An answer that never becomes complete, byte by byte."""
    def answer(caller):
        caller.recv(4096)
        caller.settimeout(0.02)
        while True:
            caller.sendall(b"D")
            with contextlib.suppress(TimeoutError):
                if not caller.recv(4096):
                    return
    return Talker(path, answer)


def flooding(path):
    """Lets everybody in, and then never stops speaking of something else."""
    signals = make_signal() * 100

    def answer(caller):
        caller.recv(4096)
        caller.sendall(b"DATA\r\nOK " + b"0" * 31 + b"1\r\n")
        while True:
            caller.sendall(signals)
    return Talker(path, answer)


def pad(data, size):
    return data + bytes(-len(data) % size)


def make_signal():
    """D-Bus's a.b.c of the object /a, without a body, little-endian."""
    fields = b""
    for code, kind, text in ((1, b"o", b"/a"), (2, b"s", b"a.b"),
                             (3, b"s", b"c")):
        fields = pad(fields, 8) + bytes([code, 1]) + kind + b"\0"
        fields += struct.pack("<I", len(text)) + text + b"\0"
    header = struct.pack("<cBBBIII", b"l", 4, 1, 1, 0, 1, len(fields))
    return pad(header + fields, 8)
