# SPDX-License-Identifier: MIT
"""Where everything happens: namespaces and cgroups that end with this run.

The outer process makes a cgroup in each hierarchy that systemd uses and puts
a child into it, the driver, which has mounts and processes of its own. When
the child is killed, the kernel ends all of these, whatever state they are in;
the cgroups can then be removed, and that they can is the proof that no
process is left. Should the outer process be killed too, the child dies with
it, and the next run removes its empty cgroups.
"""

import ctypes
import os
import pathlib
import signal
import subprocess
import tempfile
import time

NAME = "virturi-e2e-"
DRIVER = "driver"
RUN = pathlib.Path("/run/e2e")      # in the cell's own /run
PR_SET_PDEATHSIG = 1
SECONDS = 10
# SIGINT is ignored in what a script starts with &
ENDING = signal.SIGINT, signal.SIGTERM, signal.SIGHUP

libc = ctypes.CDLL(None, use_errno=True)

# Join the cgroups before the first "--", become what follows it
JOIN = """
while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit; shift; done
shift
exec "$@"
"""


def join(cgroups, argv):
    """A command that runs argv in these cgroups."""
    return ["sh", "-c", JOIN, "sh", *map(str, cgroups), "--",
            *map(str, argv)]


def find_mine():
    """Our own cgroup in the unified hierarchy and in systemd's, as a list."""
    mine = {}
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, kind, path = line.split(":", 2)
        mine[kind] = path.lstrip("/")
    found = []
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup2" and "" in mine:
            found.append(pathlib.Path(where) / mine[""])
        elif kind == "cgroup" and "name=systemd" in options.split(","):
            found.append(pathlib.Path(where) / mine["name=systemd"])
    return found


# What the outer process does

def delegate(argv):
    """Where systemd rules the cgroups, start again in a scope it leaves alone.

    Returns only where it does not.
    """
    if not os.path.isdir("/run/systemd/system") or "E2E_SCOPE" in os.environ:
        return
    os.environ["E2E_SCOPE"] = "yes"
    os.execvp("systemd-run", ["systemd-run", "--scope", "--quiet",
                              "--collect", "--property=Delegate=yes", *argv])


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def interrupt(*_):
    """A signal ends the run as Ctrl-C does."""
    raise KeyboardInterrupt


class Cell:
    """Use as a context manager; `leftovers` is right after its end."""

    def __init__(self):
        self.leftovers = []
        self._cgroups = [mine / f"{NAME}{os.getpid()}"
                         for mine in find_mine()]
        self._child = None

    def __enter__(self):
        for name in ENDING:
            signal.signal(name, interrupt)
        for cgroup in self._cgroups:
            sweep(cgroup.parent)
            (cgroup / DRIVER).mkdir(parents=True)
        return self

    def run(self, argv):
        """Run a command inside until it ends.

        Its exit status, and what it wrote to the file that E2E_RESULT names.
        """
        drivers = [cgroup / DRIVER for cgroup in self._cgroups]
        with tempfile.TemporaryFile("w+") as result:
            fd = result.fileno()
            self._child = subprocess.Popen(
                join(drivers, ["unshare", "--mount", "--pid", "--fork",
                               "--kill-child", "--mount-proc", *argv]),
                stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=die_with_parent, pass_fds=[fd],
                env=os.environ | {"E2E_RESULT": str(fd)})
            status = self._child.wait()
            result.seek(0)
            return status, result.read()

    def __exit__(self, *_):
        for name in ENDING:
            signal.signal(name, signal.SIG_IGN)
        if self._child:
            self._child.kill()
            self._child.wait()
        for cgroup in self._cgroups:
            self.leftovers += remove(cgroup)
        self.leftovers += [f"mount: {where}" for where in list_mounts()
                           if f"{where}/".startswith(f"{RUN}/")
                           or "/cache/e2e/" in where]


def list_mounts():
    mounts = pathlib.Path("/proc/self/mounts").read_text()
    return [line.split()[1] for line in mounts.splitlines()]


def sweep(parent):
    """Remove the cgroups of runs that were killed."""
    for cgroup in parent.glob(NAME + "*"):
        if not os.path.isdir(f"/proc/{cgroup.name.removeprefix(NAME)}"):
            remove(cgroup)


def remove(cgroup):
    """Remove a tree of cgroups; what cannot be, as lines.

    Its processes have been killed, but the kernel may still be at it.
    """
    deadline = time.monotonic() + SECONDS
    left = []
    for path, _, _ in os.walk(cgroup, topdown=False):
        while True:
            try:
                os.rmdir(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    left += [f"cgroup: {path}", *processes(path)]
                    break
                time.sleep(0.01)
    return left


def processes(cgroup):
    pids = pathlib.Path(cgroup, "cgroup.procs").read_text().split()
    for pid in pids:
        comm = pathlib.Path("/proc", pid, "comm")
        name = comm.read_text().strip() if comm.exists() else "?"
        yield f"process: {pid} ({name})"


# What the driver does

def cgroups_for(name):
    """New cgroups beside the driver's own, for a guest."""
    made = [mine.with_name(name) for mine in find_mine()]
    for cgroup in made:
        cgroup.mkdir()
    return made


def hide_run():
    """A /run of our own: systemd-nspawn keeps its accounts there."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "e2e", "/run"],
                   check=True)
    RUN.mkdir()


def reap_for(main):
    """Run main() in a child, and wait for everybody whose parent is gone."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = main()
        finally:
            os._exit(status)
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)
