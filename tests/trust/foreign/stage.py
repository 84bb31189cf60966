# SPDX-License-Identifier: MIT
"""The programs, and a person, names and files that are made anew each time."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
from typing import NamedTuple

from sandbox import OURS

UID = 61000             # nobody's; "myself" to the tests' name service
GID = 7000
GROUP = 7001            # a group that myself is in, and no process of theirs
SECONDS = 60            # what takes longer hangs

BIN, REAL = OURS / "bin", OURS / "real"
NEWLINE = "\u240a".encode()     # see tests/nss/nss_virturi.h


class Answer(NamedTuple):
    """How a program ended, and what it printed where."""

    status: object
    streams: tuple      # bytes of stdout and stderr, or of the terminal


class Stage:
    """In a sandbox; see tests/sessions/sandbox.py."""

    def __init__(self, programs):
        self.confdir = programs.pop("confdir")
        for directory in BIN, REAL:
            directory.mkdir()
        for name, content in programs.items():
            self._install(BIN / name, content)
        # each asks the probe that lies beside it
        self._install(REAL / "virturi", programs["virturi"])
        self._install(REAL / "virturi-probe", programs["virturi-probe"])
        self.fake_answer = OURS / "answer"
        self._install(BIN / "virturi-probe",
                      b"#!/bin/sh\nexec cat %s\n" % bytes(self.fake_answer))
        self.root, self.home, self.names, self.scratch = (
            OURS / name for name in ("root", "home", "names", "scratch"))
        pathlib.Path("/etc/polkit-1").mkdir(exist_ok=True)
        pathlib.Path("/etc/polkit-1").chmod(0o755)
        self.rules = pathlib.Path("/etc/polkit-1/rules.d")
        self.actors = []

    @staticmethod
    def load(build):
        """What is needed of a build, in memory."""
        paths = ["tests/nss/virturi", "tests/nss/70-virturi",
                 "tests/nss/libnss_virturi.so.2", "tests/pam/session",
                 "pam_virturi.so", "virturi-probe"]
        programs = {os.path.basename(path): (build / path).read_bytes()
                    for path in paths}
        programs["confdir"] = re.search(
            r""" -DCONFDIR='"(.*?)"'""", (build / "flags").read_text())[1]
        return programs

    @staticmethod
    def _install(path, content):
        path.write_bytes(content)
        path.chmod(0o755)

    # --- What is there ----------------------------------------------------

    def reset(self):
        """As in the beginning: a policy that gives myself a URI."""
        for actor in self.actors:
            actor.end()
        self.actors = []
        for path in (self.root, self.home, self.names, self.scratch,
                     self.rules):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(0o755)
        for path in self.home, self.scratch:
            os.chown(path, UID, GID)
        self.fake_answer.write_bytes(b"connected\nuri test:///x\n")
        self.set_names()
        self.set_policy(b"[user myself]\nuri = test:///default\n")

    def set_names(self, user=b"myself", uid=b"self", home=None,
                  group=b"lab", fault=b"", others=b""):
        """The tests' name service: whoever asks is that user, if uid is
        self."""
        home = bytes(self.home) if home is None else home
        user, home, group, fault, others = (
            text.replace(b"\n", NEWLINE)
            for text in (user, home, group, fault, others))
        gid = uid if uid == b"self" else b"%d" % GID
        self._name("passwd", [b"%s:x:%s:%s::%s:/bin/sh" % (
            user, uid, gid, home), others])
        self._name("group", [b"mine:x:%d:" % GID,
                             b"%s:x:%d:%s" % (group, GROUP, user)])
        self._name("faults", [fault])

    def _name(self, name, lines):
        (self.names / name).write_bytes(b"\n".join(lines) + b"\n")

    def set_policy(self, text, drop_in=None):
        directory = pathlib.Path(f"{self.root}{self.confdir}")
        (directory / "virturi.conf.d").mkdir(parents=True, exist_ok=True)
        if drop_in is None:
            (directory / "virturi.conf").write_bytes(text)
        else:
            write(os.fsencode(directory / "virturi.conf.d") + b"/" + drop_in,
                  text)

    def home_file(self, name, text):
        """A file of the person's; the name is bytes."""
        path = bytes(self.home) + b"/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write(path, text)
        return path

    def below_root(self, name, text):
        path = bytes(self.root) + b"/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write(path, text)

    # --- Asking -----------------------------------------------------------

    def environment(self, more, locale):
        return {b"PATH": b"/usr/sbin:/usr/bin:/sbin:/bin",
                b"LC_ALL": locale, b"TERM": b"xterm",
                b"HOME": bytes(self.home),
                b"LD_LIBRARY_PATH": bytes(BIN),
                b"VIRTURI_NSS_DIR": bytes(self.names),
                # no buses, whatever the machine has
                b"DBUS_SYSTEM_BUS_ADDRESS": b"unix:path=/nonexistent",
                **more}

    def popen(self, argv, environment, **options):
        """As the person."""
        return subprocess.Popen(
            argv, env=environment, cwd=self.scratch, user=UID, group=GID,
            extra_groups=[], stdin=subprocess.DEVNULL, **options)


def write(path, text):
    with open(path, "wb") as file:
        file.write(text)


def read_datagrams(listener, process):
    """What is sent to a socket until a process has ended."""
    taken = []
    while True:
        is_over = process.poll() is not None
        try:
            while True:
                taken.append(listener.recv(1 << 20))
        except TimeoutError:
            if is_over:
                return taken


def listen_for_log():
    """The other end of syslog(3)."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind("/dev/log")
    listener.settimeout(0.02)
    return listener
