# SPDX-License-Identifier: MIT
"""What others can put in the way: it must neither hang nor crash nor reach
the terminal."""

import itertools
import os
import signal

from actors import Actor, HungDirectory, Listener, Storm
from machine import MEMBER, OUTSIDER, write
from sandbox import OURS
from scenes.script import join, scene
from shells import ssh
from stage import LIBVIRT_SOCKET, SOCKET_GROUP_MODE, runtime_dir

ANY = dict(environment="*", groups="*", processes="*", kvm="*", socket="*",
           authorisation="*", libvirt="*", user_manager="*", decision="*",
           policy="*", pam="*", runtime_dir="*", machines="*")
ESCAPE = "\x1b]0;pwned\x07\x1b[2J"


@scene
def hostile_processes(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with Actor(OUTSIDER, name="\x1b[2J\n\xffx\x07"), \
            Actor(OUTSIDER, name="tmux: server",
                  environment={"LIBVIRT_DEFAULT_URI": f"x\n{ESCAPE}"}), \
            Actor(OUTSIDER, name="systemd"), \
            Actor(OUTSIDER, name="a) R 1 1 (b"):
        join(OUTSIDER)
        with ssh(OUTSIDER) as shell:
            judge.check("processes with hostile names", shell, **(ANY | dict(
                processes=("WARN", "\\x1b"))))
            judge.relogin("processes with hostile names", shell,
                          needed=True, words=["\\x1b"])
            judge.relogin("processes with hostile names, --verbose", shell,
                          "--verbose", needed=True, words=["\\x1b"])


VARIABLES = """
    LIBVIRT_DEFAULT_URI VIRSH_DEFAULT_CONNECT_URI XDG_RUNTIME_DIR
    XDG_CONFIG_HOME SUDO_USER SSH_CONNECTION HOME DBUS_SESSION_BUS_ADDRESS
""".split()
# as bash makes them
VALUES = {
    "escapes": r"$'\e]0;pwned\a\e[2J\n\xff'",
    "nothing": "",
    "much": "$(printf %0100000d 7)",
}


@scene
def hostile_environment(stage, judge):
    with ssh(MEMBER) as shell:
        for variable, (name, value) in \
                itertools.product(VARIABLES, VALUES.items()):
            judge.check(f"{variable} of {name}", shell, status="*",
                        prefix=f"env {variable}={value}", **ANY)
        judge.check("no environment at all", shell, status="*",
                    prefix="env -i PATH=/usr/local/bin", **ANY)


def make_fifo(path):
    os.mkfifo(path)
    path.chmod(0o666)


@scene
def hostile_files(stage, judge):
    home = MEMBER.home
    with ssh(MEMBER) as shell:
        names = ".bashrc", ".profile", ".config/environment.d/x.conf"
        for name in names:
            stage.home_file(MEMBER, name, "").unlink()
            make_fifo(home / name)
        judge.check("FIFOs for files", shell, verdict="ready")
        for name in names:
            (home / name).unlink()
            stage.home_file(MEMBER, name, "secret").chmod(0)
        judge.check("files that nobody may read", shell, verdict="ready")
        for name in ".bashrc", ".profile":
            (home / name).unlink()
            (home / name).symlink_to(name)
        (home / ".zshrc").symlink_to("/dev/zero")
        (home / ".zshenv").symlink_to("/dev/tty")
        (home / ".zprofile").mkdir()
        judge.check("links in circles, devices, directories", shell,
                    verdict="ready")
        stage.home_file(MEMBER, ".kshrc", "export LIBVIRT_DEFAULT_URI="
                        + ESCAPE + "\n")
        stage.home_file(MEMBER, ".mkshrc", "x" * 3_000_000)
        judge.check("escapes in a file, and a long one", shell,
                    verdict="ready", environment=("WARN", "\\x1b"))
        stage.home_file(MEMBER, f".config/libvirt/qemu/{ESCAPE}.xml",
                        "<domain/>")
        judge.check("a machine with a hostile name", shell,
                    verdict="ready", environment="*",
                    machines=("NOTE", "\\x1b"))
        conf = stage.home_file(MEMBER, ".config/libvirt/libvirt.conf", "")
        conf.chmod(0)
        judge.check("a libvirt.conf that nobody may read", shell, status=1,
                    environment="*", libvirt=("FAIL", "libvirt.conf"),
                    clients=("FAIL", "libvirt.conf"))
        conf.unlink()
        make_fifo(conf)
        judge.check("a FIFO for libvirt.conf, at which libvirt hangs",
                    shell, "--timeout", "1", status=1, environment="*",
                    libvirt=("FAIL", "1 s"), seconds=3)
        conf.unlink()
        os.chmod(home, 0)
        judge.check("a home that cannot be entered", shell,
                    verdict="ready", environment="*", machines="*")
        os.chmod(home, 0o755)


@scene
def silent_home(stage, judge):
    with ssh(MEMBER) as shell:
        with HungDirectory(MEMBER.home):
            judge.check("a home whose server does not answer", shell,
                        "--timeout", "1", status=1, golden="home-hung",
                        environment=("SKIP", "no answer within 1 s"),
                        machines="SKIP", libvirt=("FAIL", "1 s"),
                        seconds=4)
            judge.relogin("a home whose server does not answer", shell,
                          "--timeout", "1", needed=False, seconds=4)
        judge.check("a home whose server answers again", shell,
                    verdict="ready")


@scene
def silent_libvirt(stage, judge):
    stage.stop_libvirt()
    for how in "silent", "full":
        with Listener(LIBVIRT_SOCKET, how), ssh(MEMBER) as shell:
            judge.check(f"libvirt-sock is {how}", shell, "--timeout", "1",
                        status=1, golden=f"socket-{how}", seconds=3.5,
                        socket="PASS" if how == "silent" else "FAIL",
                        libvirt=("FAIL", "1 s|see socket"))
    with Listener(LIBVIRT_SOCKET, "garbage"), ssh(MEMBER) as shell:
        judge.check("libvirt-sock talks garbage", shell, "--timeout", "1",
                    status=1, socket="*", authorisation="*", libvirt="FAIL",
                    seconds=3.5, steady=False)


@scene
def silent_buses(stage, judge):
    stage.stop_libvirt()
    stage.stop_bus()
    with Listener("/run/dbus/system_bus_socket", "silent"), \
            Listener(LIBVIRT_SOCKET, "silent"), ssh(MEMBER) as shell:
        judge.check("the system bus is silent", shell, "--timeout", "1",
                    status="*", seconds=6,
                    authorisation=("SKIP", "polkit"),
                    libvirt="SKIP|FAIL")
        judge.relogin("the system bus is silent", shell, "--timeout", "1",
                      needed=False, seconds=6)


@scene
def silent_user_bus(stage, judge):
    bus = runtime_dir(MEMBER) / "bus"
    with Listener(bus, "silent"), ssh(MEMBER) as shell:
        judge.check("the user's bus is silent", shell, "--timeout", "1",
                    verdict="ready", user_manager="SKIP", seconds=4)
    with Listener(bus, "garbage"), ssh(MEMBER) as shell:
        judge.check("the user's bus talks garbage", shell, "--timeout", "1",
                    verdict="ready", user_manager="SKIP", seconds=4)
    pid = stage.start_manager(MEMBER)
    with ssh(MEMBER) as shell:
        os.kill(pid, signal.SIGSTOP)
        judge.check("the user's manager is stopped", shell, "--timeout",
                    "1", verdict="ready", user_manager="PASS",
                    seconds=6)
        os.kill(pid, signal.SIGCONT)


@scene
def silent_directory(stage, judge):
    names = OURS / "names"
    write(names / "passwd", "")
    write(names / "group", "")
    write(names / "faults", "".join(
        f"{database}\t*\tstall 60000\n" for database in
        "passwd uid group gid".split())
        + "initgroups\toutsider\tstall 60000\n")
    write("/etc/nsswitch.conf",
          "passwd: files virturi\ngroup: files virturi\n")
    hang = f"LD_LIBRARY_PATH={OURS}/nss VIRTURI_NSS_DIR={names}"
    with ssh(OUTSIDER) as shell:
        judge.check("the directory does not answer", shell, "--timeout",
                    "1", prefix=hang, status="*", seconds=8, **ANY)
        judge.relogin("the directory does not answer", shell, "--timeout",
                      "1", prefix=hang, needed=False, status=3, seconds=5)
        judge.says("nobody of that name, and no answer",
                   shell.run(f"{hang} virturi check nobody-here "
                             "--timeout 1"), "nobody-here", status=3)


@scene
def fork_storm(stage, judge):
    """Processes that come and go while they are looked at."""
    with ssh(MEMBER) as shell, Storm(MEMBER):
        answer = shell.run("""\
for i in $(seq 50); do
    virturi check --json >/dev/null || echo "check: $?"
    virturi needs-relogin --json >/dev/null
    case $? in 0 | 1) ;; *) echo "needs-relogin: $?" ;; esac
done""")
        judge.says("50 times in a fork storm", answer, without=["\n"])
