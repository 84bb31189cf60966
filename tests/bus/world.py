# SPDX-License-Identifier: MIT
"""People, buses and managers: real ones, in tests/sessions/sandbox.py."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess

import sandbox
from sandbox import OURS, run

GUARD = 20          # seconds after which nothing may still hang

BIN = OURS / "bin"
CGROUPS = pathlib.Path("/sys/fs/cgroup")

BUS_CONFIG = """\
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""

def make(build):
    """The machine; the build may lie where we are about to mount."""
    programs = {name: (build / "tests/bus" / name).read_bytes()
                for name in ("ask", "notifier")}
    sandbox.make_own()
    BIN.mkdir()
    for name, content in programs.items():
        (BIN / name).write_bytes(content)
        (BIN / name).chmod(0o755)


class Person:
    """A user with a runtime directory, into which others may look."""

    def __init__(self, name, group=None):
        run("useradd", "--no-create-home", "--user-group", "--home-dir", "/",
            name)
        if group:
            run("groupadd", "--force", group)
            run("usermod", "--append", "--groups", group, name)
        self.name = name
        self.uid = int(subprocess.check_output(["id", "-u", name]))
        self.runtime = pathlib.Path("/run/user", str(self.uid))
        self.runtime.mkdir(parents=True)
        self.own(self.runtime)

    def own(self, path):
        run("chown", "-R", f"{self.name}:{self.name}", path)

    def popen(self, *argv, **environ):
        """Starts a program; what it prints is read from a pipe."""
        environ.setdefault("PATH", os.environ["PATH"])
        return subprocess.Popen(
            argv, user=self.uid, group=self.uid, extra_groups=[], env=environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def ask(self, *argv, **environ):
        """What tests/bus/ask prints."""
        wrapper = os.environ.get("VIRTURI_WRAPPER", "").split()
        with self.popen(*wrapper, BIN / "ask", *argv, **environ) as process:
            try:
                printed = process.communicate(timeout=GUARD)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                return f"nothing after {GUARD} seconds"
        if process.returncode:
            return f"status {process.returncode}"
        return printed.removesuffix("\n")

    def systemctl(self, *argv):
        """What the person's systemctl prints; it has to succeed."""
        with self.popen("systemctl", "--user", *argv,
                        XDG_RUNTIME_DIR=str(self.runtime)) as process:
            printed = process.communicate(timeout=GUARD)[0]
        assert process.returncode == 0, argv
        return printed.strip()

    @contextlib.contextmanager
    def act(self):
        """What listens in here, listens as that user."""
        os.setegid(self.uid)
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)


class Ready:
    """A socket on which services tell that they have started."""

    def __init__(self):
        self.path = OURS / "ready"
        self.path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(os.fspath(self.path))
        self._socket.settimeout(GUARD)
        self.path.chmod(0o666)

    def wait(self):
        while b"READY=1" not in self._socket.recv(4096).split(b"\n"):
            pass


class Bus:
    """A dbus-daemon of a person's own, and services that it can start."""

    def __init__(self, person, name, services=None):
        self.top = person.runtime / name
        self.top.mkdir()
        self.path = self.top / "socket"
        self.address = f"unix:path={self.path}"
        self._person = person
        for service, command in (services or {}).items():
            (self.top / f"{service}.service").write_text(
                f"[D-BUS Service]\nName={service}\nExec={command}\n")
        config = self.top / "config"
        config.write_text(BUS_CONFIG.format(path=self.path, services=self.top))
        person.own(self.top)
        daemon = person.popen("dbus-daemon", f"--config-file={config}",
                              "--nofork", "--print-address=1")
        assert daemon.stdout.readline().startswith("unix:")

    def start_notifier(self, name, person=None):
        """A service of any name; it says so once it has it."""
        notifier = (person or self._person).popen(
            BIN / "notifier", name, "/dev/null",
            DBUS_SESSION_BUS_ADDRESS=self.address)
        assert notifier.stdout.readline() == "ready\n"
        return notifier


def start_system_bus():
    os.mkdir("/run/dbus")
    run("dbus-daemon", "--system", "--fork", "--nopidfile")


def be_booted():
    """To systemd's programs it is systemd that runs here."""
    os.makedirs("/run/systemd/system", exist_ok=True)


def start_logind(*lingering):
    """A real systemd-logind: sessions it cannot make, but it knows these."""
    be_booted()
    sandbox.mount_tmpfs("/var/lib/systemd")
    os.mkdir("/var/lib/systemd/linger")
    for person in lingering:
        pathlib.Path("/var/lib/systemd/linger", person.name).touch()
    for name in "users", "seats", "sessions", "inhibit":
        os.makedirs(f"/run/systemd/{name}")
    ready = Ready()
    subprocess.Popen(["/lib/systemd/systemd-logind"],
                     env={"NOTIFY_SOCKET": str(ready.path),
                          "SYSTEMD_LOG_TARGET": "null"})
    ready.wait()


def start_manager(person, cgroup, **environ):
    """A real `systemd --user`, in a cgroup of its own; its pid."""
    be_booted()
    run("mount", "-t", "cgroup2", "cgroup2", CGROUPS)
    (CGROUPS / cgroup).mkdir()
    person.own(CGROUPS / cgroup)
    ready = Ready()
    # it inherits the cgroup from us, who go back to ours
    ours = re.search("^0::/(.*)$",
                     pathlib.Path("/proc/self/cgroup").read_text(), re.M)[1]
    (CGROUPS / cgroup / "cgroup.procs").write_text("0")
    manager = person.popen(
        "/lib/systemd/systemd", "--user", "--unit=basic.target",
        "--log-target=null", HOME="/", NOTIFY_SOCKET=str(ready.path),
        XDG_RUNTIME_DIR=str(person.runtime), **environ)
    (CGROUPS / ours / "cgroup.procs").write_text("0")
    ready.wait()
    return manager.pid


def remove_cgroup(cgroup):
    """When everybody is gone, also if it was never made."""
    for path, _, _ in os.walk(CGROUPS / cgroup, topdown=False):
        os.rmdir(path)
