# SPDX-License-Identifier: MIT
"""What the tests here stand on: where things are, rows, and a machine.

The machine is this one in namespaces of its own, as in
tests/sessions/sandbox.py, with the layers of the build empty, people of ours
and a log. All of it ends with the process.
"""

import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("VIRTURI_BUILD", SOURCE / "build"))
sys.path.append(str(HERE.parent / "sessions"))

import deps
import sandbox
from log import Log

VARIABLE = "LIBVIRT_DEFAULT_URI"
UNUSABLE = "; the policy is unusable, nobody gets a URI"
MEMBER, OUTSIDER = 65501, 65502     # in libvirt, and not
PASSWD = f"""\
member:x:{MEMBER}:{MEMBER}::/run/home/member:/bin/sh
outsider:x:{OUTSIDER}:{OUTSIDER}::/run/home/outsider:/bin/sh
"""
GROUP = f"""\
libvirt:x:65510:member
member:x:{MEMBER}:
outsider:x:{OUTSIDER}:
"""
STACKS = pathlib.Path("/run/pam.d")
ENVIRON = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
SECONDS = 60    # whatever takes longer hangs


def layer(name):
    flags = (BUILD / "flags").read_text()
    return pathlib.Path(re.search(rf""" -D{name}='"(.*?)"'""", flags)[1])


def run(*argv, **options):
    """A command and all that it says, with nothing of our environment."""
    options = {"env": ENVIRON, "text": True, "stdin": subprocess.DEVNULL,
               "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               "timeout": SECONDS, **options}
    return subprocess.run(list(map(str, argv)), **options)


def do(*argv, **options):
    """The same for what has to succeed; what it printed."""
    done = run(*argv, **options)
    if done.returncode:
        raise RuntimeError(f"{argv}: {done.stdout}{done.stderr}")
    return done.stdout


def print_rows(rows):
    """TAP of names, each with what is wrong; the exit status."""
    count = failed = 0
    for name, faults in rows:
        count += 1
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {count} - {name}")
        for fault in faults:
            for line in fault.splitlines():
                print(f"# {line}")
        sys.stdout.flush()
    print(f"1..{count}")
    return 1 if failed or not count else 0


def guard(judge, *arguments):
    """What is wrong, by a generator of faults, or why that is not known."""
    try:
        return list(judge(*arguments))
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


# --- The machine ------------------------------------------------------------

class Machine:
    """Only in sandbox.in_private()."""

    def __init__(self):
        self.vendor, self.runtime, self.admin = self.layers = [
            layer(name) for name in ("VENDORCONFDIR", "RUNCONFDIR", "CONFDIR")]
        os.umask(0o022)
        os.chdir("/")
        sandbox.own_file_systems({})
        do("ip", "link", "set", "lo", "up")
        for path in *self.layers, STACKS:
            self._make(path)
        for path in self.admin.glob("virturi.conf*"):
            do("rm", "-r", path)
        for name, uid in ("member", MEMBER), ("outsider", OUTSIDER):
            home = pathlib.Path("/run/home", name)
            home.mkdir(parents=True)
            os.chown(home, uid, uid)
        self._add("/etc/passwd", PASSWD)
        self._add("/etc/group", GROUP)
        self.stack("pam_deny.so", service="other")
        self.log = Log("/dev/log")

    @staticmethod
    def _make(path):
        """A directory; below the first one that we may write to."""
        if not os.path.isdir(path) and not os.access(path.parent, os.W_OK):
            sandbox.mount_tmpfs(path.parent)
        path.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def _add(path, lines):
        """Ours first, in place of their namesakes."""
        ours = re.findall(r"(?m)^([^:]+:)", lines)
        with open(path, "r+") as file:
            theirs = [line for line in file
                      if not line.startswith(tuple(ours))]
            file.seek(0)
            file.truncate()
            file.write(lines + "".join(theirs))

    @staticmethod
    def stack(*lines, service="login"):
        text = "".join(f"session required {line}\n" for line in lines)
        (STACKS / service).write_text(text)

    @staticmethod
    def session(user, *command, before=(), **options):
        """A session's command, as the user."""
        return run(*before, BUILD / "tests/pam/session", STACKS, "login", user,
                   "--", *command, **options)


def in_machine(main):
    """main(), which is given a machine, and its exit status."""
    return sandbox.in_private(lambda: main(Machine()))


def install_packages():
    deps.install_packages(HERE / "packages")
