# SPDX-License-Identifier: MIT
"""Fresh Debian trees, and what one can do in them.

A base is what mmdebstrap makes, cached below the build directory and never
written to. A root is a layer over it, in memory, which ends with this run.
"""

import dataclasses
import fcntl
import hashlib
import os
import queue
import shutil
import socket
import subprocess
import threading

# What README takes for granted, and sudo, by which its newcomer installs
PACKAGES = ["ca-certificates", "git", "make", "sudo"]
SECONDS = 600

ENVIRON = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
           "LC_ALL": "C.UTF-8", "TERM": "dumb",
           "DEBIAN_FRONTEND": "noninteractive"}


class Wrong(Exception):
    """A row's answer is not what it has to be."""


@dataclasses.dataclass(frozen=True)
class Done:
    """What became of a command."""
    command: str
    status: int
    said: str       # on both outputs

    def check(self):
        """What it said, if it went well."""
        if self.status:
            raise Wrong(f"{self.command}: status {self.status}\n{self.said}")
        return self.said


def run(*argv, answer="", **options):
    """Run a command to its end; answer is its standard input."""
    argv = list(map(str, argv))
    try:
        done = subprocess.run(argv, input=answer, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SECONDS, check=False, **options)
    except subprocess.TimeoutExpired as late:
        raise Wrong(f"{argv}: no end after {SECONDS} s") from late
    return Done(" ".join(argv), done.returncode, done.stdout)


def make_base(cache, suite, tree):
    """Debootstrap it beside its place, and remove those it replaces."""
    for stale in cache.glob(f"{suite}-*"):
        shutil.rmtree(stale)
    new = tree.with_suffix(".new")
    run("mmdebstrap", "--quiet", "--variant=minbase",
        "--include=" + ",".join(PACKAGES), suite, new).check()
    new.rename(tree)


def find_base(build, suite):
    """The cached base of a suite, made if it is not there."""
    text = "\n".join([suite, *PACKAGES])
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    cache = build / "cache" / "packages" / "deb"
    cache.mkdir(parents=True, exist_ok=True)
    tree = cache / f"{suite}-{name}"
    with open(cache / f"lock.{suite}", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.is_dir():
            make_base(cache, suite, tree)
    return tree


class Log:
    """What programs in a root tell syslog; use as a context manager."""

    END = "the end of what was said so far"

    def __init__(self, path):
        self._path = str(path)
        self._lines = queue.SimpleQueue()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._path)
        path.chmod(0o666)
        # read at once: who writes into a full queue waits
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RD)
        self._reader.join()
        self._socket.close()

    def _read(self):
        while line := self._socket.recv(65536):
            self._lines.put(line.decode())

    def take(self):
        """All that was said since the last time, by programs now ended."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.sendto(self.END.encode(), self._path)
        return "\n".join(iter(self._lines.get, self.END))


class Root:
    """A tree to write into, over others, the uppermost first."""

    def __init__(self, scratch, name, *layers):
        self.path = scratch / name
        self.upper = scratch / f"{name}.upper"
        self.layers = layers
        work = scratch / f"{name}.work"
        for directory in self.path, self.upper, work:
            directory.mkdir()
        lower = ":".join(map(str, layers))
        run("mount", "-t", "overlay", "-o", f"lowerdir={lower},"
            f"upperdir={self.upper},workdir={work}", "overlay",
            self.path).check()

    def start(self):
        """With all that a chroot needs for commands to run in it."""
        run("mount", "-t", "proc", "proc", self.path / "proc").check()
        shutil.copy("/etc/resolv.conf", self.path / "etc/resolv.conf")
        self.write("etc/hosts", f"127.0.0.1 localhost {os.uname().nodename}\n")
        return self

    def stop(self):
        """From now on its files are a layer for others."""
        run("umount", "--recursive", self.path).check()
        return [self.upper, *self.layers]

    def do(self, *argv, **options):
        """A command as root, without a session."""
        environ = [f"{name}={value}" for name, value in ENVIRON.items()]
        return run("chroot", self.path, "env", "-i", *environ, *argv,
                   **options)

    def shell(self, script, **options):
        """The same for a script, which has to succeed; what it said."""
        return self.do("sh", "-ec", script, **options).check()

    def login(self, user, command, **options):
        """A command in a session of su's."""
        return self.do("su", "-", user, "-c", command, **options)

    def read(self, name):
        return (self.path / name).read_text()

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def install(self, debs, *options):
        """Packages of ours, as apt does it; what it said."""
        there = self.path / "srv/debs"
        shutil.rmtree(there, ignore_errors=True)
        there.mkdir(parents=True)
        for deb in debs:
            shutil.copy(deb, there)
        return self.do("apt-get", "install", "-y", *options, *(
            f"/srv/debs/{deb.name}" for deb in debs)).check()
