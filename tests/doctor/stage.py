# SPDX-License-Identifier: MIT
"""A host with libvirt on it: the machine of the session tests, and in it the
real dbus-daemon, polkitd, libvirtd and systemd --user, started by hand.

Each scene has a stage of its own, which dies with it.
"""

import os
import pathlib
import pwd
import re
import select
import shutil
import socket
import stat
import subprocess

import cgroup
import machine
from machine import MEMBER, OUTSIDER, ROOT, write
from sandbox import OURS, SECURITY, run

SECONDS = 20

# Directories that are the stage's own
EMPTY = {
    "/usr/local": 0o755,
    "/var/lib/libvirt": 0o755,
    "/var/cache/libvirt": 0o755,
    "/var/lib/systemd": 0o755,
}

BIN = pathlib.Path("/usr/local/bin")
PAM_D = pathlib.Path("/etc/pam.d")
MANAGER_PAM_D = OURS / "manager-pam.d"
KVM = pathlib.Path("/dev/kvm")

LIBVIRTD_CONF = "/etc/libvirt/libvirtd.conf"
POLKIT_MODE = ""
SOCKET_GROUP_MODE = """\
auth_unix_rw = "none"
unix_sock_group = "libvirt"
unix_sock_rw_perms = "0770"
"""
LIBVIRT_SOCKET = pathlib.Path("/run/libvirt/libvirt-sock")

# Of this machine's services, what every host of the kind has
SERVICES = """
    chfn chpasswd chsh common-account common-auth common-password
    common-session common-session-noninteractive cron login newusers other
    passwd polkit-1 runuser runuser-l sshd su su-l sudo sudo-i systemd-user
"""

LINE = "-session optional pam_virturi.so"

# What pam_systemd does where logind runs: a runtime directory and a scope,
# and none of that for su without -l. A substack, so that its jumps are nobody
# else's.
SUBSTACK = "session substack doctor"
SCOPE = f"""\
session [success=done default=ignore] pam_succeed_if.so quiet service = su
session optional pam_exec.so quiet {OURS}/bin/enter-scope
"""
RUNTIME_DIR = """\
session [success=ignore default=1] pam_succeed_if.so quiet user = {name}
session optional pam_env.so readenv=0 conffile=/etc/security/doctor-{name}
"""
ENTER_SCOPE = """\
#!/bin/sh
[ "$PAM_TYPE" = open_session ] || exit 0
! grep -q /session- /proc/$PPID/cgroup || exit 0
slice=/sys/fs/cgroup/user.slice/user-$(id -u "$PAM_USER").slice
mkdir -p $slice/session-$PPID.scope
echo $PPID >$slice/session-$PPID.scope/cgroup.procs
"""


def configured(build, name):
    """A directory that the build was configured with."""
    flags = (build / "flags").read_text()
    path = re.search(rf" -D{name}='\"([^\"]*)\"'", flags).group(1)
    if not path.startswith("/usr/local/"):
        raise ValueError(f"{name} is {path}: build with prefix=/usr/local")
    return pathlib.Path(path)


class Gone:
    """Waits for the end of processes that run when this is made."""

    def __init__(self, *pids):
        self._pidfds = {pid: os.pidfd_open(pid) for pid in pids}

    def wait(self):
        for pid, pidfd in self._pidfds.items():
            if not select.select([pidfd], [], [], SECONDS)[0]:
                raise TimeoutError(f"process {pid} did not end")
            os.close(pidfd)


def children_of(pid):
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    return map(int, path.read_text().split())


def end(pid, how):
    """Send a signal and return when the process is gone."""
    gone = Gone(pid)
    os.kill(pid, how)
    gone.wait()


def read_status(pid, field):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return re.search(rf"^{field}:\t(.*)$", text, re.M).group(1)


def uid_of(person):
    return pwd.getpwnam(person.name).pw_uid


def manager_home(person):
    """The cgroup of the service that systemd --user is."""
    uid = uid_of(person)
    return cgroup.MOUNT / "user.slice" / f"user-{uid}.slice" / \
        f"user@{uid}.service"


def runtime_dir(person):
    return pathlib.Path("/run/user", str(uid_of(person)))


