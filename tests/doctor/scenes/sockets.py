# SPDX-License-Identifier: MIT
"""Where libvirt listens, or does not."""

from actors import Listener
from machine import MEMBER
from scenes.script import URI, scene
from shells import ssh
from stage import LIBVIRT_SOCKET

MODULAR = LIBVIRT_SOCKET.with_name("virtqemud-sock")
DOWN = dict(status=1, verdict="not ready", authorisation="SKIP")


@scene
def daemon_is_stopped(stage, judge):
    with ssh(MEMBER) as shell:
        stage.kill_libvirt()
        judge.check("daemon killed: nobody listens", shell, **DOWN,
                    golden="daemon-killed",
                    socket=("FAIL", "libvirt-sock", "systemctl"),
                    libvirt=("FAIL", "see socket"))
        LIBVIRT_SOCKET.unlink()
        judge.check("daemon stopped: no socket", shell, **DOWN,
                    golden="daemon-stopped",
                    socket=("FAIL", "libvirt-sock"), libvirt="FAIL")
        stage.start_libvirt()
        judge.check("daemon started again", shell, verdict="ready",
                    socket="PASS", libvirt="PASS")


@scene
def modular_daemon(stage, judge):
    """Debian has no virtqemud: the daemon we have, at the other socket."""
    LIBVIRT_SOCKET.rename(MODULAR)
    with ssh(MEMBER) as shell:
        judge.check("modular: no monolithic socket", shell, verdict="ready",
                    golden="modular", socket=("PASS", "virtqemud"),
                    libvirt=("PASS", URI))
        stage.kill_libvirt()
        judge.check("modular: nobody listens", shell, **DOWN,
                    socket=("FAIL", "virtqemud-sock"), libvirt="FAIL")


@scene
def modular_beside_monolithic(stage, judge):
    with Listener(MODULAR, "hang up"), ssh(MEMBER) as shell:
        judge.check("modular: hangs up, while libvirtd would answer", shell,
                    status=1, socket="PASS", authorisation="PASS",
                    libvirt=("FAIL", "socket is closed|reset by peer|"
                                     "End of file|Broken pipe"), steady=False)


@scene
def socket_is_closed(stage, judge):
    with ssh(MEMBER) as shell:
        LIBVIRT_SOCKET.chmod(0o700)
        judge.check("socket 0700 of root", shell, status=1,
                    golden="socket-closed",
                    socket=("FAIL", "does not let"), authorisation="FAIL",
                    libvirt=("FAIL", "see socket"), groups="PASS")
        LIBVIRT_SOCKET.chmod(0o777)
        LIBVIRT_SOCKET.parent.chmod(0o700)
        judge.check("directory of the socket 0700", shell, status=1,
                    socket="FAIL", authorisation="*", groups="*",
                    libvirt="FAIL")


@scene
def session_daemon(stage, judge):
    with ssh(MEMBER) as shell:
        session = "LIBVIRT_DEFAULT_URI=qemu:///session"
        judge.check("one's own libvirt, not running", shell, prefix=session,
                    verdict="ready", golden="session",
                    environment=("WARN", "qemu:///session"),
                    libvirt=("PASS", "starts on first use"))
        judge.says("nothing was started",
                   shell.run("pgrep -u member -x libvirtd || echo none"),
                   "none")
        shell.run("libvirtd --daemon --timeout 30")
        judge.check("one's own libvirt, running", shell, prefix=session,
                    verdict="ready", environment="WARN",
                    libvirt=("PASS", "qemu:///session"))
        stage.kill_libvirt()
        judge.check("one's own libvirt, the system's is down", shell,
                    prefix=session, verdict="ready", environment="WARN",
                    socket="NOTE", libvirt="PASS")


@scene
def other_uris(stage, judge):
    with ssh(MEMBER) as shell:
        def check(name, uri, *arguments, **rows):
            judge.check(name, shell, *arguments,
                        prefix=f"LIBVIRT_DEFAULT_URI='{uri}'",
                        **({"environment": "WARN"} | rows))
        check("test:///default", "test:///default", verdict="ready",
              libvirt=("PASS", "test:///default"), socket="SKIP",
              groups="SKIP")
        check("an unknown driver", "quemu:///system", status=1,
              libvirt=("FAIL", "quemu"), socket="*", groups="*",
              authorisation="*")
        check("a host instead of a path", "qemu://system", "--timeout", "2",
              status=1, libvirt=("FAIL", "qemu:///system"), socket="*",
              groups="*", authorisation="*", seconds=3)
        check("a slip in the path", "qemu:///sytem", status=1,
              libvirt="FAIL", socket="*", groups="*", authorisation="*")
        check("not a URI", "qemu:///system x", status=1, libvirt="FAIL",
              socket="*", groups="*", authorisation="*", kvm="*")
        check("a driver that is not installed", "xen:///system", status=1,
              libvirt="FAIL", socket="*", groups="*", authorisation="*")
        check("a URI that runs a command",
              "qemu+ext:///system?command=/tmp/x", libvirt="SKIP",
              groups="SKIP", socket="SKIP")
        check("an empty value", "", status=1, environment=("FAIL", "empty"))
