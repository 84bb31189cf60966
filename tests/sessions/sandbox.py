# SPDX-License-Identifier: MIT
"""A place where logins can do what they want to a machine.

A mount namespace with copies of /etc and the like and everything else
read-only, a network with nothing but loopback, and process ids whose first
is ours. So nothing of the real machine changes, and when we end, even by
SIGKILL, the kernel ends and unmounts whatever we have left.
"""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sysconfig
import traceback

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
PR_SET_PDEATHSIG = 1

# Where libpam looks for modules
SECURITY = pathlib.Path("/usr/lib", sysconfig.get_config_var("MULTIARCH"),
                        "security")

# Everything of ours lives in a tmpfs here; binds put it where it belongs.
OURS = pathlib.Path("/run/sessions")
COPIES = "/etc", "/var/spool/cron", str(SECURITY)
EMPTY = {"/tmp": 0o1777, "/var/tmp": 0o1777, "/var/log": 0o755}


def run(*argv):
    """Run a command that has to succeed."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        command = " ".join(map(str, argv))
        raise RuntimeError(f"{command}: {done.stdout.strip()}")


def in_private(main):
    """Run main() as process 1 of new namespaces; its exit status.

    Whoever kills this process kills that one too, and with it all others.
    OSError where namespaces cannot be made, as without root.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC
                    | CLONE_NEWPID | CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, "unshare: " + os.strerror(error))
    child = os.fork()
    if child == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()     # nobody here is to find the caller's terminal
        status = 1
        try:
            status = main()
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def make_own(more_empty=None):
    """Make file systems and network our own; in in_private() only.

    more_empty: further directories that are to be empty, and their modes.
    """
    os.umask(0o022)
    os.chdir("/")
    own_file_systems(EMPTY | (more_empty or {}))
    socket.sethostname("sessions")
    run("ip", "link", "set", "lo", "up")


def own_file_systems(empty):
    """Copies of what a login may write to; all the rest read-only.

    In a chroot, / has to be a mount: bind it onto itself.
    """
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "proc", "proc", "/proc")
    mount_tmpfs("/run")
    OURS.mkdir()
    run("cp", "-a", "--parents", *COPIES, OURS)
    for path, mode in empty.items():
        (OURS / path[1:]).mkdir(parents=True)
        (OURS / path[1:]).chmod(mode)
    make_dev(OURS / "dev")
    for path in *COPIES, *empty, "/dev":
        run("mount", "--rbind", OURS / path[1:], path)
    # An installed virturi would bring its vendor policy
    for path in "/usr/share/virturi", "/usr/local/share/virturi":
        if os.path.isdir(path):
            mount_tmpfs(path)
    for path in "/", "/usr", "/var", "/home":
        if os.path.ismount(path):
            run("mount", "-o", "remount,bind,ro", path)


def mount_tmpfs(path):
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", path)


def make_dev(dev):
    dev.mkdir()
    for name in "full", "null", "random", "tty", "urandom", "zero":
        (dev / name).touch()
        run("mount", "--bind", f"/dev/{name}", dev / name)
    (dev / "fd").symlink_to("/proc/self/fd")
    (dev / "ptmx").symlink_to("pts/ptmx")
    (dev / "pts").mkdir()
    run("mount", "-t", "devpts",
        "-o", "newinstance,ptmxmode=666,mode=620,gid=5", "devpts",
        dev / "pts")
