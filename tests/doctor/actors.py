# SPDX-License-Identifier: MIT
"""Processes and sockets that are not what they should be."""

import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading

from sandbox import OURS
from stage import runtime_dir


libc = ctypes.CDLL(None, use_errno=True)


def as_user(person, *argv, **options):
    """Start a program with the groups the person has now."""
    return subprocess.Popen(
        ["setpriv", "--reuid", person.name, "--regid", person.name,
         "--init-groups", "--", *argv], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, **options)


class Actor:
    """A process of any name and environment, which does nothing."""

    def __init__(self, person, name, environment=None):
        name = name.encode("latin-1")
        program = bytes(OURS / "actors") + b"/" + name
        os.makedirs(OURS / "actors", exist_ok=True)
        shutil.copy("/bin/sleep", program)
        self._process = as_user(person, program, "1000",
                                env=environment or {})
        comm = pathlib.Path(f"/proc/{self._process.pid}/comm")
        while comm.read_bytes() != name[:15] + b"\n":
            pass

    @property
    def pid(self):
        return self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


class Notifier:
    """Shows notifications to nobody, on the user's bus."""

    def __init__(self, person):
        self._log = OURS / "notifications"
        self._log.unlink(missing_ok=True)
        self._log.touch()
        self._log.chmod(0o666)
        self._process = subprocess.Popen(
            ["setpriv", "--reuid", person.name, "--regid", person.name,
             "--init-groups", "--", OURS / "bin/notifier",
             "org.freedesktop.Notifications", self._log],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            env={"XDG_RUNTIME_DIR": str(runtime_dir(person))})
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the notifier has no bus")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def take(self):
        """What it was told since the last time, a line a call."""
        text = self._log.read_text()
        os.truncate(self._log, 0)
        return split_calls(text)


def split_calls(text):
    """A body may have several lines."""
    return re.findall(r"(?:Notify|Close)(?s:.*?)(?=\nNotify|\nClose|\n\Z)",
                      text)


class Storm:
    """Processes that come and go as fast as they can."""

    def __init__(self, person):
        self._process = as_user(
            person, "sh", "-c", "while :; do sleep 0 & (:) & sh -c : & wait; "
                                "done")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class HungDirectory:
    """A file system whose server has never answered: anybody who looks at
    it waits, until they are killed."""

    def __init__(self, path):
        self._path = str(path)
        device = "/dev/fuse"
        if not os.path.exists(device):
            os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(10, 229))
        self._fd = os.open(device, os.O_RDWR)
        options = f"fd={self._fd},rootmode=40000,user_id=0,group_id=0," \
            "allow_other"
        if libc.mount(b"hung", self._path.encode(), b"fuse", 0,
                      options.encode()):
            error = ctypes.get_errno()
            raise OSError(error, f"mount: {os.strerror(error)}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._fd)      # from now on there are errors
        libc.umount2(self._path.encode(), 2)


class Listener:
    """A socket where somebody listens who is no libvirt and no bus.

    silent: accepts and says nothing. full: does not even accept. hang up:
    accepts and closes. garbage: says what nobody can make sense of.
    """

    def __init__(self, path, how):
        self._path, self._how = pathlib.Path(path), how
        self._held = []
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._path.chmod(0o666)
        self._socket.listen(0 if how == "full" else 16)
        if how == "full":
            self._fill()
        else:
            threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._path.unlink(missing_ok=True)
        self._socket.close()

    def _fill(self):
        """Connect until the queue takes no more."""
        while True:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.setblocking(False)
            self._held.append(client)
            try:
                client.connect(str(self._path))
            except BlockingIOError:
                return

    def _serve(self):
        while True:
            try:
                client, _ = self._socket.accept()
                if self._how == "garbage":
                    client.sendall(b"\x1b[2J\xff\0garbage\r\n" * 100)
            except OSError:
                return
            if self._how == "hang up":
                client.close()
            else:
                self._held.append(client)