class Stage(machine.Machine):
    def __init__(self, build):
        self.vendor_policy = configured(build, "VENDORCONFDIR") / \
            "virturi.conf"
        self.shipped_policy = (build / "conf/virturi.conf").read_text()
        self.probe = configured(build, "LIBEXECDIR") / "virturi-probe"
        programs = {
            BIN / "virturi": build / "virturi",
            self.probe: build / "virturi-probe",
            OURS / "bin/session": build / "tests/pam/session",
            OURS / "bin/notifier": build / "tests/bus/notifier",
            OURS / "nss/libnss_virturi.so.2":
                build / "tests/nss/libnss_virturi.so.2",
        }
        # Read now: the build may lie where we are about to mount
        programs = {to: path.read_bytes() for to, path in programs.items()}
        self._libvirtd = self._polkitd = None
        cgroup.become_root()
        super().__init__(build, more_empty=EMPTY)
        cgroup.mount()
        for path, content in programs.items():
            write(path, content, 0o755)
        self._furnish()
        self._start_bus()
        self.start_polkit()
        self.start_libvirt()

    def _furnish(self):
        """What a freshly installed host has."""
        write(self.vendor_policy, self.shipped_policy)
        for path in PAM_D.iterdir():
            if path.name not in SERVICES.split():
                path.unlink()
        shutil.rmtree("/etc/systemd/user", ignore_errors=True)
        os.makedirs("/run/systemd/system")      # sd_booted(3)
        os.mkdir("/run/screen")
        os.chmod("/run/screen", 0o1777)
        run("groupadd", "--force", "--system", "kvm")
        self.set_kvm(0o666)
        write(OURS / "bin/enter-scope", ENTER_SCOPE, 0o755)
        stack = SCOPE
        for person in MEMBER, OUTSIDER, ROOT:
            self.move_in(person, "bash")
            path = runtime_dir(person)
            path.mkdir(parents=True, mode=0o700)
            shutil.chown(path, person.name)
            write(f"/etc/security/doctor-{person.name}",
                  f"XDG_RUNTIME_DIR DEFAULT={path}\n")
            stack += RUNTIME_DIR.format(name=person.name)
        write(PAM_D / "doctor", stack)
        self._stacks[PAM_D / "common-session"].append(SUBSTACK)
        self.install()

    @staticmethod
    def set_kvm(mode, group="kvm"):
        """Of this mode, or absent. The node is ours and not the host's."""
        KVM.unlink(missing_ok=True)
        if mode is not None:
            os.mknod(KVM, stat.S_IFCHR | mode, os.makedev(10, 232))
            KVM.chmod(mode)
            shutil.chown(KVM, "root", group)

    # The daemons

    def _start_bus(self):
        os.makedirs("/run/dbus", exist_ok=True)
        self._bus = int(subprocess.check_output(
            ["dbus-daemon", "--system", "--fork", "--nopidfile",
             "--print-pid"]))

    def stop_bus(self):
        end(self._bus, 9)
        pathlib.Path("/run/dbus/system_bus_socket").unlink()

    def start_polkit(self):
        """By the bus, as usual; it answers when it is ready."""
        name = "org.freedesktop.PolicyKit1"
        run("busctl", "call", name, "/org/freedesktop/PolicyKit1/Authority",
            "org.freedesktop.DBus.Peer", "Ping")
        status = subprocess.check_output(["busctl", "status", name],
                                         text=True)
        self._polkitd = int(re.search(r"^PID=(\d+)", status, re.M).group(1))

    def stop_polkit(self):
        end(self._polkitd, 9)

    def restart_polkit(self, rules=None):
        """With new rules: its own watch over them tells nobody when."""
        self.stop_polkit()
        if rules is not None:
            write("/etc/polkit-1/rules.d/10-scene.rules", rules)
        self.start_polkit()

    def start_libvirt(self, conf=POLKIT_MODE):
        """The parent of the daemon ends when its sockets are there."""
        write(LIBVIRTD_CONF, conf)
        os.makedirs("/var/log/libvirt", exist_ok=True)
        run("libvirtd", "--daemon")
        self._libvirtd = int(pathlib.Path("/run/libvirtd.pid").read_text())

    def stop_libvirt(self):
        """It removes its sockets when it ends well."""
        end(self._libvirtd, 15)

    def kill_libvirt(self):
        """So that its sockets stay, and nobody listens."""
        end(self._libvirtd, 9)

    def restart_libvirt(self, conf):
        self.stop_libvirt()
        self.start_libvirt(conf)

    def start_manager(self, person, with_bus=True):
        """systemd --user, by the PAM stack systemd-user, in its own place.

        Returns its pid once it has started all there is to start, and,
        unless told otherwise, answers at the user's bus.
        """
        home = manager_home(person)
        home.mkdir(parents=True, exist_ok=True)
        for path in home, home / "cgroup.procs", \
                home / "cgroup.subtree_control":
            shutil.chown(path, person.name)
        self._write_manager_stack()
        with Readiness() as readiness:
            script = f"echo $$ >{home}/cgroup.procs && " \
                f'exec {OURS}/bin/session {MANAGER_PAM_D} systemd-user ' \
                f'{person.name} -- env "$@"'
            subprocess.Popen(
                ["sh", "-c", script, "sh", f"NOTIFY_SOCKET={readiness.path}",
                 f"HOME={person.home}", f"USER={person.name}",
                 f"XDG_RUNTIME_DIR={runtime_dir(person)}",
                 "SHELL=/bin/bash", "/lib/systemd/systemd", "--user"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True)
            readiness.wait_for("READY=1")
        if with_bus:
            self._start_user_bus(person)
        return self.find_manager(person)

    @staticmethod
    def _start_user_bus(person):
        """It starts when somebody asks, and then the manager joins it."""
        name = "org.freedesktop.systemd1"
        run("setpriv", "--reuid", person.name, "--regid", person.name,
            "--init-groups", "--", "env",
            f"XDG_RUNTIME_DIR={runtime_dir(person)}", "busctl", "--user",
            "call", name, "/org/freedesktop/systemd1",
            "org.freedesktop.DBus.Peer", "Ping")

    @staticmethod
    def find_manager(person):
        """Its pid, or None. init.scope has somebody else besides, as in
        reality: there it is (sd-pam)."""
        procs = manager_home(person) / "init.scope/cgroup.procs"
        pids = procs.read_text().split() if procs.exists() else []
        return next((int(pid) for pid in pids
                     if read_status(pid, "Name") == "systemd"), None)

    @staticmethod
    def _write_manager_stack():
        """All of PAM's files where tests/pam/session can be sent to."""
        shutil.rmtree(MANAGER_PAM_D, ignore_errors=True)
        shutil.copytree(PAM_D, MANAGER_PAM_D)
        for vendor in "/usr/lib/pam.d", "/usr/share/pam.d":
            path = pathlib.Path(vendor, "systemd-user")
            if path.exists() and not (MANAGER_PAM_D / path.name).exists():
                shutil.copy(path, MANAGER_PAM_D)

    # What administrators and users do

    def wire(self, interactive=LINE, noninteractive=LINE):
        """Write the stacks anew, with these lines at their end."""
        lines = {"common-session": interactive,
                 "common-session-noninteractive": noninteractive}
        for path, stack in self._stacks.items():
            write(path, "\n".join([*stack, lines[path.name]]) + "\n")

    @staticmethod
    def home_file(person, name, text):
        """A file in somebody's home, of their own."""
        path = person.home / name
        write(path, text)
        for made in path, *path.parents:
            if made == person.home:
                return path
            shutil.chown(made, person.name, person.name)

    @staticmethod
    def open_directory(path):
        """Let one of the system's directories be written to."""
        upper, work = OURS / "upper" / path[1:], OURS / "work" / path[1:]
        upper.mkdir(parents=True)
        work.mkdir(parents=True)
        run("mount", "-t", "overlay", "-o",
            f"lowerdir={path},upperdir={upper},workdir={work}", "overlay",
            path)
        if SECURITY.is_relative_to(path):
            run("mount", "--bind", OURS / str(SECURITY)[1:], SECURITY)


    def remove(self, *patterns):
        """As if a package had never been installed."""
        for pattern in patterns:
            paths = list(pathlib.Path("/").glob(pattern[1:]))
            for directory in {path.parent.resolve() for path in paths}:
                if not (OURS / "upper" / str(directory)[1:]).exists():
                    self.open_directory(str(directory))
            for path in paths:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


class Readiness:
    """The socket at which a daemon says that it is ready: sd_notify(3)."""

    path = OURS / "notify"

    def __enter__(self):
        self.path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(SECONDS)
        self.path.chmod(0o666)
        return self

    def __exit__(self, *_):
        self._socket.close()

    def wait_for(self, line):
        while line not in self._socket.recv(4096).decode().splitlines():
            pass
