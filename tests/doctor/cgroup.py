# SPDX-License-Identifier: MIT
"""A cgroup of our own, which those inside take for the root of all."""

import ctypes
import os
import pathlib
import re
import signal
import time

from sandbox import PR_SET_PDEATHSIG, run

CLONE_NEWCGROUP = 0x2000000
MOUNT = pathlib.Path("/sys/fs/cgroup")

libc = ctypes.CDLL(None, use_errno=True)


def find_unified():
    """Where the unified hierarchy is mounted, hybrid or alone."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(where)
    raise OSError("no unified cgroup hierarchy is mounted")


def find_mine():
    text = pathlib.Path("/proc/self/cgroup").read_text()
    path = re.search(r"^0::/(.*)$", text, re.M).group(1)
    return find_unified() / path


def in_own(main):
    """Run main() in a new cgroup, by a child; its exit status."""
    cgroup = find_mine() / f"virturi-doctor-{os.getpid()}"
    cgroup.mkdir()
    child = os.fork()
    if child == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        status = 1
        try:
            (cgroup / "cgroup.procs").write_text("0")
            status = main()
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    remove(cgroup)
    return status


def remove(cgroup):
    """Its processes are dead, but the kernel may still be tidying up."""
    deadline = time.monotonic() + 10
    for path, _, _ in os.walk(cgroup, topdown=False):
        while True:
            try:
                os.rmdir(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def become_root():
    """From now on this process and its children see / as their cgroup."""
    if libc.unshare(CLONE_NEWCGROUP):
        raise OSError(ctypes.get_errno(), "unshare")


def mount():
    """Show the cgroups below ours, and no others."""
    run("umount", "--recursive", MOUNT)
    run("mount", "-t", "cgroup2", "cgroup2", MOUNT)
