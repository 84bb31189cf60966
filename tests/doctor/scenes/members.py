# SPDX-License-Identifier: MIT
"""Members of the libvirt group, and those who have just become it."""

from machine import MEMBER, OUTSIDER
from scenes.script import URI, join, scene
from shells import login, ssh, su
from stage import SOCKET_GROUP_MODE


@scene
def member_fresh_login(stage, judge):
    stage.start_manager(MEMBER)
    with ssh(MEMBER) as shell:
        judge.check("member, fresh login, polkit mode", shell,
                    verdict="ready", golden="member-polkit",
                    decision=("PASS", URI), environment="PASS",
                    user_manager="PASS", groups=("PASS", "libvirt"),
                    processes="PASS", socket="PASS",
                    authorisation=("PASS", "polkit"),
                    libvirt=("PASS", URI), pam="PASS",
                    runtime_dir="PASS", risks=("NOTE", "root"))
        judge.relogin("member, fresh login, polkit mode: no relogin", shell,
                      needed=False, golden="relogin-no-polkit")
        stage.restart_libvirt(SOCKET_GROUP_MODE)
        judge.check("member, fresh login, socket-group mode", shell,
                    verdict="ready", golden="member-socket",
                    groups=("PASS", "libvirt"),
                    authorisation=("PASS", "socket"), libvirt="PASS")
        judge.relogin("member, fresh login, socket-group mode: no relogin",
                      shell, needed=False, golden="relogin-no-socket")


@scene
def member_by_other_doors(stage, judge):
    for name, way in ("su -l", su), ("login", login):
        with way(MEMBER) as shell:
            judge.check(f"member, fresh login by {name}", shell,
                        verdict="ready", environment="PASS",
                        groups="PASS", libvirt="PASS")
            judge.relogin(f"member, fresh login by {name}: no relogin",
                          shell, needed=False)


@scene
def member_whose_bus_sleeps(stage, judge):
    """The manager listens for the bus, but nobody has asked yet."""
    stage.start_manager(MEMBER, with_bus=False)
    with ssh(MEMBER) as shell:
        judge.check("member, a manager without a bus", shell,
                    verdict="ready", user_manager=("PASS", URI))


@scene
def options(stage, judge):
    with ssh(MEMBER) as shell:
        judge.check("member, --verbose", shell, "--verbose",
                    verdict="ready", golden="member-verbose")
        judge.says("member, --quiet: not a word",
                   shell.virturi("check", "--quiet"), without=["\n"])
        judge.says("member, needs-relogin --quiet: not a word",
                   shell.virturi("needs-relogin", "--quiet"),
                   without=["\n"])
        judge.says("a bad --timeout",
                   shell.virturi("check", "--timeout", "soon"),
                   "--timeout", status=2)
        judge.says("nobody of that name",
                   shell.virturi("check", "nobody-here"),
                   "nobody-here", status=3)
        judge.says("a bad option of needs-relogin",
                   shell.virturi("needs-relogin", "--strict"),
                   "strict", status=2)
        judge.check("colour, when asked for", shell, "--color=always",
                    verdict="ready", colored=True)
        judge.check("another user, as a member", shell, "outsider",
                    head="outsider", verdict="ready",
                    environment="SKIP|PASS|NOTE", user_manager="SKIP")
    with ssh(OUTSIDER) as shell:
        answer = shell.virturi("check", "--quiet", "--group", "kvm")
        judge.says("a failure, --quiet: it alone, and the verdict", answer,
                   "FAIL  groups", "kvm", "not ready", status=1,
                   without=["PASS", "NOTE"])
    with login(MEMBER) as shell:
        judge.colors("colour on a terminal", shell, "virturi check", True)
        judge.colors("no colour on a terminal with NO_COLOR", shell,
                     "NO_COLOR=1 virturi check", False)
        judge.colors("no colour on a dumb terminal", shell,
                     "TERM=dumb virturi check", False)


@scene
def added_after_login_socket_group(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with ssh(OUTSIDER) as shell:
        join(OUTSIDER)
        judge.check("added after login, socket-group mode", shell, status=1,
                    verdict="not ready", golden="added-socket",
                    environment=("FAIL", "older than your membership"),
                    groups=("FAIL", "libvirt", "newgrp libvirt"),
                    socket="FAIL", authorisation="FAIL", libvirt="FAIL")
        judge.relogin("added after login, socket-group mode: relogin",
                      shell, needed=True, golden="relogin-socket",
                      words=("libvirt matters", "0770", "newgrp libvirt",
                             "new ssh login", "no reboot"))
        judge.processes("added after login: names the shell", shell,
                        [("bash", ["libvirt", "LIBVIRT_DEFAULT_URI"])])
        judge.says("added after login, socket-group mode: virsh agrees",
                   shell.run(f"virsh -c {URI} uri"), "Permission denied",
                   status=1)


@scene
def added_after_login_polkit(stage, judge):
    with ssh(OUTSIDER) as shell:
        join(OUTSIDER)
        judge.check("added after login, polkit mode", shell, status=1,
                    verdict="libvirt lets you in", golden="added-polkit",
                    environment=("FAIL", "LIBVIRT_DEFAULT_URI",
                                 f"exec env LIBVIRT_DEFAULT_URI={URI} "
                                 "$SHELL"),
                    groups=("PASS", "libvirt"),
                    authorisation=("PASS", "polkit"),
                    libvirt=("PASS", URI))
        judge.relogin("added after login, polkit mode: relogin", shell,
                      needed=True, golden="relogin-polkit",
                      words=("URI", "exec env", "no reboot"),
                      without=["newgrp"])
        judge.says("added after login, polkit mode: libvirt lets in",
                   shell.run(f"virsh -c {URI} uri"), URI)
        judge.says("added after login, polkit mode: virsh says session",
                   shell.run("virsh uri"), "qemu:///session")
