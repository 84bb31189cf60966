# SPDX-License-Identifier: MIT
"""What a process asked of the kernel, from strace's lines."""

import os
import re
from typing import NamedTuple

import ground

MARKS = 'access("/virturi-begin"', 'access("/virturi-end"'
LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (.*)$")
# an argument: a string, a structure, or what has no comma
ARGUMENT = re.compile(r'"(?:[^"\\]|\\.)*"(?:\.\.\.)?|\{[^}]*\}|[^,\s][^,]*')
# "7</etc/passwd>", as strace -y has descriptors
DESCRIPTOR = re.compile(r"(-?\d+|AT_FDCWD)<(.*)>(\(deleted\))?$")
WITH_PATH = {
    # where the directory is, and the path in it
    "openat": (0, 1), "openat2": (0, 1), "newfstatat": (0, 1),
    "statx": (0, 1), "readlinkat": (0, 1), "faccessat": (0, 1),
    "faccessat2": (0, 1), "unlinkat": (0, 1), "mkdirat": (0, 1),
    "open": (None, 0), "stat": (None, 0), "lstat": (None, 0),
    "access": (None, 0), "readlink": (None, 0), "statfs": (None, 0),
    "getxattr": (None, 0), "lgetxattr": (None, 0), "chdir": (None, 0),
    "execve": (None, 0), "unlink": (None, 0), "mkdir": (None, 0),
}


class Call(NamedTuple):
    pid: int
    name: str
    arguments: list
    result: str
    line: str

    @property
    def path(self):
        """The absolute path it is about; None: about none."""
        if self.name not in WITH_PATH:
            return None
        where, which = WITH_PATH[self.name]
        path = self.arguments[which].strip('"')
        if where is not None:
            path = os.path.join(self.descriptor(where), path).rstrip("/")
        return path or "/"

    def descriptor(self, index=0):
        """What a descriptor among its arguments is open on."""
        found = DESCRIPTOR.match(self.arguments[index]
                                 if index < len(self.arguments) else "")
        return found[2] if found else ""

    @property
    def number(self):
        found = re.match(r"\d+", self.arguments[0]) if self.arguments else None
        return int(found[0]) if found else None

    @property
    def made(self):
        """The descriptor that it returned; None: it did not."""
        found = re.match(r"(\d+)<", self.result)
        return int(found[1]) if found else None


class Unreadable(Exception):
    """Strace wrote something that is no system call."""


def parse(text):
    """Calls; those that another process interrupted are put together."""
    halves = {}
    for line in text.splitlines():
        pid = line.split()[0]
        if line.endswith("<unfinished ...>"):
            halves[pid] = line.removesuffix("<unfinished ...>").rstrip()
            continue
        resumed = re.search(r"<\.\.\. \w+ resumed>(.*)$", line)
        if resumed:
            line = halves.pop(pid) + resumed[1]
        if re.match(r"\d+ +(\+\+\+|---) ", line):
            continue
        found = LINE.match(line) or re.match(
            r"(\d+) +(exit_group|exit)\((.*)\) += (.*)$", line)
        if not found:
            raise Unreadable(line)
        arguments = [argument.strip()
                     for argument in ARGUMENT.findall(found[3])]
        yield Call(int(found[1]), found[2], arguments, found[4], line)


def trace(*argv, user=(), out="/run/trace", **options):
    """What a command did: its end, and all calls of all its processes."""
    done = ground.run(*user, "strace", "-f", "-y", "-s", "256", "-o", out,
                      *argv, **options)
    with open(out) as file:
        return done, list(parse(file.read()))


def between_marks(calls):
    """What happens between the marks, whichever process does it."""
    begin, end = (
        [number for number, call in enumerate(calls) if mark in call.line
         and call.name == "access"] for mark in MARKS)
    if len(begin) != 1 or len(end) != 1:
        raise Unreadable(f"{len(begin)} and {len(end)} marks")
    return calls[begin[0] + 1:end[0]]
